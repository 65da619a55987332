//! Log-ins and their refresh tokens, of which only hashes are stored.

use serde::Deserialize;
use spillway_protocol::{
    ids::{SessionId, UserId},
    limits::REFRESH_TOKEN_MS,
    time::Timestamp,
};

use super::{DataError, Db, changes, values};
use crate::{
    asking::Twice,
    auth::refresh::{RefreshToken, Stored},
};

/// A refresh token as stored.
#[derive(Deserialize)]
pub(crate) struct TokenRow {
    pub(crate) session_id: SessionId,
    pub(crate) user_id: UserId,
    pub(crate) nonce: String,
    expires_at: i64,
    spent_at: Option<i64>,
    ended_at: Option<i64>,
}

impl TokenRow {
    /// What decides over the token.
    pub(crate) fn stored(&self) -> Stored {
        Stored {
            expires_at: Timestamp::from_millis(self.expires_at),
            spent_at: self.spent_at.map(Timestamp::from_millis),
            session_ended: self.ended_at.is_some(),
        }
    }
}

const INSERT_TOKEN: &str = "INSERT INTO refresh_tokens (hash, session_id, nonce, issued_at, expires_at)
    SELECT ?1, id, ?3, ?4, ?5 FROM sessions WHERE id = ?2 AND ended_at IS NULL
    ON CONFLICT DO NOTHING";

/// A new log-in with its first token. What this person's old ones have left behind goes.
pub(crate) async fn begin(
    db: &Db,
    session: SessionId,
    user: UserId,
    token: &RefreshToken,
    nonce: &str,
    at: Timestamp,
) -> Result<(), DataError> {
    let expires = at.plus_millis(REFRESH_TOKEN_MS);
    let clean = db.statement("DELETE FROM sessions WHERE user_id = ?1 AND expires_at < ?2", values![user, at])?;
    let sql =
        "INSERT INTO sessions (id, user_id, created_at, expires_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    let insert = db.statement(sql, values![session, user, at, expires])?;
    let token = db.statement(INSERT_TOKEN, values![&token.hash(), session, nonce, at, expires])?;
    db.batch(Twice::Harmless, &[clean, insert, token]).await?;
    Ok(())
}

/// A token's row.
pub(crate) async fn find(db: &Db, token: &RefreshToken) -> Result<Option<TokenRow>, DataError> {
    let sql = "SELECT t.session_id, s.user_id, t.nonce, t.expires_at, t.spent_at, s.ended_at
        FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.hash = ?1";
    db.first(sql, values![&token.hash()]).await
}

/// Spends a token and stores the next one; `false` when another request has just spent it (or this one, told twice). Both
/// would store the same next one, so it does not matter whose row stays.
pub(crate) async fn rotate(
    db: &Db,
    row: &TokenRow,
    old: &RefreshToken,
    next: &RefreshToken,
    nonce: &str,
    at: Timestamp,
) -> Result<bool, DataError> {
    let expires = at.plus_millis(REFRESH_TOKEN_MS);
    let sql = "UPDATE refresh_tokens SET spent_at = ?2 WHERE hash = ?1 AND spent_at IS NULL";
    let spend = db.statement(sql, values![&old.hash(), at])?;
    let insert = db.statement(INSERT_TOKEN, values![&next.hash(), row.session_id, nonce, at, expires])?;
    let sql = "UPDATE sessions SET expires_at = ?2 WHERE id = ?1";
    let prolong = db.statement(sql, values![row.session_id, expires])?;
    let sql = "DELETE FROM refresh_tokens WHERE session_id = ?1 AND expires_at < ?2";
    let clean = db.statement(sql, values![row.session_id, at])?;
    let results = db.batch(Twice::Harmless, &[spend, insert, prolong, clean]).await?;
    Ok(results.first().map(changes).transpose()?.unwrap_or(0) == 1)
}

/// Ends a log-in: none of its tokens is good any more.
pub(crate) async fn end(db: &Db, session: SessionId, at: Timestamp) -> Result<(), DataError> {
    let sql = "UPDATE sessions SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL";
    db.change(Twice::Harmless, sql, values![session, at]).await?;
    Ok(())
}
