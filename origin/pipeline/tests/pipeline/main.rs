//! The real process between two pipes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod changes;
mod checks;
mod clocks;
mod encoders;
mod harness;
mod ladder;
mod limits;
mod media;
mod parts;
mod process;
