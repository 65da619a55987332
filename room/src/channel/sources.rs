//! Sources: the versions of their keys, and where they lead.

use spillway_protocol::{
    ids::{SourceId, StreamId},
    keys::StreamKey,
    limits,
    problem::Code,
    time::Timestamp,
};

use super::{Channel, NewStream};
use crate::{
    Failed, Moment,
    call::{
        channel::{Arm, Authorise, Authorised, StreamOver},
        room::Revoke,
    },
    sql::{Row, Sql, SqlError},
};

/// A source is here once its key was asked for. `made` is 0 while its stream is yet to be made in D1; `revoked` is the version
/// that the Room of its stream knows of.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS sources (
  id            TEXT PRIMARY KEY,
  key_version   INTEGER NOT NULL,
  revoked       INTEGER NOT NULL,
  stream        TEXT,
  made          INTEGER NOT NULL,
  blocked_until INTEGER NOT NULL
) STRICT";

/// The version that every key begins with.
const FIRST: u32 = 1;

/// Where a key leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The reply.
    pub authorised: Authorised,
    /// To be made in D1 first (it may be there already); then [`Channel::made`].
    pub to_make: Option<NewStream>,
}

struct Source {
    key_version: u32,
    stream: Option<StreamId>,
    made: bool,
    blocked_until: Timestamp,
}

impl<S: Sql> Channel<S> {
    /// Which version a source's key has.
    pub fn key_version(&self, source: SourceId) -> Result<u32, SqlError> {
        Ok(self.source(source)?.map_or(FIRST, |source| source.key_version))
    }

    /// Raises the version of a source's key.
    pub fn rotate_key(&mut self, source: SourceId) -> Result<u32, SqlError> {
        self.enter(source)?;
        self.sql.exec("UPDATE sources SET key_version = key_version + 1 WHERE id = ?", &[source.to_string().into()])?;
        self.key_version(source)
    }

    /// The source leads into this stream from now on.
    pub fn arm(&mut self, call: &Arm) -> Result<u32, SqlError> {
        self.enter(call.source)?;
        self.sql.exec(
            "UPDATE sources SET stream = ?, made = 1, blocked_until = 0 WHERE id = ?",
            &[call.stream.to_string().into(), call.source.to_string().into()],
        )?;
        self.key_version(call.source)
    }

    /// Someone shows a key.
    pub fn authorise(&mut self, call: &Authorise, secret: &[u8], at: Moment) -> Result<Admitted, Failed> {
        let invalid = || Failed::refused(Code::KeyInvalid, "The stream key opens nothing.");
        let key = StreamKey::parse(&call.key).ok_or_else(invalid)?;
        let source = key.source();
        let known = self.source(source)?;
        let key_version = known.as_ref().map_or(FIRST, |known| known.key_version);
        if !key.is_valid(secret, key_version) {
            return Err(invalid());
        }
        if known.as_ref().is_some_and(|known| at.now < known.blocked_until) {
            return Err(Failed::refused(Code::KeyBlocked, "The stream was ended a moment ago; press start to go on."));
        }
        let leads = known.and_then(|known| Some((known.stream?, known.made)));
        let (stream, made) = match leads {
            Some(leads) => leads,
            None => (self.open_stream(source, at)?, false),
        };
        let to_make = (!made).then_some(NewStream { id: stream, creator: self.creator, source });
        Ok(Admitted { authorised: Authorised { stream, key_version }, to_make })
    }

    /// The stream that a source leads into is in D1.
    pub fn made(&mut self, stream: StreamId) -> Result<(), SqlError> {
        self.sql.exec("UPDATE sources SET made = 1 WHERE stream = ?", &[stream.to_string().into()])?;
        Ok(())
    }

    /// A stream is over. A source that leads elsewhere by now is left alone.
    pub fn stream_over(&mut self, call: &StreamOver, now: Timestamp) -> Result<(), SqlError> {
        let blocked = if call.by_creator { now.plus_millis(limits::RESTART_BLOCK_MS) } else { Timestamp::default() };
        self.sql.exec(
            "UPDATE sources SET stream = NULL, revoked = key_version, blocked_until = ? WHERE stream = ?",
            &[blocked.millis().into(), call.stream.to_string().into()],
        )?;
        Ok(())
    }

    /// Whether the Room has heard of a rotation.
    pub fn revoked(&mut self, call: &Revoke, heard: bool, now: Timestamp) -> Result<(), SqlError> {
        self.revoking.finish(now, heard);
        if heard {
            self.sql.exec(
                "UPDATE sources SET revoked = ? WHERE id = ?",
                &[call.key_version.into(), call.source.to_string().into()],
            )?;
        }
        Ok(())
    }

    /// Whether a rotation of the source's key has yet to reach a Room.
    pub fn is_revoking(&self, source: SourceId) -> Result<bool, SqlError> {
        Ok(self.unrevoked()?.is_some_and(|(_, revoke)| revoke.source == source))
    }

    /// A rotation that the Room of the source's stream has not heard of.
    pub(super) fn unrevoked(&self) -> Result<Option<(StreamId, Revoke)>, SqlError> {
        let statement = "SELECT stream, id, key_version FROM sources
                         WHERE revoked < key_version AND stream IS NOT NULL AND made = 1 LIMIT 1";
        let rows = self.sql.exec(statement, &[])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let stream = StreamId::parse(row.text(0)?).ok_or_else(|| SqlError::new("not a stream's id"))?;
        let source = SourceId::parse(row.text(1)?).ok_or_else(|| SqlError::new("not a source's id"))?;
        Ok(Some((stream, Revoke { source, key_version: number(row, 2)? })))
    }

    /// A stream of the source's own, that is yet to be made.
    fn open_stream(&mut self, source: SourceId, at: Moment) -> Result<StreamId, SqlError> {
        self.enter(source)?;
        let stream = StreamId::new(at.now, at.random);
        self.sql.exec(
            "UPDATE sources SET stream = ?, made = 0 WHERE id = ?",
            &[stream.to_string().into(), source.to_string().into()],
        )?;
        Ok(stream)
    }

    fn enter(&self, source: SourceId) -> Result<(), SqlError> {
        self.sql.exec(
            "INSERT INTO sources (id, key_version, revoked, stream, made, blocked_until) VALUES (?, ?, ?, NULL, 0, 0)
             ON CONFLICT (id) DO NOTHING",
            &[source.to_string().into(), FIRST.into(), FIRST.into()],
        )?;
        Ok(())
    }

    fn source(&self, source: SourceId) -> Result<Option<Source>, SqlError> {
        let statement = "SELECT key_version, made, blocked_until, coalesce(stream, '') FROM sources WHERE id = ?";
        let rows = self.sql.exec(statement, &[source.to_string().into()])?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Source {
            key_version: number(row, 0)?,
            made: row.integer(1)? == 1,
            blocked_until: Timestamp::from_millis(row.integer(2)?),
            stream: StreamId::parse(row.text(3)?),
        }))
    }
}

fn number(row: &Row, column: usize) -> Result<u32, SqlError> {
    u32::try_from(row.integer(column)?).map_err(SqlError::new)
}
