//! Changing a stream.

use spillway_protocol::{
    api::{StreamSettings, UpdateSettings, UpdateStream},
    problem::{Code, Problem},
    time::Timestamp,
};

use super::{StreamRow, new::Refused, price};

/// The stream with what was asked for changed; what is left out stays. One that is over changes no more.
pub fn change(row: &StreamRow, asked: UpdateStream, at: Timestamp) -> Result<StreamRow, Problem> {
    if row.is_over() {
        return Err(Problem::new(Code::StreamOver, "The stream is over; it can no longer be changed."));
    }
    let mut refused = Refused::default();
    let mut new = row.clone();
    if let Some(title) = asked.title {
        new.title = refused.title(&title);
    }
    if let Some(description) = asked.description {
        new.description = refused.description(description);
    }
    if let Some(only) = asked.is_subscriber_only {
        new.is_subscriber_only = only;
    }
    if let Some(tier) = asked.required_tier {
        new.required_tier = refused.tier(tier);
    }
    if let Some(price) = asked.ticket_price {
        new.ticket_price = refused.price(price.as_ref(), price::currency(&row.currency));
    }
    if let Some(time) = asked.scheduled_start_time {
        new.scheduled_start_time = time.map(Timestamp::millis);
    }
    if let Some(settings) = asked.settings {
        let settings = refused.settings(changed(&row.settings(), &settings));
        new.set_settings(&settings);
    }
    // Rises with every change, so that it can guard against a change in between.
    new.updated_at = at.millis().max(row.updated_at.saturating_add(1));
    refused.or(new)
}

fn changed(old: &StreamSettings, asked: &UpdateSettings) -> StreamSettings {
    StreamSettings {
        quality: asked.quality.unwrap_or(old.quality),
        recording_enabled: asked.recording_enabled.unwrap_or(old.recording_enabled),
        chat_enabled: asked.chat_enabled.unwrap_or(old.chat_enabled),
        tips_enabled: asked.tips_enabled.unwrap_or(old.tips_enabled),
        max_viewers: asked.max_viewers.unwrap_or(old.max_viewers),
        delay_seconds: asked.delay_seconds.unwrap_or(old.delay_seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::row::tests::sample;
    use serde_json::{Value, json};
    use spillway_protocol::{api::StreamStatus, problem::FieldCode};

    fn later() -> Timestamp {
        Timestamp::from_millis(99_000)
    }

    fn changed_by(row: &StreamRow, body: &Value) -> Result<StreamRow, Problem> {
        change(row, crate::json::parse(body.to_string().as_bytes())?, later())
    }

    #[test]
    fn what_is_left_out_stays_and_null_takes_away() {
        let row = sample();
        assert_eq!(changed_by(&row, &json!({})).unwrap(), StreamRow { updated_at: 99_000, ..row.clone() });
        let new = changed_by(&row, &json!({"description": null, "settings": {"maxViewers": null}})).unwrap();
        assert_eq!((new.description, new.max_viewers, new.delay_seconds), (None, None, row.delay_seconds));
        let new = changed_by(&row, &json!({"title": " New ", "settings": {"delaySeconds": 7}})).unwrap();
        assert_eq!((new.title.as_str(), new.delay_seconds, new.max_viewers), ("New", 7, row.max_viewers));
    }

    #[test]
    fn a_price_is_read_in_the_stream_s_own_currency() {
        let row = StreamRow { currency: "JPY".to_owned(), ..sample() };
        assert_eq!(changed_by(&row, &json!({"ticketPrice": 700})).unwrap().ticket_price, Some(700));
        assert_eq!(changed_by(&row, &json!({"ticketPrice": 7.5})).unwrap_err().errors[0].code, FieldCode::Invalid);
    }

    #[test]
    fn one_that_is_over_changes_no_more() {
        for status in [StreamStatus::Ended, StreamStatus::Cancelled] {
            let row = StreamRow { status, ..sample() };
            assert_eq!(changed_by(&row, &json!({"title": "New"})).unwrap_err().code, Code::StreamOver);
        }
    }

    #[test]
    fn two_changes_in_one_millisecond_can_be_told_apart() {
        let row = StreamRow { updated_at: 99_000, ..sample() };
        assert_eq!(changed_by(&row, &json!({"title": "New"})).unwrap().updated_at, 99_001);
    }
}
