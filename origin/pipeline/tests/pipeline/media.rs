//! Media through the real process: what goes in comes out, whole, in time, and cut where it should be.

use std::path::PathBuf;

use crate::{
    checks::{cut_together, independent_segments_begin_with_keyframes, same_times},
    harness::{CONFIG, LEAD, Rendition, decodes, feed, ffmpeg, packets, tags},
};
use spillway_protocol::{
    media::TrackKind,
    pipe::{Tag, ToPipeline},
};
use tempfile::TempDir;

pub(crate) const PICTURE: &str = "-f lavfi -i testsrc2=size=320x180:rate=30";
pub(crate) const SOUND: &str = "-f lavfi -i sine=frequency=440:sample_rate=48000";
pub(crate) const X264: &str = "-c:v libx264 -preset veryfast -bf 3 -pix_fmt yuv420p -x264-params scenecut=0";
pub(crate) const AAC: &str = "-c:a aac -ac 2";

pub(crate) fn source(args: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let flv = dir.path().join("source.flv");
    ffmpeg(args, &flv);
    (dir, flv)
}

fn seconds(rendition: &Rendition) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss)]
    rendition.segments.iter().map(|segment| (segment.duration_us / 1_000) as f64 / 1_000.0).collect()
}

#[test]
fn picture_and_sound_come_out_as_they_went_in() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 12 {X264} -g 60 {AAC}"));
    let outcome = feed(CONFIG, &tags(&flv));
    assert_eq!((outcome.target_ms, outcome.warnings.as_slice()), (Some(2_000), [].as_slice()));
    let (video, audio) = (&outcome.renditions["video"], &outcome.renditions["audio"]);
    video.check(2_000);
    audio.check(2_000);
    cut_together(&outcome);
    assert_eq!(seconds(video), [2.0; 6]);
    assert!(video.segments.iter().all(|segment| segment.independent));

    let moved = same_times(video, &flv, "v", dir.path());
    assert!((moved - same_times(audio, &flv, "a", dir.path())).abs() <= 0.001);
    assert!((moved - LEAD).abs() <= 0.001);
    independent_segments_begin_with_keyframes(video, &packets(&dir.path().join("video0.mp4"), "v"));

    let (picture, sound) = (&video.inits[0].0.track, &audio.inits[0].0.track);
    assert_eq!(picture.kind, TrackKind::Video { width: 320, height: 180, frame_rate_millis: 30_000 });
    assert_eq!(sound.kind, TrackKind::Audio { channels: 2, sample_rate: 48_000 });
    assert_eq!((picture.codec.as_str(), sound.codec.as_str()), ("avc1.64000d", "mp4a.40.2"));
}

#[test]
fn a_long_gop_settles_a_longer_target() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 18 {X264} -g 249 {AAC}"));
    let outcome = feed(CONFIG, &tags(&flv));
    assert_eq!((outcome.target_ms, outcome.warnings.len()), (Some(9_000), 0));
    let video = &outcome.renditions["video"];
    video.check(9_000);
    outcome.renditions["audio"].check(9_000);
    cut_together(&outcome);
    assert_eq!(seconds(video), [8.3, 8.3, 1.4]);
    same_times(video, &flv, "v", dir.path());
}

#[test]
fn a_long_gop_is_cut_where_the_target_is_settled() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 18 {X264} -g 249 {AAC}"));
    let config = spillway_protocol::pipe::Config { target_ms: Some(2_000), ..CONFIG };
    let outcome = feed(config, &tags(&flv));
    assert_eq!(outcome.warnings, ["LONG_GOP"]);
    let (video, audio) = (&outcome.renditions["video"], &outcome.renditions["audio"]);
    video.check(2_000);
    audio.check(2_000);
    cut_together(&outcome);
    let independent: Vec<_> = video.segments.iter().filter(|segment| segment.independent).map(|s| s.start_us).collect();
    assert_eq!(independent.len(), 3);
    same_times(video, &flv, "v", dir.path());
    independent_segments_begin_with_keyframes(video, &packets(&dir.path().join("video0.mp4"), "v"));
}

#[test]
fn sound_alone() {
    let (dir, flv) = source(&format!("{SOUND} -t 9 {AAC}"));
    let outcome = feed(CONFIG, &tags(&flv));
    assert_eq!(outcome.renditions.len(), 1);
    let audio = &outcome.renditions["audio"];
    audio.check(outcome.target_ms.unwrap());
    assert_eq!(audio.segments.len(), 5);
    same_times(audio, &flv, "a", dir.path());
}

#[test]
fn a_picture_alone() {
    let (dir, flv) = source(&format!("{PICTURE} -t 7 {X264} -g 60"));
    let outcome = feed(CONFIG, &tags(&flv));
    assert_eq!(outcome.renditions.len(), 1);
    let video = &outcome.renditions["video"];
    video.check(2_000);
    assert_eq!(seconds(video), [2.0, 2.0, 2.0, 1.0]);
    same_times(video, &flv, "v", dir.path());
}

#[test]
fn another_codec_setting_in_the_middle_gives_another_init_section() {
    let (dir, first) = source(&format!("{PICTURE} {SOUND} -t 4 {X264} -g 60 {AAC}"));
    let second = dir.path().join("second.flv");
    ffmpeg(&format!("-f lavfi -i testsrc2=size=640x360:rate=30 {SOUND} -t 4 {X264} -g 60 {AAC}"), &second);
    let mut both = tags(&first);
    let later = tags(&second).into_iter().map(|tag| match tag {
        ToPipeline::Video(tag, body) => ToPipeline::Video(Tag { dts_ms: tag.dts_ms + 4_000 }, body),
        ToPipeline::Audio(tag, body) => ToPipeline::Audio(Tag { dts_ms: tag.dts_ms + 4_000 }, body),
        other => other,
    });
    both.extend(later);
    let outcome = feed(CONFIG, &both);
    let (video, audio) = (&outcome.renditions["video"], &outcome.renditions["audio"]);
    let size = |version: usize| match video.inits[version].0.track.kind {
        TrackKind::Video { width, height, .. } => (width, height),
        TrackKind::Audio { .. } => panic!("sound in the picture's rendition"),
    };
    assert_eq!((video.inits.len(), size(0), size(1)), (2, (320, 180), (640, 360)));
    assert_eq!(video.segments.iter().map(|segment| segment.init).collect::<Vec<_>>(), [0, 0, 1, 1]);
    assert_eq!(audio.inits.len(), 1);
    for version in [0, 1] {
        let file = video.file(version, dir.path());
        decodes(&file);
        assert_eq!(packets(&file, "v").len(), 120);
    }
    decodes(&audio.file(0, dir.path()));
    cut_together(&outcome);
}

#[test]
fn headers_again_and_a_start_within_a_gop_do_no_harm() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 6 {X264} -g 60 {AAC}"));
    let all = tags(&flv);
    let is_header = |tag: &&ToPipeline<Vec<u8>>| match tag {
        ToPipeline::Video(_, body) | ToPipeline::Audio(_, body) => body[1] == 0,
        _ => false,
    };
    let headers: Vec<_> = all.iter().filter(is_header).cloned().collect();
    assert_eq!(headers.len(), 2);
    // Joined in the first GOP, with the headers again before every picture.
    let mut late = headers.clone();
    for tag in all.iter().filter(|tag| !is_header(tag)).skip(40) {
        if matches!(tag, ToPipeline::Video(..)) {
            late.extend(headers.iter().cloned());
        }
        late.push(tag.clone());
    }
    let outcome = feed(CONFIG, &late);
    let video = &outcome.renditions["video"];
    assert_eq!((video.inits.len(), outcome.renditions["audio"].inits.len()), (1, 1));
    video.check(outcome.target_ms.unwrap());
    let file = video.file(0, dir.path());
    decodes(&file);
    let packets = packets(&file, "v");
    assert_eq!(packets.len(), 120);
    assert!(packets[0].keyframe);
}

#[test]
fn a_picture_that_stands_still_comes_back_in_its_place() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 16 {X264} -g 60 {AAC}"));
    let still =
        |tag: &ToPipeline<Vec<u8>>| matches!(tag, ToPipeline::Video(tag, _) if (4_000..9_000).contains(&tag.dts_ms));
    let tags: Vec<_> = tags(&flv).into_iter().filter(|tag| !still(tag)).collect();
    let outcome = feed(CONFIG, &tags);
    let (video, audio) = (&outcome.renditions["video"], &outcome.renditions["audio"]);
    audio.check(2_000);
    let file = video.file(0, dir.path());
    let (expected, found) = (packets(&flv, "v"), packets(&file, "v"));
    let expected: Vec<_> = expected.iter().filter(|packet| !(4.0..9.0).contains(&packet.dts)).collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found.pts - expected.pts - LEAD).abs() <= 0.001, "{found:?} for {expected:?}");
    }
    let numbers: Vec<_> = video.segments.iter().map(|segment| segment.segment.0).collect();
    let hole = numbers.windows(2).find(|pair| pair[1] != pair[0] + 1).expect("no hole in the numbers");
    assert!(hole[1] > hole[0] + 1);
    for segment in &video.segments {
        let same = audio.segments.iter().find(|audio| audio.segment == segment.segment).unwrap();
        assert!(
            same.start_us < segment.start_us + segment.duration_us
                && segment.start_us < same.start_us + same.duration_us
        );
    }
}
