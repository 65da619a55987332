//! Playlists as text, pinned, and the timeline's decisions one by one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::format_push_string)]

mod golden;
mod ladder;
mod live;
mod low_latency;
