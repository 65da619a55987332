//! Lists of streams: what was asked for, and where the next page begins.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use spillway_protocol::{
    api::StreamStatus,
    ids::{StreamId, UserId},
    limits,
    problem::{FieldCode, FieldError, Problem},
};

use super::StreamRow;

/// A search in characters, and in words.
const QUERY: usize = 200;
const WORDS: usize = 10;
/// Longer than any cursor.
const LONGEST: usize = 64;

/// What a list was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The words, in lower case, that must all occur.
    pub words: Vec<String>,
    /// The first and last rank that are listed.
    pub ranks: (u32, u32),
    /// Whose streams; everyone's when `None`.
    pub creator: Option<UserId>,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    /// How many at most.
    pub limit: u32,
}

/// The last stream of a page. A list is ordered by rank (live, scheduled, ended), then by age, newest first: a stream whose
/// status changes between two pages moves, all others stay where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Its rank.
    pub rank: u32,
    /// Its id.
    pub id: StreamId,
}

/// A status's place in lists; the column `rank`.
fn rank(status: StreamStatus) -> u32 {
    match status {
        StreamStatus::Live => 0,
        StreamStatus::Scheduled => 1,
        StreamStatus::Ended => 2,
        StreamStatus::Cancelled => 3,
    }
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (rank, id) = text.split_once('.')?;
        let cursor = Self { rank: rank.parse().ok()?, id: StreamId::parse(id)? };
        (cursor.rank <= 3).then_some(cursor)
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{}.{}", self.rank, self.id)))
    }
}

impl Listing {
    /// Reads a query string. A parameter that is not known is ignored, and so is one without a value; a known one that is wrong is refused.
    pub fn read(query: &str) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let mut refuse = |field: &str, code| errors.push(FieldError { field: field.to_owned(), code });
        let mut listing = Self { words: Vec::new(), ranks: (0, 2), creator: None, after: None, limit: limits::PAGE.1 };
        for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            match &*name {
                "q" => {
                    listing.words = value.split_whitespace().map(str::to_lowercase).collect();
                    if value.chars().count() > QUERY || listing.words.len() > WORDS {
                        refuse("q", FieldCode::TooLong);
                    }
                }
                "status" => match serde_json::from_value(value.into_owned().into()) {
                    Ok(status) => listing.ranks = (rank(status), rank(status)),
                    Err(_) => refuse("status", FieldCode::Invalid),
                },
                "creator" => match UserId::parse(&value) {
                    Some(creator) => listing.creator = Some(creator),
                    None => refuse("creator", FieldCode::Invalid),
                },
                "cursor" => match Cursor::parse(&value) {
                    Some(cursor) => listing.after = Some(cursor),
                    None => refuse("cursor", FieldCode::Invalid),
                },
                "limit" => match value.parse() {
                    Ok(limit) if (1..=limits::PAGE.0).contains(&limit) => listing.limit = limit,
                    Ok(_) => refuse("limit", FieldCode::OutOfRange),
                    Err(_) => refuse("limit", FieldCode::Invalid),
                },
                _ => {}
            }
        }
        if errors.is_empty() { Ok(listing) } else { Err(Problem::validation(errors)) }
    }

    /// Cuts what was read (one more than the limit, when there is more) to a page, and says where the next one begins.
    pub fn page(&self, mut rows: Vec<StreamRow>) -> (Vec<StreamRow>, Option<String>) {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| Cursor { rank: rank(row.status), id: row.id }.to_string());
        (rows, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::row::tests::sample;
    use spillway_protocol::time::Timestamp;

    fn refused(query: &str) -> Vec<(String, FieldCode)> {
        let problem = Listing::read(query).unwrap_err();
        problem.errors.into_iter().map(|e| (e.field, e.code)).collect()
    }

    #[test]
    fn nothing_asked_for_is_all_but_the_cancelled() {
        let listing = Listing::read("").unwrap();
        assert_eq!((listing.ranks, listing.limit, listing.words.len()), ((0, 2), 20, 0));
        assert_eq!(Listing::read("unknown=1&status=LIVE").unwrap().ranks, (0, 0));
        assert_eq!(Listing::read("status=CANCELLED").unwrap().ranks, (3, 3));
    }

    #[test]
    fn a_parameter_without_a_value_was_not_given() {
        assert_eq!(Listing::read("q=&status=&creator=&cursor=&limit=").unwrap(), Listing::read("").unwrap());
    }

    #[test]
    fn words_are_taken_apart_and_in_lower_case() {
        assert_eq!(Listing::read("q=%C3%9Cber++Jazz%25").unwrap().words, ["über", "jazz%"]);
    }

    #[test]
    fn wrong_parameters_are_named() {
        assert_eq!(refused("limit=0"), [("limit".to_owned(), FieldCode::OutOfRange)]);
        assert_eq!(refused("limit=101"), [("limit".to_owned(), FieldCode::OutOfRange)]);
        assert_eq!(refused("limit=ten"), [("limit".to_owned(), FieldCode::Invalid)]);
        assert_eq!(refused("status=live&cursor=x").len(), 2);
        assert_eq!(refused("creator=me"), [("creator".to_owned(), FieldCode::Invalid)]);
        assert_eq!(refused(&format!("q={}", "x".repeat(201))), [("q".to_owned(), FieldCode::TooLong)]);
        assert_eq!(refused(&format!("q={}", "x+".repeat(11))), [("q".to_owned(), FieldCode::TooLong)]);
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cursor = Cursor { rank: 1, id: sample().id };
        assert_eq!(Listing::read(&format!("cursor={cursor}")).unwrap().after, Some(cursor));
        let forged = URL_SAFE_NO_PAD.encode(format!("4.{}", cursor.id));
        assert_eq!(Cursor::parse(&forged), None);
        assert_eq!(Cursor::parse(&"A".repeat(100_000)), None);
    }

    #[test]
    fn a_page_says_where_the_next_one_begins() {
        let rows = |n| -> Vec<StreamRow> {
            (0..n).map(|i| StreamRow { id: StreamId::new(Timestamp::from_millis(9), i), ..sample() }).collect()
        };
        let listing = Listing::read("limit=2").unwrap();
        assert_eq!(listing.page(rows(2)).1, None);
        let (page, next) = listing.page(rows(3));
        let after = Listing::read(&format!("cursor={}", next.unwrap())).unwrap().after.unwrap();
        assert_eq!((page.len(), after.id, after.rank), (2, page[1].id, 1));
    }
}
