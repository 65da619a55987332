//! Rendition reports (section 4.4.5.4 and appendix B.1).

use super::Placed;
use crate::{media::RenditionReport, rule::Rule, uri, violation::Findings};

pub(super) fn check(placed: &[Placed<'_>], findings: &mut Findings) {
    for one in placed {
        let others: Vec<_> = placed.iter().filter(|other| other.uri != one.uri).collect();
        for report in &one.playlist.reports {
            match others.iter().find(|other| named(one, report) == other.path()) {
                None => findings.add(Rule::ReportUnknown, report.at.0, format!("{} in {}", report.uri, one.uri)),
                Some(other) => last_part(one, report, other, findings),
            }
        }
        // The profile is for live low-latency playlists; those of I-frames may be left out.
        if one.playlist.part_target.is_none() || one.playlist.ended {
            continue;
        }
        for other in others.iter().filter(|other| !other.playlist.i_frames_only) {
            if !one.playlist.reports.iter().any(|report| named(one, report) == other.path()) {
                findings.add(Rule::ReportMissing, 0, format!("none of {} in {}", other.uri, one.uri));
            }
        }
    }
}

fn named(one: &Placed<'_>, report: &RenditionReport) -> String {
    uri::resolve(&one.path(), &report.uri)
}

/// An attribute may be left out where it equals the playlist's own: one without parts has no LAST-PART to equal.
fn last_part(one: &Placed<'_>, report: &RenditionReport, other: &Placed<'_>, findings: &mut Findings) {
    let has_parts = other.playlist.parents().any(|parent| !parent.parts.is_empty());
    if has_parts && report.last_part.is_none() && one.playlist.part_target.is_none() {
        findings.add(Rule::ReportPartMissing, report.at.0, format!("{} in {}", report.uri, one.uri));
    }
}
