//! RTMP: the session as a state machine, a thin loop around it, and the listener.

mod amf;
mod chunk;
mod clock;
mod command;
mod conn;
#[cfg(fuzzing)]
pub mod fuzz;
#[cfg(all(test, not(fuzzing)))]
mod fuzz;
mod guard;
mod handshake;
mod reply;
mod server;
mod session;
#[cfg(test)]
mod session_tests;

pub(crate) use server::Server;
