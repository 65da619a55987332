//! Sources: what creators publish from.

use serde::Deserialize;
use spillway_protocol::{
    ids::{SourceId, UserId},
    time::Timestamp,
};

use super::{DataError, Db, values};
use crate::asking::Twice;

#[derive(Deserialize)]
struct IdRow {
    id: SourceId,
}

#[derive(Deserialize)]
struct CreatorRow {
    creator_id: UserId,
}

/// A creator's default source; `fresh` becomes it when there is none yet.
pub(crate) async fn default_of(
    db: &Db,
    creator: UserId,
    fresh: SourceId,
    at: Timestamp,
) -> Result<SourceId, DataError> {
    let sql =
        "INSERT INTO sources (id, creator_id, is_default, created_at) VALUES (?1, ?2, 1, ?3) ON CONFLICT DO NOTHING";
    let insert = db.statement(sql, values![fresh, creator, at])?;
    let read = db.statement("SELECT id FROM sources WHERE creator_id = ?1 AND is_default = 1", values![creator])?;
    let results = db.batch(Twice::Harmless, &[insert, read]).await?;
    let rows: Vec<IdRow> = results.last().map(worker::D1Result::results).transpose()?.unwrap_or_default();
    rows.first().map(|row| row.id).ok_or_else(|| DataError::Failed(format!("{creator} has no default source")))
}

/// Whose source it is.
pub(crate) async fn creator(db: &Db, source: SourceId) -> Result<Option<UserId>, DataError> {
    let row: Option<CreatorRow> = db.first("SELECT creator_id FROM sources WHERE id = ?1", values![source]).await?;
    Ok(row.map(|row| row.creator_id))
}
