//! One epoch's delivery: drives its [`Ledger`] with a disk, R2 and a link to the Room.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use object_store::ObjectStore;
use spillway_protocol::link::{EndReason, Health, LinkDown, LinkUp, Report};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time,
};

use super::{
    Dismissal, Item,
    journal::{Journal, JournalError},
    ledger::{Ledger, Parcel},
    put::{self, PutError},
};
use crate::{
    condition::Condition,
    edge::{self, Edge},
    epoch::EpochKey,
    link::{Link, LinkError},
    metrics::Metrics,
};

/// An epoch's bytes on the disk. What is due is given up long before, unless the target duration and the bit rate are huge.
const MAX_EPOCH: u64 = 512 * 1024 * 1024;
/// All epochs' bytes on the disk together.
const MAX_ALL: u64 = 4 * 1024 * 1024 * 1024;
/// More reports than this mean hours without the Room, which has given the stream up long ago: so does the epoch.
const MAX_REPORTS: usize = 50_000;

/// What all deliveries share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) journal: Journal,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) edge: Arc<Edge>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) condition: Arc<Condition>,
}

/// An epoch on its way.
pub(crate) struct Delivery {
    shared: Shared,
    key: EpochKey,
    ledger: Ledger,
    uploads: JoinSet<(u64, Result<(), PutError>)>,
    /// To end the uploads of what is given up.
    flying: HashMap<u64, AbortHandle>,
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
        let (uploads, flying) = (JoinSet::new(), HashMap::new());
        Self { shared, key, ledger, uploads, flying, link, backoff: backoff(), dismissal, gauged: 0 }
    }

    /// Delivers until the Room has acknowledged the end.
    pub(crate) async fn run(mut self, mut items: mpsc::Receiver<Item>) {
        let mut open = true;
        loop {
            self.upload();
            self.gauge();
            if self.ledger.is_done() {
                return self.finish().await;
            }
            let next = self.ledger.peek().map(|(n, report)| LinkUp::Report { n, report: report.clone() });
            let due = self.ledger.next_due();
            tokio::select! {
                item = items.recv(), if open => {
                    open = item.is_some();
                    // Whoever filled it and is gone without a word has failed.
                    self.take(item.unwrap_or_else(|| ended(EndReason::Failed))).await;
                }
                Some(done) = self.uploads.join_next() => match done {
                    Ok((n, result)) => self.uploaded(n, result).await,
                    Err(error) if error.is_cancelled() => {}
                    Err(error) => tracing::error!(%error, "an upload was lost"),
                },
                () = time::sleep_until(due.unwrap_or_else(Instant::now).into()), if due.is_some() => {
                    let given_up = self.ledger.expire(Instant::now());
                    self.given_up(given_up).await;
                }
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
            Item::Report { .. } if self.ledger.has_ended() => {}
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
                self.ledger.push(report, parcel, Instant::now());
                self.shed().await;
                if self.ledger.len() > MAX_REPORTS {
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
        if health.queued_bytes > health.bitrate || self.shared.condition.failing().r2_failing_since.is_some() {
            health.warnings.push("STORAGE_SLOW".to_owned());
        }
    }

    /// Gives up the oldest where too much waits on the disk.
    async fn shed(&mut self) {
        self.gauge();
        let all = u64::try_from(self.shared.metrics.outbox_bytes.get()).unwrap_or(0);
        let excess = self.ledger.waiting_bytes().saturating_sub(MAX_EPOCH).max(all.saturating_sub(MAX_ALL));
        let given_up = self.ledger.shed(excess);
        self.given_up(given_up).await;
    }

    /// Objects were given up. The disk knows it before the Room does, so that the next process tells the same.
    async fn given_up(&mut self, objects: Vec<(u64, Report)>) {
        for (n, report) in objects {
            if let Some(upload) = self.flying.remove(&n) {
                upload.abort();
            }
            if let Report::Gap(segment) = &report {
                let (rendition, segment) = (&segment.rendition, segment.segment.0);
                tracing::warn!(stream = %self.key.stream, epoch = self.key.epoch.0, %rendition, segment, "not on R2 in time: a gap");
                self.shared.metrics.gaps.inc();
            }
            self.shared.condition.r2_failed(edge::now());
            self.note(self.shared.journal.given_up(self.key, n, &report).await);
        }
    }

    fn upload(&mut self) {
        while let Some((n, parcel)) = self.ledger.next_upload() {
            let (shared, key) = (self.shared.clone(), self.key);
            let upload = self.uploads.spawn(async move {
                let (file, watch) = (shared.journal.file(key, n), (&*shared.metrics, &*shared.condition));
                (n, put::put(&*shared.store, key.stream, &parcel.object, &file, watch).await)
            });
            self.flying.insert(n, upload);
        }
    }

    async fn uploaded(&mut self, n: u64, result: Result<(), PutError>) {
        // What was given up, or dropped, while its upload ended is not of interest any more.
        if self.flying.remove(&n).is_none() {
            return;
        }
        match result {
            Ok(()) => {
                self.ledger.stored(n);
                // Should the row stay as it was, the next process puts the object again and finds it there.
                self.note(self.shared.journal.stored(self.key, n).await);
            }
            Err(error) => self.fail(n, &error).await,
        }
    }

    async fn hear(&mut self, frame: LinkDown) {
        match frame {
            LinkDown::Welcome { next } => {
                self.backoff = backoff();
                self.shared.condition.link_up(self.key);
                if let Err(base) = self.ledger.linked(next) {
                    tracing::error!(stream = %self.key.stream, next, base, "the Room asks for what it had acknowledged");
                }
                self.forget().await;
            }
            LinkDown::Ack { next } => {
                self.shared.metrics.reports.inc_by(next.saturating_sub(self.ledger.base()));
                self.ledger.acknowledged(next);
                self.forget().await;
            }
            LinkDown::Stop { reason } => {
                tracing::info!(stream = %self.key.stream, ?reason, "the edge wants the encoder gone");
                self.dismissal.dismiss(EndReason::Stopped);
            }
        }
    }

    async fn forget(&mut self) {
        if let Some(next) = self.ledger.forgotten() {
            self.note(self.shared.journal.acknowledged(self.key, next).await);
        }
    }

    fn relink(&mut self, error: &LinkError) {
        self.ledger.unlinked();
        self.shared.condition.link_down(self.key, edge::now());
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
        if n >= self.ledger.end() && self.ledger.has_ended() {
            return;
        }
        self.ledger.truncate(n);
        self.flying.retain(|flying, upload| {
            let keep = *flying < n;
            if !keep {
                upload.abort();
            }
            keep
        });
        self.note(self.shared.journal.truncate(self.key, n).await);
        let report = Report::Ended { reason: EndReason::Failed };
        self.note(self.shared.journal.append(self.key, n, &report, None).await);
        self.ledger.push(report, None, Instant::now());
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
        if self.shared.metrics.outbox_bytes.get() <= 0 {
            // Nothing waits for R2 any more: whether it works is for the next stream to say.
            self.shared.condition.r2_works();
        }
        self.shared.condition.link_up(self.key);
    }
}

fn ended(reason: EndReason) -> Item {
    Item::Report { report: Report::Ended { reason }, object: None }
}

fn backoff() -> ExponentialBackoff {
    let builder = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100));
    builder.with_max_delay(Duration::from_secs(5)).with_jitter().without_max_times().build()
}
