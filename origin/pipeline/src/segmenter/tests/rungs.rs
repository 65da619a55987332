//! A rung, as a decoder and an encoder make it of the picture.

use super::*;

const LINES: u16 = 480;

/// Decodes and encodes: pictures come out in the order in which they are shown, `late` pictures later, every `every`th of them.
struct Codec {
    late: usize,
    every: usize,
    inside: BTreeMap<u64, Option<Run>>,
    keys: Vec<u64>,
    count: usize,
}

impl Codec {
    fn new(late: usize, every: usize) -> Self {
        Self { late, every, inside: BTreeMap::new(), keys: Vec::new(), count: 0 }
    }

    fn take(&mut self, picture: Picture) {
        self.keys.extend(picture.key_us);
        self.inside.insert(picture.unit.pts_us, picture.run);
    }

    fn make(&mut self, segmenter: &mut Segmenter, late: usize) {
        while self.inside.len() > late {
            let (pts_us, run) = self.inside.pop_first().unwrap();
            let keyframe = self.keys.iter().any(|key| *key <= pts_us);
            self.keys.retain(|key| *key > pts_us);
            self.count = if keyframe { 0 } else { self.count + 1 };
            if self.count.is_multiple_of(self.every) {
                let unit = Unit { time_us: pts_us, pts_us, keyframe, data: vec![0; 40] };
                segmenter.rung(LINES, run, unit);
            }
        }
    }
}

/// Runs units in the order of their times, and a rung behind them.
fn with_rung(mut units: Vec<(Kind, Unit)>, codec: Codec, formats: &[u64]) -> Outcome {
    units.sort_by_key(|(_, unit)| unit.time_us);
    let mut segmenter = Segmenter::new(&Config { rungs: vec![LINES], ..config(None) });
    let (mut steps, mut begun, mut codec) = (Vec::new(), Vec::new(), codec);
    for (kind, unit) in units {
        let first = !begun.contains(&kind) || (kind == Kind::Video && formats.contains(&unit.time_us));
        begun.push(kind);
        segmenter.take(kind, first.then(|| run(kind)), unit);
        transcode(&mut segmenter, &mut codec, &mut steps);
        codec.make(&mut segmenter, codec.late);
        transcode(&mut segmenter, &mut codec, &mut steps);
    }
    segmenter.finish();
    transcode(&mut segmenter, &mut codec, &mut steps);
    codec.make(&mut segmenter, 0);
    segmenter.finish_rungs();
    transcode(&mut segmenter, &mut codec, &mut steps);
    collect(steps)
}

fn transcode(segmenter: &mut Segmenter, codec: &mut Codec, steps: &mut Vec<Step>) {
    for step in segmenter.steps() {
        match step {
            Step::Transcode(picture) => codec.take(picture),
            step => steps.push(step),
        }
    }
}

fn starts(rendition: &Rendition) -> Vec<(u32, u64, bool)> {
    rendition.segments.iter().map(|segment| (segment.segment.0, segment.start_us, segment.independent)).collect()
}

#[test]
fn a_rung_is_cut_where_the_picture_is_however_late_it_comes() {
    for (late, between) in [(0, 0), (5, 0), (20, 3), (200, 2)] {
        let units = [pictures(0, 40_000, &[50; 5], between), sound(0, 10_000_000)].concat();
        let outcome = with_rung(units, Codec::new(late.max(4), 1), &[]);
        assert_eq!(starts(&outcome.rung), starts(&outcome.video), "{late} late");
        assert_eq!(outcome.rung.pushed.len(), 250);
        outcome.rung.meets(outcome.part_target_ms.unwrap());
    }
}

#[test]
fn a_rung_of_every_other_picture_has_parts_as_long() {
    for rate in [50, 60] {
        let outcome = with_rung(pictures(0, 1_000_000 / rate, &[2 * rate; 4], 0), Codec::new(3, 2), &[]);
        assert_eq!(starts(&outcome.rung), starts(&outcome.video));
        outcome.rung.meets(outcome.part_target_ms.unwrap());
    }
}

#[test]
fn where_the_picture_has_no_keyframe_the_rung_has_one() {
    let units = [pictures(0, 40_000, &[75, 500], 3), sound(0, 23_000_000)].concat();
    let outcome = with_rung(units, Codec::new(10, 1), &[]);
    assert_eq!(outcome.warnings, ["LONG_GOP"]);
    assert!(outcome.video.segments.len() > 4 && outcome.video.segments.iter().any(|segment| !segment.independent));
    assert_eq!(outcome.rung.segments.len(), outcome.video.segments.len());
    for (rung, video) in outcome.rung.segments.iter().zip(&outcome.video.segments) {
        assert!(rung.independent && rung.start_us.abs_diff(video.start_us) < 40_000, "{rung:?} {video:?}");
    }
}

#[test]
fn another_format_begins_a_segment_in_the_rung_too() {
    let units = [pictures(0, 40_000, &[50, 25, 50], 0), sound(0, 5_000_000)].concat();
    let outcome = with_rung(units, Codec::new(5, 1), &[3_000_000]);
    assert_eq!(starts(&outcome.rung), starts(&outcome.video));
    assert_eq!(outcome.rung.segments.iter().map(|segment| segment.init).collect::<Vec<_>>(), [0, 0, 1]);
}

#[test]
fn what_was_lost_on_the_way_is_made_good_at_the_next_keyframe() {
    let mut segmenter = Segmenter::new(&Config { rungs: vec![LINES], ..config(None) });
    let mut codec = Codec::new(4, 1);
    let mut steps = Vec::new();
    for (kind, unit) in pictures(0, 40_000, &[50; 6], 0) {
        let first = unit.time_us == 0;
        segmenter.take(kind, first.then(|| run(kind)), unit);
        transcode(&mut segmenter, &mut codec, &mut steps);
        // The decoder stumbles for longer than a picture may last.
        codec.inside.retain(|pts_us, _| !(4_300_000..5_900_000).contains(pts_us));
        codec.make(&mut segmenter, codec.late);
    }
    segmenter.finish();
    transcode(&mut segmenter, &mut codec, &mut steps);
    codec.make(&mut segmenter, 0);
    segmenter.finish_rungs();
    transcode(&mut segmenter, &mut codec, &mut steps);
    let outcome = collect(steps);
    assert_eq!(outcome.rung.segments.len(), 6);
    assert!(outcome.rung.segments.iter().all(|segment| segment.independent));
    let again = &outcome.rung.segments[3];
    assert_eq!((again.segment.0, again.start_us), (3, 6_000_000));
    assert!(outcome.rung.segments[2].duration_us < 500_000);
}

#[test]
fn a_rung_that_ends_leaves_the_others_as_they_are() {
    let mut segmenter = Segmenter::new(&Config { rungs: vec![LINES], ..config(None) });
    let (mut codec, mut steps) = (Codec::new(4, 1), Vec::new());
    for (kind, unit) in pictures(0, 40_000, &[50; 4], 0) {
        let at_us = unit.time_us;
        segmenter.take(kind, (at_us == 0).then(|| run(kind)), unit);
        transcode(&mut segmenter, &mut codec, &mut steps);
        if at_us == 3_000_000 {
            segmenter.end_rung(LINES);
        } else if at_us < 3_000_000 {
            codec.make(&mut segmenter, codec.late);
        }
    }
    segmenter.finish();
    segmenter.finish_rungs();
    transcode(&mut segmenter, &mut codec, &mut steps);
    assert!(steps.contains(&Step::Close(Kind::Rung(LINES))));
    let outcome = collect(steps);
    assert_eq!((outcome.video.segments.len(), outcome.rung.segments.len()), (4, 2));
    assert!(outcome.rung.segments[1].duration_us < 1_000_000);
}

proptest! {
    #[test]
    fn whatever_the_picture_does_a_rung_stays_in_its_segments(
        gops in prop::collection::vec(1_u64..200, 1..6), step_us in 8_000_u64..60_000, between in 0_u64..4,
        late in 4_usize..60, every in 1_usize..3,
    ) {
        let units = pictures(0, step_us, &gops, between);
        let count = units.len();
        let outcome = with_rung(units, Codec::new(late, every), &[]);
        prop_assert!(outcome.rung.pushed.len() * every >= count);
        prop_assert_eq!(outcome.rung.segments.len(), outcome.video.segments.len());
        for (rung, video) in outcome.rung.segments.iter().zip(&outcome.video.segments) {
            prop_assert!(rung.independent && rung.segment == video.segment);
            let late_us = rung.start_us.checked_sub(video.start_us);
            prop_assert!(late_us.is_some_and(|us| us <= step_us), "{:?} {:?}", rung, video);
            prop_assert!(!video.independent || rung.start_us == video.start_us);
        }
    }

    #[test]
    fn pictures_of_any_times_give_bounded_segments_of_rungs(
        units in prop::collection::vec((any::<bool>(), 1_u64..2_000_000, any::<bool>(), 0_u64..300_000), 1..200),
        late in 0_usize..20,
    ) {
        let mut times = [0_u64; 2];
        let units = units.into_iter().map(|(video, step, keyframe, ahead_us)| {
            let kind = if video { Kind::Video } else { Kind::Audio };
            let time_us = &mut times[usize::from(video)];
            *time_us += step;
            let pts_us = if video { *time_us + ahead_us } else { *time_us };
            (kind, Unit { time_us: *time_us, pts_us, keyframe: keyframe || !video, data: vec![0] })
        });
        with_rung(units.collect(), Codec::new(late, 1), &[]);
    }
}
