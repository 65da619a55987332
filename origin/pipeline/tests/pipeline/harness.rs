//! Media made by ffmpeg, the real binary between two pipes, and what ffprobe says of the outcome.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

use spillway_protocol::pipe::{self, Config, FromPipeline, Init, Part, SegmentEnd, Tag, ToPipeline};

/// How the tests cut unless they say otherwise.
pub(crate) const CONFIG: Config =
    Config { segment_ms: 2_000, part_ms: 250, target_ms: None, part_target_ms: None, rungs: Vec::new() };

/// How much later times are in the files, in seconds.
pub(crate) const LEAD: f64 = 6.0;

/// Runs ffmpeg, which must succeed without a word; its last argument is `out`.
pub(crate) fn ffmpeg(args: &str, out: &Path) {
    let output =
        Command::new("ffmpeg").args(["-v", "warning", "-y"]).args(args.split_whitespace()).arg(out).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A file's tags, in order.
pub(crate) fn tags(flv: &Path) -> Vec<ToPipeline<Vec<u8>>> {
    let bytes = std::fs::read(flv).unwrap();
    // File header (9), then every tag behind the size of the one before it (4).
    let mut rest = &bytes[9 + 4..];
    let mut tags = Vec::new();
    while let Some((header, body)) = rest.split_first_chunk::<11>() {
        let &[kind, s0, s1, s2, t0, t1, t2, high, ..] = header;
        let size = u32::from_be_bytes([0, s0, s1, s2]) as usize;
        let tag = Tag { dts_ms: i64::from(u32::from_be_bytes([high, t0, t1, t2])) };
        let data = body[..size].to_vec();
        match kind {
            8 => tags.push(ToPipeline::Audio(tag, data)),
            9 => tags.push(ToPipeline::Video(tag, data)),
            _ => {}
        }
        rest = &body[size + 4..];
    }
    tags
}

/// A running pipeline; it is ended when the test is.
pub(crate) struct Pipeline {
    child: Child,
    stdin: Option<ChildStdin>,
    frames: std::sync::mpsc::Receiver<Frame>,
}

/// A frame from the pipeline.
pub(crate) struct Frame {
    kind: u8,
    payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn decode(&self) -> FromPipeline<&[u8]> {
        FromPipeline::decode(self.kind, &self.payload).unwrap()
    }
}

impl Pipeline {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_spillway-pipeline"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (sender, frames) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut header = [0; pipe::HEADER];
            while stdout.read_exact(&mut header).is_ok() {
                let (kind, length) = pipe::header(header).unwrap();
                let mut payload = vec![0; length];
                stdout.read_exact(&mut payload).unwrap();
                if sender.send(Frame { kind, payload }).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, frames }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn send(&mut self, frame: &ToPipeline<Vec<u8>>) {
        self.write(&frame.encode().unwrap());
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        // A pipeline that ended in between says why by its exit code.
        let _ = self.stdin.as_mut().unwrap().write_all(bytes);
    }

    /// The next frame, if one comes in time.
    pub(crate) fn frame(&self, within: Duration) -> Option<Frame> {
        self.frames.recv_timeout(within).ok()
    }

    /// Ends the input; what came out, the exit code, and what was logged.
    pub(crate) fn close(mut self) -> (Vec<Frame>, Option<i32>, String) {
        drop(self.stdin.take());
        let mut frames = Vec::new();
        let end = Instant::now() + Duration::from_secs(30);
        while let Ok(frame) = self.frames.recv_timeout(end.saturating_duration_since(Instant::now())) {
            frames.push(frame);
        }
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (frames, self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A rendition as it came out.
#[derive(Debug, Default)]
pub(crate) struct Rendition {
    pub(crate) inits: Vec<(Init, Vec<u8>)>,
    pub(crate) parts: Vec<(Part, Vec<u8>)>,
    pub(crate) segments: Vec<SegmentEnd>,
    /// The stream's.
    pub(crate) part_target_ms: Option<u32>,
}

/// All that came out.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) renditions: BTreeMap<String, Rendition>,
    pub(crate) target_ms: Option<u32>,
    pub(crate) part_target_ms: Option<u32>,
    /// The rungs that ran, each time that they changed.
    pub(crate) ladders: Vec<Vec<u16>>,
    pub(crate) warnings: Vec<String>,
    pub(crate) ended: bool,
}

impl Outcome {
    pub(crate) fn of(frames: &[Frame]) -> Self {
        let mut outcome = Self::default();
        for frame in frames {
            assert!(!outcome.ended, "something follows the end");
            match frame.decode() {
                FromPipeline::Target(target) => {
                    assert_eq!(outcome.target_ms.replace(target.target_ms), None);
                    outcome.part_target_ms = Some(target.part_target_ms);
                }
                FromPipeline::Init(init, bytes) => {
                    outcome.rendition(init.track.rendition.as_str()).inits.push((init, bytes.to_vec()));
                }
                FromPipeline::Part(part, bytes) => {
                    let rendition = outcome.rendition(part.rendition.as_str());
                    assert!(!rendition.inits.is_empty(), "a part before its init section");
                    rendition.parts.push((part, bytes.to_vec()));
                }
                FromPipeline::SegmentEnd(end) => {
                    assert!(outcome.target_ms.is_some(), "a segment before the target duration");
                    outcome.rendition(end.rendition.as_str()).segments.push(end);
                }
                FromPipeline::Ladder(ladder) => outcome.ladders.push(ladder.rungs),
                FromPipeline::Warning(warning) => outcome.warnings.push(warning.code),
                FromPipeline::Eos => outcome.ended = true,
            }
        }
        for rendition in outcome.renditions.values_mut() {
            rendition.part_target_ms = outcome.part_target_ms;
        }
        outcome
    }

    fn rendition(&mut self, name: &str) -> &mut Rendition {
        self.renditions.entry(name.to_owned()).or_default()
    }
}

/// Feeds tags as fast as the pipeline takes them, to their end.
pub(crate) fn feed(config: Config, tags: &[ToPipeline<Vec<u8>>]) -> Outcome {
    let mut pipeline = Pipeline::start();
    pipeline.send(&ToPipeline::Config(config));
    for tag in tags {
        pipeline.send(tag);
    }
    pipeline.send(&ToPipeline::Eos);
    let (frames, code, log) = pipeline.close();
    assert_eq!((code, log.as_str()), (Some(0), ""));
    let outcome = Outcome::of(&frames);
    assert!(outcome.ended);
    outcome
}

impl Rendition {
    /// Writes the init section and everything that needs it to a file.
    pub(crate) fn file(&self, version: u32, dir: &Path) -> PathBuf {
        let (init, bytes) = &self.inits[version as usize];
        assert_eq!(init.version, version);
        let path = dir.join(format!("{}{version}.mp4", init.track.rendition));
        let mut file = bytes.clone();
        for segment in self.segments.iter().filter(|segment| segment.init == version) {
            for (_, bytes) in self.parts.iter().filter(|(part, _)| part.segment == segment.segment) {
                file.extend_from_slice(bytes);
            }
        }
        std::fs::write(&path, file).unwrap();
        path
    }

    /// What holds of every rendition that is even: numbers without gaps, segments that are the sum of their parts, nothing too long,
    /// and no part too short.
    pub(crate) fn check(&self, target_ms: u32) {
        let mut at = None;
        let part_us = u64::from(self.part_target_ms.unwrap()) * 1_000;
        for (number, segment) in self.segments.iter().enumerate() {
            assert_eq!(segment.segment.0 as usize, number);
            let parts: Vec<_> =
                self.parts.iter().map(|(part, _)| part).filter(|p| p.segment == segment.segment).collect();
            assert_eq!(parts.len(), segment.parts as usize);
            assert_eq!(segment.start_us, parts[0].start_us);
            assert_eq!(segment.independent, parts[0].independent);
            assert!(segment.duration_us <= u64::from(target_ms) * 1_000 + 490_000, "{segment:?}");
            for (number, part) in parts.iter().enumerate() {
                assert_eq!(part.part.0 as usize, number);
                assert!(at.is_none_or(|at| at == part.start_us), "a hole before {part:?}");
                assert_eq!(part.last, number + 1 == parts.len());
                let least_us = if part.last { 0 } else { part_us * 85 / 100 };
                assert!((least_us..=part_us).contains(&part.duration_us), "{part:?} for {part_us}");
                at = Some(part.start_us + part.duration_us);
            }
            assert_eq!(at, Some(segment.start_us + segment.duration_us));
        }
        assert_eq!(self.segments.iter().map(|s| s.parts as usize).sum::<usize>(), self.parts.len());
    }
}

/// A packet as ffprobe sees it, times in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packet {
    pub(crate) pts: f64,
    pub(crate) dts: f64,
    pub(crate) keyframe: bool,
}

/// A file's packets of one kind (`v` or `a`), in the order of the file.
pub(crate) fn packets(file: &Path, kind: &str) -> Vec<Packet> {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "warning",
            "-of",
            "json",
            "-select_streams",
            kind,
            "-show_entries",
            "packet=pts_time,dts_time,flags",
        ])
        .arg(file)
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let seconds = |value: &serde_json::Value| value.as_str().unwrap().parse().unwrap();
    let packet = |value: &serde_json::Value| Packet {
        pts: seconds(&value["pts_time"]),
        dts: seconds(&value["dts_time"]),
        keyframe: value["flags"].as_str().unwrap().starts_with('K'),
    };
    json["packets"].as_array().unwrap().iter().map(packet).collect()
}

/// Decodes a file; ffmpeg must not have a word to say.
pub(crate) fn decodes(file: &Path) {
    // Pictures are taken at their own times, not at those of an even rate.
    let own = ["-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-"];
    let output = Command::new("ffmpeg").args(["-v", "warning", "-i"]).arg(file).args(own).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
