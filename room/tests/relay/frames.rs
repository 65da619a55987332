//! What sockets send.

use serde_json::json;
use spillway_protocol::{
    problem::{Code, Problem},
    room::{CloseCode, ServerEvent},
};
use spillway_room::{
    call::room::Heard,
    relay::{Output, Socket},
};

use crate::{
    anonymous, closes, error, frame, join, outputs, ready,
    support::{at, user},
    told, visitor,
};

#[test]
fn frames_that_are_not_of_the_protocol_close_the_socket() {
    let long = frame("SEND_MESSAGE", json!({"message": "x".repeat(5_000)}));
    let elsewhere =
        json!({"type": "JOIN_STREAM", "data": {"streamId": "stream_01ja000000000000000000000a"}}).to_string();
    for (first, text, code) in [
        (false, "{", CloseCode::Malformed),
        (false, "[]", CloseCode::Malformed),
        (false, &*"[".repeat(4_000), CloseCode::Malformed),
        (true, r#"{"type": 5, "data": {}}"#, CloseCode::Malformed),
        (true, r#"{"type": "SEND_MESSAGE", "data": []}"#, CloseCode::Malformed),
        (false, &*frame("SEND_MESSAGE", json!({"message": "not joined"})), CloseCode::Malformed),
        (false, &*elsewhere, CloseCode::Malformed),
        (true, &*long, CloseCode::TooLarge),
    ] {
        let mut relay = ready();
        let id =
            if first { join(&mut relay, visitor(2), 20) } else { relay.open(visitor(2), false, at(20)).unwrap().id };
        relay.frame(id, text, at(21)).unwrap();
        assert_eq!(closes(&outputs(&mut relay, 21)), [(id, code)], "{text:.60}");
        // Nothing more comes of a socket that is closed.
        relay.frame(id, &frame("JOIN_STREAM", json!({})), at(22)).unwrap();
        assert_eq!(told(&outputs(&mut relay, 22), id), []);
    }
    let mut relay = ready();
    let id = join(&mut relay, visitor(2), 20);
    relay.binary(id);
    assert_eq!(closes(&outputs(&mut relay, 21)), [(id, CloseCode::Malformed)]);
}

#[test]
fn a_frame_that_cannot_be_taken_is_refused_and_the_socket_stays() {
    let mut relay = ready();
    let id = join(&mut relay, visitor(2), 20);
    outputs(&mut relay, 20);
    for (kind, data) in [
        ("SEND_TIP", json!({"amount": 5, "clientId": "c1"})),
        ("NOT_A_TYPE", json!({"clientId": "c1"})),
        ("SEND_MESSAGE", json!({"message": 5, "clientId": "c1"})),
        ("JOIN_STREAM", json!({"lastSeq": -1, "clientId": "c1"})),
    ] {
        relay.frame(id, &frame(kind, data), at(21)).unwrap();
        let polled = outputs(&mut relay, 21);
        assert_eq!(error(&told(&polled, id)), (Code::Malformed, None, Some("c1")), "{kind}");
        assert_eq!(closes(&polled), []);
    }
    relay.frame(id, r#"{"type": "VOTE"}"#, at(22)).unwrap();
    assert_eq!(error(&told(&outputs(&mut relay, 22), id)), (Code::Malformed, None, None));
}

#[test]
fn lines_go_up_together_and_a_refusal_comes_back_to_its_sender_alone() {
    let mut relay = ready();
    let (a, b) = (join(&mut relay, visitor(2), 20), join(&mut relay, visitor(3), 20));
    outputs(&mut relay, 20);
    for (id, client) in [(a, "c1"), (b, "c2")] {
        relay
            .frame(id, &frame("SEND_MESSAGE", json!({"message": "hi", "clientId": client, "userId": "x"})), at(30))
            .unwrap();
    }
    // The first call told the count; the next one waits for its answer.
    assert!(!outputs(&mut relay, 30).iter().any(|output| matches!(output, Output::Up(_))));
    relay.heard(Some(Heard { attached: true, refused: Vec::new() }), at(40)).unwrap();
    let polled = outputs(&mut relay, 40);
    let call = polled.iter().find_map(|o| if let Output::Up(up) = o { Some(up) } else { None }).unwrap();
    assert_eq!(call.lines.iter().map(|line| line.author.user_id).collect::<Vec<_>>(), [user(2), user(3)]);
    let refused = vec![None, Some(Problem::new(Code::ChatDisabled, "off"))];
    relay.heard(Some(Heard { attached: true, refused }), at(50)).unwrap();
    let polled = outputs(&mut relay, 50);
    assert_eq!(told(&polled, a), []);
    assert_eq!(error(&told(&polled, b)), (Code::ChatDisabled, None, Some("c2")));
}

#[test]
fn who_is_too_fast_is_told_to_wait_and_then_closed() {
    let mut relay = ready();
    let id = join(&mut relay, visitor(2), 20);
    let say = frame("SEND_MESSAGE", json!({"message": "hi", "clientId": "c"}));
    for _ in 0..5 {
        relay.frame(id, &say, at(30)).unwrap();
    }
    assert!(!told(&outputs(&mut relay, 30), id).iter().any(|frame| matches!(frame.event, ServerEvent::Error(_))));
    relay.frame(id, &say, at(30)).unwrap();
    assert_eq!(error(&told(&outputs(&mut relay, 30), id)), (Code::RateLimited, Some(1), Some("c")));
    for _ in 0..40 {
        relay.frame(id, &say, at(30)).unwrap();
    }
    assert_eq!(closes(&outputs(&mut relay, 30)), [(id, CloseCode::TooFast)]);
}

#[test]
fn an_anonymous_reader_reads() {
    let mut relay = ready();
    let id = join(&mut relay, anonymous(), 20);
    assert_eq!(told(&outputs(&mut relay, 20), id).len(), 1);
    relay.frame(id, &frame("SEND_MESSAGE", json!({"message": "hi", "clientId": "c"})), at(30)).unwrap();
    assert_eq!(error(&told(&outputs(&mut relay, 30), id)), (Code::TokenMissing, None, Some("c")));
    relay.frame(id, &frame("SEND_REACTION", json!({"reaction": "❤️"})), at(40)).unwrap();
    assert_eq!(error(&told(&outputs(&mut relay, 40), id)), (Code::TokenMissing, None, None));
}

#[test]
fn an_attachment_is_small_and_pinned() {
    let mut relay = ready();
    let socket = relay.open(visitor(2), true, at(20)).unwrap();
    let stored = serde_json::to_value(&socket).unwrap();
    assert_eq!(
        stored,
        json!({"id": 1, "batch": true, "phase": "new", "heard": at(20),
            "visitor": {"you": {"userId": user(2), "username": "user2", "role": "VIEWER"}, "isSubscriber": false,
                "entitled": false, "fingerprint": "f2"},
            "frames": {"left": 40_000, "at": at(20)}, "lines": {"left": 5_000, "at": at(20)}})
    );
    assert_eq!(serde_json::from_value::<Socket>(stored).unwrap(), socket);
    let waiting = json!({"waiting": {"resume": {"epoch": "e", "seq": 4}}});
    assert!(serde_json::from_value::<spillway_room::relay::Phase>(waiting).is_ok());
    let joined = spillway_room::relay::Phase::Joined { from: 3 };
    assert_eq!(serde_json::to_value(joined).unwrap(), json!({"joined": {"from": 3}}));
}
