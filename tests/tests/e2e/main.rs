//! Origin, edge, encoders and players together.

mod encoders;
mod end_and_key;
mod epochs;
mod low_latency;
mod playback;
mod playlists;
mod publish;
mod shared_cache;
mod storage;
