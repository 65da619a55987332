//! What is said in a room.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use spillway_protocol::{
    api::{ChatKind, Role},
    limits,
    problem::Code,
    room::{ServerEvent, ServerFrame},
};
use spillway_room::{
    Failed,
    call::room::{Attach, Chat, History, HistoryPage, Position, Up},
    room::{Facts, Output, Room},
};
use std::collections::BTreeMap;
use support::{Db, at, author, facts, line, moment, room};

fn chat(number: u128, message: &str, client_id: Option<&str>) -> Chat {
    let (kind, message) = (ChatKind::Message, message.to_owned());
    Chat { author: author(number), kind, message, client_id: client_id.map(str::to_owned) }
}

fn code<T: std::fmt::Debug>(result: Result<T, Failed>) -> Code {
    match result {
        Err(Failed::Refused(problem)) => problem.code,
        other => panic!("{other:?}"),
    }
}

fn texts(page: &HistoryPage) -> Vec<String> {
    let text = |frame: &ServerFrame| match &frame.event {
        ServerEvent::NewMessage(message) => message.message.clone(),
        other => panic!("{other:?}"),
    };
    page.items.iter().map(text).collect()
}

#[test]
fn a_line_is_told_as_it_was_taken() {
    let mut room = room(&Db::new());
    let mut asked = chat(2, "  hi\n ", Some("c1"));
    asked.author.role = Role::Moderator;
    let said = room.chat(asked, moment(5)).unwrap();
    let page = room.history(&History { before: None, limit: 50 }).unwrap();
    let frame = serde_json::to_value(&page.items[0]).unwrap();
    assert_eq!(
        frame,
        serde_json::json!({"type": "NEW_MESSAGE", "seq": 1, "data": {"messageId": said.message_id, "userId": support::user(2),
            "username": "user2", "message": "hi", "timestamp": at(5), "isSubscriber": false, "badges": ["moderator"],
            "clientId": "c1"}})
    );
}

#[test]
fn a_clients_id_makes_one_line_within_ten_minutes_whichever_way_it_comes() {
    let db = Db::new();
    let mut room = room(&db);
    let first = room.chat(chat(2, "hi", Some("c1")), moment(0)).unwrap();
    let up = |room: &mut Room<Db>, ms| {
        let lines = vec![line(2, "hi", Some("c1")), line(2, "hi", Some("c1")), line(3, "hi", Some("c1"))];
        room.up(Up { relay: "r".to_owned(), viewers: 0, lines, reactions: BTreeMap::new() }, moment(ms)).unwrap()
    };
    assert_eq!(up(&mut room, 10).refused, [None, None, None]);
    let mut room = Room::restore(db).unwrap().unwrap();
    let again = room.chat(chat(2, "another text", Some("c1")), moment(limits::CLIENT_ID_MS - 1)).unwrap();
    assert_eq!(again, first);
    assert_eq!(room.stats(at(0)).messages_count, 2, "one of each writer");
    assert_ne!(room.chat(chat(2, "hi", Some("c1")), moment(limits::CLIENT_ID_MS)).unwrap(), first);
    assert_eq!(room.stats(at(0)).messages_count, 3);
}

#[test]
fn what_may_not_be_said() {
    let mut room = room(&Db::new());
    for bad in ["", " \n", &"x".repeat(501)] {
        assert_eq!(code(room.chat(chat(2, bad, None), moment(0))), Code::ValidationFailed);
    }
    assert_eq!(code(room.chat(chat(2, "x", Some("")), moment(0))), Code::ValidationFailed);
    room.reload(Facts { chat_enabled: false, ..facts() }, at(1)).unwrap();
    assert_eq!(code(room.chat(chat(2, "x", None), moment(2))), Code::ChatDisabled);
    room.reload(Facts { updated_at: 0, ..facts() }, at(3)).unwrap();
    // What was read before the change, and told after it.
    assert_eq!(code(room.chat(chat(2, "x", None), moment(3))), Code::ChatDisabled);
    room.reload(facts(), at(3)).unwrap();
    room.cancel(at(4)).unwrap();
    assert_eq!(code(room.chat(chat(2, "x", None), moment(5))), Code::StreamOver);
}

#[test]
fn who_is_too_fast_waits_whichever_way_they_speak() {
    let mut room = room(&Db::new());
    for number in 0..5 {
        room.chat(chat(2, &format!("line {number}"), Some(&format!("c{number}"))), moment(0)).unwrap();
    }
    assert!(matches!(room.chat(chat(2, "one more", None), moment(0)), Err(Failed::TooFast(1))));
    let lines = vec![line(2, "one more", None), line(3, "not me", None), line(2, "again", Some("c0"))];
    let heard =
        room.up(Up { relay: "r".to_owned(), viewers: 0, lines, reactions: BTreeMap::new() }, moment(1)).unwrap();
    let codes: Vec<_> = heard.refused.iter().map(|problem| problem.as_ref().map(|problem| problem.code)).collect();
    assert_eq!(codes, [Some(Code::RateLimited), None, None], "what was said before is not said again");
    room.chat(chat(2, "one more", None), moment(1_000)).unwrap();
}

#[test]
fn history_is_paged_from_the_newest_and_leaves_nothing_out() {
    let mut room = room(&Db::new());
    for number in 0..7 {
        room.chat(chat(2, &format!("line {number}"), None), moment(number * 1_000)).unwrap();
    }
    let page = |before| room.history(&History { before, limit: 3 }).unwrap();
    let (first, rest) = (page(None), |page: &HistoryPage| page.before);
    assert_eq!(texts(&first), ["line 4", "line 5", "line 6"]);
    let second = page(rest(&first));
    assert_eq!(texts(&second), ["line 1", "line 2", "line 3"]);
    let third = page(rest(&second));
    assert_eq!((texts(&third), rest(&third)), (vec!["line 0".to_owned()], None));
}

#[test]
fn reactions_are_told_as_counts_and_the_count_at_most_once_a_second() {
    let mut room = room(&Db::new());
    let attached = room.attach(&Attach { relay: "r".to_owned(), position: None }, at(0)).unwrap();
    let reactions = BTreeMap::from([("❤️".to_owned(), 3), ("a b".to_owned(), 1)]);
    room.up(Up { relay: "r".to_owned(), viewers: 2, lines: Vec::new(), reactions }, moment(2_000)).unwrap();
    room.chat(Chat { kind: ChatKind::Reaction, ..chat(2, "❤️", None) }, moment(2_000)).unwrap();
    let down = |room: &mut Room<Db>, ms| {
        let outputs = room.poll(at(ms)).unwrap();
        outputs.into_iter().find_map(|o| if let Output::Down(_, down) = o { Some(*down) } else { None })
    };
    let told = down(&mut room, 2_000).unwrap();
    assert_eq!(told.reactions, BTreeMap::from([("❤️".to_owned(), 4)]));
    assert_eq!(told.viewers.map(|viewers| (viewers.count, viewers.is_increasing)), Some((2, true)));
    let reply = |seq, viewers| spillway_room::call::relay::DownReply { seq, viewers, idle: false, timeline: None };
    room.relay_answered("r", attached.token, Some(&reply(0, 1)), at(2_100)).unwrap();
    assert_eq!(down(&mut room, 2_999), None);
    let told = down(&mut room, 3_000).unwrap();
    assert_eq!(told.viewers.map(|viewers| (viewers.count, viewers.is_increasing)), Some((1, false)));
}

#[test]
fn a_relay_that_missed_a_page_of_events_is_sent_them_in_pages() {
    let mut room = room(&Db::new());
    let position = Some(Position { epoch: "0000000000000abc".to_owned(), seq: 0 });
    for number in 0..450_u32 {
        room.chat(chat(u128::from(number), "x", None), moment(number.into())).unwrap();
    }
    let attached = room.attach(&Attach { relay: "r".to_owned(), position }, at(500)).unwrap();
    assert_eq!((attached.position.seq, attached.tail.len()), (0, 0));
    let mut seen = Vec::new();
    for ms in 500..510 {
        for output in room.poll(at(ms)).unwrap() {
            if let Output::Down(relay, down) = output {
                assert_eq!(down.after.seq, seen.last().copied().unwrap_or(0));
                seen.extend(down.events.iter().filter_map(|frame| frame.seq));
                let seq = *seen.last().unwrap();
                let reply = spillway_room::call::relay::DownReply { seq, viewers: 1, idle: false, timeline: None };
                room.relay_answered(&relay, down.token, Some(&reply), at(ms)).unwrap();
            }
        }
    }
    assert_eq!(seen, (1..=450).collect::<Vec<_>>());
}
