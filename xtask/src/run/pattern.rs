//! The test pattern: a moving picture with a clock burnt in and a beep a second, pushed by ffmpeg.

use std::process::Command;

/// What ffmpeg is to make.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// Pixels across and down.
    pub size: (u32, u32),
    /// Frames a second.
    pub rate: u32,
    /// Seconds from keyframe to keyframe.
    pub keyframe_seconds: u32,
}

impl Default for Pattern {
    fn default() -> Self {
        Self { size: (1280, 720), rate: 30, keyframe_seconds: 2 }
    }
}

const FONT: &str = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf";

impl Pattern {
    /// ffmpeg with the pattern's pictures and sound as its inputs, in real time.
    pub fn source(self) -> Command {
        let Self { size: (width, height), rate, .. } = self;
        let text = height / 8;
        let clock = format!(
            "drawtext=fontfile={FONT}:fontsize={text}:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=12\
             :x=(w-text_w)/2:y=h-2*text_h:text='%{{localtime\\:%T}}'"
        );
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-hide_banner", "-nostdin", "-loglevel", "warning", "-re"]);
        ffmpeg.args(["-f", "lavfi", "-i", &format!("testsrc2=size={width}x{height}:rate={rate},{clock}")]);
        ffmpeg.args(["-f", "lavfi", "-i", "sine=frequency=330:beep_factor=4:sample_rate=48000"]);
        ffmpeg
    }

    /// ffmpeg that pushes the pattern as an encoder would: H.264 with B-frames and AAC-LC.
    pub fn push(self, url: &str) -> Command {
        let keyframes = (self.rate * self.keyframe_seconds).to_string();
        let mut ffmpeg = self.source();
        // The cheapest preset, but with B-frames and CABAC: a machine that shows the picture has other work too.
        ffmpeg.args(["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-coder", "cabac", "-pix_fmt", "yuv420p"]);
        ffmpeg.args(["-g", &keyframes, "-keyint_min", &keyframes, "-sc_threshold", "0", "-threads", "1"]);
        ffmpeg.args(["-b:v", "1500k", "-maxrate", "1500k", "-bufsize", "3000k"]);
        ffmpeg.args(["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-f", "flv", url]);
        ffmpeg
    }
}
