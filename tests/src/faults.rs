//! Faults, for scenarios with a system of their own: a proxy that fails requests, processes that are killed, stopped and
//! started again, and the witnesses that say afterwards whether a viewer would have noticed.
//!
//! What is left to chance follows a [`Seed`]; a run that failed is repeated with the seed that it printed.

mod objects;
mod process;
mod proxy;
mod seed;
mod setup;
mod viewer;

pub mod chat;
pub mod playlist;

pub use objects::Objects;
pub use process::{Frozen, children, freeze, kill, resident_bytes};
pub use proxy::{Fault, Proxy, Rule};
pub use seed::Seed;
pub use setup::{Setup, Victim};
pub use viewer::ViewerProcess;
