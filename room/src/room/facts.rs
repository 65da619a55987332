//! What D1 knows of the stream and the Room goes by.

use serde::{Deserialize, Serialize};
use spillway_protocol::{
    api::{Quality, StreamStatus},
    ids::{StreamId, UserId},
    room::{RoomSettings, RoomStream},
    time::Timestamp,
};

use super::life::Life;

/// What D1 knows of a stream, as far as its Room needs it. Status and times are the Room's own once it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Whose it is.
    pub creator_id: UserId,
    /// Its title.
    pub title: String,
    /// Its status in D1.
    pub status: StreamStatus,
    /// When media first came, by D1.
    pub actual_start_time: Option<Timestamp>,
    /// When it was over, by D1.
    pub end_time: Option<Timestamp>,
    /// Not everyone may watch.
    pub gated: bool,
    /// Whether anyone may write.
    pub chat_enabled: bool,
    /// Whether tips are taken.
    pub tips_enabled: bool,
    /// The picture's delay.
    pub delay_seconds: u32,
    /// The quality that its creator asks for.
    #[serde(default)]
    pub quality: Quality,
    /// At most this many may watch.
    pub max_viewers: Option<u32>,
    /// Rises with every change; milliseconds since 1970, or more.
    #[serde(default)]
    pub updated_at: i64,
}

impl Facts {
    pub(super) fn stream(&self, id: StreamId, life: &Life) -> RoomStream {
        RoomStream {
            id,
            title: self.title.clone(),
            status: life.status,
            creator_id: self.creator_id,
            actual_start_time: life.started,
        }
    }

    pub(super) fn settings(&self) -> RoomSettings {
        RoomSettings {
            chat_enabled: self.chat_enabled,
            tips_enabled: self.tips_enabled,
            delay_seconds: self.delay_seconds,
        }
    }
}
