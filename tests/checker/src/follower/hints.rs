//! What was hinted comes as it was hinted (sections 4.4.5.3 and 6.2.6).

use std::collections::BTreeSet;

use crate::{
    media::{HintType, MediaPlaylist},
    rule::Rule,
    violation::Findings,
};

/// Compares the part that `known` hinted with what `next` lists.
///
/// A server may give a hinted part up when the segmentation changes (6.2.6): the segment ends before it, or what would have
/// been the segment's first part lies behind a discontinuity. It is `withdrawn` then, and must not come later.
pub(super) fn compare(
    known: &MediaPlaylist,
    next: &MediaPlaylist,
    withdrawn: &mut BTreeSet<String>,
    findings: &mut Findings,
) {
    for part in next.parents().flat_map(|parent| parent.parts) {
        if withdrawn.remove(&part.uri) {
            findings.add(Rule::HintBroken, part.at.0, format!("{}, which was given up before", part.uri));
        }
    }
    let Some(hint) = hinted(known) else { return };
    let listed = next.parents().any(|parent| parent.parts.iter().any(|part| part.uri == hint));
    if listed || hinted(next) == Some(hint) {
        return;
    }
    // Where it belonged: behind the last part that was known.
    let (msn, index) = (known.next_msn(), known.growing.as_ref().map_or(0, |growing| growing.parts.len()));
    let parent = next.parents().find(|parent| parent.msn == msn);
    // A segment that is finished and has no parts listed has lost them: nobody can tell.
    if msn < next.media_sequence || parent.is_some_and(|parent| parent.duration.is_some() && parent.parts.is_empty()) {
        return;
    }
    let planned_anew = index == 0 && parent.is_some_and(|parent| parent.opening.discontinuities > 0);
    match parent.and_then(|parent| parent.parts.get(index)) {
        Some(part) if !planned_anew => {
            findings.add(Rule::HintBroken, part.at.0, format!("{} in the place of {hint}", part.uri));
        }
        _ => {
            withdrawn.insert(hint.to_owned());
        }
    }
}

/// A hint within a larger resource names what may be listed already: only a whole resource is told by its URI.
fn hinted(playlist: &MediaPlaylist) -> Option<&str> {
    let hint = playlist.hints.iter().find(|hint| hint.hint_type == HintType::Part)?;
    (hint.start == 0).then_some(&*hint.uri)
}
