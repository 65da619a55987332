//! Whether the rungs keep up. No clock: time comes in.

use std::time::{Duration, Instant};

/// Rungs that are this far behind their source, and do not catch up, are too many.
const BEHIND_US: u64 = 1_000_000;
/// How long they are given to catch up,
const LOOK: Duration = Duration::from_secs(2);
/// and by how much they have to in that time.
const CATCH_UP_US: u64 = 250_000;
/// More bytes than this do not wait, whatever the reason.
const MOST_BYTES: usize = 24 * 1024 * 1024;

/// How far behind they were when it was last looked.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    seen: Option<(Instant, u64)>,
}

impl Pace {
    /// Whether a rung is to be given up: they are `lag_us` of media behind, and so many bytes wait. What comes faster than it is played,
    /// as after a failure, is no reason by itself.
    pub(crate) fn falls_behind(&mut self, lag_us: u64, bytes: usize, now: Instant) -> bool {
        if bytes > MOST_BYTES {
            self.seen = None;
            return true;
        }
        if lag_us <= BEHIND_US {
            self.seen = None;
            return false;
        }
        let (at, was_us) = *self.seen.get_or_insert((now, lag_us));
        let elapsed = now.saturating_duration_since(at);
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let is_burst = lag_us > was_us.saturating_add(elapsed_us).saturating_add(CATCH_UP_US);
        if is_burst || lag_us.saturating_add(CATCH_UP_US) <= was_us {
            self.seen = Some((now, lag_us));
            return false;
        }
        let behind = elapsed >= LOOK;
        if behind {
            self.seen = None;
        }
        behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rungs that encode `percent` of the speed of media, of which `ahead_us` came at once; when one is given up, in milliseconds.
    fn given_up(percent: u64, ahead_us: u64) -> Option<u64> {
        let (began, mut pace) = (Instant::now(), Pace::default());
        (0..60_000).step_by(20).find(|ms| {
            let came_us = ms * 1_000 + ahead_us;
            let lag_us = came_us.saturating_sub(ms * 10 * percent);
            pace.falls_behind(lag_us, 0, began + Duration::from_millis(*ms))
        })
    }

    #[test]
    fn rungs_that_keep_up_stay() {
        assert_eq!(given_up(100, 0), None);
        assert_eq!(given_up(100, 900_000), None);
    }

    #[test]
    fn rungs_that_catch_up_stay() {
        assert_eq!(given_up(120, 20_000_000), None);
    }

    #[test]
    fn rungs_that_fall_behind_go() {
        // A second of media is lost after two, and nothing is made good in the two that follow.
        assert_eq!(given_up(50, 0), Some(4_020));
        assert!(given_up(95, 0).is_some());
        assert!(given_up(100, 5_000_000).is_some(), "what never catches up is late for ever");
    }

    #[test]
    fn a_burst_in_the_middle_is_no_reason() {
        let (began, mut pace) = (Instant::now(), Pace::default());
        assert!(!pace.falls_behind(1_100_000, 0, began));
        assert!(!pace.falls_behind(9_000_000, 0, began + Duration::from_millis(100)));
        assert!(!pace.falls_behind(8_000_000, 0, began + Duration::from_millis(2_050)));
        assert!(pace.falls_behind(8_000_000, 0, began + Duration::from_millis(4_100)));
    }

    #[test]
    fn memory_is_bounded() {
        assert!(Pace::default().falls_behind(0, MOST_BYTES + 1, Instant::now()));
    }
}
