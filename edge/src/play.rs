//! Playback: playlists and media below `/play/`. What a path means, who may have it, and which bytes of it are asked for is
//! decided here; playlists come from a Relay, media straight from R2.

pub mod access;
pub mod asks;
pub mod directives;
pub mod gates;
pub mod path;
pub mod range;

#[cfg(target_arch = "wasm32")]
mod object;
#[cfg(target_arch = "wasm32")]
mod playlist;
#[cfg(target_arch = "wasm32")]
mod shell;

#[cfg(target_arch = "wasm32")]
pub(crate) use shell::handle;
