//! `/api/v1/streams` and the calls of one stream

use std::collections::HashSet;

use harness::{Broadcast, Person, edge, unique_name};
use serde_json::{Value, json};
use spillway_protocol::{
    api::{KeyReply, Page, StartReply, Stream, StreamStatus},
    keys::StreamKey,
    problem::Code,
};

#[tokio::test]
async fn a_title_is_enough_and_the_rest_has_defaults() {
    let system = edge().await;
    let api = system.api();
    let person = Person::register(&api).await;
    let reply = api.post("/api/v1/streams", json!({ "title": "  Evening  " })).by(&person).send().await;
    let stream = reply.value(201);
    let expected = json!({
        "id": stream["id"],
        "creator": { "id": person.id(), "username": person.me.username },
        "title": "Evening",
        "description": null,
        "status": "SCHEDULED",
        "isSubscriberOnly": false,
        "requiredTier": null,
        "ticketPrice": null,
        "currency": "USD",
        "settings": {
            "quality": "HD", "recordingEnabled": true, "chatEnabled": true, "tipsEnabled": true,
            "maxViewers": null, "delaySeconds": 0
        },
        "stats": { "viewerCount": 0, "peakViewers": 0, "totalTips": 0.0, "duration": 0, "messagesCount": 0 },
        "scheduledStartTime": null,
        "actualStartTime": null,
        "endTime": null,
        "recordingUrl": null,
        "thumbnailUrl": null,
        "createdAt": stream["createdAt"],
        "updatedAt": stream["updatedAt"],
    });
    assert_eq!(stream, expected);
    assert_eq!(reply.header("location"), format!("/api/v1/streams/{}", stream["id"].as_str().unwrap()));
    let read = api.get(reply.header("location")).send().await.value(200);
    assert_eq!(read, stream);
}

#[tokio::test]
async fn everything_that_can_be_said_is_kept() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let body = json!({
        "title": "Concert", "description": "Two\nlines", "isSubscriberOnly": true, "requiredTier": 2,
        "ticketPrice": 5.5, "currency": "EUR", "scheduledStartTime": "2027-01-02T05:04:05+02:00",
        "settings": { "quality": "4K", "recordingEnabled": false, "maxViewers": 10, "delaySeconds": 30 }
    });
    let stream = api.post("/api/v1/streams", body).by(&person).send().await.value(201);
    assert_eq!(stream["description"], "Two\nlines");
    assert_eq!(stream["isSubscriberOnly"], true);
    assert_eq!(stream["requiredTier"], 2);
    assert_eq!(stream["ticketPrice"], 5.5);
    assert_eq!(stream["currency"], "EUR");
    assert_eq!(stream["scheduledStartTime"], "2027-01-02T03:04:05.000Z");
    let settings = json!({
        "quality": "4K", "recordingEnabled": false, "chatEnabled": true, "tipsEnabled": true,
        "maxViewers": 10, "delaySeconds": 30
    });
    assert_eq!(stream["settings"], settings);
}

#[tokio::test]
async fn every_refused_field_is_named() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let create = |body: Value| api.post("/api/v1/streams", body).by(&person).send();
    let body = json!({
        "title": " ", "description": "x".repeat(5_001), "requiredTier": 0, "ticketPrice": 1.234,
        "settings": { "delaySeconds": 61, "maxViewers": 0 }
    });
    let fields: Vec<String> = create(body).await.refused_fields().into_iter().map(|(field, _)| field).collect();
    let expected =
        ["description", "requiredTier", "settings.delaySeconds", "settings.maxViewers", "ticketPrice", "title"];
    assert_eq!(fields, expected);
    for (name, value) in [
        ("title", json!("x".repeat(141))),
        ("currency", json!("usd")),
        ("currency", json!("ABC")),
        ("ticketPrice", json!(-1)),
        ("ticketPrice", json!(1e30)),
    ] {
        let mut body = json!({ "title": "A stream" });
        body[name] = value;
        let fields: Vec<String> = create(body).await.refused_fields().into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, [name]);
    }
}

#[tokio::test]
async fn what_is_not_of_its_type_is_refused() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    for (name, value) in [
        ("title", json!(7)),
        ("scheduledStartTime", json!("tomorrow")),
        ("scheduledStartTime", json!(1_700_000_000)),
        ("settings", json!({ "quality": "8K" })),
        ("settings", json!({ "delaySeconds": -1 })),
        ("ticketPrice", json!("NaN")),
        ("isSubscriberOnly", json!("yes")),
    ] {
        let mut body = json!({ "title": "A stream" });
        body[name] = value;
        let reply = api.post("/api/v1/streams", body).by(&person).send().await;
        assert!(matches!(reply.status.as_u16(), 400 | 422), "{name}: {reply:?}");
    }
    let nan = r#"{"title": "A stream", "ticketPrice": NaN}"#;
    let nan = api.call(reqwest::Method::POST, "/api/v1/streams").by(&person).body("application/json", nan);
    nan.send().await.refused(Code::Malformed);
    api.post("/api/v1/streams", json!({ "title": "A stream" })).send().await.refused(Code::TokenMissing);
}

#[tokio::test]
async fn the_same_idempotency_key_makes_one_stream() {
    let api = edge().await.api();
    let (person, other) = (Person::register(&api).await, Person::register(&api).await);
    let create = |by: &Person, key: &str, title: &str| {
        api.post("/api/v1/streams", json!({ "title": title })).by(by).header("idempotency-key", key).send()
    };
    let (first, second) = tokio::join!(create(&person, "k-1", "One"), create(&person, "k-1", "One"));
    let first = first.value(201);
    assert_eq!(second.value(201), first);
    assert_eq!(create(&person, "k-1", "One").await.value(201), first);
    create(&person, "k-1", "Two").await.refused(Code::IdempotencyMismatch);
    assert_ne!(create(&person, "k-2", "One").await.value(201)["id"], first["id"]);
    assert_ne!(create(&other, "k-1", "One").await.value(201)["id"], first["id"]);
    create(&person, &"k".repeat(300), "One").await.refused(Code::Malformed);
}

#[tokio::test]
async fn changing_leaves_the_rest_and_null_takes_away() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let body = json!({ "title": "Old", "description": "Text", "settings": { "maxViewers": 5, "delaySeconds": 3 } });
    let stream = person.create_stream_with(body).await;
    let path = format!("/api/v1/streams/{}", stream.id);
    let change = |body: Value| api.patch(&path, body).by(&person).send();
    let changed = change(json!({ "title": "New", "settings": { "maxViewers": null } })).await.value(200);
    assert_eq!(changed["title"], "New");
    assert_eq!(changed["description"], "Text");
    assert_eq!(changed["settings"]["maxViewers"], Value::Null);
    assert_eq!(changed["settings"]["delaySeconds"], 3);
    assert_eq!(change(json!({ "description": null })).await.value(200)["description"], Value::Null);
    assert_eq!(change(json!({ "title": "" })).await.refused_fields(), [("title".to_owned(), json!("TOO_SHORT"))]);
    assert_eq!(api.get(&path).send().await.value(200)["title"], "New");
}

#[tokio::test]
async fn a_stream_is_its_creator_s_alone() {
    let api = edge().await.api();
    let (person, other) = (Person::register(&api).await, Person::register(&api).await);
    let stream = person.create_stream().await;
    let path = format!("/api/v1/streams/{}", stream.id);
    api.patch(&path, json!({ "title": "Mine" })).by(&other).send().await.refused(Code::Forbidden);
    api.patch(&path, json!({ "title": "Mine" })).send().await.refused(Code::TokenMissing);
    api.delete(&path).by(&other).send().await.refused(Code::Forbidden);
    for call in ["start", "key", "end"] {
        other.stream_call(stream.id, call).send().await.refused(Code::Forbidden);
        api.post(&format!("{path}/{call}"), json!({})).send().await.refused(Code::TokenMissing);
    }
    assert_eq!(api.get(&path).send().await.expect::<Stream>(200), stream);
}

#[tokio::test]
async fn a_cancelled_stream_is_over() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let stream = person.create_stream().await;
    let path = format!("/api/v1/streams/{}", stream.id);
    api.delete(&path).by(&person).send().await.empty(204);
    let seen: Stream = api.get(&path).send().await.expect(200);
    assert_eq!(seen.status, StreamStatus::Cancelled);
    person.stream_call(stream.id, "start").send().await.refused(Code::StreamOver);
    api.patch(&path, json!({ "title": "Again" })).by(&person).send().await.refused(Code::StreamOver);
    let join = api.post(&format!("{path}/join"), json!({})).send().await.value(200);
    assert_eq!((&join["accessGranted"], &join["reason"]), (&json!(false), &json!("CANCELLED")));
}

#[tokio::test]
async fn the_list_is_searched_and_paged() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let word = unique_name();
    let mut made = HashSet::new();
    for n in 0..5 {
        let body = json!({ "title": format!("Stream {n}"), "description": format!("about {}", word.to_uppercase()) });
        made.insert(person.create_stream_with(body).await.id);
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page: Page<Stream> = api.get(&format!("/api/v1/streams?q={word}&limit=2{cursor}")).send().await.expect(200);
        assert!(page.items.len() <= 2);
        seen.extend(page.items.into_iter().map(|stream| stream.id));
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5, "nothing twice");
    assert_eq!(seen.into_iter().collect::<HashSet<_>>(), made);
    let none: Page<Stream> = api.get(&format!("/api/v1/streams?q={word}&status=LIVE")).send().await.expect(200);
    assert!(none.items.is_empty() && none.next_cursor.is_none());
    let wild: Page<Stream> = api.get("/api/v1/streams?q=%25%25%27%3B--").send().await.expect(200);
    assert!(wild.items.is_empty(), "a search is text, not a pattern");
}

#[tokio::test]
async fn a_list_that_makes_no_sense_is_refused() {
    let api = edge().await.api();
    for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "status=ON", "cursor=%00"] {
        let reply = api.get(&format!("/api/v1/streams?{query}")).send().await;
        assert!(matches!(reply.status.as_u16(), 400 | 422), "{query}: {reply:?}");
    }
}

#[tokio::test]
async fn starting_gives_a_key_that_stays_from_stream_to_stream() {
    let system = edge().await;
    let first = Broadcast::create(&system.api()).await;
    let reply = first.creator.stream_call(first.id, "start").send().await.value(200);
    let expected = json!({
        "streamId": first.id,
        "streamUrl": format!("rtmp://127.0.0.1:{}/live", system.rtmp_port()),
        "streamKey": first.key,
    });
    assert_eq!(reply, expected);
    assert!(StreamKey::parse(&first.key).is_some());
    let second = Broadcast::create_by(&first.creator).await;
    assert_eq!(second.key, first.key);
    let other = Broadcast::create(&system.api()).await;
    assert_ne!(other.key, first.key);
    assert_eq!(first.get().await.status, StreamStatus::Scheduled, "live is what has media");
}

#[tokio::test]
async fn rotating_gives_another_key() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let rotated: KeyReply = stream.creator.stream_call(stream.id, "key").send().await.expect(200);
    assert_ne!(rotated.stream_key, stream.key);
    let start: StartReply = stream.creator.start_stream(stream.id).await;
    assert_eq!(start.stream_key, rotated.stream_key);
}

#[tokio::test]
async fn a_stream_that_never_was_live_cannot_end() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    stream.creator.stream_call(stream.id, "end").send().await.refused(Code::NotLive);
}
