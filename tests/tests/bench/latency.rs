//! Glass to glass through the whole edge path, on the watch page, with an R2 as near as this machine and with one as far as a real one.

use std::{env, time::Duration};

use harness::{
    Broadcast,
    browser::Browser,
    encoder::Encoder,
    faults::{Fault, Rule, Seed, Setup},
    glass::{self, Seen, percentile},
};
use serde_json::json;
use spillway_protocol::api::StreamStatus;

const SIZE: (u32, u32) = (1280, 720);
const RATE: u32 = 30;
const KILOBITS: u32 = 2_500;
/// What comes before is start-up.
const WARM: Duration = Duration::from_secs(20);

/// Delays of PUTs, drawn evenly: the middles of twenty equal shares of a log-normal distribution with this median and 99th percentile.
fn slow(median_ms: f64, p99_ms: f64) -> Vec<Rule> {
    const Z: [f64; 10] = [0.063, 0.189, 0.319, 0.454, 0.598, 0.755, 0.935, 1.150, 1.440, 1.960];
    let spread = (p99_ms / median_ms).ln() / 2.326;
    let delays = Z.iter().map(|z| -z).chain(Z).map(|z| median_ms * (spread * z).exp());
    let mut rules = vec![Rule::all(Fault::Delay(Duration::from_secs_f64(p99_ms / 1_000.0))).method("PUT").share(0.01)];
    let rest = (1..=20_u32).rev();
    rules.extend(delays.zip(rest).map(|(ms, left)| {
        Rule::all(Fault::Delay(Duration::from_secs_f64(ms / 1_000.0))).method("PUT").share(1.0 / f64::from(left))
    }));
    rules
}

async fn measure(name: &str, rules: Vec<Rule>) -> Seen {
    let seconds: u64 = env::var("BENCH_SECONDS").map_or(180, |text| text.parse().expect("BENCH_SECONDS is a number"));
    let setup = Setup::start(name, Seed::of_this_run()).await;
    setup.r2.set(rules);
    // It lives as long as the run.
    let setup: &'static Setup = Box::leak(Box::new(setup));
    let stream = Broadcast::create(&setup.system.api()).await;
    let _encoder = Encoder::timed(&setup.system, setup.rtmp_port(), &stream.key, SIZE, RATE, KILOBITS);
    stream.until_status(StreamStatus::Live).await;
    let browser = Browser::open(&setup.system, 1280, 800).await;
    browser.go(&format!("/watch/{}", stream.id)).await;
    browser.until("the picture plays", "return document.querySelector('video')?.currentTime > 1").await;
    tokio::time::sleep(WARM).await;
    glass::watch(&browser, SIZE.1).await;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let seen = glass::seen(&browser).await;
    browser.picture(name).await;
    let (playlists, media): (Vec<_>, Vec<_>) = seen.requests.iter().partition(|(path, _)| path.contains(".m3u8"));
    let twice = media.iter().filter(|(_, count)| **count > 1).count();
    let figures = json!({
        "name": name,
        "seconds": seconds,
        "frames": seen.latencies.len(),
        "p50Ms": percentile(&seen.latencies, 0.5),
        "p90Ms": percentile(&seen.latencies, 0.9),
        "p99Ms": percentile(&seen.latencies, 0.99),
        "behindPlaylistP50Ms": percentile(&seen.behind, 0.5),
        "bufferedP50Ms": percentile(&seen.buffered, 0.5),
        "bufferedP1Ms": percentile(&seen.buffered, 0.01),
        "stalls": seen.stalls,
        "longestGapMs": seen.longest_gap,
        "playlistRequests": playlists.iter().map(|(_, count)| **count).sum::<u32>(),
        "mediaRequests": media.len(),
        "mediaAskedForTwice": twice,
        "heights": seen.heights,
    });
    crate::write_down(&figures);
    browser.close().await;
    seen
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measured, not tested: cargo xtask bench live"]
async fn glass_to_glass_with_r2_at_hand() {
    measure("glass-to-glass", Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measured, not tested: cargo xtask bench live"]
async fn glass_to_glass_with_r2_far_away() {
    measure("glass-to-glass-slow-r2", slow(120.0, 400.0)).await;
}
