//! An independent reading of media playlists, and the rules of RFC 8216bis that hold from one reload to the next.

use std::collections::{BTreeMap, BTreeSet};

/// A segment as a player understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) uri: String,
    pub(crate) sequence: u64,
    pub(crate) discontinuity: u64,
    pub(crate) map: String,
    pub(crate) gap: bool,
    pub(crate) micros: u64,
    pub(crate) date: String,
    /// The tags that belong to it alone, as they stand.
    pub(crate) tags: Vec<String>,
}

/// A media playlist as a player understands it.
#[derive(Debug, Clone)]
pub(crate) struct Playlist {
    pub(crate) target: u64,
    pub(crate) ended: bool,
    pub(crate) segments: Vec<Listed>,
}

fn number(line: &str, tag: &str) -> u64 {
    line.strip_prefix(tag).unwrap_or_else(|| panic!("{tag} expected, found {line}")).parse().unwrap()
}

/// Reads a media playlist; panics on whatever is not as it must be.
pub(crate) fn read(text: &str) -> Playlist {
    assert!(text.ends_with('\n') && !text.contains('\r') && !text.contains("\n\n"));
    let mut lines = text.lines().peekable();
    assert_eq!(lines.next(), Some("#EXTM3U"));
    assert!(number(lines.next().unwrap(), "#EXT-X-VERSION:") >= 6);
    let target = number(lines.next().unwrap(), "#EXT-X-TARGETDURATION:");
    let mut sequence = number(lines.next().unwrap(), "#EXT-X-MEDIA-SEQUENCE:");
    let mut discontinuity = number(lines.next().unwrap(), "#EXT-X-DISCONTINUITY-SEQUENCE:");
    let (mut segments, mut map, mut ended) = (Vec::new(), None, false);
    while lines.peek().is_some() {
        let (mut tags, mut gap, mut micros, mut date, mut fresh_map) = (Vec::new(), false, None, None, false);
        let mut cut = false;
        let uri = loop {
            let Some(line) = lines.next() else { break None };
            if line == "#EXT-X-DISCONTINUITY" {
                discontinuity += 1;
                cut = true;
            } else if let Some(uri) = line.strip_prefix("#EXT-X-MAP:URI=\"") {
                map = Some(uri.strip_suffix('"').unwrap().to_owned());
                fresh_map = true;
                continue;
            } else if let Some(at) = line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:") {
                date = Some(at.to_owned());
            } else if line == "#EXT-X-GAP" {
                gap = true;
            } else if let Some(duration) = line.strip_prefix("#EXTINF:") {
                let (seconds, rest) = duration.strip_suffix(',').unwrap().split_once('.').unwrap();
                assert_eq!(rest.len(), 5);
                micros = Some(seconds.parse::<u64>().unwrap() * 1_000_000 + rest.parse::<u64>().unwrap() * 10);
            } else if line == "#EXT-X-ENDLIST" {
                ended = true;
                assert!(tags.is_empty() && lines.next().is_none());
                break None;
            } else {
                assert!(!line.starts_with('#'), "unknown tag {line}");
                break Some(line.to_owned());
            }
            tags.push(line.to_owned());
        };
        let Some(uri) = uri else { break };
        assert!(!cut || fresh_map, "no EXT-X-MAP behind a discontinuity");
        let micros = micros.expect("EXTINF");
        assert!(micros > 0 && (micros + 500_000) / 1_000_000 <= target, "{micros} µs of {target} s");
        segments.push(Listed {
            uri,
            sequence,
            discontinuity,
            map: map.clone().expect("EXT-X-MAP"),
            gap,
            micros,
            date: date.expect("EXT-X-PROGRAM-DATE-TIME"),
            tags,
        });
        sequence += 1;
    }
    assert!(!segments.is_empty());
    Playlist { target, ended, segments }
}

/// Follows the playlists of one stream through their reloads.
#[derive(Default)]
pub(crate) struct Follower {
    last: BTreeMap<String, Playlist>,
    seen: BTreeMap<String, Listed>,
    by_time: BTreeMap<(u64, u64), u64>,
    target: Option<u64>,
    newest_epoch: u64,
}

/// `<epoch>/<rendition>/<index>.m4s`.
fn place(uri: &str) -> (u64, u64) {
    let pieces: Vec<_> = uri.split('/').collect();
    (pieces[0].parse().unwrap(), pieces[2].strip_suffix(".m4s").unwrap().parse().unwrap())
}

impl Follower {
    /// A reload of every playlist; `reported` are the paths that the origin has reported.
    pub(crate) fn reload(&mut self, playlists: &BTreeMap<String, String>, reported: &BTreeSet<String>) {
        let newest: Vec<_> =
            playlists.iter().map(|(rendition, text)| self.reload_one(rendition, text, reported)).collect();
        self.newest_epoch = newest.into_iter().fold(0, u64::max);
    }

    /// The newest epoch that is listed.
    fn reload_one(&mut self, rendition: &str, text: &str, reported: &BTreeSet<String>) -> u64 {
        let next = read(text);
        let mut newest = self.newest_epoch;
        assert_eq!(*self.target.get_or_insert(next.target), next.target, "the target duration changed");
        for segment in &next.segments {
            let (epoch, index) = place(&segment.uri);
            assert!(segment.gap || reported.contains(&segment.uri), "{} was not reported", segment.uri);
            assert!(reported.contains(&segment.map), "{} was not reported", segment.map);
            let number = *self.by_time.entry((epoch, index)).or_insert(segment.discontinuity);
            assert_eq!(number, segment.discontinuity, "{}: renditions disagree", segment.uri);
            if let Some(known) = self.seen.get(&segment.uri) {
                assert_eq!(known, segment, "a listed segment changed");
            } else {
                assert!(epoch >= self.newest_epoch, "{} of an old epoch was listed late", segment.uri);
                newest = newest.max(epoch);
                self.seen.insert(segment.uri.clone(), segment.clone());
            }
        }
        for pair in next.segments.windows(2) {
            assert!(place(&pair[0].uri) < place(&pair[1].uri), "order");
            assert!(place(&pair[0].uri).0 == place(&pair[1].uri).0 || pair[0].discontinuity < pair[1].discontinuity);
        }
        if let Some(last) = self.last.get(rendition) {
            let (old, new) = (&last.segments, &next.segments);
            assert!(old[0].sequence <= new[0].sequence, "the window went back");
            let removed = usize::try_from(new[0].sequence - old[0].sequence).unwrap();
            assert!(removed <= old.len(), "segments came and went unseen");
            let kept = &old[removed..];
            assert_eq!(new.get(..kept.len()), Some(kept), "more changed than RFC 8216bis, section 6.2.1, allows");
            if removed > 0 {
                let length: u64 = new.iter().map(|s| s.micros).sum();
                // EXTINF is cut to 10 µs.
                let rounding = 10 * new.len() as u64;
                assert!(new.len() >= 6 && length + rounding >= 6 * next.target * 1_000_000, "the window is too short");
            }
            if last.ended {
                assert!(next.ended && old == new, "something followed EXT-X-ENDLIST");
            }
        }
        self.last.insert(rendition.to_owned(), next);
        newest
    }
}
