//! R2, by its S3 API.

use std::{sync::Arc, time::Duration};

use object_store::{ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder};

use crate::config::R2;

/// For a request whose caller sets no limit of its own, as the outbox does for each attempt.
const TIMEOUT: Duration = Duration::from_mins(2);

/// The bucket as an object store.
pub(crate) fn open(r2: &R2) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
    let client = ClientOptions::new().with_timeout(TIMEOUT).with_connect_timeout(Duration::from_secs(3));
    let store = AmazonS3Builder::new()
        .with_endpoint(r2.endpoint.as_str().trim_end_matches('/'))
        .with_virtual_hosted_style_request(false)
        .with_allow_http(r2.endpoint.scheme() == "http")
        .with_region("auto")
        .with_bucket_name(&r2.bucket)
        .with_access_key_id(r2.access_key_id.reveal())
        .with_secret_access_key(r2.secret_access_key.reveal())
        .with_client_options(client.with_allow_http(r2.endpoint.scheme() == "http"))
        // The outbox retries, in one place and without end.
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
        .build()?;
    Ok(Arc::new(store))
}
