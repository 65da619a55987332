//! A segment as a media playlist lists it.

use serde::{Deserialize, Serialize};
use spillway_protocol::{
    media::{Epoch, MediaObject, ObjectName, RenditionId, SegmentIndex},
    time::Timestamp,
};

use crate::parts::Part;

/// A listed segment, with all that was decided about it when it was listed and never changes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// The epoch that wrote it.
    pub epoch: Epoch,
    /// Its number within the epoch.
    pub index: SegmentIndex,
    /// Wall-clock time of its start (EXT-X-PROGRAM-DATE-TIME).
    pub at: Timestamp,
    /// Its length in microseconds.
    pub duration_us: u64,
    /// Bytes; 0 for a gap.
    pub size: u64,
    /// Which init section it needs.
    pub init: u32,
    /// Its discontinuity sequence number (RFC 8216bis, section 4.4.3.3): the same for the same time in every rendition.
    pub discontinuity: u32,
    /// How many EXT-X-DISCONTINUITY tags stand before it: more than one when its rendition sat out an epoch.
    pub breaks: u32,
    /// Begins with a keyframe.
    pub independent: bool,
    /// It never came: there is nothing behind its URI (EXT-X-GAP).
    pub gap: bool,
    /// Its parts, as far as they were told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

impl Segment {
    /// Its URI, relative to the playlist.
    pub fn uri(&self, rendition: &RenditionId) -> String {
        uri(rendition, self.epoch, ObjectName::Segment(self.index))
    }

    /// The URI of its init section, relative to the playlist.
    pub fn init_uri(&self, rendition: &RenditionId) -> String {
        uri(rendition, self.epoch, ObjectName::Init { version: self.init })
    }

    /// Wall-clock time of its end.
    pub(crate) fn end(&self) -> Timestamp {
        self.at.plus_millis(millis(self.duration_us))
    }

    /// Where it stands among the segments of its rendition.
    pub(crate) fn place(&self) -> (Epoch, SegmentIndex) {
        (self.epoch, self.index)
    }
}

/// The URI of a rendition's object, relative to the playlist.
pub(crate) fn uri(rendition: &RenditionId, epoch: Epoch, name: ObjectName) -> String {
    MediaObject { epoch, rendition: rendition.clone(), name }.path()
}

/// Whether EXTINF, rounded to whole seconds, stays within the target duration (RFC 8216bis, section 4.4.3.1).
pub(crate) fn fits(duration_us: u64, target_ms: u32) -> bool {
    duration_us > 0 && duration_us.saturating_add(500_000) / 1_000_000 <= u64::from(target_ms / 1_000)
}

/// Microseconds as whole milliseconds.
pub(crate) fn millis(us: u64) -> i64 {
    i64::try_from(us / 1_000).unwrap_or(i64::MAX)
}
