//! Streams.

use serde::Deserialize;
use spillway_protocol::{
    api::{Quality, StreamStatus},
    ids::{SourceId, StreamId},
    time::Timestamp,
};
use spillway_room::{channel, room::Mirror};
use worker::D1PreparedStatement;

use super::{DataError, Db, idempotency, values};
use crate::{
    asking::Twice,
    streams::{Listing, StreamRow},
};

fn status(status: StreamStatus) -> &'static str {
    match status {
        StreamStatus::Scheduled => "SCHEDULED",
        StreamStatus::Live => "LIVE",
        StreamStatus::Ended => "ENDED",
        StreamStatus::Cancelled => "CANCELLED",
    }
}

fn quality(quality: Quality) -> &'static str {
    match quality {
        Quality::Sd => "SD",
        Quality::Hd => "HD",
        Quality::Fhd => "FHD",
        Quality::Uhd => "4K",
    }
}

fn insertion(db: &Db, row: &StreamRow) -> Result<D1PreparedStatement, DataError> {
    let sql = "INSERT INTO streams (id, creator_id, source_id, title, description, search_text, is_subscriber_only,
            required_tier, ticket_price, currency, quality, recording_enabled, chat_enabled, tips_enabled, max_viewers,
            delay_seconds, scheduled_start_time, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
        ON CONFLICT (id) DO NOTHING";
    let values = values![
        row.id,
        row.creator_id,
        row.source_id,
        &row.title,
        row.description.as_deref(),
        &row.search_text(),
        row.is_subscriber_only,
        row.required_tier,
        row.ticket_price,
        &row.currency,
        quality(row.quality),
        row.recording_enabled,
        row.chat_enabled,
        row.tips_enabled,
        row.max_viewers,
        row.delay_seconds,
        row.scheduled_start_time,
        row.created_at,
        row.updated_at,
    ];
    db.statement(sql, values)
}

/// Stores a new stream; told twice, it is stored once.
pub(crate) async fn insert(db: &Db, row: &StreamRow) -> Result<(), DataError> {
    db.batch(Twice::Harmless, &[insertion(db, row)?]).await?;
    Ok(())
}

/// Stores the stream that a Channel opens.
pub(crate) async fn open(db: &Db, new: &channel::NewStream, at: Timestamp) -> Result<(), DataError> {
    insert(db, &StreamRow::opened(new, at)).await
}

/// Stores a new stream and the key it was made by; [`DataError::Taken`] when the key has made something before: this very
/// stream, when it was told twice.
pub(crate) async fn insert_once(db: &Db, row: &StreamRow, claim: &idempotency::Claim<'_>) -> Result<(), DataError> {
    let at = Timestamp::from_millis(row.created_at);
    let [clean, remember] = idempotency::remember(db, claim, &row.id.to_string(), at)?;
    db.batch(Twice::Harmless, &[clean, remember, insertion(db, row)?]).await?;
    Ok(())
}

/// A stream.
pub(crate) async fn find(db: &Db, id: StreamId) -> Result<Option<StreamRow>, DataError> {
    let sql = "SELECT s.*, p.username FROM streams s JOIN people p ON p.id = s.creator_id WHERE s.id = ?1";
    db.first(sql, values![id]).await
}

/// The streams that a source leads into, or led into, and that are live.
pub(crate) async fn live_of(db: &Db, source: SourceId) -> Result<Vec<StreamId>, DataError> {
    #[derive(Deserialize)]
    struct Found {
        id: StreamId,
    }
    let sql = "SELECT id FROM streams WHERE source_id = ?1 AND status = 'LIVE'";
    Ok(db.all::<Found>(sql, values![source]).await?.into_iter().map(|found| found.id).collect())
}

/// A page of a list, and one more row when there is more.
pub(crate) async fn list(db: &Db, asked: &Listing) -> Result<Vec<StreamRow>, DataError> {
    macro_rules! list {
        ($of_whom:literal) => {
            concat!(
                "SELECT s.*, p.username FROM streams s JOIN people p ON p.id = s.creator_id WHERE ",
                $of_whom,
                " AND s.rank BETWEEN ?2 AND ?3 AND (s.rank > ?4 OR (s.rank = ?4 AND s.id < ?5))
                AND NOT EXISTS (SELECT 1 FROM json_each(?6) word
                    WHERE instr(s.search_text, word.value) = 0 AND instr(p.username_key, word.value) = 0)
                ORDER BY s.rank, s.id DESC LIMIT ?7"
            )
        };
    }
    let sql = if asked.creator.is_some() { list!("s.creator_id = ?1") } else { list!("?1 IS NULL") };
    // Before the first page stands a rank that no stream has.
    let (rank, id) = asked.after.map_or((-1, None), |after| (i64::from(after.rank), Some(after.id)));
    let words = serde_json::to_string(&asked.words).map_err(|e| DataError::Failed(e.to_string()))?;
    let (first, last) = asked.ranks;
    db.all(sql, values![asked.creator, first, last, rank, id, &words, asked.limit.saturating_add(1)]).await
}

/// Stores a changed stream; `false` when it was changed since `before` was read (by someone else, or by this when told twice),
/// or is over.
pub(crate) async fn update(db: &Db, row: &StreamRow, before: i64) -> Result<bool, DataError> {
    let sql = "UPDATE streams SET title = ?3, description = ?4, search_text = ?5, is_subscriber_only = ?6, required_tier = ?7,
            ticket_price = ?8, quality = ?9, recording_enabled = ?10, chat_enabled = ?11, tips_enabled = ?12,
            max_viewers = ?13, delay_seconds = ?14, scheduled_start_time = ?15, updated_at = ?16
        WHERE id = ?1 AND updated_at = ?2 AND status IN ('SCHEDULED', 'LIVE')";
    let values = values![
        row.id,
        before,
        &row.title,
        row.description.as_deref(),
        &row.search_text(),
        row.is_subscriber_only,
        row.required_tier,
        row.ticket_price,
        quality(row.quality),
        row.recording_enabled,
        row.chat_enabled,
        row.tips_enabled,
        row.max_viewers,
        row.delay_seconds,
        row.scheduled_start_time,
        row.updated_at,
    ];
    Ok(db.change(Twice::Harmless, sql, values).await? == 1)
}

/// The Room's truth about its stream: status, times and figures. A status only goes forward, so that what was said late or
/// twice changes nothing.
pub(crate) async fn record(db: &Db, id: StreamId, shown: &Mirror, at: Timestamp) -> Result<(), DataError> {
    let sql = "UPDATE streams SET status = ?2, actual_start_time = ?3, end_time = ?4, viewer_count = ?5,
            peak_viewers = MAX(peak_viewers, ?6), messages_count = MAX(messages_count, ?7),
            updated_at = CASE status WHEN ?2 THEN updated_at ELSE MAX(updated_at + 1, ?8) END
        WHERE id = ?1 AND (status = ?2 OR status = 'SCHEDULED' OR status = 'LIVE' AND ?2 = 'ENDED')";
    let values = values![
        id,
        status(shown.status),
        shown.actual_start_time,
        shown.end_time,
        shown.viewer_count,
        shown.peak_viewers,
        i64::try_from(shown.messages_count).unwrap_or(i64::MAX),
        at,
    ];
    db.change(Twice::Harmless, sql, values).await?;
    Ok(())
}
