//! The process: how soon it answers, and how it ends.

use std::time::{Duration, Instant};

use crate::harness::{CONFIG, Outcome, Pipeline, ffmpeg, tags};
use spillway_protocol::pipe::{Config, FromPipeline, Tag, ToPipeline};

fn media() -> Vec<ToPipeline<Vec<u8>>> {
    let dir = tempfile::tempdir().unwrap();
    let flv = dir.path().join("source.flv");
    let input = "-f lavfi -i testsrc2=size=320x180:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000 -t 6";
    ffmpeg(&format!("{input} -c:v libx264 -preset veryfast -bf 2 -pix_fmt yuv420p -g 60 -c:a aac"), &flv);
    tags(&flv)
}

fn time(tag: &ToPipeline<Vec<u8>>) -> i64 {
    match tag {
        ToPipeline::Video(tag, _) | ToPipeline::Audio(tag, _) => tag.dts_ms,
        _ => 0,
    }
}

/// A part is there as soon as the tags that follow it say where it ends: a live encoder's next pictures, not a second more.
#[test]
fn parts_come_while_the_stream_goes_on() {
    let tags = media();
    let mut pipeline = Pipeline::start();
    pipeline.send(&ToPipeline::Config(CONFIG));
    let sent = tags.iter().position(|tag| time(tag) > 3_000).unwrap();
    for tag in &tags[..sent] {
        pipeline.send(tag);
    }
    // 3 s of media went in: 2.5 s of it must come out while the input stays open.
    let begun = Instant::now();
    let mut ends = [0, 0];
    while ends.iter().any(|end| *end < 2_500_000) {
        let frame = pipeline.frame(Duration::from_secs(10)).expect("the parts do not come");
        if let FromPipeline::Part(part, _) = frame.decode() {
            ends[usize::from(part.rendition.as_str() == "audio")] = part.start_us + part.duration_us;
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
    let (_, code, log) = pipeline.close();
    assert_eq!((code, log.as_str()), (Some(0), ""));
}

#[test]
fn the_end_of_input_is_the_end_of_the_stream() {
    let mut pipeline = Pipeline::start();
    pipeline.send(&ToPipeline::Config(CONFIG));
    for tag in media() {
        pipeline.send(&tag);
    }
    let (frames, code, _) = pipeline.close();
    let outcome = Outcome::of(&frames);
    assert!(outcome.ended);
    assert_eq!((code, outcome.renditions["video"].segments.len()), (Some(0), 3));
}

#[test]
fn nothing_at_all_is_a_stream_too() {
    let (frames, code, log) = Pipeline::start().close();
    assert_eq!((frames.len(), code, log.as_str()), (0, Some(0), ""));
    let mut pipeline = Pipeline::start();
    pipeline.send(&ToPipeline::Config(Config { target_ms: Some(4_000), part_target_ms: Some(303), ..CONFIG }));
    let (frames, code, _) = pipeline.close();
    let outcome = Outcome::of(&frames);
    assert_eq!((outcome.target_ms, outcome.part_target_ms), (Some(4_000), Some(303)));
    assert_eq!((outcome.ended, code), (true, Some(0)));
}

#[test]
fn a_broken_pipe_protocol_ends_the_process() {
    let broken: [&[u8]; 4] = [
        // No config in front; a frame that is too long; one that is cut short; an unknown one.
        &ToPipeline::<Vec<u8>>::Eos.encode().unwrap(),
        &[1, 0xff, 0xff, 0xff, 0xff],
        &[1, 0, 0, 0, 9, 1],
        &[99, 0, 0, 0, 0],
    ];
    for bytes in broken {
        let mut pipeline = Pipeline::start();
        pipeline.write(bytes);
        let (frames, code, log) = pipeline.close();
        assert_eq!((frames.len(), code), (0, Some(1)));
        assert!(log.starts_with("spillway-pipeline: "), "{log}");
    }
}

#[test]
fn times_that_fall_back_end_the_process() {
    let mut pipeline = Pipeline::start();
    pipeline.send(&ToPipeline::Config(CONFIG));
    for tag in media() {
        pipeline.send(&tag);
    }
    for tag in media() {
        pipeline.send(&tag);
    }
    let (_, code, log) = pipeline.close();
    assert_eq!(code, Some(1));
    assert!(log.contains("behind"), "{log}");
}

#[test]
fn media_that_cannot_be_handled_is_left_out_with_a_warning() {
    let mut pipeline = Pipeline::start();
    pipeline.send(&ToPipeline::Config(CONFIG));
    let tag = Tag { dts_ms: 0 };
    for _ in 0..3 {
        pipeline.send(&ToPipeline::Video(tag, b"\x90hvc1\0\0\0".to_vec()));
        pipeline.send(&ToPipeline::Video(tag, vec![0x17, 0, 0, 0, 0, 1, 2, 3]));
        pipeline.send(&ToPipeline::Audio(tag, vec![0x2f, 1, 2]));
        pipeline.send(&ToPipeline::Video(tag, [vec![0x17, 1, 0, 0, 0], vec![0; 5 * 1024 * 1024]].concat()));
    }
    let (frames, code, _) = pipeline.close();
    let outcome = Outcome::of(&frames);
    assert_eq!(outcome.warnings, ["VIDEO_UNSUPPORTED", "AUDIO_UNSUPPORTED", "FRAME_TOO_LARGE"]);
    assert_eq!((outcome.ended, outcome.renditions.len(), code), (true, 0, Some(0)));
}
