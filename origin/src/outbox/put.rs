//! One object to R2, for good: retried until it is there, or until whoever waits for it gives it up.

use std::{io, path::Path, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use object_store::{Attribute, Attributes, ObjectStore, ObjectStoreExt, PutMode, PutOptions, path::Path as Key};
use spillway_protocol::{ids::StreamId, media::MediaObject};
use tokio::time::{self, Instant};

use crate::{condition::Condition, edge, metrics::Metrics};

/// A name is written once, so what lies under it never changes.
const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// One attempt may take so long, whatever its size…
const ATTEMPT: Duration = Duration::from_secs(5);
/// … and longer by what this many bytes a second take: a line that is slower cannot carry a stream anyway.
const LEAST_RATE: u64 = 1024 * 1024;
/// The longest wait between two attempts: R2 that is back is noticed within a part or two of the live edge.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Why an object is not on R2.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutError {
    /// Something else lies under its name. Trying again does not help.
    #[error("another object lies under this name")]
    Conflict,
    /// Its bytes cannot be read. Trying again helps unless the file is gone.
    #[error("its file cannot be read")]
    File(#[from] io::Error),
    /// R2 does not answer, or not as it should.
    #[error("the store failed")]
    Store(#[from] object_store::Error),
    /// R2 did not answer in time.
    #[error("the store is silent")]
    Silent,
}

impl PutError {
    fn is_passing(&self) -> bool {
        match self {
            Self::Store(_) | Self::Silent => true,
            // Too many files may be open at this moment.
            Self::File(error) => error.kind() != io::ErrorKind::NotFound,
            Self::Conflict => false,
        }
    }
}

/// Puts the file under the object's key; returns when R2 has acknowledged it, or never will. All failures are retried alike, 429 too: its
/// `Retry-After` does not come through the store's errors, so the jitter of the backoff spreads the attempts.
pub(crate) async fn put(
    store: &dyn ObjectStore,
    stream: StreamId,
    object: &MediaObject,
    file: &Path,
    (metrics, condition): (&Metrics, &Condition),
) -> Result<(), PutError> {
    let key = Key::from(object.key(stream));
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(LONGEST_WAIT)
        .with_jitter()
        .without_max_times();
    let began = Instant::now();
    // Read anew for each attempt: what waits for the next one waits on the disk.
    let length = (|| async {
        let bytes = Bytes::from(tokio::fs::read(file).await?);
        let length = bytes.len() as u64;
        let limit = ATTEMPT + Duration::from_secs(length / LEAST_RATE);
        let attempt = once(store, &key, object.content_type(), bytes);
        time::timeout(limit, attempt).await.unwrap_or(Err(PutError::Silent)).map(|()| length)
    })
    .retry(backoff)
    .when(PutError::is_passing)
    .notify(|error, wait| {
        metrics.put_failures.inc();
        condition.r2_failed(edge::now());
        tracing::warn!(%key, error = error as &dyn std::error::Error, ?wait, "put failed");
    })
    .await?;
    condition.r2_works();
    metrics.put_seconds.observe(began.elapsed().as_secs_f64());
    metrics.put_bytes.inc_by(length);
    Ok(())
}

async fn once(store: &dyn ObjectStore, key: &Key, media_type: &'static str, bytes: Bytes) -> Result<(), PutError> {
    let attributes =
        Attributes::from_iter([(Attribute::ContentType, media_type), (Attribute::CacheControl, CACHE_CONTROL)]);
    let options = PutOptions { mode: PutMode::Create, attributes, ..PutOptions::default() };
    match store.put_opts(key, bytes.clone().into(), options).await {
        Ok(_) => Ok(()),
        // A write whose answer was lost, or an earlier process: right if the same bytes lie there.
        Err(object_store::Error::AlreadyExists { .. }) => {
            let there = store.get(key).await?;
            let same = there.meta.size == bytes.len() as u64 && there.bytes().await? == bytes;
            if same { Ok(()) } else { Err(PutError::Conflict) }
        }
        Err(error) => Err(error.into()),
    }
}
