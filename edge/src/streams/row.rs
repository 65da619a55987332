//! A stream as D1 has it, and as clients see it.

use serde::{Deserialize, Deserializer};
use spillway_protocol::{
    api::{EndReply, Person, Quality, Role, Stream, StreamSettings, StreamStats, StreamStatus},
    ids::{SourceId, StreamId, UserId},
    time::Timestamp,
};
use spillway_room::call::room::Figures;

use super::price;
use crate::auth::Caller;

/// A stream as stored, with its creator's name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the columns are")]
#[expect(missing_docs, reason = "the columns of `streams`; see the migrations")]
pub struct StreamRow {
    pub id: StreamId,
    pub creator_id: UserId,
    pub username: String,
    pub source_id: SourceId,
    pub title: String,
    pub description: Option<String>,
    pub status: StreamStatus,
    #[serde(deserialize_with = "flag")]
    pub is_subscriber_only: bool,
    pub required_tier: Option<u32>,
    pub ticket_price: Option<i64>,
    pub currency: String,
    pub quality: Quality,
    #[serde(deserialize_with = "flag")]
    pub recording_enabled: bool,
    #[serde(deserialize_with = "flag")]
    pub chat_enabled: bool,
    #[serde(deserialize_with = "flag")]
    pub tips_enabled: bool,
    pub max_viewers: Option<u32>,
    pub delay_seconds: u32,
    pub scheduled_start_time: Option<i64>,
    pub actual_start_time: Option<i64>,
    pub end_time: Option<i64>,
    pub recording_url: Option<String>,
    pub thumbnail_url: Option<String>,
    pub viewer_count: u32,
    pub peak_viewers: u32,
    pub total_tips: i64,
    pub messages_count: u64,
    pub created_at: i64,
    pub updated_at: i64,
}

fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(u8::deserialize(deserializer)? != 0)
}

impl StreamRow {
    /// A stream of which nothing is said yet.
    pub(super) fn blank(id: StreamId, creator: UserId, username: &str, source: SourceId, at: Timestamp) -> Self {
        let settings = StreamSettings::default();
        Self {
            id,
            creator_id: creator,
            username: username.to_owned(),
            source_id: source,
            title: String::new(),
            description: None,
            status: StreamStatus::Scheduled,
            is_subscriber_only: false,
            required_tier: None,
            ticket_price: None,
            currency: String::new(),
            quality: settings.quality,
            recording_enabled: settings.recording_enabled,
            chat_enabled: settings.chat_enabled,
            tips_enabled: settings.tips_enabled,
            max_viewers: settings.max_viewers,
            delay_seconds: settings.delay_seconds,
            scheduled_start_time: None,
            actual_start_time: None,
            end_time: None,
            recording_url: None,
            thumbnail_url: None,
            viewer_count: 0,
            peak_viewers: 0,
            total_tips: 0,
            messages_count: 0,
            created_at: at.millis(),
            updated_at: at.millis(),
        }
    }

    /// Its settings.
    pub fn settings(&self) -> StreamSettings {
        StreamSettings {
            quality: self.quality,
            recording_enabled: self.recording_enabled,
            chat_enabled: self.chat_enabled,
            tips_enabled: self.tips_enabled,
            max_viewers: self.max_viewers,
            delay_seconds: self.delay_seconds,
        }
    }

    pub(super) fn set_settings(&mut self, settings: &StreamSettings) {
        self.quality = settings.quality;
        self.recording_enabled = settings.recording_enabled;
        self.chat_enabled = settings.chat_enabled;
        self.tips_enabled = settings.tips_enabled;
        self.max_viewers = settings.max_viewers;
        self.delay_seconds = settings.delay_seconds;
    }

    /// Whether the stream has ended, or was called off.
    pub fn is_over(&self) -> bool {
        matches!(self.status, StreamStatus::Ended | StreamStatus::Cancelled)
    }

    /// Whether watching needs a right: a ticket or a subscription.
    pub fn is_gated(&self) -> bool {
        self.is_subscriber_only || self.required_tier.is_some() || self.ticket_price.is_some()
    }

    /// What a search looks into.
    pub fn search_text(&self) -> String {
        let description = self.description.as_deref().unwrap_or_default();
        format!("{}\n{description}", self.title).to_lowercase()
    }

    /// Seconds live until now, or in all.
    pub fn duration(&self, now: Timestamp) -> u64 {
        let end = self.end_time.unwrap_or(now.millis());
        let ms = self.actual_start_time.map_or(0, |start| end.saturating_sub(start));
        u64::try_from(ms).unwrap_or(0) / 1_000
    }

    /// As clients see it.
    pub fn view(&self, now: Timestamp) -> Stream {
        let time = |ms: Option<i64>| ms.map(Timestamp::from_millis);
        let live = self.status == StreamStatus::Live;
        Stream {
            id: self.id,
            creator: Person { id: self.creator_id, username: self.username.clone() },
            title: self.title.clone(),
            description: self.description.clone(),
            status: self.status,
            is_subscriber_only: self.is_subscriber_only,
            required_tier: self.required_tier,
            ticket_price: self.ticket_price.map(|units| price::decimal(units, &self.currency)),
            currency: self.currency.clone(),
            settings: self.settings(),
            stats: StreamStats {
                viewer_count: if live { self.viewer_count } else { 0 },
                peak_viewers: self.peak_viewers,
                total_tips: price::decimal(self.total_tips, &self.currency),
                duration: self.duration(now),
                messages_count: self.messages_count,
            },
            scheduled_start_time: time(self.scheduled_start_time),
            actual_start_time: time(self.actual_start_time),
            end_time: time(self.end_time),
            recording_url: self.recording_url.clone(),
            thumbnail_url: self.thumbnail_url.clone(),
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
        }
    }

    /// With the Room's own figures, which are newer than the stored ones.
    #[must_use]
    pub fn with_figures(self, figures: &Figures) -> Self {
        Self {
            status: figures.status,
            actual_start_time: figures.actual_start_time.map(Timestamp::millis),
            end_time: figures.end_time.map(Timestamp::millis),
            viewer_count: figures.viewer_count,
            peak_viewers: figures.peak_viewers,
            messages_count: figures.messages_count,
            ..self
        }
    }

    /// What `end` says of it, with the Room's figures as of the end.
    pub fn end_reply(&self, figures: &Figures) -> EndReply {
        EndReply {
            stream_id: self.id,
            duration: figures.duration,
            viewer_count: figures.viewer_count,
            total_tips: price::decimal(self.total_tips, &self.currency),
            recording_url: self.recording_url.clone(),
        }
    }
}

/// Whether someone may change, cancel and end a stream: its creator and admins may.
pub fn may_manage(caller: &Caller, row: &StreamRow) -> bool {
    caller.user_id == row.creator_id || caller.role == Role::Admin
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    pub(crate) fn sample() -> StreamRow {
        let at = Timestamp::from_millis(5_000);
        let (id, creator, source) = (StreamId::new(at, 1), UserId::new(at, 2), SourceId::new(at, 3));
        let mut row = StreamRow::blank(id, creator, "anna", source, at);
        row.title = "Evening".to_owned();
        row.description = Some("With Guests".to_owned());
        row.currency = "USD".to_owned();
        row.ticket_price = Some(1_250);
        row.max_viewers = Some(10);
        row.delay_seconds = 3;
        row
    }

    #[test]
    fn a_row_is_read_as_d1_gives_it() {
        let row = json!({
            "id": sample().id, "creator_id": sample().creator_id, "username": "anna", "source_id": sample().source_id,
            "title": "Evening", "description": "With Guests", "search_text": "…", "status": "SCHEDULED", "rank": 1,
            "is_subscriber_only": 0, "required_tier": null, "ticket_price": 1250, "currency": "USD", "quality": "HD",
            "recording_enabled": 1, "chat_enabled": 1, "tips_enabled": 1, "max_viewers": 10, "delay_seconds": 3,
            "scheduled_start_time": null, "actual_start_time": null, "end_time": null, "recording_url": null,
            "thumbnail_url": null, "viewer_count": 0, "peak_viewers": 0, "total_tips": 0, "messages_count": 0,
            "created_at": 5000, "updated_at": 5000
        });
        assert_eq!(serde_json::from_value::<StreamRow>(row).unwrap(), sample());
    }

    #[test]
    fn clients_see_the_contract_s_stream() {
        let row = sample();
        let seen = serde_json::to_value(row.view(Timestamp::from_millis(9_000))).unwrap();
        let expected = json!({
            "id": row.id, "creator": {"id": row.creator_id, "username": "anna"}, "title": "Evening", "description": "With Guests",
            "status": "SCHEDULED", "isSubscriberOnly": false, "requiredTier": null, "ticketPrice": 12.5, "currency": "USD",
            "settings": {"quality": "HD", "recordingEnabled": true, "chatEnabled": true, "tipsEnabled": true, "maxViewers": 10,
                "delaySeconds": 3},
            "stats": {"viewerCount": 0, "peakViewers": 0, "totalTips": 0.0, "duration": 0, "messagesCount": 0},
            "scheduledStartTime": null, "actualStartTime": null, "endTime": null, "recordingUrl": null, "thumbnailUrl": null,
            "createdAt": "1970-01-01T00:00:05.000Z", "updatedAt": "1970-01-01T00:00:05.000Z"
        });
        assert_eq!(seen, expected);
    }

    #[test]
    fn duration_counts_until_the_end() {
        let mut row = StreamRow { actual_start_time: Some(10_000), status: StreamStatus::Live, ..sample() };
        assert_eq!(row.duration(Timestamp::from_millis(72_999)), 62);
        assert_eq!(row.duration(Timestamp::from_millis(9_000)), 0);
        row.end_time = Some(40_000);
        assert_eq!(row.duration(Timestamp::from_millis(72_999)), 30);
    }

    #[test]
    fn nobody_watches_what_is_over_but_the_end_remembers() {
        let figures = Figures {
            status: StreamStatus::Ended,
            actual_start_time: Some(Timestamp::from_millis(10_000)),
            end_time: Some(Timestamp::from_millis(40_000)),
            duration: 30,
            viewer_count: 4,
            peak_viewers: 6,
            messages_count: 9,
        };
        let row = sample().with_figures(&figures);
        let seen = row.view(Timestamp::from_millis(99_000));
        assert_eq!((seen.status, seen.stats.viewer_count, seen.stats.peak_viewers), (StreamStatus::Ended, 0, 6));
        assert_eq!((seen.stats.duration, seen.stats.messages_count), (30, 9));
        assert_eq!((row.end_reply(&figures).viewer_count, row.end_reply(&figures).duration), (4, 30));
    }

    #[test]
    fn creators_and_admins_manage() {
        let row = sample();
        let caller = |user_id, role| Caller { user_id, username: "x".to_owned(), role };
        let other = UserId::new(Timestamp::default(), 9);
        assert!(may_manage(&caller(row.creator_id, Role::Viewer), &row));
        assert!(may_manage(&caller(other, Role::Admin), &row));
        assert!(!may_manage(&caller(other, Role::Viewer), &row));
    }
}
