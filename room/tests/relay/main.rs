//! A Relay and its sockets.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod frames;
mod joining;
mod playlists;
#[path = "../support/mod.rs"]
mod support;
mod viewers;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spillway_hls::Directives;
use spillway_protocol::{
    api::Role,
    problem::Code,
    room::{CloseCode, ServerEvent, ServerFrame, You},
};
use spillway_room::{
    call::{
        relay::{Down, Playlist, PlaylistText, Visitor, Which},
        room::{Attach, Attached, Position, Up},
    },
    relay::{Answer, Output, Relay, SocketId},
};

use support::{Db, at, line, moment, room, stream, user};

fn attached(db: &Db) -> Attached {
    let mut room = room(db);
    room.up(up(vec![line(2, "before", None)]), moment(1)).unwrap();
    room.attach(&Attach { relay: "r".to_owned(), position: None }, at(2)).unwrap()
}

/// A call that tells nothing, to a Relay that has got so far.
fn down(seq: u64) -> Down {
    Down {
        token: 1,
        after: Position { epoch: "0000000000000abc".to_owned(), seq },
        events: Vec::new(),
        reactions: BTreeMap::new(),
        viewers: None,
        view: None,
        timeline: None,
    }
}

fn playlist(which: Which) -> Playlist {
    Playlist { which, directives: Directives::default(), proven: false, viewer: None }
}

fn text(answer: Answer<PlaylistText>) -> String {
    let Answer::Now(playlist) = answer else { panic!("{answer:?}") };
    playlist.text
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
