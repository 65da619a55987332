//! How long a playlist may be kept by a cache.

use crate::snapshot::Snapshot;

/// How a playlist was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// As it is.
    Plainly,
    /// With the place that it was to reach: what answers that once does so for good.
    Until,
}

/// A `Cache-Control` value for the stream's playlists, after RFC 8216bis's recommendations for caching: half a target duration, and
/// six where it was waited for. When the stream is over an hour: nothing changes any more.
pub fn cache_control(snapshot: &Snapshot, asked: Asked) -> String {
    let target = snapshot.target_ms / 1_000;
    let seconds = match asked {
        _ if snapshot.ended => 3_600,
        Asked::Plainly => (target / 2).max(1),
        Asked::Until => target.saturating_mul(6),
    };
    format!("public, max-age={seconds}")
}
