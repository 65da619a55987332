//! Encoders and origins that go and come back.

use harness::{
    Broadcast, LIMIT,
    encoder::{Encoder, small_pattern},
    eventually, free_port, player, system,
};
use spillway_protocol::{api::StreamStatus, link::PublishReply};

/// An encoder that tries again whenever it is refused, as people set it up, until it is seen in the playlist.
async fn return_until(stream: &Broadcast, says: &str, start: impl Fn() -> Encoder) -> (Encoder, String) {
    let mut encoder = start();
    let text = eventually("the encoder that came back is listed", LIMIT * 2, async || {
        if !encoder.is_running() {
            encoder = start();
        }
        stream.picture_playlist().await.filter(|text| text.contains(says))
    })
    .await;
    (encoder, text)
}

#[tokio::test]
async fn an_encoder_that_comes_back_goes_on_in_the_same_stream() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut first = Encoder::pattern(system, &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    stream.until_listed("1/video/1.m4s").await;
    first.kill();
    drop(first);
    let again = || Encoder::pattern(system, &stream.key, small_pattern());
    let (second, text) = return_until(&stream, "#EXT-X-DISCONTINUITY\n", again).await;
    let map = text.split("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"").nth(1).expect("a discontinuity needs its own");
    let (epoch, _) = map.split_once("/video/").expect("an object's path begins with its epoch");
    let text = stream.until_listed(&format!("\n{epoch}/video/1.m4s")).await;
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
    let before = stream.until_listed("1/video/2.m4s").await;
    origin.process.kill();
    drop((origin, encoder));
    let _origin = system.start_origin(&state, port);
    let again = || Encoder::pattern_to(system, port, &stream.key, small_pattern());
    let (_encoder, after) = return_until(&stream, "#EXT-X-DISCONTINUITY\n", again).await;
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
    let text = stream.until_listed("1/video/1.m4s").await;
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
