//! `POST /api/v1/streams/{id}/join`

use harness::{Broadcast, Person, RoomSocket, edge};
use serde_json::json;
use spillway_protocol::{
    api::{JoinRefusal, JoinReply},
    problem::Code,
};

async fn gated(api: &harness::Api) -> (Person, Broadcast) {
    let creator = Person::register(api).await;
    let stream = creator.create_stream_with(json!({ "title": "For members", "isSubscriberOnly": true })).await;
    let key = creator.start_stream(stream.id).await.stream_key;
    (creator.clone(), Broadcast::of(&creator, stream.id, key))
}

#[tokio::test]
async fn a_public_stream_needs_no_token_and_has_one_playback_url() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let viewer = Person::register(&api).await;
    let reply = api.post(&stream.path("/join"), json!({})).send().await.value(200);
    assert_eq!(reply["accessGranted"], true);
    assert_eq!(reply["chatEnabled"], true);
    assert_eq!(reply["canTip"], false, "someone unknown cannot tip");
    assert!(reply.get("reason").is_none());
    let url = format!("{}/play/public/{}/index.m3u8", api.url(), stream.id);
    assert_eq!(reply["playbackUrl"], json!(url));
    assert!(reply["chatUrl"].as_str().unwrap().starts_with(&api.url().replacen("http", "ws", 1)));
    assert_eq!(stream.join(Some(&viewer)).await.playback_url.unwrap(), url, "so that a CDN can hold it");
}

#[tokio::test]
async fn the_chat_url_says_who_it_is_for() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let viewer = Person::register(&api).await;
    let (_socket, welcome) = stream.enter(Some(&viewer)).await;
    assert_eq!(welcome.you.unwrap().user_id, viewer.id());
    let (_socket, welcome) = stream.enter(None).await;
    assert_eq!(welcome.you, None);
}

#[tokio::test]
async fn a_gated_stream_opens_for_those_who_may() {
    let api = edge().await.api();
    let (creator, stream) = gated(&api).await;
    for person in [None, Some(&Person::register(&api).await)] {
        let reply = stream.join(person).await;
        let refused = JoinReply {
            access_granted: false,
            reason: Some(JoinRefusal::SubscriptionRequired),
            playback_url: None,
            chat_url: None,
            ..reply.clone()
        };
        assert_eq!(reply, refused);
    }
    let reply = stream.join(Some(&creator)).await;
    assert!(reply.access_granted);
    let url = reply.playback_url.unwrap();
    assert!(!url.contains("/public/"), "{url}");
    RoomSocket::join(&reply.chat_url.unwrap(), stream.id).await;
}

#[tokio::test]
async fn a_ticket_is_asked_for_where_there_is_one() {
    let api = edge().await.api();
    let creator = Person::register(&api).await;
    let stream = creator.create_stream_with(json!({ "title": "Concert", "ticketPrice": 5 })).await;
    let viewer = Person::register(&api).await;
    let reply: JoinReply = viewer.stream_call(stream.id, "join").send().await.expect(200);
    assert_eq!((reply.access_granted, reply.reason), (false, Some(JoinRefusal::TicketRequired)));
}

#[tokio::test]
async fn a_gated_room_cannot_be_entered_by_another_way() {
    let api = edge().await.api();
    let (creator, stream) = gated(&api).await;
    let open = Broadcast::create(&api).await;
    let url = open.join(Some(&creator)).await.chat_url.unwrap();
    let wrong = url.replace(&open.id.to_string(), &stream.id.to_string());
    for url in [wrong, format!("{}/room/{}", api.url().replacen("http", "ws", 1), stream.id)] {
        match RoomSocket::open_with(&url, stream.id, None).await {
            Err(status) => assert!(matches!(status.as_u16(), 401 | 403), "{status}"),
            Ok(mut socket) => {
                let code = socket.until_closed(harness::LIMIT).await;
                assert!(matches!(code, 4401 | 4403), "{code}");
            }
        }
    }
}

#[tokio::test]
async fn a_full_stream_takes_no_more() {
    let api = edge().await.api();
    let creator = Person::register(&api).await;
    let body = json!({ "title": "Small room", "settings": { "maxViewers": 1 } });
    let made = creator.create_stream_with(body).await;
    let key = creator.start_stream(made.id).await.stream_key;
    let stream = Broadcast::of(&creator, made.id, key);
    let (mut first, _) = stream.enter(Some(&Person::register(&api).await)).await;
    first.until_viewers(1).await;
    let viewer = Person::register(&api).await;
    let reply = stream.join(Some(&viewer)).await;
    assert_eq!((reply.access_granted, reply.reason), (false, Some(JoinRefusal::Full)));
    assert!(stream.join(Some(&creator)).await.access_granted, "its creator always may");
}

#[tokio::test]
async fn an_unknown_stream_is_not_found() {
    let api = edge().await.api();
    let path = "/api/v1/streams/stream_01arz3ndektsv4rrffq69g5fav/join";
    api.post(path, json!({})).send().await.refused(Code::NotFound);
}
