//! The headers that keep a browser from doing what it should not, on every page and every reply.

use std::collections::BTreeMap;

use harness::{Broadcast, Reply, edge, node::media::Live};
use reqwest::Method;
use serde_json::json;
use spillway_protocol::problem::Code;

/// A policy by its directives.
fn policy(reply: &Reply) -> BTreeMap<String, Vec<String>> {
    let text = reply.header("content-security-policy");
    let directives = text.split(';').map(|directive| directive.split_whitespace().map(str::to_owned));
    directives.filter_map(|mut words| Some((words.next()?, words.collect()))).collect()
}

#[track_caller]
fn is_guarded(what: &str, reply: &Reply) {
    let policy = policy(reply);
    assert_eq!(policy.get("default-src").map(Vec::as_slice), Some(&["'none'".to_owned()][..]), "{what}: {policy:?}");
    assert_eq!(policy.get("frame-ancestors").map(Vec::as_slice), Some(&["'none'".to_owned()][..]), "{what}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "{what}");
    assert!(!reply.header("referrer-policy").is_empty(), "{what}");
    assert!(!reply.header("cross-origin-resource-policy").is_empty(), "{what}");
    assert_eq!(reply.header("strict-transport-security"), "", "{what}: this is not https");
    assert_eq!(reply.header("server"), "", "{what}");
}

#[tokio::test]
async fn every_page_runs_nothing_but_our_own_scripts() {
    let api = edge().await.api();
    let index = api.get("/").send().await.text();
    let script = index.split('"').find(|text| text.starts_with("/assets/index-")).unwrap();
    let pages = ["/", "/login", "/studio", "/watch/stream_01arz3ndektsv4rrffq69g5fav", "/overlay/x", "/a.b/c"];
    for path in pages.into_iter().chain(["/favicon.svg", "/theme.js", script]) {
        let reply = api.get(path).send().await;
        assert_eq!(reply.status, if path == "/a.b/c" { 404 } else { 200 }, "{path}");
        is_guarded(path, &reply);
        assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(reply.header("permissions-policy").contains("camera=()"), "{path}");
        let policy = policy(&reply);
        for (directive, sources) in &policy {
            let lax = ["'unsafe-inline'", "'unsafe-eval'", "*", "https:"];
            assert!(!sources.iter().any(|source| lax.contains(&source.as_str())), "{directive} {sources:?}");
        }
        assert_eq!(policy["script-src"], ["'self'"]);
        assert_eq!(policy["base-uri"], ["'none'"]);
        assert_eq!(policy["form-action"], ["'self'"]);
    }
    assert!(api.get(script).send().await.header("cache-control").contains("immutable"));
}

#[tokio::test]
async fn a_file_that_is_gone_is_not_there_and_nobody_keeps_that() {
    let api = edge().await.api();
    for path in ["/assets/index-gone.js", "/assets/", "/favicon.ico", "/.env", "/robots.txt", "/assets/../.env"] {
        let reply = api.get(path).send().await;
        reply.refused(Code::NotFound);
        is_guarded(path, &reply);
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
    }
    let posted = api.post("/watch/x", json!({})).send().await;
    is_guarded("a POST to a page", &posted);
    posted.refused(Code::MethodNotAllowed);
}

#[tokio::test]
async fn every_reply_of_the_api_is_guarded_whatever_it_says() {
    let system = edge().await;
    let api = system.api();
    let broadcast = Broadcast::create(&api).await;
    let mut live = Live::begin(system, &broadcast, "one").await;
    live.segment().await;
    let stream = format!("/api/v1/streams/{}", broadcast.id);
    let play = format!("/play/public/{}", broadcast.id);
    for (method, path) in [
        (Method::GET, "/healthz"),
        (Method::GET, "/openapi.json"),
        (Method::GET, "/api/v1/streams"),
        (Method::GET, "/api/v1/me"),
        (Method::GET, "/api/v1/nothing"),
        (Method::PUT, "/api/v1/me"),
        (Method::OPTIONS, "/api/v1/me"),
        (Method::POST, "/api/v1/auth/login"),
        (Method::GET, &*stream),
        (Method::GET, &*format!("{play}/index.m3u8")),
        (Method::GET, &*format!("{play}/{}/video/0.m4s", live.epoch.0)),
        (Method::HEAD, &*format!("{play}/{}/video/0.m4s", live.epoch.0)),
        (Method::GET, &*format!("{play}/{}/video/999.m4s", live.epoch.0)),
        (Method::GET, &*format!("/room/{}", broadcast.id)),
        (Method::POST, "/origin/v1/publish"),
    ] {
        let reply = api.call(method.clone(), path).send().await;
        is_guarded(&format!("{method} {path}"), &reply);
        assert!(!reply.header("x-request-id").is_empty(), "{path}");
    }
}

/// A host as it is in production: the rules for the pages' files go by the name.
#[tokio::test]
async fn in_production_browsers_are_told_to_stay_with_https() {
    let api = edge().await.api();
    for host in ["spillway.example", "live.spillway.example", "spillway.someone.workers.dev"] {
        let page = api.get("/").header("host", host).send().await;
        assert_eq!(page.status, 200, "{host}");
        assert!(page.header("strict-transport-security").starts_with("max-age=63072000"), "{host}");
    }
}
