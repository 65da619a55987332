//! How media comes in. Every protocol ends in the same: a checked key, then [`Tag`]s; and passes the same door.

mod bucket;
mod door;
pub(crate) mod flv;
pub(crate) mod limit;
mod pace;
pub(crate) mod rtmp;
mod seats;

use bytes::Bytes;

/// The body of an FLV tag, untouched, with what was read off it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tag {
    /// Picture or sound.
    pub(crate) kind: flv::Kind,
    /// Frame or configuration.
    pub(crate) role: flv::Role,
    /// Decoding time in milliseconds from the epoch's zero.
    pub(crate) dts_ms: i64,
    /// The body.
    pub(crate) body: Bytes,
}
