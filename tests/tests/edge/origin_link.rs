//! `GET /origin/v1/link/{id}/{epoch}`: what the Room makes of reports.

use harness::{
    Broadcast, LIMIT, RoomSocket, edge, eventually,
    node::{Node, media::Live},
};
use spillway_protocol::{
    api::StreamStatus,
    link::{Health, LinkDown, LinkUp, PublishReply},
    media::{Epoch, RenditionId},
    room::ServerEvent,
};

async fn until_status(socket: &mut RoomSocket, wanted: StreamStatus) {
    socket
        .until(&format!("{wanted:?}"), |event| match event {
            ServerEvent::StreamStatusUpdate { status, .. } if *status == wanted => Some(()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn the_stream_is_live_when_media_arrives() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let (mut socket, _) = stream.enter(None).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    until_status(&mut socket, StreamStatus::Live).await;
    let seen = stream.until_status(StreamStatus::Live).await;
    assert!(seen.actual_start_time.is_some() && seen.end_time.is_none());
}

#[tokio::test]
async fn a_broken_link_goes_on_where_it_was() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    let node = Node::of(system);
    let (stream_id, epoch) = (live.stream, live.epoch);
    live.link = live.link.again(node.link(stream_id, epoch).await.unwrap()).await;
    live.segment().await;
    let text = stream.until_listed("/1.m4s").await;
    assert_eq!(text.matches("#EXTINF").count(), 2);
    assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
}

#[tokio::test]
async fn a_report_sent_twice_counts_once() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    live.put_segment(&RenditionId::video(), 1).await;
    let begin = live.link.next();
    live.report_segment(RenditionId::video(), 1).await;
    live.link.until_stored().await;
    live.link.rewind(begin);
    live.report_segment(RenditionId::video(), 1).await;
    live.link.until_stored().await;
    let text = stream.until_listed("/1.m4s").await;
    assert_eq!(text.matches("/1.m4s").count(), 1, "{text}");
}

#[tokio::test]
async fn an_old_epoch_changes_nothing() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut old = Live::begin(system, &stream, "one").await;
    old.segment().await;
    // It is silent for so long that another one takes over.
    let node = Node::of(system);
    eventually("the second one gets in", LIMIT, async || {
        (node.publish(&stream.key, "two").await.status == 200).then_some(())
    })
    .await;
    let mut new = Live::begin(system, &stream, "two").await;
    assert_eq!(new.epoch, Epoch(old.epoch.0 + 1));
    new.segment().await;
    stream.until_listed(&format!("{}/video/0.m4s", new.epoch.0)).await;
    // The old one comes back and reports on.
    if let Ok(mut link) = node.link(stream.id, old.epoch).await {
        link.resume().await;
        old.link = link;
        // It says all that makes a segment fit to be listed, as if it began anew.
        old.announce().await;
        old.put_segment(&RenditionId::video(), 1).await;
        old.report_segment(RenditionId::video(), 1).await;
        old.link.until_answered().await;
    }
    new.segment().await;
    let text = stream.until_listed(&format!("{}/video/1.m4s", new.epoch.0)).await;
    assert!(!text.contains(&format!("\n{}/video/1.m4s", old.epoch.0)), "{text}");
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
}

#[tokio::test]
async fn an_epoch_that_was_not_given_has_no_link() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let node = Node::of(system);
    let granted: PublishReply = node.publish(&stream.key, "one").await.expect(200);
    assert!(Node::impostor(system).link(stream.id, granted.epoch).await.is_err());
    for epoch in [0, granted.epoch.0 + 1, u32::MAX] {
        if let Ok(mut link) = node.link(stream.id, Epoch(epoch)).await {
            assert!(!matches!(link.receive().await, Some(LinkDown::Welcome { .. })), "epoch {epoch}");
        }
    }
}

#[tokio::test]
async fn frames_that_make_no_sense_do_no_harm() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    for text in ["", "{", "[]", r#"{"type":"report","data":{"n":-1}}"#, r#"{"type":"health","data":7}"#] {
        let Ok(mut link) = Node::of(system).link(stream.id, live.epoch).await else { continue };
        link.send(text).await;
    }
    let (stream_id, epoch) = (live.stream, live.epoch);
    live.link = live.link.again(Node::of(system).link(stream_id, epoch).await.unwrap()).await;
    live.segment().await;
    stream.until_listed("/1.m4s").await;
}

#[tokio::test]
async fn health_keeps_a_publisher_heard() {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut live = Live::begin(system, &stream, "one").await;
    let health = Health {
        bitrate: 1_000_000,
        frame_rate_millis: 30_000,
        keyframe_interval_ms: Some(2_000),
        queued_bytes: 0,
        warnings: vec![],
    };
    let text = serde_json::to_string(&LinkUp::Health(health)).unwrap();
    for _ in 0..4 {
        live.link.send(&text).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let second = Node::of(system).publish(&stream.key, "two").await;
        second.refused(spillway_protocol::problem::Code::PublisherActive);
    }
}
