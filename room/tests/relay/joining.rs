//! What the Room says, and what sockets see of it.

use serde_json::json;
use spillway_protocol::{problem::Code, room::CloseCode};
use spillway_room::{
    call::{
        relay::{Down, Gated, ViewerCount, Visitor, Which},
        room::{Attach, Position},
    },
    relay::{OpenRefused, Output, Relay},
};

use crate::{
    anonymous, attached, closes, down, error, frame, join, outputs, playlist, ready, relay,
    support::{Db, at, line, moment, room, stream, user},
    told, up, visitor,
};

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
    let down = Down { after, view: Some(reply.view), ..down(0) };
    relay.down(down, at(30)).unwrap();
    assert_eq!(closes(&outputs(&mut relay, 30)), [(stranger, CloseCode::Removed)]);
    relay.frame(member, &frame("SEND_MESSAGE", json!({"message": "still here"})), at(40)).unwrap();
    assert_eq!(closes(&outputs(&mut relay, 40)), []);
}

#[test]
fn a_relay_that_has_slept_lets_go_of_strangers_too() {
    let db = Db::new();
    let mut relay = relay(&db);
    let mut reply = attached(&Db::new());
    relay.attached(reply.clone(), at(10)).unwrap();
    let stranger = join(&mut relay, visitor(2), 20);
    let kept = outputs(&mut relay, 20).into_iter().filter_map(|output| match output {
        Output::Keep(socket) => Some(socket),
        _ => None,
    });
    let mut woken = Relay::restore(db, stream(), "r".to_owned(), kept.last().into_iter().collect()).unwrap();
    (reply.view.version, reply.view.gated) = (reply.view.version + 1, true);
    let after = reply.position.clone();
    let down = Down { after, view: Some(reply.view), ..down(0) };
    woken.down(down, at(30)).unwrap();
    assert_eq!(closes(&outputs(&mut woken, 30)), [(stranger, CloseCode::Removed)]);
}

#[test]
fn whoever_asks_for_a_room_that_is_not_there_is_told_so_each_time() {
    let mut relay = relay(&Db::new());
    for ms in [10, 20, 30] {
        assert!(!relay.is_ready());
        assert!(outputs(&mut relay, ms).iter().any(|output| matches!(output, Output::Attach(_))), "at {ms}");
        relay.not_attached(true, at(ms + 5));
    }
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
fn a_gated_room_lets_in_who_is_entitled() {
    let mut relay = relay(&Db::new());
    let mut reply = attached(&Db::new());
    reply.view.gated = true;
    relay.attached(reply, at(10)).unwrap();
    assert_eq!(relay.open(visitor(2), false, at(20)), Err(OpenRefused::NotEntitled));
    assert_eq!(relay.open(anonymous(), false, at(20)), Err(OpenRefused::NotEntitled));
    assert!(relay.open(Visitor { entitled: true, ..visitor(2) }, false, at(20)).is_ok());
    assert_eq!(relay.gate(at(20)).unwrap(), Gated { gated: true });
    let call = playlist(Which::Multivariant);
    assert!(relay.playlist(&call, at(20), at(20)).unwrap_err().to_string().contains("join"));
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
fn what_the_room_says_before_its_answer_arrives_is_not_undone_by_it() {
    let mut relay = relay(&Db::new());
    let mut reply = attached(&Db::new());
    let mut newer = reply.view.clone();
    (newer.version, newer.gated) = (reply.view.version + 1, true);
    let after = reply.position.clone();
    let viewers = Some(ViewerCount { count: 7, is_increasing: true });
    let down = |view| Down { after: after.clone(), viewers, view, ..down(0) };
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
    let down = Down { after, ..down(0) };
    assert!(relay.down(down, at(30)).unwrap().idle);
    assert_eq!(closes(&outputs(&mut relay, 30)), [(id, CloseCode::TryAgain)]);
}
