//! Calls to the Room of a stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spillway_hls::Snapshot;
use spillway_protocol::{
    api::{ChatKind, Role, StreamStatus},
    ids::{MessageId, SourceId, UserId},
    problem::Problem,
    room::{RoomSettings, RoomStream, ServerFrame},
    time::Timestamp,
};

/// The stream's facts in D1 have changed: read them again. Replies nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reload {}

/// Asks for the right to publish into the stream. Replies a `PublishReply`; the same publisher asking again gets the same.
/// Refused with `PUBLISHER_ACTIVE`, `STREAM_OVER`, or `KEY_INVALID` when the key was rotated meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// Which connection asks.
    pub publisher: String,
    /// The source whose key it showed.
    pub source: SourceId,
    /// The version of that key.
    pub key_version: u32,
}

/// The source's key was rotated: whoever publishes with an older one is dropped. Replies nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revoke {
    /// The source.
    pub source: SourceId,
    /// The version that its key has now.
    pub key_version: u32,
}

/// The creator ends the stream. Replies [`Figures`]; again the same ones when it has ended already. Refused with
/// `NOT_LIVE` before it was live, `STREAM_OVER` when it was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct End {}

/// The creator calls the stream off before it is live, or ends it if it is. Replies [`Figures`]; again the same ones when it
/// was cancelled already. Refused with `STREAM_OVER` when it has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancel {}

/// The stream's figures as of now. Replies [`Figures`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {}

/// What the Room knows of its stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Where it is in its life.
    pub status: StreamStatus,
    /// When media first came.
    pub actual_start_time: Option<Timestamp>,
    /// When it was over.
    pub end_time: Option<Timestamp>,
    /// Seconds live so far.
    pub duration: u64,
    /// How many watch; for an ended stream, how many watched at its end.
    pub viewer_count: u32,
    /// The most at once.
    pub peak_viewers: u32,
    /// Lines of chat.
    pub messages_count: u64,
}

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Author {
    /// The person.
    pub user_id: UserId,
    /// Their name.
    pub username: String,
    /// Their role in this room.
    pub role: Role,
    /// Whether they subscribe to the creator.
    pub is_subscriber: bool,
}

/// Someone writes or reacts, over HTTP. Replies [`Said`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// Who.
    pub author: Author,
    /// A line, or a reaction.
    pub kind: ChatKind,
    /// The line, or the emoji.
    pub message: String,
    /// The client's own id of it.
    pub client_id: Option<String>,
}

/// A line was taken, now or (by its client's id) before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Its id.
    pub message_id: MessageId,
}

/// A page of chat, newest page first, oldest line first within it. Replies [`HistoryPage`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Only lines with a smaller `seq`.
    pub before: Option<u64>,
    /// At most this many.
    pub limit: u32,
}

/// A page of chat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPage {
    /// The lines.
    pub items: Vec<ServerFrame>,
    /// The `before` of the next older page; `None` when there is none.
    pub before: Option<u64>,
}

/// A Relay wants to serve viewers of the stream: the Room enters it in its registry. Replies [`Attached`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attach {
    /// The Relay's name.
    pub relay: String,
    /// How far its sockets have got, when it has any: the numbering, and the last `seq`.
    pub position: Option<Position>,
}

/// A place in a room's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// The numbering.
    pub epoch: String,
    /// The last event.
    pub seq: u64,
}

/// All that a Relay needs to serve viewers. What comes behind `position` is sent to it as it happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attached {
    /// Names this entry in the registry.
    pub token: u64,
    /// Where the Relay stands: where it said, or at the present end when it said nothing (or another numbering).
    pub position: Position,
    /// The newest events up to there, in order without a hole.
    pub tail: Vec<ServerFrame>,
    /// The newest lines up to there, oldest first.
    pub lines: Vec<ServerFrame>,
    /// How many watch.
    pub viewer_count: u32,
    /// The stream as viewers see it.
    pub view: View,
    /// What the playlists are written from, once there is something to play.
    pub timeline: Option<Snapshot>,
}

/// The stream as a Relay must know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// Rises with every change.
    pub version: u64,
    /// For `WELCOME`.
    pub stream: RoomStream,
    /// For `WELCOME`.
    pub settings: RoomSettings,
    /// Not everyone may watch.
    pub gated: bool,
    /// At most this many may watch.
    pub max_viewers: Option<u32>,
}

/// Events between two places, for a client that was away. Replies [`Replayed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// Behind this `seq`.
    pub after: u64,
    /// Up to this one.
    pub until: u64,
}

/// What was missed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// All of it in order; `None` when it is too much to be sent again.
    pub events: Option<Vec<ServerFrame>>,
}

/// What a Relay's viewers did. Not to be repeated: a line without a client's id would be said twice. Replies [`Heard`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Up {
    /// The Relay's name.
    pub relay: String,
    /// How many watch there.
    pub viewers: u32,
    /// Lines, in order.
    pub lines: Vec<Line>,
    /// Reactions since the last call.
    pub reactions: BTreeMap<String, u32>,
}

/// A line from a socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Who.
    pub author: Author,
    /// The line.
    pub message: String,
    /// The client's own id of it.
    pub client_id: Option<String>,
}

/// What became of a Relay's lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Heard {
    /// The Relay is in the Room's registry; otherwise it must attach (again).
    pub attached: bool,
    /// For each line in order: `None` when it was taken, or why not.
    pub refused: Vec<Option<Problem>>,
}
