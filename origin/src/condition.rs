//! How the origin is, as far as it knows: what fails at this moment, and since when. For the operator, and for the streamer's health.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use serde::Serialize;
use spillway_protocol::time::Timestamp;

use crate::epoch::EpochKey;

/// What fails now.
#[derive(Debug, Default)]
pub(crate) struct Condition {
    r2: Mutex<Option<Timestamp>>,
    links: Mutex<BTreeMap<EpochKey, Timestamp>>,
    restarting: AtomicU32,
}

/// What fails at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failing {
    /// Since when R2 has not taken an object that it should have.
    pub(crate) r2_failing_since: Option<Timestamp>,
    /// Since when the longest broken origin link is down.
    pub(crate) link_down_since: Option<Timestamp>,
    /// How many links are down.
    pub(crate) links_down: usize,
    /// How many streams are without a pipeline at this moment.
    pub(crate) pipelines_restarting: u32,
}

impl Failing {
    /// Whether anything fails.
    pub(crate) fn is_any(&self) -> bool {
        self.r2_failing_since.is_some() || self.links_down > 0 || self.pipelines_restarting > 0
    }
}

/// A stream without a pipeline, until this is dropped.
pub(crate) struct Restarting<'a>(&'a AtomicU32);

impl Drop for Restarting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Condition {
    /// R2 did not take an object, or not in time.
    pub(crate) fn r2_failed(&self, now: Timestamp) {
        self.r2.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(now);
    }

    /// R2 took an object.
    pub(crate) fn r2_works(&self) {
        self.r2.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// An epoch's link is down.
    pub(crate) fn link_down(&self, key: EpochKey, now: Timestamp) {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(now);
    }

    /// An epoch's link is up, or not wanted any more.
    pub(crate) fn link_up(&self, key: EpochKey) {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    /// A stream is without a pipeline.
    pub(crate) fn restarting(&self) -> Restarting<'_> {
        self.restarting.fetch_add(1, Ordering::Relaxed);
        Restarting(&self.restarting)
    }

    /// What fails now.
    pub(crate) fn failing(&self) -> Failing {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        Failing {
            r2_failing_since: *self.r2.lock().unwrap_or_else(PoisonError::into_inner),
            link_down_since: links.values().min().copied(),
            links_down: links.len(),
            pipelines_restarting: self.restarting.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::{ids::StreamId, media::Epoch};

    #[test]
    fn what_fails_is_known_since_it_began_until_it_works() {
        let (condition, at) = (Condition::default(), Timestamp::from_millis);
        let key = |epoch| EpochKey { stream: StreamId::new(at(1), 1), epoch: Epoch(epoch) };
        assert!(!condition.failing().is_any());
        condition.r2_failed(at(5));
        condition.r2_failed(at(6));
        condition.link_down(key(1), at(8));
        condition.link_down(key(2), at(7));
        condition.link_down(key(2), at(9));
        let restarting = condition.restarting();
        let shown = serde_json::json!({"r2FailingSince": at(5), "linkDownSince": at(7), "linksDown": 2, "pipelinesRestarting": 1});
        assert_eq!(serde_json::to_value(condition.failing()).unwrap(), shown);
        assert!(condition.failing().is_any());
        drop(restarting);
        condition.r2_works();
        condition.link_up(key(1));
        condition.link_up(key(2));
        assert!(!condition.failing().is_any());
    }
}
