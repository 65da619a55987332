//! The timeline: which segments and parts are listed, under which numbers. The Room owns the one of its stream.

mod media;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use spillway_protocol::{
    link::Report,
    media::{Epoch, RenditionId, SegmentIndex, Track},
    time::Timestamp,
};

use crate::{
    bandwidth::Bandwidth,
    head::Head,
    parts::OpenSegment,
    row::Row,
    segment::Segment,
    snapshot::{RenditionSnapshot, Snapshot, window},
};

/// Renditions that a stream may have over its life.
const RENDITIONS: usize = 8;
/// A rendition that has listed nothing is waited for until another one has listed this many segments.
const PATIENCE: usize = 3;
/// Bounds on the target duration, in whole seconds.
const TARGET: (u32, u32) = (2, 10);
/// Bounds on the part target, in milliseconds.
const PART_TARGET: (u32, u32) = (100, 5_000);

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
    /// The segment behind them, as far as parts came of it.
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
    /// A segment or part that is empty, or makes a segment longer than the target duration.
    #[error("the duration cannot be listed")]
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
        // A segment's parts are stored until the next segment's are, even if it is whole.
        for rendition in timeline.renditions.values_mut() {
            let last = rendition.segments.back().map(Segment::place);
            rendition.open = rendition.open.take().filter(|open| last < Some(open.place()));
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
            Report::Started { at, target_ms, part_target_ms } => {
                Ok(self.started(epoch, *at, *target_ms, *part_target_ms))
            }
            Report::Track { track, init } => self.track(epoch, track, *init),
            Report::TrackEnded { rendition } => Ok(self.track_ended(epoch, rendition)),
            Report::Part(part) => self.part(epoch, part, false),
            Report::PartGap(part) => self.part(epoch, part, true),
            Report::Segment(segment) => self.segment(epoch, segment, false),
            Report::Gap(segment) => self.segment(epoch, segment, true),
            Report::Skipped | Report::Unknown => Ok(Change::default()),
            Report::Ended { .. } => Ok(self.ended(epoch)),
        }
    }

    /// The stream is over: what is listed stays, nothing follows.
    pub fn end(&mut self) -> Change {
        let mut rows = if self.head.ended { Vec::new() } else { self.close_open(None) };
        let listed = self.renditions.values().any(|r| !r.segments.is_empty());
        let mut change = self.head_if(|head| {
            head.playable |= listed;
            !std::mem::replace(&mut head.ended, true)
        });
        change.playlists = !change.rows.is_empty() && listed;
        rows.append(&mut change.rows);
        Change { rows, ..change }
    }

    /// Whether there is something to play.
    pub fn is_playable(&self) -> bool {
        self.head.playable && self.head.target_ms.is_some() && self.head.listing().is_some()
    }

    /// The stream's EXT-X-TARGETDURATION in milliseconds, once the first epoch has started.
    pub fn target_ms(&self) -> Option<u32> {
        self.head.target_ms
    }

    /// The stream's PART-TARGET in milliseconds, once the first epoch that has parts has started.
    pub fn part_target_ms(&self) -> Option<u32> {
        self.head.part_target_ms
    }

    /// What the playlists are written from; `None` while there is nothing to play. What a viewer sees `delay_ms` later is in
    /// it as well. `version` names it.
    pub fn snapshot(&self, version: u64, delay_ms: u32) -> Option<Snapshot> {
        let target_ms = self.head.target_ms.filter(|_| self.head.playable)?;
        let run = self.head.runs.get(&self.head.listing()?)?;
        let listed = || self.renditions.iter().filter(|(_, r)| !r.segments.is_empty());
        let renditions = listed().map(|(id, rendition)| {
            let count = window(rendition.segments.iter().rev(), target_ms, delay_ms);
            let former = || self.head.former.get(id);
            RenditionSnapshot {
                id: id.clone(),
                track: run.tracks.get(id).map(|known| &known.track).or_else(former).cloned(),
                bandwidth: Bandwidth::measure(rendition.segments.iter(), target_ms),
                sequence: rendition.next.saturating_sub(count as u64),
                segments: rendition
                    .segments
                    .iter()
                    .skip(rendition.segments.len().saturating_sub(count))
                    .cloned()
                    .collect(),
                open: rendition.open.clone().filter(|_| self.head.part_target_ms.is_some()),
            }
        });
        Some(Snapshot {
            version,
            target_ms,
            part_target_ms: self.head.part_target_ms,
            ended: self.head.ended,
            publishing: (!run.ended && !self.head.ended).then(|| self.head.listing()).flatten(),
            independent: listed().all(|(_, r)| r.segments.iter().all(|s| s.independent)),
            renditions: renditions.collect(),
        })
    }

    fn started(&mut self, epoch: Epoch, at: Timestamp, target_ms: u32, part_target_ms: Option<u32>) -> Change {
        self.head_if(|head| {
            let (least, most) = TARGET;
            head.target_ms.get_or_insert(target_ms.div_ceil(1_000).clamp(least, most) * 1_000);
            let (least, most) = PART_TARGET;
            head.part_target_ms = head.part_target_ms.or(part_target_ms.map(|target| target.clamp(least, most)));
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
        let newest = self.renditions.get(id).and_then(Rendition::newest).filter(|(of, _)| *of == epoch);
        let following = newest.map(|(_, last)| SegmentIndex(last.0.saturating_add(1)));
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

    /// A rendition has ended before its epoch: the multivariant playlist is without it, nobody waits for it, and what it has listed stays.
    fn track_ended(&mut self, epoch: Epoch, id: &RenditionId) -> Change {
        let change = self.head_if(|head| head.runs.get_mut(&epoch).and_then(|run| run.tracks.remove(id)).is_some());
        if change.rows.is_empty() {
            return change;
        }
        let open = self.renditions.get(id).and_then(|r| r.open.as_ref()).is_some_and(|open| open.epoch == epoch);
        let mut rows: Vec<_> = if open { self.close(id).into_iter().collect() } else { Vec::new() };
        self.head.playable |= self.is_complete(epoch);
        rows.push(Row::Head(self.head.clone()));
        Change { rows, playlists: true }
    }

    /// A player needs every rendition that the multivariant playlist will name: one that has listed nothing is waited for, a while.
    fn is_complete(&self, epoch: Epoch) -> bool {
        let there = |r: &Rendition| r.segments.iter().filter(|s| !s.gap).count();
        let listed = |id: &RenditionId| self.renditions.get(id).is_some_and(|r| there(r) > 0);
        self.head.runs.get(&epoch).is_some_and(|run| run.tracks.keys().all(listed))
            || self.renditions.values().any(|r| there(r) >= PATIENCE)
    }

    /// The last segment that a rendition listed in an epoch.
    fn last_of(&self, epoch: Epoch, id: &RenditionId) -> Option<&Segment> {
        self.renditions.get(id)?.segments.back().filter(|last| last.epoch == epoch)
    }

    /// The highest segment of which any rendition listed something in an epoch.
    fn highest(&self, epoch: Epoch) -> Option<SegmentIndex> {
        self.renditions
            .values()
            .filter_map(Rendition::newest)
            .filter(|(of, _)| *of == epoch)
            .map(|(_, index)| index)
            .max()
    }

    /// A publisher is gone.
    fn ended(&mut self, epoch: Epoch) -> Change {
        let mut rows = self.close_open(Some(epoch));
        let lists = !rows.is_empty() || self.head.listing() == Some(epoch);
        rows.extend(self.head_if(|head| !std::mem::replace(&mut head.run(epoch).ended, true)).rows);
        let playlists = lists && !rows.is_empty();
        Change { rows, playlists }
    }

    /// Changes the head; its row when `change` says that it did.
    fn head_if(&mut self, change: impl FnOnce(&mut Head) -> bool) -> Change {
        let changed = change(&mut self.head);
        Change { rows: if changed { vec![Row::Head(self.head.clone())] } else { Vec::new() }, playlists: false }
    }
}

impl Rendition {
    /// The newest segment of which something is listed.
    fn newest(&self) -> Option<(Epoch, SegmentIndex)> {
        self.open.as_ref().map(OpenSegment::place).max(self.segments.back().map(Segment::place))
    }
}
