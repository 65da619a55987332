//! What the timeline knows besides segments and parts: small, seldom changed, stored as one row.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use spillway_protocol::{
    media::{Epoch, RenditionId, SegmentIndex, Track},
    time::Timestamp,
};

/// Epochs remembered at once: the one that is listed, and newer ones that have not listed anything yet.
const RUNS: usize = 4;
/// Discontinuities within an epoch that are remembered one by one.
const CUTS: usize = 16;
/// Init sections remembered for a rendition of an epoch.
const INITS: usize = 16;

/// The row of things that concern the whole stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// EXT-X-TARGETDURATION in milliseconds, once the first epoch has started.
    pub(crate) target_ms: Option<u32>,
    /// PART-TARGET in milliseconds, once an epoch that has parts has started.
    #[serde(default)]
    pub(crate) part_target_ms: Option<u32>,
    /// There is enough to play; stays so.
    pub(crate) playable: bool,
    /// The stream is over: nothing is listed any more.
    pub(crate) ended: bool,
    /// Epochs that may still list something.
    pub(crate) runs: BTreeMap<Epoch, Run>,
    /// What the epoch before was made of, until the newest has a whole segment: what is yet to appear in it is not missing.
    #[serde(default)]
    pub(crate) former: BTreeMap<RenditionId, Track>,
}

impl Head {
    /// The newest epoch that has listed something.
    pub(crate) fn listing(&self) -> Option<Epoch> {
        self.runs.iter().rev().find(|(_, run)| run.discontinuity.is_some()).map(|(epoch, _)| *epoch)
    }

    /// The run of `epoch`, made when it is new; the oldest one that waits makes room.
    pub(crate) fn run(&mut self, epoch: Epoch) -> &mut Run {
        if !self.runs.contains_key(&epoch) && self.runs.len() >= RUNS {
            let listing = self.listing();
            let oldest = self.runs.keys().copied().find(|e| Some(*e) != listing);
            oldest.and_then(|e| self.runs.remove(&e));
        }
        self.runs.entry(epoch).or_default()
    }

    /// Forgets the epochs before `epoch`, which lists something.
    pub(crate) fn settle(&mut self, epoch: Epoch) {
        if let Some(run) = self.listing().filter(|listing| *listing < epoch).and_then(|listing| self.runs.get(&listing))
        {
            self.former = run.tracks.iter().map(|(id, known)| (id.clone(), known.track.clone())).collect();
        }
        self.runs.retain(|e, _| *e >= epoch);
    }
}

/// One epoch's run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    /// The wall-clock time of its media time 0.
    pub(crate) at: Option<Timestamp>,
    /// How much later its dates are than that would have it, in milliseconds: where a pipeline began anew, media that had been listed
    /// came once more, and a date means one moment.
    #[serde(default)]
    pub(crate) late_ms: i64,
    /// Its publisher is gone.
    pub(crate) ended: bool,
    /// The discontinuity sequence number that it began with, once it listed something.
    pub(crate) discontinuity: Option<u32>,
    /// Where further discontinuities lie: before these segments, in every rendition.
    pub(crate) cuts: Vec<SegmentIndex>,
    /// Its renditions.
    pub(crate) tracks: BTreeMap<RenditionId, RunTrack>,
}

/// A rendition within an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunTrack {
    /// What it is.
    pub(crate) track: Track,
    /// The init sections that lie on R2.
    pub(crate) inits: BTreeSet<u32>,
}

impl Run {
    /// The discontinuity sequence number of a segment; `None` before the first is listed.
    pub(crate) fn discontinuity_at(&self, index: SegmentIndex) -> Option<u32> {
        let passed = self.cuts.iter().filter(|cut| **cut <= index).count();
        Some(self.discontinuity?.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX)))
    }

    /// Puts a discontinuity before `index`, unless one is there.
    pub(crate) fn cut(&mut self, index: SegmentIndex) {
        if self.cuts.last().is_some_and(|cut| *cut >= index) {
            return;
        }
        if self.cuts.len() >= CUTS {
            self.cuts.remove(0);
            self.discontinuity = self.discontinuity.map(|d| d.saturating_add(1));
        }
        self.cuts.push(index);
    }

    /// Moves dates so far that media of `date` comes no earlier than the `end` of what is listed, if it does by `least_ms`.
    pub(crate) fn postpone(&mut self, date: Timestamp, end: Option<Timestamp>, least_ms: i64) {
        let overlap_ms = end.map_or(0, |end| end.since(date.plus_millis(self.late_ms)));
        if overlap_ms >= least_ms {
            self.late_ms = self.late_ms.saturating_add(overlap_ms);
        }
    }

    /// Remembers an init section of a rendition; whether that is news.
    pub(crate) fn add_track(&mut self, track: &Track, init: u32) -> bool {
        let known = self
            .tracks
            .entry(track.rendition.clone())
            .or_insert_with(|| RunTrack { track: track.clone(), inits: BTreeSet::new() });
        if known.inits.last().is_some_and(|newest| *newest >= init) {
            return false;
        }
        known.track = track.clone();
        known.inits.insert(init);
        if known.inits.len() > INITS {
            known.inits.pop_first();
        }
        true
    }
}
