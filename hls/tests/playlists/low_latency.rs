//! Parts: what is listed of them, what a player may wait for, and what it is spared.

use super::live::{Live, audio, golden, part, segment, video};
use spillway_hls::{
    BadDirectives, Directives, Place, Readiness, Refused,
    freshness::{Asked, cache_control},
    render,
};
use spillway_protocol::{
    link::{EndReason, PartReport, Report},
    media::{Epoch, MediaObject, RenditionId, Track},
    time::Timestamp,
};

/// A stream with parts.
fn with_parts(tracks: &[Track]) -> Live {
    let mut live = Live::new(&[]);
    let at = Timestamp::parse("2026-11-20T18:00:00Z").unwrap();
    live.0 = spillway_hls::Timeline::default();
    live.say(1, &Report::Started { at, target_ms: 2_000, part_target_ms: Some(253) });
    for track in tracks {
        live.say(1, &Report::Track { track: track.clone(), init: 0 });
    }
    live
}

/// One that has been on air for a while: segments 0 to 19, and three parts of segment 20.
fn on_air() -> Live {
    let both = [video(), audio()];
    let mut live = with_parts(&both);
    for index in 0..20 {
        live.parts(1, &both, index, 0..8);
    }
    live.parts(1, &both, 20, 0..3);
    live
}

fn delta(live: &Live) -> String {
    render::media(&live.snapshot(), &RenditionId::video(), true).unwrap()
}

#[test]
fn parts_are_listed_with_what_is_to_come() {
    golden("parts.txt", &on_air().snapshot());
}

#[test]
fn a_segments_last_part_lets_the_next_segment_be_foretold() {
    let mut live = on_air();
    live.parts(1, &[video()], 20, 3..7);
    live.say(1, &Report::Part(part(&video(), 20, 7)));
    assert!(live.media(&video()).contains("TYPE=PART,URI=\"1/video/21.0.m4s\""));
    live.list(1, &[video()], 20..21);
    let text = live.media(&video());
    assert!(text.contains("TYPE=PART,URI=\"1/video/21.0.m4s\""), "{text}");
    assert!(live.media(&audio()).contains("RENDITION-REPORT:URI=\"video.m3u8\",LAST-MSN=20,LAST-PART=7"));
}

#[test]
fn a_delta_update_leaves_out_what_is_older_than_the_skip_boundary() {
    let live = on_air();
    let (whole, delta) = (live.media(&video()), delta(&live));
    // Fifteen are listed; six and what begins before them are within twelve seconds.
    assert!(
        delta.contains("#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-SKIP:SKIPPED-SEGMENTS=9\n")
    );
    let kept = &delta[delta.find("SEGMENTS=9\n").unwrap() + 11..];
    assert!(whole.ends_with(kept) && kept.starts_with("#EXT-X-PROGRAM-DATE-TIME"), "{kept}");
    assert!(!with_parts(&[video()]).0.is_playable());
}

#[test]
fn a_part_that_never_came_is_a_gap_in_its_place() {
    let mut live = on_air();
    live.say(1, &Report::PartGap(part(&video(), 20, 3)));
    assert!(
        live.media(&video())
            .contains("URI=\"1/video/20.3.m4s\",GAP=YES\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1/video/20.4")
    );
}

#[test]
fn a_part_that_an_encoder_drew_out_is_listed_as_no_longer_than_parts_are() {
    let mut live = on_air();
    live.say(1, &Report::Part(PartReport { duration_us: 900_000, ..part(&video(), 20, 3) }));
    assert!(live.media(&video()).contains("DURATION=0.25300,URI=\"1/video/20.3.m4s\""));
}

#[test]
fn a_new_epoch_is_listed_with_its_first_part_and_what_was_left_is_a_gap() {
    let mut live = on_air();
    live.publish(2, &[video(), audio()]);
    live.say(2, &Report::Part(PartReport { start_us: 0, ..part(&video(), 0, 0) }));
    golden("parts_new_epoch.txt", &live.snapshot());
    let late = Report::Segment(segment(&video(), 20));
    assert_eq!(live.0.apply(Epoch(1), &late), Err(Refused::OldEpoch));
}

#[test]
fn a_publisher_that_goes_leaves_no_segment_open_and_nothing_is_foretold() {
    let mut live = on_air();
    live.say(1, &Report::Ended { reason: EndReason::Lost });
    let text = live.media(&video());
    assert!(text.contains("URI=\"1/video/20.2.m4s\"\n#EXT-X-GAP\n#EXTINF:0.75075,\n1/video/20.m4s\n"), "{text}");
    assert!(!text.contains("PRELOAD-HINT"));
}

#[test]
fn the_end_has_parts_for_a_while_and_no_hints() {
    let mut live = on_air();
    live.0.end();
    golden("parts_ended.txt", &live.snapshot());
    let end = Timestamp::parse("2026-11-20T18:00:40.790Z").unwrap();
    let parts = |ms| {
        let now = end.plus_millis(ms);
        let seen = live.snapshot().seen(now, now).unwrap();
        render::media(&seen, &RenditionId::video(), true).unwrap().contains("#EXT-X-PART:")
    };
    assert!(parts(59_000) && !parts(61_000));
}

#[test]
fn directives_are_read_or_refused() {
    let until = |msn, part| Ok(Directives { until: Some(Place { msn, part }), skip: false });
    assert_eq!(Directives::parse(""), Ok(Directives::default()));
    assert_eq!(Directives::parse("a=b&_HLS_other=1&x"), Ok(Directives::default()));
    assert_eq!(Directives::parse("_HLS_msn=7"), until(7, None));
    assert_eq!(Directives::parse("_HLS_part=2&_HLS_msn=7"), until(7, Some(2)));
    for yes in ["_HLS_skip=YES", "_HLS_skip=v2"] {
        assert_eq!(Directives::parse(yes), Ok(Directives { until: None, skip: true }));
    }
    assert_eq!(Directives::parse("_HLS_skip=yes"), Ok(Directives::default()));
    assert_eq!(Directives::parse("_HLS_part=2"), Err(BadDirectives::PartAlone));
    for bad in [
        "_HLS_msn=",
        "_HLS_msn=-1",
        "_HLS_msn=+1",
        "_HLS_msn=1.0",
        "_HLS_msn=99999999999999999999",
        "_HLS_msn=1&_HLS_msn=1",
    ] {
        assert_eq!(Directives::parse(bad), Err(BadDirectives::Malformed), "{bad}");
    }
}

#[test]
fn a_player_waits_for_what_is_to_come_and_for_nothing_else() {
    use Readiness::{Later, Now, TooFar};
    let mut live = on_air();
    let ready = |live: &Live, msn, part| live.snapshot().readiness(&RenditionId::video(), Place { msn, part });
    // Listed: 5 to 19, and three parts of 20.
    for (msn, part, wanted) in [
        (0, None, Now),
        (19, None, Now),
        (19, Some(7), Now),
        (19, Some(8), Now),
        (20, Some(2), Now),
        (20, Some(3), Later),
        (20, None, Later),
        (20, Some(14), Later),
        (20, Some(15), TooFar),
        (21, None, Later),
        (21, Some(0), Later),
        (21, Some(12), TooFar),
        (22, None, TooFar),
        (u64::MAX, Some(u64::MAX), TooFar),
    ] {
        assert_eq!(ready(&live, msn, part), wanted, "{msn} {part:?}");
    }
    live.parts(1, &[video()], 20, 3..8);
    assert_eq!(ready(&live, 20, None), Now);
    assert_eq!(ready(&live, 20, Some(8)), Later, "a part past the last is the next segment's first");
    live.parts(1, &[video()], 21, 0..1);
    assert_eq!(ready(&live, 20, Some(8)), Now);
    live.0.end();
    assert_eq!(ready(&live, 99, Some(3)), Now, "nothing is waited for behind the end");
}

#[test]
fn only_the_part_that_is_hinted_at_is_waited_for() {
    let live = on_air();
    let ready = |path| live.snapshot().part_readiness(&MediaObject::parse_path(path).unwrap());
    assert_eq!(ready("1/video/20.3.m4s"), Readiness::Later);
    for path in ["1/video/20.2.m4s", "1/video/19.7.m4s"] {
        assert_eq!(ready(path), Readiness::Now, "{path}");
    }
    for path in ["1/video/20.4.m4s", "1/video/21.0.m4s", "2/video/20.3.m4s", "1/other/20.3.m4s", "1/video/20.m4s"] {
        assert_eq!(ready(path), Readiness::TooFar, "{path}");
    }
}

#[test]
fn a_delayed_stream_is_seen_later_and_otherwise_the_same() {
    let mut live = on_air();
    let now = Timestamp::parse("2026-11-20T18:00:40.800Z").unwrap();
    let seen = |live: &Live, ms| live.0.snapshot(0, 5_000).unwrap().seen(now.plus_millis(ms), now);
    let text = |ms| render::media(&seen(&live, ms).unwrap(), &RenditionId::video(), false).unwrap();
    assert_eq!(text(0), live.media(&video()));
    let delayed = text(-5_000);
    // 35.8 s of media: seventeen segments and seven parts of 250.25 ms.
    assert!(delayed.contains("1/video/16.m4s\n") && !delayed.contains("1/video/17.m4s"), "{delayed}");
    assert!(delayed.ends_with("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1/video/17.7.m4s\"\n#EXT-X-RENDITION-REPORT:URI=\"audio.m3u8\",LAST-MSN=17,LAST-PART=6\n"), "{delayed}");
    let next = live.0.snapshot(0, 5_000).unwrap().next_after(now.plus_millis(-5_000)).unwrap();
    assert_eq!(next.to_string(), "2026-11-20T18:00:36.036Z");
    assert_eq!(seen(&live, -60_000), None);
    live.0.end();
    assert!(!seen(&live, -5_000).unwrap().ended, "the end is seen later, too");
    assert!(seen(&live, 5_000).unwrap().ended);
}

#[test]
fn what_was_waited_for_is_fresh_for_longer() {
    let live = on_air();
    assert_eq!(cache_control(&live.snapshot(), Asked::Plainly), "public, max-age=1");
    assert_eq!(cache_control(&live.snapshot(), Asked::Until), "public, max-age=12");
}

#[test]
fn the_part_target_is_the_first_one_for_good() {
    let mut live = on_air();
    let at = Timestamp::from_millis(1);
    live.say(2, &Report::Started { at, target_ms: 2_000, part_target_ms: Some(400) });
    assert_eq!(live.0.part_target_ms(), Some(253));
}
