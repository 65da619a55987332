//! Glass to glass: a picture that carries the time at which it was made, and what a browser reads from it when it shows it.

use std::process::Command;

use serde::Deserialize;

use crate::browser::Browser;

/// Bits of the time in a picture: milliseconds modulo about 17 minutes.
const BITS: u32 = 20;
/// A bit is a square of this many pixels, at the source's size.
const SQUARE: u32 = 16;

/// ffmpeg that pushes a moving picture of this size, with the wall-clock time of each frame in its top left corner as white and
/// black squares, and a tone.
pub fn timed_pattern(url: &str, (width, height): (u32, u32), rate: u32, kilobits: u32) -> Command {
    let strip = BITS * SQUARE;
    // One time for all squares of a frame: its own timestamp, set to the clock as it passes.
    let bit = format!("mod(floor(mod(T*1000\\,pow(2\\,{BITS}))/pow(2\\,floor(X/{SQUARE})))\\,2)");
    let picture = format!(
        "[0:v]settb=1/1000,setpts=RTCTIME/1000,split[whole][corner];\
         [corner]crop={strip}:{side}:0:0,format=gray,geq=lum='255*{bit}',format=yuv420p[time];\
         [whole][time]overlay=0:0:format=yuv420,setpts=PTS-STARTPTS,fps={rate}[v]",
        side = 2 * SQUARE
    );
    let keyframes = (rate * 2).to_string();
    let bits = format!("{kilobits}k");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-nostdin", "-loglevel", "warning", "-re"]);
    ffmpeg.args(["-f", "lavfi", "-i", &format!("testsrc2=size={width}x{height}:rate={rate}")]);
    ffmpeg.args(["-re", "-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000"]);
    ffmpeg.args(["-filter_complex", &picture, "-map", "[v]", "-map", "1:a"]);
    // As OBS does for a stream that is to be near: no look-ahead, no B-frames.
    ffmpeg.args(["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"]);
    ffmpeg.args(["-g", &keyframes, "-keyint_min", &keyframes, "-sc_threshold", "0", "-threads", "1"]);
    ffmpeg.args(["-b:v", &bits, "-maxrate", &bits, "-bufsize", &bits]);
    ffmpeg.args(["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-flush_packets", "1", "-f", "flv", url]);
    ffmpeg
}

/// What a page saw of a picture that carries its time.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Milliseconds from a frame's making to its showing, frame by frame.
    pub latencies: Vec<f64>,
    /// How often the picture waited for media.
    pub stalls: u32,
    /// The longest time between two frames, in milliseconds.
    pub longest_gap: f64,
    /// Paths of what was asked for, with how often.
    pub requests: std::collections::BTreeMap<String, u32>,
    /// The heights of the picture, as they changed.
    pub heights: Vec<u32>,
    /// How far behind the end of the playlist the player said that it was, in milliseconds.
    pub behind: Vec<f64>,
    /// Media that was there ahead of what was shown, in milliseconds.
    pub buffered: Vec<f64>,
}

/// What this share of all values stays below.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in the list"
    )]
    let place = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

/// Begins to look at the page's picture, from now on; its source has this many lines.
pub async fn watch(browser: &Browser, source_height: u32) {
    let script = format!(
        r"
        const [bits, square] = [{BITS}, {SQUARE}];
        const video = document.querySelector('video');
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [bits, 1];
        const context = canvas.getContext('2d', {{ willReadFrequently: true }});
        const seen = {{ latencies: [], stalls: 0, longestGap: 0, requests: {{}}, heights: [], behind: [], buffered: [] }};
        window.seen = seen;
        let last = 0;
        video.addEventListener('waiting', () => (seen.stalls += 1));
        video.parentElement.parentElement.addEventListener('player-figures', (event) => {{
            seen.behind.push(1000 * (event.detail.latency ?? 0));
            const n = video.buffered.length;
            seen.buffered.push(n > 0 ? 1000 * (video.buffered.end(n - 1) - video.currentTime) : 0);
        }});
        performance.setResourceTimingBufferSize(100000);
        new PerformanceObserver((list) => {{
            for (const entry of list.getEntries()) {{
                const path = new URL(entry.name).pathname;
                if (path.startsWith('/play/')) seen.requests[path] = (seen.requests[path] ?? 0) + 1;
            }}
        }}).observe({{ type: 'resource', buffered: false }});
        const look = (now, frame) => {{
            const shown = performance.timeOrigin + Math.max(now, frame.expectedDisplayTime);
            const scale = video.videoHeight / {source_height};
            context.clearRect(0, 0, bits, 1);
            for (let n = 0; n < bits; n++) {{
                const at = (n + 0.5) * square * scale - 1;
                context.drawImage(video, at, square * scale - 1, 2, 2, n, 0, 1, 1);
            }}
            const pixels = context.getImageData(0, 0, bits, 1).data;
            let time = 0;
            for (let n = 0; n < bits; n++) if (pixels[n * 4 + 1] > 127) time += 2 ** n;
            const latency = (((shown - time) % 2 ** bits) + 2 ** bits) % 2 ** bits;
            seen.latencies.push(latency);
            if (last > 0) seen.longestGap = Math.max(seen.longestGap, now - last);
            last = now;
            if (seen.heights.at(-1) !== video.videoHeight) seen.heights.push(video.videoHeight);
            video.requestVideoFrameCallback(look);
        }};
        video.requestVideoFrameCallback(look);"
    );
    browser.run(&script, vec![]).await;
}

/// What was seen since [`watch`].
pub async fn seen(browser: &Browser) -> Seen {
    serde_json::from_value(browser.run("return window.seen", vec![]).await).expect("the page has looked")
}
