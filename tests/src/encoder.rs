//! Encoders: ffmpeg and `GStreamer`, pushing a clip that was encoded once, or the live test pattern.

use std::{
    ffi::OsStr,
    fs,
    path::PathBuf,
    process::{Command, ExitStatus},
    sync::OnceLock,
};

use xtask::{Workspace, process::Process, run::Pattern};

use crate::{LIMIT, System, eventually, glass};

/// An encoder that is pushing; it is ended when dropped.
pub struct Encoder {
    process: Process,
}

impl Encoder {
    /// ffmpeg pushes the clip as it is, in real time.
    pub fn ffmpeg(system: &System, key: &str) -> Self {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-hide_banner", "-nostdin", "-loglevel", "warning", "-re", "-i"]).arg(clip());
        ffmpeg.args(["-c", "copy", "-f", "flv", &url(system.rtmp_port(), key)]);
        Self::start(system, "ffmpeg", ffmpeg)
    }

    /// ffmpeg pushes what `arguments` make of inputs that they name, in real time.
    pub fn ffmpeg_of(system: &System, key: &str, arguments: &[&str]) -> Self {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-hide_banner", "-nostdin", "-loglevel", "warning"]).args(arguments);
        ffmpeg.args(["-f", "flv", &url(system.rtmp_port(), key)]);
        Self::start(system, "ffmpeg", ffmpeg)
    }

    /// `GStreamer`'s `rtmp2sink` pushes a picture that gets larger every four seconds, and sound.
    pub fn growing(system: &System, key: &str) -> Self {
        let location = url(system.rtmp_port(), key);
        let mut gst = Command::new("gst-launch-1.0");
        gst.args([
            "-q",
            "concat",
            "name=sizes",
            "!",
            "x264enc",
            "speed-preset=ultrafast",
            "key-int-max=60",
            "threads=1",
        ]);
        gst.args(["!", "queue", "!", "flvmux", "name=mux", "streamable=true", "!", "rtmp2sink", "sync=true"]);
        gst.arg(format!("location={location}"));
        for height in [180, 270, 360] {
            let size = format!("video/x-raw,width={},height={height},framerate=30/1", height * 16 / 9);
            gst.args(["videotestsrc", "num-buffers=120", "!", &size, "!", "sizes."]);
        }
        gst.args([
            "audiotestsrc",
            "num-buffers=562",
            "samplesperbuffer=1024",
            "!",
            "audio/x-raw,rate=48000,channels=2",
        ]);
        gst.args(["!", "voaacenc", "!", "queue", "max-size-time=0", "!", "mux."]);
        Self::start(system, "gstreamer", gst)
    }

    /// `GStreamer`'s `rtmp2sink` pushes the clip as it is, in real time.
    pub fn gstreamer(system: &System, key: &str) -> Self {
        let location = url(system.rtmp_port(), key);
        let mut gst = Command::new("gst-launch-1.0");
        gst.args(["-q", "filesrc"]).arg(property("location", clip()));
        gst.args(["!", "qtdemux", "name=demux"]);
        gst.args(["flvmux", "name=mux", "streamable=true", "!", "rtmp2sink", "sync=true"]);
        gst.arg(format!("location={location}"));
        gst.args(["demux.video_0", "!", "queue", "!", "h264parse", "!", "mux."]);
        gst.args(["demux.audio_0", "!", "queue", "!", "aacparse", "!", "mux."]);
        Self::start(system, "gstreamer", gst)
    }

    /// ffmpeg pushes the live test pattern to the shared origin.
    pub fn pattern(system: &System, key: &str, pattern: Pattern) -> Self {
        Self::pattern_to(system, system.rtmp_port(), key, pattern)
    }

    /// ffmpeg pushes the live test pattern to an origin of the scenario's own.
    pub fn pattern_to(system: &System, rtmp_port: u16, key: &str, pattern: Pattern) -> Self {
        Self::start(system, "pattern", pattern.push(&url(rtmp_port, key)))
    }

    /// ffmpeg pushes a picture that carries its time to an origin of the scenario's own.
    pub fn timed(system: &System, rtmp_port: u16, key: &str, size: (u32, u32), rate: u32, kilobits: u32) -> Self {
        Self::start(system, "timed", glass::timed_pattern(&url(rtmp_port, key), size, rate, kilobits))
    }

    fn start(system: &System, name: &'static str, command: Command) -> Self {
        let log = system.scratch.path().join(format!("log/{name}-{}.log", crate::unique_name()));
        Self { process: Process::start(name, command, &log).unwrap() }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it is still pushing.
    pub fn is_running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// Waits until it ends, because it is done or because it was let go.
    pub async fn until_ended(&mut self) -> ExitStatus {
        eventually("the encoder ends", LIMIT * 4, async || self.process.ended()).await
    }

    /// Kills it without a goodbye: what a lost connection looks like.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// What it said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.process.log()).unwrap_or_default()
    }
}

/// A small picture, for scenarios that look at other things.
pub fn small_pattern() -> Pattern {
    Pattern { size: (320, 180), rate: 30, keyframe_seconds: 2 }
}

/// 24 seconds of H.264 High with B-frames and AAC-LC: at every full second the black picture flashes white while a beep
/// sounds. Encoded once.
pub fn clip() -> PathBuf {
    static CLIP: OnceLock<PathBuf> = OnceLock::new();
    CLIP.get_or_init(encode_clip).clone()
}

fn encode_clip() -> PathBuf {
    let folder = Workspace::this().target().join("clips");
    let path = folder.join("flash-and-beep.mp4");
    if path.exists() {
        return path;
    }
    fs::create_dir_all(&folder).unwrap();
    let unfinished = folder.join(format!("unfinished-{}.mp4", std::process::id()));
    let picture = "color=black:size=640x360:rate=30,drawbox=enable='lt(mod(t,1),0.1)':color=white:t=fill";
    let sound = "aevalsrc='if(lt(mod(t,1),0.1),0.5*sin(2*PI*1000*t),0)':sample_rate=48000:channel_layout=stereo";
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-nostdin", "-loglevel", "error", "-y"]);
    ffmpeg.args(["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-t", "24"]);
    ffmpeg.args(["-c:v", "libx264", "-profile:v", "high", "-preset", "fast", "-bf", "2", "-pix_fmt", "yuv420p"]);
    // Two B-frames between all others, from the first picture on.
    ffmpeg.args(["-x264-params", "b-adapt=0"]);
    ffmpeg.args(["-g", "60", "-keyint_min", "60", "-sc_threshold", "0", "-b:v", "800k", "-c:a", "aac", "-b:a", "128k"]);
    let status = ffmpeg.arg(&unfinished).status().unwrap();
    assert!(status.success(), "ffmpeg could not encode the clip");
    fs::rename(unfinished, &path).unwrap();
    path
}

fn url(rtmp_port: u16, key: &str) -> String {
    format!("rtmp://127.0.0.1:{rtmp_port}/live/{key}")
}

fn property(name: &str, value: impl AsRef<OsStr>) -> std::ffi::OsString {
    let mut text = std::ffi::OsString::from(format!("{name}="));
    text.push(value);
    text
}
