//! Delta updates (sections 4.4.5.2, 6.2.5.1 and 6.3.7).

use crate::{
    media::{MediaPlaylist, Opening, Segment},
    rule::Rule,
    violation::Findings,
};

/// The whole playlist that `next` stands for; `None` when it skips what is not known.
///
/// `skip` stays, as a note of what was not listed this time.
pub(super) fn resolve(
    known: Option<&MediaPlaylist>,
    mut next: MediaPlaylist,
    findings: &mut Findings,
) -> Option<MediaPlaylist> {
    let Some(skip) = next.skip else { return Some(next) };
    let skipped = known.and_then(|known| {
        let from = usize::try_from(next.media_sequence.checked_sub(known.media_sequence)?).ok()?;
        let count = usize::try_from(skip.segments).ok()?;
        Some((known, known.segments.get(from..from.checked_add(count)?)?))
    });
    let Some((known, skipped)) = skipped else {
        let found = format!("{} segments from {} on", skip.segments, next.media_sequence);
        findings.add(Rule::DeltaUnknown, skip.at.0, found);
        return None;
    };
    if let Some(last) = skipped.last() {
        inherit(last, &mut next);
    }
    next.segments.splice(0..0, skipped.iter().cloned());
    next.number_discontinuities();
    // A delta update needs a version that the whole playlist may do without.
    next.version = known.version;
    Some(next)
}

/// What was in force at the last skipped segment stays so, up to the first tag that changes it.
fn inherit(last: &Segment, next: &mut MediaPlaylist) {
    let openings =
        || next.segments.iter().map(|segment| &segment.opening).chain(next.growing.iter().map(|g| &g.opening));
    let maps = openings().take_while(|opening| opening.map.is_none()).count();
    let keys = openings().take_while(|opening| opening.keys.is_empty()).count();
    let rates = next.segments.iter().take_while(|segment| segment.bitrate.is_none()).count();
    let openings = next.segments.iter_mut().map(|segment| &mut segment.opening);
    let openings = openings.chain(next.growing.iter_mut().map(|growing| &mut growing.opening));
    for (index, opening) in openings.enumerate() {
        let Opening { keys: own_keys, map, .. } = opening;
        if index < maps {
            map.clone_from(&last.opening.map);
        }
        if index < keys {
            own_keys.clone_from(&last.opening.keys);
        }
    }
    for segment in next.segments.iter_mut().take(rates) {
        segment.bitrate = last.bitrate;
    }
}
