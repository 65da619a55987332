//! A Relay and its sockets.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spillway_protocol::{
    api::Role,
    limits,
    media::{Epoch, RenditionId},
    problem::{Code, Problem},
    room::{CloseCode, ServerEvent, ServerFrame, You},
};
use spillway_room::{
    call::{
        relay::{Down, Gated, Playlist, ViewerCount, Visitor, Which},
        room::{Attach, Attached, Heard, Position, Up},
    },
    relay::{OpenRefused, Output, Relay, Socket, SocketId},
};
use support::{Db, at, line, moment, room, stream, user};

fn attached(db: &Db) -> Attached {
    let mut room = room(db);
    room.up(up(vec![line(2, "before", None)]), moment(1)).unwrap();
    room.attach(&Attach { relay: "r".to_owned(), position: None }, at(2)).unwrap()
}

fn up(lines: Vec<spillway_room::call::room::Line>) -> Up {
    Up { relay: "r".to_owned(), viewers: 0, lines, reactions: BTreeMap::new() }
}

fn relay(db: &Db) -> Relay<Db> {
    Relay::restore(db.clone(), stream(), "r".to_owned(), Vec::new()).unwrap()
}

/// A Relay that knows its room.
fn ready() -> Relay<Db> {
    let mut relay = relay(&Db::new());
    assert!(!relay.is_ready());
    relay.attached(attached(&Db::new()), at(10)).unwrap();
    assert!(relay.is_ready());
    relay
}

fn visitor(number: u128) -> Visitor {
    let you = You { user_id: user(number), username: format!("user{number}"), role: Role::Viewer };
    Visitor { you: Some(you), is_subscriber: false, entitled: false, fingerprint: format!("f{number}") }
}

fn anonymous() -> Visitor {
    Visitor { you: None, is_subscriber: false, entitled: false, fingerprint: "f".to_owned() }
}

fn frame(kind: &str, data: Value) -> String {
    let mut data = data;
    data["streamId"] = json!(stream());
    json!({"type": kind, "data": data}).to_string()
}

fn outputs(relay: &mut Relay<Db>, ms: i64) -> Vec<Output> {
    relay.poll(at(ms)).unwrap()
}

fn told(outputs: &[Output], id: SocketId) -> Vec<ServerFrame> {
    let texts = outputs.iter().filter_map(|output| match output {
        Output::Send(to, text) if to.contains(&id) => Some(serde_json::from_str(text).unwrap()),
        _ => None,
    });
    texts.collect()
}

fn closes(outputs: &[Output]) -> Vec<(SocketId, CloseCode)> {
    outputs.iter().filter_map(|o| if let Output::Close(id, code) = o { Some((*id, *code)) } else { None }).collect()
}

/// Opens a socket and joins.
fn join(relay: &mut Relay<Db>, visitor: Visitor, ms: i64) -> SocketId {
    let id = relay.open(visitor, false, at(ms)).unwrap().id;
    relay.frame(id, &frame("JOIN_STREAM", json!({})), at(ms)).unwrap();
    id
}

fn error(frames: &[ServerFrame]) -> (Code, Option<u32>, Option<&str>) {
    match &frames.last().unwrap().event {
        ServerEvent::Error(error) => (error.code, error.retry_after, error.client_id.as_deref()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn welcome_says_where_the_room_stands() {
    let mut relay = ready();
    let id = join(&mut relay, visitor(2), 20);
    let outputs = outputs(&mut relay, 20);
    let kept = outputs.iter().position(|o| matches!(o, Output::Keep(s) if format!("{:?}", s.phase).contains("Joined")));
    let sent = outputs.iter().position(|output| matches!(output, Output::Send(..)));
    assert!(kept.unwrap() < sent.unwrap(), "what must outlive the Relay's sleep is kept before anyone is answered");
    let welcome = serde_json::to_value(&told(&outputs, id)[0]).unwrap();
    assert_eq!(welcome["type"], "WELCOME");
    assert_eq!(welcome["data"]["you"], json!({"userId": user(2), "username": "user2", "role": "VIEWER"}));
    assert_eq!(welcome["data"]["seq"], 1);
    assert_eq!(welcome["data"]["epoch"], "0000000000000abc");
    assert_eq!(welcome["data"]["resumed"], false);
    assert_eq!(welcome["data"]["viewerCount"], 1);
    assert_eq!(welcome["data"]["history"][0]["data"]["message"], "before");
    assert_eq!(welcome["data"]["stream"]["status"], "SCHEDULED");
    assert_eq!(welcome["data"]["settings"], json!({"chatEnabled": true, "tipsEnabled": true, "delaySeconds": 0}));
}

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
fn who_says_to_be_ahead_is_asked_after() {
    let (db, mut relay) = (Db::new(), relay(&Db::new()));
    let mut room = room(&db);
    room.up(up(vec![line(2, "before", None)]), moment(1)).unwrap();
    relay.attached(room.attach(&Attach { relay: "r".to_owned(), position: None }, at(2)).unwrap(), at(10)).unwrap();
    room.up(up(vec![line(2, "not here yet", None)]), moment(11)).unwrap();
    for (seq, resumed) in [(2, true), (3, false), (u64::MAX, false)] {
        let id = relay.open(visitor(2), false, at(20)).unwrap().id;
        let place = json!({"lastSeq": seq, "epoch": "0000000000000abc"});
        relay.frame(id, &frame("JOIN_STREAM", place), at(20)).unwrap();
        let polled = outputs(&mut relay, 20);
        let asked = polled.iter().find_map(|o| if let Output::Replay(_, call) = o { Some(call) } else { None });
        relay.replayed(id, Some(room.replay(asked.unwrap()).unwrap()), at(21)).unwrap();
        let welcome = serde_json::to_value(&told(&outputs(&mut relay, 21), id)[0]).unwrap();
        assert_eq!(welcome["data"]["resumed"], resumed, "{seq}");
        assert_eq!(welcome["data"]["seq"], if resumed { 2 } else { 1 });
    }
}

#[test]
fn a_room_that_is_not_for_everyone_any_more_lets_go_of_strangers() {
    let mut relay = relay(&Db::new());
    let mut reply = attached(&Db::new());
    relay.attached(reply.clone(), at(10)).unwrap();
    let stranger = join(&mut relay, visitor(2), 20);
    let member = join(&mut relay, Visitor { entitled: true, ..visitor(3) }, 20);
    outputs(&mut relay, 20);
    (reply.view.version, reply.view.gated) = (reply.view.version + 1, true);
    let after = reply.position.clone();
    let down =
        Down { token: 1, after, events: Vec::new(), reactions: BTreeMap::new(), viewers: None, view: Some(reply.view) };
    relay.down(down, at(30)).unwrap();
    assert_eq!(closes(&outputs(&mut relay, 30)), [(stranger, CloseCode::Removed)]);
    relay.frame(member, &frame("SEND_MESSAGE", json!({"message": "still here"})), at(40)).unwrap();
    assert_eq!(closes(&outputs(&mut relay, 40)), []);
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
fn a_room_that_does_not_answer_is_told_to_who_waits() {
    let mut relay = ready();
    let id = join(&mut relay, visitor(2), 20);
    outputs(&mut relay, 20);
    relay.heard(None, at(30)).unwrap();
    relay.frame(id, &frame("SEND_MESSAGE", json!({"message": "hi", "clientId": "c1"})), at(40)).unwrap();
    assert!(!outputs(&mut relay, 40).iter().any(|output| matches!(output, Output::Up(_))));
    assert!(outputs(&mut relay, 1_030).iter().any(|output| matches!(output, Output::Up(_))));
    relay.heard(None, at(1_040)).unwrap();
    assert_eq!(error(&told(&outputs(&mut relay, 1_040), id)), (Code::Unavailable, Some(1), Some("c1")));
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
fn who_is_silent_is_closed_in_time_for_everyone_to_count_without() {
    // Half a second until this Relay tells the count, and a second until the Room does.
    let silent = limits::IDLE_MS - 1_500;
    let mut relay = ready();
    let (a, b) = (join(&mut relay, visitor(2), 20), join(&mut relay, visitor(3), 20));
    let wakes = |outputs: &[Output]| match outputs.last() {
        Some(Output::WakeAt(when)) => *when,
        other => panic!("{other:?}"),
    };
    let viewers =
        |outputs: &[Output]| outputs.iter().find_map(|o| if let Output::Up(up) = o { Some(up.viewers) } else { None });
    assert_eq!(viewers(&outputs(&mut relay, 20)), Some(2));
    relay.heard(Some(Heard { attached: true, refused: Vec::new() }), at(30)).unwrap();
    assert_eq!(wakes(&outputs(&mut relay, 30)), at(20 + silent));
    relay.wake([(b, at(10_000))], at(20 + silent));
    let polled = outputs(&mut relay, 20 + silent);
    assert_eq!((closes(&polled), viewers(&polled)), (vec![(a, CloseCode::Idle)], Some(1)));
    relay.heard(Some(Heard { attached: true, refused: Vec::new() }), at(15_100)).unwrap();
    assert_eq!(wakes(&outputs(&mut relay, 15_100)), at(10_000 + silent));
}

#[test]
fn players_without_a_socket_count_for_a_while_and_those_with_one_once() {
    let mut relay = relay(&Db::new());
    let mut reply = attached(&Db::new());
    let mut timeline = spillway_hls::Timeline::default();
    for report in support::reports() {
        timeline.apply(Epoch(1), &report).unwrap();
    }
    reply.view.snapshot = timeline.snapshot();
    relay.attached(reply, at(10)).unwrap();
    join(&mut relay, visitor(2), 20);
    let poll = |relay: &mut Relay<Db>, viewer: &str, ms| {
        let call = Playlist { which: Which::Multivariant, proven: false, viewer: Some(viewer.to_owned()) };
        assert!(relay.playlist(&call, at(ms)).unwrap().text.starts_with("#EXTM3U"));
    };
    let viewers = |relay: &mut Relay<Db>, ms| {
        let polled = outputs(relay, ms);
        relay.heard(Some(Heard { attached: true, refused: Vec::new() }), at(ms)).unwrap();
        polled.iter().find_map(|o| if let Output::Up(up) = o { Some(up.viewers) } else { None })
    };
    for viewer in ["f2", "p1", "p2"] {
        poll(&mut relay, viewer, 30);
    }
    assert_eq!(viewers(&mut relay, 600), Some(3));
    poll(&mut relay, "p1", 5_000);
    assert_eq!(viewers(&mut relay, 30 + limits::POLLER_MS), Some(2));
    assert_eq!(viewers(&mut relay, 5_000 + limits::POLLER_MS), Some(1));
    let missing = Playlist { which: Which::Media(RenditionId::audio()), proven: false, viewer: None };
    assert!(relay.playlist(&missing, at(30_000)).unwrap_err().to_string().contains("nothing to play"));
}

#[test]
fn a_gated_room_lets_in_who_is_entitled() {
    let mut relay = relay(&Db::new());
    let mut reply = attached(&Db::new());
    reply.view.gated = true;
    relay.attached(reply, at(10)).unwrap();
    assert_eq!(relay.open(visitor(2), false, at(20)), Err(OpenRefused::NotEntitled));
    assert_eq!(relay.open(anonymous(), false, at(20)), Err(OpenRefused::NotEntitled));
    assert!(relay.open(Visitor { entitled: true, ..visitor(2) }, false, at(20)).is_ok());
    assert_eq!(relay.gate(at(20)).unwrap(), Gated { gated: true });
    let call = Playlist { which: Which::Multivariant, proven: false, viewer: None };
    assert!(relay.playlist(&call, at(20)).unwrap_err().to_string().contains("join"));
}

#[test]
fn nobody_is_let_in_before_the_room_was_asked() {
    let mut relay = relay(&Db::new());
    assert_eq!(relay.open(visitor(2), false, at(0)), Err(OpenRefused::NotReady));
    assert!(!relay.is_ready());
    assert!(matches!(&outputs(&mut relay, 0)[0], Output::Attach(call) if call.position.is_none()));
    assert!(!outputs(&mut relay, 10).iter().any(|output| matches!(output, Output::Attach(_))), "once at a time");
}

#[test]
fn a_relay_that_nobody_uses_is_forgotten() {
    let mut relay = ready();
    let id = join(&mut relay, visitor(2), 20);
    relay.closed(id, at(30));
    let down = |seq| Down {
        token: 1,
        after: Position { epoch: "0000000000000abc".to_owned(), seq },
        events: Vec::new(),
        reactions: BTreeMap::new(),
        viewers: None,
        view: None,
    };
    assert!(!relay.down(down(1), at(40)).unwrap().idle);
    assert!(relay.down(down(1), at(30 + limits::POLLER_MS)).unwrap().idle);
    assert!(!relay.is_ready());
}

#[test]
fn what_the_room_says_before_its_answer_arrives_is_not_undone_by_it() {
    let mut relay = relay(&Db::new());
    let mut reply = attached(&Db::new());
    let mut newer = reply.view.clone();
    (newer.version, newer.gated) = (reply.view.version + 1, true);
    let after = reply.position.clone();
    let viewers = Some(ViewerCount { count: 7, is_increasing: true });
    let down =
        |view| Down { token: 1, after: after.clone(), events: Vec::new(), reactions: BTreeMap::new(), viewers, view };
    relay.is_ready();
    relay.down(down(Some(newer.clone())), at(9)).unwrap();
    relay.attached(reply.clone(), at(10)).unwrap();
    assert_eq!(relay.gate(at(10)).unwrap(), Gated { gated: true });
    let id = relay.open(Visitor { entitled: true, ..visitor(2) }, false, at(20)).unwrap().id;
    relay.frame(id, &frame("JOIN_STREAM", json!({})), at(20)).unwrap();
    let welcome = serde_json::to_value(&told(&outputs(&mut relay, 20), id)[0]).unwrap();
    assert_eq!(welcome["data"]["viewerCount"], 7);
    // The same when it attaches anew.
    relay.attached(reply.clone(), at(30)).unwrap();
    assert_eq!(relay.gate(at(30)).unwrap(), Gated { gated: true });
    reply.view.version = newer.version + 1;
    relay.attached(reply, at(40)).unwrap();
    assert_eq!(relay.gate(at(40)).unwrap(), Gated { gated: false });
}

#[test]
fn another_numbering_makes_everyone_join_again() {
    let mut relay = ready();
    let id = join(&mut relay, visitor(2), 20);
    outputs(&mut relay, 20);
    let after = Position { epoch: "another".to_owned(), seq: 9 };
    let down = Down { token: 1, after, events: Vec::new(), reactions: BTreeMap::new(), viewers: None, view: None };
    assert!(relay.down(down, at(30)).unwrap().idle);
    assert_eq!(closes(&outputs(&mut relay, 30)), [(id, CloseCode::TryAgain)]);
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
