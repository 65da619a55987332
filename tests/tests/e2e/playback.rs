//! What an encoder sends, in players that are not ours.

use harness::{
    Broadcast, System,
    encoder::{Encoder, clip},
    player::{self, Marks},
    system,
};
use spillway_protocol::api::StreamStatus;

/// Waits until a live stream lists so many segments, and gives its playback URL.
async fn until_listed(stream: &Broadcast, segments: usize) -> String {
    stream.until_status(StreamStatus::Live).await;
    let url = stream.playback_url().await;
    let video = url.replace("index.m3u8", "video.m3u8");
    harness::eventually("segments are listed", harness::LIMIT * 2, async || {
        let reply = stream.api().get(&video).send().await;
        (reply.status == 200 && reply.text().matches("#EXTINF").count() >= segments).then_some(())
    })
    .await;
    url
}

async fn is_played_by_everyone(system: &System, stream: &Broadcast) {
    let url = until_listed(stream, 3).await;
    let (ffmpeg, playbin, playbin3, recording) = tokio::join!(
        player::ffmpeg(&url, 6),
        player::gstreamer("playbin", &url, 90),
        player::gstreamer("playbin3", &url, 90),
        player::record(system, &url, 8),
    );
    ffmpeg.without_a_word();
    playbin.without_a_word();
    playbin3.without_a_word();
    let (sent, received) = tokio::join!(async { Marks::of(&clip()).await }, Marks::of(&recording));
    assert!(received.flashes.len() >= 4 && received.beeps.len() >= 4, "{received:?}");
    let moved = (received.offset() - sent.offset()).abs();
    // Nothing is encoded anew: there is no reason for more than what rounding makes.
    assert!(moved < 0.010, "picture and sound moved apart by {moved} s: {received:?}");
}

#[tokio::test]
async fn ffmpeg_s_stream_is_played_by_everyone() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let _encoder = Encoder::ffmpeg(system, &stream.key);
    is_played_by_everyone(system, &stream).await;
}

#[tokio::test]
async fn gstreamer_s_stream_is_played_by_everyone() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let _encoder = Encoder::gstreamer(system, &stream.key);
    is_played_by_everyone(system, &stream).await;
}
