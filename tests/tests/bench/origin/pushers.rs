//! Encoders that cost little: a clip that was encoded once, pushed over and over as it is, to several streams and servers at once.

use std::{fs, path::PathBuf, process::Command};

use harness::{Scratch, unique_name};
use xtask::{Workspace, process::Process};

/// Twenty seconds of 720p at 30 frames a second and 2.5 Mbit/s, a keyframe every two seconds, with sound. Encoded once.
pub(super) fn clip() -> PathBuf {
    let folder = Workspace::this().target().join("clips");
    let path = folder.join("720p30.mkv");
    if path.exists() {
        return path;
    }
    fs::create_dir_all(&folder).unwrap();
    let unfinished = folder.join(format!("unfinished-{}.mkv", std::process::id()));
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i"]);
    // The noise is what makes the picture worth its bits.
    ffmpeg.args(["testsrc2=size=1280x720:rate=30,noise=alls=12:allf=t", "-f", "lavfi", "-i", "sine=sample_rate=48000"]);
    ffmpeg.args(["-t", "20", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"]);
    ffmpeg.args(["-g", "60", "-keyint_min", "60", "-sc_threshold", "0"]);
    ffmpeg.args(["-b:v", "2500k", "-minrate", "2500k", "-maxrate", "2500k", "-bufsize", "2500k", "-nal-hrd", "cbr"]);
    ffmpeg.args(["-c:a", "aac", "-b:a", "128k", "-ac", "2"]);
    assert!(ffmpeg.arg(&unfinished).status().unwrap().success(), "ffmpeg could not encode the clip");
    fs::rename(unfinished, &path).unwrap();
    path
}

/// One ffmpeg pushes the clip to all of these URLs, the same bytes at the same time.
pub(super) fn push(scratch: &Scratch, urls: &[String]) -> Process {
    let outputs: Vec<String> = urls.iter().map(|url| format!("[f=flv:onfail=ignore]{url}")).collect();
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-nostdin", "-loglevel", "warning", "-re", "-stream_loop", "-1", "-i"]).arg(clip());
    ffmpeg.args(["-map", "0:v", "-map", "0:a", "-c", "copy", "-flags", "+global_header"]);
    ffmpeg.args(["-f", "tee", &outputs.join("|")]);
    let log = scratch.path().join(format!("log/pusher-{}.log", unique_name()));
    Process::start("pusher", ffmpeg, &log).unwrap()
}
