//! The outbox: everything that was produced and is not yet both on R2 and known to the Room. Survives the process.

#[cfg(test)]
mod crashes;
mod delivery;
mod journal;
mod ledger;
mod put;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc, time::Instant};

use bytes::Bytes;
pub use journal::JournalError;
use journal::{Journal, Unfinished};
use ledger::Ledger;
use object_store::ObjectStore;
use spillway_protocol::{
    link::{EndReason, Health, Report},
    media::MediaObject,
};
use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::delivery::Delivery;
use crate::{condition::Condition, edge::Edge, epoch::EpochKey, metrics::Metrics};

/// What goes into an epoch's outbox.
#[derive(Debug)]
pub(crate) enum Item {
    /// To be told in its place, once its object lies on R2.
    Report {
        /// What is told.
        report: Report,
        /// The object it speaks of, in pieces.
        object: Option<(MediaObject, Vec<Bytes>)>,
    },
    /// To be told now or never.
    Health(Health),
}

/// Whether an encoder is to be let go, and why. The first reason counts.
#[derive(Debug, Clone)]
pub(crate) struct Dismissal(watch::Sender<Option<EndReason>>);

impl Dismissal {
    /// Nobody is to be let go yet.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Lets the encoder go.
    pub(crate) fn dismiss(&self, reason: EndReason) {
        self.0.send_if_modified(|why| {
            let first = why.is_none();
            *why = why.or(Some(reason));
            first
        });
    }

    /// To wait for it.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<EndReason>> {
        self.0.subscribe()
    }
}

/// The ledger of an epoch that an earlier process left behind, with its end.
async fn take_up(journal: &Journal, left: Unfinished) -> Result<Ledger, JournalError> {
    let mut ledger = Ledger::starting_at(left.next);
    for (report, parcel) in left.reports {
        ledger.push(report, parcel, Instant::now());
    }
    // Behind a report that is not whole there may be others: they have no place any more.
    journal.truncate(left.key, ledger.end()).await?;
    if !ledger.has_ended() {
        let report = Report::Ended { reason: EndReason::Lost };
        journal.append(left.key, ledger.end(), &report, None).await?;
        ledger.push(report, None, Instant::now());
    }
    Ok(ledger)
}

/// The outbox of all streams.
pub(crate) struct Outbox {
    journal: Journal,
    shared: delivery::Shared,
    tasks: TaskTracker,
    cancel: CancellationToken,
}

impl Outbox {
    /// Opens the outbox in the state folder.
    pub(crate) async fn open(
        state: &Path,
        store: Arc<dyn ObjectStore>,
        edge: Arc<Edge>,
        metrics: Arc<Metrics>,
        condition: Arc<Condition>,
    ) -> Result<Self, JournalError> {
        let journal = Journal::open(state).await?;
        let shared = delivery::Shared { journal: journal.clone(), store, edge, metrics, condition };
        Ok(Self { journal, shared, tasks: TaskTracker::new(), cancel: CancellationToken::new() })
    }

    /// Takes up what earlier processes left behind: puts what is not yet put, tells what is not yet told, and that the publisher
    /// was lost. Returns how many epochs that is.
    pub(crate) async fn resume(&self) -> Result<usize, JournalError> {
        let unfinished = self.journal.unfinished().await?;
        let count = unfinished.len();
        for left in unfinished {
            let key = left.key;
            let ledger = take_up(&self.journal, left).await?;
            let (items, rest) = mpsc::channel(1);
            drop(items);
            self.deliver(key, ledger, rest, Dismissal::new());
        }
        Ok(count)
    }

    /// Opens an epoch's outbox; `dismissal` is used when the edge wants the encoder gone, or the outbox cannot go on.
    pub(crate) async fn begin(&self, key: EpochKey, dismissal: Dismissal) -> Result<mpsc::Sender<Item>, JournalError> {
        self.journal.begin(key).await?;
        let (items, rest) = mpsc::channel(64);
        self.deliver(key, Ledger::starting_at(0), rest, dismissal);
        Ok(items)
    }

    fn deliver(&self, key: EpochKey, ledger: Ledger, items: mpsc::Receiver<Item>, dismissal: Dismissal) {
        let delivery = Delivery::new(self.shared.clone(), key, ledger, dismissal);
        let cancel = self.cancel.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = delivery.run(items) => {}
            }
        });
    }

    /// Waits until all that is in it is delivered. Nothing may begin afterwards.
    pub(crate) async fn drained(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Stops delivering; what is left stays for the next process.
    pub(crate) async fn stop(&self) {
        self.cancel.cancel();
        self.drained().await;
    }
}
