//! Who someone is in the creator's rooms.

use spillway_protocol::{api::Role, ids::UserId, time::Timestamp};

use super::Channel;
use crate::{
    call::channel::Standing,
    sql::{Sql, SqlError},
};

pub(super) const MODERATORS: &str =
    "CREATE TABLE IF NOT EXISTS moderators (user_id TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT";
/// `until` is absent for a ban without an end.
pub(super) const BANS: &str =
    "CREATE TABLE IF NOT EXISTS bans (user_id TEXT PRIMARY KEY, since INTEGER NOT NULL, until INTEGER) STRICT";

impl<S: Sql> Channel<S> {
    /// What someone is in the creator's rooms.
    pub fn standing_of(&self, user: UserId, now: Timestamp) -> Result<Standing, SqlError> {
        if user == self.creator {
            return Ok(Standing { role: Role::Creator, banned: false });
        }
        let user = user.to_string();
        let moderates = self.sql.exec("SELECT 1 FROM moderators WHERE user_id = ?", &[user.as_str().into()])?;
        let banned = self.sql.exec(
            "SELECT 1 FROM bans WHERE user_id = ? AND (until IS NULL OR until > ?)",
            &[user.into(), now.millis().into()],
        )?;
        let role = if moderates.is_empty() { Role::Viewer } else { Role::Moderator };
        Ok(Standing { role, banned: !banned.is_empty() })
    }

    /// Makes someone a moderator of the creator's rooms, or takes that away.
    pub fn set_moderator(&mut self, user: UserId, moderates: bool, now: Timestamp) -> Result<(), SqlError> {
        if moderates {
            let statement = "INSERT INTO moderators (user_id, since) VALUES (?, ?) ON CONFLICT (user_id) DO NOTHING";
            self.sql.exec(statement, &[user.to_string().into(), now.millis().into()])?;
        } else {
            self.sql.exec("DELETE FROM moderators WHERE user_id = ?", &[user.to_string().into()])?;
        }
        Ok(())
    }

    /// Bans someone from the creator's rooms, for good or until then.
    pub fn ban(&mut self, user: UserId, until: Option<Timestamp>, now: Timestamp) -> Result<(), SqlError> {
        self.sql.exec(
            "INSERT INTO bans (user_id, since, until) VALUES (?, ?, ?)
             ON CONFLICT (user_id) DO UPDATE SET since = excluded.since, until = excluded.until",
            &[user.to_string().into(), now.millis().into(), until.map(Timestamp::millis).into()],
        )?;
        Ok(())
    }

    /// Lets someone in again.
    pub fn unban(&mut self, user: UserId) -> Result<(), SqlError> {
        self.sql.exec("DELETE FROM bans WHERE user_id = ?", &[user.to_string().into()])?;
        Ok(())
    }
}
