//! One live stream: tags to the pipeline, what it makes to the outbox, its health once a second.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use spillway_protocol::{
    link::{EndReason, Report},
    pipe::{self, FromPipeline, ToPipeline},
    time::Timestamp,
};
use tokio::{
    sync::mpsc,
    time::{self, Instant, MissedTickBehavior},
};

use super::{
    Input,
    meter::Meter,
    pipeline::{self, Pipeline, PipelineError},
    teller::{Nonsense, Teller},
};
use crate::{
    edge,
    ingest::{
        Tag,
        flv::{Kind, Role},
    },
    metrics::Metrics,
    outbox::{Dismissal, EpochKey, Item},
};

/// Segments end at the first keyframe after this.
const SEGMENT_MS: u32 = 2_000;
/// Parts aim for this.
const PART_MS: u32 = 333;
/// How often health is told.
const READING: Duration = Duration::from_secs(1);
/// How long the pipeline may take to finish what is open.
const FLUSH: Duration = Duration::from_secs(5);

/// Why a stream failed on our side.
#[derive(Debug, thiserror::Error)]
enum LiveError {
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    #[error("the pipeline ended by itself")]
    Ended,
    #[error("the pipeline does not finish")]
    Flush,
    #[error("the pipeline makes no sense")]
    Nonsense(#[from] Nonsense),
    #[error("the outbox is closed")]
    Outbox,
}

/// A live stream.
pub(super) struct Live {
    /// Which epoch of which stream.
    pub(super) key: EpochKey,
    /// The stream's target duration, where an earlier epoch has settled it.
    pub(super) target_ms: Option<u32>,
    /// The pipeline's program.
    pub(super) program: PathBuf,
    /// Into the outbox.
    pub(super) items: mpsc::Sender<Item>,
    /// To let the encoder go.
    pub(super) dismissal: Dismissal,
    /// What is counted.
    pub(super) metrics: Arc<Metrics>,
}

/// What the two directions share.
#[derive(Default)]
struct Shared {
    /// The wall-clock time of the first frame: media time 0.
    zero: OnceLock<Timestamp>,
    meter: Mutex<Meter>,
}

impl Shared {
    fn meter<T>(&self, use_it: impl FnOnce(&mut Meter) -> T) -> T {
        use_it(&mut self.meter.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Live {
    /// Runs until the encoder is gone and all of its media is in the outbox.
    pub(super) async fn run(self, mut inputs: mpsc::Receiver<Input>) {
        self.metrics.streams.inc();
        let reason = match self.carry(&mut inputs).await {
            Ok(reason) => reason,
            Err(error) => {
                self.complain(&error);
                EndReason::Failed
            }
        };
        // For the encoder of a stream that failed; one that has gone does not notice.
        self.dismissal.dismiss(reason);
        tracing::info!(stream = %self.key.stream, epoch = self.key.epoch.0, ?reason, "ended");
        let ended = Item::Report { report: Report::Ended { reason }, object: None };
        // An outbox that is closed has told the end already.
        let _ = self.items.send(ended).await;
        self.metrics.streams.dec();
    }

    /// Carries media through one pipeline process. A later one could take over here, given the current GOP again.
    async fn carry(&self, inputs: &mut mpsc::Receiver<Input>) -> Result<EndReason, LiveError> {
        let config = pipe::Config { segment_ms: SEGMENT_MS, part_ms: PART_MS, target_ms: self.target_ms };
        let mut pipeline = Pipeline::start(&self.program, config).await?;
        let shared = Shared::default();
        let feed = self.feed(inputs, &mut pipeline.input, &shared);
        let listen = self.listen(&mut pipeline.output, &shared);
        tokio::pin!(feed, listen);
        tokio::select! {
            // The feed first: the pipeline answers its end, never the other way round.
            biased;
            reason = &mut feed => {
                let reason = reason?;
                // The encoder went for its own reason, even if its last second is lost with the pipeline.
                if let Err(error) = time::timeout(FLUSH, listen).await.unwrap_or(Err(LiveError::Flush)) {
                    self.complain(&error);
                }
                Ok(reason)
            }
            heard = &mut listen => Err(heard.err().unwrap_or(LiveError::Ended)),
        }
    }

    fn complain(&self, error: &LiveError) {
        let error: &dyn std::error::Error = error;
        tracing::error!(stream = %self.key.stream, epoch = self.key.epoch.0, error, "the pipeline failed");
        self.metrics.pipeline_failures.inc();
    }

    /// Hands tags to the pipeline until the encoder is gone; says why it went.
    async fn feed(
        &self,
        inputs: &mut mpsc::Receiver<Input>,
        input: &mut pipeline::Input,
        shared: &Shared,
    ) -> Result<EndReason, LiveError> {
        let mut reading = time::interval_at(Instant::now() + READING, READING);
        reading.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut read_at = Instant::now();
        let reason = loop {
            tokio::select! {
                next = inputs.recv() => match next {
                    Some(Input::Tag(tag, _share)) => {
                        if tag.role != Role::Configuration {
                            shared.zero.get_or_init(edge::now);
                        }
                        shared.meter(|meter| meter.tag(&tag));
                        input.send(&frame(tag)).await?;
                    }
                    Some(Input::End(reason)) => break reason,
                    None => break EndReason::Lost,
                },
                at = reading.tick() => {
                    let health = shared.meter(|meter| meter.read(at.duration_since(read_at)));
                    read_at = at;
                    // Health that finds no room is old before there is some.
                    if let Some(health) = health {
                        let _ = self.items.try_send(Item::Health(health));
                    }
                }
            }
        };
        input.send(&ToPipeline::Eos).await?;
        Ok(reason)
    }

    /// Puts what the pipeline makes into the outbox, until it says that this was all.
    async fn listen(&self, output: &mut pipeline::Output, shared: &Shared) -> Result<(), LiveError> {
        let mut teller = Teller::new(self.key.epoch);
        loop {
            let frame = output.next().await?;
            match &frame {
                FromPipeline::Eos => return Ok(()),
                FromPipeline::Warning(warning) => shared.meter(|meter| meter.warn(warning.code.clone())),
                _ => {}
            }
            for item in teller.hear(frame, *shared.zero.get_or_init(edge::now))? {
                self.items.send(item).await.map_err(|_| LiveError::Outbox)?;
            }
        }
    }
}

fn frame(tag: Tag) -> ToPipeline<bytes::Bytes> {
    let at = pipe::Tag { dts_ms: tag.dts_ms };
    match tag.kind {
        Kind::Video => ToPipeline::Video(at, tag.body),
        Kind::Audio => ToPipeline::Audio(at, tag.body),
    }
}
