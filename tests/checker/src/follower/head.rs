//! What stands around the segments (sections 6.2.1 and 4.4.5.4).

use crate::{media::MediaPlaylist, rule::Rule, violation::Findings};

pub(super) fn compare(known: &MediaPlaylist, next: &MediaPlaylist, findings: &mut Findings) {
    if known.target_duration != next.target_duration {
        let found = format!("{:?} after {:?}", next.target_duration, known.target_duration);
        findings.add(Rule::TargetChanged, 0, found);
    }
    if known.part_target != next.part_target {
        findings.add(Rule::PartTargetChanged, 0, format!("{:?} after {:?}", next.part_target, known.part_target));
    }
    let rest = [
        ("EXT-X-VERSION", known.version == next.version),
        ("EXT-X-INDEPENDENT-SEGMENTS", known.independent_segments == next.independent_segments),
        ("EXT-X-PLAYLIST-TYPE", known.playlist_type == next.playlist_type),
        ("EXT-X-I-FRAMES-ONLY", known.i_frames_only == next.i_frames_only),
        ("EXT-X-SERVER-CONTROL", known.server_control == next.server_control),
    ];
    for (name, _) in rest.into_iter().filter(|(_, same)| !same) {
        findings.add(Rule::HeadChanged, 0, name);
    }
    let end = |playlist: &MediaPlaylist| playlist.parents().next_back().map(|parent| (parent.msn, parent.parts.len()));
    if known.ended && (!next.ended || end(known) < end(next)) {
        findings.add(Rule::ChangedAfterEnd, 0, if next.ended { "more segments" } else { "no EXT-X-ENDLIST" });
    }
    reports(known, next, findings);
}

/// Rendition reports are as up to date as the playlist that has them.
fn reports(known: &MediaPlaylist, next: &MediaPlaylist, findings: &mut Findings) {
    for new in &next.reports {
        let Some(old) = known.reports.iter().find(|old| old.uri == new.uri) else { continue };
        // What is left out equals the playlist's own, and is checked there.
        let (Some(before), Some(after)) = (old.last_msn, new.last_msn) else { continue };
        let parts = old.last_part.zip(new.last_part);
        if after < before || (after == before && parts.is_some_and(|(before, after)| after < before)) {
            findings.add(Rule::ReportWentBack, new.at.0, format!("{}: {after}, was {before}", new.uri));
        }
    }
}
