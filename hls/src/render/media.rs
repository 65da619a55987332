//! A rendition's media playlist.

use std::fmt::{self, Display, Formatter, Write as _};

use spillway_protocol::media::{Epoch, ObjectName, PartIndex, RenditionId, SegmentIndex};

use super::{VERSION, media_uri};
use crate::{
    parts::{OpenSegment, Part},
    segment::{Segment, uri},
    snapshot::{RenditionSnapshot, Snapshot},
};

/// EXT-X-SKIP needs 9 (section 8).
const LOW_LATENCY_VERSION: u32 = 9;
/// What is further from the end than this many target durations is left out of a delta update (section 4.4.3.8).
const SKIP_TARGETS: u32 = 6;
/// How many target durations a player stays behind, and how many part targets one that heeds parts (section 4.4.3.8).
const HOLD_BACK_TARGETS: u32 = 3;
const HOLD_BACK_PARTS: u32 = 3;

/// Microseconds in seconds. Cut, not rounded, to five decimals: 10.499996 must not become a duration that rounds to 11.
struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:05}", self.0 / 1_000_000, self.0 % 1_000_000 / 10)
    }
}

/// Milliseconds in seconds.
struct Millis(u32);

impl Display for Millis {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

/// A rendition's media playlist, or its delta update (section 6.2.5.1) when `skip` is asked for; `None` when it never listed a
/// segment.
///
/// Successive playlists differ only as section 6.2.1 allows: a segment keeps its tags as long as it is listed, so each has
/// its own EXT-X-PROGRAM-DATE-TIME, and a discontinuity leaves together with the segment behind it.
pub fn media(snapshot: &Snapshot, rendition: &RenditionId, skip: bool) -> Option<String> {
    let window = snapshot.rendition(rendition)?;
    let mut writer = Writer { out: String::with_capacity(4_096), snapshot, window, map: None };
    writer.head(window.segments.first()?);
    let skipped = if skip && !snapshot.ended { writer.skippable() } else { 0 };
    writer.skip(skipped);
    let bare = window.segments.len().saturating_sub(window.with_parts(snapshot.target_ms));
    for (number, segment) in window.segments.iter().enumerate().skip(skipped) {
        writer.segment(segment, number >= bare);
    }
    if let Some(open) = &window.open {
        writer.open(open);
    }
    writer.tail();
    Some(writer.out)
}

struct Writer<'a> {
    out: String,
    snapshot: &'a Snapshot,
    window: &'a RenditionSnapshot,
    /// The init section that holds.
    map: Option<String>,
}

/// Writing to a string cannot fail.
macro_rules! line {
    ($writer:expr, $($text:tt)*) => {{
        let _ = writeln!($writer.out, $($text)*);
    }};
}

impl Writer<'_> {
    fn head(&mut self, first: &Segment) {
        let (target_ms, parts) = (self.snapshot.target_ms, self.snapshot.part_target_ms);
        let version = if parts.is_some() { LOW_LATENCY_VERSION } else { VERSION };
        line!(self, "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{}", target_ms / 1_000);
        if let Some(part_ms) = parts {
            line!(
                self,
                "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={},HOLD-BACK={},PART-HOLD-BACK={}",
                Millis(target_ms.saturating_mul(SKIP_TARGETS)),
                Millis(target_ms.saturating_mul(HOLD_BACK_TARGETS)),
                Millis(part_ms.saturating_mul(HOLD_BACK_PARTS))
            );
            line!(self, "#EXT-X-PART-INF:PART-TARGET={}", Millis(part_ms));
        }
        line!(self, "#EXT-X-MEDIA-SEQUENCE:{}", self.window.sequence);
        line!(self, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", first.discontinuity.saturating_sub(first.breaks));
    }

    /// How many segments a delta update leaves out.
    fn skippable(&self) -> usize {
        if self.snapshot.part_target_ms.is_none() {
            return 0;
        }
        let kept = self.window.nearer_than(self.snapshot.target_ms.saturating_mul(SKIP_TARGETS), 0);
        self.window.segments.len().saturating_sub(kept)
    }

    fn skip(&mut self, skipped: usize) {
        if let Some(last) = skipped.checked_sub(1).and_then(|last| self.window.segments.get(last)) {
            line!(self, "#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}");
            self.map = Some(last.init_uri(&self.window.id));
        }
    }

    fn segment(&mut self, segment: &Segment, with_parts: bool) {
        let id = &self.window.id;
        self.begin(segment.breaks, segment.init_uri(id), &segment.at);
        if with_parts {
            self.parts(segment.epoch, segment.index, &segment.parts);
        }
        if segment.gap {
            line!(self, "#EXT-X-GAP");
        }
        line!(self, "#EXTINF:{},\n{}", Seconds(segment.duration_us), segment.uri(id));
    }

    fn open(&mut self, open: &OpenSegment) {
        self.begin(open.breaks, open.init_uri(&self.window.id), &open.at);
        self.parts(open.epoch, open.index, &open.parts);
    }

    fn begin(&mut self, breaks: u32, map: String, at: &impl Display) {
        for _ in 0..breaks {
            line!(self, "#EXT-X-DISCONTINUITY");
        }
        if breaks > 0 || self.map.as_ref() != Some(&map) {
            line!(self, "#EXT-X-MAP:URI=\"{map}\"");
            self.map = Some(map);
        }
        line!(self, "#EXT-X-PROGRAM-DATE-TIME:{at}");
    }

    fn parts(&mut self, epoch: Epoch, segment: SegmentIndex, parts: &[Part]) {
        let Some(target_ms) = self.snapshot.part_target_ms else { return };
        for (number, part) in (0..).zip(parts) {
            let uri = uri(&self.window.id, epoch, ObjectName::Part(segment, PartIndex(number)));
            // An encoder that stood still for a moment made a part that is longer than any may be listed as.
            let duration = Seconds(part.duration_us.min(u64::from(target_ms) * 1_000));
            let independent = if part.independent { ",INDEPENDENT=YES" } else { "" };
            let gap = if part.gap { ",GAP=YES" } else { "" };
            line!(self, "#EXT-X-PART:DURATION={duration},URI=\"{uri}\"{independent}{gap}");
        }
    }

    /// What is to come, and how far the other renditions are.
    fn tail(&mut self) {
        if self.snapshot.ended {
            line!(self, "#EXT-X-ENDLIST");
            return;
        }
        if self.snapshot.part_target_ms.is_none() {
            return;
        }
        if let Some((epoch, segment, part)) = self.window.next(self.snapshot.publishing) {
            let uri = uri(&self.window.id, epoch, ObjectName::Part(segment, part));
            line!(self, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{uri}\"");
        }
        let window = self.window;
        let others = self.snapshot.renditions.iter().filter(|r| r.id != window.id && r.track.is_some());
        for other in others {
            let (msn, part) = other.last();
            let part = part.map(|part| format!(",LAST-PART={part}")).unwrap_or_default();
            line!(self, "#EXT-X-RENDITION-REPORT:URI=\"{}\",LAST-MSN={msn}{part}", media_uri(&other.id));
        }
    }
}

impl RenditionSnapshot {
    /// The newest segment of which something is listed, and its newest part.
    fn last(&self) -> (u64, Option<usize>) {
        let parts = |parts: &[Part]| parts.len().checked_sub(1);
        match &self.open {
            Some(open) => (self.next_sequence(), parts(&open.parts)),
            None => {
                (self.next_sequence().saturating_sub(1), self.segments.last().and_then(|segment| parts(&segment.parts)))
            }
        }
    }
}
