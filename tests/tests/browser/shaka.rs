//! Another player's page: Shaka plays what we stream, at low latency.

use harness::{Broadcast, browser::Browser, encoder::Encoder, page::Page, system};
use spillway_protocol::api::StreamStatus;

#[tokio::test]
async fn shaka_plays_at_low_latency() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let _encoder = Encoder::pattern(system, &stream.key, harness::encoder::small_pattern());
    stream.until_status(StreamStatus::Live).await;
    // Shaka looks for captions in a segment from the middle of the list, and fails where that is the one that still grows.
    stream.until_listed("1/video/4.m4s").await;
    let url = stream.playback_url().await;
    let html = format!(
        r#"<!doctype html><video muted autoplay playsinline></video><script src="script.js"></script><script>
            window.errors = [];
            window.onerror = (message) => errors.push(message);
            shaka.polyfill.installAll();
            const video = document.querySelector("video");
            const player = new shaka.Player();
            window.player = player;
            player.addEventListener("error", (event) => errors.push(event.detail.code));
            player.attach(video).then(() => {{
                player.configure({{ streaming: {{ lowLatencyMode: true }} }});
                return player.load("{url}");
            }}).catch((error) => errors.push(error.code ?? String(error)));
        </script>"#
    );
    let page = Page::serve(html, "shaka-player/dist/shaka-player.compiled.js").await;
    let browser = Browser::open(system, 800, 600).await;
    browser.go_elsewhere(&page.url()).await;
    let begun = "return errors.length > 0 || document.querySelector('video').currentTime > 0";
    browser.until("Shaka begins, or says why not", begun).await;
    assert_eq!(browser.run("return errors", vec![]).await, serde_json::json!([]), "Shaka complains");
    browser
        .until("Shaka has played for eight seconds", "const v = document.querySelector('video'); return (window.since ??= v.currentTime || undefined) > 0 && v.currentTime - window.since > 8")
        .await;
    let errors = browser.run("return errors", vec![]).await;
    assert_eq!(errors, serde_json::json!([]), "Shaka complains");
    let behind =
        browser.run("return player.seekRange().end - document.querySelector('video').currentTime", vec![]).await;
    assert!(behind.as_f64().is_some_and(|behind| behind < 6.0), "Shaka is {behind} s behind");
    browser.close().await;
}
