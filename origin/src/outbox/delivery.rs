//! One epoch's delivery: drives its [`Ledger`] with a disk, R2 and a link to the Room.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use object_store::ObjectStore;
use spillway_protocol::link::{EndReason, Health, LinkDown, LinkUp, Report};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    Dismissal, Item,
    journal::{EpochKey, Journal, JournalError},
    ledger::{Ledger, Parcel},
    put::{self, PutError},
};
use crate::{
    edge::Edge,
    link::{Link, LinkError},
    metrics::Metrics,
};

/// More than this waiting for R2 means that it will not catch up: the stream ends rather than the disk.
const MAX_WAITING: u64 = 2 * 1024 * 1024 * 1024;

/// What all deliveries share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) journal: Journal,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) edge: Arc<Edge>,
    pub(crate) metrics: Arc<Metrics>,
}

/// An epoch on its way.
pub(crate) struct Delivery {
    shared: Shared,
    key: EpochKey,
    ledger: Ledger,
    /// Whether the report of the end is in the ledger: nothing comes behind it.
    ended: bool,
    uploads: JoinSet<(u64, Result<(), PutError>)>,
    link: Link,
    backoff: ExponentialBackoff,
    dismissal: Dismissal,
    /// What this epoch has added to the gauge of waiting bytes.
    gauged: i64,
}

impl Delivery {
    /// A delivery of what is in the ledger, and of what will come.
    pub(crate) fn new(shared: Shared, key: EpochKey, ledger: Ledger, dismissal: Dismissal) -> Self {
        let link = Link::open(shared.edge.clone(), key, Duration::ZERO);
        shared.metrics.outbox_epochs.inc();
        let ended = ledger.has_ended();
        let uploads = JoinSet::new();
        Self { shared, key, ledger, ended, uploads, link, backoff: backoff(), dismissal, gauged: 0 }
    }

    /// Delivers until the Room has acknowledged the end.
    pub(crate) async fn run(mut self, mut items: mpsc::Receiver<Item>) {
        let mut open = true;
        loop {
            self.upload();
            self.gauge();
            if self.ended && self.ledger.is_settled() {
                return self.finish().await;
            }
            let next = self.ledger.peek().map(|(n, report)| LinkUp::Report { n, report: report.clone() });
            tokio::select! {
                item = items.recv(), if open => {
                    open = item.is_some();
                    // Whoever filled it and is gone without a word has failed.
                    self.take(item.unwrap_or_else(|| ended(EndReason::Failed))).await;
                }
                Some(done) = self.uploads.join_next() => match done {
                    Ok((n, Ok(()))) => self.stored(n).await,
                    Ok((n, Err(error))) => self.fail(n, &error).await,
                    Err(error) => tracing::error!(%error, "an upload was lost"),
                },
                Ok(permit) = self.link.up.clone().reserve_owned(), if next.is_some() => {
                    if let Some(frame) = next {
                        permit.send(frame);
                        self.ledger.told();
                    }
                }
                event = self.link.down.recv() => match event.unwrap_or(Err(LinkError::Closed)) {
                    Ok(frame) => self.hear(frame).await,
                    Err(LinkError::Unknown) => {
                        tracing::warn!(stream = %self.key.stream, epoch = self.key.epoch.0, "the edge does not know this epoch; dropped");
                        self.dismissal.dismiss(EndReason::Stopped);
                        return self.finish().await;
                    }
                    Err(error) => self.relink(&error),
                },
            }
        }
    }

    /// Takes an item: onto the disk, then into the ledger.
    async fn take(&mut self, item: Item) {
        match item {
            // Behind the end, or a failure, there is nothing to tell.
            Item::Report { .. } if self.ended => {}
            Item::Report { report, object } => {
                let parcel = object.as_ref().map(|(object, pieces)| Parcel {
                    object: object.clone(),
                    bytes: pieces.iter().map(|piece| piece.len() as u64).sum(),
                });
                let with_bytes = parcel.as_ref().zip(object.as_ref().map(|(_, pieces)| pieces.as_slice()));
                let n = self.ledger.end();
                if let Err(error) = self.shared.journal.append(self.key, n, &report, with_bytes).await {
                    return self.fail(n, &error).await;
                }
                self.ended = matches!(report, Report::Ended { .. });
                self.ledger.push(report, parcel);
                if self.ledger.waiting_bytes() > MAX_WAITING {
                    self.dismissal.dismiss(EndReason::Failed);
                }
            }
            Item::Health(mut health) => {
                self.complete(&mut health);
                // A link that is not up, or has no room, misses it: the next one comes in a second.
                if self.ledger.is_linked() {
                    let _ = self.link.up.try_send(LinkUp::Health(health));
                }
            }
        }
    }

    fn complete(&self, health: &mut Health) {
        health.queued_bytes = self.ledger.waiting_bytes();
        // Parts and their segments wait side by side: eight seconds' bytes are four seconds' media.
        if health.queued_bytes > health.bitrate {
            health.warnings.push("STORAGE_SLOW".to_owned());
        }
    }

    fn upload(&mut self) {
        while let Some((n, parcel)) = self.ledger.next_upload() {
            let (shared, key) = (self.shared.clone(), self.key);
            self.uploads.spawn(async move {
                let file = shared.journal.file(key, n);
                (n, put::put(&*shared.store, key.stream, &parcel.object, &file, &shared.metrics).await)
            });
        }
    }

    async fn stored(&mut self, n: u64) {
        self.ledger.stored(n);
        // Should the row stay as it was, the next process puts the object again and finds it there.
        self.note(self.shared.journal.stored(self.key, n).await);
    }

    async fn hear(&mut self, frame: LinkDown) {
        match frame {
            LinkDown::Welcome { next } => {
                self.backoff = backoff();
                if let Err(base) = self.ledger.linked(next) {
                    tracing::error!(stream = %self.key.stream, next, base, "the Room asks for what it had acknowledged");
                }
                self.forget(next).await;
            }
            LinkDown::Ack { next } => {
                self.shared.metrics.reports.inc_by(next.saturating_sub(self.ledger.base()));
                self.ledger.acknowledged(next);
                self.forget(next).await;
            }
            LinkDown::Stop { reason } => {
                tracing::info!(stream = %self.key.stream, ?reason, "the edge wants the encoder gone");
                self.dismissal.dismiss(EndReason::Stopped);
            }
        }
    }

    async fn forget(&mut self, next: u64) {
        // Not further than the ledger has gone, whatever the Room says.
        let next = next.min(self.ledger.base());
        self.note(self.shared.journal.acknowledged(self.key, next).await);
    }

    fn relink(&mut self, error: &LinkError) {
        self.ledger.unlinked();
        self.shared.metrics.link_losses.inc();
        let wait = self.backoff.next().unwrap_or(Duration::from_secs(5));
        let error: &dyn std::error::Error = error;
        tracing::warn!(stream = %self.key.stream, epoch = self.key.epoch.0, error, ?wait, "link lost");
        self.link = Link::open(self.shared.edge.clone(), self.key, wait);
    }

    /// Report `n` can never be told, so nothing behind it can: the epoch ends there.
    async fn fail(&mut self, n: u64, error: &(dyn std::error::Error + Send + Sync + 'static)) {
        self.complain(error, "the outbox cannot go on");
        self.dismissal.dismiss(EndReason::Failed);
        if n >= self.ledger.end() && self.ended {
            return;
        }
        self.ledger.truncate(n);
        self.note(self.shared.journal.truncate(self.key, n).await);
        let report = Report::Ended { reason: EndReason::Failed };
        self.note(self.shared.journal.append(self.key, n, &report, None).await);
        self.ledger.push(report, None);
        self.ended = true;
    }

    async fn finish(mut self) {
        self.note(self.shared.journal.finish(self.key).await);
        self.uploads.shutdown().await;
    }

    fn note(&self, result: Result<(), JournalError>) {
        if let Err(error) = result {
            self.complain(&error, "the outbox's disk failed");
        }
    }

    fn complain(&self, error: &(dyn std::error::Error + 'static), what: &str) {
        tracing::error!(stream = %self.key.stream, epoch = self.key.epoch.0, error, "{what}");
    }

    fn gauge(&mut self) {
        let waiting = i64::try_from(self.ledger.waiting_bytes()).unwrap_or(i64::MAX);
        self.shared.metrics.outbox_bytes.inc_by(waiting - self.gauged);
        self.gauged = waiting;
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.shared.metrics.outbox_bytes.dec_by(self.gauged);
        self.shared.metrics.outbox_epochs.dec();
    }
}

fn ended(reason: EndReason) -> Item {
    Item::Report { report: Report::Ended { reason }, object: None }
}

fn backoff() -> ExponentialBackoff {
    let builder = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100));
    builder.with_max_delay(Duration::from_secs(5)).with_jitter().without_max_times().build()
}
