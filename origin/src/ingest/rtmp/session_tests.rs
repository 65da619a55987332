//! The session, fed as an encoder would, in any split.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use proptest::prelude::*;
use scuffle_amf0::encoder::Amf0Encoder;

use super::{
    amf::{self, Value},
    chunk::{ChunkReader, Message},
    session::{Event, Session, SessionError},
};
use crate::{
    config::IngestLimits,
    ingest::{Tag, flv, limit::Limit},
};

/// A session that began just now.
fn begin() -> Session {
    Session::new(&IngestLimits::DEFAULT, Instant::now())
}

/// A handshake as a client without digests sends it: C0, C1 and C2 (whose content nobody checks).
fn hello() -> Vec<u8> {
    let mut bytes = vec![3];
    bytes.extend([0; 2 * 1536]);
    bytes
}

/// A message in chunks of 128 bytes.
fn message(stream: u32, kind: u8, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![3];
    bytes.extend(&timestamp.to_be_bytes()[1..]);
    bytes.extend(&u32::try_from(payload.len()).unwrap().to_be_bytes()[1..]);
    bytes.push(kind);
    bytes.extend(stream.to_le_bytes());
    for (index, piece) in payload.chunks(128).enumerate() {
        if index > 0 {
            bytes.push(0xc3);
        }
        bytes.extend(piece);
    }
    bytes
}

fn command(stream: u32, name: &str, transaction: f64, argument: Option<&str>) -> Vec<u8> {
    let mut payload = Vec::new();
    let mut amf = Amf0Encoder::new(&mut payload);
    amf.encode_string(name).unwrap();
    amf.encode_number(transaction).unwrap();
    amf.encode_null().unwrap();
    if let Some(argument) = argument {
        amf.encode_string(argument).unwrap();
        amf.encode_string("live").unwrap();
    }
    message(stream, 20, 0, &payload)
}

fn connect(app: &str) -> Vec<u8> {
    let mut payload = Vec::new();
    let mut amf = Amf0Encoder::new(&mut payload);
    amf.encode_string("connect").unwrap();
    amf.encode_number(1.0).unwrap();
    let members = [("app".into(), scuffle_amf0::Amf0Value::String(app.into()))];
    amf.encode_object(&members.into_iter().collect()).unwrap();
    message(0, 20, 0, &payload)
}

/// Everything an encoder sends up to and with `publish`.
fn opening(name: &str) -> Vec<u8> {
    let publish = command(1, "publish", 5.0, Some(name));
    [
        hello(),
        connect("live"),
        command(0, "releaseStream", 2.0, Some(name)),
        command(0, "FCPublish", 3.0, Some(name)),
        command(0, "createStream", 4.0, None),
        publish,
    ]
    .concat()
}

fn media() -> Vec<u8> {
    let mut frame = vec![0x17, 1];
    frame.extend([9; 300]);
    [
        message(1, 18, 0, b"\x02\x00\x0d@setDataFrame"),
        message(1, 9, 0, &[0x17, 0, 1, 2]),
        message(1, 9, 5_000, &frame),
        message(1, 8, 5_010, &[0xaf, 1, 3]),
    ]
    .concat()
}

/// What the session answered, as messages.
fn answers(bytes: &[u8]) -> Vec<Message> {
    // S0, S1 and S2 come first.
    let mut reader = ChunkReader::new(64 * 1024);
    reader.extend(&bytes[1 + 2 * 1536..]);
    let mut messages = Vec::new();
    while let Some(message) = reader.next().unwrap() {
        if message.kind == 1 {
            reader.set_chunk_size(u32::from_be_bytes(message.payload[..].try_into().unwrap())).unwrap();
        }
        messages.push(message);
    }
    messages
}

/// Commands in an answer, each with the message stream it came on.
fn commands(bytes: &[u8]) -> Vec<(u32, Vec<Value>)> {
    let messages = answers(bytes).into_iter().filter(|message| message.kind == 20);
    messages.map(|message| (message.stream, amf::read_all(&message.payload).unwrap())).collect()
}

fn code(values: &[Value]) -> Option<&str> {
    values.last().and_then(|information| information.member("code")).and_then(Value::as_str)
}

/// Feeds `bytes` in pieces; `publish` is answered with `accept`.
fn run(
    session: &mut Session,
    bytes: &[u8],
    cuts: &[usize],
    accept: bool,
) -> Result<(Vec<Event>, Vec<u8>), SessionError> {
    let now = Instant::now();
    let (mut events, mut out, mut rest) = (Vec::new(), BytesMut::new(), bytes);
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (head, tail) = rest.split_at(*cut.min(&rest.len()));
        rest = tail;
        session.receive(head, now)?;
        while let Some(event) = session.poll(now)? {
            if matches!(event, Event::Publish { .. }) {
                if accept { session.accept(now)? } else { session.refuse("no")? }
            }
            events.push(event);
        }
        out.extend_from_slice(&session.output());
    }
    Ok((events, out.to_vec()))
}

#[test]
fn an_encoder_is_led_to_publishing() {
    let mut session = begin();
    let (events, out) = run(&mut session, &opening("key?tag=1"), &[usize::MAX], true).unwrap();
    assert_eq!(events, [Event::Publish { key: "key".into() }]);
    let commands = commands(&out);
    let names: Vec<_> = commands.iter().map(|(stream, values)| (*stream, values[0].as_str().unwrap())).collect();
    let wanted = [(0, "_result"), (0, "_result"), (0, "_result"), (0, "onFCPublish"), (0, "_result"), (1, "onStatus")];
    assert_eq!(names, wanted);
    assert_eq!(code(&commands[0].1), Some("NetConnection.Connect.Success"));
    assert_eq!(commands[4].1[1..], [Value::Number(4.0), Value::Null, Value::Number(1.0)]);
    assert_eq!(code(&commands[5].1), Some("NetStream.Publish.Start"));
    let controls: Vec<_> = answers(&out).iter().map(|message| message.kind).take(3).collect();
    assert_eq!(controls, [5, 6, 1], "window, bandwidth and chunk size come before the reply");
}

#[test]
fn nothing_is_read_before_the_key_is_checked() {
    let (mut session, now) = (begin(), Instant::now());
    session.receive(&[opening("key"), media()].concat(), now).unwrap();
    assert_eq!(session.poll(now).unwrap(), Some(Event::Publish { key: "key".into() }));
    assert_eq!(session.poll(now).unwrap(), None);
    session.refuse("Invalid stream key").unwrap();
    assert_eq!(session.poll(now).unwrap(), None, "a refused encoder's media is never read");
    let out = session.output();
    let (stream, values) = commands(&out).pop().unwrap();
    assert_eq!((stream, code(&values)), (1, Some("NetStream.Publish.BadName")));
}

#[test]
fn another_application_is_rejected() {
    let mut session = begin();
    let (events, out) = run(&mut session, &[hello(), connect("vod")].concat(), &[usize::MAX], true).unwrap();
    assert_eq!(events, [Event::Unpublish]);
    assert_eq!(code(&commands(&out)[0].1), Some("NetConnection.Connect.Rejected"));
}

#[test]
fn media_before_publish_is_dropped_and_long_messages_refused() {
    let mut session = begin();
    let early = [hello(), connect("live"), message(1, 9, 0, &[0x17, 1, 0])].concat();
    assert_eq!(run(&mut session, &early, &[usize::MAX], true).unwrap().0, []);
    let long = run(&mut session, &[5, 0, 0, 0, 0x02, 0, 0, 9, 1, 0, 0, 0], &[usize::MAX], true);
    assert_eq!(long.unwrap_err().limit(), Some(Limit::MessageSize), "128 KiB before publish");
}

#[test]
fn pings_are_echoed_and_bytes_acknowledged() {
    let mut session = begin();
    let ping = message(0, 4, 0, &[0, 6, 1, 2, 3, 4]);
    // A window of 0 must not make us divide by it, or answer every byte.
    let window = message(0, 5, 0, &[0; 4]);
    let filler = message(0, 15, 0, &[0; 5_000]);
    let bytes = [opening("key"), ping, window, filler.clone(), filler].concat();
    let (_, out) = run(&mut session, &bytes, &[1_000], true).unwrap();
    let answers = answers(&out);
    assert!(answers.iter().any(|message| message.kind == 4 && message.payload[..] == [0, 7, 1, 2, 3, 4]));
    let acknowledged = answers.iter().filter(|message| message.kind == 3).count();
    assert!((2..=3).contains(&acknowledged), "{acknowledged}");
}

#[test]
fn goodbye_is_heard_once() {
    for farewell in ["FCUnpublish", "deleteStream", "closeStream"] {
        let mut session = begin();
        let bytes = [opening("key"), command(1, farewell, 0.0, None), command(1, "deleteStream", 0.0, None)].concat();
        let (events, out) = run(&mut session, &bytes, &[usize::MAX], true).unwrap();
        assert_eq!(events[1..], [Event::Unpublish], "{farewell}");
        assert_eq!(code(&commands(&out).pop().unwrap().1), Some("NetStream.Unpublish.Success"));
    }
}

#[test]
fn a_second_publish_is_out_of_place() {
    let mut session = begin();
    let bytes = [opening("key"), command(1, "publish", 6.0, Some("other"))].concat();
    assert!(matches!(run(&mut session, &bytes, &[usize::MAX], true), Err(SessionError::OutOfPlace(_))));
}

#[test]
fn other_protocols_are_turned_away_at_the_first_byte() {
    assert!(matches!(begin().receive(b"GET / HTTP/1.1\r\n", Instant::now()), Err(SessionError::Handshake(_))));
}

/// The limit that ends a session which is sent this.
fn limit(bytes: &[u8]) -> Option<Limit> {
    run(&mut begin(), bytes, &[4_096], true).err().and_then(|error| error.limit())
}

#[test]
fn every_limit_ends_the_session_under_its_name() {
    let bomb = |payload: Vec<u8>| limit(&[hello(), message(0, 20, 0, &payload)].concat());
    assert_eq!(bomb(b"\x0a\x00\x00\x00\x01".repeat(1_000)), Some(Limit::AmfDepth));
    assert_eq!(bomb(vec![5; 60_000]), Some(Limit::AmfValues));
    let ping = message(0, 4, 0, &[0, 6, 1, 2, 3, 4]);
    assert_eq!(limit(&[hello(), ping.repeat(100)].concat()), Some(Limit::SetupMessages));
    let filler = message(0, 15, 0, &vec![0; 60_000]);
    assert_eq!(limit(&[hello(), filler.repeat(5)].concat()), Some(Limit::SetupBytes));
    assert_eq!(limit(&[hello(), message(0, 1, 0, &[0, 0, 0, 1])].concat()), Some(Limit::ChunkSize));
    let streams: Vec<u8> = (2..63u8).flat_map(|id| [id, 0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0, b'x']).collect();
    assert_eq!(limit(&[hello(), streams].concat()), Some(Limit::ChunkStreams));
    // Empty messages, a byte each.
    let dust = [message(1, 8, 0, &[]), vec![0xc3; 60_000]].concat();
    assert_eq!(limit(&[opening("key"), dust].concat()), Some(Limit::MessageRate));
    assert_eq!(limit(&[opening("key"), message(1, 18, 0, &vec![0; 70_000])].concat()), Some(Limit::MessageSize));
    let flood = message(1, 9, 0, &vec![0x27; 1_000_000]);
    assert_eq!(limit(&[opening("key"), flood.repeat(80)].concat()), Some(Limit::Bitrate));
}

#[test]
fn patience_ends_with_the_handshake_the_key_and_whole_tags() {
    let (began, mut session) = (Instant::now(), begin());
    assert_eq!(session.deadline().unwrap().limit, Limit::HandshakeTime);
    let opening = opening("key");
    let (hello, rest) = opening.split_at(2 * 1536 + 1);
    session.receive(hello, began).unwrap();
    assert_eq!(session.deadline().unwrap().limit, Limit::KeyTime);
    session.receive(rest, began).unwrap();
    while session.poll(began).unwrap().is_none() {}
    assert_eq!(session.deadline(), None);
    session.accept(began).unwrap();
    // A tag of which a byte comes every second is no tag.
    let slow = message(1, 9, 0, &[0x17; 100]);
    let ended = slow.iter().zip(1..).find_map(|(byte, second)| {
        let now = began + Duration::from_secs(second);
        session.receive(&[*byte], now).err().or_else(|| session.poll(now).err()).map(|error| (second, error.limit()))
    });
    assert_eq!(ended, Some((10, Some(Limit::Silence))));
    session.condemn(Limit::Silence).unwrap();
    let out = session.output();
    assert_eq!(code(&commands(&out).pop().unwrap().1), Some("NetStream.Publish.Rejected"), "and is told");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_gives_the_same_tags(cuts in prop::collection::vec(1usize..700, 1..40)) {
        let bytes = [opening("key"), media(), command(1, "deleteStream", 7.0, None)].concat();
        let (events, _) = run(&mut begin(), &bytes, &cuts, true).unwrap();
        let tags: Vec<_> = events.iter().filter_map(|event| match event {
            Event::Tag(Tag { kind, dts_ms, body, .. }) => Some((*kind, *dts_ms, body.len())),
            _ => None,
        }).collect();
        let wanted = [(flv::Kind::Video, 0, 4), (flv::Kind::Video, 0, 302), (flv::Kind::Audio, 10, 3)];
        prop_assert_eq!(tags, wanted);
        prop_assert_eq!(events.last(), Some(&Event::Unpublish));
    }

    #[test]
    fn no_bytes_panic_the_session(noise in prop::collection::vec(any::<u8>(), 0..400), cut in 1usize..50) {
        let bytes = [hello(), noise].concat();
        let _ = run(&mut begin(), &bytes, &[cut], true);
    }
}
