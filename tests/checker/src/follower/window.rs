//! What is listed moves on (section 6.2.2).

use super::segments::both;
use crate::{
    media::{MediaPlaylist, PlaylistType, ROUNDING, Segment, total},
    rule::Rule,
    violation::Findings,
};

/// Where a reload leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// On, or nowhere.
    Forward,
    /// Back to what was before.
    Back,
    /// The numbers do not fit.
    Astray,
}

pub(super) fn course(known: &MediaPlaylist, next: &MediaPlaylist, findings: &mut Findings) -> Course {
    if next.media_sequence < known.media_sequence {
        let found = format!("{} behind {}", next.media_sequence, known.media_sequence);
        findings.add(Rule::SequenceWentBack, 0, found);
        return Course::Back;
    }
    removal(known, next, findings);
    if let Some(found) = misnumbered(known, next) {
        findings.add(Rule::SequenceWrong, 0, found);
        return Course::Astray;
    }
    if edge(next) < edge(known) {
        findings.add(Rule::WentBack, 0, format!("{:?} behind {:?}", edge(next), edge(known)));
        return Course::Back;
    }
    Course::Forward
}

/// The segment that comes next, and how many of its parts are there.
fn edge(playlist: &MediaPlaylist) -> (u64, usize) {
    (playlist.next_msn(), playlist.growing.as_ref().map_or(0, |growing| growing.parts.len()))
}

/// A segment that was known under another number.
fn misnumbered(known: &MediaPlaylist, next: &MediaPlaylist) -> Option<String> {
    let same = |old: &Segment, new: &Segment| old.uri == new.uri && old.range == new.range;
    let (_, new) = both(known, next).find(|(old, new)| !same(old, new))?;
    let old = known.segments.iter().find(|old| same(old, new))?;
    Some(format!("{} is {}, was {}", new.uri, new.msn, old.msn))
}

/// An EVENT playlist only grows, a VOD playlist does not even do that.
fn removal(known: &MediaPlaylist, next: &MediaPlaylist, findings: &mut Findings) {
    let Some(playlist_type) = known.playlist_type else { return };
    let removed = next.media_sequence > known.media_sequence;
    let changed = playlist_type == PlaylistType::Vod && edge(known) != edge(next);
    if removed || changed {
        findings.add(Rule::TypeBroken, 0, format!("{playlist_type:?}"));
    }
}

/// Three target durations are left, unless the stream is over.
pub(super) fn long_enough(next: &MediaPlaylist, findings: &mut Findings) {
    let rounding = total(next.segments.iter().map(|_| ROUNDING));
    let duration = next.duration();
    if !next.ended && duration.saturating_add(rounding) < next.target_duration.saturating_mul(3) {
        findings.add(Rule::PlaylistTooShort, 0, format!("{duration:?}"));
    }
}
