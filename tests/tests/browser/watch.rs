//! Watching a live stream, alone and together.

use std::{fs, time::Duration};

use harness::{Broadcast, Person, browser::Browser, encoder::Encoder, system};
use serde_json::{Value, json};
use spillway_protocol::api::StreamStatus;
use xtask::{Workspace, run::Pattern};

use crate::studio::sign_in;

/// Waits until the picture moves, and gives its time.
async fn until_playing(browser: &Browser) {
    browser.until("the picture plays", "return document.querySelector('video')?.currentTime > 1").await;
}

/// The loudest sample of half a second of the player's decoded sound.
async fn loudness(browser: &Browser) -> f64 {
    let script = r"
        const done = arguments[arguments.length - 1];
        const video = document.querySelector('video');
        const audio = new AudioContext();
        const analyser = audio.createAnalyser();
        analyser.fftSize = 16384;
        audio.createMediaStreamSource(video.captureStream()).connect(analyser);
        const samples = new Float32Array(analyser.fftSize);
        let loudest = 0;
        const begun = performance.now();
        const listen = setInterval(() => {
            analyser.getFloatTimeDomainData(samples);
            for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
            if (loudest > 0.01 || performance.now() - begun > 10000) {
                clearInterval(listen);
                audio.close();
                done(loudest);
            }
        }, 100);";
    browser.run_async(script).await.as_f64().unwrap()
}

/// What the player shows now, small, as grey values.
async fn frame(browser: &Browser) -> Vec<Value> {
    let script = r"
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [64, 36];
        const context = canvas.getContext('2d');
        context.drawImage(document.querySelector('video'), 0, 0, 64, 36);
        return [...context.getImageData(0, 0, 64, 36).data].filter((_, i) => i % 4 === 1);";
    browser.run(script, vec![]).await.as_array().unwrap().clone()
}

async fn media_time(browser: &Browser) -> f64 {
    browser.run("return document.querySelector('video').currentTime", vec![]).await.as_f64().unwrap()
}

#[tokio::test]
async fn two_watch_hear_and_talk() {
    let system = system().await;
    let api = system.api();
    let creator = Person::register_as(&api, "northlight").await;
    let about = "A moving picture, a clock and a beep a second.";
    let made = creator.create_stream_with(json!({ "title": "Test pattern", "description": about })).await;
    let key = creator.start_stream(made.id).await.stream_key;
    let stream = Broadcast::of(&creator, made.id, key);
    let _encoder = Encoder::pattern(system, &stream.key, Pattern::default());
    stream.until_status(StreamStatus::Live).await;

    let (anna, ben) = (Person::register_as(&api, "anna").await, Person::register_as(&api, "ben").await);
    let (annas, bens) = tokio::join!(Browser::open(system, 1280, 800), Browser::open(system, 390, 844));
    annas.prefer("dark").await;
    bens.prefer("light").await;
    for (browser, person) in [(&annas, &anna), (&bens, &ben)] {
        sign_in(browser, person).await;
        browser.go(&format!("/watch/{}", stream.id)).await;
    }
    for browser in [&annas, &bens] {
        until_playing(browser).await;
        browser.until_text("viewer-count", |text| text == "2").await;
    }

    let (before, at) = (frame(&annas).await, media_time(&annas).await);
    annas.picture("watch-clock-1").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (after, later) = (frame(&annas).await, media_time(&annas).await);
    annas.picture("watch-clock-2").await;
    assert!((later - at - 3.0).abs() < 1.5, "3 s of time showed {} s of media", later - at);
    let moved = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    assert!(moved > 100, "only {moved} points of the picture moved");
    assert!(loudness(&annas).await > 0.01, "there is no sound");

    annas.fill("chat-input", "Hello Ben, can you hear it?").await;
    annas.click("chat-send").await;
    bens.until_texts("chat-line", |lines| lines.iter().any(|line| line.contains("Hello Ben"))).await;
    bens.fill("chat-input", "Every second. Hello Anna, what a picture! 🎉").await;
    bens.click("chat-send").await;
    annas.until_texts("chat-line", |lines| lines.iter().any(|line| line.contains("what a picture!"))).await;

    assert!(fits(&bens).await, "nothing sticks out at 390 pixels");
    bens.picture("watch-phone-light").await;
    let picture = annas.picture("watch-desktop-dark").await;
    // What README.md shows.
    if std::env::var_os("UPDATE_SCREENSHOT").is_some() {
        fs::copy(picture, Workspace::this().path("edge/web/screenshot.png")).unwrap();
    }
    for browser in [annas, bens] {
        assert_eq!(browser.console().await, Vec::<String>::new());
        browser.close().await;
    }
}

async fn fits(browser: &Browser) -> bool {
    let script = "return document.documentElement.scrollWidth <= innerWidth";
    browser.run(script, vec![]).await == json!(true)
}

#[tokio::test]
async fn someone_unknown_watches_and_reads() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let _encoder = Encoder::pattern(system, &stream.key, harness::encoder::small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let browser = Browser::open(system, 1280, 800).await;
    browser.go("/").await;
    browser.find("stream-card").await;
    browser.go(&format!("/watch/{}", stream.id)).await;
    until_playing(&browser).await;
    browser.find("chat-sign-in").await;
    assert!(!browser.has("chat-input").await);
    let line = json!({ "message": "<b>Hello</b>" });
    system.api().post(&stream.path("/chat"), line).by(&stream.creator).send().await.value(201);
    browser.until_texts("chat-line", |lines| lines.iter().any(|line| line.contains("<b>Hello</b>"))).await;
    browser.close().await;
}

#[tokio::test]
async fn the_page_turns_live_and_ends_by_itself() {
    let system = system().await;
    let stream = Broadcast::create(&system.api()).await;
    let browser = Browser::open(system, 1280, 800).await;
    browser.go(&format!("/watch/{}", stream.id)).await;
    browser.find("stage").await;
    let _encoder = Encoder::pattern(system, &stream.key, harness::encoder::small_pattern());
    until_playing(&browser).await;
    stream.creator.stream_call(stream.id, "end").send().await.value(200);
    browser.find("stage").await;
    browser.close().await;
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_said_not_to_be() {
    let browser = Browser::open(system().await, 1280, 800).await;
    browser.go("/watch/stream_01arz3ndektsv4rrffq69g5fav").await;
    browser.until("the page says so", "return /not (here|there|found)/i.test(document.body.innerText)").await;
    browser.close().await;
}
