//! One object to R2, for good: retried until it is there.

use std::{io, path::Path, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use object_store::{Attribute, Attributes, ObjectStore, ObjectStoreExt, PutMode, PutOptions, path::Path as Key};
use spillway_protocol::{ids::StreamId, media::MediaObject};
use tokio::time::Instant;

use crate::metrics::Metrics;

/// A name is written once, so what lies under it never changes.
const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// Why an object is not on R2.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutError {
    /// Something else lies under its name. Trying again does not help.
    #[error("another object lies under this name")]
    Conflict,
    /// Its bytes cannot be read. Trying again does not help.
    #[error("its file cannot be read")]
    File(#[from] io::Error),
    /// R2 does not answer, or not as it should.
    #[error("the store failed")]
    Store(#[from] object_store::Error),
}

/// Puts the file under the object's key; returns when R2 has acknowledged it, or never will.
pub(crate) async fn put(
    store: &dyn ObjectStore,
    stream: StreamId,
    object: &MediaObject,
    file: &Path,
    metrics: &Metrics,
) -> Result<(), PutError> {
    let key = Key::from(object.key(stream));
    let bytes = Bytes::from(tokio::fs::read(file).await?);
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(5))
        .with_jitter()
        .without_max_times();
    let began = Instant::now();
    (|| once(store, &key, object.content_type(), bytes.clone()))
        .retry(backoff)
        .when(|error| matches!(error, PutError::Store(_)))
        .notify(|error, wait| {
            metrics.put_failures.inc();
            tracing::warn!(%key, error = error as &dyn std::error::Error, ?wait, "put failed");
        })
        .await?;
    metrics.put_seconds.observe(began.elapsed().as_secs_f64());
    metrics.put_bytes.inc_by(bytes.len() as u64);
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
