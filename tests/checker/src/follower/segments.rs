//! What is listed stays as it is (section 6.2.1).

use crate::{
    media::{MediaPlaylist, Opening, Parent, Segment},
    rule::Rule,
    violation::Findings,
};

pub(super) fn compare(known: &MediaPlaylist, next: &MediaPlaylist, findings: &mut Findings) {
    let mut renumbered = false;
    for (old, new) in both_parents(known, next) {
        // Tags without a part may still be followed by more of them.
        if old.duration.is_none() && old.parts.is_empty() {
            continue;
        }
        if old.opening.date != new.opening.date {
            findings.add(Rule::DateChanged, new.at.0, format!("{:?} after {:?}", new.opening.date, old.opening.date));
        }
        let numbers = (old.opening.discontinuity_sequence, new.opening.discontinuity_sequence);
        // From one on, all would be said to have changed.
        if numbers.0 != numbers.1 && !renumbered {
            renumbered = true;
            findings.add(Rule::DiscontinuityNumberChanged, new.at.0, format!("{} after {}", numbers.1, numbers.0));
        }
        if !same_tags(old.opening, new.opening) {
            findings.add(Rule::SegmentChanged, new.at.0, format!("other tags at segment {}", new.msn));
        }
    }
    for (old, new) in both(known, next).filter(|(old, new)| !same_media(old, new)) {
        findings.add(Rule::SegmentChanged, new.at.0, format!("{} after {}", new.uri, old.uri));
    }
}

/// How many segments `next` has removed.
fn removed(known: &MediaPlaylist, next: &MediaPlaylist) -> usize {
    usize::try_from(next.media_sequence.saturating_sub(known.media_sequence)).unwrap_or(usize::MAX)
}

/// The segments that both list.
pub(super) fn both<'a>(
    known: &'a MediaPlaylist,
    next: &'a MediaPlaylist,
) -> impl Iterator<Item = (&'a Segment, &'a Segment)> {
    known.segments.iter().skip(removed(known, next)).zip(&next.segments)
}

/// The segments that both list, growing ones with them.
pub(super) fn both_parents<'a>(
    known: &'a MediaPlaylist,
    next: &'a MediaPlaylist,
) -> impl Iterator<Item = (Parent<'a>, Parent<'a>)> {
    known.parents().skip(removed(known, next)).zip(next.parents())
}

fn same_tags(old: &Opening, new: &Opening) -> bool {
    old.discontinuities == new.discontinuities && old.keys == new.keys && old.map == new.map
}

fn same_media(old: &Segment, new: &Segment) -> bool {
    (&old.uri, old.duration, &old.title, old.range, old.gap, old.bitrate)
        == (&new.uri, new.duration, &new.title, new.range, new.gap, new.bitrate)
}
