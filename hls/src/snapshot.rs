//! What a Relay needs to answer every playlist of a stream.

use serde::{Deserialize, Serialize};
use spillway_protocol::{
    media::{Epoch, PartIndex, RenditionId, SegmentIndex, Track},
    time::Timestamp,
};

use crate::{
    bandwidth::Bandwidth,
    parts::{OpenSegment, Part},
    segment::Segment,
};

/// A playlist lists at least this many segments, where there are as many…
const WINDOW_SEGMENTS: usize = 6;
/// … and at least this many target durations: twice what a delta update leaves out nothing of, and some more.
const WINDOW_TARGETS: u64 = 15;
/// Parts are listed as long as their segment is nearer to the end of the playlist than this many target durations (RFC 8216bis,
/// section 6.2.2).
const PART_TARGETS: u32 = 3;
/// An ended stream's parts are listed for this much longer: whoever still plays it has their whole segments by then.
const PARTS_AFTER_END_MS: i64 = 60_000;

/// A stream's playlists, not yet written out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Rises with every change.
    pub version: u64,
    /// EXT-X-TARGETDURATION in milliseconds: whole seconds.
    pub target_ms: u32,
    /// PART-TARGET in milliseconds; `None` when the stream has no parts.
    pub part_target_ms: Option<u32>,
    /// The stream is over (EXT-X-ENDLIST).
    pub ended: bool,
    /// The epoch that goes on, while one does: what comes next can be foretold.
    pub publishing: Option<Epoch>,
    /// Every segment begins with a keyframe (EXT-X-INDEPENDENT-SEGMENTS).
    pub independent: bool,
    /// Every rendition that ever listed a segment, in the order of their names.
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
    /// The segment behind them, as far as its parts are there.
    pub open: Option<OpenSegment>,
}

impl Snapshot {
    /// The rendition of this name.
    pub fn rendition(&self, id: &RenditionId) -> Option<&RenditionSnapshot> {
        self.renditions.iter().find(|rendition| rendition.id == *id)
    }

    /// The stream as it is to be seen when everything up to `until` may be (a creator's delay), at `now`; `None` when that is nothing.
    #[must_use]
    pub fn seen(&self, until: Timestamp, now: Timestamp) -> Option<Self> {
        let all = self.renditions.iter().all(|rendition| rendition.next_after(until).is_none());
        let renditions = self.renditions.iter().filter_map(|rendition| rendition.seen(until, self.target_ms));
        let ended = self.ended && all;
        let mut seen = Self { ended, renditions: renditions.collect(), ..self.clone() };
        let end = seen.renditions.iter().map(RenditionSnapshot::end).max()?;
        if ended && now.since(end) >= PARTS_AFTER_END_MS {
            let segments = seen.renditions.iter_mut().flat_map(|rendition| &mut rendition.segments);
            segments.for_each(|segment| segment.parts.clear());
        }
        Some(seen)
    }

    /// When the next part or segment that ends after `until` ends; `None` when there is none.
    pub fn next_after(&self, until: Timestamp) -> Option<Timestamp> {
        self.renditions.iter().filter_map(|rendition| rendition.next_after(until)).min()
    }
}

impl RenditionSnapshot {
    /// The media sequence number of the segment behind the listed ones.
    pub fn next_sequence(&self) -> u64 {
        self.sequence.saturating_add(self.segments.len() as u64)
    }

    /// Wall-clock time of the end of all that is listed.
    fn end(&self) -> Timestamp {
        let open = self.open.as_ref().map(OpenSegment::end);
        open.or_else(|| self.segments.last().map(Segment::end)).unwrap_or_default()
    }

    /// The segments whose parts are listed: how many of the last.
    pub(crate) fn with_parts(&self, target_ms: u32) -> usize {
        let open_us = self.open.as_ref().map_or(0, OpenSegment::duration_us);
        self.nearer_than(target_ms.saturating_mul(PART_TARGETS), open_us)
    }

    /// How many of the last segments end no more than `ms` before the end of the playlist, which is `behind_us` after the last of them.
    pub(crate) fn nearer_than(&self, ms: u32, mut behind_us: u64) -> usize {
        let within = |segment: &&Segment| {
            let nearer = behind_us <= u64::from(ms) * 1_000;
            behind_us = behind_us.saturating_add(segment.duration_us);
            nearer
        };
        self.segments.iter().rev().take_while(within).count()
    }

    /// What comes next, if `publishing` goes on as it does.
    pub(crate) fn next(&self, publishing: Option<Epoch>) -> Option<(Epoch, SegmentIndex, PartIndex)> {
        let last = || self.segments.last().map(|s| (s.epoch, SegmentIndex(s.index.0.saturating_add(1)), PartIndex(0)));
        let open = self.open.as_ref().map(|open| (open.epoch, open.next().0, open.next().1));
        open.or_else(last).filter(|(epoch, ..)| Some(*epoch) == publishing)
    }

    fn seen(&self, until: Timestamp, target_ms: u32) -> Option<Self> {
        let whole = self.segments.iter().take_while(|segment| segment.end() <= until).count();
        let next = self.segments.get(whole).cloned().map(OpenSegment::of);
        let open = next.or_else(|| self.open.clone()).and_then(|open| open.seen(until));
        let visible = self.segments.get(..whole).unwrap_or_default();
        let listed = window(visible.iter().rev(), target_ms, 0);
        let left = whole.saturating_sub(listed);
        let segments = visible.get(left..).unwrap_or_default().to_vec();
        let sequence = self.sequence.saturating_add(left as u64);
        (!segments.is_empty()).then(|| Self {
            id: self.id.clone(),
            track: self.track.clone(),
            bandwidth: self.bandwidth,
            sequence,
            segments,
            open,
        })
    }

    fn next_after(&self, until: Timestamp) -> Option<Timestamp> {
        let segment = self.segments.iter().find(|segment| segment.end() > until);
        let hidden = segment.cloned().map(OpenSegment::of).or_else(|| self.open.clone())?;
        let part = hidden.ends().find(|end| *end > until);
        part.or_else(|| segment.map(Segment::end))
    }
}

impl OpenSegment {
    /// A listed segment of which not everything is to be seen.
    fn of(segment: Segment) -> Self {
        let Segment { epoch, index, at, init, discontinuity, breaks, parts, .. } = segment;
        Self { epoch, index, at, init, discontinuity, breaks, parts, whole: true }
    }

    /// As much of it as ends by `until`; `None` when that is nothing.
    fn seen(mut self, until: Timestamp) -> Option<Self> {
        let seen = self.ends().take_while(|end| *end <= until).count();
        self.whole &= seen == self.parts.len();
        self.parts.truncate(seen);
        (seen > 0).then_some(self)
    }

    /// When each of its parts ends.
    fn ends(&self) -> impl Iterator<Item = Timestamp> {
        let mut passed = 0_u64;
        self.parts.iter().map(move |Part { duration_us, .. }| {
            passed = passed.saturating_add(*duration_us);
            self.at.plus_millis(crate::segment::millis(passed))
        })
    }

    /// Wall-clock time of the end of what is there of it.
    pub(crate) fn end(&self) -> Timestamp {
        self.at.plus_millis(crate::segment::millis(self.duration_us()))
    }
}

/// How many of `segments`, newest first, a playlist lists when viewers see it `delay_ms` later; gaps come on top of what it must
/// have. The more segments come, the later the window begins: what has left it does not return.
pub(crate) fn window<'a>(segments: impl Iterator<Item = &'a Segment>, target_ms: u32, delay_ms: u32) -> usize {
    // What is not yet seen may end in the middle of a segment.
    let delay_ms = if delay_ms == 0 { 0 } else { delay_ms.saturating_add(target_ms) };
    let wanted = u64::from(target_ms).saturating_mul(1_000 * WINDOW_TARGETS);
    let wanted = wanted.saturating_add(u64::from(delay_ms).saturating_mul(1_000));
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
