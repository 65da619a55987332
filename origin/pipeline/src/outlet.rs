//! What the origin is told of a rendition waits here for its bytes: facts are known when a part is decided, bytes when the
//! muxer has written it. Both come in the same order.

use std::{collections::VecDeque, io};

use spillway_protocol::pipe::{FromPipeline, Malformed};

use crate::{mux::Chunk, segmenter::Told};

/// Why nothing more can be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutletError {
    /// The origin does not listen any more.
    #[error("standard output: {0}")]
    Pipe(#[from] io::Error),
    /// More than a frame holds.
    #[error(transparent)]
    Frame(#[from] Malformed),
    /// The muxer's chunks are not the parts that were decided.
    #[error("the muxer's chunks and the parts do not match")]
    Mismatch,
}

/// Writes a frame, and sees to it that it leaves.
pub(crate) fn write(out: &mut impl io::Write, frame: &FromPipeline<&[u8]>) -> Result<(), OutletError> {
    out.write_all(&frame.encode()?)?;
    Ok(out.flush()?)
}

/// One rendition's facts without bytes.
#[derive(Debug, Default)]
pub(crate) struct Outlet {
    waiting: VecDeque<Told>,
}

impl Outlet {
    /// Facts, in order.
    pub(crate) fn tell(&mut self, told: Told, out: &mut impl io::Write) -> Result<(), OutletError> {
        self.waiting.push_back(told);
        self.settle(out)
    }

    /// Bytes, in order.
    pub(crate) fn bytes(&mut self, chunk: &Chunk, out: &mut impl io::Write) -> Result<(), OutletError> {
        if let Some(Told::Init(_)) = self.waiting.front() {
            let (Some(Told::Init(init)), Some(bytes)) = (self.waiting.pop_front(), &chunk.init) else {
                return Err(OutletError::Mismatch);
            };
            write(out, &FromPipeline::Init(init, bytes))?;
        } else if chunk.init.is_some() {
            return Err(OutletError::Mismatch);
        }
        let Some(Told::Part(part)) = self.waiting.pop_front() else { return Err(OutletError::Mismatch) };
        write(out, &FromPipeline::Part(part, &chunk.media))?;
        self.settle(out)
    }

    /// Nothing waits for bytes.
    pub(crate) fn finish(&self) -> Result<(), OutletError> {
        if self.waiting.is_empty() { Ok(()) } else { Err(OutletError::Mismatch) }
    }

    /// Tells what needs no bytes, up to what does.
    fn settle(&mut self, out: &mut impl io::Write) -> Result<(), OutletError> {
        while let Some(Told::SegmentEnd(end)) = self.waiting.front() {
            write(out, &FromPipeline::SegmentEnd(end.clone()))?;
            self.waiting.pop_front();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::{
        media::{PartIndex, RenditionId, SegmentIndex},
        pipe,
    };

    fn part() -> Told {
        Told::Part(pipe::Part {
            rendition: RenditionId::video(),
            segment: SegmentIndex(0),
            part: PartIndex(0),
            start_us: 0,
            duration_us: 1,
            independent: true,
            last: true,
        })
    }

    fn end() -> Told {
        Told::SegmentEnd(pipe::SegmentEnd {
            rendition: RenditionId::video(),
            segment: SegmentIndex(0),
            start_us: 0,
            duration_us: 1,
            independent: true,
            init: 0,
            parts: 1,
        })
    }

    #[test]
    fn a_segment_is_not_whole_before_its_last_part_is_out() {
        let (mut outlet, mut out) = (Outlet::default(), Vec::new());
        outlet.tell(part(), &mut out).unwrap();
        outlet.tell(end(), &mut out).unwrap();
        assert!(out.is_empty());
        assert!(outlet.finish().is_err());
        outlet.bytes(&Chunk { init: None, media: vec![1, 2, 3] }, &mut out).unwrap();
        let (kind, length) = pipe::header(*out.first_chunk().unwrap()).unwrap();
        assert_eq!(kind, 67);
        assert_eq!(out[pipe::HEADER + length], 68);
        outlet.finish().unwrap();
    }

    #[test]
    fn bytes_that_nothing_was_said_of_are_an_error() {
        let (mut outlet, mut out) = (Outlet::default(), Vec::new());
        assert!(outlet.bytes(&Chunk { init: None, media: vec![1] }, &mut out).is_err());
        outlet.tell(part(), &mut out).unwrap();
        assert!(outlet.bytes(&Chunk { init: Some(vec![1]), media: vec![1] }, &mut out).is_err());
    }
}
