//! A picture that fits the line: as the viewer says. What the line says is measured in the bench.

use harness::{Broadcast, System, browser::Browser, encoder::Encoder, eventually, system};
use spillway_protocol::api::StreamStatus;

/// What the source has, and the lines of the rung below it: small, so that a machine that does all of it at once makes it in time.
const SIZE: (u32, u32) = (854, 480);
const RUNG: u32 = 360;
const RATE: u32 = 10;
const KILOBITS: u32 = 1_800;

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

#[tokio::test]
async fn a_viewer_chooses_a_quality() {
    let system = system().await;
    let (_stream, _encoder, browser) = watched(system).await;
    browser.click("quality").await;
    let choose = |text: &str| {
        format!(
            "const item = [...document.querySelector('media-rendition-menu').shadowRoot\
             .querySelectorAll('media-chrome-menu-item')].find((item) => item.textContent.includes('{text}')); \
             item?.click(); return item !== undefined"
        )
    };
    browser.picture("quality-menu").await;
    browser.until("360p is offered", &choose("360p")).await;
    until_height(&browser, RUNG).await;
    browser.click("quality").await;
    browser.until("480p is offered", &choose("480p")).await;
    until_height(&browser, SIZE.1).await;
    assert_eq!(browser.console().await, Vec::<String>::new());
    browser.close().await;
}
