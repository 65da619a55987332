//! The room's order: every event that must not be missed, under its `seq`.

use std::collections::VecDeque;

use serde_json::json;
use spillway_protocol::{
    ids::{MessageId, UserId},
    limits,
    room::{ServerEvent, ServerFrame},
    time::Timestamp,
};

use crate::sql::{Docs, Sql, SqlError, to_json};

/// `lines` counts the lines of chat up to and with this event; a line has a `user_id`. For other events `client_id` names what
/// happens only once.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS events (
  seq       INTEGER PRIMARY KEY,
  at        INTEGER NOT NULL,
  lines     INTEGER NOT NULL,
  user_id   TEXT,
  client_id TEXT,
  frame     TEXT NOT NULL
) STRICT";
pub(super) const INDEX: &str =
    "CREATE INDEX IF NOT EXISTS events_by_client ON events (user_id, client_id) WHERE client_id IS NOT NULL";

/// Events kept at hand.
pub(super) const RECENT: usize = 256;

/// The log of events.
#[derive(Debug)]
pub(super) struct Log {
    epoch: String,
    seq: u64,
    lines: u64,
    recent: VecDeque<ServerFrame>,
}

/// An event that is to be logged.
pub(super) struct Entry {
    event: ServerEvent,
    at: Timestamp,
    once: Option<String>,
}

impl Entry {
    pub(super) fn of(event: ServerEvent, at: Timestamp) -> Self {
        Self { event, at, once: None }
    }
}

impl Log {
    pub(super) fn create(sql: &impl Sql, random: u128) -> Result<Self, SqlError> {
        let epoch = format!("{:016x}", random >> 64);
        sql.store("epoch", &epoch)?;
        Ok(Self { epoch, seq: 0, lines: 0, recent: VecDeque::new() })
    }

    pub(super) fn restore(sql: &impl Sql) -> Result<Self, SqlError> {
        let epoch = sql.load("epoch")?.ok_or_else(|| SqlError::new("the room's epoch is missing"))?;
        let last = sql.exec("SELECT seq, lines FROM events ORDER BY seq DESC LIMIT 1", &[])?;
        let (seq, lines) = match last.first() {
            Some(row) => (row.unsigned(0)?, row.unsigned(1)?),
            None => (0, 0),
        };
        let mut log = Self { epoch, seq, lines, recent: VecDeque::new() };
        log.recent = read(sql, seq.saturating_sub(RECENT as u64), seq)?.into();
        Ok(log)
    }

    /// The name of this numbering.
    pub(super) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The last event's number.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// How many lines of chat there are.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Gives the events their numbers and stores them, all in one statement.
    pub(super) fn append(&mut self, sql: &impl Sql, entries: Vec<Entry>) -> Result<(), SqlError> {
        let (mut seq, mut lines) = (self.seq, self.lines);
        let (mut rows, mut frames) = (Vec::with_capacity(entries.len()), Vec::with_capacity(entries.len()));
        for Entry { event, at, once } in entries {
            seq = seq.saturating_add(1);
            let (mut user, mut client) = (None, once);
            if let ServerEvent::NewMessage(message) = &event {
                lines = lines.saturating_add(1);
                user = Some(message.user_id);
                client.clone_from(&message.client_id);
            }
            let frame = ServerFrame { event, seq: Some(seq) };
            rows.push(json!([seq, at.millis(), lines, user, client, to_json(&frame)?]));
            frames.push(frame);
        }
        if rows.is_empty() {
            return Ok(());
        }
        sql.exec(
            "INSERT INTO events (seq, at, lines, user_id, client_id, frame)
             SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
                    json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]')
             FROM json_each(?)",
            &[to_json(&rows)?.into()],
        )?;
        (self.seq, self.lines) = (seq, lines);
        self.recent.extend(frames);
        self.recent.drain(..self.recent.len().saturating_sub(RECENT));
        Ok(())
    }

    /// Logs what happens only once in a room's life, unless that is done: storage may have failed right after.
    pub(super) fn append_once(
        &mut self,
        sql: &impl Sql,
        event: ServerEvent,
        once: String,
        at: Timestamp,
    ) -> Result<(), SqlError> {
        let statement = "SELECT 1 FROM events WHERE user_id IS NULL AND client_id = ?";
        if sql.exec(statement, &[once.as_str().into()])?.is_empty() {
            self.append(sql, vec![Entry { event, at, once: Some(once) }])?;
        }
        Ok(())
    }

    /// At most `limit` events behind `after`, in order.
    pub(super) fn after(&self, sql: &impl Sql, after: u64, limit: u64) -> Result<Vec<ServerFrame>, SqlError> {
        self.between(sql, after, self.seq.min(after.saturating_add(limit)))
    }

    /// The events behind `after`, up to and with `until`.
    pub(super) fn between(&self, sql: &impl Sql, after: u64, until: u64) -> Result<Vec<ServerFrame>, SqlError> {
        let first = self.recent.front().and_then(|frame| frame.seq);
        if after >= until || first.is_some_and(|first| after.saturating_add(1) >= first) {
            let wanted = |frame: &&ServerFrame| frame.seq.is_some_and(|seq| seq > after && seq <= until);
            return Ok(self.recent.iter().filter(wanted).cloned().collect());
        }
        read(sql, after, until)
    }
}

/// The line that a client's id already made, unless that was too long ago.
pub(super) fn said_before(
    sql: &impl Sql,
    user: UserId,
    client_id: &str,
    now: Timestamp,
) -> Result<Option<MessageId>, SqlError> {
    let rows = sql.exec(
        "SELECT frame FROM events WHERE user_id = ? AND client_id = ? AND at > ? ORDER BY seq DESC LIMIT 1",
        &[user.to_string().into(), client_id.into(), now.plus_millis(-limits::CLIENT_ID_MS).millis().into()],
    )?;
    let Some(row) = rows.first() else { return Ok(None) };
    match row.json::<ServerFrame>(0)?.event {
        ServerEvent::NewMessage(message) => Ok(Some(message.message_id)),
        _ => Ok(None),
    }
}

/// At most `limit` lines before `before`, oldest first.
pub(super) fn lines_before(sql: &impl Sql, before: u64, limit: u32) -> Result<Vec<ServerFrame>, SqlError> {
    let statement = "SELECT frame FROM events WHERE user_id IS NOT NULL AND seq < ? ORDER BY seq DESC LIMIT ?";
    let rows = sql.exec(statement, &[before.into(), limit.into()])?;
    rows.iter().rev().map(|row| row.json(0)).collect()
}

fn read(sql: &impl Sql, after: u64, until: u64) -> Result<Vec<ServerFrame>, SqlError> {
    let statement = "SELECT frame FROM events WHERE seq > ? AND seq <= ? ORDER BY seq";
    sql.exec(statement, &[after.into(), until.into()])?.iter().map(|row| row.json(0)).collect()
}
