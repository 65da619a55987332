//! `GET /openapi.json` and `GET /healthz`

use harness::edge;
use serde_json::{Value, json};

#[tokio::test]
async fn the_document_names_every_call_of_the_contract() {
    let api = edge().await.api();
    let reply = api.get("/openapi.json").send().await;
    assert_eq!(reply.header("content-type"), "application/json");
    let document: Value = reply.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let calls = [
        ("/api/v1/auth/register", "post"),
        ("/api/v1/auth/login", "post"),
        ("/api/v1/auth/refresh", "post"),
        ("/api/v1/auth/logout", "post"),
        ("/api/v1/me", "get"),
        ("/api/v1/me", "patch"),
        ("/api/v1/streams", "get"),
        ("/api/v1/streams", "post"),
        ("/api/v1/streams/{id}", "get"),
        ("/api/v1/streams/{id}", "patch"),
        ("/api/v1/streams/{id}", "delete"),
        ("/api/v1/streams/{id}/start", "post"),
        ("/api/v1/streams/{id}/key", "post"),
        ("/api/v1/streams/{id}/join", "post"),
        ("/api/v1/streams/{id}/end", "post"),
        ("/api/v1/streams/{id}/chat", "post"),
        ("/api/v1/streams/{id}/chat", "get"),
    ];
    for (path, method) in calls {
        assert!(document["paths"][path][method].is_object(), "{method} {path}");
    }
    for frame in ["ClientFrame", "ServerFrame", "Problem", "Stream"] {
        assert!(document["components"]["schemas"][frame].is_object(), "{frame}");
    }
}

#[tokio::test]
async fn health_is_said_in_a_word() {
    let reply = edge().await.api().get("/healthz").send().await;
    assert_eq!(reply.value(200), json!({ "status": "ok" }));
}
