//! Makes reports of what the pipeline says: pure, one frame in, items for the outbox out.

use std::collections::HashMap;

use bytes::Bytes;
use spillway_protocol::{
    link::{PartReport, Report, SegmentReport},
    media::{Epoch, MediaObject, ObjectName, RenditionId, SegmentIndex},
    pipe::{self, FromPipeline},
    time::Timestamp,
};

use crate::outbox::Item;

/// More bytes than this in open segments, or held before the target is settled, is no live stream.
const MAX_OPEN: usize = 128 * 1024 * 1024;

/// The pipeline says what cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Nonsense {
    /// Parts that do not make the segment they are said to.
    #[error("a segment's parts are not whole")]
    Parts,
    /// More than a live stream has.
    #[error("too many bytes in open segments")]
    TooMuch,
}

/// A segment that is not whole yet.
struct Open {
    segment: SegmentIndex,
    pieces: Vec<Bytes>,
}

/// Makes reports for one epoch.
pub(crate) struct Teller {
    epoch: Epoch,
    /// What is held back until the target duration is settled: `Started` carries it, and comes first.
    held: Option<Vec<Item>>,
    open: HashMap<RenditionId, Open>,
    bytes: usize,
}

impl Teller {
    /// A teller for this epoch.
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self { epoch, held: Some(Vec::new()), open: HashMap::new(), bytes: 0 }
    }

    /// What this frame has us tell. `media` gives the frame's bytes in a form that can be kept; `zero` is the wall-clock time of
    /// media time 0.
    pub(crate) fn hear(&mut self, frame: FromPipeline<Bytes>, zero: Timestamp) -> Result<Vec<Item>, Nonsense> {
        let item = match frame {
            FromPipeline::Target(pipe::Target { target_ms }) => {
                let Some(held) = self.held.take() else { return Ok(Vec::new()) };
                let started = Item::Report { report: Report::Started { at: zero, target_ms }, object: None };
                return Ok(std::iter::once(started).chain(held).collect());
            }
            FromPipeline::Init(init, bytes) => {
                let object = self.object(init.track.rendition.clone(), ObjectName::Init { version: init.version });
                let report = Report::Track { track: init.track, init: init.version };
                Item::Report { report, object: Some((object, vec![bytes])) }
            }
            FromPipeline::Part(part, bytes) => self.part(part, bytes)?,
            FromPipeline::SegmentEnd(end) => self.segment(end)?,
            FromPipeline::Warning(_) | FromPipeline::Eos => return Ok(Vec::new()),
        };
        match &mut self.held {
            Some(held) => {
                held.push(item);
                Ok(Vec::new())
            }
            None => Ok(vec![item]),
        }
    }

    fn part(&mut self, part: pipe::Part, bytes: Bytes) -> Result<Item, Nonsense> {
        self.bytes += bytes.len();
        if self.bytes > MAX_OPEN {
            return Err(Nonsense::TooMuch);
        }
        let open = self
            .open
            .entry(part.rendition.clone())
            .or_insert_with(|| Open { segment: part.segment, pieces: Vec::new() });
        if open.segment != part.segment || open.pieces.len() != part.part.0 as usize {
            return Err(Nonsense::Parts);
        }
        open.pieces.push(bytes.clone());
        let object = self.object(part.rendition.clone(), ObjectName::Part(part.segment, part.part));
        let pipe::Part { rendition, segment, part, start_us, duration_us, independent } = part;
        let size = bytes.len() as u64;
        let report = PartReport { rendition, segment, part, start_us, duration_us, independent, size };
        Ok(Item::Report { report: Report::Part(report), object: Some((object, vec![bytes])) })
    }

    fn segment(&mut self, end: pipe::SegmentEnd) -> Result<Item, Nonsense> {
        let open = self.open.remove(&end.rendition).ok_or(Nonsense::Parts)?;
        if open.segment != end.segment || open.pieces.len() != end.parts as usize {
            return Err(Nonsense::Parts);
        }
        let length: usize = open.pieces.iter().map(Bytes::len).sum();
        self.bytes = self.bytes.saturating_sub(length);
        let object = self.object(end.rendition.clone(), ObjectName::Segment(end.segment));
        let pipe::SegmentEnd { rendition, segment, start_us, duration_us, independent, init, parts } = end;
        let size = length as u64;
        let report = SegmentReport { rendition, segment, start_us, duration_us, independent, size, init, parts };
        Ok(Item::Report { report: Report::Segment(report), object: Some((object, open.pieces)) })
    }

    fn object(&self, rendition: RenditionId, name: ObjectName) -> MediaObject {
        MediaObject { epoch: self.epoch, rendition, name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::media::PartIndex;

    static ZERO: std::sync::LazyLock<Timestamp> = std::sync::LazyLock::new(|| Timestamp::from_millis(0));

    fn part(segment: u32, part: u32, bytes: &'static [u8]) -> FromPipeline<Bytes> {
        let facts = pipe::Part {
            rendition: RenditionId::video(),
            segment: SegmentIndex(segment),
            part: PartIndex(part),
            start_us: 0,
            duration_us: 1,
            independent: part == 0,
        };
        FromPipeline::Part(facts, Bytes::from_static(bytes))
    }

    fn end(segment: u32, parts: u32) -> FromPipeline<Bytes> {
        FromPipeline::SegmentEnd(pipe::SegmentEnd {
            rendition: RenditionId::video(),
            segment: SegmentIndex(segment),
            start_us: 0,
            duration_us: 2,
            independent: true,
            init: 0,
            parts,
        })
    }

    /// The paths and bytes of what is told; `started` for the report that has none.
    fn told(items: Vec<Item>) -> Vec<(String, Vec<u8>)> {
        let tell = |item| match item {
            Item::Report { object: Some((object, pieces)), .. } => (object.path(), pieces.concat()),
            Item::Report { report: Report::Started { target_ms, .. }, .. } => {
                (format!("started {target_ms}"), Vec::new())
            }
            other => panic!("{other:?}"),
        };
        items.into_iter().map(tell).collect()
    }

    #[test]
    fn started_comes_first_and_a_segment_is_its_parts() {
        let mut teller = Teller::new(Epoch(7));
        assert!(teller.hear(part(0, 0, b"ab"), *ZERO).unwrap().is_empty());
        assert!(teller.hear(part(0, 1, b"c"), *ZERO).unwrap().is_empty());
        let items = teller.hear(FromPipeline::Target(pipe::Target { target_ms: 2_000 }), *ZERO).unwrap();
        let wanted = [("started 2000", ""), ("7/video/0.0.m4s", "ab"), ("7/video/0.1.m4s", "c")];
        assert_eq!(told(items), wanted.map(|(path, bytes)| (path.to_owned(), bytes.as_bytes().to_vec())));
        let items = teller.hear(end(0, 2), *ZERO).unwrap();
        assert_eq!(told(items), [("7/video/0.m4s".to_owned(), b"abc".to_vec())]);
    }

    #[test]
    fn parts_that_do_not_make_the_segment_are_nonsense() {
        let mut teller = Teller::new(Epoch(7));
        teller.hear(part(0, 0, b"a"), *ZERO).unwrap();
        assert_eq!(teller.hear(part(1, 0, b"a"), *ZERO).err(), Some(Nonsense::Parts));
        assert_eq!(teller.hear(part(0, 2, b"a"), *ZERO).err(), Some(Nonsense::Parts));
        assert_eq!(teller.hear(end(0, 2), *ZERO).err(), Some(Nonsense::Parts));
        assert_eq!(teller.hear(end(0, 1), *ZERO).err(), Some(Nonsense::Parts));
    }
}
