//! What objects store and what they say to each other, pinned: an older object's storage is read by newer code, and during
//! a deploy old and new talk to each other.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use spillway_hls::{Directives, Place};
use spillway_protocol::{ids::SourceId, link::LinkUp};
use spillway_room::{
    call::{
        channel::{Arm, Authorise, Authorised, Standing, StreamOver},
        relay::{DownReply, Gated, Playlist, PlaylistText, Which},
        room::{Attach, Claim, Heard, Position, Replay, Replayed, Up},
    },
    channel::Channel,
    relay::Relay,
    room::{Output, Room},
    sql::{Sql, Value as Stored},
};
use support::{Db, at, line, moment, room, stream, user};

/// A live room with one Relay and one line.
fn live(db: &Db) -> Room<Db> {
    let mut room = room(db);
    let claim = Claim { publisher: "p".to_owned(), source: SourceId::new(at(0), 5), key_version: 1 };
    let epoch = room.claim(&claim, at(0)).unwrap().epoch;
    for (n, report) in (0..).zip(support::reports()) {
        room.link_frame(epoch, &serde_json::to_string(&LinkUp::Report { n, report }).unwrap(), at(1)).unwrap();
    }
    room.attach(&Attach { relay: "r".to_owned(), position: None }, at(2)).unwrap();
    let up = Up { relay: "r".to_owned(), viewers: 1, lines: vec![line(2, "hi", Some("c"))], reactions: [].into() };
    room.up(up, moment(3)).unwrap();
    room
}

fn rows(db: &Db, statement: &str) -> Value {
    let cell = |cell: &Stored| match cell {
        Stored::Null => Value::Null,
        Stored::Integer(number) => json!(number),
        Stored::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    };
    let rows = db.exec(statement, &[]).unwrap();
    rows.iter().map(|row| Value::Array(row.0.iter().map(cell).collect())).collect()
}

#[test]
fn what_a_room_stores() {
    let db = Db::new();
    let mut room = live(&db);
    for output in room.poll(at(4)).unwrap() {
        if let Output::Mirror(mirror) = output {
            room.mirrored(mirror, true, at(5)).unwrap();
        }
    }
    let facts = json!({"creatorId": user(1), "title": "A stream", "status": "SCHEDULED", "actualStartTime": null,
        "endTime": null, "gated": false, "chatEnabled": true, "tipsEnabled": true, "delaySeconds": 0, "quality": "HD", "maxViewers": null,
        "updatedAt": 1});
    let shown = json!({"status": "LIVE", "actualStartTime": at(1), "endTime": null, "viewerCount": 1, "peakViewers": 1,
        "messagesCount": 1});
    let source = SourceId::new(at(0), 5);
    assert_eq!(
        rows(&db, "SELECT name, doc FROM docs ORDER BY name"),
        json!([
            ["counts", {"peak": 1, "announced": 1, "announcedAt": at(4)}],
            // Sixteen hexadecimal digits; these ones read as a number.
            ["epoch", "0000000000000abc"],
            ["facts", facts],
            ["life", {"status": "LIVE", "started": at(1), "ended": null, "lastViewers": 0, "untold": null}],
            ["listing", 1],
            ["mirroring", {"shown": shown, "shownAt": at(5)}],
            ["publishing", {"last": 1, "leastVersions": {}, "holder": {"epoch": 1, "publisher": "p", "source": source,
                "keyVersion": 1, "heard": at(0), "gone": null}}],
            ["stream", stream()],
            ["view", 2],
        ])
    );
    assert_eq!(rows(&db, "SELECT epoch, next FROM epochs"), json!([[1, 3]]));
    assert_eq!(
        rows(&db, "SELECT name, entry FROM relays"),
        json!([["r", {"token": 1, "seq": 1, "view": 2, "told": 0, "viewers": 1, "heard": at(3)}]])
    );
    assert_eq!(
        rows(&db, "SELECT seq, lines, user_id, client_id, frame -> '$.type' FROM events"),
        json!([[1, 0, null, "LIVE", "STREAM_STATUS_UPDATE"], [2, 1, user(2), "c", "NEW_MESSAGE"]])
    );
    assert_eq!(rows(&db, "SELECT key FROM timeline ORDER BY key"), json!([["head"], ["segment.video.0"]]));
}

#[test]
fn what_a_relay_and_a_channel_store() {
    let db = Db::new();
    let mut relay = Relay::restore(db.clone(), stream(), "r".to_owned(), Vec::new()).unwrap();
    let attached = live(&Db::new()).attach(&Attach { relay: "r".to_owned(), position: None }, at(4)).unwrap();
    relay.attached(attached, at(5)).unwrap();
    assert_eq!(
        rows(&db, "SELECT name, doc FROM docs"),
        json!([["relay", {"position": {"epoch": "0000000000000abc", "seq": 2}, "reported": 0}]])
    );
    let db = Db::new();
    let source = SourceId::new(at(0), 5);
    Channel::open(db.clone(), user(1)).unwrap().arm(&Arm { source, stream: stream() }).unwrap();
    let columns = "id, key_version, revoked, stream, made, blocked_until";
    assert_eq!(rows(&db, &format!("SELECT {columns} FROM sources")), json!([[source, 1, 1, stream(), 1, 0]]));
}

#[test]
fn what_the_room_and_its_relays_say() {
    let mut room = live(&Db::new());
    let down =
        room.poll(at(4)).unwrap().into_iter().find_map(|o| if let Output::Down(_, d) = o { Some(d) } else { None });
    let down = json!(down.unwrap());
    assert_eq!(down["after"], json!({"epoch": "0000000000000abc", "seq": 1}));
    assert_eq!((&down["token"], &down["reactions"], &down["view"]), (&json!(1), &json!({}), &Value::Null));
    assert_eq!(down["viewers"], json!({"count": 1, "isIncreasing": true}));
    assert_eq!((&down["events"][0]["type"], &down["events"][0]["seq"]), (&json!("NEW_MESSAGE"), &json!(2)));
    let attached = json!(room.attach(&Attach { relay: "r".to_owned(), position: None }, at(5)).unwrap());
    assert_eq!((&attached["token"], &attached["position"]["seq"]), (&json!(2), &json!(2)));
    assert_eq!((attached["tail"].as_array().unwrap().len(), attached["lines"].as_array().unwrap().len()), (2, 1));
    assert_eq!(attached["viewerCount"], 1);
    let view = &attached["view"];
    assert_eq!((&view["version"], &view["gated"], &view["maxViewers"]), (&json!(2), &json!(false), &Value::Null));
    assert_eq!(view["settings"], json!({"chatEnabled": true, "tipsEnabled": true, "delaySeconds": 0}));
    let start = at(1);
    assert_eq!(
        view["stream"],
        json!({"id": stream(), "title": "A stream", "status": "LIVE", "creatorId": user(1), "actualStartTime": start})
    );
    let timeline = &attached["timeline"];
    assert_eq!((&timeline["targetMs"], &timeline["partTargetMs"]), (&json!(2_000), &json!(253)));
    assert_eq!(timeline["version"], json!((1_u64 << 32) + 2), "the first life's second change");

    let directives = Directives { until: Some(Place { msn: 7, part: None }), skip: true };
    let position = Position { epoch: "e".to_owned(), seq: 4 };
    let up =
        Up { relay: "r".to_owned(), viewers: 1, lines: vec![line(2, "hi", None)], reactions: [("x".into(), 2)].into() };
    let author = json!({"userId": user(2), "username": "user2", "role": "VIEWER", "isSubscriber": false});
    for (said, shape) in [
        (
            json!(Attach { relay: "r".to_owned(), position: Some(position) }),
            json!({"relay": "r", "position": {"epoch": "e", "seq": 4}}),
        ),
        (
            json!(up),
            json!({"relay": "r", "viewers": 1, "reactions": {"x": 2},
            "lines": [{"author": author, "message": "hi", "clientId": null}]}),
        ),
        (json!(Heard { attached: true, refused: vec![None] }), json!({"attached": true, "refused": [null]})),
        (json!(Replay { after: 1, until: 2 }), json!({"after": 1, "until": 2})),
        (json!(Replayed { events: None }), json!({"events": null})),
        (
            json!(DownReply { seq: 3, viewers: 2, idle: false, timeline: Some(7) }),
            json!({"seq": 3, "viewers": 2, "idle": false, "timeline": 7}),
        ),
        (json!(Gated { gated: true }), json!({"gated": true})),
        (
            json!(Playlist { which: Which::Multivariant, directives, proven: false, viewer: None }),
            json!({"which": "multivariant", "directives": {"until": {"msn": 7, "part": null}, "skip": true},
            "proven": false, "viewer": null}),
        ),
        (json!(Which::Media(spillway_protocol::media::RenditionId::video())), json!({"media": "video"})),
        (
            json!(PlaylistText { text: "t".to_owned(), cache_control: "c".to_owned() }),
            json!({"text": "t", "cacheControl": "c"}),
        ),
        (
            json!(room.stats(at(61_001))),
            json!({"status": "LIVE", "actualStartTime": start, "endTime": null,
            "duration": 61, "viewerCount": 1, "peakViewers": 1, "messagesCount": 1}),
        ),
    ] {
        assert_eq!(said, shape);
    }
}

#[test]
fn what_is_said_to_channels() {
    let source = SourceId::new(at(0), 5);
    for (said, shape) in [
        (json!(Arm { source, stream: stream() }), json!({"source": source, "stream": stream()})),
        (json!(Authorise { key: "k".to_owned() }), json!({"key": "k"})),
        (json!(Authorised { stream: stream(), key_version: 2 }), json!({"stream": stream(), "keyVersion": 2})),
        (json!(StreamOver { stream: stream(), by_creator: true }), json!({"stream": stream(), "byCreator": true})),
        (
            json!(Standing { role: spillway_protocol::api::Role::Moderator, banned: false }),
            json!({"role": "MODERATOR", "banned": false}),
        ),
    ] {
        assert_eq!(said, shape);
    }
}
