//! Streams in the making, for tests.

use std::path::Path;

use spillway_hls::{Snapshot, Timeline, render};
use spillway_protocol::{
    link::{PartReport, Report, SegmentReport},
    media::{Epoch, PartIndex, RenditionId, SegmentIndex, Track, TrackKind},
    time::Timestamp,
};

pub(crate) fn video() -> Track {
    let kind = TrackKind::Video { width: 1920, height: 1080, frame_rate_millis: 29_970 };
    Track { rendition: RenditionId::video(), codec: "avc1.640028".into(), kind }
}

pub(crate) fn audio() -> Track {
    let kind = TrackKind::Audio { channels: 2, sample_rate: 48_000 };
    Track { rendition: RenditionId::audio(), codec: "mp4a.40.2".into(), kind }
}

pub(crate) fn started(epoch: u32) -> Report {
    let at = Timestamp::parse("2026-11-20T18:00:00Z").unwrap().plus_millis(i64::from(epoch - 1) * 60_000);
    Report::Started { at, target_ms: 2_000, part_target_ms: None }
}

pub(crate) fn segment(track: &Track, index: u32) -> SegmentReport {
    let picture = matches!(track.kind, TrackKind::Video { .. });
    SegmentReport {
        rendition: track.rendition.clone(),
        segment: SegmentIndex(index),
        start_us: u64::from(index) * 2_002_000,
        duration_us: if picture { 2_002_000 } else { 2_005_333 },
        independent: true,
        size: if picture { 1_100_000 + u64::from(index) * 10_000 } else { 40_000 },
        init: 0,
        parts: 6,
    }
}

/// A part of a segment that has eight of them.
pub(crate) fn part(track: &Track, segment: u32, number: u32) -> PartReport {
    PartReport {
        rendition: track.rendition.clone(),
        segment: SegmentIndex(segment),
        part: PartIndex(number),
        start_us: u64::from(segment) * 2_002_000 + u64::from(number) * 250_250,
        duration_us: 250_250,
        independent: number == 0 || matches!(track.kind, TrackKind::Audio { .. }),
        last: number == 7,
        size: 90_000,
    }
}

/// A timeline in the making, for tests that expect every report to be taken.
pub(crate) struct Live(pub(crate) Timeline);

impl Live {
    pub(crate) fn new(tracks: &[Track]) -> Self {
        let mut live = Self(Timeline::default());
        live.publish(1, tracks);
        live
    }

    pub(crate) fn publish(&mut self, epoch: u32, tracks: &[Track]) {
        self.say(epoch, &started(epoch));
        for track in tracks {
            self.say(epoch, &Report::Track { track: track.clone(), init: 0 });
        }
    }

    pub(crate) fn say(&mut self, epoch: u32, report: &Report) {
        let change = self.0.apply(Epoch(epoch), report).unwrap();
        assert!(!change.rows.is_empty(), "{report:?}");
    }

    pub(crate) fn list(&mut self, epoch: u32, tracks: &[Track], indices: std::ops::Range<u32>) {
        for index in indices {
            for track in tracks {
                self.say(epoch, &Report::Segment(segment(track, index)));
            }
        }
    }

    /// Lists parts of a segment; and the segment, when they are all of it.
    pub(crate) fn parts(&mut self, epoch: u32, tracks: &[Track], index: u32, numbers: std::ops::Range<u32>) {
        for number in numbers {
            for track in tracks {
                self.say(epoch, &Report::Part(part(track, index, number)));
            }
            if number == 7 {
                self.list(epoch, tracks, index..index + 1);
            }
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.0.snapshot(0, 0).unwrap()
    }

    pub(crate) fn media(&self, track: &Track) -> String {
        render::media(&self.snapshot(), &track.rendition, false).unwrap()
    }
}

/// Compares all of a stream's playlists with the file of that name.
pub(crate) fn golden(name: &str, snapshot: &Snapshot) {
    let mut text = format!("==> index.m3u8\n{}", render::multivariant(snapshot));
    for rendition in &snapshot.renditions {
        let media = render::media(snapshot, &rendition.id, false).unwrap();
        text.push_str(&format!("==> {}.m3u8\n{media}", rendition.id));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap(), "{name}");
}
