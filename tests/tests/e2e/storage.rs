//! What is listed lies on R2: always, and with nothing left out.

use harness::{
    Broadcast, LIMIT,
    encoder::{Encoder, small_pattern},
    eventually,
    node::media::Bucket,
    system,
};
use spillway_protocol::api::StreamStatus;

/// Looks at the playlists as often as it can: whatever a playlist lists must be in the bucket at that very moment.
#[tokio::test]
async fn nothing_is_listed_before_it_lies_on_r2() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let bucket = Bucket::of(system);
    let _encoder = Encoder::pattern(system, &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let base = stream.playback_url().await.replace("index.m3u8", "");
    let mut known = std::collections::HashSet::new();
    eventually("six segments of both renditions were listed", LIMIT * 3, async || {
        for file in ["video.m3u8", "audio.m3u8"] {
            let reply = stream.api().get(&format!("{base}{file}")).send().await;
            if reply.status != 200 {
                continue;
            }
            let text = reply.text();
            for path in text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned) {
                if known.insert(path.clone()) {
                    assert!(bucket.has(&format!("live/{}/{path}", stream.id)).await, "{path} is listed and not there");
                }
            }
        }
        (known.len() >= 12).then_some(())
    })
    .await;
}
