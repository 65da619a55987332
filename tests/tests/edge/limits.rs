//! How much, how often and how long: what is refused before it costs anything, and what nobody can take from the others.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use harness::{
    Api, Broadcast, LIMIT, PASSWORD, Person, Reply, System, edge, eventually, node::media::Live, unique_name,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use spillway_protocol::problem::Code;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// An address of some far network (RFC 5737, RFC 3849), which no other scenario calls from. The local server believes the header;
/// Cloudflare sets it itself.
const FROM: &str = "cf-connecting-ip";

/// Makes calls, some at a time, until some are refused as too many: as many as `limit` are let through before. A limiter's
/// minutes are the clock's: a minute that ends in between lets through twice as many, never fewer.
async fn lets_through(limit: usize, call: impl AsyncFn(usize) -> Reply) {
    let mut passed = 0;
    for first in (0..=2 * limit).step_by(16) {
        let replies = join_all((first..first + 16).map(|n| call(n))).await;
        let refused: Vec<_> = replies.iter().filter(|reply| reply.status == StatusCode::TOO_MANY_REQUESTS).collect();
        for reply in &refused {
            reply.refused(Code::RateLimited);
            assert_eq!(reply.header("retry-after"), "60");
        }
        passed += replies.len() - refused.len();
        if !refused.is_empty() {
            break;
        }
    }
    assert!((limit..=2 * limit).contains(&passed), "{passed} were let through, not {limit}");
}

async fn log_in(api: &Api, from: &str, email: &str, password: &str) -> Reply {
    let body = json!({ "email": email, "password": password });
    api.post("/api/v1/auth/login", body).header(FROM, from).send().await
}

async fn register(api: &Api, from: &str) -> Reply {
    let name = unique_name();
    let body = json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD });
    api.post("/api/v1/auth/register", body).header(FROM, from).send().await
}

#[tokio::test]
async fn nobody_makes_accounts_by_the_dozen() {
    let api = edge().await.api();
    lets_through(20, async |_| register(&api, "192.0.2.1").await).await;
    register(&api, "192.0.2.2").await.value(201);
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_address() {
    let api = edge().await.api();
    lets_through(20, async |n| register(&api, &format!("2001:db8:0:1::{n:x}")).await).await;
    register(&api, "2001:db8:0:2::1").await.value(201);
}

/// Even the right password is but one more guess.
#[tokio::test]
async fn many_addresses_cannot_guess_one_password() {
    let api = edge().await.api();
    let (person, other) = (Person::register(&api).await, Person::register(&api).await);
    let emails = [person.me.email.clone(), person.me.email.to_uppercase()];
    lets_through(20, async |n| log_in(&api, &format!("198.51.100.{n}"), &emails[n % 2], PASSWORD).await).await;
    log_in(&api, "198.51.100.200", &other.me.email, PASSWORD).await.value(200);
    let refresh = json!({ "refreshToken": person.refresh_token });
    api.post("/api/v1/auth/refresh", refresh).send().await.value(200);
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts() {
    let api = edge().await.api();
    // Longer than any password, so that nothing is hashed.
    let immense = "x".repeat(129);
    let guess = async |n: usize| log_in(&api, "192.0.2.3", &format!("{n}-guessed@example.org"), &immense).await;
    lets_through(120, guess).await;
}

#[tokio::test]
async fn a_person_joins_so_often_from_wherever_they_are() {
    let api = edge().await.api();
    let broadcast = Broadcast::create(&api).await;
    let (hasty, patient) = (Person::register(&api).await, Person::register(&api).await);
    let join = async |n: usize, person: &Person| {
        let call = api.post(&broadcast.path("/join"), json!({})).by(person);
        call.header(FROM, &format!("203.0.113.{n}")).send().await
    };
    lets_through(120, async |n| join(n % 250, &hasty).await).await;
    join(1, &patient).await.value(200);
}

/// The same token again and again gives the same reply for a while, and is counted all the same.
#[tokio::test]
async fn a_person_refreshes_so_often_from_wherever_they_are() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let refresh = async |n: usize| {
        let call = api.post("/api/v1/auth/refresh", json!({ "refreshToken": person.refresh_token }));
        call.header(FROM, &format!("203.0.113.{}", n % 250)).send().await
    };
    lets_through(120, refresh).await;
}

/// A line of chat without a token, so that nothing comes of it.
#[tokio::test]
async fn what_many_at_one_address_do_has_a_limit_too() {
    let api = edge().await.api();
    let path = format!("/api/v1/streams/{}/chat", Person::register(&api).await.create_stream().await.id);
    lets_through(1_200, async |_| api.post(&path, json!({ "message": "x" })).header(FROM, "192.0.2.4").send().await)
        .await;
}

/// One processor hashes all of these passwords; in between it serves everyone else.
#[tokio::test]
async fn two_hundred_who_sign_in_at_once_keep_nobody_else_waiting() {
    let system = tokio::task::spawn_blocking(|| System::own("logins")).await.unwrap();
    let api = system.api();
    let broadcast = Broadcast::create(&api).await;
    let mut live = Live::begin(&system, &broadcast, "one").await;
    live.segment().await;
    let playlist = format!("/play/public/{}/video.m3u8", broadcast.id);
    eventually("there is a playlist", LIMIT, async || (api.get(&playlist).send().await.status == 200).then_some(()))
        .await;
    let (mut socket, _) = broadcast.enter(Some(&broadcast.creator)).await;

    let begun = Instant::now();
    let logins = (0..200).map(|n| {
        let api = api.clone();
        tokio::spawn(async move {
            let reply = log_in(&api, "127.0.0.1", &format!("{n}@example.org"), "a guess").await;
            (reply.status.as_u16(), begun.elapsed())
        })
    });
    let mut logins: Vec<_> = logins.collect();
    let mut slowest = Duration::ZERO;
    let mut lines = 0;
    while !logins.iter().all(tokio::task::JoinHandle::is_finished) {
        let asked = Instant::now();
        api.get(&playlist).send().await.text();
        slowest = slowest.max(asked.elapsed());
        let words = format!("line {lines}");
        let said = Instant::now();
        socket.say(&words).await;
        socket.until_line(&words).await;
        slowest = slowest.max(said.elapsed());
        lines += 1;
        // The room's own pace.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut statuses: BTreeMap<u16, Vec<Duration>> = BTreeMap::new();
    for login in &mut logins {
        let (status, after) = login.await.unwrap();
        statuses.entry(status).or_default().push(after);
    }
    let answered = |status| statuses.get(&status).map_or(0, Vec::len);
    assert_eq!(answered(401) + answered(429), 200, "{statuses:?}");
    assert!(answered(401) >= 30, "those for whom there is time are served: {}", answered(401));
    assert!(lines >= 3, "the logins took a while: {lines}");
    assert!(slowest < LIMIT / 3, "someone else waited for {slowest:?}");
    let at_once = statuses[&429].iter().filter(|after| **after < LIMIT / 3).count();
    assert!(at_once >= 50, "they are told so at once: {:?}", statuses[&429]);
}

#[tokio::test]
async fn a_body_without_an_end_is_cut_off() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    for (method, path) in [
        (Method::POST, "/api/v1/auth/login"),
        (Method::POST, "/api/v1/auth/register"),
        (Method::POST, "/api/v1/streams"),
        (Method::PATCH, "/api/v1/me"),
    ] {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
            Transfer-Encoding: chunked\r\n\r\n",
            person.access_token
        );
        let reply = timeout(LIMIT, endless(api.url(), head)).await.expect("it is refused while it comes");
        assert!(reply.starts_with("HTTP/1.1 413 ") && reply.contains("\"TOO_LARGE\""), "{method} {path}: {reply}");
    }
}

/// Sends a request whose body does not end until there is a reply; the reply.
async fn endless(url: &str, head: String) -> String {
    let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let (mut reply, mut more) = (String::new(), [0; 4_096]);
    while !reply.contains('}') {
        if reply.is_empty() {
            socket.write_all(chunk.as_bytes()).await.unwrap();
        }
        match timeout(Duration::from_millis(20), socket.read(&mut more)).await {
            Ok(Ok(length)) if length > 0 => reply.push_str(&String::from_utf8_lossy(&more[..length])),
            Ok(end) => panic!("{end:?} after {reply}"),
            Err(_) => {}
        }
    }
    reply
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let api = edge().await.api();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: edge\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
    let mut socket = TcpStream::connect(api.url().strip_prefix("http://").unwrap()).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 13];
    timeout(LIMIT * 2, socket.read_exact(&mut start)).await.expect("it is given up").unwrap();
    assert_eq!(String::from_utf8_lossy(&start), "HTTP/1.1 400 ");
}

#[tokio::test]
async fn bodies_that_no_parser_likes_are_refused_by_name() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let create = async |body: String| {
        api.call(Method::POST, "/api/v1/streams").by(&person).body("application/json", body).send().await
    };
    for body in [
        format!("{{\"title\": {}", "[".repeat(60_000)),
        format!("{{\"title\": {}{}}}", "{\"a\":".repeat(10_000), "}".repeat(10_000)),
        "{\"title\": \"a\", \"ticketPrice\": 1e999}".to_owned(),
        "{\"title\": \"\\ud800\"}".to_owned(),
    ] {
        create(body).await.refused(Code::Malformed);
    }
    for price in ["1e308", "-1e308", "1e-320", "123456789012345678901234567890", "0.1e1000", "-0"] {
        let reply = create(format!("{{\"title\": \"a\", \"ticketPrice\": {price}}}")).await;
        assert!([201, 400, 422].contains(&reply.status.as_u16()), "{price}: {reply:?}");
    }
    for delay in ["99999999999999999999", "-1", "4294967296", "1.5", "NaN"] {
        let reply = create(format!("{{\"title\": \"a\", \"settings\": {{\"delaySeconds\": {delay}}}}}")).await;
        assert!([400, 422].contains(&reply.status.as_u16()), "{delay}: {reply:?}");
    }
}

#[tokio::test]
async fn a_url_has_a_length_and_a_path_its_own_depth() {
    let api = edge().await.api();
    let long = "x".repeat(9_000);
    for path in
        [format!("/api/v1/streams?q={long}"), format!("/play/{long}"), format!("/{long}"), format!("/room/{long}")]
    {
        assert_eq!(api.get(&path).send().await.refused(Code::TooLarge).status, 413);
    }
    let deep = "/a".repeat(3_000);
    for path in [format!("/api{deep}"), format!("/play{deep}"), format!("/origin{deep}")] {
        api.get(&path).send().await.refused(Code::NotFound);
    }
    let fields = api.get(&format!("/api/v1/streams?cursor={}", "A".repeat(4_000))).send().await.refused_fields();
    assert_eq!(fields, [("cursor".to_owned(), json!("INVALID"))]);
    let many = "a=&".repeat(1_500);
    api.get(&format!("/api/v1/streams?{many}")).send().await.value(200);
}

#[tokio::test]
async fn immense_headers_are_refused_or_as_if_they_were_not_there() {
    let system = edge().await;
    let api = system.api();
    let person = Person::register(&api).await;
    let (long, me) = ("x".repeat(20_000), "/api/v1/me");
    api.get(me).header("authorization", &format!("Bearer {long}")).send().await.refused(Code::TokenInvalid);
    api.get(me).by(&person).header("cookie", &long).send().await.value(200);
    for key in [&*long, &"x".repeat(256), "", "a b"] {
        let call = api.post("/api/v1/streams", json!({ "title": "A stream" })).by(&person);
        call.header("idempotency-key", key).send().await.refused(Code::Malformed);
    }
    let broadcast = Broadcast::create(&api).await;
    let mut live = Live::begin(system, &broadcast, "one").await;
    live.segment().await;
    let media = format!("/play/public/{}/{}/video/0.m4s", broadcast.id, live.epoch.0);
    eventually("there is media", LIMIT, async || (api.get(&media).send().await.status == 200).then_some(())).await;
    let ranges = |count| format!("bytes={}", "0-0,".repeat(count));
    for (name, value) in [("range", ranges(3)), ("range", ranges(5_000)), ("if-none-match", "\"a\", ".repeat(4_000))] {
        let whole = api.get(&media).header(name, &value).send().await;
        assert_eq!(whole.status, 200, "{name}");
    }
}

/// What is neither read nor refused is left lying.
#[tokio::test]
async fn a_body_where_none_is_wanted_changes_nothing() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let stream = person.create_stream().await;
    let large = json!({ "rubbish": "x".repeat(200_000) });
    let joined: Value =
        api.post(&format!("/api/v1/streams/{}/join", stream.id), large).by(&person).send().await.expect(200);
    assert_eq!(joined["accessGranted"], true);
}
