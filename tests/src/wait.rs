//! Waiting for something to be so.

use std::time::{Duration, Instant};

/// How long the scenarios wait for what should come at once.
pub const LIMIT: Duration = Duration::from_secs(15);

/// Asks `probe` until it has an answer, and gives it back; after `limit` the test fails, saying `what` did not happen.
pub async fn eventually<T>(what: &str, limit: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(begun.elapsed() < limit, "within {limit:?} it did not happen that {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
