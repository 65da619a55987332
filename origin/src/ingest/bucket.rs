//! An allowance that refills with time: so many at once, so many a second on average.

use std::time::{Duration, Instant};

/// Parts of one; a refill is counted in these.
const MICRO: u64 = 1_000_000;

/// A token bucket.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    per_second: u64,
    capacity: u64,
    /// In millionths.
    level: u64,
    filled: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn full(per_second: u64, capacity: u64, now: Instant) -> Self {
        let capacity = capacity.saturating_mul(MICRO);
        Self { per_second, capacity, level: capacity, filled: now }
    }

    /// Takes `count` out; `false`, and nothing is taken, when there are fewer.
    pub(crate) fn take(&mut self, count: u64, now: Instant) -> bool {
        self.level = self.level(now);
        self.filled = self.filled.max(now);
        let left = self.level.checked_sub(count.saturating_mul(MICRO));
        self.level = left.unwrap_or(self.level);
        left.is_some()
    }

    /// Puts `count` back.
    pub(crate) fn give_back(&mut self, count: u64) {
        self.level = self.level.saturating_add(count.saturating_mul(MICRO)).min(self.capacity);
    }

    /// Whether nothing is missing.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.level(now) >= self.capacity
    }

    fn level(&self, now: Instant) -> u64 {
        let elapsed: Duration = now.saturating_duration_since(self.filled);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.level.saturating_add(micros.saturating_mul(self.per_second)).min(self.capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gives_what_it_holds_and_refills() {
        let now = Instant::now();
        let mut bucket = Bucket::full(2, 3, now);
        assert!(bucket.take(3, now) && !bucket.take(1, now));
        assert!(!bucket.take(1, now + Duration::from_millis(499)));
        assert!(bucket.take(1, now + Duration::from_millis(500)));
        bucket.give_back(9);
        assert!(bucket.is_full(now), "never more than it can hold");
        assert!(!bucket.take(4, now + Duration::from_mins(1)));
    }

    proptest! {
        #[test]
        fn never_gives_more_than_its_size_and_its_rate(
            rate in 0u64..50, size in 0u64..50, asks in prop::collection::vec((0u64..500, 0u64..9), 0..200),
        ) {
            let began = Instant::now();
            let (mut bucket, mut ms, mut given) = (Bucket::full(rate, size, began), 0, 0);
            for (step, count) in asks {
                ms += step;
                if bucket.take(count, began + Duration::from_millis(ms)) {
                    given += count;
                }
                prop_assert!(given * 1_000 <= size * 1_000 + rate * ms, "{given} after {ms} ms");
            }
        }
    }
}
