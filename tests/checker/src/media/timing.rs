//! How long segments are, and when (sections 4.4.3.1 and 6.2.1).

use std::time::{Duration, SystemTime};

use super::model::MediaPlaylist;
use crate::{rule::Rule, violation::Findings};

const HALF: Duration = Duration::from_millis(500);
/// Overlaps of dates must be shorter (6.2.1).
const OVERLAP: Duration = Duration::from_secs(1);

pub(super) fn check(playlist: &MediaPlaylist, findings: &mut Findings) {
    for segment in &playlist.segments {
        if segment.duration.saturating_add(HALF).as_secs() > playlist.target_duration.as_secs() {
            findings.add(Rule::SegmentTooLong, segment.at.0, format!("{:?}", segment.duration));
        }
    }
    dates(playlist, findings);
}

fn dates(playlist: &MediaPlaylist, findings: &mut Findings) {
    let dated = playlist.parents().any(|parent| parent.opening.date.is_some());
    let mut before: Option<(SystemTime, Duration)> = None;
    for (parent, start) in playlist.parents().zip(playlist.starts()) {
        let opening = parent.opening;
        // Tags without a part or a URI are no segment yet.
        let listed = parent.duration.is_some() || !parent.parts.is_empty();
        if dated && listed && opening.discontinuities > 0 && opening.date.is_none() {
            findings.add(Rule::DiscontinuityWithoutDate, parent.at.0, "a discontinuity");
        }
        if let (Some(date), Some((begin, duration))) = (opening.date, before) {
            let overlap = begin.checked_add(duration).and_then(|end| end.duration_since(date).ok()).unwrap_or_default();
            if date <= begin || overlap >= OVERLAP {
                let found = format!("an overlap of {overlap:?} with the segment before");
                findings.add(Rule::DateAmbiguous, parent.at.0, found);
            }
        }
        before = start.zip(parent.duration);
    }
}
