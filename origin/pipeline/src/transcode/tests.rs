//! Real decoders and encoders, and what is said when they come and go.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use super::{encoder::Encoder, *};
use crate::{ladder::Rung, segmenter::Unit};

const STEP_US: u64 = 40_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// A transcoder, and what wakes whoever polls it.
fn transcoder(allowed: &[u16]) -> (Transcoder, mpsc::Receiver<()>) {
    gst::init().unwrap();
    let (sender, woken) = mpsc::channel();
    let wake: Wake = Arc::new(move || sender.send(()).unwrap_or_default());
    (Transcoder::new(allowed.to_vec(), wake), woken)
}

/// A grey source of so many pictures, as an encoder makes it.
fn source(width: u32, height: u32, count: u64) -> Vec<Picture> {
    gst::init().unwrap();
    let (sender, woken) = mpsc::channel();
    let wake: Wake = Arc::new(move || sender.send(()).unwrap_or_default());
    let rung = Rung { lines: 180, width, height, frame_rate_millis: Some(25_000), kbits: 500 };
    let mut encoder = Encoder::open(&rung, &wake).unwrap();
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", i32::try_from(width).unwrap())
        .field("height", i32::try_from(height).unwrap())
        .field("framerate", gst::Fraction::new(25, 1))
        .build();
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    for n in 0..count {
        let mut buffer = gst::Buffer::from_mut_slice(vec![128_u8; (width * height * 3 / 2) as usize]);
        buffer.get_mut().unwrap().set_pts(gst::ClockTime::from_useconds(n * STEP_US));
        let sample = gst::Sample::builder().buffer(&buffer).caps(&caps).segment(&segment).build();
        encoder.push(&sample, n % 25 == 0).unwrap();
    }
    let mut pictures: Vec<Picture> = Vec::new();
    while pictures.len() < usize::try_from(count).unwrap() {
        let Some(made) = encoder.take().unwrap() else {
            woken.recv_timeout(PATIENCE).unwrap();
            continue;
        };
        let (time_us, keyframe) = (made.pts_us, made.keyframe);
        let run = made.format.map(|format| Run { format: Format::Video(format), ahead_us: 0 });
        let unit = Unit { time_us, pts_us: time_us, keyframe, data: made.data };
        pictures.push(Picture { run, unit, key_us: keyframe.then_some(time_us) });
    }
    pictures
}

/// Polls until nothing is on its way.
fn drain(transcoder: &mut Transcoder, woken: &mpsc::Receiver<()>) -> Vec<Made> {
    let mut made = Vec::new();
    loop {
        transcoder.finish();
        made.extend(transcoder.poll(Instant::now()));
        if transcoder.is_done() {
            return made;
        }
        woken.recv_timeout(PATIENCE).unwrap();
    }
}

/// What was said, without the pictures.
fn said(made: &[Made]) -> Vec<String> {
    let say = |made: &Made| match made {
        Made::Ladder(ladder) => Some(format!("{:?}", ladder.rungs)),
        Made::Ended(lines) => Some(format!("{lines} ended")),
        Made::Warning(code) => Some((*code).to_owned()),
        Made::Picture(_) => None,
    };
    made.iter().filter_map(say).collect()
}

fn times(made: &[Made], of: u16) -> Vec<(u64, bool)> {
    let time = |made: &Made| match made {
        Made::Picture(picture) if picture.lines == of => Some((picture.pts_us, picture.keyframe)),
        _ => None,
    };
    made.iter().filter_map(time).collect()
}

#[test]
fn every_picture_comes_out_at_its_time() {
    let (mut transcoder, woken) = transcoder(&[120, 90]);
    let source = source(320, 180, 60);
    let wanted: Vec<_> = source.iter().map(|picture| (picture.unit.pts_us, picture.unit.keyframe)).collect();
    assert_eq!(wanted.iter().filter(|(_, keyframe)| *keyframe).count(), 3);
    for picture in source {
        transcoder.push(picture);
    }
    let made = drain(&mut transcoder, &woken);
    assert_eq!(said(&made), ["[120, 90]"]);
    assert_eq!((times(&made, 120), times(&made, 90)), (wanted.clone(), wanted));
}

#[test]
fn the_top_rung_is_given_up_first_and_for_good() {
    let (mut transcoder, woken) = transcoder(&[120, 90]);
    for picture in source(320, 180, 50) {
        transcoder.push(picture);
    }
    let mut made = transcoder.poll(Instant::now());
    transcoder.give_up_top();
    made.extend(drain(&mut transcoder, &woken));
    assert_eq!(said(&made), ["[120, 90]", "RUNG_DROPPED", "120 ended", "[90]"]);
    assert_eq!(times(&made, 90).len(), 50);

    // Another run of the source does not bring it back, and below the last rung there is none.
    for picture in source(320, 180, 10) {
        transcoder.push(picture);
    }
    let mut made = transcoder.poll(Instant::now());
    transcoder.give_up_top();
    made.extend(transcoder.poll(Instant::now()));
    assert_eq!(said(&made), ["[90]", "RUNG_DROPPED", "90 ended", "[]"]);
    assert!(transcoder.is_done());
}

#[test]
fn a_source_that_cannot_be_decoded_has_no_rungs() {
    let (mut transcoder, woken) = transcoder(&[120, 90]);
    let mut source = source(320, 180, 10);
    if let Some(Run { format: Format::Video(format), .. }) = &mut source[0].run {
        format.record = vec![1, 2, 3];
    }
    for picture in source {
        transcoder.push(picture);
    }
    let made = drain(&mut transcoder, &woken);
    assert_eq!(said(&made), ["[120, 90]", "RUNGS_FAILED", "120 ended", "90 ended", "[]"]);
    assert!(transcoder.is_done());
}
