//! Media time: 32-bit milliseconds that wrap every 49 days, from any starting point, made into milliseconds from the epoch's zero.
//!
//! Encoders set their clocks anew in the middle: by hours, in both directions, picture and sound one after the other. Media time
//! goes on as if they had not.

use crate::ingest::flv::Kind;

/// A frame that is behind its track by more than this did not come late: the clock was set anew.
const BACK_MS: i64 = 1_000;
/// The tracks, and a track before and after a hole, are not further apart than this: a silent encoder is let go by then.
const APART_MS: i64 = 10_000;
/// Between the last frame of the old clock and the first of the new one, about a picture's length.
const STEP_MS: i64 = 20;

/// The epoch's clock: the first frame of either track is its zero.
#[derive(Debug, Default)]
pub(crate) struct MediaClock {
    video: Track,
    audio: Track,
    /// The latest frame's time.
    newest: Option<i64>,
    /// The last frame's time.
    last: i64,
}

#[derive(Debug, Default)]
struct Track {
    /// What the encoder's clock says at the epoch's zero, modulo 2³².
    zero: Option<u32>,
    /// The latest frame's time.
    last: Option<i64>,
}

impl MediaClock {
    /// When a frame with this timestamp belongs.
    pub(crate) fn frame(&mut self, kind: Kind, timestamp: u32) -> i64 {
        let newest = self.newest.unwrap_or(0);
        let (own, other) = match kind {
            Kind::Video => (&mut self.video, &self.audio),
            Kind::Audio => (&mut self.audio, &self.video),
        };
        // By its own clock; if that was set anew, by the other track's, which may have been set with it; else right behind what was last.
        let believed = [own.zero, other.zero].into_iter().flatten().find_map(|zero| {
            let at = nearest(timestamp.wrapping_sub(zero), newest);
            let apart = at.abs_diff(newest) > APART_MS.unsigned_abs();
            let behind = own.last.is_some_and(|last| at < last.saturating_sub(BACK_MS));
            (!apart && !behind).then_some((zero, at))
        });
        let (zero, at) = believed.unwrap_or_else(|| {
            let at = self.newest.map_or(0, |newest| newest.saturating_add(STEP_MS));
            (timestamp.wrapping_sub(wrapped(at)), at)
        });
        *own = Track { zero: Some(zero), last: Some(own.last.map_or(at, |last| last.max(at))) };
        self.newest = Some(self.newest.map_or(at, |newest| newest.max(at)));
        self.last = at;
        at
    }

    /// When a codec configuration belongs that comes now. Its own timestamp is no frame's: encoders write 0 there at any time.
    pub(crate) fn now(&self) -> i64 {
        self.last
    }
}

/// The time nearest to `near` that a 32-bit clock shows as `shown`.
fn nearest(shown: u32, near: i64) -> i64 {
    near.saturating_add(i64::from(shown.wrapping_sub(wrapped(near)).cast_signed()))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "encoders count modulo 2³²")]
fn wrapped(at: i64) -> u32 {
    at as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use Kind::{Audio, Video};
    use proptest::prelude::*;

    /// Pictures and sound every 20 ms: when each belongs whose clock shows `clock(kind, n)` at the n-th.
    fn times(clock: impl Fn(Kind, i64) -> i64) -> Vec<(i64, i64)> {
        let mut media = MediaClock::default();
        let mut at = |kind, n| media.frame(kind, wrapped(clock(kind, n)));
        (0..100).map(|n| (at(Video, n), at(Audio, n))).collect()
    }

    #[test]
    fn the_first_frame_is_zero_and_configurations_do_not_move_it() {
        let mut clock = MediaClock::default();
        assert_eq!(clock.now(), 0);
        assert_eq!(clock.frame(Audio, 5_000), 0);
        assert_eq!(clock.frame(Video, 4_990), -10);
        assert_eq!(clock.frame(Audio, 5_040), 40);
        assert_eq!(clock.now(), 40);
    }

    #[test]
    fn a_clock_that_is_set_anew_leaves_no_trace() {
        let hour = 3_600_000;
        for jump in [-hour, -hour / 2, -1_900, 10_001, hour, 30 * 24 * hour, -30 * 24 * hour] {
            // Sound follows three frames later, as tags are interleaved.
            let clock = |kind, n| 100 * hour + n * 20 + if n >= 50 + 3 * i64::from(kind == Audio) { jump } else { 0 };
            for (n, (video, audio)) in (0..).zip(times(clock)) {
                assert!((n * 20..=n * 20 + 40).contains(&video), "picture {n} at {video} after a jump of {jump}");
                assert!((n * 20..=n * 20 + 40).contains(&audio), "sound {n} at {audio} after a jump of {jump}");
            }
        }
    }

    #[test]
    fn a_short_hole_stays_one() {
        let times = times(|_, n| n * 20 + if n >= 50 { 9_000 } else { 0 });
        assert_eq!((times[49], times[50], times[99]), ((980, 980), (10_000, 10_000), (10_980, 10_980)));
    }

    #[test]
    fn tracks_with_clocks_of_their_own_are_kept_together() {
        let times = times(|kind, n| n * 20 + if kind == Audio { 5_000_000 } else { 0 });
        assert!(times.iter().all(|(video, audio)| audio - video == STEP_MS), "{times:?}");
    }

    #[test]
    fn sound_that_paused_with_its_clock_comes_back_beside_the_picture() {
        let mut clock = MediaClock::default();
        assert_eq!((clock.frame(Video, 0), clock.frame(Audio, 0)), (0, 0));
        for n in 0..3_000 {
            clock.frame(Video, n * 20);
        }
        assert_eq!(clock.frame(Audio, 20), 2_999 * 20 + STEP_MS);
        // And by the common clock after a pause without one.
        assert_eq!(clock.frame(Audio, 60_000), 60_000);
    }

    proptest! {
        #[test]
        fn unwraps_across_any_number_of_wraps(start: u32, steps in prop::collection::vec((any::<bool>(), -900i64..9_000), 1..600)) {
            let mut clock = MediaClock::default();
            clock.frame(Video, start);
            let (mut last, mut at) = (0, 0i64);
            for (audio, step) in steps {
                at = (last + step).max(at - 900);
                last = last.max(at);
                let kind = if audio { Audio } else { Video };
                prop_assert_eq!(clock.frame(kind, start.wrapping_add(wrapped(at))), at);
            }
        }

        #[test]
        fn any_timestamps_keep_each_track_in_order(stamps in prop::collection::vec((any::<bool>(), any::<u32>()), 1..200)) {
            let mut clock = MediaClock::default();
            let (mut last, mut newest) = ([None; 2], 0);
            for (audio, stamp) in stamps {
                let at = clock.frame(if audio { Audio } else { Video }, stamp);
                let before = last[usize::from(audio)].replace(at);
                prop_assert!(before.is_none_or(|before| at >= before - BACK_MS));
                prop_assert!((at - newest).abs() <= APART_MS);
                newest = newest.max(at);
            }
        }
    }
}
