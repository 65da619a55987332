//! Playlists as text, pinned, and the timeline's decisions one by one. With `UPDATE_GOLDEN=1` the files are written anew.

use super::live::{Live, audio, golden, segment, started, video};
use spillway_hls::{
    Refused,
    freshness::{self, Asked},
    render,
};
use spillway_protocol::{
    link::{EndReason, Report, SegmentReport},
    media::{Epoch, Track},
    time::Timestamp,
};

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
    live.list(2, &both, 2..15);
    assert!(live.media(&video()).contains("#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-DISCONTINUITY\n"));
    live.list(2, &both, 15..16);
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
    assert_eq!(live.0.snapshot(0, 0), None);
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
    assert_eq!(freshness::cache_control(&live.snapshot(), Asked::Plainly), "public, max-age=1");
    assert!(live.0.end().playlists);
    golden("ended.txt", &live.snapshot());
    assert_eq!(freshness::cache_control(&live.snapshot(), Asked::Plainly), "public, max-age=3600");
    let more = Report::Segment(segment(&video(), 2));
    assert_eq!(live.0.apply(Epoch(1), &more), Err(Refused::StreamOver));
    assert_eq!(live.0.end(), spillway_hls::Change::default());
}

#[test]
fn there_is_nothing_to_play_until_every_rendition_can_be_played() {
    let both = [video(), audio()];
    let mut live = Live::new(&both);
    assert_eq!(live.0.snapshot(0, 0), None);
    live.list(1, &[video()], 0..1);
    assert_eq!(live.0.snapshot(0, 0), None);
    live.list(1, &[audio()], 0..1);
    assert!(live.0.snapshot(0, 0).is_some());
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
fn the_target_duration_is_the_first_one_for_good() {
    let mut live = Live::new(&[video()]);
    live.say(2, &Report::Started { at: Timestamp::from_millis(1), target_ms: 9_000, part_target_ms: None });
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
