//! The outbox on disk: rows in a database (`SQLite`), bytes in files beside it. A file is written before its row, and deleted after the row says that
//! R2 has it; so a row that is not stored always has its file. Files without a row go with their epoch's folder, a folder without a row when the
//! outbox is opened.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use spillway_protocol::{
    ids::StreamId,
    link::Report,
    media::{Epoch, MediaObject},
};
use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::{fs, io::AsyncWriteExt};

use super::ledger::Parcel;
use crate::epoch::EpochKey;

/// The disk failed us, or holds what we did not write.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The database failed.
    #[error("the outbox's database failed")]
    Database(#[from] sqlx::Error),
    /// Its schema could not be brought up to date.
    #[error("the outbox's schema could not be applied")]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// A file failed.
    #[error("the outbox's files failed")]
    File(#[from] io::Error),
    /// A report could not be written as JSON.
    #[error("a report could not be written")]
    Report(#[from] serde_json::Error),
    /// A number that the database cannot hold.
    #[error("a number is out of range")]
    Range(#[from] std::num::TryFromIntError),
}

/// An epoch that an earlier process left behind.
#[derive(Debug)]
pub(crate) struct Unfinished {
    /// Which one.
    pub(crate) key: EpochKey,
    /// The first report that the Room had not acknowledged.
    pub(crate) next: u64,
    /// The reports from there on, each with its object where that is still to be put.
    pub(crate) reports: Vec<(Report, Option<Parcel>)>,
}

/// The outbox's database and files.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    pool: SqlitePool,
    files: PathBuf,
}

impl Journal {
    /// Opens the outbox in the state folder; makes it where there is none.
    pub(crate) async fn open(state: &Path) -> Result<Self, JournalError> {
        let files = state.join("outbox");
        fs::create_dir_all(&files).await?;
        let options = SqliteConnectOptions::new()
            .filename(state.join("outbox.sqlite"))
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A killed process loses nothing; a lost machine loses what the Room will see as a lost publisher.
            .synchronous(SqliteSynchronous::Normal);
        // SQLite has one writer; one connection makes the queue ours.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        sqlx::migrate!("../origin-migrations").run(&pool).await?;
        let journal = Self { pool, files };
        journal.sweep().await?;
        Ok(journal)
    }

    /// Removes the folders of epochs that have no row: a process died before it wrote one, or after it deleted it.
    async fn sweep(&self) -> Result<(), JournalError> {
        let rows = sqlx::query("SELECT stream, epoch FROM epochs").fetch_all(&self.pool).await?;
        let mut known = HashSet::new();
        for row in rows {
            let (stream, epoch): (String, u32) = (row.try_get("stream")?, row.try_get("epoch")?);
            known.insert(self.files.join(stream).join(epoch.to_string()));
        }
        let mut streams = fs::read_dir(&self.files).await?;
        while let Some(stream) = streams.next_entry().await? {
            if !stream.file_type().await?.is_dir() {
                continue;
            }
            let mut epochs = fs::read_dir(stream.path()).await?;
            while let Some(epoch) = epochs.next_entry().await? {
                if !known.contains(&epoch.path()) {
                    fs::remove_dir_all(epoch.path()).await?;
                }
            }
            // Not empty, it stays.
            let _ = fs::remove_dir(stream.path()).await;
        }
        Ok(())
    }

    /// An epoch begins.
    pub(crate) async fn begin(&self, key: EpochKey) -> Result<(), JournalError> {
        fs::create_dir_all(self.folder(key)).await?;
        sqlx::query("INSERT INTO epochs (stream, epoch) VALUES (?, ?)")
            .bind(key.stream.to_string())
            .bind(key.epoch.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Keeps report `n` and the pieces of its object.
    pub(crate) async fn append(
        &self,
        key: EpochKey,
        n: u64,
        report: &Report,
        object: Option<(&Parcel, &[Bytes])>,
    ) -> Result<(), JournalError> {
        if let Some((_, pieces)) = object {
            let mut file = fs::File::create(self.file(key, n)).await?;
            for piece in pieces {
                file.write_all(piece).await?;
            }
            file.flush().await?;
        }
        let parcel = object.map(|(parcel, _)| parcel);
        sqlx::query(
            "INSERT INTO reports (stream, epoch, n, report, object, bytes, stored) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(key.stream.to_string())
        .bind(key.epoch.0)
        .bind(i64::try_from(n)?)
        .bind(serde_json::to_string(report)?)
        .bind(parcel.map(|parcel| parcel.object.path()))
        .bind(i64::try_from(parcel.map_or(0, |parcel| parcel.bytes))?)
        .bind(parcel.is_none())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// R2 has the object of report `n`.
    pub(crate) async fn stored(&self, key: EpochKey, n: u64) -> Result<(), JournalError> {
        self.settle(key, n, None).await
    }

    /// The object of report `n` was given up: this is told instead.
    pub(crate) async fn given_up(&self, key: EpochKey, n: u64, report: &Report) -> Result<(), JournalError> {
        self.settle(key, n, Some(report)).await
    }

    /// The object of report `n` is not waited for any more.
    async fn settle(&self, key: EpochKey, n: u64, instead: Option<&Report>) -> Result<(), JournalError> {
        let instead = instead.map(serde_json::to_string).transpose()?;
        sqlx::query(
            "UPDATE reports SET report = COALESCE(?, report), stored = 1 WHERE stream = ? AND epoch = ? AND n = ?",
        )
        .bind(instead)
        .bind(key.stream.to_string())
        .bind(key.epoch.0)
        .bind(i64::try_from(n)?)
        .execute(&self.pool)
        .await?;
        fs::remove_file(self.file(key, n)).await.or_else(ignore_missing)?;
        Ok(())
    }

    /// The Room has all reports below `next`.
    pub(crate) async fn acknowledged(&self, key: EpochKey, next: u64) -> Result<(), JournalError> {
        let next = i64::try_from(next)?;
        let mut transaction = self.pool.begin().await?;
        sqlx::query("UPDATE epochs SET next = ? WHERE stream = ? AND epoch = ?")
            .bind(next)
            .bind(key.stream.to_string())
            .bind(key.epoch.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM reports WHERE stream = ? AND epoch = ? AND n < ?")
            .bind(key.stream.to_string())
            .bind(key.epoch.0)
            .bind(next)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Report `n` and all behind it can never be told.
    pub(crate) async fn truncate(&self, key: EpochKey, n: u64) -> Result<(), JournalError> {
        sqlx::query("DELETE FROM reports WHERE stream = ? AND epoch = ? AND n >= ?")
            .bind(key.stream.to_string())
            .bind(key.epoch.0)
            .bind(i64::try_from(n)?)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The epoch is done: the Room knows all of it, or wants none of it.
    pub(crate) async fn finish(&self, key: EpochKey) -> Result<(), JournalError> {
        sqlx::query("DELETE FROM epochs WHERE stream = ? AND epoch = ?")
            .bind(key.stream.to_string())
            .bind(key.epoch.0)
            .execute(&self.pool)
            .await?;
        fs::remove_dir_all(self.folder(key)).await.or_else(ignore_missing)?;
        // Another epoch of the stream may still have its folder there: then this one stays, rightly.
        let _ = fs::remove_dir(self.files.join(key.stream.to_string())).await;
        Ok(())
    }

    /// What earlier processes left behind.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, JournalError> {
        let mut all = Vec::new();
        let epochs = sqlx::query("SELECT stream, epoch, next FROM epochs ORDER BY stream, epoch");
        for row in epochs.fetch_all(&self.pool).await? {
            let Some(stream) = StreamId::parse(row.try_get("stream")?) else { continue };
            let key = EpochKey { stream, epoch: Epoch(row.try_get("epoch")?) };
            let next = u64::try_from(row.try_get::<i64, _>("next")?)?;
            all.push(Unfinished { key, next, reports: self.reports(key, next).await? });
        }
        Ok(all)
    }

    /// An epoch's reports from `next` on, up to the first that is not whole.
    async fn reports(&self, key: EpochKey, next: u64) -> Result<Vec<(Report, Option<Parcel>)>, JournalError> {
        let rows = sqlx::query(
            "SELECT n, report, object, bytes, stored FROM reports WHERE stream = ? AND epoch = ? AND n >= ? ORDER BY n",
        )
        .bind(key.stream.to_string())
        .bind(key.epoch.0)
        .bind(i64::try_from(next)?);
        let mut reports = Vec::new();
        for row in rows.fetch_all(&self.pool).await? {
            let n = u64::try_from(row.try_get::<i64, _>("n")?)?;
            let whole = n == next + reports.len() as u64;
            let Ok(report) = serde_json::from_str(row.try_get("report")?) else { break };
            let mut parcel = None;
            if !row.try_get::<bool, _>("stored")? {
                let object: Option<String> = row.try_get("object")?;
                let Some(object) = object.as_deref().and_then(MediaObject::parse_path) else { break };
                let bytes = u64::try_from(row.try_get::<i64, _>("bytes")?)?;
                if fs::metadata(self.file(key, n)).await.ok().map(|file| file.len()) != Some(bytes) {
                    break;
                }
                parcel = Some(Parcel { object, bytes });
            }
            if !whole {
                break;
            }
            reports.push((report, parcel));
        }
        Ok(reports)
    }

    /// Where the object of report `n` lies until R2 has it.
    pub(crate) fn file(&self, key: EpochKey, n: u64) -> PathBuf {
        self.folder(key).join(n.to_string())
    }

    /// Lets go of the database, so that another can be opened in its place.
    #[cfg(test)]
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    fn folder(&self, key: EpochKey) -> PathBuf {
        self.files.join(key.stream.to_string()).join(key.epoch.0.to_string())
    }
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::{
        link::EndReason,
        media::{ObjectName, PartIndex, RenditionId},
        time::Timestamp,
    };

    fn key() -> EpochKey {
        EpochKey { stream: StreamId::new(Timestamp::from_millis(1), 1), epoch: Epoch(3) }
    }

    fn parcel(version: u32, bytes: u64) -> Parcel {
        let object =
            MediaObject { epoch: Epoch(3), rendition: RenditionId::video(), name: ObjectName::Init { version } };
        Parcel { object, bytes }
    }

    const REPORT: Report = Report::Ended { reason: EndReason::Lost };

    #[tokio::test]
    async fn what_was_left_behind_is_found_again() {
        let state = tempfile::tempdir().unwrap();
        let journal = Journal::open(state.path()).await.unwrap();
        journal.begin(key()).await.unwrap();
        let pieces = [Bytes::from_static(b"ab"), Bytes::from_static(b"c")];
        for n in 0..4 {
            journal.append(key(), n, &REPORT, Some((&parcel(0, 3), &pieces))).await.unwrap();
        }
        journal.append(key(), 4, &REPORT, None).await.unwrap();
        journal.stored(key(), 0).await.unwrap();
        journal.stored(key(), 1).await.unwrap();
        journal.acknowledged(key(), 1).await.unwrap();
        drop(journal);

        let journal = Journal::open(state.path()).await.unwrap();
        let [left] = journal.unfinished().await.unwrap().try_into().unwrap();
        assert_eq!((left.key, left.next), (key(), 1));
        let wanted = [(REPORT, None), (REPORT, Some(parcel(0, 3))), (REPORT, Some(parcel(0, 3))), (REPORT, None)];
        assert_eq!(left.reports, wanted);
        assert!(!journal.file(key(), 1).exists(), "what R2 has needs no file");
        assert_eq!(std::fs::read(journal.file(key(), 2)).unwrap(), b"abc");
        journal.finish(key()).await.unwrap();
        assert!(journal.unfinished().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_an_older_origin_wrote_is_read() {
        let state = tempfile::tempdir().unwrap();
        let journal = Journal::open(state.path()).await.unwrap();
        journal.begin(key()).await.unwrap();
        for n in 0..2 {
            journal.append(key(), n, &REPORT, None).await.unwrap();
        }
        // A part that was given up, and one from when none was marked as its segment's last.
        let part = r#"{"type":"part","data":{"rendition":"video","segment":1,"part":2,"startUs":3,"durationUs":4,"independent":true,"size":5}}"#;
        for (n, report) in [(0, r#"{"type":"skipped"}"#), (1, part)] {
            let written = sqlx::query("UPDATE reports SET report = ? WHERE n = ?").bind(report).bind(n);
            written.execute(&journal.pool).await.unwrap();
        }
        let [left] = journal.unfinished().await.unwrap().try_into().unwrap();
        let [(skipped, None), (Report::Part(part), None)] = left.reports.as_slice() else { panic!("{left:?}") };
        assert_eq!((skipped, part.part, part.last), (&Report::Skipped, PartIndex(2), false));
    }

    #[tokio::test]
    async fn a_report_whose_bytes_are_gone_ends_what_can_be_told() {
        let state = tempfile::tempdir().unwrap();
        let journal = Journal::open(state.path()).await.unwrap();
        journal.begin(key()).await.unwrap();
        let pieces = [Bytes::from_static(b"abc")];
        for n in 0..3 {
            journal.append(key(), n, &REPORT, Some((&parcel(0, 3), &pieces))).await.unwrap();
        }
        std::fs::write(journal.file(key(), 1), b"a").unwrap();
        let [left] = journal.unfinished().await.unwrap().try_into().unwrap();
        assert_eq!(left.reports.len(), 1);
    }
}
