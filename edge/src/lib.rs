//! The Worker: people, streams, rooms and playback, at the edge.
//!
//! Natively this crate has the rules alone (routes, tokens, validation, cursors), which are tested without a server. What
//! touches the runtime is compiled for `wasm32` only: `entry` takes a request, `http` answers it out of its `shell`, `d1` and
//! `call` reach the data and the objects.

pub mod asking;
pub mod auth;
pub mod call;
pub mod failure;
pub mod headers;
pub mod idempotency;
pub mod json;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod play;
pub mod rates;
pub mod rooms;
pub mod route;
pub mod streams;

#[cfg(target_arch = "wasm32")]
mod d1;
#[cfg(target_arch = "wasm32")]
mod entry;
#[cfg(target_arch = "wasm32")]
mod http;
#[cfg(target_arch = "wasm32")]
mod objects;
#[cfg(target_arch = "wasm32")]
mod shell;
