//! What one publisher's media go by.

use spillway_protocol::{ids::StreamId, media::Epoch};

/// Which epoch of which stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EpochKey {
    /// The stream.
    pub(crate) stream: StreamId,
    /// The epoch.
    pub(crate) epoch: Epoch,
}
