//! Parts that are cut anywhere, in the middle of B-frames too: each goes on where the one before it ended.

use crate::{
    checks::{cut_together, same_times},
    harness::{CONFIG, LEAD, Rendition, feed, packets, tags},
    media::{AAC, SOUND, source},
};
use mp4_atom::{Atom, Decode, Header, Moof};

/// When decoding of each sample begins and ends, and when it is shown, in ticks.
struct Sample {
    decoded: u64,
    ends: u64,
    shown: i64,
}

/// What a part's boxes say of its samples.
fn samples(media: &[u8]) -> Vec<Sample> {
    let mut rest = media;
    let moof = loop {
        let mut body = rest;
        let header = Header::decode(&mut body).unwrap();
        if header.kind == Moof::KIND {
            break Moof::decode(&mut rest).unwrap();
        }
        rest = &body[header.size.unwrap()..];
    };
    let [traf] = moof.traf.as_slice() else { panic!("{moof:?}") };
    let mut at = traf.tfdt.as_ref().unwrap().base_media_decode_time;
    let entries = traf.trun.iter().flat_map(|run| run.samples.iter());
    let sample = |entry: mp4_atom::TrunEntry| {
        let decoded = at;
        at += u64::from(entry.duration.or(traf.tfhd.default_sample_duration).unwrap());
        Sample { decoded, ends: at, shown: decoded.cast_signed() + entry.cts.unwrap_or(0) }
    };
    entries.map(sample).collect()
}

/// Checks that decoding goes on from part to part without a tick between; how many parts begin with a picture that is shown before
/// one of the part before it.
fn goes_on(rendition: &Rendition, timescale: u64) -> usize {
    let (mut end, mut shown, mut between) = (None, i64::MIN, 0);
    let ahead = samples(&rendition.parts[0].1)[0].shown - samples(&rendition.parts[0].1)[0].decoded.cast_signed();
    for (part, media) in &rendition.parts {
        let samples = samples(media);
        assert!(
            end.is_none_or(|end| end == samples[0].decoded),
            "{part:?} begins at {}, not {end:?}",
            samples[0].decoded
        );
        end = samples.last().map(|last| last.ends);
        // What is told of the part is what its boxes say.
        let told = (part.start_us + 6_000_000) * timescale / 1_000_000;
        let found = samples[0].decoded.cast_signed() + ahead;
        assert!(found.abs_diff(told.cast_signed()) <= 1, "{part:?} is at {found}");
        let told = part.duration_us * timescale / 1_000_000;
        assert!((end.unwrap() - samples[0].decoded).abs_diff(told) <= 1, "{part:?}");
        between += usize::from(samples[0].shown < shown);
        shown = samples.iter().map(|sample| sample.shown).max().unwrap().max(shown);
    }
    between
}

#[test]
fn parts_that_begin_between_b_frames_decode_and_go_on() {
    for (rate, between, gop) in [("30", 3, 60), ("60", 4, 100), ("24000/1001", 2, 48), ("10", 3, 25), ("25", 0, 50)] {
        let (dir, flv) = source(&format!(
            "-f lavfi -i testsrc2=size=320x180:rate={rate} {SOUND} -t 9 -c:v libx264 -preset veryfast -pix_fmt yuv420p \
             -bf {between} -x264-params scenecut=0:b-adapt=0:b-pyramid=none -g {gop} {AAC}"
        ));
        let outcome = feed(CONFIG, &tags(&flv));
        let (video, audio) = (&outcome.renditions["video"], &outcome.renditions["audio"]);
        video.check(outcome.target_ms.unwrap());
        audio.check(outcome.target_ms.unwrap());
        cut_together(&outcome);
        let in_the_middle = goes_on(video, 90_000);
        assert_eq!(in_the_middle > 3, between > 0, "{in_the_middle} of {} at {rate}", video.parts.len());
        assert_eq!(goes_on(audio, 48_000), 0);
        let moved = same_times(video, &flv, "v", dir.path());
        assert!((moved - same_times(audio, &flv, "a", dir.path())).abs() <= 0.001);
        assert!((moved - LEAD).abs() <= 0.001);
        let decoded: Vec<_> = packets(&video.file(0, dir.path()), "v").iter().map(|packet| packet.dts).collect();
        let source: Vec<_> = packets(&flv, "v").iter().map(|packet| packet.dts).collect();
        let moved = decoded[0] - source[0];
        for (decoded, source) in decoded.iter().zip(&source) {
            assert!((decoded - source - moved).abs() <= 0.001, "decoded at {decoded}, not {source}");
        }
    }
}
