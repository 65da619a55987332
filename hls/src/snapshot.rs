//! What a Relay needs to answer every playlist of a stream.

use serde::{Deserialize, Serialize};
use spillway_protocol::media::{RenditionId, Track};

use crate::{bandwidth::Bandwidth, segment::Segment};

/// A playlist lists at least this many segments, where there are as many…
const WINDOW_SEGMENTS: usize = 6;
/// … and at least this many target durations: a player starts three behind, and may fall three further back.
const WINDOW_TARGETS: u64 = 6;

/// A stream's playlists, not yet written out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// EXT-X-TARGETDURATION in milliseconds: whole seconds.
    pub target_ms: u32,
    /// The stream is over (EXT-X-ENDLIST).
    pub ended: bool,
    /// Every segment begins with a keyframe (EXT-X-INDEPENDENT-SEGMENTS).
    pub independent: bool,
    /// Every rendition that ever listed a segment.
    pub renditions: Vec<RenditionSnapshot>,
}

/// A rendition's window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenditionSnapshot {
    /// Its name.
    pub id: RenditionId,
    /// What it is; `None` when the newest epoch is without it: it is then missing from the multivariant playlist.
    pub track: Option<Track>,
    /// What it asks of a line.
    pub bandwidth: Bandwidth,
    /// The media sequence number of the first listed segment.
    pub sequence: u64,
    /// The listed segments.
    pub segments: Vec<Segment>,
}

/// How many of `segments`, newest first, a playlist lists; gaps come on top of what it must have. The more segments come,
/// the later the window begins: what has left it does not return.
pub(crate) fn window<'a>(segments: impl Iterator<Item = &'a Segment>, target_ms: u32) -> usize {
    let wanted = u64::from(target_ms).saturating_mul(1_000 * WINDOW_TARGETS);
    let (mut listed, mut playable, mut length) = (0, 0, 0_u64);
    for segment in segments {
        if playable >= WINDOW_SEGMENTS && length >= wanted {
            break;
        }
        listed += 1;
        if !segment.gap {
            playable += 1;
            length = length.saturating_add(segment.duration_us);
        }
    }
    listed
}
