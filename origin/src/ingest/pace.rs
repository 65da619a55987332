//! Media that comes faster than it is played: some of it at once, as from an encoder that stalled, and then no faster than it can be
//! shown. What is sent on is what viewers see as the live edge; a file pushed as fast as it can be read would run away from them.
//!
//! Pure: it is told what came and when, and says how long to leave the rest where it is.

use std::time::{Duration, Instant};

/// Media that may come at once.
const AT_ONCE_MS: i64 = 15_000;
/// Thousandths more than the clock: no encoder's is exact.
const SPARE: i64 = 10;
/// The longest wait at a time: whoever is to be let go is let go within it.
const LONGEST: Duration = Duration::from_secs(1);

/// How far a publisher's media is ahead of the clock.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// The latest media so far, and when it was looked at.
    last: Option<(i64, Instant)>,
    /// What may still come at once, in thousandths of a millisecond of media.
    left: i64,
}

impl Pace {
    /// Media of this time came.
    pub(crate) fn came(&mut self, dts_ms: i64, now: Instant) {
        let (last_ms, at) = *self.last.get_or_insert_with(|| {
            self.left = AT_ONCE_MS * 1_000;
            (dts_ms, now)
        });
        let passed_us = i64::try_from(now.saturating_duration_since(at).as_micros()).unwrap_or(i64::MAX);
        let filled = passed_us.saturating_add(passed_us / 1_000 * SPARE);
        let spent = dts_ms.saturating_sub(last_ms).max(0).saturating_mul(1_000);
        self.left = self.left.saturating_add(filled).min(AT_ONCE_MS * 1_000).saturating_sub(spent);
        self.last = Some((dts_ms.max(last_ms), now));
    }

    /// How long to wait before more is taken, if it came too fast.
    pub(crate) fn pause(&self) -> Option<Duration> {
        let missing = u64::try_from(self.left.saturating_neg()).ok().filter(|missing| *missing > 0)?;
        Some(Duration::from_micros(missing).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds media of `media_ms` in frames of 40 ms, waiting as told and `frame_us` a frame; how long it takes.
    fn takes(media_ms: i64, frame_us: u64) -> Duration {
        let (mut pace, begun) = (Pace::default(), Instant::now());
        let mut now = begun;
        for dts_ms in (0..media_ms).step_by(40) {
            pace.came(dts_ms, now);
            now += pace.pause().unwrap_or_default() + Duration::from_micros(frame_us);
        }
        now - begun
    }

    #[test]
    fn what_comes_in_its_time_does_not_wait() {
        assert_eq!(takes(600_000, 40_000), Duration::from_mins(10));
    }

    #[test]
    fn a_file_that_is_read_at_once_is_slowed_down_to_its_length() {
        let seconds = takes(115_000, 0).as_secs();
        assert!((97..=100).contains(&seconds), "{seconds} s for 115 s of which 15 may come at once");
        assert!(takes(14_000, 0).is_zero(), "what an encoder kept while it stalled comes at once");
    }

    #[test]
    fn a_clock_that_is_a_little_fast_is_let_be() {
        assert_eq!(takes(8 * 3_600_000, 39_700), Duration::from_micros(39_700) * (8 * 90_000));
    }

    #[test]
    fn a_step_of_the_clock_is_waited_for_a_second_at_a_time() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.came(0, now);
        pace.came(100_000, now);
        assert_eq!(pace.pause(), Some(LONGEST));
        pace.came(0, now + Duration::from_secs(200));
        assert_eq!(pace.pause(), None);
    }
}
