//! One run of one track through `cmafmux`, which cuts where it is told. Beside this file only `transcode` knows `GStreamer`.

use std::collections::VecDeque;

use gst::prelude::*;

use crate::{
    decode_time,
    format::Format,
    segmenter::{Run, Unit},
};

/// What a media process needs of `GStreamer`.
pub(crate) fn init() -> Result<(), MuxError> {
    gst::init()?;
    Ok(gstfmp4::plugin_register_static()?)
}

/// Ticks a second of a picture track: whole milliseconds and all usual frame rates are whole ticks.
const VIDEO_TIMESCALE: u64 = 90_000;
/// In the files all times are later by this: decoding begins before pictures are shown, so it may begin before the epoch's zero, and
/// what is below 0 cannot be written. More than a picture is ever decoded ahead.
const LEAD: gst::ClockTime = gst::ClockTime::from_seconds(6);
/// A muxer that was told to finish and says nothing for so long hangs.
const FINISH: gst::ClockTime = gst::ClockTime::from_seconds(10);

/// The muxer failed: the process is of no use any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MuxError {
    /// `GStreamer` or one of its elements could not be set up.
    #[error("GStreamer: {0}")]
    Setup(#[from] gst::glib::Error),
    /// An element is missing or refuses a setting.
    #[error("GStreamer: {0}")]
    Element(#[from] gst::glib::BoolError),
    /// It would not run.
    #[error("GStreamer: {0}")]
    State(#[from] gst::StateChangeError),
    /// It does not take any more.
    #[error("the muxer refuses media: {0:?}")]
    Flow(gst::FlowError),
    /// An element failed.
    #[error("GStreamer: {0}")]
    Failed(String),
    /// It does not finish.
    #[error("the muxer does not finish")]
    Hangs,
    /// What came out is not what the muxer writes.
    #[error("the muxer's output cannot be read")]
    Output,
    /// The same, within a box.
    #[error("the muxer's output cannot be read: {0}")]
    Boxes(#[from] mp4_atom::Error),
}

/// What the muxer wrote between two cuts.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The init section, in front of the first chunk.
    pub(crate) init: Option<Vec<u8>>,
    /// `moof` and `mdat`.
    pub(crate) media: Vec<u8>,
}

/// A muxer of one track and one format.
pub(crate) struct Mux {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    sink: gst_app::AppSink,
    kind: DeltaUnits,
    /// How far decoding is ahead.
    ahead_us: u64,
    /// The times of the first units of chunks that have not come out.
    starts_us: VecDeque<u64>,
    /// The next unit begins a chunk.
    begins: bool,
}

/// Whether units may need others before them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DeltaUnits {
    Yes,
    No,
}

impl Mux {
    /// Sets it up; `wake` is called from other threads whenever something can be taken.
    pub(crate) fn open(run: &Run, wake: impl Fn() + Clone + Send + Sync + 'static) -> Result<Self, MuxError> {
        let source =
            gst_app::AppSrc::builder().format(gst::Format::Time).caps(&caps(&run.format)?).block(false).build();
        let mux = gst::ElementFactory::make("cmafmux")
            .property("manual-split", true)
            .property_from_str("write-edts-mode", "never")
            .build()?;
        let kind = if matches!(run.format, Format::Video(_)) { DeltaUnits::Yes } else { DeltaUnits::No };
        if kind == DeltaUnits::Yes
            && let Some(pad) = mux.static_pad("sink")
        {
            pad.set_property_from_str("trak-timescale", &VIDEO_TIMESCALE.to_string());
        }
        let sink = gst_app::AppSink::builder().sync(false).async_(false).buffer_list(true).build();
        let woken = wake.clone();
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |_| {
                    woken();
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        let pipeline = gst::Pipeline::new();
        pipeline.add_many([source.upcast_ref(), &mux, sink.upcast_ref()])?;
        gst::Element::link_many([source.upcast_ref(), &mux, sink.upcast_ref()])?;
        if let Some(bus) = pipeline.bus() {
            bus.set_sync_handler(move |_, message| {
                if message.type_() == gst::MessageType::Error {
                    wake();
                    return gst::BusSyncReply::Pass;
                }
                gst::BusSyncReply::Drop
            });
        }
        let (ahead_us, starts_us) = (run.ahead_us, VecDeque::new());
        let mux = Self { pipeline, source, sink, kind, ahead_us, starts_us, begins: true };
        mux.pipeline.set_state(gst::State::Playing)?;
        Ok(mux)
    }

    /// A unit.
    pub(crate) fn push(&mut self, unit: Unit) -> Result<(), MuxError> {
        if std::mem::take(&mut self.begins) {
            self.starts_us.push_back(unit.time_us);
        }
        let mut buffer = gst::Buffer::from_mut_slice(unit.data);
        let flags = if unit.keyframe { gst::BufferFlags::empty() } else { gst::BufferFlags::DELTA_UNIT };
        stamp(&mut buffer, unit.time_us, unit.pts_us, flags)?;
        self.source.push_buffer(buffer).map(drop).map_err(MuxError::Flow)
    }

    /// What is pushed next begins a chunk, and perhaps a segment.
    pub(crate) fn cut(&mut self, segment: bool) -> Result<(), MuxError> {
        self.begins = true;
        let split = gst::Structure::builder("FMP4MuxSplitNow").field("chunk", !segment).build();
        if self.source.send_event(gst::event::CustomDownstream::new(split)) { Ok(()) } else { Err(self.failure()) }
    }

    /// What was pushed last ends here. `cmafmux` learns it from an empty unit behind a cut, of which it writes nothing.
    pub(crate) fn seal(&mut self, at_us: u64) -> Result<(), MuxError> {
        self.cut(true)?;
        let mut gap = gst::Buffer::new();
        let delta = if self.kind == DeltaUnits::Yes { gst::BufferFlags::DELTA_UNIT } else { gst::BufferFlags::empty() };
        stamp(&mut gap, at_us, at_us, gst::BufferFlags::GAP | gst::BufferFlags::DROPPABLE | delta)?;
        self.source.push_buffer(gap).map(drop).map_err(MuxError::Flow)
    }

    /// A chunk that is ready.
    pub(crate) fn take(&mut self) -> Result<Option<Chunk>, MuxError> {
        match self.sink.try_pull_sample(gst::ClockTime::ZERO) {
            Some(sample) => Ok(Some(self.chunk(&sample)?)),
            None if self.bus_error().is_some() => Err(self.failure()),
            None => Ok(None),
        }
    }

    /// All chunks that are left: nothing follows.
    pub(crate) fn finish(mut self) -> Result<Vec<Chunk>, MuxError> {
        self.source.end_of_stream().map_err(MuxError::Flow)?;
        let mut chunks = Vec::new();
        while let Some(sample) = self.sink.try_pull_sample(FINISH) {
            chunks.push(self.chunk(&sample)?);
        }
        if self.sink.is_eos() { Ok(chunks) } else { Err(self.failure()) }
    }

    /// `HEADER` and `DISCONT` mark the init section, `HEADER` alone what stands in front of the media.
    fn chunk(&mut self, sample: &gst::Sample) -> Result<Chunk, MuxError> {
        let start_us = self.starts_us.pop_front().ok_or(MuxError::Output)?;
        let list = sample.buffer_list().ok_or(MuxError::Output)?;
        let mut chunk = Chunk { init: None, media: Vec::with_capacity(list.calculate_size()) };
        for buffer in list {
            let bytes = buffer.map_readable()?;
            if buffer.flags().contains(gst::BufferFlags::HEADER | gst::BufferFlags::DISCONT) {
                chunk.init = Some(bytes.to_vec());
            } else if self.kind == DeltaUnits::Yes && buffer.flags().contains(gst::BufferFlags::HEADER) {
                decode_time::restore(&bytes, self.decoded(start_us)?, &mut chunk.media)?;
            } else {
                chunk.media.extend_from_slice(&bytes);
            }
        }
        Ok(chunk)
    }

    /// When a picture at this time is decoded, in ticks.
    fn decoded(&self, time_us: u64) -> Result<u64, MuxError> {
        let ticks = |time: gst::ClockTime| time.mul_div_floor(VIDEO_TIMESCALE, gst::ClockTime::SECOND.nseconds());
        let (at, ahead) = (ticks(written(time_us)), ticks(gst::ClockTime::from_useconds(self.ahead_us)));
        let decoded = at.zip(ahead).and_then(|(at, ahead)| at.checked_sub(ahead));
        Ok(decoded.ok_or(MuxError::Output)?.nseconds())
    }

    fn bus_error(&self) -> Option<gst::Message> {
        self.pipeline.bus()?.peek()
    }

    fn failure(&self) -> MuxError {
        let Some(message) = self.bus_error() else { return MuxError::Hangs };
        match message.view() {
            gst::MessageView::Error(error) => {
                MuxError::Failed(format!("{} ({})", error.error(), error.debug().unwrap_or_default()))
            }
            other => MuxError::Failed(format!("{other:?}")),
        }
    }
}

impl Drop for Mux {
    fn drop(&mut self) {
        // Going down cannot fail in a way that matters here: the muxer is done with.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// A time as the muxer is given it. Times were rounded down to microseconds, and the muxer rounds down to ticks: from the end of the
/// microsecond it finds the tick.
fn written(time_us: u64) -> gst::ClockTime {
    LEAD + gst::ClockTime::from_useconds(time_us) + gst::ClockTime::from_nseconds(999)
}

fn stamp(buffer: &mut gst::Buffer, time_us: u64, pts_us: u64, flags: gst::BufferFlags) -> Result<(), MuxError> {
    let buffer = buffer.get_mut().ok_or(MuxError::Output)?;
    buffer.set_dts(written(time_us));
    buffer.set_pts(written(pts_us));
    buffer.set_flags(flags);
    Ok(())
}

fn caps(format: &Format) -> Result<gst::Caps, MuxError> {
    let whole = |n: u32| i32::try_from(n).map_err(|_| MuxError::Output);
    Ok(match format {
        Format::Video(video) => gst::Caps::builder("video/x-h264")
            .field("stream-format", "avc")
            .field("alignment", "au")
            .field("width", whole(video.width)?)
            .field("height", whole(video.height)?)
            .field("codec_data", gst::Buffer::from_slice(video.record.clone()))
            .build(),
        Format::Audio(audio) => gst::Caps::builder("audio/mpeg")
            .field("mpegversion", 4)
            .field("stream-format", "raw")
            .field("framed", true)
            .field("channels", whole(audio.channels)?)
            .field("rate", whole(audio.sample_rate)?)
            .field("codec_data", gst::Buffer::from_slice(audio.record.clone()))
            .build(),
    })
}
