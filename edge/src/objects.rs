//! The objects' shells. Each holds a state machine of `spillway_room`: hands it what happens, does what it says, and decides
//! nothing. No borrow of a machine is held across an await.

mod alarm;
mod channel;
mod held;
mod reception;
mod relay;
mod room;
mod storage;
mod waiting;

use spillway_protocol::ids::StreamId;
use spillway_room::{Failed, Moment};

use crate::{
    failure::Failure,
    shell::{clock, entropy},
};

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Refused(problem) => (*problem).into(),
            Failed::TooFast(seconds) => Self::rate_limited(seconds),
            Failed::Storage(error) => Self::internal(error),
        }
    }
}

impl From<Failure> for worker::Error {
    /// For handlers without a caller to answer: what is thrown is logged, and an alarm is tried again.
    fn from(failure: Failure) -> Self {
        Self::RustError(failure.cause.unwrap_or(failure.problem.detail))
    }
}

fn moment() -> Result<Moment, Failure> {
    Ok(Moment { now: clock(), random: entropy()? })
}

/// What an object is called by.
fn name(state: &worker::State) -> Result<String, Failure> {
    state.id().name().ok_or_else(|| Failure::internal("an object without a name"))
}

fn stream_of(name: &str) -> Result<StreamId, Failure> {
    let stream = name.split('/').next().and_then(StreamId::parse);
    stream.ok_or_else(|| Failure::internal(format!("not a stream's object: {name}")))
}
