//! Rungs: they follow the picture. Their pictures come back later than the picture's own, in the order in which they are shown, when the
//! segment that they belong to is long decided; so they are never held, and never cut by themselves.

use std::collections::BTreeMap;

use super::{Boundary, Kind, Lane, Picture, Run, Segmenter, Step, Unit};

/// The rungs of one stream.
#[derive(Debug)]
pub(super) struct Rungs {
    /// There may be some.
    pub(super) may_be: bool,
    /// Those that have begun, by their lines.
    lanes: BTreeMap<u16, Lane>,
}

impl Rungs {
    pub(super) fn new(may_be: bool) -> Self {
        Self { may_be, lanes: BTreeMap::new() }
    }

    /// A rung's state.
    pub(super) fn lane(&mut self, lines: u16) -> &mut Lane {
        self.lanes.entry(lines).or_insert_with(|| Lane::new(Kind::Rung(lines)))
    }
}

/// A picture for the rungs: where the source has a keyframe they have one, and where a segment begins too.
pub(super) fn transcode(run: Option<&Run>, unit: &Unit, begins: bool) -> Step {
    let key_us = (unit.keyframe || begins).then(|| unit.shown_us());
    Step::Transcode(Picture { run: run.cloned(), unit: unit.clone(), key_us })
}

impl Segmenter {
    /// A picture of a rung, which is decoded when it is shown; a keyframe where it begins a run.
    pub(crate) fn rung(&mut self, lines: u16, run: Option<Run>, unit: Unit) {
        let kind = Kind::Rung(lines);
        let now = self.cuts.showing(unit.time_us);
        let waiting = self.lane(kind).waiting.take();
        let run = run.or(waiting);
        let open = self.lane(kind).segment.as_ref().map(|segment| segment.index);
        let goes_back = self.lane(kind).last_us.is_some_and(|last| unit.time_us <= last);
        if goes_back || self.is_hole(kind, unit.time_us) || (run.is_some() && open >= Some(now)) {
            self.seal(kind);
        }
        let lane = self.lane(kind);
        // What was left out is needed by what follows, up to the keyframe that begins the next segment.
        if goes_back || (lane.segment.is_none() && (!unit.keyframe || lane.index >= Some(now))) {
            lane.waiting = run;
            return;
        }
        self.place(kind, run, unit);
    }

    /// Nothing more comes of a rung, unless it begins anew: then its numbers go on.
    pub(crate) fn end_rung(&mut self, lines: u16) {
        let kind = Kind::Rung(lines);
        if self.rungs.lanes.contains_key(&lines) {
            self.seal(kind);
            self.lane(kind).waiting = None;
            self.out.push(Step::Close(kind));
        }
    }

    /// Nothing more comes of any rung.
    pub(crate) fn finish_rungs(&mut self) {
        for lines in self.rungs.lanes.keys().copied().collect::<Vec<_>>() {
            self.seal(Kind::Rung(lines));
        }
    }

    /// Where a unit of a rung belongs: into the segment that the picture has begun by then.
    pub(super) fn following(&mut self, kind: Kind, new_run: bool, unit: &Unit) -> Boundary {
        let now = self.cuts.showing(unit.time_us);
        match &self.lane(kind).segment {
            Some(segment) if segment.index >= now && !new_run => self.part_boundary(kind, unit),
            _ => Boundary::Segment(now),
        }
    }
}
