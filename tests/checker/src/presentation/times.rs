//! Dates and discontinuities (section 6.2.4): the same time is the same everywhere.

use std::time::SystemTime;

use super::Placed;
use crate::{media::MediaPlaylist, rule::Rule, violation::Findings};

/// A segment in time.
struct Span {
    start: SystemTime,
    end: SystemTime,
    discontinuity_sequence: u64,
    line: usize,
}

impl Span {
    fn middle(&self) -> Option<SystemTime> {
        self.start.checked_add(self.end.duration_since(self.start).ok()? / 2)
    }
}

pub(super) fn check(placed: &[Placed<'_>], findings: &mut Findings) {
    let dated = |one: &&Placed<'_>| one.playlist.segments.iter().any(|segment| segment.opening.date.is_some());
    if placed.iter().any(|one| dated(&one)) {
        // One that lists nothing has nothing to date, and a delta update may have skipped its dates.
        let silent =
            |one: &&Placed<'_>| !one.playlist.segments.is_empty() && one.playlist.skip.is_none() && !dated(one);
        for one in placed.iter().filter(silent) {
            findings.add(Rule::DatesMissing, 0, one.uri);
        }
    }
    // Only whole playlists have the right numbers.
    let mut whole = placed.iter().filter(|one| one.playlist.skip.is_none());
    let Some(first) = whole.next() else { return };
    let reference = spans(&first.playlist);
    for other in whole {
        if let Some(span) = spans(&other.playlist).iter().find(|span| disagrees(span, &reference)) {
            let found = format!("{} in {}, another in {}", span.discontinuity_sequence, other.uri, first.uri);
            findings.add(Rule::DiscontinuitiesDiffer, span.line, found);
        }
    }
}

fn spans(playlist: &MediaPlaylist) -> Vec<Span> {
    let span = |(start, segment): (Option<SystemTime>, &crate::media::Segment)| {
        let start = start?;
        let end = start.checked_add(segment.duration)?;
        let discontinuity_sequence = segment.opening.discontinuity_sequence;
        Some(Span { start, end, discontinuity_sequence, line: segment.at.0 })
    };
    playlist.starts().into_iter().zip(&playlist.segments).filter_map(span).collect()
}

/// Its middle lies within others, and none of them has its number: segments' ends may differ by a frame.
fn disagrees(span: &Span, reference: &[Span]) -> bool {
    let Some(middle) = span.middle() else { return false };
    let mut there = reference.iter().filter(|other| other.start <= middle && middle < other.end).peekable();
    there.peek().is_some() && there.all(|other| other.discontinuity_sequence != span.discontinuity_sequence)
}
