//! How long parts are.

use super::*;

/// As encoders write times: in whole milliseconds.
fn rounded(mut units: Vec<(Kind, Unit)>) -> Vec<(Kind, Unit)> {
    for (_, unit) in units.iter_mut().filter(|(kind, _)| *kind == Kind::Video) {
        unit.time_us -= unit.time_us % 1_000;
        unit.pts_us -= unit.pts_us % 1_000;
    }
    units
}

/// Pictures at this many thousandths a second, in two seconds' groups.
fn at_rate(rate: u64, between: u64) -> Vec<(Kind, Unit)> {
    pictures(0, 1_000_000_000 / rate, &[rate / 500; 4], between)
}

impl Rendition {
    /// The letter of RFC 8216bis: no part is longer than the target, and none but a segment's last shorter than 85 % of it.
    pub(super) fn meets(&self, target_ms: u32) {
        let most_us = u64::from(target_ms) * 1_000;
        for part in &self.parts {
            let least_us = if part.last { 0 } else { most_us * 85 / 100 };
            assert!((least_us..=most_us).contains(&part.duration_us), "{part:?} for {target_ms}");
        }
    }

    /// How many units the parts have that are not a segment's last.
    fn counts(&self) -> Vec<usize> {
        let mut counts: Vec<_> =
            self.parts.iter().filter(|part| !part.last).map(|part| self.units(part).len()).collect();
        counts.sort_unstable();
        counts.dedup();
        counts
    }
}

#[test]
fn every_frame_rate_has_its_parts() {
    for (rate, target_ms, pictures) in [
        (120_000, 253, 30),
        (60_000, 253, 15),
        (59_940, 253, 15),
        (50_000, 253, 12),
        (48_000, 253, 12),
        (30_000, 253, 7),
        (29_970, 253, 7),
        (25_000, 253, 6),
        (24_000, 253, 6),
        (23_976, 253, 6),
        (20_000, 253, 5),
        (15_000, 270, 4),
        (12_000, 253, 3),
        (10_000, 303, 3),
        (4_000, 253, 1),
        (1_000, 1_010, 1),
    ] {
        for between in [0, 2] {
            let outcome = outcome(&config(None), rounded(at_rate(rate, between)), 0);
            assert_eq!(outcome.part_target_ms, Some(target_ms), "{rate}");
            assert_eq!(outcome.video.counts(), [pictures], "{rate}");
            outcome.video.meets(target_ms);
        }
    }
}

#[test]
fn sound_meets_the_pictures_target_or_its_own() {
    let parts = |units| {
        let outcome = outcome(&config(None), units, 0);
        outcome.audio.meets(outcome.part_target_ms.unwrap());
        (outcome.part_target_ms, outcome.audio.counts())
    };
    assert_eq!(parts(sound(0, 9_000_000)), (Some(253), vec![11]));
    assert_eq!(parts([at_rate(30_000, 2), sound(0, 8_000_000)].concat()), (Some(253), vec![11]));
    assert_eq!(parts([at_rate(10_000, 0), sound(0, 8_000_000)].concat()), (Some(303), vec![14]));
}

#[test]
fn a_settled_target_stays_whatever_comes() {
    let settled = |rate, part_target_ms| {
        let config = Config { part_target_ms: Some(part_target_ms), ..config(Some(2_000)) };
        let outcome = outcome(&config, rounded(at_rate(rate, 1)), 0);
        assert_eq!((outcome.target_ms, outcome.part_target_ms), (Some(2_000), Some(part_target_ms)));
        outcome.video
    };
    let video = settled(30_000, 303);
    assert_eq!(video.counts(), [9]);
    video.meets(303);
    // Neither three pictures nor four are between 215 and 253 ms: what is too short is the lesser evil.
    assert_eq!(settled(15_000, 253).counts(), [3]);
    // A picture cannot be cut.
    assert_eq!(settled(1_000, 253).counts(), [1]);
}

#[test]
fn both_targets_are_said_at_once() {
    for part_target_ms in [None, Some(270)] {
        let config = Config { part_target_ms, ..config(Some(4_000)) };
        let mut segmenter = Segmenter::new(&config);
        let mut said = segmenter.steps().collect::<Vec<_>>();
        assert_eq!(said.is_empty(), part_target_ms.is_none(), "not before a part's is known");
        segmenter.finish();
        said.extend(segmenter.steps());
        let target = pipe::Target { target_ms: 4_000, part_target_ms: part_target_ms.unwrap_or(253) };
        assert_eq!(said, [Step::Say(Said::Target(target))]);
    }
}

#[test]
fn a_camera_that_stumbles_at_first_does_not_settle_anything() {
    let mut units = rounded(at_rate(30_000, 0));
    for (_, unit) in units.iter_mut().skip(3) {
        unit.time_us += 400_000;
        unit.pts_us += 400_000;
    }
    let outcome = outcome(&config(None), units, 0);
    assert_eq!(outcome.part_target_ms, Some(253));
}

#[test]
fn a_unit_that_does_not_fit_begins_the_next_part() {
    let late = |by_us| {
        let mut units = at_rate(60_000, 0);
        // The fifteenth of the first part that begins behind 3 s lasts longer.
        for (_, unit) in units.iter_mut().skip(180 + 15) {
            unit.time_us += by_us;
            unit.pts_us += by_us;
        }
        let outcome = outcome(&config(None), units, 0);
        let part = outcome.video.parts.iter().find(|part| part.start_us >= 3_000_000 - 1_000).unwrap().clone();
        outcome.video.units(&part).len()
    };
    assert_eq!(late(0), 15);
    assert_eq!(late(20_000), 14);
}

#[test]
fn a_part_is_whole_as_soon_as_what_follows_it_comes() {
    let config = Config { part_target_ms: Some(253), ..config(Some(2_000)) };
    for (rate, pictures) in [(30_000, 7), (60_000, 15)] {
        let mut segmenter = Segmenter::new(&config);
        let _ = segmenter.steps().count();
        for (n, (_, unit)) in at_rate(rate, 3).into_iter().enumerate().take(pictures + 1) {
            segmenter.video((n == 0).then(|| run(Kind::Video)), unit);
            let steps: Vec<_> = segmenter.steps().collect();
            let told = steps.iter().any(|step| matches!(step, Step::Tell(_, Told::Part(_))));
            assert_eq!(told, n == pictures, "{n} of {pictures}");
            // The muxer finishes a part when it is given the next picture: that one is not held.
            assert!(!told || matches!(steps.last(), Some(Step::Push(..))));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn an_even_frame_rate_meets_the_target_to_the_letter(
        rate in 10_000_u64..=120_000,
        start_us in 0_u64..200_000,
        gops_ms in prop::collection::vec(500_u64..=4_000, 3..8),
        between in 0_u64..=4,
        with_sound: bool,
    ) {
        let step_us = 1_000_000_000 / rate;
        let gops: Vec<_> = gops_ms.iter().map(|ms| (ms * 1_000 / step_us).max(1)).collect();
        let until_us = start_us + gops.iter().sum::<u64>() * step_us;
        let mut units = rounded(pictures(start_us, step_us, &gops, between));
        if with_sound {
            units.extend(sound(start_us, until_us));
        }
        let outcome = outcome(&config(None), units, 0);
        let target_ms = outcome.part_target_ms.unwrap();
        prop_assert!((253..=303).contains(&target_ms), "{}", target_ms);
        outcome.video.meets(target_ms);
        outcome.audio.meets(target_ms);
    }

    #[test]
    fn an_uneven_frame_rate_gives_no_part_that_is_too_long(
        steps in prop::collection::vec(8_000_u64..60_000, 100..400),
    ) {
        let mut time_us = 0;
        let units = steps.into_iter().enumerate().map(|(n, step_us)| {
            time_us += step_us;
            (Kind::Video, Unit { time_us, pts_us: time_us, keyframe: n % 60 == 0, data: vec![0] })
        });
        let outcome = outcome(&config(None), units.collect(), 0);
        let target_us = u64::from(outcome.part_target_ms.unwrap()) * 1_000;
        prop_assert!(outcome.video.parts.iter().all(|part| part.duration_us <= target_us));
    }
}
