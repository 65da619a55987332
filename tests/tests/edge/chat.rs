//! `POST` and `GET /api/v1/streams/{id}/chat`

use harness::{Api, Broadcast, Person, Reply, edge};
use serde_json::{Value, json};
use spillway_protocol::{
    api::{Page, SendChatReply},
    problem::Code,
    room::{ServerEvent, ServerFrame},
};

async fn send(stream: &Broadcast, by: &Person, body: Value) -> Reply {
    stream.api().post(&stream.path("/chat"), body).by(by).send().await
}

/// The lines of a page, as texts.
fn lines(page: &Page<ServerFrame>) -> Vec<&str> {
    let line = |frame: &'_ ServerFrame| match &frame.event {
        ServerEvent::NewMessage(_) => true,
        other => panic!("{other:?} is no line"),
    };
    assert!(page.items.iter().all(line));
    let text = |frame| match frame {
        &ServerFrame { event: ServerEvent::NewMessage(ref message), .. } => message.message.as_str(),
        _ => "",
    };
    page.items.iter().map(text).collect()
}

async fn history(api: &Api, stream: &Broadcast, query: &str) -> Page<ServerFrame> {
    api.get(&stream.path(&format!("/chat{query}"))).send().await.expect(200)
}

#[tokio::test]
async fn a_line_is_at_every_socket_and_in_the_history() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let writer = Person::register(&api).await;
    let (mut reader, _) = stream.enter(None).await;
    let sent = send(&stream, &writer, json!({ "message": "  hello\u{0} there  ", "clientId": "c-1" })).await.value(201);
    assert_eq!(sent.as_object().unwrap().keys().collect::<Vec<_>>(), ["messageId"]);
    let (seq, line) = reader.until_line("hello there").await;
    let expected = json!({
        "messageId": sent["messageId"],
        "userId": writer.id(),
        "username": writer.me.username,
        "message": "hello there",
        "timestamp": line.timestamp,
        "isSubscriber": false,
        "clientId": "c-1",
    });
    assert_eq!(json!(line), expected);
    let page = api.get(&stream.path("/chat")).send().await.value(200);
    assert_eq!(page, json!({ "items": [{ "type": "NEW_MESSAGE", "data": expected, "seq": seq }], "nextCursor": null }));
}

#[tokio::test]
async fn the_creator_s_lines_carry_a_badge() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let (mut reader, _) = stream.enter(None).await;
    send(&stream, &stream.creator, json!({ "message": "welcome", "type": "MESSAGE" })).await.value(201);
    assert_eq!(reader.until_line("welcome").await.1.badges, ["creator"]);
}

#[tokio::test]
async fn a_reaction_is_counted_and_leaves_no_line() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let (mut reader, _) = stream.enter(None).await;
    send(&stream, &stream.creator, json!({ "message": "❤️", "type": "REACTION" })).await.value(201);
    let counts = reader
        .until("NEW_REACTION", |event| match event {
            ServerEvent::NewReaction { counts } => Some(counts.clone()),
            _ => None,
        })
        .await;
    assert_eq!(json!(counts), json!({ "❤️": 1 }));
    assert!(history(&api, &stream, "").await.items.is_empty());
}

#[tokio::test]
async fn the_same_client_id_makes_one_line() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let (writer, other) = (Person::register(&api).await, Person::register(&api).await);
    let body = json!({ "message": "once", "clientId": "same" });
    let first: SendChatReply = send(&stream, &writer, body.clone()).await.expect(201);
    let again: SendChatReply = send(&stream, &writer, body.clone()).await.expect(201);
    assert_eq!(first, again);
    let (mut socket, welcome) = stream.enter(Some(&writer)).await;
    assert_eq!(welcome.history.len(), 1);
    socket.send("SEND_MESSAGE", body.clone()).await;
    let theirs: SendChatReply = send(&stream, &other, body).await.expect(201);
    assert_ne!(theirs, first, "a client's id is its own");
    send(&stream, &writer, json!({ "message": "last" })).await.value(201);
    socket.until_line("last").await;
    assert_eq!(lines(&history(&api, &stream, "").await), ["once", "once", "last"]);
}

#[tokio::test]
async fn the_same_idempotency_key_makes_one_line() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let writer = Person::register(&api).await;
    let send = |key: &str| {
        let call = api.post(&stream.path("/chat"), json!({ "message": "once" })).by(&writer);
        call.header("idempotency-key", key).send()
    };
    let first: SendChatReply = send("k-1").await.expect(201);
    assert_eq!(send("k-1").await.expect::<SendChatReply>(201), first);
    assert_ne!(send("k-2").await.expect::<SendChatReply>(201), first);
    send("a key").await.refused(Code::Malformed);
    assert_eq!(lines(&history(&api, &stream, "").await), ["once", "once"]);
}

#[tokio::test]
async fn what_cannot_be_said_is_refused() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let writer = Person::register(&api).await;
    let fields = async |body: Value| send(&stream, &writer, body).await.refused_fields();
    let field = |name: &str, code: &str| vec![(name.to_owned(), json!(code))];
    assert_eq!(fields(json!({ "message": " \u{7} " })).await, field("message", "TOO_SHORT"));
    assert_eq!(fields(json!({ "message": "x".repeat(501) })).await, field("message", "TOO_LONG"));
    assert_eq!(fields(json!({ "message": "x", "clientId": "c".repeat(65) })).await, field("clientId", "TOO_LONG"));
    assert_eq!(fields(json!({ "message": "not one", "type": "REACTION" })).await, field("message", "INVALID"));
    assert_eq!(fields(json!({})).await, field("message", "REQUIRED"));
    assert_eq!(fields(json!({ "message": 7 })).await, field("message", "INVALID"));
    assert_eq!(fields(json!({ "message": "x", "type": "TIP" })).await, field("type", "INVALID"));
    send(&stream, &writer, json!("x")).await.refused(Code::Malformed);
    api.post(&stream.path("/chat"), json!({ "message": "x" })).send().await.refused(Code::TokenMissing);
    assert!(history(&api, &stream, "").await.items.is_empty());
}

#[tokio::test]
async fn markup_is_text() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let line = "<script>alert(1)</script> & \"quotes\" 👩‍👩‍👧";
    send(&stream, &stream.creator, json!({ "message": line })).await.value(201);
    assert_eq!(lines(&history(&api, &stream, "").await), [line]);
}

#[tokio::test]
async fn chat_that_is_off_takes_no_lines() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let viewer = Person::register(&api).await;
    let off = json!({ "settings": { "chatEnabled": false } });
    api.patch(&stream.path(""), off).by(&stream.creator).send().await.value(200);
    send(&stream, &viewer, json!({ "message": "hello" })).await.refused(Code::ChatDisabled);
    assert!(!stream.join(None).await.chat_enabled);
    let (mut socket, welcome) = stream.enter(Some(&viewer)).await;
    assert!(!welcome.settings.chat_enabled);
    socket.say("hello").await;
    assert_eq!(socket.until_error().await.code, Code::ChatDisabled);
    let on = json!({ "settings": { "chatEnabled": true } });
    api.patch(&stream.path(""), on).by(&stream.creator).send().await.value(200);
    send(&stream, &viewer, json!({ "message": "hello" })).await.value(201);
}

#[tokio::test]
async fn history_is_paged_from_the_newest() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    // Several writers, so that nobody is too fast.
    for n in 0..3 {
        let writer = Person::register(&api).await;
        for line in 0..2 {
            send(&stream, &writer, json!({ "message": format!("line {}", n * 2 + line) })).await.value(201);
        }
    }
    let newest = history(&api, &stream, "?limit=4").await;
    assert_eq!(lines(&newest), ["line 2", "line 3", "line 4", "line 5"]);
    let cursor = newest.next_cursor.expect("there is more");
    for place in ["cursor", "before"] {
        let oldest = history(&api, &stream, &format!("?limit=4&{place}={cursor}")).await;
        assert_eq!(lines(&oldest), ["line 0", "line 1"], "{place}");
        assert_eq!(oldest.next_cursor, None);
    }
    assert_eq!(lines(&history(&api, &stream, "?cursor=&before=&limit=").await).len(), 6);
    for query in ["?limit=0", "?limit=101", "?limit=x", "?before=x", "?cursor=x"] {
        let reply = api.get(&stream.path(&format!("/chat{query}"))).send().await;
        assert!(matches!(reply.status.as_u16(), 400 | 422), "{query}: {reply:?}");
    }
}

#[tokio::test]
async fn a_gated_room_is_not_read_from_outside() {
    let api = edge().await.api();
    let creator = Person::register(&api).await;
    let made = creator.create_stream_with(json!({ "title": "Members", "isSubscriberOnly": true })).await;
    let key = creator.start_stream(made.id).await.stream_key;
    let stream = Broadcast::of(&creator, made.id, key);
    let outsider = Person::register(&api).await;
    send(&stream, &creator, json!({ "message": "secret" })).await.value(201);
    for reply in [
        send(&stream, &outsider, json!({ "message": "hello" })).await,
        api.get(&stream.path("/chat")).by(&outsider).send().await,
    ] {
        assert_eq!(reply.refused(Code::Forbidden).status, 403);
    }
    assert!(api.get(&stream.path("/chat")).send().await.status.is_client_error());
    assert_eq!(
        api.get(&stream.path("/chat")).by(&creator).send().await.value(200)["items"].as_array().unwrap().len(),
        1
    );
}
