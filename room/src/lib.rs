//! Room, Relay and Channel as state machines without a runtime: no clock, no randomness, no I/O but a synchronous [`sql::Sql`].
//!
//! Each is used alike. Something happened: call the method that says so, with the present time. Then `poll`: it says all
//! that is to be done now, and when to be polled again at the latest. What is to be done follows from what is stored, not from
//! what just happened, so that an object restored from its storage does the same as one that went on.

pub mod call;
pub mod channel;
pub mod chat;
pub mod relay;
pub mod room;
pub mod sql;

mod rate;
mod retry;

use spillway_protocol::{
    problem::{Code, Problem},
    time::Timestamp,
};

/// A moment: the present time, and randomness that is used once.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The time.
    pub now: Timestamp,
    /// 128 bits.
    pub random: u128,
}

/// Why a call has no reply.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The caller is told why.
    #[error("{}: {}", .0.title, .0.detail)]
    Refused(Box<Problem>),
    /// The caller is to wait so many seconds.
    #[error("too fast")]
    TooFast(u32),
    /// Storage failed: what is in memory is to be thrown away, and restored.
    #[error(transparent)]
    Storage(#[from] sql::SqlError),
}

impl Failed {
    pub(crate) fn refused(code: Code, detail: &str) -> Self {
        Self::Refused(Box::new(Problem::new(code, detail)))
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}
