//! Calls to the Channel of a creator.

use serde::{Deserialize, Serialize};
use spillway_protocol::{
    api::Role,
    ids::{SourceId, StreamId, UserId},
};

/// Which version a source's key has. Replies a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyVersion {
    /// The source.
    pub source: SourceId,
}

/// Raises the version of a source's key, and drops whoever publishes with an older one. Replies the new version. Not to be
/// repeated: it would be raised twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RotateKey {
    /// The source.
    pub source: SourceId,
}

/// From now on the source's key leads into this stream; a block after `end` is lifted. Replies the key's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Arm {
    /// The source.
    pub source: SourceId,
    /// The stream.
    pub stream: StreamId,
}

/// Someone shows a stream key. Replies [`Authorised`]; the Channel opens a stream from the creator's defaults when the source
/// leads into none. Refused with `KEY_INVALID`, or `KEY_BLOCKED` after `end`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorise {
    /// The key in full.
    pub key: String,
}

/// Where a key leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorised {
    /// The stream to publish into.
    pub stream: StreamId,
    /// The version of the key.
    pub key_version: u32,
}

/// A stream is over: its source leads into it no longer. Ended by its creator, the key is blocked for
/// `limits::RESTART_BLOCK_MS`, unless [`Arm`] comes first. Replies nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamOver {
    /// The stream.
    pub stream: StreamId,
    /// Its creator ended it; otherwise its encoder was gone for too long.
    pub by_creator: bool,
}

/// What someone is in the creator's rooms. Replies [`Standing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandingOf {
    /// The person.
    pub user: UserId,
}

/// What someone is in a creator's rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// `CREATOR`, `MODERATOR` or `VIEWER`.
    pub role: Role,
    /// Not let in.
    pub banned: bool,
}
