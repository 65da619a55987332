//! Players and readers of playlists that are not ours.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::timeout,
};
use xtask::{Workspace, tools};

use crate::System;

/// What a player did.
#[derive(Debug)]
pub struct Played {
    /// Whether it ended well.
    pub success: bool,
    /// All that it complained about.
    pub complaints: String,
}

/// What ffmpeg says of itself: it reads the init section again with every reload of a live playlist, whoever made that.
const FFMPEG_OF_ITSELF: &str = "Found duplicated MOOV Atom. Skipped it";

/// ffmpeg reads a playback URL for some seconds of media, decoding all of it.
pub async fn ffmpeg(url: &str, seconds: u32) -> Played {
    let seconds = seconds.to_string();
    let output = run("ffmpeg", |ffmpeg| {
        ffmpeg.args(["-hide_banner", "-nostdin", "-v", "warning", "-i", url, "-t", &seconds, "-f", "null", "-"]);
    })
    .await;
    let played = Played::of(&output);
    let of_us = |line: &&str| !line.contains(FFMPEG_OF_ITSELF) && !line.contains("Last message repeated");
    Played { complaints: played.complaints.lines().filter(of_us).collect::<Vec<_>>().join("\n"), ..played }
}

/// ffmpeg records a playback URL for some seconds of media, as it is.
pub async fn record(system: &System, url: &str, seconds: u32) -> PathBuf {
    let path = system.scratch.path().join(format!("{}.mp4", crate::unique_name()));
    let seconds = seconds.to_string();
    let output = run("ffmpeg", |ffmpeg| {
        ffmpeg.args(["-hide_banner", "-nostdin", "-v", "warning", "-i", url, "-t", &seconds, "-c", "copy"]);
        ffmpeg.arg(&path);
    })
    .await;
    assert!(output.status.success(), "ffmpeg could not record: {}", String::from_utf8_lossy(&output.stderr));
    path
}

/// `GStreamer`'s `playbin` (or `playbin3`, with its newer HLS demuxer) plays a URL until so many buffers of picture and of
/// sound were shown.
pub async fn gstreamer(playbin: &str, url: &str, buffers: usize) -> Played {
    let sink = |name: &str| format!("{name}-sink=fakesink name={name} sync=true silent=false");
    let mut command = Command::new("gst-launch-1.0");
    command.env("GST_DEBUG", "1").args(["-v", playbin, &format!("uri={url}"), &sink("video"), &sink("audio")]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut gst = command.spawn().unwrap();
    let mut said = BufReader::new(gst.stdout.take().unwrap()).lines();
    let mut shown = (0, 0);
    let playing = async {
        while let Some(line) = said.next_line().await.unwrap() {
            shown.0 += usize::from(line.contains("GstFakeSink:video") && line.contains("chain"));
            shown.1 += usize::from(line.contains("GstFakeSink:audio") && line.contains("chain"));
            if shown.0 >= buffers && shown.1 >= buffers {
                return true;
            }
        }
        false
    };
    let success = timeout(Duration::from_mins(1), playing).await.unwrap_or(false);
    gst.start_kill().unwrap();
    let output = gst.wait_with_output().await.unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    Played { success, complaints: if success { complaints } else { format!("{shown:?} shown; {complaints}") } }
}

/// `PyPI`'s `m3u8` reads a playlist strictly.
pub async fn read_by_m3u8(playlist: &Path) -> Played {
    let workspace = Workspace::this();
    let script = workspace.path("tests/readers/m3u8_strict.py");
    Played::of(&run(tools::m3u8_interpreter(&workspace), |python| _ = python.arg(script).arg(playlist)).await)
}

/// npm's `m3u8-parser` reads a playlist; every warning of its is a complaint.
pub async fn read_by_m3u8_parser(playlist: &Path) -> Played {
    let workspace = Workspace::this();
    let script = workspace.path("tests/readers/m3u8-parser-strict.cjs");
    let node = workspace.path("node_modules/.bin/node");
    Played::of(&run(node, |node| _ = node.arg(script).arg(playlist)).await)
}

/// When flashes and beeps begin in a recording, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Marks {
    /// The picture turns from black to white.
    pub flashes: Vec<f64>,
    /// The sound begins.
    pub beeps: Vec<f64>,
}

impl Marks {
    /// Finds them.
    pub async fn of(recording: &Path) -> Self {
        let output = run("ffmpeg", |ffmpeg| {
            ffmpeg.args(["-hide_banner", "-nostdin", "-v", "info", "-i"]).arg(recording);
            ffmpeg.args(["-vf", "blackdetect=d=0.3:pix_th=0.5", "-af", "silencedetect=noise=-30dB:d=0.3"]);
            ffmpeg.args(["-f", "null", "-"]);
        })
        .await;
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        Self { flashes: numbers_after(&log, "black_end:"), beeps: numbers_after(&log, "silence_end: ") }
    }

    /// How far beeps are behind flashes: the median of all pairs that belong together.
    pub fn offset(&self) -> f64 {
        let nearest = |flash: &f64| {
            let offsets = self.beeps.iter().map(|beep| beep - flash);
            offsets.min_by(|a, b| a.abs().total_cmp(&b.abs())).expect("there are beeps")
        };
        let mut offsets: Vec<f64> = self.flashes.iter().map(nearest).collect();
        offsets.sort_by(f64::total_cmp);
        *offsets.get(offsets.len() / 2).expect("there are flashes")
    }
}

fn numbers_after(log: &str, name: &str) -> Vec<f64> {
    log.split(name)
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?.parse().ok())
        .collect()
}

impl Played {
    fn of(output: &Output) -> Self {
        let complaints = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
        Self { success: output.status.success(), complaints: String::from_utf8_lossy(&complaints).into_owned() }
    }

    /// It played, and had nothing to say about it.
    #[track_caller]
    pub fn without_a_word(&self) {
        assert!(self.success && self.complaints.trim().is_empty(), "{self:?}");
    }
}

async fn run(program: impl AsRef<std::ffi::OsStr>, arguments: impl FnOnce(&mut Command)) -> Output {
    let mut command = Command::new(&program);
    arguments(&mut command);
    let output = command.kill_on_drop(true).output();
    let name = program.as_ref().to_string_lossy().into_owned();
    timeout(Duration::from_mins(1), output).await.unwrap_or_else(|_| panic!("{name} does not end")).unwrap()
}
