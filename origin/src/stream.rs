//! A stream's life at the origin: the key is checked, a pipeline runs, what it makes goes into the outbox, and the end is told.

mod capacity;
mod live;
mod meter;
mod pipeline;
mod replay;
mod supervision;
mod teller;

use std::{path::PathBuf, sync::Arc};

use spillway_protocol::{
    keys::StreamKey,
    link::{EndReason, PublishRequest},
    problem::Code,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::task::TaskTracker;

use capacity::Capacity;

use crate::{
    condition::Condition,
    edge::{Edge, Refusal},
    epoch::EpochKey,
    ingest::Tag,
    metrics::{Metrics, Outcome, PublishLabels},
    outbox::{Dismissal, JournalError, Outbox},
};

/// Bytes of tags that may wait for the pipeline before the encoder is made to wait.
const BUDGET: usize = 16 * 1024 * 1024;

/// Why an encoder may not publish.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    /// The edge refuses it, or cannot be asked.
    #[error(transparent)]
    Edge(#[from] Refusal),
    /// The outbox cannot take it.
    #[error(transparent)]
    Outbox(#[from] JournalError),
}

impl PublishError {
    /// What the encoder is told: never what is wrong with us.
    pub(crate) fn told(&self) -> &'static str {
        match self {
            Self::Edge(Refusal::Refused(code)) => code.title(),
            _ => Code::Unavailable.title(),
        }
    }

    /// Whether the edge says no. Its own trouble, which passes, is no answer to the key.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Self::Edge(why @ Refusal::Refused(_)) if !why.is_passing())
    }
}

/// What an encoder sends to its stream.
enum Input {
    /// A tag, and its share of the budget until it is with the pipeline.
    Tag(Tag, OwnedSemaphorePermit),
    /// The end, and why.
    End(EndReason),
}

/// The encoder's side of a live stream. Dropped without [`Self::end`], the encoder counts as lost.
pub(crate) struct Publisher {
    inputs: mpsc::Sender<Input>,
    budget: Arc<Semaphore>,
    dismissed: watch::Receiver<Option<EndReason>>,
}

/// The stream is over on our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Over;

impl Publisher {
    /// Hands over a tag; waits while too much is on its way.
    pub(crate) async fn send(&self, tag: Tag) -> Result<(), Over> {
        let share = u32::try_from(tag.body.len().clamp(1, BUDGET)).map_err(|_| Over)?;
        let permit = self.budget.clone().acquire_many_owned(share).await.map_err(|_| Over)?;
        self.inputs.send(Input::Tag(tag, permit)).await.map_err(|_| Over)
    }

    /// Waits until the encoder is to be let go.
    pub(crate) async fn dismissed(&mut self) -> EndReason {
        let reason = self.dismissed.wait_for(Option::is_some).await;
        reason.ok().and_then(|reason| *reason).unwrap_or(EndReason::Failed)
    }

    /// The encoder is gone.
    pub(crate) async fn end(self, reason: EndReason) {
        // A stream that is over already needs no reason.
        let _ = self.inputs.send(Input::End(reason)).await;
    }
}

/// All streams of this origin.
pub(crate) struct Streams {
    pipeline: PathBuf,
    edge: Arc<Edge>,
    outbox: Arc<Outbox>,
    metrics: Arc<Metrics>,
    condition: Arc<Condition>,
    capacity: Arc<Capacity>,
    tasks: TaskTracker,
}

impl Streams {
    /// No streams yet; so many thousandths of a core may transcode theirs.
    pub(crate) fn new(
        (pipeline, millicores): (PathBuf, u32),
        edge: Arc<Edge>,
        outbox: Arc<Outbox>,
        (metrics, condition): (Arc<Metrics>, Arc<Condition>),
    ) -> Self {
        let capacity = Arc::new(Capacity::new(millicores, metrics.rungs.clone()));
        Self { pipeline, edge, outbox, metrics, condition, capacity, tasks: TaskTracker::new() }
    }

    /// Asks the edge whether this key may publish, and starts its stream.
    pub(crate) async fn publish(&self, key: &str) -> Result<Publisher, PublishError> {
        let published = self.begin(key).await;
        let outcome = match &published {
            Ok(_) => Outcome::Accepted,
            Err(error) if error.is_refused() => Outcome::Refused,
            Err(_) => Outcome::Unavailable,
        };
        self.metrics.publishes.get_or_create(&PublishLabels { outcome }).inc();
        published
    }

    async fn begin(&self, key: &str) -> Result<Publisher, PublishError> {
        // What is not formed like a key is not worth asking about.
        StreamKey::parse(key).ok_or(Refusal::Refused(Code::KeyInvalid))?;
        let publisher = format!("{:032x}", rand::random::<u128>());
        let reply = self.edge.publish(&PublishRequest { key: key.to_owned(), publisher }).await?;
        let dismissal = Dismissal::new();
        let dismissed = dismissal.watch();
        let epoch = EpochKey { stream: reply.stream_id, epoch: reply.epoch };
        let items = self.outbox.begin(epoch, dismissal.clone()).await?;
        let (inputs, from_encoder) = mpsc::channel(256);
        tracing::info!(stream = %reply.stream_id, epoch = reply.epoch.0, "publishing");
        let live = live::Live {
            key: epoch,
            target_ms: reply.target_ms,
            part_target_ms: reply.part_target_ms,
            rungs: reply.rungs,
            capacity: self.capacity.clone(),
            program: self.pipeline.clone(),
            items,
            dismissal,
            metrics: self.metrics.clone(),
            condition: self.condition.clone(),
        };
        self.tasks.spawn(live.run(from_encoder));
        Ok(Publisher { inputs, budget: Arc::new(Semaphore::new(BUDGET)), dismissed })
    }

    /// Waits until all streams have ended. None may begin afterwards.
    pub(crate) async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
