//! Playlists as text, pinned, and the timeline's decisions one by one. With `UPDATE_GOLDEN=1` the files are written anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::format_push_string)]

use std::path::Path;

use spillway_hls::{Refused, Snapshot, Timeline, freshness, render};
use spillway_protocol::{
    link::{EndReason, PartReport, Report, SegmentReport},
    media::{Epoch, PartIndex, RenditionId, SegmentIndex, Track, TrackKind},
    time::Timestamp,
};

fn video() -> Track {
    let kind = TrackKind::Video { width: 1920, height: 1080, frame_rate_millis: 29_970 };
    Track { rendition: RenditionId::video(), codec: "avc1.640028".into(), kind }
}

fn audio() -> Track {
    let kind = TrackKind::Audio { channels: 2, sample_rate: 48_000 };
    Track { rendition: RenditionId::audio(), codec: "mp4a.40.2".into(), kind }
}

fn started(epoch: u32) -> Report {
    let at = Timestamp::parse("2026-11-20T18:00:00Z").unwrap().plus_millis(i64::from(epoch - 1) * 60_000);
    Report::Started { at, target_ms: 2_000 }
}

fn segment(track: &Track, index: u32) -> SegmentReport {
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

/// A timeline in the making, for tests that expect every report to be taken.
struct Live(Timeline);

impl Live {
    fn new(tracks: &[Track]) -> Self {
        let mut live = Self(Timeline::default());
        live.publish(1, tracks);
        live
    }

    fn publish(&mut self, epoch: u32, tracks: &[Track]) {
        self.say(epoch, &started(epoch));
        for track in tracks {
            self.say(epoch, &Report::Track { track: track.clone(), init: 0 });
        }
    }

    fn say(&mut self, epoch: u32, report: &Report) {
        let change = self.0.apply(Epoch(epoch), report).unwrap();
        assert!(!change.rows.is_empty(), "{report:?}");
    }

    fn list(&mut self, epoch: u32, tracks: &[Track], indices: std::ops::Range<u32>) {
        for index in indices {
            for track in tracks {
                self.say(epoch, &Report::Segment(segment(track, index)));
            }
        }
    }

    fn snapshot(&self) -> Snapshot {
        self.0.snapshot().unwrap()
    }

    fn media(&self, track: &Track) -> String {
        render::media(&self.snapshot(), &track.rendition).unwrap()
    }
}

/// Compares all of a stream's playlists with the file of that name.
fn golden(name: &str, snapshot: &Snapshot) {
    let mut text = format!("==> index.m3u8\n{}", render::multivariant(snapshot));
    for rendition in &snapshot.renditions {
        let media = render::media(snapshot, &rendition.id).unwrap();
        text.push_str(&format!("==> {}.m3u8\n{media}", rendition.id));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap(), "{name}");
}

#[test]
fn a_stream_begins() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    live.list(1, &both, 0..2);
    golden("begins.txt", &live.snapshot());
}

#[test]
fn the_window_slides() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    live.list(1, &both, 0..20);
    golden("slides.txt", &live.snapshot());
}

#[test]
fn a_new_epoch_is_a_discontinuity_and_leaves_with_the_window() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    live.list(1, &both, 0..3);
    live.say(1, &Report::Ended { reason: EndReason::Lost });
    live.publish(2, &both);
    live.list(2, &both, 0..2);
    golden("new_epoch.txt", &live.snapshot());
    live.list(2, &both, 2..6);
    assert!(live.media(&video()).contains("#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-DISCONTINUITY\n"));
    live.list(2, &both, 6..7);
    assert!(live.media(&video()).contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-MAP"));
    assert!(live.media(&audio()).contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-MAP"));
}

#[test]
fn a_new_init_section_cuts_every_rendition_at_the_same_segment() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    live.list(1, &both, 0..2);
    live.say(1, &Report::Track { track: Track { codec: "avc1.42c01f".into(), ..video() }, init: 1 });
    // The sound's segment comes first.
    live.list(1, &[audio()], 2..3);
    live.say(1, &Report::Segment(SegmentReport { init: 1, ..segment(&video(), 2) }));
    golden("new_init.txt", &live.snapshot());
}

#[test]
fn what_never_came_is_a_gap() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    live.list(1, &both, 0..2);
    live.list(1, &[video()], 2..4);
    live.list(1, &[audio()], 3..4);
    golden("gap.txt", &live.snapshot());
}

#[test]
fn what_is_told_as_missing_is_a_gap_in_its_place() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    live.list(1, &both, 0..2);
    live.say(1, &Report::Gap(segment(&video(), 2)));
    live.list(1, &[audio()], 2..3);
    live.list(1, &both, 3..4);
    golden("told_gap.txt", &live.snapshot());
    let before = live.0.clone();
    assert_eq!(live.0.apply(Epoch(1), &Report::Gap(segment(&video(), 2))), Ok(spillway_hls::Change::default()));
    assert_eq!(live.0.apply(Epoch(1), &Report::Skipped), Ok(spillway_hls::Change::default()));
    let late = Report::Segment(segment(&video(), 2));
    assert_eq!(live.0.apply(Epoch(1), &late), Err(Refused::OutOfOrder), "what was told as missing stays so");
    assert_eq!(live.0, before);
}

#[test]
fn gaps_alone_are_nothing_to_play() {
    let mut live = Live::new(&[video()]);
    for index in 0..5 {
        live.say(1, &Report::Gap(segment(&video(), index)));
    }
    assert_eq!(live.0.snapshot(), None);
    live.list(1, &[video()], 5..6);
    assert!(live.media(&video()).ends_with("1/video/5.m4s\n"));
}

#[test]
fn a_pipeline_that_begins_anew_is_one_discontinuity_and_no_gap() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    live.list(1, &both, 0..2);
    // Segment 2 was half made; what comes now begins where it did, a millisecond off.
    let anew = |track: &Track, index: u32| {
        let start_us = u64::from(index - 1) * 2_002_000 + 1_000;
        Report::Segment(SegmentReport { init: 1, start_us, ..segment(track, index) })
    };
    for track in &both {
        live.say(1, &Report::Track { track: track.clone(), init: 1 });
    }
    for index in 3..5 {
        for track in &both {
            live.say(1, &anew(track, index));
        }
    }
    golden("anew.txt", &live.snapshot());
}

#[test]
fn sound_that_sits_out_an_epoch_comes_back_with_both_discontinuities() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    live.list(1, &both, 0..1);
    let before = live.media(&audio());
    live.publish(2, &[video()]);
    live.list(2, &[video()], 0..1);
    assert_eq!(live.media(&audio()), before);
    assert!(!render::multivariant(&live.snapshot()).contains("audio"));
    live.publish(3, &both);
    live.list(3, &both, 0..1);
    golden("sound_returns.txt", &live.snapshot());
}

#[test]
fn sound_alone_and_picture_alone_are_streams() {
    for (name, track) in [("sound_only.txt", audio()), ("picture_only.txt", video())] {
        let only = [track];
        let mut live = Live::new(&only);
        live.list(1, &only, 0..2);
        golden(name, &live.snapshot());
    }
}

#[test]
fn the_end_is_final() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    live.list(1, &both, 0..2);
    assert_eq!(freshness::cache_control(&live.snapshot()), "public, max-age=1");
    assert!(live.0.end().playlists);
    golden("ended.txt", &live.snapshot());
    assert_eq!(freshness::cache_control(&live.snapshot()), "public, max-age=3600");
    let more = Report::Segment(segment(&video(), 2));
    assert_eq!(live.0.apply(Epoch(1), &more), Err(Refused::StreamOver));
    assert_eq!(live.0.end(), spillway_hls::Change::default());
}

#[test]
fn there_is_nothing_to_play_until_every_rendition_can_be_played() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    assert_eq!(live.0.snapshot(), None);
    live.list(1, &[video()], 0..1);
    assert_eq!(live.0.snapshot(), None);
    live.list(1, &[audio()], 0..1);
    assert!(live.0.snapshot().is_some());
}

#[test]
fn sound_that_never_comes_does_not_hold_the_picture_up() {
    let mut live = Live::new(&[video(), audio()]);
    live.list(1, &[video()], 0..3);
    assert!(!render::multivariant(&live.snapshot()).contains("audio"));
}

#[test]
fn an_old_epoch_lists_until_a_newer_one_does() {
    let mut live = Live::new(&[video()]);
    live.list(1, &[video()], 0..1);
    live.publish(2, &[video()]);
    live.list(1, &[video()], 1..2);
    live.list(2, &[video()], 0..1);
    let before = live.0.clone();
    let late = Report::Segment(segment(&video(), 2));
    assert_eq!(live.0.apply(Epoch(1), &late), Err(Refused::OldEpoch));
    assert_eq!(live.0, before);
    assert!(!live.media(&video()).contains("1/video/2.m4s"));
}

#[test]
fn a_report_told_twice_changes_nothing() {
    let mut live = Live::new(&[video()]);
    live.list(1, &[video()], 0..2);
    let before = live.0.clone();
    for report in [started(1), Report::Track { track: video(), init: 0 }, Report::Segment(segment(&video(), 0))] {
        assert_eq!(live.0.apply(Epoch(1), &report), Ok(spillway_hls::Change::default()));
    }
    assert_eq!(live.0, before);
}

#[test]
fn what_cannot_be_listed_is_refused() {
    let mut live = Live::new(&[video()]);
    let mut refusal = |epoch, report| live.0.apply(Epoch(epoch), &report).unwrap_err();
    let good = segment(&video(), 0);
    assert_eq!(refusal(2, Report::Segment(good.clone())), Refused::NotStarted);
    assert_eq!(refusal(1, Report::Segment(SegmentReport { init: 1, ..good.clone() })), Refused::NoInit);
    assert_eq!(refusal(1, Report::Segment(segment(&audio(), 0))), Refused::NoInit);
    assert_eq!(
        refusal(1, Report::Segment(SegmentReport { duration_us: 2_500_000, ..good.clone() })),
        Refused::Duration
    );
    assert_eq!(refusal(1, Report::Segment(SegmentReport { duration_us: 0, ..good })), Refused::Duration);
    let injected = Track { codec: "avc1\"\n#EXT-X-ENDLIST".into(), ..video() };
    assert_eq!(refusal(1, Report::Track { track: injected, init: 1 }), Refused::Codec);
}

#[test]
fn the_open_segment_is_known_by_its_parts_until_it_is_listed() {
    let mut live = Live::new(&[video()]);
    let part = |index, number: u32| PartReport {
        rendition: RenditionId::video(),
        segment: SegmentIndex(index),
        part: PartIndex(number),
        start_us: u64::from(number) * 333_000,
        duration_us: 333_000,
        independent: number == 0,
        size: 1,
    };
    let id = RenditionId::video();
    live.say(1, &Report::Part(part(0, 0)));
    live.say(1, &Report::Part(part(0, 1)));
    assert_eq!(live.0.apply(Epoch(1), &Report::Part(part(0, 3))), Err(Refused::OutOfOrder));
    assert_eq!(live.0.open(&id).unwrap().parts.len(), 2);
    assert_eq!(live.0.snapshot(), None, "a part is not listed");
    live.list(1, &[video()], 0..1);
    assert_eq!(live.0.open(&id), None);
    assert_eq!(live.0.apply(Epoch(1), &Report::Part(part(0, 2))), Err(Refused::OutOfOrder));
    live.say(1, &Report::Part(part(1, 0)));
    assert_eq!(live.0.open(&id).unwrap().index, SegmentIndex(1));
}

#[test]
fn the_target_duration_is_the_first_one_for_good() {
    let mut live = Live::new(&[video()]);
    live.say(2, &Report::Started { at: Timestamp::from_millis(1), target_ms: 9_000 });
    assert_eq!(live.0.target_ms(), Some(2_000));
}

#[test]
fn a_segment_costs_one_row() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    live.list(1, &both, 0..1);
    let change = live.0.apply(Epoch(1), &Report::Segment(segment(&video(), 1))).unwrap();
    assert_eq!(change.rows.len(), 1);
    assert!(change.playlists);
}
