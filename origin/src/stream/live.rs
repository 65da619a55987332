//! One live stream: tags to the pipeline, what it makes to the outbox, its health once a second. A pipeline that dies or hangs is replaced.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use spillway_protocol::{
    link::{EndReason, Report},
    media::{RenditionId, TrackKind},
    pipe::{self, FromPipeline, ToPipeline},
    time::Timestamp,
};
use tokio::{
    sync::mpsc,
    time::{self, Instant, MissedTickBehavior},
};

use super::{
    Input,
    capacity::{Capacity, Share, Source},
    meter::Meter,
    pipeline::{self, Pipeline, PipelineError},
    replay::Replay,
    supervision::{Restarts, Silence},
    teller::{Nonsense, Teller},
};
use crate::{
    condition::{Condition, Restarting},
    edge,
    epoch::EpochKey,
    ingest::{
        Tag,
        flv::{Kind, Role},
    },
    metrics::Metrics,
    outbox::{Dismissal, Item},
};

/// Segments end at the first keyframe after this.
const SEGMENT_MS: u32 = 2_000;
/// Parts aim for this.
const PART_MS: u32 = 250;
/// How often health is told.
const READING: Duration = Duration::from_secs(1);
/// How often it is looked whether the pipeline hangs.
const LOOK: Duration = Duration::from_millis(100);
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
    /// Its part target, likewise.
    pub(super) part_target_ms: Option<u32>,
    /// The rungs that its settings allow.
    pub(super) rungs: Vec<u16>,
    /// What of this machine is for rungs.
    pub(super) capacity: Arc<Capacity>,
    /// The pipeline's program.
    pub(super) program: PathBuf,
    /// Into the outbox.
    pub(super) items: mpsc::Sender<Item>,
    /// To let the encoder go.
    pub(super) dismissal: Dismissal,
    /// What is counted.
    pub(super) metrics: Arc<Metrics>,
    /// What is told to the operator.
    pub(super) condition: Arc<Condition>,
}

/// What the two directions share.
struct Shared {
    /// Why the encoder has gone, once it has.
    gone: OnceLock<EndReason>,
    watched: Mutex<Watched>,
}

/// What is known of the media on its way.
struct Watched {
    meter: Meter,
    replay: Replay,
    silence: Silence,
    /// The wall-clock time of media time 0. Encoders begin with what has waited for the connection: of all that came, what came
    /// soonest says it best.
    zero: Option<Timestamp>,
}

impl Watched {
    fn came(&mut self, tag: &Tag) {
        if tag.role != Role::Configuration {
            let zero = edge::now().plus_millis(tag.dts_ms.saturating_neg());
            self.zero = Some(self.zero.map_or(zero, |known| known.min(zero)));
        }
    }
}

impl Shared {
    fn new() -> Self {
        let silence = Silence::new(false, Instant::now().into_std());
        let watched = Watched { meter: Meter::default(), replay: Replay::default(), silence, zero: None };
        Self { gone: OnceLock::new(), watched: Mutex::new(watched) }
    }

    fn zero(&self) -> Timestamp {
        self.with(|watched| watched.zero).unwrap_or_else(edge::now)
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Watched) -> T) -> T {
        use_it(&mut self.watched.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What of the way back outlives a pipeline.
struct Told<'a> {
    teller: Teller,
    /// On its way into the outbox.
    items: VecDeque<Item>,
    /// The rungs that it is given.
    share: Share,
    /// Until the new pipeline has said something.
    restarting: Option<Restarting<'a>>,
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

    /// Carries media through one pipeline process after the other, until the encoder is gone or too many have failed.
    async fn carry(&self, inputs: &mut mpsc::Receiver<Input>) -> Result<EndReason, LiveError> {
        let shared = Shared::new();
        let share = self.capacity.take(&self.rungs);
        let mut told = Told { teller: Teller::new(self.key.epoch), items: VecDeque::new(), share, restarting: None };
        let mut restarts = Restarts::default();
        loop {
            let began = Instant::now();
            let error = match self.carry_through_one(inputs, &shared, &mut told).await {
                Ok(reason) => return Ok(reason),
                // Another pipeline would have nowhere to put its media.
                Err(LiveError::Outbox) => return Err(LiveError::Outbox),
                Err(error) => error,
            };
            told.restarting.get_or_insert_with(|| self.condition.restarting());
            // One that never said a thing has lived for nothing, however long it took.
            let spoke = shared.with(|watched| watched.silence.has_spoken());
            let lived = if spoke { began.elapsed() } else { Duration::ZERO };
            let Some(restart) = restarts.next(lived, Instant::now().into_std()) else { return Err(error) };
            self.complain(&error);
            self.metrics.pipeline_restarts.inc();
            time::sleep(restart.wait).await;
            told.teller.begin_anew(restart.replay);
            if !restart.replay && !told.share.rungs().is_empty() {
                // It may well be the decoder that does not survive this source.
                self.metrics.rungs_given_up.inc_by(told.share.rungs().len() as u64);
                told.share.give_up();
                shared.with(|watched| watched.meter.warn("RUNGS_FAILED".to_owned()));
                let none = FromPipeline::Ladder(pipe::Ladder { rungs: Vec::new() });
                told.items.extend(told.teller.hear(none, shared.zero())?);
            }
            shared.with(|watched| {
                watched.meter.warn("PIPELINE_RESTARTED".to_owned());
                if !restart.replay {
                    watched.replay.forget();
                }
                let answerable = restart.replay && watched.silence.is_answerable();
                watched.silence = Silence::new(answerable, Instant::now().into_std());
            });
        }
    }

    /// Carries media through one process, the media that an earlier one left unfinished first.
    async fn carry_through_one(
        &self,
        inputs: &mut mpsc::Receiver<Input>,
        shared: &Shared,
        told: &mut Told<'_>,
    ) -> Result<EndReason, LiveError> {
        let settled = told.teller.target();
        let config = pipe::Config {
            segment_ms: SEGMENT_MS,
            part_ms: PART_MS,
            target_ms: settled.map(|target| target.target_ms).or(self.target_ms),
            part_target_ms: settled.map(|target| target.part_target_ms).or(self.part_target_ms),
            rungs: told.share.rungs().to_vec(),
        };
        let mut pipeline = Pipeline::start(&self.program, config).await?;
        let feed = self.feed(inputs, &mut pipeline.input, shared);
        let listen = self.listen(&mut pipeline.output, shared, told);
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
            () = hang(shared) => Err(PipelineError::Hangs.into()),
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
        let kept: Vec<Tag> = shared.with(|watched| watched.replay.tags().cloned().collect());
        for tag in kept {
            hand_over(tag, input, shared).await?;
        }
        let reason = loop {
            tokio::select! {
                next = inputs.recv() => match next {
                    Some(Input::Tag(tag, _share)) => {
                        // Kept before anything is waited for: whatever becomes of this pipeline, the next one gets it.
                        shared.with(|watched| {
                            watched.came(&tag);
                            watched.meter.tag(&tag);
                            watched.replay.push(&tag);
                        });
                        hand_over(tag, input, shared).await?;
                    }
                    Some(Input::End(reason)) => break *shared.gone.get_or_init(|| reason),
                    // It may have said so to a pipeline that died of it.
                    None => break shared.gone.get().copied().unwrap_or(EndReason::Lost),
                },
                at = reading.tick() => {
                    let health = shared.with(|watched| watched.meter.read(at.duration_since(read_at)));
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
    async fn listen(
        &self,
        output: &mut pipeline::Output,
        shared: &Shared,
        told: &mut Told<'_>,
    ) -> Result<(), LiveError> {
        loop {
            // An item leaves the queue only when there is room for it: this may be dropped at any point.
            while !told.items.is_empty() {
                let room = self.items.reserve().await.map_err(|_| LiveError::Outbox)?;
                if let Some(item) = told.items.pop_front() {
                    room.send(item);
                }
            }
            shared.with(|watched| watched.silence.handed_on(Instant::now().into_std()));
            let frame = output.next().await?;
            let media = matches!(frame, FromPipeline::Part(..));
            shared.with(|watched| {
                watched.silence.heard(media);
                if let FromPipeline::Warning(warning) = &frame {
                    watched.meter.warn(warning.code.clone());
                }
            });
            if media {
                told.restarting = None;
            }
            self.watch_rungs(&frame, shared, &mut told.share);
            let end = match &frame {
                FromPipeline::Eos => return Ok(()),
                FromPipeline::SegmentEnd(end) => {
                    kind(&end.rendition).map(|kind| (kind, end.start_us.saturating_add(end.duration_us)))
                }
                _ => None,
            };
            told.items.extend(told.teller.hear(frame, shared.zero())?);
            if let Some((kind, end_us)) = end {
                shared.with(|watched| watched.replay.told(kind, end_us));
            }
        }
    }
}

impl Live {
    /// Keeps account of what is transcoded, and tells the streamer what is not.
    fn watch_rungs(&self, frame: &FromPipeline<bytes::Bytes>, shared: &Shared, share: &mut Share) {
        let before = share.missing();
        let given_up = match frame {
            FromPipeline::Ladder(ladder) => {
                share.runs(&ladder.rungs);
                0
            }
            FromPipeline::Warning(warning) if warning.code == "RUNGS_FAILED" => share.running(),
            FromPipeline::Warning(warning) if warning.code == "RUNG_DROPPED" => {
                share.give_up_top();
                share.missing().saturating_sub(before)
            }
            FromPipeline::Init(pipe::Init { track, .. }, _) if track.rendition == RenditionId::video() => {
                let TrackKind::Video { width, height, frame_rate_millis } = track.kind else { return };
                share.source_is(Source { lines: width.min(height), frame_rate_millis });
                share.missing().saturating_sub(before)
            }
            _ => return,
        };
        self.metrics.rungs_given_up.inc_by(given_up as u64);
        shared.with(|watched| watched.meter.lasts("RUNGS_LIMITED", share.missing() > 0));
    }
}

/// Waits until the pipeline hangs.
async fn hang(shared: &Shared) {
    let mut look = time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let now = look.tick().await.into_std();
        if shared.with(|watched| watched.silence.hangs(now)) {
            return;
        }
    }
}

/// Hands a tag to the pipeline.
async fn hand_over(tag: Tag, input: &mut pipeline::Input, shared: &Shared) -> Result<(), PipelineError> {
    let media = (tag.role != Role::Configuration).then_some(tag.dts_ms);
    shared.with(|watched| watched.silence.offer(Instant::now().into_std()));
    input.send(&frame(tag)).await?;
    shared.with(|watched| watched.silence.fed(media, Instant::now().into_std()));
    Ok(())
}

/// The encoder's track that a rendition is, as it came: what was told of a rung comes later, and says nothing of what a new pipeline
/// needs.
fn kind(rendition: &RenditionId) -> Option<Kind> {
    if *rendition == RenditionId::audio() {
        Some(Kind::Audio)
    } else {
        (*rendition == RenditionId::video()).then_some(Kind::Video)
    }
}

fn frame(tag: Tag) -> ToPipeline<bytes::Bytes> {
    let at = pipe::Tag { dts_ms: tag.dts_ms };
    match tag.kind {
        Kind::Video => ToPipeline::Video(at, tag.body),
        Kind::Audio => ToPipeline::Audio(at, tag.body),
    }
}
