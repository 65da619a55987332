//! Calls to a Relay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spillway_hls::{Directives, News};
use spillway_protocol::{
    media::{MediaObject, RenditionId},
    room::{ServerFrame, You},
};

use super::room::{Position, View};

/// The name of the header that an upgrade to a room's socket carries to its Relay: [`Visitor`] as JSON, from the Worker alone.
pub const VISITOR_HEADER: &str = "spillway-visitor";

/// Who opens a room's socket, as the Worker has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Visitor {
    /// The person; `None` for an anonymous reader.
    pub you: Option<You>,
    /// Whether they subscribe to the creator.
    pub is_subscriber: bool,
    /// May be in the room even if not everyone may.
    pub entitled: bool,
    /// Whose player and whose socket are the same viewer's.
    pub fingerprint: String,
}

/// From the Room: what happened. Replies [`DownReply`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Down {
    /// The entry in the Room's registry that this is for.
    pub token: u64,
    /// The place behind which `events` follow.
    pub after: Position,
    /// What must not be missed, in order without a hole.
    pub events: Vec<ServerFrame>,
    /// Reactions since the last call.
    pub reactions: BTreeMap<String, u32>,
    /// How many watch, when that is to be told.
    pub viewers: Option<ViewerCount>,
    /// The stream, when it has changed.
    pub view: Option<View>,
    /// The playlists, when they have changed.
    #[serde(default)]
    pub timeline: Option<News>,
}

/// How many watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ViewerCount {
    /// How many.
    pub count: u32,
    /// More than the last.
    pub is_increasing: bool,
}

/// Where a Relay stands after a [`Down`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DownReply {
    /// The last event that its viewers were sent.
    pub seq: u64,
    /// How many watch there.
    pub viewers: u32,
    /// Nobody is there: the Room may forget the Relay until it attaches again.
    pub idle: bool,
    /// The version of the playlists that it has.
    #[serde(default)]
    pub timeline: Option<u64>,
}

/// A playlist of the stream. Replies [`PlaylistText`], when it has what is waited for; `NOT_FOUND` where there is no such stream or
/// rendition or nothing to play yet, `PROOF_INVALID` when the stream is gated and the caller has shown nothing, `MALFORMED` when what
/// is waited for is too far ahead, `UNAVAILABLE` when it does not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Playlist {
    /// Which one.
    pub which: Which,
    /// What else the player asks of it; means nothing for the multivariant playlist.
    #[serde(default)]
    pub directives: Directives,
    /// The caller has shown a proof that opens the stream.
    pub proven: bool,
    /// Whose player asks; it counts as a viewer for a while.
    pub viewer: Option<String>,
}

/// Which playlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Which {
    /// The multivariant playlist.
    Multivariant,
    /// A rendition's media playlist.
    Media(RenditionId),
}

/// A playlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaylistText {
    /// The playlist.
    pub text: String,
    /// The value of `Cache-Control`.
    pub cache_control: String,
}

/// A part that is not on R2. Replies [`Awaited`], for one that is hinted at when it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Await {
    /// The part.
    pub part: MediaObject,
}

/// Whether a part is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Awaited {
    /// It is listed, so it lies on R2.
    pub listed: bool,
}

/// Whether everyone may watch the stream: asked before media is served without a proof. Replies [`Gated`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gate {}

/// Whether not everyone may watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gated {
    /// It is so.
    pub gated: bool,
}
