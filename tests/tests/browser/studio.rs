//! A creator's way: make a stream, start, go live, end.

use harness::{
    PASSWORD, Person,
    browser::Browser,
    encoder::{Encoder, small_pattern},
    system,
};

/// Signs someone in.
pub(crate) async fn sign_in(browser: &Browser, person: &Person) {
    browser.go("/login").await;
    browser.fill("login-email", &person.me.email).await;
    browser.fill("login-password", PASSWORD).await;
    browser.click("login-submit").await;
    // A phone has no room for the name.
    assert!(browser.hidden_text("username").await.contains(&person.me.username));
}

#[tokio::test]
async fn the_studio_turns_live_by_itself() {
    let system = system().await;
    let creator = Person::register(&system.api()).await;
    let browser = Browser::open(system, 1280, 800).await;
    sign_in(&browser, &creator).await;
    browser.click("studio-link").await;
    browser.fill("title-input", "Evening stream").await;
    browser.click("create-stream").await;
    browser.click("start-stream").await;
    let url = format!("rtmp://127.0.0.1:{}/live", system.rtmp_port());
    browser.until_text("url", |text| text == url).await;
    browser.until_text("stream-key", |text| text.chars().all(|c| c == '•')).await;
    browser.click("reveal-key").await;
    let key = browser.until_text("stream-key", |text| text.starts_with("live_")).await;
    browser.find("waiting").await;
    browser.picture("studio-waiting").await;

    let mut encoder = Encoder::pattern(system, &key, small_pattern());
    browser.find("health").await;
    browser.until("the preview plays", "return document.querySelector('video')?.currentTime > 0.5").await;
    browser.picture("studio-live").await;

    browser.click("end-stream").await;
    browser.click("confirm-yes").await;
    encoder.until_ended().await;
    browser.until("the stream is over", "return document.body.innerText.includes('How it went')").await;
    assert_eq!(browser.console().await, Vec::<String>::new());
    browser.close().await;
}
