//! The room's socket: frames of JSON text `{type, data}`, from the server also `seq` where a client must not miss it.

use serde::{Deserialize, Serialize};

use crate::{
    api::{Role, StreamStatus},
    ids::{MessageId, StreamId, UserId},
    media::RenditionId,
    problem::Code,
    time::Timestamp,
};

/// The subprotocol by which a client asks for events in batches.
pub const BATCH_SUBPROTOCOL: &str = "spillway.batch.v1";

/// From a client. A `userId` or any other field that it sends besides these is ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ClientFrame {
    /// Asks for `WELCOME`; with both `lastSeq` and the `epoch` it came with, for what was missed since.
    #[serde(rename_all = "camelCase")]
    JoinStream {
        /// The room's stream; must be the socket's.
        stream_id: StreamId,
        /// The last `seq` seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_seq: Option<u64>,
        /// The `epoch` of the `WELCOME` that it was seen under.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        epoch: Option<String>,
    },
    /// A line of chat.
    #[serde(rename_all = "camelCase")]
    SendMessage {
        /// The room's stream.
        stream_id: StreamId,
        /// The line.
        message: String,
        /// The client's own id of the line; the same one within 10 minutes makes one line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_id: Option<String>,
    },
    /// A reaction: one emoji.
    #[serde(rename_all = "camelCase")]
    SendReaction {
        /// The room's stream.
        stream_id: StreamId,
        /// The emoji.
        reaction: String,
    },
    /// Asks for these media playlists as they change, and for no others any more: `PLAYLIST_UPDATE` has each of them once, then what
    /// changes in it.
    #[serde(rename_all = "camelCase")]
    WatchPlaylists {
        /// The room's stream.
        stream_id: StreamId,
        /// Their renditions (`video` for `video.m3u8`).
        renditions: Vec<RenditionId>,
    },
}

/// A frame to a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerFrame {
    /// What it says.
    #[serde(flatten)]
    pub event: ServerEvent,
    /// Its place in the room's order; only on what a reconnecting client must not miss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

/// What a room tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ServerEvent {
    /// The answer to `JOIN_STREAM`.
    Welcome(Box<Welcome>),
    /// A line of chat. Has a `seq`.
    NewMessage(ChatMessage),
    /// Reactions since the last.
    NewReaction {
        /// How many of each.
        counts: std::collections::BTreeMap<String, u32>,
    },
    /// How many watch; at most one a second.
    #[serde(rename_all = "camelCase")]
    ViewerCountUpdate {
        /// The stream.
        stream_id: StreamId,
        /// How many.
        viewer_count: u32,
        /// More than the last.
        is_increasing: bool,
    },
    /// The stream's state changed. Has a `seq`.
    #[serde(rename_all = "camelCase")]
    StreamStatusUpdate {
        /// The stream.
        stream_id: StreamId,
        /// Its state now.
        status: StreamStatus,
        /// Since when.
        timestamp: Timestamp,
    },
    /// Media playlists that the client watches have changed.
    PlaylistUpdate {
        /// Each of those that have.
        playlists: Vec<PlaylistNews>,
    },
    /// What a client of its right does not get.
    #[serde(rename_all = "camelCase")]
    Skipped {
        /// The first `seq` left out.
        from_seq: u64,
        /// The last one.
        to_seq: u64,
        /// How many lines that were.
        count: u32,
    },
    /// Several frames at once, for a client that offered [`BATCH_SUBPROTOCOL`].
    Batch {
        /// The frames, in order.
        #[cfg_attr(feature = "openapi", schema(no_recursion))]
        events: Vec<ServerFrame>,
    },
    /// What the client sent was refused; the socket stays open unless the code says otherwise.
    Error(ErrorEvent),
}

/// A media playlist, or what changes in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlaylistNews {
    /// Whose it is.
    pub rendition: RenditionId,
    /// All of it: what was known before counts no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What changes in what is known, from the first line to the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<PlaylistEdit>,
}

/// A change of some lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlaylistEdit {
    /// The line, counted from 0 in what is known before any of the update's edits.
    pub at: usize,
    /// How many lines go there.
    pub remove: usize,
    /// What comes in their place.
    pub insert: Vec<String>,
}

/// The data of `WELCOME`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Welcome {
    /// Who the server takes you for; `null` for an anonymous reader.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub you: Option<You>,
    /// The stream as the room knows it.
    pub stream: RoomStream,
    /// How many watch.
    pub viewer_count: u32,
    /// The room's own epoch: a `seq` means something only together with it.
    pub epoch: String,
    /// The room's last `seq`.
    pub seq: u64,
    /// Whether `lastSeq` was taken up: what was missed follows. Otherwise start over from `history`.
    pub resumed: bool,
    /// The last 50 lines, oldest first, each with its `seq`.
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub history: Vec<ServerFrame>,
    /// The room's settings.
    pub settings: RoomSettings,
}

/// Who a socket speaks as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct You {
    /// The person.
    pub user_id: UserId,
    /// Their name.
    pub username: String,
    /// Their role in this room.
    pub role: Role,
}

/// The stream in a `WELCOME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomStream {
    /// Its id.
    pub id: StreamId,
    /// Its title.
    pub title: String,
    /// Its state.
    pub status: StreamStatus,
    /// Its creator.
    pub creator_id: UserId,
    /// Since when it is live.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub actual_start_time: Option<Timestamp>,
}

/// A room's settings as its members see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomSettings {
    /// Whether anyone may write.
    pub chat_enabled: bool,
    /// Whether tips are taken.
    pub tips_enabled: bool,
    /// The picture's delay in seconds; chat is not delayed.
    pub delay_seconds: u32,
}

/// The data of `NEW_MESSAGE`, and a line of history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatMessage {
    /// Its id.
    pub message_id: MessageId,
    /// Who wrote it.
    pub user_id: UserId,
    /// Their name when they wrote it.
    pub username: String,
    /// The line.
    pub message: String,
    /// When the room took it.
    pub timestamp: Timestamp,
    /// Whether the writer subscribes to the creator.
    pub is_subscriber: bool,
    /// What stands beside the name (`creator`, `moderator`, `admin`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub badges: Vec<String>,
    /// Where it came from, when from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The writer's own id of the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// The data of `ERROR`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorEvent {
    /// The stable code.
    pub code: Code,
    /// In words for a person.
    pub message: String,
    /// Seconds to wait, where waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Which of the client's lines it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// Why a socket is closed (RFC 6455, section 7.4.2: codes of our own).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CloseCode {
    /// Frames that are not of this protocol.
    Malformed,
    /// A bad or expired token or proof.
    Unauthorized,
    /// Banned or removed.
    Removed,
    /// Silent for too long.
    Idle,
    /// A frame that is too large.
    TooLarge,
    /// Too fast for too long.
    TooFast,
    /// Try again, with jitter.
    TryAgain,
}

impl CloseCode {
    /// The number on the wire.
    pub fn code(self) -> u16 {
        match self {
            Self::Malformed => 4400,
            Self::Unauthorized => 4401,
            Self::Removed => 4403,
            Self::Idle => 4408,
            Self::TooLarge => 4413,
            Self::TooFast => 4429,
            Self::TryAgain => 4503,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn client_frames_are_spelled_as_the_contract_says() {
        let id = StreamId::new(Timestamp::from_millis(1), 1);
        let join: ClientFrame =
            serde_json::from_value(json!({"type": "JOIN_STREAM", "data": {"streamId": id, "userId": "user_x"}}))
                .unwrap();
        assert_eq!(join, ClientFrame::JoinStream { stream_id: id, last_seq: None, epoch: None });
        let send = ClientFrame::SendMessage { stream_id: id, message: "hi".into(), client_id: Some("c1".into()) };
        assert_eq!(
            serde_json::to_value(&send).unwrap(),
            json!({"type": "SEND_MESSAGE", "data": {"streamId": id, "message": "hi", "clientId": "c1"}})
        );
    }

    #[test]
    fn server_frames_are_spelled_as_the_contract_says() {
        let id = StreamId::new(Timestamp::from_millis(1), 1);
        let event = ServerEvent::ViewerCountUpdate { stream_id: id, viewer_count: 2, is_increasing: true };
        let frame = ServerFrame { event, seq: None };
        assert_eq!(
            serde_json::to_value(&frame).unwrap(),
            json!({"type": "VIEWER_COUNT_UPDATE", "data": {"streamId": id, "viewerCount": 2, "isIncreasing": true}})
        );
        let error = ErrorEvent { code: Code::RateLimited, message: "m".into(), retry_after: Some(1), client_id: None };
        assert_eq!(
            serde_json::to_value(ServerFrame { event: ServerEvent::Error(error), seq: Some(4) }).unwrap(),
            json!({"type": "ERROR", "data": {"code": "RATE_LIMITED", "message": "m", "retryAfter": 1}, "seq": 4})
        );
    }
}
