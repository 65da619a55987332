//! Date ranges beside each other (section 4.4.5.1).

use std::collections::BTreeMap;

use super::model::{DateRange, MediaPlaylist};
use crate::{rule::Rule, violation::Findings};

pub(super) fn check(playlist: &MediaPlaylist, findings: &mut Findings) {
    let dated = playlist.parents().any(|parent| parent.opening.date.is_some());
    // A delta update may have skipped the dates.
    if let Some(range) = playlist.date_ranges.first().filter(|_| !dated && playlist.skip.is_none()) {
        findings.add(Rule::DateRangeUndated, range.at.0, &*range.id);
    }
    let mut known: BTreeMap<&str, DateRange> = BTreeMap::new();
    for range in &playlist.date_ranges {
        let whole = known.entry(&range.id).or_insert_with(|| range.clone());
        merge(whole, range, findings);
        ends(whole, range.at.0, findings);
    }
}

/// Several tags of one ID are one range.
fn merge(whole: &mut DateRange, range: &DateRange, findings: &mut Findings) {
    for (name, value) in &range.attributes {
        if whole.attributes.entry(name.clone()).or_insert_with(|| value.clone()) != value {
            findings.add(Rule::DateRangeConflict, range.at.0, format!("{}: {name}={value}", range.id));
        }
    }
    whole.start = whole.start.or(range.start);
    whole.end = whole.end.or(range.end);
    whole.duration = whole.duration.or(range.duration);
}

fn ends(whole: &DateRange, line: usize, findings: &mut Findings) {
    let (Some(start), Some(end)) = (whole.start, whole.end) else { return };
    let wrong = whole.duration.map_or(end < start, |duration| start.checked_add(duration) != Some(end));
    if wrong {
        findings.add(Rule::DateRangeEnd, line, &*whole.id);
    }
}
