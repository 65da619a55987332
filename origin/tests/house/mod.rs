//! An origin with an edge and a store of its own, and encoders that publish to it.
#![allow(dead_code, reason = "each test program uses its part of it")]

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::Arc,
    time::Duration,
};

use clap::Parser;
use object_store::ObjectStore;
use spillway_origin::{Config, Origin};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

use crate::edge::{Edge, SECRET};

/// An origin with an edge of its own.
pub(crate) struct House {
    pub(crate) edge: Edge,
    pub(crate) origin: Origin,
    pub(crate) state: TempDir,
    /// By which name its pipelines run: no other origin's do.
    pub(crate) pipeline: PathBuf,
}

impl House {
    pub(crate) async fn open() -> Self {
        let edge = Edge::start().await;
        let store = edge.store.clone();
        Self::with_store(edge, store).await
    }

    /// An origin that puts its media into this store, behind which is the edge's own.
    pub(crate) async fn with_store(edge: Edge, store: Arc<dyn ObjectStore>) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_spillway-origin")).with_file_name("spillway-pipeline");
        Self::build(edge, store, &program, &[]).await
    }

    /// An origin of which so many cores may transcode.
    pub(crate) async fn with_cores(cores: &str) -> Self {
        let edge = Edge::start().await;
        let (store, program) = (edge.store.clone(), Path::new(env!("CARGO_BIN_EXE_spillway-origin")));
        let cores = format!("--transcode-cores={cores}");
        Self::build(edge, store, &program.with_file_name("spillway-pipeline"), &[&cores]).await
    }

    pub(crate) async fn with_pipeline(program: &Path) -> Self {
        let edge = Edge::start().await;
        let store = edge.store.clone();
        Self::build(edge, store, program, &[]).await
    }

    async fn build(edge: Edge, store: Arc<dyn ObjectStore>, program: &Path, options: &[&str]) -> Self {
        // The log of a test that fails is shown with it; a second test finds the logger set.
        let _ = tracing_subscriber::fmt().with_test_writer().with_max_level(tracing::Level::INFO).try_init();
        let state = tempfile::tempdir().unwrap();
        let pipeline = state.path().join("pipeline");
        std::os::unix::fs::symlink(program, &pipeline).unwrap();
        let origin = start_with(&edge, store, (state.path(), &pipeline), options).await;
        Self { edge, origin, state, pipeline }
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        let mut socket = TcpStream::connect(self.origin.http_addr()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: origin\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).await.unwrap();
        text
    }

    /// The process of the one stream's pipeline.
    pub(crate) fn pipeline_pid(&self) -> String {
        let name = self.pipeline.to_str().unwrap();
        let is_it = |dir: &Path| std::fs::read(dir.join("cmdline")).is_ok_and(|line| line.starts_with(name.as_bytes()));
        let mut processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        let found = processes.find(|dir| is_it(dir)).expect("no pipeline runs");
        found.file_name().unwrap().to_str().unwrap().to_owned()
    }

    /// Sends a signal to it.
    pub(crate) async fn signal_pipeline(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.pipeline_pid()]).status().await.unwrap();
        assert!(sent.success());
    }
}

pub(crate) async fn start(edge: &Edge, store: Arc<dyn ObjectStore>, state: &Path, pipeline: &Path) -> Origin {
    start_with(edge, store, (state, pipeline), &[]).await
}

async fn start_with(
    edge: &Edge,
    store: Arc<dyn ObjectStore>,
    (state, pipeline): (&Path, &Path),
    options: &[&str],
) -> Origin {
    assert!(pipeline.exists(), "{} is missing: cargo build -p spillway-pipeline comes first", pipeline.display());
    let (edge_url, state, pipeline) = (
        format!("--edge-url=http://{}", edge.address),
        format!("--state={}", state.display()),
        format!("--pipeline={}", pipeline.display()),
    );
    let secret = format!("--origin-secret={SECRET}");
    let config = [
        "spillway-origin",
        "--rtmp-addr=127.0.0.1:0",
        "--http-addr=127.0.0.1:0",
        &edge_url,
        &state,
        &pipeline,
        "--r2-endpoint=http://127.0.0.1:9",
        "--r2-bucket=unused",
        "--r2-access-key-id=unused",
        "--r2-secret-access-key=unused",
        &secret,
    ];
    let config = Config::parse_from(config.iter().chain(options));
    Origin::start(&config, store).await.unwrap()
}

pub(crate) fn url(origin: &Origin, key: &str) -> String {
    format!("rtmp://{}/live/{key}", origin.rtmp_addr())
}

/// An encoder with B-frames and sound, in real time.
pub(crate) fn ffmpeg(origin: &Origin, key: &str, seconds: u32) -> Child {
    let (seconds, picture) = (seconds.to_string(), "testsrc2=size=320x180:rate=30");
    Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-re"])
        .args(["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"])
        .args(["-t", &seconds, "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-b_strategy", "0", "-g", "30"])
        .args(["-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k", "-f", "flv", &url(origin, key)])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

pub(crate) async fn finished(encoder: Child) -> Output {
    timeout(Duration::from_secs(40), encoder.wait_with_output()).await.expect("the encoder goes on and on").unwrap()
}
