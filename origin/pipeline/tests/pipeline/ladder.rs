//! Rungs below the source: the same times, the same segments, keyframes where it has them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    checks::independent_segments_begin_with_keyframes,
    harness::{CONFIG, LEAD, Outcome, Packet, Pipeline, Rendition, decodes, packets, tags},
    media::{AAC, PICTURE, SOUND, X264, source},
};
use spillway_protocol::{
    media::TrackKind,
    pipe::{Config, FromPipeline, Tag, ToPipeline},
};

/// Feeds tags, and their end when all rungs have come as far as the picture did.
pub(crate) fn feed(config: Config, tags: &[ToPipeline<Vec<u8>>]) -> Outcome {
    let mut pipeline = Pipeline::start();
    pipeline.send(&ToPipeline::Config(config));
    for tag in tags {
        pipeline.send(tag);
    }
    let times = tags.iter().filter_map(|tag| match tag {
        ToPipeline::Video(tag, _) => Some(tag.dts_ms),
        _ => None,
    });
    let near_us = times.max().unwrap().cast_unsigned().saturating_sub(1_000) * 1_000;
    let (mut frames, mut running, mut reached) = (Vec::new(), None, std::collections::BTreeMap::new());
    let until = Instant::now() + Duration::from_secs(30);
    while running.as_ref().is_none_or(|rungs: &Vec<u16>| {
        rungs.iter().any(|lines| reached.get(&format!("{lines}p")).is_none_or(|us| *us < near_us))
    }) {
        let frame = pipeline.frame(until.saturating_duration_since(Instant::now())).expect("the rungs do not come");
        match frame.decode() {
            FromPipeline::Ladder(ladder) => running = Some(ladder.rungs),
            FromPipeline::Part(part, _) => {
                reached.insert(part.rendition.as_str().to_owned(), part.start_us + part.duration_us);
            }
            _ => {}
        }
        frames.push(frame);
    }
    pipeline.send(&ToPipeline::Eos);
    let (rest, code, log) = pipeline.close();
    assert_eq!((code, log.as_str()), (Some(0), ""));
    frames.extend(rest);
    let outcome = Outcome::of(&frames);
    assert!(outcome.ended);
    outcome
}

fn config(rungs: &[u16]) -> Config {
    Config { rungs: rungs.to_vec(), ..CONFIG }
}

fn size(rendition: &Rendition, version: usize) -> (u32, u32, u32) {
    match rendition.inits[version].0.track.kind {
        TrackKind::Video { width, height, frame_rate_millis } => (width, height, frame_rate_millis),
        TrackKind::Audio { .. } => panic!("sound in a rung"),
    }
}

/// In the order in which they are shown.
fn shown(file: &Path) -> Vec<Packet> {
    let mut packets = packets(file, "v");
    packets.sort_by(|one, other| one.pts.total_cmp(&other.pts));
    packets
}

/// Keyframes behind which nothing is shown before them.
fn closed_keyframes(file: &Path) -> Vec<Packet> {
    let packets = packets(file, "v");
    let closed = |at: &usize| packets[at + 1..].iter().all(|later| later.pts > packets[*at].pts);
    (0..packets.len()).filter(|at| packets[*at].keyframe).filter(closed).map(|at| packets[at]).collect()
}

/// A rung decodes, has the pictures of the source at their times, all or every other one, and is cut where the source is.
fn follows(outcome: &Outcome, name: &str, dir: &Path, every: usize) {
    let (video, rung) = (&outcome.renditions["video"], &outcome.renditions[name]);
    rung.check(outcome.target_ms.unwrap());
    let file = rung.file(0, dir);
    decodes(&file);
    let (expected, found) = (shown(&video.file(0, dir)), shown(&file));
    let pictures = found.len() * every;
    assert!((expected.len()..=expected.len() + every).contains(&pictures), "{pictures} for {}", expected.len());
    for picture in &found {
        assert!(expected.iter().any(|source| (source.pts - picture.pts).abs() < 0.000_1), "{picture:?} is not there");
        assert!((picture.dts - picture.pts).abs() < 0.000_1, "{picture:?}");
    }
    let starts = |rendition: &Rendition| rendition.segments.iter().map(|segment| segment.start_us).collect::<Vec<_>>();
    assert_eq!(starts(rung), starts(video));
    assert!(rung.segments.iter().all(|segment| segment.independent));
    independent_segments_begin_with_keyframes(rung, &found);
    // A keyframe of the source is one here, and nothing else is but what begins a segment.
    for source in closed_keyframes(&video.file(0, dir)) {
        assert!(found.iter().any(|rung| rung.keyframe && (rung.pts - source.pts).abs() < 0.000_1), "{source:?}");
    }
}

#[test]
fn rungs_have_the_source_s_times_and_segments() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 9 {X264} -g 60 {AAC}"));
    let outcome = feed(config(&[144, 90, 170, 360]), &tags(&flv));
    assert_eq!((outcome.ladders.as_slice(), outcome.warnings.as_slice()), ([vec![144, 90]].as_slice(), [].as_slice()));
    assert_eq!(outcome.renditions.keys().collect::<Vec<_>>(), ["144p", "90p", "audio", "video"]);
    outcome.renditions["video"].check(2_000);
    for name in ["144p", "90p"] {
        follows(&outcome, name, dir.path(), 1);
    }
    let top = &outcome.renditions["144p"];
    assert_eq!(size(top, 0), (256, 144, 30_000));
    assert!(top.inits[0].0.track.codec.starts_with("avc1.6400"), "{:?}", top.inits[0].0.track);
    let first = shown(&top.file(0, dir.path()))[0].pts;
    assert!((first - shown(&flv)[0].pts - LEAD).abs() < 0.001);
}

#[test]
fn of_a_fast_source_small_rungs_have_every_other_picture() {
    let fast = "-f lavfi -i testsrc2=size=320x180:rate=60";
    let (dir, flv) = source(&format!("{fast} {SOUND} -t 6 {X264} -g 120 {AAC}"));
    let outcome = feed(config(&[90]), &tags(&flv));
    outcome.renditions["video"].check(2_000);
    outcome.renditions["audio"].check(2_000);
    follows(&outcome, "90p", dir.path(), 2);
    assert_eq!(size(&outcome.renditions["90p"], 0), (160, 90, 30_000));
}

#[test]
fn where_a_long_gop_is_cut_rungs_have_keyframes() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 12 {X264} -g 249 {AAC}"));
    let outcome = feed(Config { target_ms: Some(2_000), ..config(&[90]) }, &tags(&flv));
    assert_eq!(outcome.warnings, ["LONG_GOP"]);
    let (video, rung) = (&outcome.renditions["video"], &outcome.renditions["90p"]);
    rung.check(2_000);
    assert!(video.segments.iter().any(|segment| !segment.independent));
    assert!(rung.segments.iter().all(|segment| segment.independent));
    assert_eq!(rung.segments.len(), video.segments.len());
    for (rung, video) in rung.segments.iter().zip(&video.segments) {
        assert!(rung.start_us.abs_diff(video.start_us) <= 34_000, "{rung:?} {video:?}");
    }
    let file = rung.file(0, dir.path());
    decodes(&file);
    independent_segments_begin_with_keyframes(rung, &packets(&file, "v"));
}

#[test]
fn pictures_in_any_order_and_shape_are_followed() {
    // Upright, pixels that are not square, B-frames that refer to each other and cross keyframes.
    for (picture, colour, params, wanted) in [
        ("size=180x320:rate=25,setsar=4/3", "yuv420p", "open-gop=1:b-pyramid=normal:b-adapt=0", (90, 160, 25_000)),
        ("size=352x200:rate=24000/1001", "yuv420p10le", "b-adapt=2:ref=4", (158, 90, 23_976)),
        ("size=320x180:rate=30:duration=8,interlace", "yuv420p", "tff=1:weightp=0", (160, 90, 30_000)),
        ("size=321x181:rate=25", "yuv444p", "ref=1", (160, 90, 25_000)),
    ] {
        let (dir, flv) = source(&format!(
            "-f lavfi -i testsrc2={picture} {SOUND} -t 6 -c:v libx264 -preset veryfast -pix_fmt {colour} -bf 4 -g 48 \
             -x264-params scenecut=0:{params} {AAC}"
        ));
        let outcome = feed(config(&[90]), &tags(&flv));
        assert_eq!(outcome.warnings, [""; 0]);
        follows(&outcome, "90p", dir.path(), 1);
        assert_eq!(size(&outcome.renditions["90p"], 0), wanted);
    }
}

/// Tags of one file behind those of another.
fn behind(first: &[ToPipeline<Vec<u8>>], second: &Path, by_ms: i64) -> Vec<ToPipeline<Vec<u8>>> {
    let later = tags(second).into_iter().map(|tag| match tag {
        ToPipeline::Video(tag, body) => ToPipeline::Video(Tag { dts_ms: tag.dts_ms + by_ms }, body),
        ToPipeline::Audio(tag, body) => ToPipeline::Audio(Tag { dts_ms: tag.dts_ms + by_ms }, body),
        other => other,
    });
    first.iter().cloned().chain(later).collect()
}

#[test]
fn another_size_has_other_rungs() {
    let large = "-f lavfi -i testsrc2=size=480x270:rate=30";
    let (dir, first) = source(&format!("{large} {SOUND} -t 4 {X264} -g 60 {AAC}"));
    let second = dir.path().join("second.flv");
    crate::harness::ffmpeg(&format!("{PICTURE} {SOUND} -t 4 {X264} -g 60 {AAC}"), &second);
    let both = behind(&tags(&first), &second, 4_000);
    let outcome = feed(config(&[180, 90]), &behind(&both, &first, 8_000));
    assert_eq!(outcome.ladders, [vec![180, 90], vec![90], vec![180, 90]]);
    let video = &outcome.renditions["video"];
    for (name, inits, segments) in
        [("90p", vec![0, 0, 1, 1, 2, 2], vec![0, 1, 2, 3, 4, 5]), ("180p", vec![0, 0, 1, 1], vec![0, 1, 4, 5])]
    {
        let rung = &outcome.renditions[name];
        let found: Vec<_> = rung.segments.iter().map(|segment| segment.segment.0).collect();
        assert_eq!(found, segments, "{name}");
        for segment in &rung.segments {
            let same = video.segments.iter().find(|video| video.segment == segment.segment).unwrap();
            assert_eq!(segment.start_us, same.start_us, "{name}");
            assert!(segment.duration_us.abs_diff(same.duration_us) <= 1_000, "{name}");
        }
        assert_eq!(rung.segments.iter().map(|segment| segment.init).collect::<Vec<_>>(), inits, "{name}");
    }
    for version in 0..3 {
        let file = outcome.renditions["90p"].file(version, dir.path());
        decodes(&file);
        assert_eq!(packets(&file, "v").len(), 120);
    }
}

#[test]
fn what_cannot_be_decoded_is_missing_in_the_rungs_alone() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 8 {X264} -g 60 {AAC}"));
    let mut broken = tags(&flv);
    for (number, tag) in broken.iter_mut().enumerate() {
        // All that is behind the first slice's header, in the second and third GOP.
        if let ToPipeline::Video(tag, body) = tag
            && (2_500..5_500).contains(&tag.dts_ms)
            && number % 3 == 0
        {
            body.iter_mut().skip(24).for_each(|byte| *byte ^= 0x5a);
        }
    }
    let outcome = feed(config(&[90]), &broken);
    let (video, rung) = (&outcome.renditions["video"], &outcome.renditions["90p"]);
    video.check(2_000);
    assert_eq!((video.segments.len(), outcome.ladders.as_slice()), (4, [vec![90]].as_slice()));
    let file = rung.file(0, dir.path());
    decodes(&file);
    assert!(packets(&file, "v").len() > 120);
    assert_eq!(rung.segments.last().map(|segment| segment.start_us), video.segments.last().map(|s| s.start_us));
}

#[test]
fn sound_alone_has_no_rungs() {
    let (_dir, flv) = source(&format!("{SOUND} -t 5 {AAC}"));
    let outcome = crate::harness::feed(config(&[480, 360]), &tags(&flv));
    assert_eq!((outcome.renditions.len(), outcome.ladders.len()), (1, 0));
}
