//! Streams: what is on, what will be, and what was.

use serde::{Deserialize, Deserializer, Serialize};

use super::Person;
use crate::{
    ids::{MessageId, StreamId},
    time::Timestamp,
};

/// Where a stream is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum StreamStatus {
    /// Made, no media yet.
    Scheduled,
    /// Media arrives.
    Live,
    /// It was live, and is over.
    Ended,
    /// It was called off before it was live.
    Cancelled,
}

/// The quality that a creator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Quality {
    /// 480 lines.
    #[serde(rename = "SD")]
    Sd,
    /// 720 lines.
    #[default]
    #[serde(rename = "HD")]
    Hd,
    /// 1080 lines.
    #[serde(rename = "FHD")]
    Fhd,
    /// 2160 lines.
    #[serde(rename = "4K")]
    Uhd,
}

impl Quality {
    /// The rungs that a stream of this quality may have below its source: their lines across the shorter side, highest first. The source
    /// itself is passed through whatever it is.
    pub fn rungs(self) -> &'static [u16] {
        match self {
            Self::Sd => &[480, 360],
            Self::Hd => &[720, 480, 360],
            Self::Fhd | Self::Uhd => &[1080, 720, 480, 360],
        }
    }
}

/// A stream's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamSettings {
    /// The quality asked for.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub quality: Quality,
    /// Whether it is kept as a VOD.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub recording_enabled: bool,
    /// Whether anyone may write.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub chat_enabled: bool,
    /// Whether tips are taken.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub tips_enabled: bool,
    /// At most this many at once; `null` for no limit.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub max_viewers: Option<u32>,
    /// 0 to 60 s of delay of the picture.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub delay_seconds: u32,
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self {
            quality: Quality::default(),
            recording_enabled: true,
            chat_enabled: true,
            tips_enabled: true,
            max_viewers: None,
            delay_seconds: 0,
        }
    }
}

/// The body of `POST /api/v1/streams`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateStream {
    /// 1 to 140 characters.
    pub title: String,
    /// Up to 5,000 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// Only for subscribers of the creator.
    #[serde(default)]
    pub is_subscriber_only: bool,
    /// Only for subscribers of this tier or above.
    #[serde(default)]
    pub required_tier: Option<u32>,
    /// The price of a ticket as a decimal number; absent for none.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub ticket_price: Option<serde_json::Number>,
    /// ISO 4217; `USD` unless said.
    #[serde(default)]
    pub currency: Option<String>,
    /// When it is planned.
    #[serde(default)]
    pub scheduled_start_time: Option<Timestamp>,
    /// Its settings; what is left out has its default.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<UpdateSettings>))]
    pub settings: Option<StreamSettings>,
}

/// The body of `PATCH /api/v1/streams/{id}`: what is left out stays; `null` takes away.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateStream {
    /// 1 to 140 characters.
    pub title: Option<String>,
    /// Up to 5,000 characters.
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub description: Option<Option<String>>,
    /// Only for subscribers of the creator.
    pub is_subscriber_only: Option<bool>,
    /// Only for subscribers of this tier or above.
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub required_tier: Option<Option<u32>>,
    /// The price of a ticket.
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub ticket_price: Option<Option<serde_json::Number>>,
    /// When it is planned.
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Timestamp>))]
    pub scheduled_start_time: Option<Option<Timestamp>>,
    /// Settings to change.
    pub settings: Option<UpdateSettings>,
}

/// Settings to change; what is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateSettings {
    /// The quality asked for.
    pub quality: Option<Quality>,
    /// Whether it is kept as a VOD.
    pub recording_enabled: Option<bool>,
    /// Whether anyone may write.
    pub chat_enabled: Option<bool>,
    /// Whether tips are taken.
    pub tips_enabled: Option<bool>,
    /// At most this many at once.
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub max_viewers: Option<Option<u32>>,
    /// 0 to 60 s of delay of the picture.
    pub delay_seconds: Option<u32>,
}

/// Tells `null` (`Some(None)`) from absent (`None`).
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stream {
    /// Its id.
    pub id: StreamId,
    /// Whose it is.
    pub creator: Person,
    /// Its title.
    pub title: String,
    /// Its description.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub description: Option<String>,
    /// Where it is in its life.
    pub status: StreamStatus,
    /// Only for subscribers.
    pub is_subscriber_only: bool,
    /// Only for subscribers of this tier or above.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub required_tier: Option<u32>,
    /// The price of a ticket.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>, required))]
    pub ticket_price: Option<serde_json::Number>,
    /// ISO 4217.
    pub currency: String,
    /// Its settings.
    pub settings: StreamSettings,
    /// Its figures.
    pub stats: StreamStats,
    /// When it is planned.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub scheduled_start_time: Option<Timestamp>,
    /// When media first came.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub actual_start_time: Option<Timestamp>,
    /// When it was over.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub end_time: Option<Timestamp>,
    /// Where its recording is.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub recording_url: Option<String>,
    /// Where its picture is.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub thumbnail_url: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
}

/// A stream's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamStats {
    /// How many watch now.
    pub viewer_count: u32,
    /// The most at once.
    pub peak_viewers: u32,
    /// The sum of its tips, in its own currency.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub total_tips: serde_json::Number,
    /// Seconds live so far.
    pub duration: u64,
    /// Lines of chat.
    pub messages_count: u64,
}

/// The reply to `start`: what to put into OBS.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartReply {
    /// The stream that the source appears in from now on.
    pub stream_id: StreamId,
    /// The RTMP server's URL.
    pub stream_url: String,
    /// The source's key.
    pub stream_key: String,
    /// Where a browser may publish, once there is such a way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whip_url: Option<String>,
}

/// The reply to `key`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyReply {
    /// The source's new key.
    pub stream_key: String,
}

/// The reply to `join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JoinReply {
    /// Whether the caller may watch.
    pub access_granted: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<JoinRefusal>,
    /// An HLS multivariant playlist that any player opens as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub playback_url: Option<String>,
    /// The room's socket, that any client opens as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_url: Option<String>,
    /// Whether the room's chat is on.
    pub chat_enabled: bool,
    /// Whether the caller can tip.
    pub can_tip: bool,
}

/// Why someone may not watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum JoinRefusal {
    /// A ticket is needed.
    TicketRequired,
    /// A subscription is needed.
    SubscriptionRequired,
    /// Banned by the creator.
    Banned,
    /// As many watch as may.
    Full,
    /// It was called off.
    Cancelled,
}

/// The reply to `end`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndReply {
    /// The stream.
    pub stream_id: StreamId,
    /// Seconds it was live.
    pub duration: u64,
    /// How many watched at the end.
    pub viewer_count: u32,
    /// The sum of its tips.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub total_tips: serde_json::Number,
    /// Where its recording is.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub recording_url: Option<String>,
}

/// The body of `POST /api/v1/streams/{id}/chat`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendChat {
    /// The line, or for a reaction the emoji.
    pub message: String,
    /// Which of the two.
    #[serde(rename = "type", default)]
    pub kind: ChatKind,
    /// The client's own id of the line; the same one within 10 minutes makes one line.
    #[serde(default)]
    pub client_id: Option<String>,
}

/// A line or a reaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ChatKind {
    /// A line of chat.
    #[default]
    Message,
    /// A reaction.
    Reaction,
}

/// The reply to sending chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendChatReply {
    /// The line's id.
    pub message_id: MessageId,
}
