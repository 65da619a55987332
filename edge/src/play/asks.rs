//! What a request asks for besides its path: the headers that make a reply shorter (RFC 9110, sections 13 and 14).

use super::range::{self, Selected};

/// Longer than any that a player sends. They may all be ignored, and a longer one is.
const LONGEST: usize = 1_024;

/// A header's value, when it is not immensely long.
pub fn read(header: Option<String>) -> Option<String> {
    header.filter(|value| value.len() <= LONGEST)
}

/// The headers of a request that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// The method is HEAD.
    pub head: bool,
    /// `Range`; means nothing with HEAD.
    pub range: Option<String>,
    /// `If-Range`.
    pub if_range: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
}

/// What to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 304: the client has it.
    NotModified,
    /// 416: there are no such bytes.
    NoSuchRange,
    /// 206: these bytes.
    Part {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// 200: all of it.
    Whole,
}

impl Asks {
    /// Nothing but the thing itself is asked for.
    pub fn is_plain(&self) -> bool {
        !self.head && !self.wants_range() && self.if_none_match.is_none()
    }

    /// A part of it may be enough.
    pub fn wants_range(&self) -> bool {
        !self.head && self.range.is_some()
    }

    /// What to answer when the representation has this size and entity tag. The order is that of section 13.2.2.
    pub fn answer(&self, size: u64, etag: &str) -> Answer {
        if self.has(etag) {
            return Answer::NotModified;
        }
        let Some(range) = self.range.as_deref().filter(|_| !self.head) else { return Answer::Whole };
        // If-Range compares strongly (section 13.1.5); there is no Last-Modified that a date could be compared with.
        if self.if_range.as_deref().is_some_and(|held| held != etag || held.starts_with("W/")) {
            return Answer::Whole;
        }
        match range::select(range, size) {
            Selected::Whole => Answer::Whole,
            Selected::Part { first, last } => Answer::Part { first, last },
            Selected::Nothing => Answer::NoSuchRange,
        }
    }

    /// Whether the client has what this entity tag names: `If-None-Match` compares weakly (section 13.1.2).
    pub fn has(&self, etag: &str) -> bool {
        let Some(held) = self.if_none_match.as_deref() else { return false };
        let opaque = etag.strip_prefix("W/").unwrap_or(etag);
        held.trim() == "*" || tags(held).any(|tag| tag == opaque)
    }
}

/// The opaque tags of a list, with their quotes; a comma may stand within them.
fn tags(mut list: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let from = list.get(list.find('"')?..)?;
        let length = from.get(1..)?.find('"')?.checked_add(2)?;
        let tag = from.get(..length)?;
        list = from.get(length..)?;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_it_is_told_so() {
        for held in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "\"x,y\",W/\"a\"", "*"] {
            let asks =
                Asks { if_none_match: Some(held.to_owned()), range: Some("bytes=0-1".to_owned()), ..Asks::default() };
            assert_eq!(asks.answer(9, "\"a\""), Answer::NotModified, "{held}");
            assert_eq!(asks.answer(9, "W/\"a\""), Answer::NotModified, "{held}");
        }
        for held in ["", "a", "\"b\"", "\"aa\"", "\"", "\"b,\"a"] {
            let asks = Asks { if_none_match: Some(held.to_owned()), ..Asks::default() };
            assert_eq!(asks.answer(9, "\"a\""), Answer::Whole, "{held}");
        }
    }

    #[test]
    fn a_range_is_for_get_and_for_what_the_client_began_with() {
        let asks = Asks { range: Some("bytes=2-3".to_owned()), ..Asks::default() };
        assert_eq!(asks.answer(9, "\"a\""), Answer::Part { first: 2, last: 3 });
        assert_eq!(asks.answer(2, "\"a\""), Answer::NoSuchRange);
        assert_eq!(Asks { head: true, ..asks.clone() }.answer(9, "\"a\""), Answer::Whole);
        let began = |with| Asks { if_range: Some(str::to_owned(with)), ..asks.clone() }.answer(9, "\"a\"");
        assert_eq!(began("\"a\""), Answer::Part { first: 2, last: 3 });
        assert_eq!(began("\"b\""), Answer::Whole);
        assert_eq!(began("W/\"a\""), Answer::Whole);
        assert_eq!(began("Fri, 20 Nov 2026 18:00:00 GMT"), Answer::Whole);
    }

    #[test]
    fn an_immense_header_is_as_if_it_were_not_there() {
        let ranges = |count| read(Some(format!("bytes={}", "0-0,".repeat(count))));
        assert!(ranges(2).is_some());
        assert_eq!(ranges(1_000), None);
    }

    #[test]
    fn plain_is_what_can_be_kept_and_streamed_at_once() {
        assert!(Asks::default().is_plain());
        assert!(!Asks { head: true, ..Asks::default() }.is_plain());
        assert!(!Asks { range: Some("bytes=0-".to_owned()), ..Asks::default() }.is_plain());
        assert!(!Asks { if_none_match: Some("*".to_owned()), ..Asks::default() }.is_plain());
    }
}
