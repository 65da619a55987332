//! What encoders do, sane ones and strange ones, through the real process.

use std::path::Path;

use crate::{
    changes::{Tags, changed, in_band, moved, nal, only},
    checks::{about, belong_together, cut_together, end, holds, same_times, seconds},
    harness::{CONFIG, decodes, feed, ffmpeg, packets, tags},
    media::{AAC, PICTURE, SOUND, X264, source},
};
use spillway_protocol::pipe::{Config, Tag, ToPipeline};

#[test]
fn he_aac_is_told_and_timed_however_it_is_signalled() {
    let media = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media");
    let (v1, v2) = (media.join("he-aac.flv"), media.join("he-aac-v2.flv"));
    let (hierarchical, behind): (&[u8], &[u8]) = (&[0x2b, 0x11, 0x88, 0x00], &[0x13, 0x10, 0x56, 0xe5, 0x98]);
    let (hierarchical_v2, behind_v2): (&[u8], &[u8]) =
        (&[0xeb, 0x09, 0x88, 0x00], &[0x13, 0x08, 0x56, 0xe5, 0x9d, 0x48, 0x80]);
    let (implicit, implicit_v2): (&[u8], &[u8]) = (&[0x13, 0x10], &[0x13, 0x08]);
    for (file, config, codec) in [
        (&v1, hierarchical, "mp4a.40.5"),
        (&v1, behind, "mp4a.40.5"),
        (&v1, implicit, "mp4a.40.5"),
        (&v2, hierarchical_v2, "mp4a.40.29"),
        (&v2, behind_v2, "mp4a.40.29"),
        // That there is PS too stands deep within SBR's data. Players look for it by themselves.
        (&v2, implicit_v2, "mp4a.40.5"),
    ] {
        let mut tags = tags(file);
        tags[0] = ToPipeline::Audio(Tag { dts_ms: 0 }, [&[0xaf, 0], config].concat());
        let count = u32::try_from(tags.len() - 1).unwrap();
        let outcome = feed(CONFIG, &tags);
        let audio = &outcome.renditions["audio"];
        assert_eq!(audio.inits[0].0.track.codec, codec, "{config:02x?}");
        audio.check(outcome.target_ms.unwrap());
        // Six frames: five are 84 % of what parts aim for.
        assert_eq!(outcome.part_target_ms, Some(259));
        let (start, end) = seconds(&outcome, "audio");
        assert!((end - start - f64::from(count) * 2_048.0 / 48_000.0).abs() < 0.001, "{start} {end}");
        let dir = tempfile::tempdir().unwrap();
        same_times(audio, file, "a", dir.path());
    }
}

#[test]
fn parameter_sets_among_the_pictures_are_a_header_too() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 4 {X264} -g 60 {AAC}"));
    let second = dir.path().join("second.flv");
    ffmpeg(&format!("-f lavfi -i testsrc2=size=640x360:rate=30 {SOUND} -t 4 {X264} -g 60 {AAC}"), &second);
    let later = moved(in_band(tags(&second)), |_, at| at + 4_000);
    // First without any header at all, then with one at first.
    for first in [in_band(tags(&flv)), tags(&flv)] {
        let outcome = feed(CONFIG, &[first, later.clone()].concat());
        assert_eq!(outcome.warnings, [""; 0]);
        let (video, audio) = (&outcome.renditions["video"], &outcome.renditions["audio"]);
        assert_eq!(video.segments.iter().map(|segment| segment.init).collect::<Vec<_>>(), [0, 0, 1, 1]);
        assert_eq!(audio.inits.len(), 1);
        cut_together(&outcome);
        holds(video, 2_000, dir.path());
        for version in [0, 1] {
            assert_eq!(packets(&video.file(version, dir.path()), "v").len(), 120);
        }
        // ffmpeg passes over a second init section.
        let path = dir.path().join("first-init-only.mp4");
        let media = video.parts.iter().flat_map(|(_, bytes)| bytes);
        std::fs::write(&path, video.inits[0].1.iter().chain(media).copied().collect::<Vec<_>>()).unwrap();
        decodes(&path);
    }
}

#[test]
fn what_is_no_picture_within_a_tag_does_no_harm() {
    let (dir, flv) = source(&format!("{PICTURE} -t 4 {X264} -g 60"));
    let around = |body: Vec<u8>| {
        let message: &[u8] = &[6, 5, 2, 0, 0, 0x80];
        [&body[..5], &nal(&[9, 0xf0]), &nal(&[]), &nal(message), &body[5..], &nal(&[]), &nal(&[12, 0xff, 0x80])]
            .concat()
    };
    let mut strange = changed(tags(&flv), |_, at| at, around);
    // A tag with nothing but a delimiter, or with nothing, is no picture.
    for body in [[&[0x27, 1, 0, 0, 0], nal(&[9, 0xf0]).as_slice()].concat(), vec![0x27, 1, 0, 0, 0], vec![0x27, 1]] {
        strange.insert(strange.len() / 2, ToPipeline::Video(Tag { dts_ms: 2_000 }, body));
    }
    let outcome = feed(CONFIG, &strange);
    same_times(&outcome.renditions["video"], &flv, "v", dir.path());
}

#[test]
fn open_gops_with_b_frames_keep_their_times() {
    let (dir, flv) = source(&format!(
        "{PICTURE} {SOUND} -t 8 -c:v libx264 -preset veryfast -bf 3 -pix_fmt yuv420p -x264-params scenecut=0:open-gop=1 \
         -g 60 {AAC}"
    ));
    let outcome = feed(CONFIG, &tags(&flv));
    let (video, audio) = (&outcome.renditions["video"], &outcome.renditions["audio"]);
    cut_together(&outcome);
    video.check(outcome.target_ms.unwrap());
    let moved = same_times(video, &flv, "v", dir.path());
    assert!((moved - same_times(audio, &flv, "a", dir.path())).abs() <= 0.001);
}

#[test]
fn gops_of_half_a_second_and_of_ten() {
    for (gop, target_ms) in [(15, 2_000), (300, 10_000)] {
        let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 22 {X264} -g {gop} {AAC}"));
        let outcome = feed(CONFIG, &tags(&flv));
        assert_eq!((outcome.target_ms, outcome.warnings.len()), (Some(target_ms), 0));
        let video = &outcome.renditions["video"];
        video.check(target_ms);
        outcome.renditions["audio"].check(target_ms);
        cut_together(&outcome);
        assert!(video.segments.iter().all(|segment| segment.independent));
        assert_eq!(video.segments[0].duration_us / 1_000, u64::from(target_ms));
        same_times(video, &flv, "v", dir.path());
    }
}

#[test]
fn a_picture_without_a_keyframe_is_waited_for_while_sound_goes_on() {
    let (dir, flv) = source(&format!("{PICTURE} {SOUND} -t 15 {X264} -g 330 {AAC}"));
    // Joined behind the first keyframe: the next comes after 11 s.
    let outcome = feed(CONFIG, &only(tags(&flv), |_, at| at >= 100));
    let (video, audio) = (&outcome.renditions["video"], &outcome.renditions["audio"]);
    about(seconds(&outcome, "audio"), (0.1, 15.0));
    about(seconds(&outcome, "video"), (11.0, 15.0));
    assert_eq!(outcome.target_ms, Some(2_000), "the sound alone does not wait");
    holds(video, 2_000, dir.path());
    holds(audio, 2_000, dir.path());
    belong_together(&outcome);
    // In the middle it is cut as long as it lasts.
    let outcome = feed(Config { target_ms: Some(4_000), ..CONFIG }, &tags(&flv));
    assert_eq!(outcome.warnings, ["LONG_GOP"]);
    outcome.renditions["video"].check(4_000);
    cut_together(&outcome);
}

#[test]
fn a_format_that_changes_with_every_picture_costs_little() {
    let (dir, flv) = source(&format!("{PICTURE} -t 3 {X264} -g 1 -bf 0"));
    let other = dir.path().join("other.flv");
    ffmpeg(&format!("-f lavfi -i testsrc2=size=640x360:rate=30 -t 3 {X264} -g 1 -bf 0"), &other);
    let pairs = in_band(tags(&flv)).into_iter().zip(in_band(tags(&other)));
    let tags: Tags = pairs.enumerate().map(|(n, (one, two))| if n % 2 == 0 { one } else { two }).collect();
    let outcome = feed(CONFIG, &tags);
    let video = &outcome.renditions["video"];
    assert!((2..=6).contains(&video.inits.len()), "{}", video.inits.len());
    holds(video, 2_000, dir.path());
}

#[test]
fn broken_media_break_nothing() {
    let (_dir, flv) = source(&format!("{PICTURE} {SOUND} -t 8 {X264} -g 15 {AAC}"));
    let whole = tags(&flv);
    for seed in 1..=8_u64 {
        let mut state = seed;
        // Numbers that look like chance, and are the same each time (Knuth's multiplier).
        let mut chance = |most: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % most
        };
        let mut broken = Vec::new();
        for tag in &whole {
            let (video, Tag { dts_ms }, mut body) = match tag.clone() {
                ToPipeline::Video(tag, body) => (true, tag, body),
                ToPipeline::Audio(tag, body) => (false, tag, body),
                _ => continue,
            };
            match chance(12) {
                0 => continue,
                1 => body.truncate(chance(body.len() + 1)),
                2 => body = body.repeat(2),
                3 => (0..3).for_each(|_| {
                    let at = chance(body.len().min(60));
                    body[at] ^= 1 << chance(8);
                }),
                _ => {}
            }
            let dts_ms = dts_ms + i64::try_from(chance(400)).unwrap() * i64::from(chance(10) == 0);
            let tag = Tag { dts_ms };
            broken.push(if video { ToPipeline::Video(tag, body) } else { ToPipeline::Audio(tag, body) });
            // A header again, somewhere.
            broken.extend((chance(40) == 0).then(|| whole[chance(2)].clone()));
        }
        let outcome = feed(CONFIG, &broken);
        for rendition in outcome.renditions.values() {
            assert!(rendition.segments.windows(2).all(|pair| end(&pair[0]) <= pair[1].start_us), "seed {seed}");
        }
    }
}
