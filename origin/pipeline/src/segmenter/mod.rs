//! Where parts and segments are cut, decided before the muxer sees a unit. Sans-IO: units in, steps out.
//!
//! The picture leads: a segment begins at the first keyframe after the aimed length, or, where none comes in time, at a picture
//! that is shown after all before it. Sound is held until the picture has reached it, so that it is known which segment it belongs to.
//! When the picture stands still, or there is none, sound goes on by its own clock; a rendition that comes back joins the segment of
//! that moment. A part may begin with any unit, in the order of decoding.

mod cuts;
mod lane;
mod measuring;
mod parts;
mod rungs;
mod step;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use spillway_protocol::pipe::{self, Config};

use cuts::Cuts;
use lane::Lane;
use measuring::Measuring;
use parts::PartTarget;
use rungs::Rungs;
pub(crate) use step::{Kind, Picture, Run, Said, Step, Told, Unit};

/// A track that is silent for longer than this, by the other track's media time, is not waited for; a hole that is longer is not
/// covered by drawing out what stands before it.
pub(crate) const STALL_US: u64 = 1_500_000;
/// A keyframe that comes this much too early is on time: tags are rounded, encoders jitter.
const EARLY_US: u64 = 50_000;
/// Bounds on the target duration.
const TARGET_MS: (u32, u32) = (2_000, 10_000);
/// A first segment that is longer than whole seconds by this little still counts as that many: an EXTINF is rounded too.
const TARGET_SLACK_US: u64 = 100_000;
/// How far a segment may go over the target: rounded to whole seconds it must not (RFC 8216bis, section 4.4.3.1).
const OVER_US: u64 = 490_000;

/// The decisions of one stream.
#[derive(Debug)]
pub(crate) struct Segmenter {
    segment_us: u64,
    part_ms: u32,
    target_ms: Option<u32>,
    parts: PartTarget,
    /// What has come while the part target is not settled.
    measuring: Option<Measuring>,
    cuts: Cuts,
    video: Lane,
    audio: Lane,
    rungs: Rungs,
    /// Sound that the picture has not reached.
    held: VecDeque<(Option<Run>, Unit)>,
    /// The picture is there, or may still come.
    video_leads: bool,
    /// The open segment was begun without a keyframe.
    forced: bool,
    long_gop: bool,
    out: Vec<Step>,
}

enum Boundary {
    None,
    Part,
    Segment(u32),
}

impl Segmenter {
    /// Nothing has come yet.
    pub(crate) fn new(config: &Config) -> Self {
        let (least, most) = TARGET_MS;
        let target_ms = config.target_ms.map(|target| (target.div_ceil(1_000) * 1_000).clamp(least, most));
        let mut segmenter = Self {
            segment_us: u64::from(config.segment_ms.clamp(500, most)) * 1_000,
            part_ms: config.part_ms,
            target_ms,
            parts: config.part_target_ms.map_or(PartTarget::of(config.part_ms, &[]), PartTarget::settled),
            measuring: config.part_target_ms.is_none().then(Measuring::default),
            cuts: Cuts::default(),
            video: Lane::new(Kind::Video),
            audio: Lane::new(Kind::Audio),
            rungs: Rungs::new(!config.rungs.is_empty()),
            held: VecDeque::new(),
            video_leads: true,
            forced: false,
            long_gop: false,
            out: Vec::new(),
        };
        segmenter.out.extend(segmenter.target());
        segmenter
    }

    /// What is to be done by now.
    pub(crate) fn steps(&mut self) -> impl Iterator<Item = Step> + use<> {
        std::mem::take(&mut self.out).into_iter()
    }

    /// A picture; a keyframe where it begins a run.
    pub(crate) fn video(&mut self, run: Option<Run>, unit: Unit) {
        self.take(Kind::Video, run, unit);
    }

    /// A frame of sound.
    pub(crate) fn audio(&mut self, run: Option<Run>, unit: Unit) {
        self.take(Kind::Audio, run, unit);
    }

    fn take(&mut self, kind: Kind, run: Option<Run>, unit: Unit) {
        if let Some(measuring) = &mut self.measuring {
            if measuring.push(kind, run, unit) {
                self.measure();
            }
            return;
        }
        match kind {
            Kind::Rung(_) => {}
            Kind::Video => {
                let time_us = unit.time_us;
                // A picture that is far behind the sound does not get the lead back before it has caught up.
                self.video_leads |= self.audio.last_us.is_none_or(|audio| time_us.saturating_add(STALL_US) >= audio);
                self.place(kind, run, unit);
                self.release();
                let waits_us = self.audio.last_us.map_or(0, |last| time_us.saturating_sub(last));
                if self.held.is_empty() && waits_us > STALL_US {
                    self.seal(Kind::Audio);
                }
            }
            Kind::Audio => {
                self.held.push_back((run, unit));
                self.release();
            }
        }
    }

    /// Settles the part target, and goes on with what was held until then.
    fn measure(&mut self) {
        let Some(measuring) = self.measuring.take() else { return };
        self.parts = PartTarget::of(self.part_ms, &measuring.units_us(self.rungs.may_be));
        self.out.extend(self.target());
        for (kind, run, unit) in measuring.units() {
            self.take(kind, run, unit);
        }
    }

    /// The targets, if both are settled.
    fn target(&self) -> Option<Step> {
        let part_target_ms = self.measuring.is_none().then(|| self.parts.ms())?;
        let target = pipe::Target { target_ms: self.target_ms?, part_target_ms };
        Some(Step::Say(Said::Target(target)))
    }

    /// Something the streamer should know.
    pub(crate) fn warn(&mut self, code: &'static str) {
        self.out.push(Step::Say(Said::Warning(code)));
    }

    /// Nothing follows but what rungs make of what has come.
    pub(crate) fn finish(&mut self) {
        self.measure();
        for (run, unit) in std::mem::take(&mut self.held) {
            self.place(Kind::Audio, run, unit);
        }
        self.seal(Kind::Video);
        self.seal(Kind::Audio);
    }

    /// Lets sound go as far as its segment is known.
    fn release(&mut self) {
        while let Some((_, unit)) = self.held.front() {
            let reached = self.video.last_us.is_some_and(|video| unit.time_us <= video);
            if self.video_leads && !reached {
                let newest_us = self.held.back().map_or(0, |(_, unit)| unit.time_us);
                if newest_us.saturating_sub(unit.time_us) < STALL_US {
                    return;
                }
                self.video_leads = false;
                self.seal(Kind::Video);
            }
            let Some((run, unit)) = self.held.pop_front() else { return };
            self.place(Kind::Audio, run, unit);
        }
    }

    fn lane(&mut self, kind: Kind) -> &mut Lane {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
            Kind::Rung(lines) => self.rungs.lane(lines),
        }
    }

    /// Puts a unit into its part and segment.
    fn place(&mut self, kind: Kind, run: Option<Run>, unit: Unit) {
        if self.is_hole(kind, unit.time_us) {
            self.seal(kind);
        }
        self.settle(kind, unit.time_us);
        let boundary = match kind {
            Kind::Rung(_) => self.following(kind, run.is_some(), &unit),
            Kind::Video | Kind::Audio => self.boundary(kind, run.is_some(), &unit),
        };
        if kind == Kind::Video && self.rungs.may_be {
            self.out.push(rungs::transcode(run.as_ref(), &unit, matches!(boundary, Boundary::Segment(_))));
        }
        let begun = self.lane(kind).segment.is_some();
        if let (Boundary::Part | Boundary::Segment(_), true) = (&boundary, begun) {
            self.end(kind, unit.time_us, matches!(boundary, Boundary::Segment(_)));
            self.out.push(match run {
                Some(_) => Step::Seal { kind, at_us: unit.time_us },
                None => Step::Cut { kind, segment: matches!(boundary, Boundary::Segment(_)) },
            });
        }
        if let Some(run) = run {
            self.lane(kind).open(run.format.clone());
            self.out.push(Step::Open(kind, run));
        }
        if let Boundary::Segment(index) = boundary {
            self.lane(kind).begin(index, &unit);
            if kind == Kind::Video {
                self.forced = !unit.keyframe;
            }
        }
        let target = self.parts;
        let lane = self.lane(kind);
        lane.note(&unit);
        if lane.may_overflow(&unit, target) {
            lane.tail = Some(unit);
        } else {
            self.push(kind, unit);
        }
    }

    /// The newest unit ends at `end_us`. If it was held, it goes into the open part, or begins the next where that would be too long.
    fn settle(&mut self, kind: Kind, end_us: u64) {
        let target = self.parts;
        let Some(unit) = self.lane(kind).tail.take() else { return };
        if self.lane(kind).overflows(end_us, target) {
            self.end(kind, unit.time_us, false);
            self.out.push(Step::Cut { kind, segment: false });
        }
        self.push(kind, unit);
    }

    /// Lets a unit go into the open part.
    fn push(&mut self, kind: Kind, unit: Unit) {
        self.lane(kind).add(&unit);
        self.out.push(Step::Push(kind, unit));
    }

    /// Whether what comes at `time_us` leaves a hole behind the newest unit: it cannot last until then.
    fn is_hole(&mut self, kind: Kind, time_us: u64) -> bool {
        let longest_us = self.target_us().saturating_add(OVER_US);
        let lane = self.lane(kind);
        lane.last_us.is_some_and(|last| time_us.saturating_sub(last) > STALL_US)
            || lane.segment.as_ref().is_some_and(|segment| time_us.saturating_sub(segment.start_us) > longest_us)
    }

    fn boundary(&mut self, kind: Kind, new_run: bool, unit: &Unit) -> Boundary {
        let Some(segment) = &self.lane(kind).segment else { return Boundary::Segment(self.enter(kind, unit)) };
        let (index, start_us) = (segment.index, segment.start_us);
        let from_us = self.cuts.start(index).map_or(start_us, |cut| cut.min(start_us));
        let follows = kind == Kind::Audio && self.video_leads;
        // Sound may begin before the picture, and ends up to a frame later: what the picture decides must fit it too.
        let (limited_us, spare_us) = match kind {
            Kind::Video => {
                let sound = self.audio.segment.as_ref().filter(|sound| sound.index == index);
                (sound.map_or(from_us, |sound| sound.start_us.min(from_us)), self.audio.usual_us())
            }
            Kind::Audio | Kind::Rung(_) => (start_us, 0),
        };
        let longest_us = self.target_us().saturating_add(OVER_US).saturating_sub(spare_us);
        let room_us = self.lane(kind).room_us(unit);
        let limited_us = unit.time_us.saturating_sub(limited_us);
        if new_run || limited_us.saturating_add(room_us) > longest_us {
            if !new_run {
                self.warn_of_long_gop(kind, unit);
            }
            return Boundary::Segment(self.next_after(index, unit));
        }
        if self.lane(kind).is_clean(unit) {
            let decided = self.cuts.start(index.saturating_add(1));
            let elapsed_us = unit.time_us.saturating_sub(from_us);
            let long_enough = elapsed_us.saturating_add(EARLY_US) >= self.segment_us;
            let leads = decided.is_none()
                && match kind {
                    Kind::Video => unit.keyframe && (long_enough || self.forced),
                    Kind::Audio => !self.video_leads && long_enough,
                    Kind::Rung(_) => false,
                };
            if leads || decided.is_some_and(|cut| unit.time_us >= cut) {
                return Boundary::Segment(self.next_after(index, unit));
            }
            // A keyframe may still come as long as there is room for it.
            if !follows && limited_us.saturating_add(self.lane(kind).expected_us(unit)) > longest_us {
                self.warn_of_long_gop(kind, unit);
                return Boundary::Segment(self.next_after(index, unit));
            }
        }
        self.part_boundary(kind, unit)
    }

    /// The boundary within a segment.
    fn part_boundary(&mut self, kind: Kind, unit: &Unit) -> Boundary {
        let target = self.parts;
        let lane = self.lane(kind);
        if lane.part_is_due(unit, target) || lane.part_is_full(unit) { Boundary::Part } else { Boundary::None }
    }

    /// A segment is full: where it is not a keyframe that begins the next, the streamer should know.
    fn warn_of_long_gop(&mut self, kind: Kind, unit: &Unit) {
        if kind == Kind::Video && !unit.keyframe && !std::mem::replace(&mut self.long_gop, true) {
            self.warn("LONG_GOP");
        }
    }

    /// The segment behind `index`, begun with `unit` unless another rendition has begun it.
    fn next_after(&mut self, index: u32, unit: &Unit) -> u32 {
        if self.cuts.newest() <= index {
            self.cuts.push(unit.time_us, unit.shown_us());
        }
        index.saturating_add(1)
    }

    /// The segment for a rendition that appears, or comes back.
    fn enter(&mut self, kind: Kind, unit: &Unit) -> u32 {
        if self.cuts.is_empty() {
            let held_us = self.held.front().map_or(unit.time_us, |(_, held)| held.time_us);
            self.cuts.push(unit.time_us.min(held_us), unit.shown_us());
        }
        let now = self.cuts.at(unit.time_us);
        match self.lane(kind).index {
            Some(index) if index >= now => self.next_after(index, unit),
            _ => now,
        }
    }

    /// The newest unit is the last before a hole, or at all.
    fn seal(&mut self, kind: Kind) {
        if self.lane(kind).segment.is_some() {
            let at_us = self.lane(kind).natural_end_us();
            self.settle(kind, at_us);
            self.end(kind, at_us, true);
            self.out.push(Step::Seal { kind, at_us });
        }
    }

    /// The open part ends, and perhaps its segment.
    fn end(&mut self, kind: Kind, end_us: u64, segment: bool) {
        let mut out = std::mem::take(&mut self.out);
        self.lane(kind).close_part(end_us, segment, &mut out);
        if segment && let Some(end) = self.lane(kind).close_segment() {
            if self.target_ms.is_none() {
                // What the other rendition has put into its first segment by now must fit too.
                let open_us = self.video.open_us().max(self.audio.open_us());
                self.target_ms = Some(target_of(end.duration_us.max(open_us)));
                out.extend(self.target());
            }
            out.push(Step::Tell(kind, Told::SegmentEnd(end)));
        }
        self.out = out;
    }

    fn target_us(&self) -> u64 {
        u64::from(self.target_ms.unwrap_or(TARGET_MS.1)) * 1_000
    }
}

/// The target duration that a first segment of this length settles.
fn target_of(duration_us: u64) -> u32 {
    let seconds = duration_us.saturating_sub(TARGET_SLACK_US).div_ceil(1_000_000);
    let (least, most) = TARGET_MS;
    u32::try_from(seconds.saturating_mul(1_000)).unwrap_or(most).clamp(least, most)
}
