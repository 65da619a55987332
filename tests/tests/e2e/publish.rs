//! From an encoder to a stream that is live.

use harness::{
    Broadcast, LIMIT,
    encoder::{Encoder, small_pattern},
    system,
};
use spillway_protocol::{api::StreamStatus, room::ServerEvent};

#[tokio::test]
async fn ffmpeg_goes_live() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let (mut room, _) = stream.enter(None).await;
    let mut encoder = Encoder::pattern(system, &stream.key, small_pattern());
    room.until("LIVE", |event| match event {
        ServerEvent::StreamStatusUpdate { status: StreamStatus::Live, .. } => Some(()),
        _ => None,
    })
    .await;
    stream.until_status(StreamStatus::Live).await;
    assert!(encoder.is_running(), "{}", encoder.log());
}

#[tokio::test]
async fn an_encoder_without_a_good_key_is_refused() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    for key in ["nonsense".to_owned(), format!("{}x", stream.key)] {
        let mut encoder = Encoder::pattern(system, &key, small_pattern());
        assert!(!encoder.until_ended().await.success(), "{}", encoder.log());
    }
    assert_eq!(stream.get().await.status, StreamStatus::Scheduled);
}

#[tokio::test]
async fn a_second_encoder_is_refused_and_the_first_goes_on() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut first = Encoder::pattern(system, &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let mut second = Encoder::pattern(system, &stream.key, small_pattern());
    assert!(!second.until_ended().await.success(), "{}", second.log());
    assert!(first.is_running(), "{}", first.log());
}

#[tokio::test]
async fn an_encoder_that_says_goodbye_ends_the_stream_after_a_while() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    // ffmpeg unpublishes when it reaches the clip's end.
    let mut encoder = Encoder::ffmpeg(system, &stream.key);
    stream.until_status(StreamStatus::Live).await;
    assert!(encoder.until_ended().await.success(), "{}", encoder.log());
    let ended = harness::eventually("the stream ends by itself", LIMIT * 4, async || {
        Some(stream.get().await).filter(|stream| stream.status == StreamStatus::Ended)
    })
    .await;
    assert!(ended.stats.duration >= 20, "{:?}", ended.stats);
}
