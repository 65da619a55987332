//! Something that is done by someone else, one at a time, and again when it failed.

use spillway_protocol::time::Timestamp;

const FIRST_MS: i64 = 1_000;
/// What was away and is back is noticed within this time: viewers may be waiting for it.
const LONGEST_MS: i64 = 8_000;
/// An answer that never comes: every call has a time limit below this.
const LOST_MS: i64 = 15_000;

/// Where it stands. Kept in memory: after a restore it is simply done again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Nothing stands in the way.
    #[default]
    Ready,
    /// Under way since then, after so many failures.
    Asked(Timestamp, u32),
    /// It failed so many times; not before then.
    Failed(Timestamp, u32),
}

impl Retry {
    /// Whether it may be begun now.
    pub(crate) fn may_begin(self, now: Timestamp) -> bool {
        self.next().is_none_or(|at| now >= at)
    }

    /// When it may be begun, unless that is now.
    pub(crate) fn next(self) -> Option<Timestamp> {
        match self {
            Self::Ready => None,
            Self::Asked(since, _) => Some(since.plus_millis(LOST_MS)),
            Self::Failed(until, _) => Some(until),
        }
    }

    /// It is begun.
    pub(crate) fn begin(&mut self, now: Timestamp) {
        *self = Self::Asked(now, self.failures());
    }

    /// It is done, or not.
    pub(crate) fn finish(&mut self, now: Timestamp, done: bool) {
        let failures = self.failures();
        *self = if done {
            Self::Ready
        } else {
            let wait = FIRST_MS.saturating_mul(1 << failures.min(6)).min(LONGEST_MS);
            Self::Failed(now.plus_millis(wait), failures.saturating_add(1))
        };
    }

    fn failures(self) -> u32 {
        match self {
            Self::Ready => 0,
            Self::Asked(_, failures) | Self::Failed(_, failures) => failures,
        }
    }
}
