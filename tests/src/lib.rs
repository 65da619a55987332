//! What the scenarios are played with: the programs as they really run, people, encoders, players, a browser.
//!
//! The programs of a test binary are started once and shared; every scenario has people and streams of its own.
//! Everything waits for an event and has a bound; what was waited for in vain is a failed test that says what was seen.

mod api;
pub mod browser;
pub mod cache;
pub mod encoder;
pub mod faults;
pub mod glass;
pub mod node;
pub mod page;
pub mod peers;
mod people;
pub mod player;
mod room;
mod streams;
mod system;
mod wait;

pub use api::{Api, Call, Reply};
pub use people::{PASSWORD, Person, unique_name};
pub use room::{Event, NotOpened, RoomSocket};
pub use streams::Broadcast;
pub use system::{Scratch, System, edge, free_port, system};
pub use wait::{LIMIT, eventually};
