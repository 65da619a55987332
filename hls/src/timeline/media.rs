//! How parts and segments are listed.

use spillway_protocol::{
    link::{PartReport, SegmentReport},
    media::{Epoch, RenditionId, SegmentIndex},
    time::Timestamp,
};

use super::{Change, Refused, Timeline};
use crate::{
    head::Run,
    parts::{Fit, OpenSegment, Part},
    row::{KEPT, Row},
    segment::{Segment, fits, millis},
};

/// A hole of at most this many segments is listed as gaps…
const GAPS: u32 = 16;
/// … unless it is shorter than this: then numbers were left out (a pipeline began anew), and no media.
const HOLE_MS: i64 = 100;
/// Renditions end within a frame of each other; what begins earlier than this before their end has been listed already.
const OVERLAP_MS: i64 = 100;
/// Where nothing begins anew media does not go back; dates must not by so much, whatever is reported (RFC 8216bis, section 6.2.1).
const AMBIGUOUS_MS: i64 = 1_000;

/// Where a segment begins, before anything is decided about it.
struct Begun {
    epoch: Epoch,
    index: SegmentIndex,
    /// Its start, in media time.
    start_us: u64,
    init: u32,
}

impl Timeline {
    pub(super) fn part(&mut self, epoch: Epoch, report: &PartReport, gap: bool) -> Result<Change, Refused> {
        let id = &report.rendition;
        let run = self.head.runs.get(&epoch).ok_or(Refused::NotStarted)?;
        let (Some(zero), Some(target_ms)) = (run.at, self.head.target_ms) else { return Err(Refused::NotStarted) };
        // What follows an init section needs it.
        let init = run.tracks.get(id).and_then(|known| known.inits.last().copied()).ok_or(Refused::NoInit)?;
        let over = run.ended;
        let known = self.renditions.get(id);
        if known.and_then(|r| r.segments.back()).is_some_and(|last| last.place() >= (epoch, report.segment)) {
            return Err(Refused::OutOfOrder);
        }
        let open = known.and_then(|r| r.open.as_ref());
        let part = Part::of(report, gap);
        let fit = OpenSegment::fit(open, epoch, report, part);
        let before_us = if matches!(fit, Fit::Next) { open.map_or(0, OpenSegment::duration_us) } else { 0 };
        if !fits(before_us.saturating_add(part.duration_us), target_ms) || part.duration_us == 0 {
            return Err(Refused::Duration);
        }
        match fit {
            Fit::Duplicate => return Ok(Change::default()),
            Fit::Out => return Err(Refused::OutOfOrder),
            Fit::First | Fit::Next if over => return Err(Refused::EpochOver),
            Fit::First | Fit::Next => {}
        }

        let mut rows = Vec::with_capacity(1);
        if matches!(fit, Fit::First) {
            let begun = Begun { epoch, index: report.segment, start_us: report.start_us, init };
            rows = self.begin(id, &begun, (zero, target_ms));
        }
        let rendition = self.renditions.entry(id.clone()).or_default();
        if let Some(open) = &mut rendition.open {
            open.parts.push(part);
            open.whole = report.last;
            rows.push(Row::Open { rendition: id.clone(), open: open.clone() });
        }
        Ok(Change { rows, playlists: true })
    }

    pub(super) fn segment(&mut self, epoch: Epoch, report: &SegmentReport, gap: bool) -> Result<Change, Refused> {
        let id = &report.rendition;
        let run = self.head.runs.get(&epoch).ok_or(Refused::NotStarted)?;
        let (Some(zero), Some(target_ms)) = (run.at, self.head.target_ms) else { return Err(Refused::NotStarted) };
        if !run.tracks.get(id).is_some_and(|known| known.inits.contains(&report.init)) {
            return Err(Refused::NoInit);
        }
        if !fits(report.duration_us, target_ms) {
            return Err(Refused::Duration);
        }
        let place = (epoch, report.segment);
        let known = self.renditions.get(id);
        if self.last_of(epoch, id).is_some_and(|last| last.index >= report.segment) {
            let listed = known.is_some_and(|r| r.segments.iter().any(|s| s.gap == gap && s.place() == place));
            return if listed { Ok(Change::default()) } else { Err(Refused::OutOfOrder) };
        }
        let open = known.and_then(|r| r.open.as_ref()).map(OpenSegment::place);
        if open > Some(place) {
            return Err(Refused::OutOfOrder);
        }
        if run.ended {
            return Err(Refused::EpochOver);
        }

        let old_head = self.head.clone();
        let mut rows = Vec::with_capacity(1);
        if open != Some(place) {
            let begun = Begun { epoch, index: report.segment, start_us: report.start_us, init: report.init };
            rows = self.begin(id, &begun, (zero, target_ms));
        }
        let open = self.renditions.get_mut(id).and_then(|r| r.open.take()).ok_or(Refused::OutOfOrder)?;
        rows.push(self.list(
            id,
            Segment {
                duration_us: report.duration_us,
                size: if gap { 0 } else { report.size },
                init: report.init,
                independent: report.independent,
                gap,
                ..closed(open)
            },
        ));
        self.head.playable |= self.is_complete(epoch);
        self.head.former.clear();
        if self.head != old_head {
            rows.retain(|row| !matches!(row, Row::Head(_)));
            rows.push(Row::Head(self.head.clone()));
        }
        Ok(Change { rows, playlists: true })
    }

    /// Begins a segment behind all that is listed of its rendition, and decides what does not change any more: its discontinuity
    /// sequence number, and what stands in the place of what is missing before it.
    fn begin(&mut self, id: &RenditionId, begun: &Begun, (zero, target_ms): (Timestamp, u32)) -> Vec<Row> {
        let &Begun { epoch, index, start_us, init } = begun;
        let old_head = self.head.clone();
        // What was left unfinished stays so.
        let mut rows: Vec<_> = self.close(id).into_iter().collect();
        let before = self.last_of(epoch, id).cloned();
        let highest = self.highest(epoch);
        let end = self.live_edge();
        let opened = self.renditions.values().filter_map(|r| r.open.as_ref()).map(|open| open.discontinuity);
        let listed = self.renditions.values().filter_map(|r| r.segments.back()).map(|s| s.discontinuity);
        let newest = opened.chain(listed).max();
        let begins = self.head.run(epoch).discontinuity.is_none();
        if begins {
            self.head.settle(epoch);
            self.head.run(epoch).discontinuity = Some(newest.map_or(0, |d| d.saturating_add(1)));
        }
        let run = self.head.run(epoch);
        let first = highest < Some(index);
        if first && before.as_ref().is_some_and(|last| last.init != init && !is_cut(run, last.index, index)) {
            run.cut(index);
        }
        let date = zero.plus_millis(millis(start_us));
        if begins || (first && highest.is_some_and(|last| is_cut(run, last, index))) {
            run.postpone(date, end, OVERLAP_MS);
        }
        run.postpone(date, before.as_ref().map(Segment::end), AMBIGUOUS_MS);
        let at = date.plus_millis(run.late_ms);
        let open = OpenSegment { epoch, index, at, init, discontinuity: 0, breaks: 0, parts: Vec::new(), whole: false };
        for gap in gaps(before.as_ref(), &open, target_ms) {
            let (discontinuity, breaks) = self.numbers(id, epoch, gap.index);
            rows.push(self.list(id, Segment { discontinuity, breaks, ..gap }));
        }
        let (discontinuity, breaks) = self.numbers(id, epoch, index);
        self.renditions.entry(id.clone()).or_default().open = Some(OpenSegment { discontinuity, breaks, ..open });
        if self.head != old_head {
            rows.push(Row::Head(self.head.clone()));
        }
        rows
    }

    /// The date at which all that is listed ends.
    fn live_edge(&self) -> Option<Timestamp> {
        let open = self.renditions.values().filter_map(|r| r.open.as_ref()).map(OpenSegment::end);
        open.chain(self.renditions.values().filter_map(|r| r.segments.back()).map(Segment::end)).max()
    }

    /// A segment's discontinuity sequence number, and how many discontinuities lie before it, behind what is listed.
    fn numbers(&self, id: &RenditionId, epoch: Epoch, index: SegmentIndex) -> (u32, u32) {
        let previous = self.renditions.get(id).and_then(|r| r.segments.back()).map(|s| s.discontinuity);
        let run = self.head.runs.get(&epoch);
        let number = run.and_then(|run| run.discontinuity_at(index)).or(previous).unwrap_or(0);
        (number, previous.map_or(0, |previous| number.saturating_sub(previous)))
    }

    /// Appends a segment.
    fn list(&mut self, id: &RenditionId, segment: Segment) -> Row {
        let rendition = self.renditions.entry(id.clone()).or_default();
        let row = Row::Segment { rendition: id.clone(), sequence: rendition.next, segment: segment.clone() };
        rendition.next = rendition.next.saturating_add(1);
        rendition.segments.push_back(segment);
        if rendition.segments.len() > KEPT {
            rendition.segments.pop_front();
        }
        row
    }

    /// Lists a segment that will never be whole as a gap: players have had its parts, and the number is theirs.
    pub(super) fn close(&mut self, id: &RenditionId) -> Option<Row> {
        let open = self.renditions.get_mut(id)?.open.take()?;
        Some(self.list(id, closed(open)))
    }

    /// The same for all renditions, or for those that an epoch has left unfinished.
    pub(super) fn close_open(&mut self, epoch: Option<Epoch>) -> Vec<Row> {
        let left = |open: &OpenSegment| epoch.is_none_or(|epoch| open.epoch == epoch);
        let unfinished = self.renditions.iter().filter(|(_, r)| r.open.as_ref().is_some_and(left));
        let ids: Vec<_> = unfinished.map(|(id, _)| id.clone()).collect();
        ids.iter().filter_map(|id| self.close(id)).collect()
    }
}

/// A segment of which nothing more comes.
fn closed(open: OpenSegment) -> Segment {
    Segment {
        duration_us: open.duration_us(),
        epoch: open.epoch,
        index: open.index,
        at: open.at,
        size: 0,
        init: open.init,
        discontinuity: open.discontinuity,
        breaks: open.breaks,
        independent: true,
        gap: true,
        parts: open.parts,
    }
}

/// Whether a discontinuity lies behind `after` and at or before `at`.
fn is_cut(run: &Run, after: SegmentIndex, at: SegmentIndex) -> bool {
    run.cuts.iter().any(|cut| *cut > after && *cut <= at)
}

/// The segments that are missing between two of an epoch, where a playlist can say so: few, and short enough.
fn gaps(before: Option<&Segment>, next: &OpenSegment, target_ms: u32) -> Vec<Segment> {
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
        init: before.init,
        ..closed(next.clone())
    };
    (0..missing).map(gap).collect()
}
