//! A live playlist as a server would write it, followed for minutes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fmt::Write as _;

use spillway_hls_checker::{Follower, MediaPlaylist, Violation};

/// Segments that are listed; parts are, of the last three.
const WINDOW: u64 = 12;
/// Parts in a segment of 2 s.
const PARTS: u64 = 4;
/// Segments before the encoder comes back and everything begins anew.
const EPOCH: u64 = 50;

/// A playlist that has `finished` segments behind it and `parts` of the next one.
struct Moment {
    finished: u64,
    parts: u64,
}

impl Moment {
    fn after(parts: u64) -> Self {
        Self { finished: parts / PARTS, parts: parts % PARTS }
    }

    fn first(&self) -> u64 {
        self.finished.saturating_sub(WINDOW)
    }

    /// In full, or without the segments that lie beyond the skip boundary of 12 s.
    fn text(&self, delta: bool) -> String {
        let Self { finished, parts } = *self;
        let first = self.first();
        let skipped = if delta { finished.saturating_sub(first).saturating_sub(6) } else { 0 };
        let left = first.saturating_sub(1) / EPOCH;
        let mut out = format!(
            "#EXTM3U\n#EXT-X-VERSION:{}\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=0.5\n\
             #EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=12,PART-HOLD-BACK=1.5\n\
             #EXT-X-MEDIA-SEQUENCE:{first}\n#EXT-X-DISCONTINUITY-SEQUENCE:{left}\n",
            if skipped > 0 { 9 } else { 6 },
        );
        if skipped > 0 {
            let _ = writeln!(out, "#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}");
        }
        for msn in first + skipped..=finished {
            let listed = if msn == finished { parts } else { PARTS };
            if msn == finished && parts == 0 {
                break;
            }
            self.segment(&mut out, msn, if finished - msn <= 3 { listed } else { 0 }, msn == first);
        }
        let _ = writeln!(out, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{}/{finished}.{parts}.m4s\"", finished / EPOCH);
        out
    }

    fn segment(&self, out: &mut String, msn: u64, parts: u64, is_first: bool) {
        let epoch = msn / EPOCH;
        let begins = msn.is_multiple_of(EPOCH) && msn > 0;
        if begins {
            out.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if begins || is_first {
            let _ = writeln!(out, "#EXT-X-MAP:URI=\"{epoch}/init.mp4\"");
        }
        let seconds = msn * 2 + epoch;
        let _ = writeln!(out, "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T18:{:02}:{:02}.000Z", seconds / 60, seconds % 60);
        for part in 0..parts {
            let independent = if part == 0 { ",INDEPENDENT=YES" } else { "" };
            let _ = writeln!(out, "#EXT-X-PART:DURATION=0.5,URI=\"{epoch}/{msn}.{part}.m4s\"{independent}");
        }
        if msn < self.finished {
            let _ = writeln!(out, "#EXTINF:2.0,\n{epoch}/{msn}.m4s");
        }
    }
}

fn codes(found: &[Violation]) -> Vec<&str> {
    found.iter().map(|violation| violation.rule.code()).collect()
}

#[test]
fn a_live_stream_may_be_followed_for_minutes() {
    // Every part; every other one; every segment and a half.
    for step in [1, 2, 6] {
        let mut follower = Follower::default();
        for at in (WINDOW * PARTS..700).step_by(step) {
            let found = follower.reload(&Moment::after(at).text(false));
            assert_eq!(found, [], "at part {at}");
        }
    }
}

#[test]
fn delta_updates_add_up_to_the_whole_playlist() {
    let mut follower = Follower::default();
    for at in WINDOW * PARTS..700 {
        let delta = at % 7 != 0 && at > WINDOW * PARTS;
        let found = follower.reload(&Moment::after(at).text(delta));
        assert_eq!(found, [], "at part {at}");
        let whole = MediaPlaylist::parse(&Moment::after(at).text(false)).unwrap();
        assert_eq!(follower.playlist().unwrap().segments, whole.segments, "at part {at}");
        assert_eq!(follower.playlist().unwrap().growing, whole.growing, "at part {at}");
    }
}

#[test]
fn a_delta_update_that_disagrees_is_found() {
    let mut follower = Follower::default();
    assert_eq!(follower.reload(&Moment::after(80).text(false)), []);
    let other = Moment::after(81).text(true).replace("\n0/19.m4s", "\n0/19b.m4s");
    assert_eq!(codes(&follower.reload(&other)), ["segment-changed"]);
    let without_removal = Moment::after(84).text(true).replace("SEQUENCE:9", "SEQUENCE:8");
    assert_eq!(codes(&follower.reload(&without_removal)), ["sequence-wrong"]);
}

#[test]
fn a_stale_copy_is_found_and_not_believed() {
    let mut follower = Follower::default();
    assert_eq!(follower.reload(&Moment::after(90).text(false)), []);
    assert_eq!(codes(&follower.reload(&Moment::after(89).text(false))), ["went-back"]);
    assert_eq!(codes(&follower.reload(&Moment::after(60).text(false))), ["sequence-went-back"]);
    assert_eq!(follower.reload(&Moment::after(91).text(false)), []);
}

#[test]
fn a_delta_update_alone_says_too_little() {
    let mut follower = Follower::default();
    assert_eq!(codes(&follower.reload(&Moment::after(80).text(true))), ["delta-unknown"]);
    assert!(follower.playlist().is_none());
}

#[test]
fn a_segment_may_end_before_the_hinted_part_but_the_part_may_not_come_later() {
    let mut follower = Follower::default();
    let base = |rest: &str| {
        format!(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=0.5\n\
             #EXT-X-SERVER-CONTROL:PART-HOLD-BACK=1.5\n#EXT-X-PART:DURATION=0.5,URI=\"0.0\"\n{rest}"
        )
    };
    let hint = |uri: &str| format!("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{uri}\"\n");
    assert_eq!(follower.reload(&base(&hint("0.1"))), []);
    let ended = "#EXTINF:0.5,\n0\n";
    assert_eq!(follower.reload(&base(&format!("{ended}{}", hint("1.0")))), []);
    let late = "#EXT-X-PART:DURATION=0.5,URI=\"1.0\"\n#EXT-X-PART:DURATION=0.5,URI=\"0.1\"\n";
    assert_eq!(codes(&follower.reload(&base(&format!("{ended}{late}")))), ["hint-broken"]);
}

#[test]
fn what_was_hinted_may_fall_to_a_discontinuity() {
    let before =
        Moment::after(EPOCH * PARTS).text(false).replace("HINT:TYPE=PART,URI=\"1/50.0", "HINT:TYPE=PART,URI=\"0/50.0");
    let mut follower = Follower::default();
    assert_eq!(follower.reload(&before), []);
    assert_eq!(follower.reload(&Moment::after(EPOCH * PARTS + 1).text(false)), []);
}
