//! Playlists of a real stream, read strictly by others.

use std::{fs, path::PathBuf};

use harness::{
    Broadcast, LIMIT, System,
    encoder::{Encoder, small_pattern},
    eventually, player, system, unique_name,
};
use spillway_protocol::api::StreamStatus;

async fn saved(system: &System, stream: &Broadcast, file: &str, says: &str) -> (String, PathBuf) {
    let url = stream.playback_url().await.replace("index.m3u8", file);
    let text = eventually(&format!("{file} says {says}"), LIMIT * 2, async || {
        let reply = stream.api().get(&url).send().await;
        (reply.status == 200).then(|| reply.text()).filter(|text| text.contains(says))
    })
    .await;
    let path = system.scratch.path().join(format!("{}-{file}", unique_name()));
    fs::write(&path, &text).unwrap();
    (text, path)
}

async fn is_read_by_others(path: &std::path::Path) {
    let (python, node) = tokio::join!(player::read_by_m3u8(path), player::read_by_m3u8_parser(path));
    python.without_a_word();
    node.without_a_word();
}

/// The values of a tag that stands once a segment.
fn values<'a>(text: &'a str, tag: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.strip_prefix(tag)).collect()
}

#[tokio::test]
async fn every_playlist_is_read_strictly_while_live_and_after() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let encoder = Encoder::pattern(system, &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let (_, index) = saved(system, &stream, "index.m3u8", "video.m3u8").await;
    is_read_by_others(&index).await;
    for file in ["video.m3u8", "audio.m3u8"] {
        let (text, path) = saved(system, &stream, file, "/3.m4s").await;
        is_read_by_others(&path).await;
        let target: f64 = values(&text, "#EXT-X-TARGETDURATION:")[0].parse().unwrap();
        for duration in values(&text, "#EXTINF:") {
            let duration: f64 = duration.trim_end_matches(',').parse().unwrap();
            assert!((1.5..target + 0.5).contains(&duration), "{duration} in {text}");
        }
    }
    stream.creator.stream_call(stream.id, "end").send().await.value(200);
    for file in ["video.m3u8", "audio.m3u8"] {
        let (_, path) = saved(system, &stream, file, "#EXT-X-ENDLIST").await;
        is_read_by_others(&path).await;
    }
    drop(encoder);
}

#[tokio::test]
async fn picture_and_sound_are_cut_together() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let _encoder = Encoder::pattern(system, &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let (video, _) = saved(system, &stream, "video.m3u8", "/4.m4s").await;
    let (audio, _) = saved(system, &stream, "audio.m3u8", "/4.m4s").await;
    let starts = |text: &str| -> Vec<i64> {
        let times = values(text, "#EXT-X-PROGRAM-DATE-TIME:");
        times.iter().map(|time| spillway_protocol::time::Timestamp::parse(time).unwrap().millis()).collect()
    };
    for (picture, sound) in starts(&video).into_iter().zip(starts(&audio)) {
        assert!((picture - sound).abs() < 400, "{video}\n{audio}");
    }
}
