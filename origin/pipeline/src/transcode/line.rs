//! A line of elements between an `appsrc` and an `appsink`.

use std::sync::Arc;

use gst::prelude::*;

/// Wakes whoever gives and takes, from any thread.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// Rungs are made with what is left: passing the picture through comes first, here and in every other process of the node.
const NICE: i32 = 10;

/// Why a line is of no use (any more).
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// An element is missing or refuses its place.
    #[error("GStreamer: {0}")]
    Element(#[from] gst::glib::BoolError),
    /// It would not run.
    #[error("GStreamer: {0}")]
    State(#[from] gst::StateChangeError),
    /// It takes nothing more.
    #[error("the line takes no media: {0:?}")]
    Flow(#[from] gst::FlowError),
    /// An element failed.
    #[error("an element failed")]
    Failed,
    /// What came out has no time, or no form that is known.
    #[error("what came out cannot be told")]
    Output,
}

/// A line that runs until it is dropped.
pub(super) struct Line {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    sink: gst_app::AppSink,
}

impl Line {
    /// Runs `elements`; `most` is how much may lie at the end before they wait. `wake` is called from other threads whenever something
    /// can be given or taken.
    pub(super) fn open(
        elements: &[gst::Element],
        (input, output): (Option<&gst::Caps>, &gst::Caps),
        most: u32,
        wake: &Wake,
    ) -> Result<Self, LineError> {
        let source = gst_app::AppSrc::builder().format(gst::Format::Time).block(false).max_bytes(0).build();
        source.set_caps(input);
        let wanted = wake.clone();
        source.set_callbacks(gst_app::AppSrcCallbacks::builder().need_data(move |_, _| wanted()).build());
        let sink = gst_app::AppSink::builder().caps(output).sync(false).async_(false).max_buffers(most).build();
        let (made, ended, failed) = (wake.clone(), wake.clone(), wake.clone());
        let callbacks = gst_app::AppSinkCallbacks::builder().eos(move |_| ended()).new_sample(move |_| {
            made();
            Ok(gst::FlowSuccess::Ok)
        });
        sink.set_callbacks(callbacks.build());
        let pipeline = gst::Pipeline::new();
        let all: Vec<&gst::Element> =
            std::iter::once(source.upcast_ref()).chain(elements).chain([sink.upcast_ref()]).collect();
        pipeline.add_many(all.iter().copied())?;
        gst::Element::link_many(all)?;
        if let Some(bus) = pipeline.bus() {
            bus.set_sync_handler(move |_, message| {
                match message.view() {
                    gst::MessageView::Error(_) => {
                        failed();
                        return gst::BusSyncReply::Pass;
                    }
                    // Said by the new thread itself. One that cannot be made to wait for others is no failure.
                    gst::MessageView::StreamStatus(status) if status.get().0 == gst::StreamStatusType::Enter => {
                        let _ = rustix::process::nice(NICE);
                    }
                    _ => {}
                }
                gst::BusSyncReply::Drop
            });
        }
        let line = Self { pipeline, source, sink };
        line.pipeline.set_state(gst::State::Playing)?;
        Ok(line)
    }

    /// How many buffers lie at its beginning.
    pub(super) fn waiting(&self) -> u64 {
        self.source.current_level_buffers()
    }

    /// What follows is of this form.
    pub(super) fn set_input(&self, caps: &gst::Caps) {
        self.source.set_caps(Some(caps));
    }

    /// Gives it a buffer.
    pub(super) fn push(&self, buffer: gst::Buffer) -> Result<(), LineError> {
        self.source.push_buffer(buffer)?;
        Ok(())
    }

    /// Tells its elements something, between two buffers.
    pub(super) fn tell(&self, structure: gst::Structure) {
        self.source.send_event(gst::event::CustomDownstream::new(structure));
    }

    /// What has come out, if something has.
    pub(super) fn take(&self) -> Result<Option<gst::Sample>, LineError> {
        match self.sink.try_pull_sample(gst::ClockTime::ZERO) {
            Some(sample) => Ok(Some(sample)),
            None if self.pipeline.bus().is_some_and(|bus| bus.peek().is_some()) => Err(LineError::Failed),
            None => Ok(None),
        }
    }

    /// Nothing follows.
    pub(super) fn end(&self) -> Result<(), LineError> {
        self.source.end_of_stream()?;
        Ok(())
    }

    /// All has come out, and was taken.
    pub(super) fn is_done(&self) -> bool {
        self.sink.is_eos()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // Going down cannot fail in a way that matters here: the line is done with.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// An element of this name.
pub(super) fn element(name: &str) -> Result<gst::Element, LineError> {
    Ok(gst::ElementFactory::make(name).build()?)
}

/// Sets a property from its text; one that the element does not have, or does not take, stays as it is.
pub(super) fn set(element: &gst::Element, name: &str, value: &str) {
    if let Some(property) = element.find_property(name)
        && let Ok(value) = gst::glib::Value::deserialize_with_pspec(value, &property)
    {
        element.set_property_from_value(name, &value);
    }
}

/// When a buffer of a sample is shown, in microseconds: encoders move their times, and say by how much.
pub(super) fn pts_us(sample: &gst::Sample) -> Option<u64> {
    let pts = sample.buffer()?.pts()?;
    let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
    Some(segment.to_running_time(pts)?.useconds())
}
