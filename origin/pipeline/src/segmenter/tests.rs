mod parts;
mod rungs;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    aac::AudioFormat,
    format::{Format, VideoFormat},
};

const AUDIO_RATE: u64 = 48_000;

fn config(target_ms: Option<u32>) -> Config {
    Config { segment_ms: 2_000, part_ms: 250, target_ms, part_target_ms: None, rungs: Vec::new() }
}

fn run(kind: Kind) -> Run {
    let format = match kind {
        Kind::Video | Kind::Rung(_) => Format::Video(VideoFormat {
            codec: "avc1.64001e".to_owned(),
            width: 640,
            height: 360,
            frame_rate_millis: None,
            record: Vec::new(),
        }),
        Kind::Audio => Format::Audio(AudioFormat::parse(&[0x11, 0x90]).unwrap()),
    };
    Run { format, ahead_us: 0 }
}

/// Pictures `step_us` apart in groups of the given sizes; between two that refer forward lie `between` that do not.
fn pictures(start_us: u64, step_us: u64, gops: &[u64], between: u64) -> Vec<(Kind, Unit)> {
    let (mut units, mut first) = (Vec::new(), 0);
    for gop in gops {
        for n in 0..*gop {
            // The keyframe, then mini groups in the order of decoding: the last shown comes first.
            let (group, place) = ((n.max(1) - 1) / (between + 1), (n.max(1) - 1) % (between + 1));
            let begin = group * (between + 1) + 1;
            let last = (begin + between).min(gop - 1);
            let shown = if n == 0 {
                0
            } else if place == 0 {
                last
            } else {
                begin + place - 1
            };
            let at = |n: u64| start_us + (first + n) * step_us;
            units.push((Kind::Video, Unit { time_us: at(n), pts_us: at(shown), keyframe: n == 0, data: vec![0; 100] }));
        }
        first += gop;
    }
    units
}

fn sound(start_us: u64, until_us: u64) -> Vec<(Kind, Unit)> {
    let times = (0..).map(|n: u64| start_us + n * 1_024 * 1_000_000 / AUDIO_RATE).take_while(|time| *time < until_us);
    times.map(|time_us| (Kind::Audio, Unit { time_us, pts_us: time_us, keyframe: true, data: vec![0; 10] })).collect()
}

/// What a rendition came to.
#[derive(Debug, Default)]
struct Rendition {
    parts: Vec<pipe::Part>,
    segments: Vec<pipe::SegmentEnd>,
    /// Whether a hole lies before the part of this number.
    holes: Vec<usize>,
    pushed: Vec<u64>,
}

#[derive(Debug, Default)]
struct Outcome {
    video: Rendition,
    audio: Rendition,
    rung: Rendition,
    target_ms: Option<u32>,
    part_target_ms: Option<u32>,
    warnings: Vec<&'static str>,
}

/// Runs units in the order of their times, sound `late_us` later, and checks what holds whatever comes.
fn outcome(config: &Config, mut units: Vec<(Kind, Unit)>, late_us: i64) -> Outcome {
    units.sort_by_key(|(kind, unit)| unit.time_us.cast_signed() + if *kind == Kind::Audio { late_us } else { 0 });
    let mut segmenter = Segmenter::new(config);
    let (mut steps, mut begun) = (Vec::new(), Vec::new());
    for (kind, unit) in units {
        let first = !begun.contains(&kind);
        begun.extend(first.then_some(kind));
        let run = first.then(|| run(kind));
        segmenter.take(kind, run, unit);
        steps.extend(segmenter.steps());
    }
    segmenter.finish();
    steps.extend(segmenter.steps());
    collect(steps)
}

fn collect(steps: Vec<Step>) -> Outcome {
    let mut outcome = Outcome::default();
    // Units since the last cut of each track: what the muxer would write as its next chunk.
    let mut chunk = BTreeMap::<Kind, usize>::new();
    for step in steps {
        match step {
            Step::Say(Said::Target(target)) => {
                assert_eq!(outcome.target_ms.replace(target.target_ms), None);
                outcome.part_target_ms = Some(target.part_target_ms);
            }
            Step::Say(Said::Warning(code)) => outcome.warnings.push(code),
            Step::Push(kind, unit) => {
                *chunk.entry(kind).or_default() += 1;
                outcome.of(kind).pushed.push(unit.time_us);
            }
            Step::Cut { kind, .. } => assert_ne!(chunk.remove(&kind), None, "an empty part"),
            Step::Seal { kind, .. } => {
                assert_ne!(chunk.remove(&kind), None, "an empty part");
                let told = outcome.of(kind);
                told.holes.push(told.parts.len());
            }
            Step::Open(..) | Step::Transcode(_) | Step::Close(_) | Step::Tell(_, Told::Init(_)) => {}
            Step::Tell(kind, Told::Part(part)) => outcome.of(kind).parts.push(part),
            Step::Tell(kind, Told::SegmentEnd(end)) => {
                assert!(outcome.target_ms.is_some());
                outcome.of(kind).segments.push(end);
            }
        }
    }
    assert_eq!(chunk, BTreeMap::new(), "something is left in a muxer");
    let targets_ms = (outcome.target_ms.unwrap_or(10_000), outcome.part_target_ms.unwrap_or(2_000));
    outcome.video.check(targets_ms, true);
    outcome.audio.check(targets_ms, true);
    outcome.rung.check(targets_ms, false);
    outcome
}

impl Outcome {
    fn of(&mut self, kind: Kind) -> &mut Rendition {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
            Kind::Rung(_) => &mut self.rung,
        }
    }

    /// Every segment of the sound begins at the first frame at or after that of the picture; each has one frame at least.
    fn cut_together(&self) {
        let videos = self.video.segments.windows(2).map(|pair| (pair[0].duration_us, &pair[1]));
        for ((before_us, video), audio) in videos.zip(self.audio.segments.iter().skip(1)) {
            let late = audio.start_us.checked_sub(video.start_us);
            let most = if before_us < 21_400 { 42_800 } else { 21_400 };
            assert!(late.is_some_and(|late| late < most), "{video:?} {audio:?}");
        }
    }
}

impl Rendition {
    /// What holds of a rendition; `leads` if it may cut. One that follows leaves a segment out that is shorter than its pictures.
    fn check(&self, (target_ms, part_target_ms): (u32, u32), leads: bool) {
        let part_us = u64::from(part_target_ms) * 1_000;
        let mut parts = self.parts.iter().enumerate();
        let mut before: Option<&pipe::SegmentEnd> = None;
        for segment in &self.segments {
            let mut at = segment.start_us;
            for index in 0..segment.parts {
                let (number, part) = parts.next().unwrap();
                assert_eq!((part.segment, part.part.0), (segment.segment, index));
                assert_eq!(part.start_us, at, "a hole within a segment");
                assert!(part.duration_us > 0);
                assert_eq!(part.last, index + 1 == segment.parts);
                // Only a unit that lasts for long makes a part too long.
                assert!(part.duration_us <= part_us || self.longest_us(part) >= part_us / 2, "{part:?}");
                assert_eq!(index == 0 && segment.independent, index == 0 && part.independent);
                assert!(self.pushed.binary_search(&part.start_us).is_ok());
                if index == 0
                    && !self.holes.contains(&number)
                    && let Some(before) = before
                {
                    assert!(!leads || segment.segment.0 == before.segment.0 + 1);
                    assert_eq!(segment.start_us, before.start_us + before.duration_us);
                }
                at += part.duration_us;
            }
            assert!(segment.parts > 0);
            assert_eq!(at, segment.start_us + segment.duration_us);
            assert!(segment.duration_us <= u64::from(target_ms) * 1_000 + OVER_US, "{segment:?}");
            assert!(before.is_none_or(|before| before.segment < segment.segment));
            before = Some(segment);
        }
        assert!(parts.next().is_none(), "parts of a segment that never ended");
        assert!(self.pushed.is_sorted());
    }

    /// The units of a part, as their times.
    fn units(&self, part: &pipe::Part) -> &[u64] {
        let place = |time_us| self.pushed.partition_point(|unit_us| *unit_us < time_us);
        &self.pushed[place(part.start_us)..place(part.start_us + part.duration_us)]
    }

    /// How long the longest unit of a part is.
    fn longest_us(&self, part: &pipe::Part) -> u64 {
        let ends = self.units(part).iter().copied().skip(1).chain([part.start_us + part.duration_us]);
        self.units(part).iter().zip(ends).map(|(start, end)| end - start).max().unwrap()
    }

    fn durations_ms(&self) -> Vec<u64> {
        self.segments.iter().map(|segment| segment.duration_us / 1_000).collect()
    }
}

#[test]
fn the_picture_leads_and_sound_follows() {
    let units = [pictures(66_000, 40_000, &[50; 4], 2), sound(0, 8_066_000)].concat();
    let outcome = outcome(&config(None), units, 0);
    assert_eq!(outcome.video.durations_ms(), [2_000; 4]);
    assert_eq!(outcome.target_ms, Some(2_000));
    assert!(outcome.video.segments.iter().all(|segment| segment.independent));
    outcome.cut_together();
    assert_eq!(outcome.audio.segments.len(), 4);
}

#[test]
fn short_gops_are_gathered_and_keyframes_begin_parts_where_they_can() {
    let starts = |step_us, gop: u64| {
        let outcome = outcome(&config(None), pictures(0, step_us, &[gop; 4], 0), 0);
        assert_eq!(outcome.video.durations_ms(), [2 * gop * step_us / 1_000; 2]);
        let independent = outcome.video.parts.iter().filter(|part| part.independent);
        independent.map(|part| part.start_us).collect::<Vec<_>>()
    };
    // A part is long enough for the keyframe to begin the next: 13 of 15 pictures are.
    assert_eq!(starts(16_667, 73), [0, 73 * 16_667, 146 * 16_667, 219 * 16_667]);
    // Five of six are not.
    assert_eq!(starts(40_000, 29), [0, 58 * 40_000]);
}

#[test]
fn the_first_segment_settles_the_target() {
    let settled = |gop: u64| outcome(&config(None), pictures(0, 40_000, &[gop; 3], 0), 0).target_ms;
    assert_eq!([50, 52, 53, 75, 100, 251].map(settled), [2_000, 2_000, 3_000, 3_000, 4_000, 10_000].map(Some));
    assert_eq!(outcome(&config(Some(4_000)), pictures(0, 40_000, &[50; 3], 0), 0).target_ms, Some(4_000));
}

#[test]
fn a_gop_beyond_the_target_is_cut_without_a_keyframe() {
    let units = [pictures(0, 40_000, &[50, 150, 50], 0), sound(0, 10_000_000)].concat();
    let outcome = outcome(&config(None), units, 0);
    assert_eq!(outcome.warnings, ["LONG_GOP"]);
    let independent: Vec<_> =
        outcome.video.segments.iter().filter(|segment| segment.independent).map(|segment| segment.start_us).collect();
    assert_eq!(independent, [0, 2_000_000, 8_000_000]);
    outcome.cut_together();
}

#[test]
fn a_settled_target_does_not_cut_before_a_keyframe_that_comes_in_time() {
    for (step_us, gop) in [(40_000, 50), (33_333, 60)] {
        for (between, dts_ms) in [0, 1, 2, 3].into_iter().flat_map(|n| [0, 13, 27, 33, 100, 250].map(|at| (n, at))) {
            // The sound begins first: pictures are shown later than they are decoded.
            let start_us = dts_ms * 1_000 + between.min(2) * step_us;
            let mut units = pictures(start_us, step_us, &[gop; 5], between);
            for (_, unit) in &mut units {
                unit.time_us -= unit.time_us % 1_000;
                unit.pts_us -= unit.pts_us % 1_000;
            }
            units.extend(sound(0, start_us + 5 * gop * step_us));
            let outcome = outcome(&config(Some(2_000)), units, 0);
            let starts: Vec<_> = outcome.video.segments.iter().map(|segment| segment.start_us).collect();
            assert_eq!(starts.len(), 5, "{step_us} {between} {dts_ms}: {starts:?}");
            assert!(outcome.video.segments.iter().all(|segment| segment.independent));
            assert_eq!(outcome.warnings, [""; 0]);
            outcome.cut_together();
        }
    }
}

#[test]
fn a_keyframe_within_the_limit_is_waited_for() {
    // 2.4 s are two, rounded; 2.6 s are not.
    for between in 0..4 {
        let outcome = |gop| outcome(&config(Some(2_000)), pictures(0, 40_000, &[gop; 4], between), 0);
        assert_eq!(outcome(60).video.durations_ms(), [2_400; 4]);
        let long = outcome(65).video;
        assert!(long.segments[0].duration_us >= 2_200_000, "{:?}", long.durations_ms());
        assert_eq!(long.segments[1].start_us + long.segments[1].duration_us, 2_600_000);
    }
}

#[test]
fn sound_alone_waits_a_bounded_time_and_then_not_at_all() {
    let mut segmenter = Segmenter::new(&config(None));
    let mut last = 0;
    for (_, unit) in sound(0, 6_000_000) {
        let time_us = unit.time_us;
        segmenter.audio((time_us == 0).then(|| run(Kind::Audio)), unit);
        let pushed = segmenter.steps().filter_map(|step| match step {
            Step::Push(_, unit) => Some(unit.time_us),
            _ => None,
        });
        last = pushed.last().unwrap_or(last);
        // One frame may be held: whether its part has room for it is seen when the next one comes.
        assert!(if time_us < STALL_US { last == 0 } else { last + 21_334 >= time_us });
    }
}

#[test]
fn sound_goes_on_without_a_picture_that_stands_still() {
    let mut units = [pictures(0, 40_000, &[50; 10], 0), sound(0, 20_000_000)].concat();
    units.retain(|(kind, unit)| *kind == Kind::Audio || !(5_000_000..13_000_000).contains(&unit.time_us));
    let outcome = outcome(&config(None), units, 0);
    let alone = outcome.audio.segments.iter().filter(|segment| segment.start_us < 10_000_000);
    assert!(alone.map(|segment| segment.duration_us / 1_000).all(|duration| (1_900..2_100).contains(&duration)));
    assert_eq!(outcome.audio.holes.len(), 1, "only at the end");
    // The picture comes back into the segment that the sound is in by then.
    let back = outcome.video.segments.iter().find(|segment| segment.start_us >= 13_000_000).unwrap();
    let same = outcome.audio.segments.iter().find(|segment| segment.segment == back.segment).unwrap();
    assert!(same.start_us <= back.start_us && back.start_us < same.start_us + same.duration_us);
}

#[test]
fn another_format_begins_a_segment_in_both() {
    let mut segmenter = Segmenter::new(&config(None));
    let mut units = [pictures(0, 40_000, &[50, 25, 50], 0), sound(0, 5_000_000)].concat();
    units.sort_by_key(|(_, unit)| unit.time_us);
    for (kind, unit) in units {
        let new = unit.time_us == 0 || (kind == Kind::Video && unit.time_us == 3_000_000);
        segmenter.take(kind, new.then(|| run(kind)), unit);
    }
    segmenter.finish();
    let outcome = collect(segmenter.steps().collect());
    assert_eq!(outcome.video.durations_ms(), [2_000, 1_000, 2_000]);
    assert_eq!(outcome.video.segments.iter().map(|segment| segment.init).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(outcome.audio.segments.iter().map(|segment| segment.init).collect::<Vec<_>>(), [0, 0, 0]);
    outcome.cut_together();
}

#[test]
fn a_part_never_outgrows_the_pipe() {
    let mut units = pictures(0, 40_000, &[100], 0);
    for (_, unit) in &mut units {
        unit.data = vec![0; 4 * 1024 * 1024];
    }
    let outcome = outcome(&config(None), units, 0);
    assert!(outcome.video.parts.iter().all(|part| part.duration_us <= 120_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whole_input_gives_contiguous_segments_that_are_cut_together(
        (start_us, step_us) in (0_u64..200_000, 16_000_u64..100_000),
        gops in prop::collection::vec(1_u64..400, 1..12),
        between in 0_u64..4,
        sound_us in 0_u64..200_000,
        late_us in -400_000_i64..400_000,
        target_s in prop::option::of(2_u32..=10),
    ) {
        let until_us = start_us + gops.iter().sum::<u64>() * step_us;
        let units = [pictures(start_us, step_us, &gops, between), sound(sound_us, until_us)].concat();
        let count = units.len();
        let outcome = outcome(&config(target_s.map(|s| s * 1_000)), units, late_us);
        prop_assert_eq!(outcome.video.pushed.len() + outcome.audio.pushed.len(), count);
        for told in [&outcome.video, &outcome.audio] {
            prop_assert!(told.holes.iter().all(|hole| *hole == told.parts.len()), "a hole where there is none");
        }
        outcome.cut_together();
    }

    #[test]
    fn holes_are_kept_apart_and_renditions_meet_again(
        gops in prop::collection::vec(1_u64..300, 1..10),
        video_holes in prop::collection::vec((0_u64..30_000_000, 0_u64..9_000_000), 0..3),
        audio_holes in prop::collection::vec((0_u64..30_000_000, 0_u64..9_000_000), 0..3),
        late_us in -3_000_000_i64..3_000_000,
    ) {
        let until_us = gops.iter().sum::<u64>() * 40_000;
        let mut units = [pictures(0, 40_000, &gops, 2), sound(0, until_us)].concat();
        units.retain(|(kind, unit)| {
            let holes = if *kind == Kind::Video { &video_holes } else { &audio_holes };
            !holes.iter().any(|(start, length)| (*start..start + length).contains(&unit.time_us))
        });
        let count = units.len();
        let outcome = outcome(&config(None), units, late_us);
        prop_assert_eq!(outcome.video.pushed.len() + outcome.audio.pushed.len(), count);
    }

    #[test]
    fn units_of_any_times_give_bounded_segments(
        units in prop::collection::vec((any::<bool>(), 1_u64..3_000_000, any::<bool>(), 0_u64..40_000_000), 1..200),
    ) {
        let mut times = [0_u64; 2];
        let units = units.into_iter().map(|(video, step, keyframe, pts_us)| {
            let kind = if video { Kind::Video } else { Kind::Audio };
            let time_us = &mut times[usize::from(video)];
            *time_us += step;
            (kind, Unit { time_us: *time_us, pts_us, keyframe: keyframe || !video, data: vec![0] })
        });
        outcome(&config(None), units.collect(), 0);
    }
}
