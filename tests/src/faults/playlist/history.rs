//! All that one media playlist ever listed.

use std::collections::{BTreeMap, HashMap};

use super::{Listing, Segment};

/// The segments that one rendition ever listed, by media sequence number.
#[derive(Debug, Clone, Default)]
pub struct History {
    segments: BTreeMap<u64, Segment>,
    /// Under which number each URI was listed.
    numbers: HashMap<String, u64>,
    /// The first and the last number of the newest playlist.
    window: Option<(u64, u64)>,
}

impl History {
    /// Takes in the next playlist; what it contradicts, otherwise. A segment keeps its number and all that is said of it as
    /// long as it is listed, a URI has one number, and nothing is taken back (RFC 8216bis, section 6.2.1).
    pub fn add(&mut self, listing: Listing) -> Result<(), String> {
        let (Some(first), Some(last)) = (listing.segments.first(), listing.segments.last()) else {
            return Err("a playlist without segments".to_owned());
        };
        let window = (first.sequence, last.sequence);
        if let Some(before) = self.window.filter(|before| window.0 < before.0 || window.1 < before.1) {
            return Err(format!("{before:?} was listed, and then {window:?}"));
        }
        self.window = Some(window);
        for segment in listing.segments {
            if let Some(known) = self.segments.get(&segment.sequence).filter(|known| **known != segment) {
                return Err(format!("{known:?} became {segment:?}"));
            }
            if let Some(other) = self.numbers.get(&segment.uri).filter(|number| **number != segment.sequence) {
                return Err(format!("{} is listed as {other} and as {}", segment.uri, segment.sequence));
            }
            self.numbers.insert(segment.uri.clone(), segment.sequence);
            self.segments.insert(segment.sequence, segment);
        }
        Ok(())
    }

    /// All segments, in order.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.segments.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// How many of them are known to be missing.
    pub fn gaps(&self) -> usize {
        self.segments.values().filter(|segment| segment.gap).count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The pieces that play through: without a gap, a discontinuity, or a hole that nobody saw listed.
    pub fn runs(&self) -> Vec<Vec<&Segment>> {
        let mut runs: Vec<Vec<&Segment>> = Vec::new();
        for segment in self.segments.values().filter(|segment| !segment.gap) {
            let goes_on = |before: &&Segment| {
                (before.sequence + 1, before.discontinuity, &before.map)
                    == (segment.sequence, segment.discontinuity, &segment.map)
            };
            match runs.last_mut().filter(|run| run.last().is_some_and(goes_on)) {
                Some(run) => run.push(segment),
                None => runs.push(vec![segment]),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(sequence: u64, lines: &str) -> Listing {
        let head = format!("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:{sequence}\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n");
        let map = "#EXT-X-MAP:URI=\"1/video/init0.mp4\"\n";
        let body: String = lines
            .split(' ')
            .map(|line| match line {
                "-" => "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"2/video/init0.mp4\"\n".to_owned(),
                "gap" => "#EXT-X-GAP\n".to_owned(),
                uri => format!("#EXTINF:2.0,\n{uri}\n"),
            })
            .collect();
        Listing::parse(&(head + map + &body)).unwrap()
    }

    #[test]
    fn a_playlist_that_goes_on_is_taken_in() {
        let mut history = History::default();
        history.add(listing(0, "a b gap c")).unwrap();
        history.add(listing(1, "b gap c d - e f")).unwrap();
        assert_eq!(history.len(), 6);
        let runs: Vec<Vec<&str>> =
            history.runs().iter().map(|run| run.iter().map(|segment| segment.uri.as_str()).collect()).collect();
        assert_eq!(runs, [vec!["a", "b"], vec!["d"], vec!["e", "f"]]);
    }

    #[test]
    fn whatever_contradicts_is_found() {
        for (sequence, lines) in [(0, "a"), (1, "x c"), (1, "b gap c"), (2, "b c"), (1, "b - c"), (1, "b c a")] {
            let mut history = History::default();
            history.add(listing(0, "a b c")).unwrap();
            assert!(history.add(listing(sequence, lines)).is_err(), "{sequence} {lines}");
        }
    }
}
