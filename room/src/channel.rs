//! The Channel of a creator: what outlives a stream. Keys' versions, which stream a source leads into, moderators and bans.

mod people;
mod sources;

use spillway_protocol::{
    ids::{SourceId, StreamId, UserId},
    time::Timestamp,
};

use crate::{
    call::room::Revoke,
    retry::Retry,
    sql::{Docs, Sql, SqlError},
};

pub use sources::Admitted;

/// The Channel of a creator.
#[derive(Debug)]
pub struct Channel<S> {
    sql: S,
    creator: UserId,
    /// How the telling of a rotation to a Room goes.
    revoking: Retry,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Call a stream's Room; how it went goes to [`Channel::revoked`].
    Revoke(StreamId, Revoke),
    /// Poll again then, or when something happens.
    WakeAt(Timestamp),
}

/// A stream that is to be made in D1 before it is published into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStream {
    /// Its id; the same one until it is known to be made.
    pub id: StreamId,
    /// Whose it is.
    pub creator: UserId,
    /// What it is published from.
    pub source: SourceId,
}

impl<S: Sql> Channel<S> {
    /// The Channel that is stored here, or a new one.
    pub fn open(sql: S, creator: UserId) -> Result<Self, SqlError> {
        if !sql.is_set_up()? {
            sql.set_up(&[sources::TABLE, people::MODERATORS, people::BANS])?;
        }
        Ok(Self { sql, creator, revoking: Retry::default() })
    }

    /// All that is to be done now.
    pub fn poll(&mut self, now: Timestamp) -> Result<Vec<Output>, SqlError> {
        let mut out = Vec::new();
        let Some((stream, revoke)) = self.unrevoked()? else { return Ok(out) };
        if self.revoking.may_begin(now) {
            self.revoking.begin(now);
            out.push(Output::Revoke(stream, revoke));
        }
        out.extend(self.revoking.next().map(Output::WakeAt));
        Ok(out)
    }
}
