//! The developer's commands. A library as well, so that the scenarios in `tests` start the programs just as `up` does.

pub mod build;
pub mod check;
mod inputs;
pub mod process;
mod progress;
pub mod run;
pub mod tools;
pub mod up;
mod workspace;

pub use workspace::Workspace;
