//! Ending a stream and changing its key, seen by the encoder.

use harness::{
    Broadcast,
    encoder::{Encoder, small_pattern},
    system,
};
use spillway_protocol::api::{EndReply, KeyReply, StreamStatus};

#[tokio::test]
async fn ending_lets_the_encoder_go_and_keeps_it_out() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut encoder = Encoder::pattern(system, &stream.key, small_pattern());
    let live = stream.until_status(StreamStatus::Live).await;
    let end: EndReply = stream.creator.stream_call(stream.id, "end").send().await.expect(200);
    assert_eq!(end.stream_id, stream.id);
    encoder.until_ended().await;
    let ended = stream.until_status(StreamStatus::Ended).await;
    assert!(ended.end_time > live.actual_start_time);
    let mut again = Encoder::pattern(system, &stream.key, small_pattern());
    assert!(!again.until_ended().await.success(), "{}", again.log());
    assert_eq!(stream.get().await.status, StreamStatus::Ended);
    let next = Broadcast::create_by(&stream.creator).await;
    let _encoder = Encoder::pattern(system, &next.key, small_pattern());
    next.until_status(StreamStatus::Live).await;
}

#[tokio::test]
async fn a_new_key_drops_whoever_has_the_old_one() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut encoder = Encoder::pattern(system, &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let rotated: KeyReply = stream.creator.stream_call(stream.id, "key").send().await.expect(200);
    encoder.until_ended().await;
    let mut old = Encoder::pattern(system, &stream.key, small_pattern());
    assert!(!old.until_ended().await.success(), "{}", old.log());
    let mut new = Encoder::pattern(system, &rotated.stream_key, small_pattern());
    stream.until_listed("#EXT-X-DISCONTINUITY\n").await;
    assert!(new.is_running(), "{}", new.log());
}
