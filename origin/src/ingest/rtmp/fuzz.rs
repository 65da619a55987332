//! What is fuzzed here: each function takes any bytes, and panics if what must hold for all of them does not. `fuzz/` runs them under
//! libFuzzer; the tests below replay its corpus, and changes to it, in every build.

#![cfg_attr(not(fuzzing), allow(unreachable_pub, reason = "public to the fuzz targets alone"))]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use super::{
    amf,
    chunk::{ChunkError, ChunkReader, Message},
    handshake::Handshake,
    session::{Event, Session, SessionError},
};
use crate::{
    config::IngestLimits,
    ingest::flv::{self, Kind, Role},
};

/// What a fuzzed chunk reader takes of a message.
const LIMITS: (usize, usize) = (512, 2_048);

/// Splits off the byte that says how the rest is cut into reads.
fn cut(data: &[u8]) -> (usize, &[u8]) {
    data.split_first().map_or((1, data), |(first, rest)| (usize::from(*first) + 1, rest))
}

/// The handshake: any split ends the same, and the answer has one length.
pub fn handshake(data: &[u8]) {
    let (cut, bytes) = cut(data);
    let feed = |size: usize| {
        let (mut handshake, mut out) = (Handshake::default(), Vec::new());
        let mut pieces = bytes.chunks(size);
        let mut rest = Ok(None);
        for piece in pieces.by_ref() {
            rest = handshake.receive(piece, &mut out);
            if !matches!(rest, Ok(None)) {
                break;
            }
        }
        assert!(matches!(out.len(), 0 | 3_073), "an answer of {} bytes", out.len());
        let behind: Vec<u8> = pieces.flatten().copied().collect();
        rest.map(|rest| rest.map(|rest| [rest.to_vec(), behind].concat())).map_err(|_| ())
    };
    assert_eq!(feed(cut), feed(bytes.len().max(1)));
}

/// The chunk stream: any split reads the same messages, and none is longer than allowed.
pub fn chunks(data: &[u8]) {
    let (cut, bytes) = cut(data);
    let read = |size: usize| {
        let mut reader = ChunkReader::new(LIMITS.0);
        reader.set_media_limit(LIMITS.1);
        let mut messages = Vec::new();
        for piece in bytes.chunks(size) {
            reader.extend(piece);
            if let Err(error) = read_all(&mut reader, &mut messages) {
                return (messages, Some(error));
            }
        }
        (messages, None)
    };
    let (messages, error) = read(cut);
    let total: usize = messages.iter().map(|message| message.payload.len()).sum();
    assert!(total <= bytes.len(), "{total} bytes out of {}", bytes.len());
    assert!(messages.iter().all(|message| message.payload.len() <= LIMITS.1));
    assert_eq!((messages, error), read(bytes.len().max(1)));
}

fn read_all(reader: &mut ChunkReader, messages: &mut Vec<Message>) -> Result<(), ChunkError> {
    while let Some(message) = reader.next()? {
        match (message.kind, message.payload.first_chunk::<4>()) {
            (1, Some(size)) => reader.set_chunk_size(u32::from_be_bytes(*size))?,
            (2, Some(id)) => reader.abort(u32::from_be_bytes(*id)),
            _ => {}
        }
        messages.push(message);
    }
    Ok(())
}

/// AMF0: what is read is bounded by what was sent.
pub fn amf(data: &[u8]) {
    fn weigh(value: &amf::Value) -> usize {
        1 + match value {
            // A byte that is no UTF-8 becomes three.
            amf::Value::String(text) => text.len() / 3,
            amf::Value::Object(members) => members.iter().map(|(key, value)| key.len() / 3 + weigh(value)).sum(),
            amf::Value::Array(values) => values.iter().map(weigh).sum(),
            amf::Value::Number(_) | amf::Value::Boolean(_) | amf::Value::Null => 0,
        }
    }
    if let Ok(values) = amf::read_all(data) {
        assert!(values.iter().map(weigh).sum::<usize>() <= data.len());
    }
}

/// The whole session: bytes in, events and replies out. The first byte cuts, the second says how fast time goes, whether keys are good,
/// and whether the session has already begun to publish.
pub fn session(data: &[u8]) {
    let (cut, rest) = cut(data);
    let Some((&how, bytes)) = rest.split_first() else { return };
    let (is_good, is_open, step) = (how & 1 == 0, how & 2 == 0, Duration::from_millis(u64::from(how >> 2)));
    let mut now = Instant::now();
    let mut session = Session::new(&IngestLimits::DEFAULT, now);
    if is_open {
        assert!(matches!(feed(&mut session, &opening(), is_good, now), Ok(1)), "the opening is in order");
        session.output();
    }
    for piece in bytes.chunks(cut) {
        now += step;
        let fed = feed(&mut session, piece, is_good, now);
        let said = session.output().len();
        // The handshake's answer, and a few short replies to each short command that the piece made whole.
        assert!(said <= 4_096 + 512 * 1_024 && said <= 8_192 + 40 * bytes.len(), "{said} bytes");
        if fed.is_err() {
            break;
        }
    }
    let _ = session.dismiss("enough");
}

/// `connect` and `publish`, each in a chunk of its own.
const COMMANDS: [&[u8]; 2] = [
    b"\x03\0\0\0\0\0\x23\x14\0\0\0\0\x02\0\x07connect\0\x3f\xf0\0\0\0\0\0\0\x03\0\x03app\x02\0\x04live\0\0\x09",
    b"\x03\0\0\0\0\0\x1a\x14\x01\0\0\0\x02\0\x07publish\0\x40\x14\0\0\0\0\0\0\x05\x02\0\x03key",
];

/// A handshake without digests, and commands up to and with `publish`.
fn opening() -> Vec<u8> {
    let mut bytes = vec![0; 1 + 2 * 1_536];
    if let Some(version) = bytes.first_mut() {
        *version = 3;
    }
    [bytes.as_slice(), COMMANDS.concat().as_slice()].concat()
}

/// Feeds bytes; gives back how often a key was shown.
fn feed(session: &mut Session, bytes: &[u8], is_good: bool, now: Instant) -> Result<usize, SessionError> {
    session.receive(bytes, now)?;
    let mut keys = 0;
    while let Some(event) = session.poll(now)? {
        match event {
            Event::Publish { .. } => {
                keys += 1;
                if is_good { session.accept(now)? } else { session.refuse("no")? }
            }
            Event::Tag(tag) => {
                assert!(!tag.body.is_empty(), "a tag without a body");
                session.delivered(now);
            }
            Event::Unpublish => {}
        }
    }
    Ok(keys)
}

/// The first bytes of FLV tags: sound is never anything but a key frame or a configuration.
pub fn flv(data: &[u8]) {
    // Otherwise it is compiled away, and nothing is tried.
    black_box(flv::role(Kind::Video, black_box(data)));
    assert_ne!(flv::role(Kind::Audio, black_box(data)), Role::Frame);
}

#[cfg(test)]
#[path = "../../../../fuzz/src/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_and_changes_to_it() {
        for (name, rounds, target) in [
            ("handshake", 2_000, handshake as fn(&[u8])),
            ("chunks", 20_000, chunks),
            ("amf", 20_000, amf),
            ("session", 2_000, session),
            ("flv", 2_000, flv),
        ] {
            replay::replay(name, rounds, target);
        }
    }
}
