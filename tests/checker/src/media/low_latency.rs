//! What a server offers, hints, reports and skips (sections 4.4.3.8, 4.4.5 and 6.2.5).

use std::collections::BTreeSet;

use super::model::{HintType, MediaPlaylist, ROUNDING, total};
use crate::{rule::Rule, uri, violation::Findings};

pub(super) fn check(playlist: &MediaPlaylist, findings: &mut Findings) {
    server_control(playlist, findings);
    hints(playlist, findings);
    reports(playlist, findings);
    skip(playlist, findings);
}

fn server_control(playlist: &MediaPlaylist, findings: &mut Findings) {
    let control = playlist.server_control.clone().unwrap_or_default();
    let (line, target) = (control.at.0, playlist.target_duration);
    if let Some(boundary) = control.can_skip_until.filter(|boundary| *boundary < target.saturating_mul(6)) {
        findings.add(Rule::SkipBoundaryShort, line, format!("{boundary:?}"));
    }
    if control.can_skip_date_ranges && control.can_skip_until.is_none() {
        findings.add(Rule::SkipDateRangesAlone, line, "no CAN-SKIP-UNTIL");
    }
    if let Some(back) = control.hold_back.filter(|back| *back < target.saturating_mul(3)) {
        findings.add(Rule::HoldBackShort, line, format!("{back:?}"));
    }
    let Some(part_target) = playlist.part_target else { return };
    match control.part_hold_back {
        None => findings.add(Rule::PartHoldBackMissing, line, "none"),
        Some(back) if back < part_target.saturating_mul(2) => {
            findings.add(Rule::PartHoldBackShort, line, format!("{back:?}"));
        }
        Some(back) if back < part_target.saturating_mul(3) => {
            findings.add(Rule::PartHoldBackTight, line, format!("{back:?}"));
        }
        Some(_) => {}
    }
}

fn hints(playlist: &MediaPlaylist, findings: &mut Findings) {
    if let Some(hint) = playlist.hints.first().filter(|_| playlist.ended) {
        findings.add(Rule::HintAfterEnd, hint.at.0, &*hint.uri);
    }
    for hint_type in [HintType::Part, HintType::Map] {
        if let Some(hint) = playlist.hints.iter().filter(|hint| hint.hint_type == hint_type).nth(1) {
            findings.add(Rule::HintRepeated, hint.at.0, &*hint.uri);
        }
    }
    let listed: BTreeSet<_> = playlist
        .parents()
        .flat_map(|parent| parent.parts)
        .map(|part| (&*part.uri, part.range.map_or(0, |range| range.start)))
        .collect();
    for hint in playlist.hints.iter().filter(|hint| hint.hint_type == HintType::Part) {
        if listed.contains(&(&*hint.uri, hint.start)) {
            findings.add(Rule::HintListed, hint.at.0, &*hint.uri);
        }
    }
}

fn reports(playlist: &MediaPlaylist, findings: &mut Findings) {
    let mut named = BTreeSet::new();
    for report in &playlist.reports {
        let (line, uri) = (report.at.0, &*report.uri);
        if uri::is_absolute(uri) {
            findings.add(Rule::ReportUriAbsolute, line, uri);
        }
        if !named.insert(uri) {
            findings.add(Rule::ReportRepeated, line, uri);
        }
        if report.last_msn.is_none() || (report.last_part.is_none() && playlist.part_target.is_some()) {
            findings.add(Rule::ReportAbridged, line, uri);
        }
    }
}

fn skip(playlist: &MediaPlaylist, findings: &mut Findings) {
    let Some(skip) = playlist.skip else { return };
    let line = skip.at.0;
    if playlist.ended {
        findings.add(Rule::SkipAfterEnd, line, "EXT-X-ENDLIST");
    }
    let Some(boundary) = playlist.server_control.as_ref().and_then(|control| control.can_skip_until) else {
        findings.add(Rule::SkipNotOffered, line, "no CAN-SKIP-UNTIL");
        return;
    };
    // What is still listed is how far the end of the last skipped segment is from that of the last segment.
    let distance = playlist.duration();
    let rounding = total(playlist.segments.iter().map(|_| ROUNDING));
    if skip.segments > 0 && distance.saturating_add(rounding) < boundary {
        findings.add(Rule::SkipInsideBoundary, line, format!("{distance:?} of {boundary:?}"));
    }
}
