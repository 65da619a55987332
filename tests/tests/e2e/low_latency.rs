//! Low latency as a player meets it: playlists that are waited for, delta updates, parts that are asked for before they are there.

use std::{
    collections::BTreeMap,
    env,
    time::{Duration, Instant},
};

use harness::{
    Broadcast, LIMIT,
    encoder::{Encoder, small_pattern},
    eventually,
    glass::percentile,
    system,
};
use reqwest::Client;
use spillway_hls_checker::{Follower, MediaPlaylist, Violation, check_multivariant, check_presentation};
use spillway_protocol::api::StreamStatus;

/// A part comes every quarter of a second; a request that is held longer than this was forgotten.
const HELD: Duration = Duration::from_secs(3);

struct Player {
    http: Client,
    base: String,
}

impl Player {
    async fn of(stream: &Broadcast) -> Self {
        let base = stream.playback_url().await.replace("index.m3u8", "");
        Self { http: Client::builder().timeout(LIMIT).build().unwrap(), base }
    }

    async fn get(&self, path: &str) -> (u16, String, Duration) {
        let begun = Instant::now();
        let reply = self.http.get(format!("{}{path}", self.base)).send().await.unwrap();
        let status = reply.status().as_u16();
        let bytes = reply.bytes().await.unwrap();
        (status, String::from_utf8_lossy(&bytes).into_owned(), begun.elapsed())
    }

    async fn text(&self, path: &str) -> String {
        let (status, text, _) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        text
    }
}

/// The media sequence number that grows, and how many parts of it are there.
fn edge(playlist: &MediaPlaylist) -> (u64, usize) {
    let next = playlist.segments.last().map_or(0, |segment| segment.msn + 1);
    playlist.growing.as_ref().map_or((next, 0), |growing| (growing.msn, growing.parts.len()))
}

/// How long ago that was which the playlist's end shows.
fn behind(playlist: &MediaPlaylist) -> Duration {
    let growing = playlist.growing.as_ref().filter(|growing| !growing.parts.is_empty());
    let (date, length) = match growing {
        Some(growing) => (growing.opening.date, growing.parts.iter().map(|part| part.duration).sum()),
        None => playlist.segments.last().map_or((None, Duration::ZERO), |last| (last.opening.date, last.duration)),
    };
    date.and_then(|date| (date + length).elapsed().ok()).expect("it has dates, and none is to come")
}

fn musts(found: Vec<Violation>) -> Vec<Violation> {
    found.into_iter().filter(Violation::is_must).collect()
}

async fn live(pattern: xtask::run::Pattern) -> (Broadcast, Encoder, Player) {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let encoder = Encoder::pattern(system, &stream.key, pattern);
    stream.until_status(StreamStatus::Live).await;
    let player = Player::of(&stream).await;
    (stream, encoder, player)
}

#[tokio::test]
async fn the_strict_checker_finds_nothing_in_a_live_stream() {
    let seconds = env::var("CHECK_SECONDS").map_or(20, |text| text.parse().expect("CHECK_SECONDS is a number"));
    let (_stream, _encoder, player) = live(small_pattern()).await;
    let index = player.text("index.m3u8").await;
    let (_, found) = check_multivariant(&index);
    assert_eq!(musts(found), [], "{index}");
    let mut followers: BTreeMap<&str, Follower> = BTreeMap::new();
    let (mut reloads, mut holds) = (0, Vec::new());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) {
        let asks = ["video.m3u8", "audio.m3u8"].map(|name| {
            let known = followers.entry(name).or_default().playlist().map(edge);
            let query = known.map_or(String::new(), |(msn, part)| {
                // Every third reload is a whole playlist.
                let skip = if reloads % 3 == 0 { "" } else { "&_HLS_skip=YES" };
                format!("?_HLS_msn={msn}&_HLS_part={part}{skip}")
            });
            (name, format!("{name}{query}"))
        });
        for (name, path) in asks {
            let (status, text, held) = player.get(&path).await;
            assert_eq!(status, 200, "{path}: {text}");
            holds.push(held.as_secs_f64());
            let found = musts(followers.entry(name).or_default().reload(&text));
            assert_eq!(found, [], "{path} after {reloads} reloads:\n{text}");
        }
        if reloads % 20 == 0 {
            let mut playlists = BTreeMap::new();
            for name in ["video.m3u8", "audio.m3u8"] {
                playlists.insert(name.to_owned(), player.text(name).await);
            }
            assert_eq!(musts(check_presentation(&index, &playlists)), [], "{playlists:?}");
        }
        reloads += 1;
    }
    assert!(reloads >= seconds * 2, "only {reloads} reloads in {seconds} s");
    // A gap on a busy machine may take longer.
    let held = Duration::from_secs_f64(percentile(&holds, 0.95));
    assert!(held < HELD, "one in twenty reloads was held for {held:?}");
    println!("{reloads} reloads of each playlist in {seconds} s, most held for less than {held:?}: no MUST is broken");
}

#[tokio::test]
async fn what_is_hinted_at_is_answered_when_it_comes_and_is_then_listed() {
    let (_stream, _encoder, player) = live(small_pattern()).await;
    for _ in 0..6 {
        let playlist = MediaPlaylist::parse(&player.text("video.m3u8").await).unwrap();
        let hint = playlist.hints.first().expect("a live playlist hints at its next part").uri.clone();
        let (msn, part) = edge(&playlist);
        let reload = format!("video.m3u8?_HLS_msn={msn}&_HLS_part={part}");
        let (hinted, listed) = tokio::join!(player.get(&hint), player.text(&reload));
        assert_eq!((hinted.0, hinted.2 < HELD), (200, true), "{hint}: {}", hinted.1);
        assert!(listed.contains(&hint), "{hint} is not in {listed}");
    }
    let (status, ..) = player.get("1/video/999.0.m4s").await;
    assert_eq!(status, 404, "nothing is held that nobody hinted at");
}

#[tokio::test]
async fn five_hundred_wait_for_the_same_part() {
    let (_stream, _encoder, player) = live(small_pattern()).await;
    let playlist = MediaPlaylist::parse(&player.text("video.m3u8").await).unwrap();
    let (msn, part) = edge(&playlist);
    let path = format!("{}video.m3u8?_HLS_msn={msn}&_HLS_part={}", player.base, part + 1);
    let waiting = (0..500).map(|_| player.http.get(&path).send());
    for reply in futures_util::future::join_all(waiting).await {
        let reply = reply.unwrap();
        assert_eq!(reply.status(), 200);
        assert!(edge(&MediaPlaylist::parse(&reply.text().await.unwrap()).unwrap()) >= (msn, part + 1));
    }
}

#[tokio::test]
async fn a_delayed_picture_comes_later_and_chat_does_not() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let settings = serde_json::json!({ "settings": { "delaySeconds": 5 } });
    system.api().patch(&stream.path(""), settings).by(&stream.creator).send().await.value(200);
    let _encoder = Encoder::pattern(system, &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let (mut socket, _) = stream.enter(Some(&stream.creator)).await;
    let player = Player::of(&stream).await;
    eventually("the delayed picture is there", LIMIT * 2, async || {
        (player.get("video.m3u8").await.0 == 200).then_some(())
    })
    .await;
    for _ in 0..8 {
        let playlist = MediaPlaylist::parse(&player.text("video.m3u8").await).unwrap();
        let behind = behind(&playlist);
        assert!((Duration::from_millis(4_990)..Duration::from_secs(7)).contains(&behind), "{behind:?} behind");
        let (msn, part) = edge(&playlist);
        let (status, text, held) = player.get(&format!("video.m3u8?_HLS_msn={msn}&_HLS_part={part}")).await;
        assert_eq!((status, held < HELD), (200, true), "{text}");
    }
    let begun = Instant::now();
    let line = serde_json::json!({ "message": "at once" });
    system.api().post(&stream.path("/chat"), line).by(&stream.creator).send().await.value(201);
    socket.until_line("at once").await;
    assert!(begun.elapsed() < Duration::from_secs(2));
}
