//! Scales decoded pictures to a rung, and encodes them.

use gst::prelude::*;

use super::{
    encoders::{self, ENCODERS},
    line::{Line, LineError, Wake, element, pts_us, set},
};
use crate::{avc::ParameterSets, format::VideoFormat, ladder::Rung};

/// Pictures that wait for the encoder. They are large.
const AHEAD: u64 = 2;
/// What has come out is taken at once.
const BEHIND: u32 = 0;
/// Frames a second in thousandths that the rate is reckoned for where the source says nothing.
const USUAL_RATE: u32 = 30_000;

/// An encoder of one rung.
pub(super) struct Encoder {
    line: Line,
    /// The form of what is given to it, as the decoder says.
    input: Option<gst::Caps>,
    frame_rate_millis: Option<u32>,
    /// What the decoder of its pictures is set up with.
    sets: Option<ParameterSets>,
}

/// An encoded picture.
pub(super) struct Encoded {
    /// The format, in front of the first picture.
    pub(super) format: Option<VideoFormat>,
    pub(super) pts_us: u64,
    pub(super) keyframe: bool,
    pub(super) data: Vec<u8>,
}

impl Encoder {
    pub(super) fn open(rung: &Rung, wake: &Wake) -> Result<Self, LineError> {
        let side = |pixels: u32| i32::try_from(pixels).map_err(|_| LineError::Output);
        let small = gst::Caps::builder("video/x-raw")
            .field("format", gst::List::new(["I420", "NV12"]))
            .field("width", side(rung.width)?)
            .field("height", side(rung.height)?)
            .build();
        let scale = element("videoconvertscale")?;
        // The shape is right to a pixel: what is left of it is no reason for borders.
        set(&scale, "add-borders", "false");
        let filter = element("capsfilter")?;
        filter.set_property("caps", &small);
        let (kind, encoder) = take_first(rung)?;
        let mut elements = vec![scale, filter, encoder];
        if kind.start_codes {
            elements.push(element("h264parse")?);
        }
        let output = gst::Caps::builder("video/x-h264")
            .field("stream-format", "avc")
            .field("alignment", "au")
            .field("profile", gst::List::new(["high", "main"]))
            .build();
        let line = Line::open(&elements, (None, &output), BEHIND, wake)?;
        Ok(Self { line, input: None, frame_rate_millis: rung.frame_rate_millis, sets: None })
    }

    /// Whether it takes another picture now.
    pub(super) fn has_room(&self) -> bool {
        self.line.waiting() < AHEAD
    }

    /// Gives it a decoded picture, which is to be a keyframe or may not be one.
    pub(super) fn push(&mut self, picture: &gst::Sample, key: bool) -> Result<(), LineError> {
        let (buffer, caps) = (picture.buffer_owned(), picture.caps_owned());
        let (Some(buffer), Some(caps)) = (buffer, caps) else { return Err(LineError::Output) };
        if self.input.as_ref() != Some(&caps) {
            self.line.set_input(&self.form(&caps));
            self.input = Some(caps);
        }
        if key {
            self.line.tell(gst::Structure::builder("GstForceKeyUnit").field("all-headers", false).build());
        }
        self.line.push(buffer)
    }

    /// What the encoder is told of the pictures: rates are reckoned for the rung's own, and lines are not interlaced when scaled.
    fn form(&self, caps: &gst::Caps) -> gst::Caps {
        let mut caps = caps.clone();
        let rate = i32::try_from(self.frame_rate_millis.unwrap_or(USUAL_RATE)).unwrap_or(i32::MAX);
        for structure in caps.make_mut().iter_mut() {
            structure.set("framerate", gst::Fraction::new(rate, 1_000));
            structure.set("interlace-mode", "progressive");
        }
        caps
    }

    /// An encoded picture.
    pub(super) fn take(&mut self) -> Result<Option<Encoded>, LineError> {
        let Some(sample) = self.line.take()? else { return Ok(None) };
        let (Some(buffer), Some(pts_us)) = (sample.buffer(), pts_us(&sample)) else { return Err(LineError::Output) };
        let keyframe = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let data = buffer.map_readable()?.to_vec();
        let format = if self.sets.is_none() { Some(self.format(&sample)?) } else { None };
        Ok(Some(Encoded { format, pts_us, keyframe, data }))
    }

    /// What the first picture's form says of all.
    fn format(&mut self, sample: &gst::Sample) -> Result<VideoFormat, LineError> {
        let record = sample.caps().and_then(|caps| caps.structure(0)?.get::<gst::Buffer>("codec_data").ok());
        let record = record.ok_or(LineError::Output)?.into_mapped_buffer_readable().map_err(|_| LineError::Output)?;
        let sets = ParameterSets::parse(&record).map_err(|_| LineError::Output)?;
        let mut format = VideoFormat::of(&sets).map_err(|_| LineError::Output)?;
        format.frame_rate_millis = self.frame_rate_millis;
        self.sets = Some(sets);
        Ok(format)
    }

    pub(super) fn end(&self) -> Result<(), LineError> {
        self.line.end()
    }

    pub(super) fn is_done(&self) -> bool {
        self.line.is_done()
    }
}

/// The first encoder that there is, and that begins: one whose device is missing does not.
fn take_first(rung: &Rung) -> Result<(&'static encoders::Encoder, gst::Element), LineError> {
    let mut last = LineError::Failed;
    for kind in &ENCODERS {
        let encoder = match element(kind.element) {
            Ok(encoder) => encoder,
            Err(error) => {
                last = error;
                continue;
            }
        };
        for (name, value) in kind.settings(rung) {
            set(&encoder, name, &value);
        }
        match encoder.set_state(gst::State::Ready) {
            Ok(_) => return Ok((kind, encoder)),
            Err(error) => {
                // What did not begin has to be let go of as well.
                let _ = encoder.set_state(gst::State::Null);
                last = error.into();
            }
        }
    }
    Err(last)
}
