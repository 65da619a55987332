//! What a viewer costs: the operations that are billed, counted, at their published prices.

mod bill;
mod prices;

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use harness::{
    Broadcast, System,
    browser::Browser,
    encoder::{Encoder, small_pattern},
    eventually,
    faults::children,
    peers::{Production, Store, Usage},
};
use reqwest::Client;
use serde_json::{Value, json};
use spillway_hls_checker::MediaPlaylist;
use spillway_protocol::api::StreamStatus;

use self::bill::Counted;
use crate::delivery::next;

const WATCHED: Duration = Duration::from_mins(1);
/// What comes before is start-up.
const WARM: Duration = Duration::from_secs(15);
/// Requests by which the Worker's time is measured.
const BURST: u32 = 1_000;

/// Requests that the Worker got, by what they were for.
type Kinds = BTreeMap<&'static str, u32>;

/// What `wrangler` says of requests: all that reach the Worker or its files.
struct Log<'a>(&'a System, usize);

impl<'a> Log<'a> {
    fn from_now_on(system: &'a System) -> Self {
        Self(system, Self::text(system).len())
    }

    fn text(system: &System) -> String {
        fs::read_to_string(system.edge.process.log()).unwrap()
    }

    fn kinds(&self) -> Kinds {
        let text = Self::text(self.0);
        let lines = text[self.1..].lines().filter_map(|line| line.strip_prefix("[wrangler:info] "));
        let mut kinds = Kinds::new();
        for path in lines.filter_map(|line| line.split(' ').nth(1)) {
            *kinds.entry(kind(path)).or_default() += 1;
        }
        kinds
    }
}

fn kind(path: &str) -> &'static str {
    let file = path.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let pieces: Vec<&str> = file.split('.').collect();
    match (path.split('/').nth(1).unwrap_or_default(), pieces.as_slice()) {
        ("play", [_, "m3u8"]) => "playlists",
        ("play", [_, _, "m4s"]) => "parts",
        ("play", [_, "m4s"]) => "segments",
        ("play", _) => "inits",
        ("room", _) => "sockets",
        ("api", _) => "api",
        ("origin", _) => "origin",
        ("cdn-cgi", _) => "bucket",
        ("watch", _) => "page",
        _ => "files",
    }
}

/// Those that a viewer's player makes for media.
fn media(kinds: &Kinds) -> u32 {
    ["parts", "segments", "inits"].iter().filter_map(|kind| kinds.get(kind)).sum()
}

/// A player that has no socket: it is held for each playlist, and asks for each part once it is listed.
async fn blocking(base: &str, rendition: &str, until: Instant) {
    let http = Client::new();
    let get = async |path: String| http.get(format!("{base}{path}")).send().await.unwrap().text().await;
    let mut text = get(format!("{rendition}.m3u8")).await.unwrap();
    while Instant::now() < until {
        let (msn, part) = next(&MediaPlaylist::parse(&text).unwrap());
        text = get(format!("{rendition}.m3u8?_HLS_msn={msn}&_HLS_part={part}")).await.unwrap();
        let listed = MediaPlaylist::parse(&text).unwrap();
        let growing = listed.growing.as_ref().filter(|growing| !growing.parts.is_empty()).map(|growing| &growing.parts);
        let parts = growing.or(listed.segments.last().map(|last| &last.parts));
        if let Some(part) = parts.and_then(|parts| parts.last()) {
            // Bytes, not text.
            http.get(format!("{base}{}", part.uri)).send().await.unwrap().bytes().await.unwrap();
        }
    }
}

/// Milliseconds of workerd for a request that its cache answers: the Worker's own, and what `wrangler` has around it.
async fn worker_ms(system: &System, base: &str) -> f64 {
    let cpu = || -> Duration {
        children(system.edge.process.id(), "workerd").into_iter().map(|pid| Usage::of(pid).cpu).sum()
    };
    let http = Client::new();
    let playlist = http.get(format!("{base}video.m3u8")).send().await.unwrap().text().await.unwrap();
    let url = format!("{base}{}", MediaPlaylist::parse(&playlist).unwrap().segments.last().unwrap().uri);
    let before = cpu();
    for _ in 0..BURST {
        http.get(&url).send().await.unwrap().bytes().await.unwrap();
    }
    cpu().saturating_sub(before).as_secs_f64() * 1_000.0 / f64::from(BURST)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measured, not tested: cargo xtask bench live"]
async fn what_a_thousand_viewers_cost() {
    // It lives as long as the run: the browser's driver does.
    let system: &'static System = Box::leak(Box::new(System::own("cost")));
    let store = Store::before(&system.edge.bucket().endpoint).await;
    let origin = Production::start(system, system.scratch.path(), &store);
    let stream = Broadcast::create(&system.api()).await;
    let encoder = Encoder::pattern_to(system, origin.rtmp_port(), &stream.key, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let base = stream.playback_url().await.replace("index.m3u8", "");
    let browser = Browser::open(system, 1280, 800).await;
    let starting = Log::from_now_on(system);
    browser.go(&format!("/watch/{}", stream.id)).await;
    browser.until("the picture plays", "return document.querySelector('video')?.currentTime > 1").await;
    let started = starting.kinds();
    tokio::time::sleep(WARM).await;
    let counts = async || (origin.counts("put_seconds_count").await, origin.counts("reports_total").await);
    let (log, before, began) = (Log::from_now_on(system), counts().await, Instant::now());
    tokio::time::sleep(WATCHED).await;
    let (pushed, after, seconds) = (log.kinds(), counts().await, began.elapsed().as_secs_f64());
    browser.close().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (log, until) = (Log::from_now_on(system), Instant::now() + WATCHED);
    tokio::join!(blocking(&base, "video", until), blocking(&base, "audio", until));
    let blocked = log.kinds();
    drop(encoder);
    eventually("the encoder is gone", Duration::from_secs(20), async || {
        (origin.counts("streams").await < 1.0).then_some(())
    })
    .await;
    let cpu_ms = worker_ms(system, &base).await;
    let start: u32 = ["page", "api", "sockets"].iter().filter_map(|kind| started.get(kind)).sum();
    for (name, kinds, socket) in [("pushed", pushed, true), ("blocking", blocked, false)] {
        let a_second = |count: u32| f64::from(count) / seconds;
        let counted = Counted {
            media: a_second(media(&kinds)),
            playlists: a_second(kinds.get("playlists").copied().unwrap_or_default()),
            start: f64::from(start),
            puts: (after.0 - before.0) / seconds,
            reports: (after.1 - before.1) / seconds,
            cpu_ms,
            socket,
        };
        write_down(name, &kinds, &started, &counted);
    }
}

fn write_down(name: &str, kinds: &Kinds, started: &Kinds, counted: &Counted) {
    let elsewhere: Value = prices::ELSEWHERE.iter().map(|(who, dollars)| ((*who).to_owned(), json!(dollars))).collect();
    crate::write_down(&json!({
        "name": "cost",
        "playlists": name,
        "seconds": WATCHED.as_secs(),
        "requests": kinds,
        "startingRequests": started,
        "mediaRequestsAViewerHour": (counted.media * 3_600.0).round(),
        "playlistRequestsAViewerHour": (counted.playlists * 3_600.0).round(),
        "putsASecond": counted.puts,
        "reportsASecond": counted.reports,
        "workerMsARequestAtMost": counted.cpu_ms,
        "bill": counted.bill(),
        "elsewhereDollars": elsewhere,
    }));
}
