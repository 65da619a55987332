//! `POST /origin/v1/publish`: who may publish, and where it leads.

use std::time::Duration;

use harness::{
    Broadcast, LIMIT, Person, edge, eventually,
    node::{Node, media::Live, now},
};
use reqwest::Method;
use serde_json::json;
use spillway_protocol::{
    api::{KeyReply, StreamStatus},
    link::{LinkDown, PublishReply, StopReason},
    media::Epoch,
    node,
    problem::Code,
};

#[tokio::test]
async fn the_key_leads_to_the_stream_that_was_started() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let granted: PublishReply = Node::of(system).publish(&stream.key, "one").await.expect(200);
    assert_eq!(
        granted,
        PublishReply {
            stream_id: stream.id,
            epoch: Epoch(1),
            target_ms: None,
            part_target_ms: None,
            rungs: vec![720, 480, 360],
        }
    );
    assert_eq!(stream.get().await.status, StreamStatus::Scheduled, "live is what has media");
}

#[tokio::test]
async fn the_same_publisher_asking_again_is_the_same() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let node = Node::of(system);
    let first: PublishReply = node.publish(&stream.key, "one").await.expect(200);
    let again: PublishReply = node.publish(&stream.key, "one").await.expect(200);
    assert_eq!(first, again);
}

#[tokio::test]
async fn keys_that_open_nothing_are_refused() {
    let system = edge().await;
    let (stream, other) = (Broadcast::create(&system.api()).await, Broadcast::create(&system.api()).await);
    let node = Node::of(system);
    let code = other.key.get(other.key.len() - 43..).unwrap();
    let foreign = format!("{}{code}", &stream.key[..stream.key.len() - 43]);
    let unknown = stream.key.replacen("live_src_0", "live_src_1", 1);
    for key in ["", "x", "live_", "live_src_x_y", &foreign, &unknown, &stream.key[1..], &format!("{}A", stream.key)] {
        assert_eq!(node.publish(key, "one").await.refused(Code::KeyInvalid).status, 403, "{key}");
    }
}

#[tokio::test]
async fn a_rotated_key_opens_nothing_and_its_publisher_is_dropped() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let node = Node::of(system);
    let mut live = Live::begin(system, &stream, "one").await;
    let rotated: KeyReply = stream.creator.stream_call(stream.id, "key").send().await.expect(200);
    assert_eq!(until_stopped(&mut live).await, StopReason::KeyRevoked);
    node.publish(&stream.key, "two").await.refused(Code::KeyInvalid);
    node.publish(&rotated.stream_key, "two").await.value(200);
}

#[tokio::test]
async fn a_rotated_key_drops_its_publisher_from_a_stream_that_the_source_leads_into_no_more() {
    let system = edge().await;
    for through_the_newer in [false, true] {
        let stream = Broadcast::create(&system.api()).await;
        let mut live = Live::begin(system, &stream, "one").await;
        live.segment().await;
        stream.until_status(StreamStatus::Live).await;
        let newer = Broadcast::create_by(&stream.creator).await;
        let rotated = if through_the_newer { newer.id } else { stream.id };
        stream.creator.stream_call(rotated, "key").send().await.value(200);
        assert_eq!(until_stopped(&mut live).await, StopReason::KeyRevoked);
    }
}

async fn until_stopped(live: &mut Live) -> StopReason {
    loop {
        match live.link.receive().await.expect("the link is told why") {
            LinkDown::Stop { reason } => return reason,
            LinkDown::Welcome { .. } | LinkDown::Ack { .. } => {}
        }
    }
}

#[tokio::test]
async fn a_second_publisher_is_refused_while_the_first_is_heard() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let node = Node::of(system);
    let mut live = Live::begin(system, &stream, "one").await;
    for _ in 0..3 {
        live.segment().await;
        node.publish(&stream.key, "two").await.refused(Code::PublisherActive);
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

#[tokio::test]
async fn a_silent_publisher_is_taken_over() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    let node = Node::of(system);
    let granted: PublishReply = eventually("the second one gets in", LIMIT, async || {
        let reply = node.publish(&stream.key, "two").await;
        (reply.status == 200).then(|| reply.expect(200))
    })
    .await;
    assert_eq!(granted.epoch, Epoch(live.epoch.0 + 1));
    assert_eq!(granted.target_ms, Some(2_000), "later epochs keep the stream's target duration");
    assert_eq!(until_stopped(&mut live).await, StopReason::Superseded);
}

#[tokio::test]
async fn after_the_end_the_key_is_blocked_until_the_next_start() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let node = Node::of(system);
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    stream.creator.stream_call(stream.id, "end").send().await.value(200);
    assert_eq!(until_stopped(&mut live).await, StopReason::StreamEnded);
    assert_eq!(stream.until_status(StreamStatus::Ended).await.status, StreamStatus::Ended);
    node.publish(&stream.key, "two").await.refused(Code::KeyBlocked);
    let next = Broadcast::create_by(&stream.creator).await;
    let granted: PublishReply = node.publish(&next.key, "two").await.expect(200);
    assert_eq!(granted.stream_id, next.id);
}

#[tokio::test]
async fn whoever_just_starts_their_encoder_gets_a_stream_of_their_own() {
    let system = edge().await;
    let creator = Person::register(&system.api()).await;
    let planned = creator.create_stream().await;
    let key: KeyReply = creator.stream_call(planned.id, "key").send().await.expect(200);
    let granted: PublishReply = Node::of(system).publish(&key.stream_key, "one").await.expect(200);
    assert_ne!(granted.stream_id, planned.id, "nobody pressed start there");
    let opened = system.api().get(&format!("/api/v1/streams/{}", granted.stream_id)).send().await.value(200);
    assert_eq!(opened["creator"]["id"], json!(creator.id()));
}

#[tokio::test]
async fn only_a_node_that_holds_the_secret_is_heard() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let node = Node::of(system);
    let impostor = Node::impostor(system);
    let refused = |reply: &harness::Reply| assert!(matches!(reply.status.as_u16(), 401 | 403), "{reply:?}");
    refused(&impostor.publish(&stream.key, "one").await);
    for shift in [-node::TOLERANCE_MS - 5_000, node::TOLERANCE_MS + 5_000] {
        refused(&node.publish_call(&stream.key, "one", now().plus_millis(shift)).send().await);
    }
    let body = json!({ "key": stream.key, "publisher": "one" });
    refused(&system.api().post("/origin/v1/publish", &body).send().await);
    let elsewhere =
        node::sign(system.secrets.get("ORIGIN_SECRET").as_bytes(), "POST", "/other", now(), &body.to_string());
    let call = system.api().call(Method::POST, "/origin/v1/publish").body("application/json", body.to_string());
    let call = call.header(node::TIME_HEADER, &now().millis().to_string()).header(node::CODE_HEADER, &elsewhere);
    refused(&call.send().await);
}
