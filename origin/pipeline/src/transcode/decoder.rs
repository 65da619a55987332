//! Decodes the source once, for all of its rungs.

use super::line::{Line, LineError, Wake, element, set};
use crate::{format::VideoFormat, segmenter::Unit};

/// Pictures that are given to the decoder ahead of time,
const AHEAD: u64 = 4;
/// and decoded ones that may lie behind it. They are large.
const BEHIND: u32 = 2;

/// A decoder of one run.
pub(super) struct Decoder(Line);

impl Decoder {
    pub(super) fn open(format: &VideoFormat, wake: &Wake) -> Result<Self, LineError> {
        let side = |pixels: u32| i32::try_from(pixels).map_err(|_| LineError::Output);
        let input = gst::Caps::builder("video/x-h264")
            .field("stream-format", "avc")
            .field("alignment", "au")
            .field("width", side(format.width)?)
            .field("height", side(format.height)?)
            .field("codec_data", gst::Buffer::from_slice(format.record.clone()))
            .build();
        let decoder = element("avdec_h264")?;
        // More threads hold pictures back. What is broken is left out, and nothing fails of it.
        for (name, value) in [("max-threads", "1"), ("output-corrupt", "false"), ("max-errors", "-1")] {
            set(&decoder, name, value);
        }
        let output = gst::Caps::builder("video/x-raw").build();
        Line::open(&[decoder], (Some(&input), &output), BEHIND, wake).map(Self)
    }

    /// Whether it takes another picture now.
    pub(super) fn has_room(&self) -> bool {
        self.0.waiting() < AHEAD
    }

    pub(super) fn push(&self, unit: Unit) -> Result<(), LineError> {
        let mut buffer = gst::Buffer::from_mut_slice(unit.data);
        let flags = if unit.keyframe { gst::BufferFlags::empty() } else { gst::BufferFlags::DELTA_UNIT };
        let stamped = buffer.get_mut().ok_or(LineError::Output)?;
        stamped.set_pts(gst::ClockTime::from_useconds(unit.pts_us));
        stamped.set_flags(flags);
        self.0.push(buffer)
    }

    /// A decoded picture.
    pub(super) fn take(&self) -> Result<Option<gst::Sample>, LineError> {
        self.0.take()
    }

    pub(super) fn end(&self) -> Result<(), LineError> {
        self.0.end()
    }

    pub(super) fn is_done(&self) -> bool {
        self.0.is_done()
    }
}
