//! What POSTs with an `Idempotency-Key` made.

use serde::Deserialize;
use spillway_protocol::{ids::UserId, time::Timestamp};
use worker::D1PreparedStatement;

use super::{DataError, Db, values};

/// How long a key is remembered.
const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

/// A key with the request that it came with.
pub(crate) struct Claim<'a> {
    /// Whose key.
    pub(crate) user: UserId,
    /// The key.
    pub(crate) key: &'a str,
    /// The call.
    pub(crate) route: &'static str,
    /// SHA-256 of the body.
    pub(crate) body_hash: &'a str,
}

/// What a key made before.
#[derive(Deserialize)]
pub(crate) struct Remembered {
    pub(crate) route: String,
    pub(crate) body_hash: String,
    pub(crate) made_id: String,
    pub(crate) created_at: i64,
}

/// The statements that remember a key, for the batch that makes the thing: when the key is there already, the batch fails
/// with [`DataError::Taken`] and makes nothing.
pub(super) fn remember(
    db: &Db,
    claim: &Claim<'_>,
    made_id: &str,
    at: Timestamp,
) -> Result<[D1PreparedStatement; 2], DataError> {
    let sql = "DELETE FROM idempotency WHERE user_id = ?1 AND created_at < ?2";
    let clean = db.statement(sql, values![claim.user, at.plus_millis(-KEPT_MS)])?;
    let sql = "INSERT INTO idempotency (user_id, key, route, body_hash, made_id, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = values![claim.user, claim.key, claim.route, claim.body_hash, made_id, at];
    Ok([clean, db.statement(sql, values)?])
}

/// What a key made.
pub(crate) async fn find(db: &Db, user: UserId, key: &str) -> Result<Option<Remembered>, DataError> {
    let sql = "SELECT route, body_hash, made_id, created_at FROM idempotency WHERE user_id = ?1 AND key = ?2";
    db.first(sql, values![user, key]).await
}
