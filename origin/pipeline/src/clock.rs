//! From the times on FLV tags, which are whole milliseconds, to the times of units on one line that both tracks share.

use crate::aac::AudioFormat;

/// A tag that is behind by more than this did not come late: the encoder's clock was set anew.
const BACK_US: i64 = 1_000_000;
/// Sound that is behind by more than this was heard already.
const HEARD_US: i64 = 200_000;
/// Units of a track are at least this far apart.
const STEP_US: i64 = 1_000;

/// The encoder's clock went back. A new epoch is the cure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tag is {0} µs behind the one before")]
pub(crate) struct WentBack(i64);

/// Times of pictures. A picture's time is its decoding time, moved by as much as the run's first keyframe is shown after it
/// is decoded: so a keyframe's time is when it is shown, and times rise from picture to picture.
#[derive(Debug, Default)]
pub(crate) struct VideoClock {
    /// How far decoding is ahead of showing.
    ahead_us: Option<i64>,
    last_us: Option<i64>,
}

impl VideoClock {
    /// A new run of pictures: the next one, a keyframe, says how far decoding is ahead.
    pub(crate) fn restart(&mut self) {
        self.ahead_us = None;
    }

    /// How far decoding is ahead of showing, at the run's first keyframe.
    pub(crate) fn ahead_us(&self) -> u64 {
        self.ahead_us.and_then(|ahead| u64::try_from(ahead).ok()).unwrap_or(0)
    }

    /// The times of the picture that is decoded at `dts_us` and shown at `pts_us`: its own, and when it is shown. What comes late is
    /// shown late too.
    pub(crate) fn time(&mut self, dts_us: i64, pts_us: i64) -> Result<(i64, i64), WentBack> {
        let ahead = *self.ahead_us.get_or_insert(pts_us.saturating_sub(dts_us).max(0));
        let time = dts_us.saturating_add(ahead);
        let earliest = self.last_us.map_or(0, |last| last.saturating_add(STEP_US));
        let late = earliest.saturating_sub(time).max(0);
        if late > BACK_US {
            return Err(WentBack(late));
        }
        Ok((*self.last_us.insert(time.saturating_add(late)), pts_us.saturating_add(late)))
    }
}

/// Times of sound. They count samples, and follow the tags only as far as the tags' own rounding cannot explain.
#[derive(Debug, Default)]
pub(crate) struct AudioClock {
    anchor_us: Option<i64>,
    frames: u64,
}

impl AudioClock {
    /// Another format begins: samples are counted from its first tag.
    pub(crate) fn restart(&mut self, format: &AudioFormat) {
        if self.anchor_us.is_some() {
            self.anchor_us = Some(self.next(format));
            self.frames = 0;
        }
    }

    /// The time of the frame that came at `tag_us`; `None` when something else was heard at that time.
    pub(crate) fn time(&mut self, tag_us: i64, format: &AudioFormat) -> Result<Option<i64>, WentBack> {
        let next = if self.anchor_us.is_some() { self.next(format) } else { *self.anchor_us.insert(tag_us) };
        let off = tag_us.saturating_sub(next);
        if off < -BACK_US {
            return Err(WentBack(-off));
        }
        if off < -HEARD_US {
            return Ok(None);
        }
        let frame = i64::try_from(format.frames_us(1)).unwrap_or(i64::MAX);
        let time = if off >= frame {
            // Sound is missing: go on where the tag is.
            self.anchor_us = Some(tag_us);
            self.frames = 0;
            tag_us
        } else if off.abs() > STEP_US {
            // The clocks drift, or the tags jitter: follow slowly enough that nobody hears it.
            let moved = off.clamp(-STEP_US, STEP_US);
            self.anchor_us = self.anchor_us.map(|anchor| anchor.saturating_add(moved));
            next.saturating_add(moved)
        } else {
            next
        };
        self.frames = self.frames.saturating_add(1);
        Ok(Some(time))
    }

    fn next(&self, format: &AudioFormat) -> i64 {
        let counted = i64::try_from(format.frames_us(self.frames)).unwrap_or(i64::MAX);
        self.anchor_us.unwrap_or(0).saturating_add(counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn aac() -> AudioFormat {
        AudioFormat::parse(&[0x11, 0x90]).unwrap()
    }

    #[test]
    fn a_keyframe_is_at_the_time_it_is_shown() {
        let mut clock = VideoClock::default();
        assert_eq!(clock.time(0, 66_000), Ok((66_000, 66_000)));
        assert_eq!(clock.time(33_000, 166_000), Ok((99_000, 166_000)));
    }

    #[test]
    fn pictures_at_one_time_are_told_apart_and_a_new_clock_is_refused() {
        let mut clock = VideoClock::default();
        assert_eq!(clock.time(5_000_000, 5_000_000), Ok((5_000_000, 5_000_000)));
        assert_eq!(clock.time(5_000_000, 5_000_000), Ok((5_001_000, 5_001_000)));
        assert_eq!(clock.time(4_500_000, 4_600_000), Ok((5_002_000, 5_102_000)));
        assert!(clock.time(0, 0).is_err());
    }

    #[test]
    fn sound_that_is_missing_is_not_made_up() {
        let mut clock = AudioClock::default();
        assert_eq!(clock.time(0, &aac()), Ok(Some(0)));
        assert_eq!(clock.time(500_000, &aac()), Ok(Some(500_000)));
        assert_eq!(clock.time(521_000, &aac()), Ok(Some(521_333)));
    }

    #[test]
    fn sound_is_not_heard_twice() {
        let mut clock = AudioClock::default();
        let mut heard = |frame: i64| clock.time(frame * 64_000 / 3, &aac()).unwrap().is_some();
        assert!((0..100).all(&mut heard));
        let again: Vec<_> = (60..140).filter(|frame| heard(*frame)).collect();
        assert!((90..=100).contains(&again[0]), "{again:?}");
        assert!(again.windows(2).all(|pair| pair[1] - pair[0] == 1), "{again:?}");
    }

    proptest! {
        #[test]
        fn rounded_tags_give_even_samples(first in 0_i64..1_000_000, frames in 1_u64..500) {
            let mut clock = AudioClock::default();
            let mut start = None;
            for n in 0..frames {
                let exact = first + i64::try_from(aac().frames_us(n)).unwrap();
                let time = clock.time(exact / 1_000 * 1_000, &aac()).unwrap().unwrap();
                let start = *start.get_or_insert(time);
                prop_assert_eq!(time, start + i64::try_from(aac().frames_us(n)).unwrap());
                prop_assert!((time - exact).abs() <= 1_000);
            }
        }

        #[test]
        fn sound_follows_a_drifting_clock(drift in -40_i64..=40) {
            let mut clock = AudioClock::default();
            let mut last = -1;
            for n in 0..1_000 {
                let exact = i64::try_from(aac().frames_us(n)).unwrap() + drift * i64::try_from(n).unwrap();
                let time = clock.time(exact / 1_000 * 1_000, &aac()).unwrap().unwrap();
                prop_assert!((time - exact).abs() <= 3_000, "{} for {}", time, exact);
                prop_assert!(time > last);
                last = time;
            }
        }
    }
}
