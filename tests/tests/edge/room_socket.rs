//! The room's socket: who one is, what one may send, how it ends.

use std::time::Duration;

use harness::{Broadcast, Event, LIMIT, Person, RoomSocket, edge};
use serde_json::json;
use spillway_protocol::{
    api::Role,
    problem::Code,
    room::{BATCH_SUBPROTOCOL, ServerEvent, You},
};

#[tokio::test]
async fn welcome_says_where_one_is() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let viewer = Person::register(&api).await;
    let url = stream.join(Some(&viewer)).await.chat_url.unwrap();
    let mut socket = RoomSocket::open(&url, stream.id).await;
    socket.send("JOIN_STREAM", json!({ "userId": stream.creator.id() })).await;
    let Event::Frame(_, value) = socket.next().await else { panic!("no frame") };
    let data = &value["data"];
    let expected = json!({
        "type": "WELCOME",
        "data": {
            "you": { "userId": viewer.id(), "username": viewer.me.username, "role": "VIEWER" },
            "stream": {
                "id": stream.id, "title": "A stream", "status": "SCHEDULED", "creatorId": stream.creator.id(),
                "actualStartTime": null
            },
            "viewerCount": data["viewerCount"],
            "epoch": data["epoch"],
            "seq": data["seq"],
            "resumed": false,
            "history": [],
            "settings": { "chatEnabled": true, "tipsEnabled": true, "delaySeconds": 0 },
        },
    });
    assert_eq!(value, expected);
    assert!(data["viewerCount"].is_u64() && data["seq"].is_u64() && data["epoch"].is_string());
}

#[tokio::test]
async fn the_creator_is_known_as_such() {
    let stream = Broadcast::create(&edge().await.api()).await;
    let (_socket, welcome) = stream.enter(Some(&stream.creator)).await;
    let you = You { user_id: stream.creator.id(), username: stream.creator.me.username.clone(), role: Role::Creator };
    assert_eq!(welcome.you, Some(you));
}

#[tokio::test]
async fn two_talk_to_each_other() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let (anna, ben) = (Person::register(&api).await, Person::register(&api).await);
    let (mut annas, _) = stream.enter(Some(&anna)).await;
    let (mut bens, _) = stream.enter(Some(&ben)).await;
    annas.send("SEND_MESSAGE", json!({ "message": "hello ben", "clientId": "a-1", "userId": ben.id() })).await;
    let (seq, line) = bens.until_line("hello ben").await;
    assert_eq!((line.user_id, line.username.as_str()), (anna.id(), anna.me.username.as_str()));
    assert_eq!(annas.until_line("hello ben").await, (seq, line));
    bens.say("hello anna").await;
    let (next, _) = annas.until_line("hello anna").await;
    assert_eq!(next, seq + 1);
}

#[tokio::test]
async fn whoever_is_nobody_reads_only() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let (mut nobody, _) = stream.enter(None).await;
    nobody.send("SEND_MESSAGE", json!({ "message": "hello", "clientId": "n-1" })).await;
    let error = nobody.until_error().await;
    assert!(matches!(error.code, Code::TokenMissing | Code::Forbidden), "{error:?}");
    assert_eq!(error.client_id.as_deref(), Some("n-1"));
    let (mut writer, _) = stream.enter(Some(&stream.creator)).await;
    writer.say("still here?").await;
    nobody.until_line("still here?").await;
}

#[tokio::test]
async fn reactions_are_counted_together() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let (mut reader, _) = stream.enter(None).await;
    for _ in 0..2 {
        let (mut socket, _) = stream.enter(Some(&Person::register(&api).await)).await;
        socket.send("SEND_REACTION", json!({ "reaction": "🎉" })).await;
        socket.until("NEW_REACTION", |event| matches!(event, ServerEvent::NewReaction { .. }).then_some(())).await;
    }
    let mut total = 0;
    while total < 2 {
        total += reader
            .until("NEW_REACTION", |event| match event {
                ServerEvent::NewReaction { counts } => counts.get("🎉").copied(),
                _ => None,
            })
            .await;
    }
    assert_eq!(total, 2);
}

#[tokio::test]
async fn the_count_follows_who_comes_and_goes() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let (mut first, _) = stream.enter(None).await;
    let (second, _) = stream.enter(Some(&Person::register(&api).await)).await;
    first.until_viewers(2).await;
    second.close().await;
    let rising = first
        .until("a falling count", |event| match event {
            ServerEvent::ViewerCountUpdate { viewer_count: 1, is_increasing, stream_id } => {
                assert_eq!(*stream_id, stream.id);
                Some(*is_increasing)
            }
            _ => None,
        })
        .await;
    assert!(!rising);
}

#[tokio::test]
async fn a_ping_is_answered() {
    let stream = Broadcast::create(&edge().await.api()).await;
    let (mut socket, _) = stream.enter(None).await;
    socket.send_text("ping").await;
    loop {
        match socket.next().await {
            Event::Pong => break,
            Event::Frame(..) => {}
            Event::Closed(code) => panic!("closed with {code}"),
        }
    }
}

#[tokio::test]
async fn batches_come_to_those_who_offered() {
    let stream = Broadcast::create(&edge().await.api()).await;
    let url = stream.join(Some(&stream.creator)).await.chat_url.unwrap();
    let mut socket = RoomSocket::open_with(&url, stream.id, Some(BATCH_SUBPROTOCOL)).await.unwrap();
    assert_eq!(socket.subprotocol.as_deref(), Some(BATCH_SUBPROTOCOL));
    socket.send("JOIN_STREAM", json!({})).await;
    socket.say("in a batch").await;
    let found = |event: &ServerEvent| match event {
        ServerEvent::Batch { events } => events.iter().find_map(|frame| match &frame.event {
            ServerEvent::NewMessage(line) if line.message == "in a batch" => Some(frame.seq),
            _ => None,
        }),
        ServerEvent::NewMessage(line) => panic!("{line:?} came alone"),
        _ => None,
    };
    assert!(socket.until("a batch with the line", found).await.is_some());
    let (plain, _) = stream.enter(None).await;
    assert_eq!(plain.subprotocol, None);
}

#[tokio::test]
async fn frames_that_are_not_of_this_protocol_are_refused() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let other = Broadcast::create(&api).await;
    for text in [
        "",
        "hello",
        "{",
        "[]",
        "{}",
        r#"{"type":"SEND_MESSAGE"}"#,
        r#"{"type":"NOTHING","data":{}}"#,
        r#"{"type":"SEND_MESSAGE","data":{"streamId":7,"message":"x"}}"#,
        &json!({ "type": "SEND_MESSAGE", "data": { "streamId": other.id, "message": "x" } }).to_string(),
        &json!({ "type": "SEND_MESSAGE", "data": { "streamId": stream.id } }).to_string(),
    ] {
        let (mut socket, _) = stream.enter(Some(&stream.creator)).await;
        socket.send_text(text).await;
        refused(&mut socket, text).await;
    }
    let (mut socket, _) = stream.enter(Some(&stream.creator)).await;
    socket.send_binary(vec![0, 1, 2, 255]).await;
    refused(&mut socket, "bytes").await;
}

/// Told with an `ERROR`, or closed as malformed.
async fn refused(socket: &mut RoomSocket, what: &str) {
    loop {
        match socket.next().await {
            Event::Closed(code) => return assert_eq!(code, 4400, "{what}"),
            Event::Frame(frame, _) => match frame.event {
                ServerEvent::Error(error) => {
                    let code = error.code;
                    return assert!(matches!(code, Code::Malformed | Code::ValidationFailed), "{what}: {code:?}");
                }
                ServerEvent::NewMessage(line) => panic!("{what} made {line:?}"),
                _ => {}
            },
            Event::Pong => panic!("{what} is no ping"),
        }
    }
}

#[tokio::test]
async fn lines_have_bounds_on_the_socket_too() {
    let stream = Broadcast::create(&edge().await.api()).await;
    let (mut socket, _) = stream.enter(Some(&stream.creator)).await;
    for line in [" ".to_owned(), "x".repeat(501)] {
        socket.send("SEND_MESSAGE", json!({ "message": line, "clientId": "long" })).await;
        let error = socket.until_error().await;
        assert_eq!((error.code, error.client_id.as_deref()), (Code::ValidationFailed, Some("long")));
    }
    socket.say(&"é".repeat(500)).await;
    socket.until_line(&"é".repeat(500)).await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_closes() {
    let stream = Broadcast::create(&edge().await.api()).await;
    let (mut socket, _) = stream.enter(Some(&stream.creator)).await;
    socket.say(&"x".repeat(5_000)).await;
    assert_eq!(socket.until_closed(LIMIT).await, 4413);
}

#[tokio::test]
async fn whoever_is_too_fast_is_told_so() {
    let stream = Broadcast::create(&edge().await.api()).await;
    let (mut socket, _) = stream.enter(Some(&stream.creator)).await;
    for n in 0..60 {
        socket.send("SEND_MESSAGE", json!({ "message": format!("line {n}"), "clientId": format!("c-{n}") })).await;
    }
    let error = socket.until_error().await;
    assert_eq!(error.code, Code::RateLimited);
    assert!(error.retry_after.is_some() && error.client_id.is_some(), "{error:?}");
}

#[tokio::test]
async fn a_bad_proof_opens_no_socket() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let good = stream.join(Some(&stream.creator)).await.chat_url.unwrap();
    let end = good.len() - 4;
    let playback = stream.join(Some(&stream.creator)).await.playback_url.unwrap();
    assert!(playback.contains("/public/"));
    for url in [format!("{}AAAA", &good[..end]), good[..end].to_owned()] {
        match RoomSocket::open_with(&url, stream.id, None).await {
            Err(status) => assert!(matches!(status.as_u16(), 401 | 403), "{status}"),
            Ok(mut socket) => assert_eq!(socket.until_closed(LIMIT).await, 4401),
        }
    }
}

#[tokio::test]
async fn whoever_is_silent_is_put_out() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let (mut silent, _) = stream.enter(None).await;
    let (mut lively, _) = stream.enter(None).await;
    lively.until_viewers(2).await;
    let pinging = async {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            lively.send_text("ping").await;
        }
    };
    let limit = Duration::from_secs(30);
    let code = tokio::select! { code = silent.until_closed(limit) => code, () = pinging => unreachable!() };
    assert_eq!(code, 4408);
    lively.until_viewers(1).await;
}
