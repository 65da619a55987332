//! The process's one loop: frames from standard input and chunks from the muxers, through the stream, to standard output.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::{Duration, Instant},
};

use spillway_protocol::pipe::{self, FromPipeline, Malformed, ToPipeline};

use crate::{
    limits::{self, Unlimited},
    mux::{self, Mux, MuxError},
    outlet::{Outlet, OutletError, write},
    segmenter::{Kind, Said, Step},
    stream::{Broken, Stream},
    transcode::{Made, Transcoder, Wake},
};

/// Frames that are read ahead; a frame is 16 MiB at most. When the loop is slow the origin waits.
const AHEAD: usize = 4;
/// How long rungs may take to make what is left of them when the stream ends.
const DRAIN: Duration = Duration::from_millis(1_500);

/// Why the process ends before its stream does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// Standard input broke.
    #[error("standard input: {0}")]
    Input(#[from] io::Error),
    /// The origin sent what is not a frame.
    #[error(transparent)]
    Frame(#[from] Malformed),
    /// A config twice, or none in front.
    #[error("a frame is out of place")]
    OutOfPlace,
    /// The stream cannot go on.
    #[error(transparent)]
    Stream(#[from] Broken),
    /// The process would take more than it may.
    #[error(transparent)]
    Limits(#[from] Unlimited),
    /// The muxer failed.
    #[error(transparent)]
    Mux(#[from] MuxError),
    /// Nothing can be told.
    #[error(transparent)]
    Outlet(#[from] OutletError),
}

enum Event {
    Frame(u8, Vec<u8>),
    /// A muxer has something.
    Woken,
    /// Standard input ended: the origin is gone, or done.
    Eof,
    Broken(RunError),
}

/// Runs until the end of the stream.
pub(crate) fn run(input: impl Read + Send + 'static, output: impl Write) -> Result<(), RunError> {
    let (sender, events) = sync_channel(AHEAD);
    let reader = sender.clone();
    // Ends with the process: it may well be waiting for input that never comes.
    std::thread::spawn(move || {
        let last = match frames(input, &reader) {
            Ok(()) => Event::Eof,
            Err(error) => Event::Broken(error),
        };
        let _ = reader.send(last);
    });
    let Some(config) = config(&events)? else { return Ok(()) };
    limits::set(&config)?;
    mux::init()?;
    let mut process = Process::new(config, output, sender);
    process.act()?;
    while process.event(events.recv().unwrap_or(Event::Eof))? {}
    process.drain(&events)?;
    process.finish()
}

/// The first frame; `None` when there is none.
fn config(events: &Receiver<Event>) -> Result<Option<pipe::Config>, RunError> {
    match events.recv().unwrap_or(Event::Eof) {
        Event::Frame(kind, payload) => match ToPipeline::decode(kind, &payload)? {
            ToPipeline::Config(config) => Ok(Some(config)),
            _ => Err(RunError::OutOfPlace),
        },
        Event::Broken(error) => Err(error),
        Event::Woken | Event::Eof => Ok(None),
    }
}

/// Reads frames until the input ends between two of them.
fn frames(mut input: impl Read, events: &SyncSender<Event>) -> Result<(), RunError> {
    loop {
        let mut header = [0; pipe::HEADER];
        match input.read(&mut header)? {
            0 => return Ok(()),
            read => input.read_exact(header.get_mut(read..).unwrap_or_default())?,
        }
        let (kind, length) = pipe::header(header)?;
        let mut payload = vec![0; length];
        input.read_exact(&mut payload)?;
        if events.send(Event::Frame(kind, payload)).is_err() {
            return Ok(());
        }
    }
}

struct Process<W> {
    stream: Stream,
    lanes: BTreeMap<Kind, Lane>,
    transcoder: Transcoder,
    output: W,
    wake: Wake,
}

#[derive(Default)]
struct Lane {
    mux: Option<Mux>,
    outlet: Outlet,
}

impl<W: Write> Process<W> {
    fn new(config: pipe::Config, output: W, sender: SyncSender<Event>) -> Self {
        // A full channel wakes the loop by itself.
        let wake: Wake = Arc::new(move || match sender.try_send(Event::Woken) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        });
        let stream = Stream::new(&config);
        let transcoder = Transcoder::new(config.rungs, wake.clone());
        Self { stream, lanes: BTreeMap::new(), transcoder, output, wake }
    }

    /// Handles an event; `false` when it was the last.
    fn event(&mut self, event: Event) -> Result<bool, RunError> {
        match event {
            Event::Frame(kind, payload) => match ToPipeline::decode(kind, &payload)? {
                ToPipeline::Config(_) => return Err(RunError::OutOfPlace),
                ToPipeline::Video(tag, body) => self.stream.video(tag, body)?,
                ToPipeline::Audio(tag, body) => self.stream.audio(tag, body)?,
                ToPipeline::Eos => return Ok(false),
            },
            Event::Woken => {}
            Event::Eof => return Ok(false),
            Event::Broken(error) => return Err(error),
        }
        self.act()?;
        Ok(true)
    }

    /// Does what the stream asks for, and tells what the muxers have written.
    fn act(&mut self) -> Result<(), RunError> {
        self.steps()?;
        for made in self.transcoder.poll(Instant::now()) {
            match made {
                Made::Picture(picture) => self.stream.rung(picture),
                Made::Ended(lines) => self.stream.end_rung(lines),
                Made::Warning(code) => self.stream.warn(code),
                Made::Ladder(ladder) => {
                    self.steps()?;
                    write(&mut self.output, &FromPipeline::Ladder(ladder))?;
                }
            }
        }
        self.steps()?;
        for lane in self.lanes.values_mut() {
            while let Some(chunk) = lane.mux.as_mut().map_or(Ok(None), Mux::take)? {
                lane.outlet.bytes(&chunk, &mut self.output)?;
            }
        }
        Ok(())
    }

    fn steps(&mut self) -> Result<(), RunError> {
        self.stream.steps().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: Step) -> Result<(), RunError> {
        match step {
            Step::Say(said) => self.say(&said),
            Step::Transcode(picture) => {
                self.transcoder.push(picture);
                Ok(())
            }
            step => self.mux(step),
        }
    }

    /// A step of one track.
    fn mux(&mut self, step: Step) -> Result<(), RunError> {
        let kind = match &step {
            Step::Say(_) | Step::Transcode(_) => return Err(RunError::OutOfPlace),
            Step::Open(kind, _)
            | Step::Push(kind, _)
            | Step::Tell(kind, _)
            | Step::Close(kind)
            | Step::Cut { kind, .. }
            | Step::Seal { kind, .. } => *kind,
        };
        let (lane, output) = (self.lanes.entry(kind).or_default(), &mut self.output);
        match (step, &mut lane.mux) {
            (Step::Open(_, run), _) => {
                lane.finish(output)?;
                let wake = self.wake.clone();
                lane.mux = Some(Mux::open(&run, move || wake())?);
            }
            (Step::Close(_), _) => {
                lane.finish(output)?;
                lane.outlet.finish()?;
                self.lanes.remove(&kind);
            }
            (Step::Tell(_, told), _) => lane.outlet.tell(told, output)?,
            (Step::Push(_, unit), Some(mux)) => mux.push(unit)?,
            (Step::Cut { segment, .. }, Some(mux)) => mux.cut(segment)?,
            (Step::Seal { at_us, .. }, Some(mux)) => mux.seal(at_us)?,
            _ => return Err(RunError::OutOfPlace),
        }
        Ok(())
    }

    fn say(&mut self, said: &Said) -> Result<(), RunError> {
        let frame = match said {
            Said::Target(target) => FromPipeline::Target(*target),
            Said::Warning(code) => FromPipeline::Warning(pipe::Warning { code: (*code).to_owned() }),
        };
        Ok(write(&mut self.output, &frame)?)
    }

    /// Waits until the rungs have made what they were given; what they do not make in time is lost.
    fn drain(&mut self, events: &Receiver<Event>) -> Result<(), RunError> {
        let end = Instant::now() + DRAIN;
        self.stream.finish()?;
        loop {
            self.transcoder.finish();
            self.act()?;
            if self.transcoder.is_done() || events.recv_timeout(end.saturating_duration_since(Instant::now())).is_err()
            {
                return Ok(());
            }
        }
    }

    fn finish(mut self) -> Result<(), RunError> {
        self.stream.finish_rungs();
        self.steps()?;
        for lane in self.lanes.values_mut() {
            lane.finish(&mut self.output)?;
            lane.outlet.finish()?;
        }
        Ok(write(&mut self.output, &FromPipeline::Eos)?)
    }
}

impl Lane {
    /// Tells what is left in the muxer, and lets it go.
    fn finish(&mut self, output: &mut impl Write) -> Result<(), RunError> {
        if let Some(mux) = self.mux.take() {
            for chunk in mux.finish()? {
                self.outlet.bytes(&chunk, output)?;
            }
        }
        Ok(())
    }
}
