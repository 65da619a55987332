//! Streams between D1 and the objects: what a Room goes by, and what a Channel opens.

use spillway_protocol::time::Timestamp;
use spillway_room::{channel, room::Facts};

use super::{NewStream, StreamRow};

impl StreamRow {
    /// What the stream's Room needs to know.
    pub fn facts(&self) -> Facts {
        let time = |ms: Option<i64>| ms.map(Timestamp::from_millis);
        Facts {
            creator_id: self.creator_id,
            title: self.title.clone(),
            status: self.status,
            actual_start_time: time(self.actual_start_time),
            end_time: time(self.end_time),
            gated: self.is_gated(),
            chat_enabled: self.chat_enabled,
            tips_enabled: self.tips_enabled,
            delay_seconds: self.delay_seconds,
            quality: self.quality,
            max_viewers: self.max_viewers,
            updated_at: self.updated_at,
        }
    }

    /// A stream that a Channel opens for an encoder that came without one.
    pub fn opened(new: &channel::NewStream, at: Timestamp) -> Self {
        // The creator's name is not stored with the stream.
        NewStream::untitled().into_row(new.id, new.creator, "", new.source, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::row::tests::sample;
    use spillway_protocol::ids::{SourceId, StreamId, UserId};

    #[test]
    fn a_stream_is_gated_by_ticket_subscription_or_tier() {
        assert!(sample().facts().gated);
        let free = StreamRow { ticket_price: None, ..sample() };
        assert!(!free.facts().gated);
        assert!(StreamRow { is_subscriber_only: true, ..free.clone() }.facts().gated);
        assert!(StreamRow { required_tier: Some(1), ..free }.facts().gated);
    }

    #[test]
    fn an_opened_stream_is_open_to_all() {
        let at = Timestamp::from_millis(7_000);
        let new =
            channel::NewStream { id: StreamId::new(at, 1), creator: UserId::new(at, 2), source: SourceId::new(at, 3) };
        let row = StreamRow::opened(&new, at);
        assert_eq!((row.id, row.creator_id, row.source_id, row.created_at), (new.id, new.creator, new.source, 7_000));
        assert_eq!((row.title.as_str(), row.currency.as_str(), row.facts().gated), ("Live", "USD", false));
    }
}
