//! The timeline: which segments are listed, under which numbers. The Room owns the one of its stream.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use spillway_protocol::{
    link::{PartReport, Report, SegmentReport},
    media::{Epoch, RenditionId, SegmentIndex, Track},
    time::Timestamp,
};

use crate::{
    bandwidth::Bandwidth,
    head::{Head, Run},
    parts::{Fit, OpenSegment},
    row::{KEPT, Row},
    segment::{Segment, fits, millis},
    snapshot::{RenditionSnapshot, Snapshot, window},
};

/// Renditions that a stream may have over its life.
const RENDITIONS: usize = 8;
/// A hole of at most this many segments is listed as gaps…
const GAPS: u32 = 16;
/// … unless it is shorter than this: then numbers were left out (a pipeline began anew), and no media.
const HOLE_MS: i64 = 100;
/// A rendition that has listed nothing is waited for until another one has listed this many segments.
const PATIENCE: usize = 3;
/// Bounds on the target duration, in whole seconds.
const TARGET: (u32, u32) = (2, 10);

/// A live stream's timeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timeline {
    head: Head,
    renditions: BTreeMap<RenditionId, Rendition>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Rendition {
    /// The media sequence number of the next segment.
    next: u64,
    segments: VecDeque<Segment>,
    /// The newest segment that parts came of; it may be whole by now.
    open: Option<OpenSegment>,
}

/// What a report changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// To be stored before the report is acknowledged; empty when nothing changed (a duplicate).
    pub rows: Vec<Row>,
    /// Some playlist may read differently now.
    pub playlists: bool,
}

/// Why a report changes nothing. It is acknowledged all the same: saying it again would not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A newer epoch has listed something.
    #[error("a newer epoch is listed")]
    OldEpoch,
    /// The stream is over.
    #[error("the stream is over")]
    StreamOver,
    /// The epoch has said that nothing follows.
    #[error("the epoch has ended")]
    EpochOver,
    /// Media before the epoch's `Started`.
    #[error("the epoch has not started")]
    NotStarted,
    /// Media of a rendition, or with an init section, that was not reported.
    #[error("the rendition's init section was not reported")]
    NoInit,
    /// A segment that is empty, or longer than the target duration.
    #[error("the segment's duration cannot be listed")]
    Duration,
    /// Later than something that had to come after it.
    #[error("out of order")]
    OutOfOrder,
    /// A codec that cannot stand in a playlist.
    #[error("not a codec's name")]
    Codec,
    /// More renditions than a stream may have.
    #[error("too many renditions")]
    TooManyRenditions,
}

impl Timeline {
    /// The timeline that these rows were stored of.
    pub fn restore(rows: impl IntoIterator<Item = Row>) -> Self {
        let mut timeline = Self::default();
        let mut segments: BTreeMap<RenditionId, BTreeMap<u64, Segment>> = BTreeMap::new();
        for row in rows {
            match row {
                Row::Head(head) => timeline.head = head,
                Row::Open { rendition, open } => timeline.renditions.entry(rendition).or_default().open = Some(open),
                Row::Segment { rendition, sequence, segment } => {
                    segments.entry(rendition).or_default().insert(sequence, segment);
                }
            }
        }
        for (id, segments) in segments {
            let rendition = timeline.renditions.entry(id).or_default();
            rendition.next = segments.last_key_value().map_or(0, |(sequence, _)| sequence.saturating_add(1));
            rendition.segments = segments.into_values().collect();
        }
        timeline
    }

    /// Takes in what the origin reports.
    pub fn apply(&mut self, epoch: Epoch, report: &Report) -> Result<Change, Refused> {
        if self.head.ended {
            return Err(Refused::StreamOver);
        }
        if self.head.listing().is_some_and(|listing| epoch < listing) {
            return Err(Refused::OldEpoch);
        }
        match report {
            Report::Started { at, target_ms } => Ok(self.started(epoch, *at, *target_ms)),
            Report::Track { track, init } => self.track(epoch, track, *init),
            Report::Part(part) => self.part(epoch, part),
            Report::Segment(segment) => self.segment(epoch, segment, false),
            Report::Gap(segment) => self.segment(epoch, segment, true),
            Report::Skipped | Report::Unknown => Ok(Change::default()),
            Report::Ended { .. } => Ok(self.head_if(|head| !std::mem::replace(&mut head.run(epoch).ended, true))),
        }
    }

    /// The stream is over: what is listed stays, nothing follows.
    pub fn end(&mut self) -> Change {
        let listed = self.renditions.values().any(|r| !r.segments.is_empty());
        let mut change = self.head_if(|head| {
            head.playable |= listed;
            !std::mem::replace(&mut head.ended, true)
        });
        change.playlists = !change.rows.is_empty() && listed;
        change
    }

    /// The stream's EXT-X-TARGETDURATION in milliseconds, once the first epoch has started.
    pub fn target_ms(&self) -> Option<u32> {
        self.head.target_ms
    }

    /// The segment of a rendition that grows at the live edge; `None` when its parts are part of a listed segment.
    pub fn open(&self, rendition: &RenditionId) -> Option<&OpenSegment> {
        let rendition = self.renditions.get(rendition)?;
        let open = rendition.open.as_ref()?;
        let fresh = rendition.segments.back().is_none_or(|last| last.place() < open.place());
        let live = self.head.runs.get(&open.epoch).is_some_and(|run| !run.ended);
        (fresh && live && !self.head.ended && self.head.listing().is_none_or(|e| e <= open.epoch)).then_some(open)
    }

    /// What the playlists are written from; `None` while there is nothing to play.
    pub fn snapshot(&self) -> Option<Snapshot> {
        let target_ms = self.head.target_ms.filter(|_| self.head.playable)?;
        let run = self.head.runs.get(&self.head.listing()?)?;
        let listed = || self.renditions.iter().filter(|(_, r)| !r.segments.is_empty());
        let renditions = listed().map(|(id, rendition)| {
            let count = window(rendition.segments.iter().rev(), target_ms);
            RenditionSnapshot {
                id: id.clone(),
                track: run.tracks.get(id).map(|known| known.track.clone()),
                bandwidth: Bandwidth::measure(rendition.segments.iter(), target_ms),
                sequence: rendition.next.saturating_sub(count as u64),
                segments: rendition
                    .segments
                    .iter()
                    .skip(rendition.segments.len().saturating_sub(count))
                    .cloned()
                    .collect(),
            }
        });
        Some(Snapshot {
            target_ms,
            ended: self.head.ended,
            independent: listed().all(|(_, r)| r.segments.iter().all(|s| s.independent)),
            renditions: renditions.collect(),
        })
    }

    fn started(&mut self, epoch: Epoch, at: Timestamp, target_ms: u32) -> Change {
        self.head_if(|head| {
            let (least, most) = TARGET;
            head.target_ms.get_or_insert(target_ms.div_ceil(1_000).clamp(least, most) * 1_000);
            let run = head.run(epoch);
            let news = run.at.is_none();
            run.at.get_or_insert(at);
            news
        })
    }

    fn track(&mut self, epoch: Epoch, track: &Track, init: u32) -> Result<Change, Refused> {
        let named = track.codec.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
        if !named || !(1..=32).contains(&track.codec.len()) {
            return Err(Refused::Codec);
        }
        let id = &track.rendition;
        let mut known: BTreeSet<_> = self.head.runs.values().flat_map(|run| run.tracks.keys()).collect();
        known.extend(self.renditions.keys());
        if !known.contains(id) && known.len() >= RENDITIONS {
            return Err(Refused::TooManyRenditions);
        }
        let following = self.last_of(epoch, id).map(|last| SegmentIndex(last.index.0.saturating_add(1)));
        let highest = self.highest(epoch);
        let mut change = self.head_if(|head| {
            let run = head.run(epoch);
            let news = run.add_track(track, init);
            // The new init section begins with the rendition's next segment: all renditions are cut there, unless one is past it.
            if let Some(index) = following.filter(|index| news && highest < Some(*index)) {
                run.cut(index);
            }
            news
        });
        change.playlists = !change.rows.is_empty();
        Ok(change)
    }

    fn part(&mut self, epoch: Epoch, part: &PartReport) -> Result<Change, Refused> {
        let run = self.head.runs.get(&epoch).ok_or(Refused::NotStarted)?;
        if run.ended {
            return Err(Refused::EpochOver);
        }
        if !run.tracks.contains_key(&part.rendition) {
            return Err(Refused::NoInit);
        }
        let known = self.renditions.get(&part.rendition);
        if known.and_then(|r| r.segments.back()).is_some_and(|last| last.place() >= (epoch, part.segment)) {
            return Err(Refused::OutOfOrder);
        }
        let mut parts = match OpenSegment::fit(known.and_then(|r| r.open.as_ref()), epoch, part) {
            Fit::Out => return Err(Refused::OutOfOrder),
            Fit::Duplicate => return Ok(Change::default()),
            Fit::First => Vec::new(),
            Fit::Next => {
                self.renditions.get_mut(&part.rendition).and_then(|r| r.open.take()).map_or_else(Vec::new, |o| o.parts)
            }
        };
        parts.push(part.clone());
        let open = OpenSegment { epoch, index: part.segment, parts };
        self.renditions.entry(part.rendition.clone()).or_default().open = Some(open.clone());
        let row = Row::Open { rendition: part.rendition.clone(), open };
        Ok(Change { rows: vec![row], playlists: false })
    }

    fn segment(&mut self, epoch: Epoch, report: &SegmentReport, gap: bool) -> Result<Change, Refused> {
        let id = &report.rendition;
        let run = self.head.runs.get(&epoch).ok_or(Refused::NotStarted)?;
        let (Some(zero), Some(target_ms)) = (run.at, self.head.target_ms) else { return Err(Refused::NotStarted) };
        if !run.tracks.get(id).is_some_and(|known| known.inits.contains(&report.init)) {
            return Err(Refused::NoInit);
        }
        if !fits(report.duration_us, target_ms) {
            return Err(Refused::Duration);
        }
        let before = self.last_of(epoch, id).cloned();
        if before.as_ref().is_some_and(|last| last.index >= report.segment) {
            let place = (epoch, report.segment);
            let listed =
                self.renditions.get(id).is_some_and(|r| r.segments.iter().any(|s| s.gap == gap && s.place() == place));
            return if listed { Ok(Change::default()) } else { Err(Refused::OutOfOrder) };
        }
        if run.ended {
            return Err(Refused::EpochOver);
        }

        let old_head = self.head.clone();
        let highest = self.highest(epoch);
        let newest = self.renditions.values().filter_map(|r| r.segments.back()).map(|s| s.discontinuity).max();
        let run = self.head.run(epoch);
        if run.discontinuity.is_none() {
            run.discontinuity = Some(newest.map_or(0, |d| d.saturating_add(1)));
            self.head.settle(epoch);
        }
        let run = self.head.run(epoch);
        if before.as_ref().is_some_and(|last| last.init != report.init && !is_cut(run, last.index, report.segment))
            && highest < Some(report.segment)
        {
            run.cut(report.segment);
        }

        let segment = Segment {
            epoch,
            index: report.segment,
            at: zero.plus_millis(millis(report.start_us)),
            duration_us: report.duration_us,
            size: if gap { 0 } else { report.size },
            init: report.init,
            discontinuity: 0,
            breaks: 0,
            independent: report.independent,
            gap,
        };
        let mut rows = Vec::with_capacity(1);
        for gap in gaps(before.as_ref(), &segment, target_ms) {
            rows.push(self.list(id, gap));
        }
        rows.push(self.list(id, segment));
        self.head.playable |= self.is_playable(epoch);
        if self.head != old_head {
            rows.push(Row::Head(self.head.clone()));
        }
        Ok(Change { rows, playlists: true })
    }

    /// Appends a segment and settles its numbers.
    fn list(&mut self, id: &RenditionId, mut segment: Segment) -> Row {
        let rendition = self.renditions.entry(id.clone()).or_default();
        let run = self.head.runs.get(&segment.epoch);
        let previous = rendition.segments.back().map(|s| s.discontinuity);
        segment.discontinuity = run.and_then(|run| run.discontinuity_at(segment.index)).or(previous).unwrap_or(0);
        segment.breaks = previous.map_or(0, |previous| segment.discontinuity.saturating_sub(previous));
        let row = Row::Segment { rendition: id.clone(), sequence: rendition.next, segment: segment.clone() };
        rendition.next = rendition.next.saturating_add(1);
        rendition.segments.push_back(segment);
        if rendition.segments.len() > KEPT {
            rendition.segments.pop_front();
        }
        row
    }

    /// A player needs every rendition that the multivariant playlist will name: one that has listed nothing is waited for, a while.
    fn is_playable(&self, epoch: Epoch) -> bool {
        let there = |r: &Rendition| r.segments.iter().filter(|s| !s.gap).count();
        let listed = |id: &RenditionId| self.renditions.get(id).is_some_and(|r| there(r) > 0);
        self.head.runs.get(&epoch).is_some_and(|run| run.tracks.keys().all(listed))
            || self.renditions.values().any(|r| there(r) >= PATIENCE)
    }

    /// The last segment that a rendition listed in an epoch.
    fn last_of(&self, epoch: Epoch, id: &RenditionId) -> Option<&Segment> {
        self.renditions.get(id)?.segments.back().filter(|last| last.epoch == epoch)
    }

    /// The highest segment that any rendition listed in an epoch.
    fn highest(&self, epoch: Epoch) -> Option<SegmentIndex> {
        let last = self.renditions.values().filter_map(|r| r.segments.back());
        last.filter(|s| s.epoch == epoch).map(|s| s.index).max()
    }

    /// Changes the head; its row when `change` says that it did.
    fn head_if(&mut self, change: impl FnOnce(&mut Head) -> bool) -> Change {
        let changed = change(&mut self.head);
        Change { rows: if changed { vec![Row::Head(self.head.clone())] } else { Vec::new() }, playlists: false }
    }
}

/// Whether a discontinuity lies behind `after` and at or before `at`.
fn is_cut(run: &Run, after: SegmentIndex, at: SegmentIndex) -> bool {
    run.cuts.iter().any(|cut| *cut > after && *cut <= at)
}

/// The segments that are missing between two of an epoch, where a playlist can say so: few, and short enough.
fn gaps(before: Option<&Segment>, next: &Segment, target_ms: u32) -> Vec<Segment> {
    let Some(before) = before else { return Vec::new() };
    let missing = next.index.0.saturating_sub(before.index.0).saturating_sub(1);
    let hole_ms = next.at.since(before.end());
    let each = hole_ms.unsigned_abs().saturating_mul(1_000) / u64::from(missing.max(1));
    if missing == 0 || missing > GAPS || hole_ms < HOLE_MS || !fits(each, target_ms) {
        return Vec::new();
    }
    let gap = |n: u32| Segment {
        index: SegmentIndex(before.index.0.saturating_add(n).saturating_add(1)),
        at: before.end().plus_millis(millis(each.saturating_mul(u64::from(n)))),
        duration_us: each,
        size: 0,
        init: before.init,
        independent: true,
        gap: true,
        ..next.clone()
    };
    (0..missing).map(gap).collect()
}
