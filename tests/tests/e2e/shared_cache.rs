//! What a crowd costs behind a shared cache that lets one request for a thing through.

use std::collections::BTreeMap;

use harness::{
    Broadcast, LIMIT,
    cache::Cache,
    encoder::{Encoder, small_pattern},
    eventually, system,
};
use reqwest::Client;
use spillway_hls_checker::MediaPlaylist;
use spillway_protocol::api::StreamStatus;

const VIEWERS: usize = 500;
const PARTS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_blocked_viewers_cost_one_request_a_part() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let _encoder = Encoder::pattern(system, &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let cache = Cache::before(system);
    let base = cache.url(&stream.playback_url().await).replace("index.m3u8", "");
    let http = Client::builder().timeout(LIMIT).build().unwrap();
    let get = async |path: String| {
        let reply = http.get(format!("{base}{path}")).send().await.unwrap();
        (reply.status().as_u16(), reply.bytes().await.unwrap())
    };
    let first = eventually("there is a playlist", LIMIT, async || {
        let (status, text) = get("video.m3u8".to_owned()).await;
        (status == 200).then(|| String::from_utf8(text.to_vec()).unwrap())
    })
    .await;
    let mut playlist = MediaPlaylist::parse(&first).unwrap();
    let before = cache.asked().len();
    for _ in 0..PARTS {
        let (msn, part) =
            playlist.growing.as_ref().map_or((playlist.next_msn(), 0), |open| (open.msn, open.parts.len()));
        let hint = playlist.hints[0].uri.clone();
        // Every viewer waits for the playlist, and for the part that is hinted at.
        let reloads = (0..VIEWERS).map(|_| get(format!("video.m3u8?_HLS_msn={msn}&_HLS_part={part}")));
        let media = (0..VIEWERS).map(|_| get(hint.clone()));
        let (reloads, media) =
            tokio::join!(futures_util::future::join_all(reloads), futures_util::future::join_all(media));
        assert!(reloads.iter().chain(&media).all(|(status, _)| *status == 200), "someone was refused");
        assert!(reloads.iter().all(|(_, text)| *text == reloads[0].1), "viewers were told different things");
        assert!(media.iter().all(|(_, bytes)| *bytes == media[0].1 && !bytes.is_empty()));
        playlist = MediaPlaylist::parse(std::str::from_utf8(&reloads[0].1).unwrap()).unwrap();
    }
    let asked = cache.asked().split_off(before);
    assert_eq!(asked.len(), 2 * VIEWERS * PARTS);
    let mut through: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, _) in asked.iter().filter(|(_, cached)| cached != "HIT") {
        *through.entry(path).or_default() += 1;
    }
    assert_eq!(through.len(), 2 * PARTS, "{through:#?}");
    assert!(through.values().all(|times| *times == 1), "{through:#?}");
}
