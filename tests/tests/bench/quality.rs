//! A picture that fits the line: down the ladder and up again by itself. Measured alone: a machine that does other things as well gives
//! up the rungs.

use std::time::Duration;

use harness::{Broadcast, System, browser::Browser, encoder::Encoder, eventually, glass};
use serde_json::json;
use spillway_protocol::api::StreamStatus;

/// What the source has, and the lines of the rung below it: small, so that a machine that does all of it at once makes it in time.
const SIZE: (u32, u32) = (854, 480);
const RUNG: u32 = 360;
const RATE: u32 = 25;
const KILOBITS: u32 = 1_800;
/// Enough for the rung, and too little for the source.
const NARROW_KILOBITS: u32 = 1_700;
/// How long a picture is looked at before it counts as steady.
const STEADY: Duration = Duration::from_secs(6);

/// A stream with rungs below it, in a browser that plays its source.
async fn watched(system: &'static System) -> (Broadcast, Encoder, Browser) {
    let stream = Broadcast::create(&system.api()).await;
    let encoder = Encoder::timed(system, system.rtmp_port(), &stream.key, SIZE, RATE, KILOBITS);
    stream.until_status(StreamStatus::Live).await;
    let base = stream.playback_url().await;
    eventually("the rung is offered", harness::LIMIT, async || {
        let index = reqwest::get(&base).await.unwrap().text().await.unwrap();
        index.contains(&format!("{RUNG}p.m3u8")).then_some(())
    })
    .await;
    let browser = Browser::open(system, 1280, 800).await;
    browser.go(&format!("/watch/{}", stream.id)).await;
    until_height(&browser, SIZE.1).await;
    (stream, encoder, browser)
}

async fn until_height(browser: &Browser, lines: u32) {
    let script = format!(
        "const v = document.querySelector('video'); \
         return v !== null && v.currentTime > 1 && v.videoHeight === {lines}"
    );
    browser.until(&format!("the picture has {lines} lines"), &script).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measured, not tested: cargo xtask bench live"]
async fn a_narrow_line_gets_a_smaller_picture_and_a_wide_one_the_whole() {
    let system: &'static System = Box::leak(Box::new(System::own("quality")));
    let (_stream, _encoder, browser) = watched(system).await;
    // What the player keeps ahead of what it shows has grown by now.
    tokio::time::sleep(STEADY).await;
    glass::watch(&browser, SIZE.1).await;
    browser.line(Some(NARROW_KILOBITS)).await;
    until_height(&browser, RUNG).await;
    tokio::time::sleep(STEADY).await;
    browser.picture("quality-narrow").await;
    browser.line(None).await;
    until_height(&browser, SIZE.1).await;
    tokio::time::sleep(STEADY).await;
    let seen = glass::seen(&browser).await;
    crate::write_down(&json!({ "name": "narrow-line", "stalls": seen.stalls, "heights": seen.heights }));
    assert_eq!(seen.stalls, 0, "the picture waited for media: {:?}", seen.heights);
    assert_eq!((seen.heights.first(), seen.heights.last()), (Some(&SIZE.1), Some(&SIZE.1)));
    assert_eq!(browser.console().await, Vec::<String>::new());
    browser.close().await;
}
