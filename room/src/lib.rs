//! Room, Relay and Channel as state machines without a runtime.

pub mod call;
