//! One rendition on its way: its open segment and part, and what is told of them once they are whole.

use spillway_protocol::{
    media::{PartIndex, SegmentIndex},
    pipe,
};

use super::{Kind, Run, Step, Told, Unit, parts::PartTarget};
use crate::format::Format;

/// A part is closed before it grows past this: with one more unit it still fits a frame of the pipe.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// So many units are in no part that is honestly timed.
const PART_UNITS: u32 = 1_024;
/// A picture's length while only one is known.
const PICTURE_US: u64 = 33_333;
/// How far pictures that a segment can begin with are taken to be apart at first: three B-frames at 30 frames a second.
const FIRST_CLEAN_STEP_US: u64 = 133_333;
/// The last picture before a gap lasts no longer than this.
const LAST_PICTURE_US: u64 = 100_000;
/// Pictures in an order that never lets a segment begin cleanly are cut all the same after so long.
const UNCLEAN_US: u64 = 500_000;

#[derive(Debug)]
pub(super) struct Segment {
    pub(super) index: u32,
    pub(super) start_us: u64,
    end_us: u64,
    independent: bool,
    parts: u32,
}

#[derive(Debug)]
struct Part {
    start_us: u64,
    independent: bool,
    bytes: usize,
    units: u32,
}

/// A rendition's state.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) kind: Kind,
    format: Option<Format>,
    /// The number of the format's init section.
    init: u32,
    /// The init section was told.
    announced: bool,
    pub(super) segment: Option<Segment>,
    part: Option<Part>,
    /// The newest unit, while it may turn out to last longer than the open part has room for.
    pub(super) tail: Option<Unit>,
    /// The newest segment's number.
    pub(super) index: Option<u32>,
    /// The newest unit's time.
    pub(super) last_us: Option<u64>,
    /// How far the newest two units are apart.
    step_us: Option<u64>,
    /// The latest presentation time so far.
    top_pts_us: u64,
    /// A run that waits for a segment to begin with.
    pub(super) waiting: Option<Run>,
    /// The newest unit that a segment could begin with, and how far such units are apart.
    clean_us: Option<u64>,
    clean_step_us: u64,
}

impl Lane {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            format: None,
            init: 0,
            announced: false,
            segment: None,
            part: None,
            tail: None,
            index: None,
            last_us: None,
            step_us: None,
            top_pts_us: 0,
            waiting: None,
            clean_us: None,
            clean_step_us: FIRST_CLEAN_STEP_US,
        }
    }

    /// Whether a segment may begin with `unit`: all that is shown later comes later too. Pictures that are shown after
    /// everything before them are such; the ones between (B-frames) are not.
    pub(super) fn is_clean(&self, unit: &Unit) -> bool {
        let late = self.clean_us.is_some_and(|clean| unit.time_us.saturating_sub(clean) > UNCLEAN_US);
        self.kind == Kind::Audio || unit.keyframe || unit.pts_us > self.top_pts_us || late
    }

    /// How far it is to where a segment could next begin, as far as the past tells.
    pub(super) fn expected_us(&self, unit: &Unit) -> u64 {
        let measured = self.clean_us.map_or(0, |clean| unit.time_us.saturating_sub(clean));
        if self.is_sound() { self.usual_us() } else { measured.max(self.clean_step_us) }
    }

    /// Whether the open part should end before `unit`: it is long enough, and has no room for another one like those in it; or a keyframe
    /// can begin the next.
    pub(super) fn part_is_due(&self, unit: &Unit, target: PartTarget) -> bool {
        let Some(part) = &self.part else { return false };
        let elapsed = unit.time_us.saturating_sub(part.start_us);
        let step = elapsed.checked_div(part.units.into()).unwrap_or(0);
        elapsed >= target.least_us()
            && (elapsed.saturating_add(step) > target.most_us() || (unit.keyframe && !self.is_sound()))
    }

    /// Whether `unit`, which is to go on with the open part, may be what makes it too long: then it is held until that is known. In a
    /// part's first half it would have to last so long that nothing can be made good.
    pub(super) fn may_overflow(&self, unit: &Unit, target: PartTarget) -> bool {
        self.part.as_ref().is_some_and(|part| unit.time_us.saturating_sub(part.start_us) > target.most_us() / 2)
    }

    /// Whether the open part would be too long if it ended at `end_us`.
    pub(super) fn overflows(&self, end_us: u64, target: PartTarget) -> bool {
        self.part.as_ref().is_some_and(|part| end_us.saturating_sub(part.start_us) > target.most_us())
    }

    /// Whether the open part cannot take `unit`, however short it is.
    pub(super) fn part_is_full(&self, unit: &Unit) -> bool {
        self.part
            .as_ref()
            .is_some_and(|part| part.bytes.saturating_add(unit.data.len()) > PART_BYTES || part.units >= PART_UNITS)
    }

    fn is_sound(&self) -> bool {
        self.kind == Kind::Audio
    }

    /// A unit's length as far as the past tells.
    pub(super) fn usual_us(&self) -> u64 {
        match &self.format {
            Some(Format::Audio(audio)) => audio.frames_us(1),
            _ => self.step_us.unwrap_or(PICTURE_US).min(LAST_PICTURE_US),
        }
    }

    /// Where the newest unit ends when nothing follows it.
    pub(super) fn natural_end_us(&self) -> u64 {
        self.last_us.unwrap_or(0).saturating_add(self.usual_us())
    }

    /// How long `unit` could last.
    pub(super) fn room_us(&self, unit: &Unit) -> u64 {
        let step_us = self.last_us.map_or(PICTURE_US, |last| unit.time_us.saturating_sub(last));
        if self.is_sound() { self.usual_us() } else { step_us.min(LAST_PICTURE_US) }
    }

    /// How long the open segment is by now.
    pub(super) fn open_us(&self) -> u64 {
        let start_us = self.segment.as_ref().map(|segment| segment.start_us);
        start_us.map_or(0, |start| self.natural_end_us().saturating_sub(start))
    }

    /// What follows is of another format.
    pub(super) fn open(&mut self, format: Format) {
        if self.format.replace(format).is_some() {
            self.init = self.init.saturating_add(1);
        }
        self.announced = false;
    }

    /// Begins a segment with `unit`.
    pub(super) fn begin(&mut self, index: u32, unit: &Unit) {
        let (start_us, independent) = (unit.time_us, unit.keyframe);
        self.index = Some(index);
        self.segment = Some(Segment { index, start_us, end_us: start_us, independent, parts: 0 });
    }

    /// `unit` has come: what it tells of those to come.
    pub(super) fn note(&mut self, unit: &Unit) {
        if self.is_clean(unit) {
            let step_us = self.clean_us.map_or(0, |clean| unit.time_us.saturating_sub(clean));
            // The largest of the last seconds: encoders vary how many B-frames they put in.
            self.clean_step_us = step_us.max(self.clean_step_us - self.clean_step_us / 64);
            self.clean_us = Some(unit.time_us);
        }
        self.step_us = self.last_us.map(|last| unit.time_us.saturating_sub(last));
        self.last_us = Some(unit.time_us);
        self.top_pts_us = self.top_pts_us.max(unit.pts_us);
    }

    /// Takes `unit` into the open part; begins one where none is open.
    pub(super) fn add(&mut self, unit: &Unit) {
        let part =
            self.part.get_or_insert(Part { start_us: unit.time_us, independent: unit.keyframe, bytes: 0, units: 0 });
        part.bytes = part.bytes.saturating_add(unit.data.len());
        part.units = part.units.saturating_add(1);
    }

    /// The open part ends at `end_us`, and is its segment's last or not; nothing when none is open.
    pub(super) fn close_part(&mut self, end_us: u64, last: bool, out: &mut Vec<Step>) {
        let (Some(part), Some(segment)) = (self.part.take(), &mut self.segment) else { return };
        let duration_us = end_us.saturating_sub(part.start_us);
        if !self.announced {
            self.announced = true;
            let measured = measured_rate(part.units, duration_us);
            if let Some(format) = &self.format {
                let init = pipe::Init { track: format.track(self.kind.into(), measured), version: self.init };
                out.push(Step::Tell(self.kind, Told::Init(init)));
            }
        }
        let told = pipe::Part {
            rendition: self.kind.into(),
            segment: SegmentIndex(segment.index),
            part: PartIndex(segment.parts),
            start_us: part.start_us,
            duration_us,
            independent: part.independent,
            last,
        };
        segment.parts = segment.parts.saturating_add(1);
        segment.end_us = end_us;
        out.push(Step::Tell(self.kind, Told::Part(told)));
    }

    /// The open segment, whose last part is closed, is whole.
    pub(super) fn close_segment(&mut self) -> Option<pipe::SegmentEnd> {
        let segment = self.segment.take()?;
        Some(pipe::SegmentEnd {
            rendition: self.kind.into(),
            segment: SegmentIndex(segment.index),
            start_us: segment.start_us,
            duration_us: segment.end_us.saturating_sub(segment.start_us),
            independent: segment.independent,
            init: self.init,
            parts: segment.parts,
        })
    }
}

/// Whole frames a second in thousandths; 0 when there is nothing to measure.
fn measured_rate(units: u32, duration_us: u64) -> u32 {
    let units = u64::from(units).saturating_mul(1_000_000).saturating_add(duration_us / 2);
    u32::try_from(units.checked_div(duration_us).unwrap_or(0).saturating_mul(1_000)).unwrap_or(0)
}
