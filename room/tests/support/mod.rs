//! SQLite for the state machines under test, and words that many tests need.
#![allow(dead_code, missing_docs, unreachable_pub)]

use std::{cell::Cell, rc::Rc};

use rusqlite::{Connection, params_from_iter, types::ValueRef};
use spillway_protocol::{
    api::{Quality, Role, StreamStatus},
    ids::{StreamId, UserId},
    link::{PartReport, Report, SegmentReport},
    media::{PartIndex, RenditionId, SegmentIndex, Track, TrackKind},
    time::Timestamp,
};
use spillway_room::{
    Moment,
    call::room::{Author, Line},
    room::{Facts, Room},
    sql::{Row, Sql, SqlError, Value},
};

/// A database that outlives what is built on it.
#[derive(Debug, Clone)]
pub struct Db {
    connection: Rc<Connection>,
    /// Statements that change something and still work; then storage is broken.
    pub writes_left: Rc<Cell<u32>>,
}

impl Db {
    pub fn new() -> Self {
        Self { connection: Rc::new(Connection::open_in_memory().unwrap()), writes_left: Rc::new(Cell::new(u32::MAX)) }
    }
}

impl Sql for Db {
    fn exec(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, SqlError> {
        if !statement.trim_start().starts_with("SELECT") {
            let left = self.writes_left.get().checked_sub(1).ok_or_else(|| SqlError::new("broken"))?;
            self.writes_left.set(left);
        }
        let mut prepared = self.connection.prepare(statement).map_err(SqlError::new)?;
        let columns = prepared.column_count();
        let params = params_from_iter(params.iter().map(|value| match value {
            Value::Null => rusqlite::types::Value::Null,
            Value::Integer(number) => (*number).into(),
            Value::Text(text) => text.clone().into(),
        }));
        let mut rows = prepared.query(params).map_err(SqlError::new)?;
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(SqlError::new)? {
            let value = |column| match row.get_ref(column).unwrap() {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
                other => panic!("a column of {other:?}"),
            };
            out.push(Row((0..columns).map(value).collect()));
        }
        Ok(out)
    }
}

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + ms)
}

pub fn moment(ms: i64) -> Moment {
    Moment { now: at(ms), random: u128::try_from(ms).unwrap() << 64 }
}

pub fn stream() -> StreamId {
    StreamId::new(at(0), 7)
}

pub fn user(number: u128) -> UserId {
    UserId::new(at(0), number)
}

pub fn facts() -> Facts {
    Facts {
        creator_id: user(1),
        title: "A stream".to_owned(),
        status: StreamStatus::Scheduled,
        actual_start_time: None,
        end_time: None,
        gated: false,
        chat_enabled: true,
        tips_enabled: true,
        delay_seconds: 0,
        quality: Quality::Hd,
        max_viewers: None,
        updated_at: 1,
    }
}

pub fn room(db: &Db) -> Room<Db> {
    Room::create(db.clone(), stream(), facts(), Moment { now: at(0), random: 0xabc << 64 }).unwrap()
}

pub fn author(number: u128) -> Author {
    Author { user_id: user(number), username: format!("user{number}"), role: Role::Viewer, is_subscriber: false }
}

pub fn line(number: u128, message: &str, client_id: Option<&str>) -> Line {
    Line { author: author(number), message: message.to_owned(), client_id: client_id.map(str::to_owned) }
}

/// What an origin reports until there is something to play.
pub fn reports() -> [Report; 3] {
    let kind = TrackKind::Video { width: 1_280, height: 720, frame_rate_millis: 30_000 };
    let track = Track { rendition: RenditionId::video(), codec: "avc1.64001f".to_owned(), kind };
    [
        Report::Started { at: at(0), target_ms: 2_000, part_target_ms: Some(253) },
        Report::Track { track, init: 0 },
        segment(0),
    ]
}

/// The report of a part of 250 ms, the last of its segment when it is the eighth.
pub fn part(segment: u32, number: u32) -> Report {
    Report::Part(PartReport {
        rendition: RenditionId::video(),
        segment: SegmentIndex(segment),
        part: PartIndex(number),
        start_us: u64::from(segment) * 2_000_000 + u64::from(number) * 250_000,
        duration_us: 250_000,
        independent: number == 0,
        last: number == 7,
        size: 12_500,
    })
}

/// The report of a segment of 2 s.
pub fn segment(index: u32) -> Report {
    Report::Segment(SegmentReport {
        rendition: RenditionId::video(),
        segment: SegmentIndex(index),
        start_us: u64::from(index) * 2_000_000,
        duration_us: 2_000_000,
        independent: true,
        size: 100_000,
        init: 0,
        parts: 6,
    })
}
