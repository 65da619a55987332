//! What encoders' clocks do, sane ones and strange ones, through the real process.

use std::time::Duration;

use crate::{
    changes::{Tags, moved, only},
    checks::{
        about, belong_together, cut_together, end, holds, independent_segments_begin_with_keyframes, same_times,
        seconds,
    },
    harness::{CONFIG, Frame, LEAD, Pipeline, feed, packets, tags},
    media::{AAC, PICTURE, SOUND, X264, source},
};
use spillway_protocol::pipe::{FromPipeline, Tag, ToPipeline};

#[test]
fn pictures_that_are_decoded_before_zero_are_shown_in_time() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 8 {X264} -g 60 {AAC}"));
    // As GStreamer's flvmux tells it: zero is where showing begins, and what is decoded before is told to be decoded then.
    let mut zero = None;
    let clamped = tags(&flv).into_iter().map(|tag| match tag {
        ToPipeline::Video(Tag { dts_ms }, mut body) if body[1] == 1 => {
            let offset = i64::from(i32::from_be_bytes([body[2], body[3], body[4], 0]) >> 8);
            let later = dts_ms.max(*zero.get_or_insert(dts_ms + offset));
            let [_, a, b, c] = i32::try_from(dts_ms + offset - later).unwrap().to_be_bytes();
            body[2..5].copy_from_slice(&[a, b, c]);
            ToPipeline::Video(Tag { dts_ms: later }, body)
        }
        other => other,
    });
    let clamped: Tags = clamped.collect();
    let pictures = clamped.iter().filter_map(|tag| match tag {
        ToPipeline::Video(Tag { dts_ms }, body) if body[1] == 1 => Some(dts_ms),
        _ => None,
    });
    let first: Vec<_> = pictures.take(3).collect();
    assert_eq!(first[0], first[2], "the test needs pictures that are decoded before zero");
    let outcome = feed(CONFIG, &clamped);
    let (video, audio) = (&outcome.renditions["video"], &outcome.renditions["audio"]);
    cut_together(&outcome);
    video.check(outcome.target_ms.unwrap());
    let moved = same_times(video, &flv, "v", dir.path());
    assert!((moved - same_times(audio, &flv, "a", dir.path())).abs() <= 0.001);
    assert!(video.segments.iter().all(|segment| segment.independent));
    independent_segments_begin_with_keyframes(video, &packets(&video.file(0, dir.path()), "v"));
}

#[test]
fn a_keyframe_that_nobody_could_see_begins_nothing() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 6 {X264} -g 60 -bf 0 {AAC}"));
    let mut tags = tags(&flv);
    let first = tags.iter_mut().find_map(|tag| match tag {
        ToPipeline::Video(Tag { dts_ms }, body) if body[1] == 1 => Some((dts_ms, body)),
        _ => None,
    });
    // Shown 50 ms before the epoch's zero.
    let (dts_ms, body) = first.unwrap();
    *dts_ms = 0;
    body[2..5].copy_from_slice(&[0xff, 0xff, 0xce]);
    let outcome = feed(CONFIG, &tags);
    let video = &outcome.renditions["video"];
    holds(video, outcome.target_ms.unwrap(), dir.path());
    let packets = packets(&video.file(0, dir.path()), "v");
    assert!(packets[0].keyframe && packets.len() == 120, "{} from {:?}", packets.len(), packets[0]);
}

#[test]
fn one_picture_alone_is_seen_while_sound_goes_on() {
    let (_dir, flv) = source(&format!("{PICTURE} {SOUND} -t 6 {X264} -g 60 -bf 0 {AAC}"));
    let mut pipeline = Pipeline::start();
    pipeline.send(&ToPipeline::Config(CONFIG));
    for tag in only(tags(&flv), |video, at| !video || at < 30) {
        pipeline.send(&tag);
    }
    // The stream goes on: what was sent has to be enough.
    let is_picture = |frame: Frame| match frame.decode() {
        FromPipeline::Part(part, _) => part.rendition.as_str() == "video",
        _ => false,
    };
    while !is_picture(pipeline.frame(Duration::from_secs(10)).expect("the picture is told")) {}
}

#[test]
fn pictures_at_the_same_time_are_told_apart() {
    let (dir, flv) = source(&format!("{PICTURE} -t 4 {X264} -g 60 -bf 0"));
    let outcome = feed(CONFIG, &moved(tags(&flv), |_, at| at / 67 * 67));
    let video = &outcome.renditions["video"];
    holds(video, outcome.target_ms.unwrap(), dir.path());
    assert_eq!(packets(&video.file(0, dir.path()), "v").len(), 120);
}

#[test]
fn a_picture_that_begins_a_little_before_the_sound_is_whole() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 4 {X264} -g 60 {AAC}"));
    // The very first tag is the sound's, at 0; pictures are decoded from 20 ms before that.
    let mut tags = moved(tags(&flv), |video, at| if video { at - 20 } else { at });
    let first = tags.iter().position(|tag| matches!(tag, ToPipeline::Audio(_, body) if body[1] == 1)).unwrap();
    let first = tags.remove(first);
    tags.insert(2, first);
    assert!(matches!(&tags[3], ToPipeline::Video(Tag { dts_ms: -20 }, body) if body[1] == 1));
    let outcome = feed(CONFIG, &tags);
    let (video, audio) = (&outcome.renditions["video"], &outcome.renditions["audio"]);
    let times = [same_times(video, &flv, "v", dir.path()), same_times(audio, &flv, "a", dir.path())];
    assert!((times[1] - times[0] - 0.020).abs() < 0.002, "{times:?}");
    cut_together(&outcome);
}

#[test]
fn tracks_that_begin_late_or_end_early_cover_their_own_time() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 16 {X264} -g 60 {AAC}"));
    for (video, audio) in [
        ((0.0, 16.0), (5.0, 16.0)),
        ((0.0, 16.0), (0.0, 9.0)),
        ((6.0, 16.0), (0.0, 16.0)),
        ((0.0, 7.0), (0.0, 16.0)),
        ((0.0, 16.0), (11.0, 12.0)),
    ] {
        let within = |(from, until): (f64, f64), at: i64| {
            #[expect(clippy::cast_precision_loss)]
            let at = at as f64 / 1e3;
            (from..until).contains(&at)
        };
        let outcome = feed(CONFIG, &only(tags(&flv), |is_video, at| within(if is_video { video } else { audio }, at)));
        let target_ms = outcome.target_ms.unwrap();
        for (rendition, wanted) in [("video", video), ("audio", audio)] {
            holds(&outcome.renditions[rendition], target_ms, dir.path());
            about(seconds(&outcome, rendition), wanted);
        }
        belong_together(&outcome);
    }
}

#[test]
fn a_hole_of_seconds_stays_one_in_both_tracks() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 12 {X264} -g 60 {AAC}"));
    // From the GOP on that begins at 6 s.
    let tags = tags(&flv);
    let later = |tag: &ToPipeline<Vec<u8>>| matches!(tag, ToPipeline::Video(tag, body) if body[0] == 0x17 && tag.dts_ms > 5_000);
    let Some(ToPipeline::Video(Tag { dts_ms: from }, _)) = tags.iter().find(|tag| later(tag)).cloned() else {
        panic!()
    };
    let outcome = feed(CONFIG, &moved(tags, |_, at| if at < from { at } else { at + 4_000 }));
    for rendition in ["video", "audio"] {
        let segments = &outcome.renditions[rendition].segments;
        holds(&outcome.renditions[rendition], 2_000, dir.path());
        about(seconds(&outcome, rendition), (0.0, 16.0));
        let holes: Vec<_> = segments.windows(2).filter(|pair| end(&pair[0]) + 100_000 < pair[1].start_us).collect();
        assert_eq!(holes.len(), 1, "{rendition}: {segments:?}");
        assert!((5_900_000..6_200_000).contains(&end(&holes[0][0])) && holes[0][1].start_us >= 9_900_000);
    }
    belong_together(&outcome);
}

#[test]
fn media_that_came_late_catches_up_and_stays_in_sync() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 12 {X264} -g 60 -bf 0 {AAC}"));
    // The encoder's clock goes back by less than a second: the last of it is there twice.
    let outcome = feed(CONFIG, &moved(tags(&flv), |_, at| if at < 5_000 { at } else { at - 700 }));
    for rendition in ["video", "audio"] {
        holds(&outcome.renditions[rendition], 2_000, dir.path());
        about(seconds(&outcome, rendition), (0.0, 11.3));
    }
    cut_together(&outcome);
}

#[test]
fn times_beyond_all_bits_are_written() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 4 {X264} -g 60 {AAC}"));
    for zero in [(1 << 24) - 2_000, (1 << 32) - 2_000, 1 << 39] {
        let outcome = feed(CONFIG, &moved(tags(&flv), |_, at| at + zero));
        let (video, audio) = (&outcome.renditions["video"], &outcome.renditions["audio"]);
        let times = [same_times(video, &flv, "v", dir.path()), same_times(audio, &flv, "a", dir.path())];
        #[expect(clippy::cast_precision_loss)]
        let zero = zero as f64 / 1e3;
        assert!(times.iter().all(|time| (time - zero - LEAD).abs() < 0.002), "{times:?} for {zero}");
    }
}
