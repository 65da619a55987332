//! A source and the rungs below it.

use std::collections::BTreeMap;

use super::live::{Live, audio, golden, part, video};
use spillway_hls::{Place, Readiness, Snapshot, Timeline, render};
use spillway_hls_checker::{check_multivariant, check_presentation};
use spillway_protocol::{
    link::Report,
    media::{Epoch, RenditionId, Track, TrackKind},
    time::Timestamp,
};

fn rung(lines: u16, width: u32) -> Track {
    let kind = TrackKind::Video { width, height: lines.into(), frame_rate_millis: 29_970 };
    Track { rendition: RenditionId::rung(lines), codec: "avc1.64001f".into(), kind }
}

/// In the order in which they appear, which is not the order in which they are offered.
fn all() -> [Track; 5] {
    [video(), audio(), rung(480, 854), rung(720, 1280), rung(360, 640)]
}

/// A stream of parts. The Room names its renditions by their names, `480p` before `720p`.
fn live() -> Live {
    let mut live = Live(Timeline::default());
    let at = Timestamp::parse("2026-11-20T18:00:00Z").unwrap();
    live.say(1, &Report::Started { at, target_ms: 2_000, part_target_ms: Some(253) });
    for track in all() {
        live.say(1, &Report::Track { track, init: 0 });
    }
    live
}

/// The names of the media playlists that are offered, in order.
fn offered(snapshot: &Snapshot) -> Vec<String> {
    let text = render::multivariant(snapshot);
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn check(snapshot: &Snapshot) {
    let index = render::multivariant(snapshot);
    assert_eq!(check_multivariant(&index).1, []);
    let media: BTreeMap<_, _> = snapshot
        .renditions
        .iter()
        .filter(|rendition| rendition.track.is_some())
        .map(|rendition| (format!("{}.m3u8", rendition.id), render::media(snapshot, &rendition.id, false).unwrap()))
        .collect();
    assert_eq!(check_presentation(&index, &media), []);
}

#[test]
fn the_source_stands_first_and_rungs_follow_from_the_top() {
    let mut live = live();
    for segment in 0..2 {
        live.parts(1, &all(), segment, 0..8);
    }
    live.parts(1, &all(), 2, 0..2);
    // The rungs come later than what they are made of.
    live.parts(1, &[video(), audio()], 2, 2..3);
    let snapshot = live.snapshot();
    assert_eq!(offered(&snapshot), ["video.m3u8", "720p.m3u8", "480p.m3u8", "360p.m3u8"]);
    check(&snapshot);
    golden("ladder.txt", &snapshot);
}

#[test]
fn a_rung_that_ends_is_offered_no_more_and_nobody_waits_for_it() {
    let mut live = live();
    live.parts(1, &all(), 0, 0..8);
    live.parts(1, &all(), 1, 0..3);
    let place = Place { msn: 1, part: Some(3) };
    assert_eq!(live.snapshot().readiness(&RenditionId::rung(720), place), Readiness::Later);

    live.say(1, &Report::TrackEnded { rendition: RenditionId::rung(720) });
    let others: Vec<_> = all().into_iter().filter(|track| track.rendition != RenditionId::rung(720)).collect();
    live.parts(1, &others, 1, 3..8);
    live.parts(1, &others, 2, 0..8);
    let snapshot = live.snapshot();
    assert_eq!(offered(&snapshot), ["video.m3u8", "480p.m3u8", "360p.m3u8"]);
    assert!(!live.media(&video()).contains("720p"));
    assert_eq!(snapshot.readiness(&RenditionId::rung(720), Place { msn: 2, part: None }), Readiness::TooFar);
    check(&snapshot);
    // Whoever has it open still reads what it listed.
    assert!(live.media(&rung(720, 1280)).contains("1/720p/0.m4s"));
    let before = live.0.clone();
    let again = live.0.apply(Epoch(1), &Report::TrackEnded { rendition: RenditionId::rung(720) });
    assert_eq!((again, &live.0), (Ok(spillway_hls::Change::default()), &before));
}

#[test]
fn a_rung_that_comes_again_is_offered_again() {
    let mut live = live();
    live.parts(1, &all(), 0, 0..8);
    live.say(1, &Report::TrackEnded { rendition: RenditionId::rung(720) });
    let others: Vec<_> = all().into_iter().filter(|track| track.rendition != RenditionId::rung(720)).collect();
    live.parts(1, &others, 1, 0..8);
    live.say(1, &Report::Track { track: rung(720, 1280), init: 1 });
    live.parts(1, &all(), 2, 0..3);
    let snapshot = live.snapshot();
    assert_eq!(offered(&snapshot), ["video.m3u8", "720p.m3u8", "480p.m3u8", "360p.m3u8"]);
    check(&snapshot);
}

#[test]
fn a_stream_does_not_wait_for_a_rung_that_was_given_up() {
    let mut live = live();
    let others: Vec<_> = all().into_iter().filter(|track| track.rendition != RenditionId::rung(720)).collect();
    for other in &others {
        for number in 0..8 {
            live.say(1, &Report::Part(part(other, 0, number)));
        }
    }
    live.list(1, &others, 0..1);
    assert!(!live.0.is_playable());
    live.say(1, &Report::TrackEnded { rendition: RenditionId::rung(720) });
    assert!(live.0.is_playable());
}
