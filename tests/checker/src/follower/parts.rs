//! Parts are added at the end and removed from the front (sections 6.2.1 and 6.2.2).

use std::time::Duration;

use super::segments::both_parents;
use crate::{
    media::{MediaPlaylist, Parent, Part, ROUNDING, total},
    rule::Rule,
    violation::Findings,
};

pub(super) fn compare(known: &MediaPlaylist, next: &MediaPlaylist, findings: &mut Findings) {
    let mut early = false;
    for (old, new) in both_parents(known, next) {
        // What a delta update skipped was not seen.
        if new.msn < next.first_listed() {
            continue;
        }
        let Some(removed) = removed(old, new) else {
            findings.add(Rule::PartChanged, new.at.0, format!("the parts of segment {}", new.msn));
            continue;
        };
        if removed == 0 {
            continue;
        }
        let found = format!("{removed} parts of segment {}", new.msn);
        if older(next, new.msn) {
            findings.add(Rule::PartOrder, new.at.0, &*found);
        }
        if !new.parts.is_empty() {
            findings.add(Rule::PartsHalfRemoved, new.at.0, &*found);
        }
        // With the end of the stream, there is no live edge any more.
        if !early && !next.ended && !far(next, old, removed) {
            early = true;
            findings.add(Rule::PartRemovedEarly, new.at.0, found);
        }
    }
}

/// How many parts are gone from the front; `None` when the others are not what they were.
fn removed(old: Parent<'_>, new: Parent<'_>) -> Option<usize> {
    if new.parts.is_empty() {
        return Some(old.parts.len());
    }
    let gone = old.parts.iter().position(|part| Some(part) == new.parts.first()).unwrap_or(0);
    let left = old.parts.get(gone..)?;
    let finished = old.duration.is_some();
    (new.parts.starts_with(left) && !(finished && new.parts.len() > left.len())).then_some(gone)
}

/// Whether a segment before this one still has parts.
fn older(next: &MediaPlaylist, msn: u64) -> bool {
    let listed = next.parents().filter(|parent| parent.msn >= next.first_listed());
    listed.take_while(|parent| parent.msn < msn).any(|parent| !parent.parts.is_empty())
}

/// Whether the last of the removed parts ends three target durations before the playlist does.
fn far(next: &MediaPlaylist, old: Parent<'_>, removed: usize) -> bool {
    let length = |parts: &[Part]| total(parts.iter().map(|part| part.duration));
    let behind = old.parts.get(removed..).map_or(Duration::ZERO, length);
    let later = next.parents().filter(|parent| parent.msn > old.msn);
    let later = later.map(|parent| parent.duration.unwrap_or_else(|| length(parent.parts)));
    let (count, distance) = later.fold((1, behind), |(count, sum), each| (count + 1, sum.saturating_add(each)));
    distance.saturating_add(ROUNDING.saturating_mul(count)) >= next.target_duration.saturating_mul(3)
}
