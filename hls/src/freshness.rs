//! How long a playlist may be kept by a cache.

use crate::snapshot::Snapshot;

/// A `Cache-Control` value for the stream's playlists. While live a quarter of the target duration, at least a second:
/// short against the three target durations that a player stays behind. Afterwards an hour: nothing changes any more.
pub fn cache_control(snapshot: &Snapshot) -> String {
    let seconds = if snapshot.ended { 3_600 } else { (snapshot.target_ms / 4_000).max(1) };
    format!("public, max-age={seconds}")
}
