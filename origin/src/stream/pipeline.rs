//! One stream's pipeline process: started, fed, listened to. Hostile media is decoded there and nowhere else, so it is given nothing:
//! no secret in its environment, and no longer life than ours.

use std::{io, path::Path, process::Stdio};

use bytes::{Bytes, BytesMut};
use spillway_protocol::pipe::{self, FromPipeline, Malformed, ToPipeline};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// What of our environment it needs: where programs and libraries are, and how `GStreamer` is set up.
const ENVIRONMENT: [&str; 8] =
    ["PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "RUST_LOG"];

/// Why a pipeline cannot be used (any more).
#[derive(Debug, thiserror::Error)]
pub(crate) enum PipelineError {
    /// The process could not be started.
    #[error("the pipeline did not start")]
    Start(#[source] io::Error),
    /// The process is gone, or its pipes are.
    #[error("the pipeline is gone")]
    Gone(#[from] io::Error),
    /// The process takes no input, or answers nothing though media goes in.
    #[error("the pipeline hangs")]
    Hangs,
    /// The process writes no frames.
    #[error("the pipeline's output does not parse")]
    Malformed(#[from] Malformed),
}

/// A pipeline process; killed when dropped.
pub(crate) struct Pipeline {
    /// Held for its drop.
    _process: Child,
    /// Its input.
    pub(crate) input: Input,
    /// Its output.
    pub(crate) output: Output,
}

/// A pipeline's input.
pub(crate) struct Input(ChildStdin);

/// A pipeline's output.
pub(crate) struct Output(BufReader<ChildStdout>);

impl Pipeline {
    /// Starts a process and tells it how to cut.
    pub(crate) async fn start(program: &Path, config: pipe::Config) -> Result<Self, PipelineError> {
        let kept = std::env::vars_os().filter(|(name, _)| {
            name.to_str().is_some_and(|name| ENVIRONMENT.contains(&name) || name.starts_with("GST_"))
        });
        let mut process = Command::new(program)
            .env_clear()
            .envs(kept)
            // A backtrace of a process that handles hostile media helps nobody and costs seconds.
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for us: the pipeline ends when its stream does.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(PipelineError::Start)?;
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(PipelineError::Gone(io::ErrorKind::BrokenPipe.into()));
        };
        let mut input = Input(stdin);
        input.send(&ToPipeline::Config(config)).await?;
        Ok(Self { _process: process, input, output: Output(BufReader::new(stdout)) })
    }
}

impl Input {
    /// Hands over a frame; waits for as long as the process takes nothing.
    pub(crate) async fn send(&mut self, frame: &ToPipeline<Bytes>) -> Result<(), PipelineError> {
        let bytes = frame.encode()?;
        Ok(self.0.write_all(&bytes).await?)
    }
}

impl Output {
    /// The next frame. Not to be dropped half-way.
    pub(crate) async fn next(&mut self) -> Result<FromPipeline<Bytes>, PipelineError> {
        let mut head = [0; pipe::HEADER];
        self.0.read_exact(&mut head).await?;
        let (kind, length) = pipe::header(head)?;
        let mut payload = BytesMut::zeroed(length);
        self.0.read_exact(&mut payload).await?;
        let payload = payload.freeze();
        Ok(match FromPipeline::decode(kind, &payload)? {
            FromPipeline::Target(target) => FromPipeline::Target(target),
            FromPipeline::Init(init, media) => FromPipeline::Init(init, payload.slice_ref(media)),
            FromPipeline::Part(part, media) => FromPipeline::Part(part, payload.slice_ref(media)),
            FromPipeline::SegmentEnd(end) => FromPipeline::SegmentEnd(end),
            FromPipeline::Ladder(ladder) => FromPipeline::Ladder(ladder),
            FromPipeline::Warning(warning) => FromPipeline::Warning(warning),
            FromPipeline::Eos => FromPipeline::Eos,
        })
    }
}
