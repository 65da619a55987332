//! What every call has in common: paths, methods, ids, CORS, headers.

use harness::{Person, edge};
use reqwest::Method;
use serde_json::json;
use spillway_protocol::problem::Code;

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let api = edge().await.api();
    for path in ["/api/v1", "/api/v1/nothing", "/api/v1/streams/", "/api/v1/me/", "/api/v2/me", "/room/x", "/play/x"] {
        api.get(path).send().await.refused(Code::NotFound);
    }
}

#[tokio::test]
async fn an_id_that_is_not_one_is_not_found() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let unknown = "stream_01arz3ndektsv4rrffq69g5fav";
    let upper = "stream_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for id in [unknown, upper, "1", "user_01arz3ndektsv4rrffq69g5fav", "%00", "..%2f..", "stream_", &"x".repeat(2_000)]
    {
        let path = format!("/api/v1/streams/{id}");
        api.get(&path).send().await.refused(Code::NotFound);
        for call in ["start", "key", "join", "end"] {
            api.post(&format!("{path}/{call}"), json!({})).by(&person).send().await.refused(Code::NotFound);
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let api = edge().await.api();
    for (method, path, allowed) in [
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::DELETE, "/api/v1/streams", "GET"),
        (Method::PUT, "/api/v1/me", "PATCH"),
        (Method::POST, "/healthz", "GET"),
        (Method::POST, "/openapi.json", "GET"),
    ] {
        let reply = api.call(method, path).send().await;
        assert_eq!(reply.refused(Code::MethodNotAllowed).status, 405);
        assert!(reply.header("allow").split(", ").any(|method| method == allowed), "{path}: {}", reply.header("allow"));
    }
}

#[tokio::test]
async fn pages_of_other_sites_may_call_without_credentials() {
    let api = edge().await.api();
    let preflight = api.call(Method::OPTIONS, "/api/v1/streams").header("origin", "https://elsewhere.example");
    let preflight = preflight.header("access-control-request-method", "POST");
    let preflight = preflight.header("access-control-request-headers", "authorization,content-type").send().await;
    preflight.empty(204);
    assert!(preflight.header("access-control-allow-methods").contains("POST"));
    assert!(preflight.header("access-control-allow-headers").contains("authorization"));
    for reply in [api.get("/api/v1/streams").send().await, api.get("/api/v1/me").send().await, preflight] {
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert_eq!(reply.header("access-control-allow-credentials"), "");
    }
}

#[tokio::test]
async fn players_may_send_headers_of_their_own() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let stream = person.create_stream().await;
    for path in ["/api/v1/streams", &format!("/play/public/{}/index.m3u8", stream.id)] {
        let preflight = async |requested: &str| {
            let call = api.call(Method::OPTIONS, path).header("access-control-request-method", "GET");
            call.header("access-control-request-headers", requested).send().await
        };
        let reply = preflight("cmcd-request,cmcd-session,if-range").await;
        assert_eq!(reply.header("access-control-allow-headers"), "cmcd-request,cmcd-session,if-range");
        assert_eq!(reply.header("vary"), "access-control-request-headers");
        assert!(!preflight("no header").await.header("access-control-allow-headers").contains("no header"));
    }
}

#[tokio::test]
async fn a_token_that_is_not_good_is_refused_where_none_is_needed() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let stream = person.create_stream().await;
    for path in ["/api/v1/streams", &format!("/api/v1/streams/{}", stream.id)] {
        api.get(path).send().await.value(200);
        api.get(path).by(&person).send().await.value(200);
        api.get(path).bearer("nonsense").send().await.refused(Code::TokenInvalid);
    }
}

#[tokio::test]
async fn replies_are_not_kept_and_not_guessed_at() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    for reply in [api.get("/api/v1/me").by(&person).send().await, api.get("/api/v1/me").send().await] {
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert!(!reply.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn pages_are_served_and_say_when_there_is_none() {
    let api = edge().await.api();
    for (path, status) in
        [("/", 200), ("/login", 200), ("/watch/stream_01arz3ndektsv4rrffq69g5fav", 200), ("/nowhere", 404)]
    {
        let reply = api.get(path).send().await;
        assert_eq!(reply.status, status, "{path}");
        assert!(reply.header("content-type").starts_with("text/html"), "{path}");
        assert!(String::from_utf8_lossy(&reply.body).contains("<spillway-app"), "{path}");
    }
}
