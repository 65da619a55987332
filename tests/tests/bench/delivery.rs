//! How long a part takes from R2's acknowledgement to players that follow the same stream in three ways: one asks every now and then,
//! one asks and is held, one is told.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use harness::{
    Broadcast, Event, System,
    encoder::{Encoder, small_pattern},
    eventually,
    glass::percentile,
    peers::{Production, Store},
};
use reqwest::Client;
use serde_json::{Value, json};
use spillway_hls_checker::MediaPlaylist;
use spillway_protocol::{
    api::StreamStatus,
    room::{PlaylistNews, ServerEvent},
};

const WATCHED: Duration = Duration::from_mins(1);
/// What comes before is start-up, and what comes after may not have reached everyone.
const MARGIN: Duration = Duration::from_secs(4);
const RENDITION: &str = "video";
/// How often a socket says that it is there.
const SPEAKING: Duration = Duration::from_secs(8);

/// When a player first learned of each part, by its URI.
#[derive(Default)]
struct Learned(HashMap<String, Instant>);

impl Learned {
    fn read(&mut self, playlist: &str) {
        let now = Instant::now();
        for line in playlist.lines().filter(|line| line.starts_with("#EXT-X-PART:")) {
            let uri = line.split_once("URI=\"").and_then(|(_, rest)| rest.split('"').next()).expect("a part has a URI");
            self.0.entry(uri.to_owned()).or_insert(now);
        }
    }
}

/// A stream, and until when it is watched.
#[derive(Clone)]
struct Watched {
    stream: Broadcast,
    base: String,
    until: Instant,
}

impl Watched {
    async fn get(&self, http: &Client, query: &str) -> String {
        let reply = http.get(format!("{}{RENDITION}.m3u8{query}", self.base)).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{query}");
        reply.text().await.unwrap()
    }

    /// Asks every half of a target duration, which is as often as a player may that finds nothing new (RFC 8216bis, 6.3.4).
    async fn polled(self) -> Learned {
        let (http, mut learned) = (Client::new(), Learned::default());
        while Instant::now() < self.until {
            let asked = Instant::now();
            let text = self.get(&http, "").await;
            learned.read(&text);
            let target = MediaPlaylist::parse(&text).unwrap().target_duration;
            tokio::time::sleep_until((asked + target / 2).into()).await;
        }
        learned
    }

    /// Asks for the part after the last, and is held until it is there.
    async fn blocking(self) -> Learned {
        let (http, mut learned) = (Client::new(), Learned::default());
        let mut text = self.get(&http, "").await;
        while Instant::now() < self.until {
            let (msn, part) = next(&MediaPlaylist::parse(&text).unwrap());
            text = self.get(&http, &format!("?_HLS_msn={msn}&_HLS_part={part}")).await;
            learned.read(&text);
        }
        learned
    }

    /// Asks the room once, and is told what changes.
    async fn pushed(self) -> Learned {
        let (mut learned, mut lines) = (Learned::default(), Vec::new());
        let (mut socket, _) = self.stream.enter(None).await;
        socket.send("WATCH_PLAYLISTS", json!({ "renditions": [RENDITION] })).await;
        let mut said = Instant::now();
        while Instant::now() < self.until {
            if said.elapsed() > SPEAKING {
                socket.send_text("ping").await;
                said = Instant::now();
            }
            match socket.next_within(SPEAKING).await {
                Some(Event::Frame(frame, _)) => {
                    let ServerEvent::PlaylistUpdate { playlists } = frame.event else { continue };
                    for news in playlists {
                        apply(&mut lines, news);
                    }
                    learned.read(&lines.join("\n"));
                }
                Some(Event::Closed(code)) => panic!("closed with {code}"),
                Some(Event::Pong) | None => {}
            }
        }
        learned
    }
}

/// The place of the part after the last.
pub(crate) fn next(playlist: &MediaPlaylist) -> (u64, usize) {
    playlist.growing.as_ref().map_or((playlist.next_msn(), 0), |growing| (growing.msn, growing.parts.len()))
}

fn apply(lines: &mut Vec<String>, news: PlaylistNews) {
    if let Some(text) = news.text {
        *lines = text.lines().map(str::to_owned).collect();
    }
    // From the last to the first, so that none moves another.
    for edit in news.edits.into_iter().rev() {
        lines.splice(edit.at..edit.at + edit.remove, edit.insert);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measured, not tested: cargo xtask bench live"]
async fn parts_on_their_way_to_players() {
    let system = System::own("delivery");
    let store = Store::before(&system.edge.bucket().endpoint).await;
    let origin = Production::start(&system, system.scratch.path(), &store);
    let stream = Broadcast::create(&system.api()).await;
    let _encoder = Encoder::pattern_to(&system, origin.rtmp_port(), &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let base = stream.playback_url().await.replace("index.m3u8", "");
    eventually("parts are listed", MARGIN * 4, async || {
        stream.picture_playlist().await.filter(|text| text.contains("#EXT-X-PART:")).map(drop)
    })
    .await;
    let began = Instant::now();
    let watched = Watched { stream: stream.clone(), base, until: began + MARGIN + WATCHED + MARGIN };
    let players = [
        ("polled", tokio::spawn(watched.clone().polled())),
        ("blocking", tokio::spawn(watched.clone().blocking())),
        ("pushed", tokio::spawn(watched.pushed())),
    ];
    let mut learned = Vec::new();
    for (name, player) in players {
        learned.push((name, player.await.unwrap()));
    }
    let window = began + MARGIN..began + MARGIN + WATCHED;
    let parts = acknowledged(&store, &stream);
    let parts: Arc<[_]> = parts.into_iter().filter(|(_, at)| window.contains(at)).collect();
    let players: Value = learned.iter().map(|(name, learned)| ((*name).to_owned(), figures(&parts, learned))).collect();
    crate::write_down(&json!({
        "name": "part-to-player",
        "seconds": WATCHED.as_secs(),
        "parts": parts.len(),
        "players": players,
    }));
    assert!(parts.len() > 60, "only {} parts in {WATCHED:?}", parts.len());
}

/// When each part of the picture was acknowledged, by its URI in the playlist.
fn acknowledged(store: &Store, stream: &Broadcast) -> Vec<(String, Instant)> {
    let below = format!("/parts/{}/", stream.id);
    let uri = |path: &str| path.split_once(&below).map(|(_, uri)| uri.to_owned());
    let parts = store.acknowledged().into_iter().filter_map(|(path, at)| Some((uri(&path)?, at)));
    parts.filter(|(uri, _)| uri.contains(&format!("/{RENDITION}/"))).collect()
}

fn figures(parts: &[(String, Instant)], learned: &Learned) -> Value {
    let after = |(uri, at): &(String, Instant)| Some(learned.0.get(uri)?.duration_since(*at).as_secs_f64() * 1_000.0);
    let delays: Vec<f64> = parts.iter().filter_map(after).collect();
    json!({
        "p50Ms": percentile(&delays, 0.5),
        "p90Ms": percentile(&delays, 0.9),
        "p99Ms": percentile(&delays, 0.99),
        "missed": parts.len() - delays.len(),
    })
}
