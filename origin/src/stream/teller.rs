//! Makes reports of what the pipeline says: pure, one frame in, items for the outbox out.

use std::collections::{BTreeSet, HashMap};

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

/// A segment that begins this much before the end of what was told is one that was told. (One that goes on where it ended may be a rounding
/// before it.)
const OVERLAP_US: u64 = 100_000;

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

/// Makes reports for one epoch. Each of its pipelines numbers from 0; what a later one makes comes behind all that was told before.
pub(crate) struct Teller {
    epoch: Epoch,
    /// What is held back until the targets are settled: `Started` carries them, and comes first.
    held: Option<Vec<Item>>,
    target: Option<pipe::Target>,
    open: HashMap<RenditionId, Open>,
    bytes: usize,
    /// What this pipeline's zeros are in the epoch.
    first: Numbers,
    /// What a next one's would be.
    next: Numbers,
    /// Where what was told of each rendition ends; a later pipeline is fed from a keyframe before that.
    ends_us: HashMap<RenditionId, u64>,
    /// Segments that were told by an earlier pipeline, and come again.
    again: HashMap<RenditionId, SegmentIndex>,
    /// Rungs that were told of, and have not ended.
    rungs: BTreeSet<RenditionId>,
}

/// Numbers that nobody has used.
#[derive(Clone, Default)]
struct Numbers {
    segment: u32,
    inits: HashMap<RenditionId, u32>,
}

impl Numbers {
    fn init(&self, rendition: &RenditionId) -> u32 {
        self.inits.get(rendition).copied().unwrap_or(0)
    }
}

impl Teller {
    /// A teller for this epoch.
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            held: Some(Vec::new()),
            target: None,
            open: HashMap::new(),
            bytes: 0,
            first: Numbers::default(),
            next: Numbers::default(),
            ends_us: HashMap::new(),
            again: HashMap::new(),
            rungs: BTreeSet::new(),
        }
    }

    /// The targets, once they are settled.
    pub(crate) fn target(&self) -> Option<pipe::Target> {
        self.target
    }

    /// Another pipeline begins. What was half made is never whole, and its numbers are not used again. If media is given to it once
    /// more (`replayed`), what was told of it already is not told again.
    pub(crate) fn begin_anew(&mut self, replayed: bool) {
        self.open.clear();
        self.bytes = 0;
        self.again.clear();
        if !replayed {
            self.ends_us.clear();
        }
        match &mut self.held {
            // Nobody was told anything.
            Some(held) => {
                held.clear();
                self.next = Numbers::default();
            }
            None => self.first = self.next.clone(),
        }
    }

    /// What this frame has us tell. `media` gives the frame's bytes in a form that can be kept; `zero` is the wall-clock time of
    /// media time 0.
    pub(crate) fn hear(&mut self, frame: FromPipeline<Bytes>, zero: Timestamp) -> Result<Vec<Item>, Nonsense> {
        let item = match frame {
            FromPipeline::Ladder(ladder) => return Ok(self.ladder(&ladder)),
            FromPipeline::Target(target) => {
                let Some(held) = self.held.take() else { return Ok(Vec::new()) };
                self.target = Some(target);
                let pipe::Target { target_ms, part_target_ms } = target;
                let report = Report::Started { at: zero, target_ms, part_target_ms: Some(part_target_ms) };
                return Ok(std::iter::once(Item::Report { report, object: None }).chain(held).collect());
            }
            FromPipeline::Init(init, bytes) => Some(self.init(init, bytes)),
            FromPipeline::Part(part, bytes) => self.part(part, bytes)?,
            FromPipeline::SegmentEnd(end) => self.segment(end)?,
            FromPipeline::Warning(_) | FromPipeline::Eos => None,
        };
        match &mut self.held {
            Some(held) => {
                held.extend(item);
                Ok(Vec::new())
            }
            None => Ok(item.into_iter().collect()),
        }
    }

    /// Rungs that were told of and run no more have ended.
    fn ladder(&mut self, ladder: &pipe::Ladder) -> Vec<Item> {
        let running: BTreeSet<_> = ladder.rungs.iter().map(|lines| RenditionId::rung(*lines)).collect();
        let ended: Vec<_> = self.rungs.difference(&running).cloned().collect();
        let mut items = Vec::with_capacity(ended.len());
        for rendition in ended {
            self.rungs.remove(&rendition);
            // What was half made is never whole.
            let open = self.open.remove(&rendition);
            let bytes: usize = open.iter().flat_map(|open| &open.pieces).map(Bytes::len).sum();
            self.bytes = self.bytes.saturating_sub(bytes);
            items.push(Item::Report { report: Report::TrackEnded { rendition }, object: None });
        }
        match &mut self.held {
            Some(held) => {
                held.extend(items);
                Vec::new()
            }
            None => items,
        }
    }

    fn init(&mut self, init: pipe::Init, bytes: Bytes) -> Item {
        let rendition = init.track.rendition.clone();
        if rendition != RenditionId::video() && rendition != RenditionId::audio() {
            self.rungs.insert(rendition.clone());
        }
        let version = self.first.init(&rendition).saturating_add(init.version);
        self.next.inits.insert(rendition.clone(), version.saturating_add(1));
        let object = self.object(rendition, ObjectName::Init { version });
        Item::Report { report: Report::Track { track: init.track, init: version }, object: Some((object, vec![bytes])) }
    }

    fn part(&mut self, part: pipe::Part, bytes: Bytes) -> Result<Option<Item>, Nonsense> {
        let pipe::Part { rendition, segment, part, start_us, duration_us, independent, last } = part;
        let told_us = self.ends_us.get(&rendition).copied().unwrap_or(0);
        if part.0 == 0 && start_us.saturating_add(OVERLAP_US) < told_us {
            self.again.insert(rendition, segment);
            return Ok(None);
        }
        if self.again.get(&rendition) == Some(&segment) {
            return Ok(None);
        }
        self.bytes += bytes.len();
        if self.bytes > MAX_OPEN {
            return Err(Nonsense::TooMuch);
        }
        let open = self.open.entry(rendition.clone()).or_insert_with(|| Open { segment, pieces: Vec::new() });
        if open.segment != segment || open.pieces.len() != part.0 as usize {
            return Err(Nonsense::Parts);
        }
        open.pieces.push(bytes.clone());
        let segment = self.place(segment);
        self.next.segment = self.next.segment.max(segment.0.saturating_add(1));
        let object = self.object(rendition.clone(), ObjectName::Part(segment, part));
        let size = bytes.len() as u64;
        let report = PartReport { rendition, segment, part, start_us, duration_us, independent, last, size };
        Ok(Some(Item::Report { report: Report::Part(report), object: Some((object, vec![bytes])) }))
    }

    fn segment(&mut self, end: pipe::SegmentEnd) -> Result<Option<Item>, Nonsense> {
        let pipe::SegmentEnd { rendition, segment, start_us, duration_us, independent, init, parts } = end;
        if self.again.get(&rendition) == Some(&segment) {
            self.again.remove(&rendition);
            return Ok(None);
        }
        let open = self.open.remove(&rendition).ok_or(Nonsense::Parts)?;
        if open.segment != segment || open.pieces.len() != parts as usize {
            return Err(Nonsense::Parts);
        }
        let length: usize = open.pieces.iter().map(Bytes::len).sum();
        self.bytes = self.bytes.saturating_sub(length);
        if self.held.is_none() {
            self.ends_us.insert(rendition.clone(), start_us.saturating_add(duration_us));
        }
        let segment = self.place(segment);
        let init = self.first.init(&rendition).saturating_add(init);
        let object = self.object(rendition.clone(), ObjectName::Segment(segment));
        let size = length as u64;
        let report = SegmentReport { rendition, segment, start_us, duration_us, independent, size, init, parts };
        Ok(Some(Item::Report { report: Report::Segment(report), object: Some((object, open.pieces)) }))
    }

    /// A pipeline's own number of a segment as the epoch's.
    fn place(&self, segment: SegmentIndex) -> SegmentIndex {
        SegmentIndex(self.first.segment.saturating_add(segment.0))
    }

    fn object(&self, rendition: RenditionId, name: ObjectName) -> MediaObject {
        MediaObject { epoch: self.epoch, rendition, name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::media::{PartIndex, Track, TrackKind};

    static ZERO: std::sync::LazyLock<Timestamp> = std::sync::LazyLock::new(|| Timestamp::from_millis(0));

    fn part(segment: u32, part: u32, bytes: &'static [u8]) -> FromPipeline<Bytes> {
        part_at(segment, part, bytes, 0)
    }

    fn part_at(segment: u32, part: u32, bytes: &'static [u8], start_us: u64) -> FromPipeline<Bytes> {
        let facts = pipe::Part {
            rendition: RenditionId::video(),
            segment: SegmentIndex(segment),
            part: PartIndex(part),
            start_us,
            duration_us: 1,
            independent: part == 0,
            last: part == 1,
        };
        FromPipeline::Part(facts, Bytes::from_static(bytes))
    }

    fn end(segment: u32, parts: u32) -> FromPipeline<Bytes> {
        end_at(segment, parts, 0)
    }

    fn end_at(segment: u32, parts: u32, start_us: u64) -> FromPipeline<Bytes> {
        FromPipeline::SegmentEnd(pipe::SegmentEnd {
            rendition: RenditionId::video(),
            segment: SegmentIndex(segment),
            start_us,
            duration_us: 2_000_000,
            independent: true,
            init: 0,
            parts,
        })
    }

    /// The paths and bytes of what is told; `started` and the targets for the report that has none.
    fn told(items: Vec<Item>) -> Vec<(String, Vec<u8>)> {
        let tell = |item| match item {
            Item::Report { object: Some((object, pieces)), .. } => (object.path(), pieces.concat()),
            Item::Report { report: Report::Started { target_ms, part_target_ms, .. }, .. } => {
                (format!("started {target_ms} {}", part_target_ms.unwrap()), Vec::new())
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
        let items = teller.hear(target(), *ZERO).unwrap();
        let ends = |item: &Item| matches!(item, Item::Report { report: Report::Part(part), .. } if part.last);
        assert_eq!(items.iter().map(ends).collect::<Vec<_>>(), [false, false, true]);
        let wanted = [("started 2000 253", ""), ("7/video/0.0.m4s", "ab"), ("7/video/0.1.m4s", "c")];
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

    fn target() -> FromPipeline<Bytes> {
        FromPipeline::Target(pipe::Target { target_ms: 2_000, part_target_ms: 253 })
    }

    fn init() -> FromPipeline<Bytes> {
        let kind = TrackKind::Video { width: 2, height: 2, frame_rate_millis: 0 };
        let track = Track { rendition: RenditionId::video(), codec: "avc1.64001f".to_owned(), kind };
        FromPipeline::Init(pipe::Init { track, version: 0 }, Bytes::from_static(b"i"))
    }

    /// What is told of these frames, as paths.
    fn paths(teller: &mut Teller, frames: impl IntoIterator<Item = FromPipeline<Bytes>>) -> Vec<String> {
        let items = frames.into_iter().flat_map(|frame| teller.hear(frame, *ZERO).unwrap()).collect();
        told(items).into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn another_pipeline_goes_on_behind_what_was_told() {
        let mut teller = Teller::new(Epoch(7));
        let first = [target(), init(), part(0, 0, b"a"), end(0, 1), part_at(1, 0, b"b", 2_000_000)];
        let wanted = ["started 2000 253", "7/video/init0.mp4", "7/video/0.0.m4s", "7/video/0.m4s", "7/video/1.0.m4s"];
        assert_eq!(paths(&mut teller, first), wanted);
        assert_eq!(teller.target(), Some(pipe::Target { target_ms: 2_000, part_target_ms: 253 }));

        teller.begin_anew(true);
        // Fed from a keyframe in the middle of what was told: its first segment is not new.
        let again = [part_at(0, 0, b"x", 1_000_000), part_at(0, 1, b"y", 1_500_000), end_at(0, 2, 1_000_000)];
        let new = [part_at(1, 0, b"c", 1_999_000), end_at(1, 1, 1_999_000)];
        let items: Vec<_> = [target(), init()].into_iter().chain(again).chain(new).collect();
        let items: Vec<_> = items.into_iter().flat_map(|frame| teller.hear(frame, *ZERO).unwrap()).collect();
        let Some(Item::Report { report: Report::Segment(segment), .. }) = items.last() else { panic!("{items:?}") };
        assert_eq!((segment.segment, segment.init, segment.start_us), (SegmentIndex(3), 1, 1_999_000));
        let wanted = ["7/video/init1.mp4", "7/video/3.0.m4s", "7/video/3.m4s"];
        assert_eq!(told(items).into_iter().map(|(path, _)| path).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn a_pipeline_that_dies_before_anything_was_told_leaves_nothing() {
        let mut teller = Teller::new(Epoch(7));
        assert!(paths(&mut teller, [init(), part(0, 0, b"a")]).is_empty());
        teller.begin_anew(true);
        let wanted = ["started 2000 253", "7/video/init0.mp4", "7/video/0.0.m4s", "7/video/0.m4s"];
        assert_eq!(paths(&mut teller, [init(), part(0, 0, b"a"), target(), end(0, 1)]), wanted);
    }

    #[test]
    fn a_rung_that_runs_no_more_has_ended_once() {
        let mut teller = Teller::new(Epoch(7));
        let ladder = |rungs: &[u16]| FromPipeline::Ladder(pipe::Ladder { rungs: rungs.to_vec() });
        let kind = TrackKind::Video { width: 854, height: 480, frame_rate_millis: 0 };
        let track = Track { rendition: RenditionId::rung(480), codec: "avc1.64001f".to_owned(), kind };
        let rung = FromPipeline::Init(pipe::Init { track, version: 0 }, Bytes::from_static(b"i"));
        assert_eq!(paths(&mut teller, [ladder(&[480]), target(), init(), rung]).len(), 3);
        assert!(paths(&mut teller, [ladder(&[480])]).is_empty());
        teller.begin_anew(true);
        let items = teller.hear(ladder(&[]), *ZERO).unwrap();
        let [Item::Report { report: Report::TrackEnded { rendition }, object: None }] = items.as_slice() else {
            panic!("{items:?}")
        };
        assert_eq!(*rendition, RenditionId::rung(480));
        assert!(teller.hear(ladder(&[]), *ZERO).unwrap().is_empty());
    }

    #[test]
    fn a_clock_that_was_set_back_is_no_repetition() {
        let mut teller = Teller::new(Epoch(7));
        paths(&mut teller, [target(), part_at(0, 0, b"a", 60_000_000), end_at(0, 1, 60_000_000)]);
        teller.begin_anew(false);
        assert_eq!(paths(&mut teller, [part(0, 0, b"a"), end(0, 1)]), ["7/video/1.0.m4s", "7/video/1.m4s"]);
    }
}
