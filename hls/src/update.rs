//! What brings a snapshot up to a newer one: what a Room tells its Relays several times a second.

use serde::{Deserialize, Serialize};
use spillway_protocol::media::{Epoch, RenditionId, Track};

use crate::{
    bandwidth::Bandwidth,
    parts::OpenSegment,
    segment::Segment,
    snapshot::{RenditionSnapshot, Snapshot},
};

/// News of a stream's playlists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "news", content = "data")]
pub enum News {
    /// All there is.
    Whole(Snapshot),
    /// What has changed.
    Update(Update),
}

/// The difference between two snapshots of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Update {
    /// The version that this is a difference from…
    from: u64,
    /// … and the one it leads to.
    to: u64,
    ended: bool,
    publishing: Option<Epoch>,
    independent: bool,
    renditions: Vec<Changed>,
}

/// A rendition that has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    id: RenditionId,
    track: Option<Track>,
    bandwidth: Bandwidth,
    /// The first that is listed now.
    sequence: u64,
    /// The first of those that were not.
    next: u64,
    added: Vec<Segment>,
    open: Option<OpenSegment>,
}

impl News {
    /// What to tell someone who has `known` so that it has `now`.
    pub fn between(known: Option<&Snapshot>, now: &Snapshot) -> Self {
        known.and_then(|known| Update::between(known, now)).map_or_else(|| Self::Whole(now.clone()), Self::Update)
    }

    /// Brings `known` up to date, where it is older than this, and what this is a difference from.
    pub fn apply(self, known: &mut Option<Snapshot>) {
        match (self, known) {
            (Self::Whole(new), Some(known)) if new.version <= known.version => {}
            (Self::Whole(new), known) => *known = Some(new),
            (Self::Update(update), Some(known)) if known.version == update.from => update.apply(known),
            (Self::Update(_), _) => {}
        }
    }
}

impl Update {
    /// `None` when what never changes has.
    fn between(old: &Snapshot, new: &Snapshot) -> Option<Self> {
        if (old.target_ms, old.part_target_ms) != (new.target_ms, new.part_target_ms) {
            return None;
        }
        let renditions = new.renditions.iter().filter(|r| old.rendition(&r.id) != Some(r));
        let &Snapshot { version: to, ended, publishing, independent, .. } = new;
        Some(Self {
            from: old.version,
            to,
            ended,
            publishing,
            independent,
            renditions: renditions.map(|r| Changed::between(old.rendition(&r.id), r)).collect(),
        })
    }

    fn apply(self, known: &mut Snapshot) {
        (known.version, known.ended, known.publishing, known.independent) =
            (self.to, self.ended, self.publishing, self.independent);
        for changed in self.renditions {
            let place = known.renditions.partition_point(|r| r.id < changed.id);
            match known.renditions.get_mut(place).filter(|r| r.id == changed.id) {
                Some(rendition) => changed.apply(rendition),
                None => known.renditions.insert(place, changed.rendition()),
            }
        }
    }
}

impl Changed {
    fn between(old: Option<&RenditionSnapshot>, new: &RenditionSnapshot) -> Self {
        let next = old.map_or(new.sequence, |old| old.next_sequence().clamp(new.sequence, new.next_sequence()));
        // A window that has gone further back (a longer delay) is told as a whole.
        let next = if old.is_some_and(|old| new.sequence < old.sequence) { new.sequence } else { next };
        let known = usize::try_from(next.saturating_sub(new.sequence)).unwrap_or(usize::MAX);
        Self {
            id: new.id.clone(),
            track: new.track.clone(),
            bandwidth: new.bandwidth,
            sequence: new.sequence,
            next,
            added: new.segments.get(known..).unwrap_or_default().to_vec(),
            open: new.open.clone(),
        }
    }

    fn apply(self, known: &mut RenditionSnapshot) {
        let within = |sequence: u64| usize::try_from(sequence.saturating_sub(known.sequence)).unwrap_or(usize::MAX);
        let (left, kept) = (within(self.sequence), within(self.next));
        known.segments.truncate(kept);
        known.segments.drain(..left.min(known.segments.len()));
        known.segments.extend(self.added);
        (known.track, known.bandwidth, known.sequence, known.open) =
            (self.track, self.bandwidth, self.sequence, self.open);
    }

    fn rendition(self) -> RenditionSnapshot {
        let Self { id, track, bandwidth, sequence, added, open, .. } = self;
        RenditionSnapshot { id, track, bandwidth, sequence, segments: added, open }
    }
}
