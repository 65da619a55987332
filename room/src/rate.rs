//! How fast someone may be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spillway_protocol::{ids::UserId, time::Timestamp};

/// Lines; who says more is told to wait.
pub(crate) const LINES: Rate = Rate { burst: 5, per_second: 1 };
/// People whose pace is remembered at once.
const PEOPLE: usize = 10_000;

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// Thousandths of a token that are left.
    left: i64,
    /// As of then.
    at: Timestamp,
}

/// How much a bucket holds, and how fast it fills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) burst: i64,
    pub(crate) per_second: i64,
}

impl Bucket {
    pub(crate) fn full(rate: Rate, now: Timestamp) -> Self {
        Self { left: rate.burst.saturating_mul(1_000), at: now }
    }

    fn is_full(mut self, rate: Rate, now: Timestamp) -> bool {
        self.fill(rate, now);
        self.left >= rate.burst.saturating_mul(1_000)
    }

    fn fill(&mut self, rate: Rate, now: Timestamp) {
        let filled = now.since(self.at).saturating_mul(rate.per_second);
        self.left = self.left.saturating_add(filled).min(rate.burst.saturating_mul(1_000));
        self.at = now.max(self.at);
    }

    /// Takes a token; otherwise the seconds until there is one.
    pub(crate) fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), u32> {
        self.fill(rate, now);
        let left = self.left;
        if left >= 1_000 {
            self.left = left.saturating_sub(1_000);
            return Ok(());
        }
        let seconds =
            1_000_i64.saturating_sub(left).unsigned_abs().div_ceil(rate.per_second.unsigned_abs().max(1) * 1_000);
        Err(u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}

/// The pace of people, by whichever way they speak. Kept in memory: a room that slept has seen nobody hurry.
#[derive(Debug, Default)]
pub(crate) struct Paces(BTreeMap<UserId, Bucket>);

impl Paces {
    /// Lets someone say a line; otherwise the seconds until they may.
    pub(crate) fn take(&mut self, user: UserId, now: Timestamp) -> Result<(), u32> {
        if self.0.len() >= PEOPLE && !self.0.contains_key(&user) {
            self.0.retain(|_, bucket| !bucket.is_full(LINES, now));
            // So that this is done seldom, however many there are.
            if self.0.len() > PEOPLE / 2 {
                self.0.clear();
            }
        }
        self.0.entry(user).or_insert_with(|| Bucket::full(LINES, now)).take(LINES, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_a_burst_through_and_then_its_rate() {
        let rate = Rate { burst: 3, per_second: 1 };
        let at = Timestamp::from_millis;
        let mut bucket = Bucket::full(rate, at(0));
        assert!((0..3).all(|_| bucket.take(rate, at(0)).is_ok()));
        assert_eq!(bucket.take(rate, at(500)), Err(1));
        assert_eq!(bucket.take(rate, at(1_000)), Ok(()));
        assert_eq!(bucket.take(rate, at(1_000)), Err(1));
        assert_eq!((0..9).filter(|_| bucket.take(rate, at(60_000)).is_ok()).count(), 3);
    }

    #[test]
    fn so_many_people_are_remembered_and_no_more() {
        let at = Timestamp::from_millis;
        let mut paces = Paces::default();
        for number in 0..20_000 {
            assert!(paces.take(UserId::new(at(0), number), at(0)).is_ok());
            assert!(paces.0.len() <= PEOPLE);
        }
        let hasty = UserId::new(at(0), u128::MAX);
        assert!((0..5).all(|_| paces.take(hasty, at(0)).is_ok()));
        assert_eq!(paces.take(hasty, at(0)), Err(1));
    }
}
