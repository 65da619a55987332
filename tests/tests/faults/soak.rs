//! An hour of an ordinary stream: memory stays where it is, and nobody complains. `cargo xtask soak` runs it.

use std::{
    collections::BTreeMap,
    env, fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use harness::{
    Broadcast,
    encoder::small_pattern,
    faults::{Seed, Setup, chat::Client, playlist::Listing, resident_bytes},
};
use reqwest::Client as Http;
use spillway_protocol::api::StreamStatus;

/// Viewers with a player, and viewers with a socket.
const VIEWERS: usize = 200;
/// How often memory is looked at.
const SAMPLE: Duration = Duration::from_secs(10);
/// How often a socket leaves and another one comes.
const CHURN: Duration = Duration::from_millis(500);
/// What comes before is start-up.
const WARM: Duration = Duration::from_mins(10);

/// What all players together saw.
#[derive(Default)]
struct Served {
    answers: AtomicU64,
    failures: AtomicU64,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "as long as it is told: cargo xtask soak --minutes 60"]
async fn memory_stays_flat_and_nobody_complains() {
    let minutes: u64 = env::var("SOAK_MINUTES").map_or(60, |text| text.parse().expect("SOAK_MINUTES is a number"));
    let setup = Setup::start("soak", Seed::of_this_run()).await;
    let stream = Broadcast::create(&setup.system.api()).await;
    let _encoder = setup.encoder(&stream, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let base = stream.playback_url().await.replace("index.m3u8", "");
    let served = Arc::new(Served::default());
    let mut players = tokio::task::JoinSet::new();
    for n in 0..VIEWERS {
        // All of the picture for everyone is more than one machine can carry under wrangler.
        let rendition = if n % 20 == 0 { "video" } else { "audio" };
        players.spawn(play(base.clone(), rendition, served.clone()));
    }
    let mut sockets: Vec<Client> = (0..VIEWERS).map(|n| Client::reader(&stream, n % 2 == 0)).collect();

    let begun = Instant::now();
    let mut samples: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    let (mut looked, mut churned) = (begun, 0);
    while begun.elapsed() < Duration::from_secs(minutes * 60) {
        tokio::time::sleep(CHURN).await;
        sockets[churned % VIEWERS] = Client::reader(&stream, churned % 2 == 0);
        churned += 1;
        if looked.elapsed() >= SAMPLE {
            looked = Instant::now();
            sample(&setup, begun, &served, &mut samples);
        }
    }

    let warm = WARM.min(begun.elapsed() / 2);
    for (name, samples) in &samples {
        let settled: Vec<_> = samples.iter().copied().filter(|(at, _)| *at >= warm.as_secs_f64()).collect();
        println!("{name}: {:+.2} MiB a minute after the first {} s", slope(&settled) * 60.0, warm.as_secs());
    }
    let wrong: Vec<_> = sockets.iter().flat_map(|socket| socket.log().wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(served.failures.load(Ordering::Relaxed), 0, "players were refused");
    let complaints = complaints(&setup);
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// A light player: the playlist every 2 s, and the newest segment once.
async fn play(base: String, rendition: &'static str, served: Arc<Served>) {
    let http = Http::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let mut last = None;
    // Not all in the same second.
    tokio::time::sleep(Duration::from_millis(fastrand::u64(..20_000))).await;
    loop {
        let playlist = get(&http, &format!("{base}{rendition}.m3u8"), &served).await;
        let text = playlist.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let newest = Listing::parse(&text).ok().and_then(|listing| listing.segments.into_iter().next_back());
        if let Some(segment) = newest.filter(|segment| last.is_none_or(|last| segment.sequence > last)) {
            last = Some(segment.sequence);
            if !segment.gap {
                get(&http, &format!("{base}{}", segment.uri), &served).await;
            }
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn get(http: &Http, url: &str, served: &Served) -> Option<Vec<u8>> {
    let answer = async { http.get(url).send().await?.error_for_status()?.bytes().await };
    match answer.await {
        Ok(bytes) => {
            served.answers.fetch_add(1, Ordering::Relaxed);
            Some(bytes.to_vec())
        }
        Err(error) => {
            println!("{error:?}");
            served.failures.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

/// Notes how much memory each process has, in MiB, and says so.
fn sample(setup: &Setup, begun: Instant, served: &Served, samples: &mut BTreeMap<String, Vec<(f64, f64)>>) {
    let at = begun.elapsed().as_secs_f64();
    print!("{at:>6.0} s  {} answers", served.answers.load(Ordering::Relaxed));
    for (name, pid) in setup.processes() {
        #[expect(clippy::cast_precision_loss, reason = "to be read")]
        let memory = resident_bytes(pid).unwrap_or(0) as f64 / 1_048_576.0;
        print!("  {name} {pid}: {memory:.1} MiB");
        samples.entry(format!("{name} {pid}")).or_default().push((at, memory));
    }
    println!();
}

/// The least-squares slope.
fn slope(points: &[(f64, f64)]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let (above, below) = points.iter().fold((0.0, 0.0), |(above, below), point| {
        (above + (point.0 - x) * (point.1 - y), below + (point.0 - x).powi(2))
    });
    if below > 0.0 { above / below } else { 0.0 }
}

/// What wrangler says at its start: that the local S3 credentials are an experiment of its own.
const WRANGLER_OF_ITSELF: &str = "Processing wrangler.toml configuration";

/// What the logs of edge and origin say that is no ordinary news.
fn complaints(setup: &Setup) -> Vec<String> {
    let logs = [setup.system.edge.process.log(), setup.origin().process.log()];
    let texts = logs.into_iter().map(|log| fs::read_to_string(log).unwrap_or_default());
    let lines: Vec<String> = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let bad = |line: &String| {
        !line.contains(WRANGLER_OF_ITSELF)
            && ["ERROR", "WARN", "rror:", "panicked", " 500 ", " 503 "].iter().any(|word| line.contains(word))
    };
    lines.into_iter().filter(bad).collect()
}
