//! A viewer's socket, and what is kept with it while the Relay sleeps.

use serde::{Deserialize, Serialize};
use spillway_protocol::time::Timestamp;

use crate::call::{relay::Visitor, room::Position};

/// A socket's number within its Relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SocketId(pub u64);

/// A socket: what is kept with it, and outlives the Relay's memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Socket {
    /// Its number.
    pub id: SocketId,
    /// Who it is.
    pub visitor: Visitor,
    /// Whether it offered to take batches.
    pub batch: bool,
    /// How far it is.
    pub phase: Phase,
    /// When it last sent a frame (pings are known to the runtime alone).
    pub heard: Timestamp,
    /// Frames that it may send.
    pub frames: Bucket,
    /// Lines that it may say.
    pub lines: Bucket,
}

/// How far a socket is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// It has said nothing yet.
    New,
    /// It waits for `WELCOME`.
    Waiting {
        /// What it has seen already.
        resume: Option<Position>,
    },
    /// It is told what happens.
    Joined {
        /// Behind this `seq`: a client that comes from another Relay may be ahead of this one.
        from: u64,
    },
}

impl Socket {
    pub(super) fn is_joined(&self) -> bool {
        matches!(self.phase, Phase::Joined { .. })
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting { .. })
    }
}

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
pub(super) struct Rate {
    pub(super) burst: i64,
    pub(super) per_second: i64,
}

impl Bucket {
    pub(super) fn full(rate: Rate, now: Timestamp) -> Self {
        Self { left: rate.burst.saturating_mul(1_000), at: now }
    }

    /// Takes a token; otherwise the seconds until there is one.
    pub(super) fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), u32> {
        let filled = now.since(self.at).saturating_mul(rate.per_second);
        let left = self.left.saturating_add(filled).min(rate.burst.saturating_mul(1_000));
        *self = Self { left, at: now.max(self.at) };
        if left >= 1_000 {
            self.left = left.saturating_sub(1_000);
            return Ok(());
        }
        let seconds =
            1_000_i64.saturating_sub(left).unsigned_abs().div_ceil(rate.per_second.unsigned_abs().max(1) * 1_000);
        Err(u32::try_from(seconds).unwrap_or(u32::MAX))
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
}
