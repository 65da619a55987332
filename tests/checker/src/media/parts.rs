//! How long parts are (sections 3.2 and 4.4.4.9).

use std::time::Duration;

use super::{
    derived::Parent,
    model::{MediaPlaylist, Part, ROUNDING, total},
};
use crate::{rule::Rule, violation::Findings};

pub(super) fn check(playlist: &MediaPlaylist, findings: &mut Findings) {
    let Some(first) = playlist.parents().find_map(|parent| parent.parts.first()) else { return };
    if playlist.i_frames_only {
        findings.add(Rule::IFrameParts, first.at.0, &*first.uri);
    }
    if let Some(target) = playlist.part_target {
        playlist.parents().for_each(|parent| bounds(parent, target, findings));
    } else {
        findings.add(Rule::PartInfMissing, first.at.0, &*first.uri);
    }
    let mut oldest = true;
    for parent in playlist.parents().filter(|parent| !parent.parts.is_empty()) {
        sum(parent, oldest, findings);
        oldest = false;
    }
}

fn bounds(parent: Parent<'_>, target: Duration, findings: &mut Findings) {
    let mut parts = parent.parts.iter().peekable();
    while let Some(part) = parts.next() {
        let found = || format!("{:?} of {target:?}", part.duration);
        if part.duration > target {
            findings.add(Rule::PartTooLong, part.at.0, found());
        }
        // The last one may be the final one of its segment, even where that is not known yet.
        let next: Option<&&Part> = parts.peek();
        let excepted = part.independent || part.gap || next.is_none_or(|next| next.gap);
        if !excepted && part.duration.as_nanos() * 100 < target.as_nanos() * 85 {
            findings.add(Rule::PartTooShort, part.at.0, found());
        }
    }
}

/// A finished segment is as long as its parts; the oldest one may have lost some already (6.2.2).
fn sum(parent: Parent<'_>, oldest: bool, findings: &mut Findings) {
    let Some(duration) = parent.duration.filter(|duration| !duration.is_zero()) else { return };
    let sum = total(parent.parts.iter().map(|part| part.duration));
    let rounding = total(parent.parts.iter().map(|_| ROUNDING)).saturating_add(ROUNDING);
    let too_long = sum > duration.saturating_add(rounding);
    let too_short = sum.saturating_add(rounding) < duration;
    if too_long || (too_short && !oldest) {
        findings.add(Rule::PartsDuration, parent.at.0, format!("{duration:?}, and parts of {sum:?}"));
    }
}
