//! A stream as asked for, checked.

use iso_currency::Currency;
use spillway_protocol::{
    api::{CreateStream, StreamSettings},
    ids::{SourceId, StreamId, UserId},
    limits,
    problem::{FieldCode, FieldError, Problem},
    text,
    time::Timestamp,
};

use super::{StreamRow, price};

/// The most tiers of subscriptions that a creator can have.
const TIERS: std::ops::RangeInclusive<u32> = 1..=100;
/// The longest delay of the picture, in seconds.
const DELAY_SECONDS: u32 = 60;

/// The currency where none is said.
const CURRENCY: &str = "USD";

/// A stream that may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStream {
    title: String,
    description: Option<String>,
    is_subscriber_only: bool,
    required_tier: Option<u32>,
    ticket_price: Option<i64>,
    currency: String,
    scheduled_start_time: Option<Timestamp>,
    settings: StreamSettings,
}

impl NewStream {
    /// Checks what was asked for; a problem names every field that was refused.
    pub fn read(asked: CreateStream) -> Result<Self, Problem> {
        let mut refused = Refused::default();
        let code = asked.currency.unwrap_or_else(|| CURRENCY.to_owned());
        let currency = price::currency(&code);
        if currency.is_none() {
            refused.add("currency", FieldCode::Invalid);
        }
        let new = Self {
            title: refused.title(&asked.title),
            description: refused.description(asked.description),
            is_subscriber_only: asked.is_subscriber_only,
            required_tier: refused.tier(asked.required_tier),
            ticket_price: refused.price(asked.ticket_price.as_ref(), currency),
            currency: code,
            scheduled_start_time: asked.scheduled_start_time,
            settings: refused.settings(asked.settings.unwrap_or_default()),
        };
        refused.or(new)
    }

    /// A stream that nobody asked for: an encoder came and nothing was started. It has no name in its title, as names stand in
    /// `people` alone.
    pub fn untitled() -> Self {
        Self {
            title: "Live".to_owned(),
            description: None,
            is_subscriber_only: false,
            required_tier: None,
            ticket_price: None,
            currency: CURRENCY.to_owned(),
            scheduled_start_time: None,
            settings: StreamSettings::default(),
        }
    }

    /// The stream as it is stored first.
    pub fn into_row(self, id: StreamId, creator: UserId, username: &str, source: SourceId, at: Timestamp) -> StreamRow {
        let mut row = StreamRow::blank(id, creator, username, source, at);
        row.title = self.title;
        row.description = self.description;
        row.is_subscriber_only = self.is_subscriber_only;
        row.required_tier = self.required_tier;
        row.ticket_price = self.ticket_price;
        row.currency = self.currency;
        row.scheduled_start_time = self.scheduled_start_time.map(Timestamp::millis);
        row.set_settings(&self.settings);
        row
    }
}

/// The fields refused so far, and the rules of each.
#[derive(Debug, Default)]
pub(super) struct Refused(Vec<FieldError>);

impl Refused {
    pub(super) fn add(&mut self, field: &str, code: FieldCode) {
        self.0.push(FieldError { field: field.to_owned(), code });
    }

    /// What was made, unless a field was refused.
    pub(super) fn or<T>(self, made: T) -> Result<T, Problem> {
        if self.0.is_empty() { Ok(made) } else { Err(Problem::validation(self.0)) }
    }

    pub(super) fn title(&mut self, title: &str) -> String {
        let title = title.trim();
        let length = title.chars().count();
        if length < *limits::TITLE.start() || !text::is_seen(title) {
            self.add("title", FieldCode::TooShort);
        } else if length > *limits::TITLE.end() {
            self.add("title", FieldCode::TooLong);
        } else if title.contains(char::is_control) {
            self.add("title", FieldCode::Invalid);
        }
        title.to_owned()
    }

    pub(super) fn description(&mut self, description: Option<String>) -> Option<String> {
        let text = description?.trim().to_owned();
        if text.chars().count() > limits::DESCRIPTION {
            self.add("description", FieldCode::TooLong);
        } else if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.add("description", FieldCode::Invalid);
        }
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn tier(&mut self, tier: Option<u32>) -> Option<u32> {
        if tier.is_some_and(|t| !TIERS.contains(&t)) {
            self.add("requiredTier", FieldCode::OutOfRange);
        }
        tier
    }

    /// A price in minor units; one of 0 is none.
    pub(super) fn price(&mut self, price: Option<&serde_json::Number>, currency: Option<Currency>) -> Option<i64> {
        match price::minor_units(price?, currency?) {
            Ok(units) => (units > 0).then_some(units),
            Err(code) => {
                self.add("ticketPrice", code);
                None
            }
        }
    }

    pub(super) fn settings(&mut self, settings: StreamSettings) -> StreamSettings {
        if settings.delay_seconds > DELAY_SECONDS {
            self.add("settings.delaySeconds", FieldCode::OutOfRange);
        }
        if settings.max_viewers == Some(0) {
            self.add("settings.maxViewers", FieldCode::OutOfRange);
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Result<NewStream, Vec<(String, FieldCode)>> {
        let asked = crate::json::parse(body.to_string().as_bytes());
        let new = asked.and_then(NewStream::read);
        new.map_err(|problem| problem.errors.into_iter().map(|e| (e.field, e.code)).collect())
    }

    #[test]
    fn a_title_is_enough() {
        let new = read(&json!({"title": "  Evening  "})).unwrap();
        assert_eq!((new.title.as_str(), new.currency.as_str(), new.ticket_price), ("Evening", "USD", None));
        assert_eq!(new.settings, StreamSettings::default());
    }

    #[test]
    fn every_refused_field_is_named_at_once() {
        let body = json!({
            "title": " ", "description": "x".repeat(5_001), "requiredTier": 0, "ticketPrice": 1.234, "currency": "EUR",
            "settings": {"delaySeconds": 61, "maxViewers": 0}
        });
        let named: Vec<_> = read(&body).unwrap_err();
        let expected = [
            ("title", FieldCode::TooShort),
            ("description", FieldCode::TooLong),
            ("requiredTier", FieldCode::OutOfRange),
            ("ticketPrice", FieldCode::Invalid),
            ("settings.delaySeconds", FieldCode::OutOfRange),
            ("settings.maxViewers", FieldCode::OutOfRange),
        ];
        assert_eq!(named, expected.map(|(field, code)| (field.to_owned(), code)));
    }

    #[test]
    fn bounds_are_in_characters_and_inclusive() {
        assert!(read(&json!({"title": "ü".repeat(140)})).is_ok());
        assert_eq!(read(&json!({"title": "ü".repeat(141)})), Err(vec![("title".to_owned(), FieldCode::TooLong)]));
        assert!(read(&json!({"title": "a", "settings": {"delaySeconds": 60, "maxViewers": 1}})).is_ok());
        assert_eq!(read(&json!({"title": "a\u{7}b"})), Err(vec![("title".to_owned(), FieldCode::Invalid)]));
        assert!(read(&json!({"title": "a", "description": "two\nlines"})).is_ok());
    }

    #[test]
    fn currencies_and_prices_belong_together() {
        assert_eq!(
            read(&json!({"title": "a", "ticketPrice": 500, "currency": "JPY"})).unwrap().ticket_price,
            Some(500)
        );
        assert_eq!(read(&json!({"title": "a", "ticketPrice": 0})).unwrap().ticket_price, None);
        assert_eq!(
            read(&json!({"title": "a", "ticketPrice": -1, "currency": "USD"})),
            Err(vec![("ticketPrice".to_owned(), FieldCode::OutOfRange)])
        );
        assert_eq!(
            read(&json!({"title": "a", "ticketPrice": 5, "currency": "usd"})),
            Err(vec![("currency".to_owned(), FieldCode::Invalid)])
        );
        assert_eq!(
            read(&json!({"title": "a", "ticketPrice": "5.00"})),
            Err(vec![("ticketPrice".to_owned(), FieldCode::Invalid)])
        );
    }
}
