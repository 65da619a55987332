//! A store that fails as it is told to.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, memory::InMemory, path::Path,
};
use tokio::sync::watch;

/// How it takes what is put.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mood {
    /// At once.
    Well,
    /// With an error, as of a status 500 or 429, or a connection that is reset.
    Failing,
    /// Not at all: no answer comes.
    Hanging,
    /// After a while.
    Slow(Duration),
}

/// A store in a mood.
#[derive(Debug)]
pub(crate) struct Faulty {
    inner: Arc<InMemory>,
    mood: watch::Sender<Mood>,
}

impl Faulty {
    pub(crate) fn new(inner: Arc<InMemory>) -> Arc<Self> {
        Arc::new(Self { inner, mood: watch::Sender::new(Mood::Well) })
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a faulty store")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let mood = *self.mood.borrow();
        match mood {
            Mood::Well => {}
            Mood::Failing => return Err(Error::Generic { store: "faulty", source: "503".into() }),
            Mood::Hanging => std::future::pending().await,
            Mood::Slow(while_) => tokio::time::sleep(while_).await,
        }
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(&self, at: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
