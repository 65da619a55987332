//! What is fuzzed besides the origin's own (`spillway_origin::fuzz`): each function takes any bytes, and panics if what must hold for all
//! of them does not.
//!
//! The pipeline is a program without a library: what it reads tags with, up to its muxers, is compiled in here from its own files.

use std::{str, sync::LazyLock};

use spillway_edge::play::{asks::Asks, path::PlayPath};
use spillway_protocol::{
    ids::StreamId,
    keys::StreamKey,
    link::{LinkDown, LinkUp, PublishReply, PublishRequest},
    media::MediaObject,
    node,
    pipe::{self, FromPipeline, ToPipeline},
    problem::Problem,
    proof::{Kind, Proof},
    room::ClientFrame,
    time::Timestamp,
};

#[allow(dead_code)]
#[path = "../../origin/pipeline/src/aac.rs"]
mod aac;
#[allow(dead_code)]
#[path = "../../origin/pipeline/src/avc.rs"]
mod avc;
#[allow(dead_code)]
#[path = "../../origin/pipeline/src/clock.rs"]
mod clock;
#[allow(dead_code)]
#[path = "../../origin/pipeline/src/flv.rs"]
mod flv;
#[allow(dead_code)]
#[path = "../../origin/pipeline/src/format.rs"]
mod format;
#[allow(dead_code)]
#[path = "../../origin/pipeline/src/ladder.rs"]
mod ladder;
#[allow(dead_code)]
#[path = "../../origin/pipeline/src/opening.rs"]
mod opening;
#[allow(dead_code)]
#[path = "../../origin/pipeline/src/rungs.rs"]
mod rungs;
#[allow(dead_code)]
#[path = "../../origin/pipeline/src/sbr.rs"]
mod sbr;
#[allow(dead_code)]
#[path = "../../origin/pipeline/src/segmenter/mod.rs"]
mod segmenter;
#[allow(dead_code)]
#[path = "../../origin/pipeline/src/stream.rs"]
mod stream;

static STREAM: LazyLock<StreamId> = LazyLock::new(|| StreamId::new(Timestamp::from_millis(1), 1));

/// What the pipeline makes of tags: a byte of kind (bit 0: sound) and of the time since the last tag, a byte of length, the body.
pub fn tags(mut data: &[u8]) {
    let config =
        pipe::Config { segment_ms: 2_000, part_ms: 250, target_ms: None, part_target_ms: None, rungs: vec![360] };
    let mut stream = stream::Stream::new(&config);
    let mut dts_ms = 0i64;
    while let Some((&[how, length], rest)) = data.split_first_chunk() {
        let (body, rest) = rest.split_at(usize::from(length).min(rest.len()));
        data = rest;
        // Mostly forwards by some milliseconds; seldom far, or back.
        dts_ms += match how >> 1 {
            127 => i64::from(u32::MAX),
            126 => -900,
            step => i64::from(step),
        };
        let tag = pipe::Tag { dts_ms };
        let taken = if how & 1 == 1 { stream.audio(tag, body) } else { stream.video(tag, body) };
        if taken.is_err() {
            return;
        }
        transcode(&mut stream);
    }
    let _ = stream.finish();
    transcode(&mut stream);
    stream.finish_rungs();
    let _ = stream.steps().count();
}

/// A rung that is as its source: every picture comes back as it went, at once.
fn transcode(stream: &mut stream::Stream) {
    for step in stream.steps() {
        let segmenter::Step::Transcode(picture) = step else { continue };
        let format = picture.run.and_then(|run| match run.format {
            format::Format::Video(format) => Some(format),
            format::Format::Audio(_) => None,
        });
        let segmenter::Unit { pts_us, keyframe, data, .. } = picture.unit;
        stream.rung(rungs::Transcoded { lines: 360, format, pts_us, keyframe, data });
    }
}

/// Frames between origin and pipeline: what is read and written again is the same.
pub fn pipe(data: &[u8]) {
    let Some((head, payload)) = data.split_first_chunk::<{ pipe::HEADER }>() else { return };
    let Ok((kind, _)) = pipe::header(*head) else { return };
    if let Ok(frame) = ToPipeline::decode(kind, payload) {
        let bytes = frame.encode().expect("what was read can be written");
        assert_eq!(ToPipeline::decode(kind, &bytes[pipe::HEADER..]).expect("and read again"), frame);
    }
    if let Ok(frame) = FromPipeline::decode(kind, payload) {
        let bytes = frame.encode().expect("what was read can be written");
        assert_eq!(FromPipeline::decode(kind, &bytes[pipe::HEADER..]).expect("and read again"), frame);
    }
}

/// Frames of a viewer's socket.
pub fn room(data: &[u8]) {
    if let Ok(frame) = serde_json::from_slice::<ClientFrame>(data) {
        let text = serde_json::to_string(&frame).expect("what was read can be written");
        assert_eq!(serde_json::from_str::<ClientFrame>(&text).expect("and read again"), frame);
    }
}

/// What origin and edge say to each other.
pub fn link(data: &[u8]) {
    if let Ok(frame) = serde_json::from_slice::<LinkUp>(data) {
        let text = serde_json::to_string(&frame).expect("what was read can be written");
        assert_eq!(serde_json::from_str::<LinkUp>(&text).expect("and read again"), frame);
    }
    let _ = serde_json::from_slice::<LinkDown>(data);
    let _ = serde_json::from_slice::<PublishRequest>(data);
    let _ = serde_json::from_slice::<PublishReply>(data);
    let _ = serde_json::from_slice::<Problem>(data);
}

/// Playback: a path, and behind line ends the headers `Range`, `If-Range` and `If-None-Match`. An answer lies within what there is.
pub fn play(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut lines = text.split('\n').map(str::to_owned);
    let path = lines.next().unwrap_or_default();
    if let Some(play) = PlayPath::parse(&path) {
        assert!(path.contains(&play.stream.to_string()));
    }
    if let Some(object) = MediaObject::parse_path(&path) {
        assert_eq!(object.path(), path, "a name has one spelling");
    }
    let asks = Asks { head: false, range: lines.next(), if_range: lines.next(), if_none_match: lines.next() };
    for size in [0, 1, 1_000, u64::MAX] {
        if let spillway_edge::play::asks::Answer::Part { first, last } = asks.answer(size, "\"etag\"") {
            assert!(first <= last && last < size, "{first} to {last} of {size}");
        }
    }
}

/// Stream keys, proofs and a node's signature: nothing that was not made with the secret is good.
pub fn keys(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Some(key) = StreamKey::parse(text) {
        assert_eq!(key.reveal(), text, "a key has one spelling");
        assert!(!key.is_valid(b"a secret that no input knows", 1));
    }
    let now = Timestamp::from_millis(0);
    for kind in [Kind::Entry, Kind::Session, Kind::Chat] {
        assert!(Proof::open(b"a secret that no input knows", *STREAM, kind, text, now).is_err());
    }
    let (time, code) = text.split_once('\n').unwrap_or((text, ""));
    assert!(!node::verify(b"a secret that no input knows", "POST", "/", time, "", code, now));
}
