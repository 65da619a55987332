//! Parts, and the segment that is still growing.

use serde::{Deserialize, Serialize};
use spillway_protocol::{
    link::PartReport,
    media::{Epoch, ObjectName, PartIndex, RenditionId, SegmentIndex},
    time::Timestamp,
};

use crate::segment::uri;

/// Parts that a segment may have: at 10 s and 100 ms a part there is room to spare.
const PARTS: usize = 128;

/// A part as a media playlist lists it (EXT-X-PART).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Its length in microseconds.
    pub duration_us: u64,
    /// Begins with a keyframe.
    pub independent: bool,
    /// It never came: there is nothing behind its URI.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gap: bool,
}

/// A segment that is not whole yet, with the parts of it that lie on R2, and what was decided about it with the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenSegment {
    /// The epoch that writes it.
    pub epoch: Epoch,
    /// Its number within the epoch.
    pub index: SegmentIndex,
    /// Wall-clock time of its start.
    #[serde(default)]
    pub at: Timestamp,
    /// Which init section it needs.
    #[serde(default)]
    pub init: u32,
    /// See [`crate::Segment::discontinuity`].
    #[serde(default)]
    pub discontinuity: u32,
    /// See [`crate::Segment::breaks`].
    #[serde(default)]
    pub breaks: u32,
    /// Its parts from the first on, without a hole.
    pub parts: Vec<Part>,
    /// The last of its parts is there; the segment itself is not.
    #[serde(default)]
    pub whole: bool,
}

/// What a part means for the open segment.
pub(crate) enum Fit {
    /// It is the next one.
    Next,
    /// It opens a segment.
    First,
    /// It is there already.
    Duplicate,
    /// One before it is missing, or its segment is past.
    Out,
}

impl Part {
    pub(crate) fn of(report: &PartReport, gap: bool) -> Self {
        Self { duration_us: report.duration_us, independent: report.independent, gap }
    }
}

impl OpenSegment {
    /// How `part` of `epoch` fits to what is open.
    pub(crate) fn fit(open: Option<&Self>, epoch: Epoch, report: &PartReport, part: Part) -> Fit {
        let number = usize::try_from(report.part.0).unwrap_or(usize::MAX);
        match open {
            Some(open) if open.place() == (epoch, report.segment) => match open.parts.get(number) {
                Some(known) if *known == part => Fit::Duplicate,
                None if number == open.parts.len() && number < PARTS && !open.whole => Fit::Next,
                _ => Fit::Out,
            },
            Some(open) if open.place() > (epoch, report.segment) => Fit::Out,
            _ if number == 0 => Fit::First,
            _ => Fit::Out,
        }
    }

    /// Where it stands among the segments of its rendition.
    pub(crate) fn place(&self) -> (Epoch, SegmentIndex) {
        (self.epoch, self.index)
    }

    /// How long it is by now.
    pub(crate) fn duration_us(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.duration_us))
    }

    /// The URI of its init section, relative to the playlist.
    pub(crate) fn init_uri(&self, rendition: &RenditionId) -> String {
        uri(rendition, self.epoch, ObjectName::Init { version: self.init })
    }

    /// What comes behind its newest part: which segment, and which part of it.
    pub(crate) fn next(&self) -> (SegmentIndex, PartIndex) {
        if self.whole {
            return (SegmentIndex(self.index.0.saturating_add(1)), PartIndex(0));
        }
        (self.index, PartIndex(u32::try_from(self.parts.len()).unwrap_or(u32::MAX)))
    }
}
