//! Encoders and origins that go and come back.

use harness::{
    Broadcast, LIMIT,
    encoder::{Encoder, small_pattern},
    eventually, free_port, player, system,
};
use spillway_protocol::{api::StreamStatus, link::PublishReply};

/// Waits until the picture's playlist says something.
async fn video(stream: &Broadcast, says: &str) -> String {
    let url = stream.playback_url().await.replace("index.m3u8", "video.m3u8");
    eventually(&format!("the playlist says {says}"), LIMIT * 2, async || {
        let reply = stream.api().get(&url).send().await;
        (reply.status == 200).then(|| reply.text()).filter(|text| text.contains(says))
    })
    .await
}

#[tokio::test]
async fn an_encoder_that_comes_back_goes_on_in_the_same_stream() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut first = Encoder::pattern(system, &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    video(&stream, "1/video/1.m4s").await;
    first.kill();
    drop(first);
    // Its encoder tries again until the first one is known to be gone.
    let second = eventually("the second one gets in", LIMIT * 2, async || {
        let mut encoder = Encoder::pattern(system, &stream.key, small_pattern());
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        encoder.is_running().then_some(encoder)
    })
    .await;
    let epoch = eventually("the new epoch is listed", LIMIT * 2, async || {
        let text = video(&stream, "#EXTINF").await;
        let segments = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once("/video/"));
        segments.map(|(epoch, _)| epoch.to_owned()).find(|epoch| epoch != "1")
    })
    .await;
    let text = video(&stream, &format!("\n{epoch}/video/1.m4s")).await;
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
    assert_eq!(stream.get().await.status, StreamStatus::Live);
    let path = system.scratch.path().join(format!("{}.m3u8", harness::unique_name()));
    std::fs::write(&path, text).unwrap();
    player::read_by_m3u8_parser(&path).await.without_a_word();
    drop(second);
}

#[tokio::test]
async fn an_origin_that_crashes_loses_nothing_that_was_listed() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let state = system.scratch.path().join(harness::unique_name());
    let port = free_port();
    let mut origin = system.start_origin(&state, port);
    let encoder = Encoder::pattern_to(system, port, &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let before = video(&stream, "1/video/2.m4s").await;
    origin.process.kill();
    drop((origin, encoder));
    let _origin = system.start_origin(&state, port);
    let _encoder = eventually("an encoder gets in again", LIMIT * 2, async || {
        let mut encoder = Encoder::pattern_to(system, port, &stream.key, small_pattern());
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        encoder.is_running().then_some(encoder)
    })
    .await;
    let after = video(&stream, "#EXT-X-DISCONTINUITY\n").await;
    for line in before.lines().filter(|line| line.contains("/video/") && !line.starts_with('#')) {
        assert!(after.contains(line), "{line} is gone from {after}");
        let url = stream.playback_url().await.replace("index.m3u8", line);
        assert_eq!(stream.api().get(&url).send().await.status, 200);
    }
}

#[tokio::test]
async fn later_epochs_keep_the_target_duration() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let pattern = xtask::run::Pattern { keyframe_seconds: 3, ..small_pattern() };
    let mut first = Encoder::pattern(system, &stream.key, pattern);
    stream.until_status(StreamStatus::Live).await;
    let text = video(&stream, "1/video/1.m4s").await;
    assert!(text.contains("#EXT-X-TARGETDURATION:3\n"), "{text}");
    first.kill();
    drop(first);
    let node = harness::node::Node::of(system);
    let granted: PublishReply = eventually("the next publisher gets in", LIMIT, async || {
        let reply = node.publish(&stream.key, "another").await;
        (reply.status == 200).then(|| reply.expect(200))
    })
    .await;
    assert_eq!(granted.target_ms, Some(3_000));
}
