use super::*;

const ID: &str = "stream_01ja000000000000000000000a";

fn stream() -> StreamId {
    StreamId::parse(ID).unwrap()
}

fn found(method: &str, path: &str) -> Route {
    match resolve(method, path) {
        Resolved::Found(route) => route,
        other => panic!("{method} {path}: {other:?}"),
    }
}

#[test]
fn every_entry_of_the_table_is_found_by_its_own_path() {
    for entry in TABLE {
        let path = entry.pattern.replace("{id}", ID).replace("{epoch}", "3").replace("{rest}", "public/x/index.m3u8");
        assert_eq!(Some(found(entry.method, &path)), entry.read(&path), "{}", entry.pattern);
        assert_eq!(TABLE.iter().filter(|e| e.method == entry.method && e.read(&path).is_some()).count(), 1, "{path}");
    }
}

#[test]
fn ids_are_read_from_the_path() {
    assert_eq!(found("POST", &format!("/api/v1/streams/{ID}/start")), Route::Start(stream()));
    assert_eq!(found("GET", &format!("/origin/v1/link/{ID}/12")), Route::Link(stream(), Epoch(12)));
    assert_eq!(found("HEAD", "/play/public/x/1/video/0.m4s"), Route::Play("public/x/1/video/0.m4s".to_owned()));
}

#[test]
fn what_is_not_there_is_missing() {
    for path in [
        "/api",
        "/api/",
        "/api/v1/nothing",
        "/api/v1/streams/",
        "/api/v1/streams/nonsense",
        "/api/v1/streams/user_01ja000000000000000000000a",
        "/api/v2/streams",
        "/api/v1/me/",
        "/api//v1/me",
        "/healthz/",
        "/room/",
        "/play",
        "/origin/v1/link/stream_01ja000000000000000000000a/01",
        "/origin/v1/link/stream_01ja000000000000000000000a/-1",
        "/origin/v1/link/stream_01ja000000000000000000000a/4294967296",
    ] {
        assert_eq!(resolve("GET", path), Resolved::Missing, "{path}");
        assert_eq!(resolve("DELETE", path), Resolved::Missing, "{path}");
    }
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    let not = |method, path: &str| match resolve(method, path) {
        Resolved::NotAllowed(allow) => allow,
        other => panic!("{method} {path}: {other:?}"),
    };
    assert_eq!(not("GET", "/api/v1/auth/login"), "POST, OPTIONS");
    assert_eq!(not("PUT", &format!("/api/v1/streams/{ID}")), "GET, PATCH, DELETE, HEAD, OPTIONS");
    assert_eq!(not("BREW", "/healthz"), "GET, HEAD, OPTIONS");
    assert_eq!(not("OPTIONS", "/origin/v1/publish"), "POST");
    assert_eq!(not("POST", "/watch/x"), "GET, HEAD");
}

#[test]
fn other_sites_may_ask() {
    assert_eq!(resolve("OPTIONS", "/api/v1/me"), Resolved::Preflight("GET, PATCH, HEAD, OPTIONS".to_owned()));
    assert_eq!(resolve("OPTIONS", "/api/v1/nothing"), Resolved::Missing);
}

#[test]
fn all_else_is_a_page() {
    for path in ["/", "/login", "/register/", "/studio", "/studio/x", "/watch/x", "/overlay/x"] {
        assert_eq!(resolve("GET", path), Resolved::Found(Route::Page { there: true }), "{path}");
    }
    for path in ["/watch", "/watch/x/y", "/login/x", "/assets", "/apiary", "/playground", "/a.b/c"] {
        assert_eq!(resolve("GET", path), Resolved::Found(Route::Page { there: false }), "{path}");
    }
}

#[test]
fn a_file_that_is_not_there_is_no_page() {
    for path in ["/assets/app.js", "/assets/", "/assets/watch", "/favicon.ico", "/robots.txt", "/.env", "/a/b.map"] {
        assert_eq!(resolve("GET", path), Resolved::Missing, "{path}");
    }
}
