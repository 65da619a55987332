//! A media playlist as a player understands it.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

/// What writing a duration with three decimals may cost; forgiven once for each duration that is added up.
pub(crate) const ROUNDING: Duration = Duration::from_millis(1);

/// Durations added up.
pub(crate) fn total(durations: impl Iterator<Item = Duration>) -> Duration {
    durations.fold(Duration::ZERO, Duration::saturating_add)
}

/// The line where something stands. It is no part of what it is: all are equal.
#[derive(Debug, Clone, Copy, Default)]
pub struct At(pub usize);

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A media playlist.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MediaPlaylist {
    /// EXT-X-VERSION; 1 where there is none (4.4.1.2).
    pub version: u64,
    /// EXT-X-INDEPENDENT-SEGMENTS (4.4.2.1).
    pub independent_segments: bool,
    /// EXT-X-TARGETDURATION (4.4.3.1).
    pub target_duration: Duration,
    /// EXT-X-MEDIA-SEQUENCE (4.4.3.2).
    pub media_sequence: u64,
    /// EXT-X-DISCONTINUITY-SEQUENCE (4.4.3.3).
    pub discontinuity_sequence: u64,
    /// EXT-X-ENDLIST (4.4.3.4).
    pub ended: bool,
    /// EXT-X-PLAYLIST-TYPE (4.4.3.5).
    pub playlist_type: Option<PlaylistType>,
    /// EXT-X-I-FRAMES-ONLY (4.4.3.6).
    pub i_frames_only: bool,
    /// PART-TARGET (4.4.3.7).
    pub part_target: Option<Duration>,
    /// EXT-X-SERVER-CONTROL (4.4.3.8).
    pub server_control: Option<ServerControl>,
    /// The segments that have a URI.
    pub segments: Vec<Segment>,
    /// What stands behind the last of them: parts of a segment that is still made.
    pub growing: Option<Growing>,
    /// EXT-X-DATERANGE (4.4.5.1).
    pub date_ranges: Vec<DateRange>,
    /// EXT-X-SKIP (4.4.5.2): this is a delta update.
    pub skip: Option<Skip>,
    /// EXT-X-PRELOAD-HINT (4.4.5.3).
    pub hints: Vec<PreloadHint>,
    /// EXT-X-RENDITION-REPORT (4.4.5.4).
    pub reports: Vec<RenditionReport>,
}

/// EXT-X-PLAYLIST-TYPE (4.4.3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaylistType {
    /// Segments are added only.
    Event,
    /// Nothing changes.
    Vod,
}

/// EXT-X-SERVER-CONTROL (4.4.3.8).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerControl {
    /// CAN-SKIP-UNTIL, the skip boundary.
    pub can_skip_until: Option<Duration>,
    /// CAN-SKIP-DATERANGES.
    pub can_skip_date_ranges: bool,
    /// HOLD-BACK.
    pub hold_back: Option<Duration>,
    /// PART-HOLD-BACK.
    pub part_hold_back: Option<Duration>,
    /// CAN-BLOCK-RELOAD.
    pub can_block_reload: bool,
    /// Its line.
    pub at: At,
}

/// The tags that hold for a segment from its first part on, and therefore stand before it (4.4.4.9).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Opening {
    /// How many EXT-X-DISCONTINUITY stand at the segment (4.4.4.3).
    pub discontinuities: u64,
    /// Its discontinuity sequence number (6.2.1). In a delta update that was not resolved yet, skipped ones do not count.
    pub discontinuity_sequence: u64,
    /// The EXT-X-KEYs in force (4.4.4.4).
    pub keys: Vec<Key>,
    /// The EXT-X-MAP in force (4.4.4.5).
    pub map: Option<Map>,
    /// Its own EXT-X-PROGRAM-DATE-TIME (4.4.4.6).
    pub date: Option<SystemTime>,
}

/// A segment (4.4.4).
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Its media sequence number (4.4.3.2).
    pub msn: u64,
    /// The tags before its first part.
    pub opening: Opening,
    /// Its parts, as long as they are listed.
    pub parts: Vec<Part>,
    /// Its URI.
    pub uri: String,
    /// EXTINF (4.4.4.1).
    pub duration: Duration,
    /// EXTINF's title.
    pub title: String,
    /// EXT-X-BYTERANGE (4.4.4.2).
    pub range: Option<ByteRange>,
    /// EXT-X-GAP (4.4.4.7).
    pub gap: bool,
    /// The EXT-X-BITRATE in force (4.4.4.8).
    pub bitrate: Option<u64>,
    /// The line of its URI.
    pub at: At,
}

/// A segment that has no URI yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Growing {
    /// Its media sequence number.
    pub msn: u64,
    /// The tags before its first part.
    pub opening: Opening,
    /// Its parts so far.
    pub parts: Vec<Part>,
    /// The line of its first tag.
    pub at: At,
}

/// EXT-X-PART (4.4.4.9).
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// URI.
    pub uri: String,
    /// DURATION.
    pub duration: Duration,
    /// INDEPENDENT.
    pub independent: bool,
    /// BYTERANGE.
    pub range: Option<ByteRange>,
    /// GAP.
    pub gap: bool,
    /// Its line.
    pub at: At,
}

/// A sub-range of a resource (4.4.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// Its length in bytes.
    pub length: u64,
    /// Where it starts, said or found from the range before.
    pub start: u64,
}

/// EXT-X-KEY (4.4.4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// KEYFORMAT.
    pub format: String,
    /// All attributes as they stand.
    pub attributes: String,
}

/// EXT-X-MAP (4.4.4.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    /// URI.
    pub uri: String,
    /// BYTERANGE.
    pub range: Option<ByteRange>,
}

/// EXT-X-DATERANGE (4.4.5.1), one tag of it.
#[derive(Debug, Clone, PartialEq)]
pub struct DateRange {
    /// ID.
    pub id: String,
    /// START-DATE.
    pub start: Option<SystemTime>,
    /// END-DATE.
    pub end: Option<SystemTime>,
    /// DURATION.
    pub duration: Option<Duration>,
    /// All attributes as they stand.
    pub attributes: BTreeMap<String, String>,
    /// Its line.
    pub at: At,
}

/// EXT-X-SKIP (4.4.5.2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skip {
    /// SKIPPED-SEGMENTS.
    pub segments: u64,
    /// Its line.
    pub at: At,
}

/// TYPE of EXT-X-PRELOAD-HINT (4.4.5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HintType {
    /// A part.
    Part,
    /// A media initialization section.
    Map,
}

/// EXT-X-PRELOAD-HINT (4.4.5.3).
#[derive(Debug, Clone, PartialEq)]
pub struct PreloadHint {
    /// TYPE.
    pub hint_type: HintType,
    /// URI.
    pub uri: String,
    /// BYTERANGE-START, 0 where there is none.
    pub start: u64,
    /// Its line.
    pub at: At,
}

/// EXT-X-RENDITION-REPORT (4.4.5.4).
#[derive(Debug, Clone, PartialEq)]
pub struct RenditionReport {
    /// URI.
    pub uri: String,
    /// LAST-MSN.
    pub last_msn: Option<u64>,
    /// LAST-PART.
    pub last_part: Option<u64>,
    /// Its line.
    pub at: At,
}
