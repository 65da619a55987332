//! Signing up, in and out.

use harness::{PASSWORD, browser::Browser, system, unique_name};

#[tokio::test]
async fn one_signs_up_out_and_in_again() {
    let browser = Browser::open(system().await, 1280, 800).await;
    let name = unique_name();
    browser.go("/").await;
    browser.click("register-link").await;
    browser.fill("register-username", "x").await;
    browser.fill("register-email", "nowhere").await;
    browser.fill("register-password", "short").await;
    browser.click("register-submit").await;
    browser
        .until("every field says what is wrong", "return document.querySelectorAll('[aria-invalid=true]').length === 3")
        .await;
    browser.fill("register-username", &name).await;
    browser.fill("register-email", &format!("{name}@example.org")).await;
    browser.fill("register-password", PASSWORD).await;
    browser.click("register-submit").await;
    browser.until_text("username", |text| text.contains(&name)).await;
    assert_eq!(browser.path().await, "/");

    browser.go("/").await;
    browser.until_text("username", |text| text.contains(&name)).await;
    browser.click("logout").await;
    browser.click("login-link").await;
    browser.fill("login-email", &format!("{name}@example.org")).await;
    browser.fill("login-password", "something else").await;
    browser.click("login-submit").await;
    browser.until("it says that it was wrong", "return document.querySelector('form [role=alert]') !== null").await;
    browser.fill("login-password", PASSWORD).await;
    browser.click("login-submit").await;
    browser.until_text("username", |text| text.contains(&name)).await;
    browser.close().await;
}
