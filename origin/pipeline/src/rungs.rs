//! The pictures of rungs as units of the stream.

use std::collections::BTreeMap;

use crate::{
    avc::ParameterSets,
    format::{Format, VideoFormat},
    segmenter::{Run, Unit},
};

/// A rung's picture.
#[derive(Debug)]
pub(crate) struct Transcoded {
    /// The rung's lines.
    pub(crate) lines: u16,
    /// The format, where it begins a run.
    pub(crate) format: Option<VideoFormat>,
    /// When it is shown, in microseconds from the epoch's zero.
    pub(crate) pts_us: u64,
    /// Decodes on its own.
    pub(crate) keyframe: bool,
    /// Its bytes.
    pub(crate) data: Vec<u8>,
}

/// The rungs that ever ran, by their lines.
#[derive(Debug, Default)]
pub(crate) struct Rungs(BTreeMap<u16, Runs>);

/// How often a rung has begun, and what it is decoded with.
#[derive(Debug, Default)]
struct Runs {
    count: u64,
    sets: Vec<u8>,
}

impl Rungs {
    /// A picture in its place; its rung's lines, and the run that it begins.
    pub(crate) fn unit(&mut self, picture: Transcoded) -> (u16, Option<Run>, Unit) {
        let Transcoded { lines, format, pts_us, keyframe, mut data } = picture;
        let runs = self.0.entry(lines).or_default();
        if let Some(format) = &format {
            runs.count = runs.count.saturating_add(1);
            runs.sets = ParameterSets::parse(&format.record).unwrap_or_default().bytes();
        }
        // As with the picture itself: what later runs are decoded with stands in their keyframes too.
        if keyframe && runs.count > 1 {
            data = [runs.sets.as_slice(), &data].concat();
        }
        let run = format.map(|format| Run { format: Format::Video(format), ahead_us: 0 });
        (lines, run, Unit { time_us: pts_us, pts_us, keyframe, data })
    }
}
