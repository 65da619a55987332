//! `POST /api/v1/auth/{register,login,refresh,logout}`

use std::time::{Duration, Instant};

use harness::{Api, PASSWORD, Person, edge, unique_name};
use serde_json::{Value, json};
use spillway_protocol::{
    api::{Me, Session},
    problem::Code,
};

async fn refresh(api: &Api, token: &str) -> harness::Reply {
    api.post("/api/v1/auth/refresh", json!({ "refreshToken": token })).send().await
}

async fn log_out(api: &Api, token: &str) {
    api.post("/api/v1/auth/logout", json!({ "refreshToken": token })).send().await.empty(204);
}

#[tokio::test]
async fn registering_signs_in() {
    let api = edge().await.api();
    let name = unique_name();
    let body =
        json!({ "username": name, "email": format!(" {}@Example.ORG", name.to_uppercase()), "password": PASSWORD });
    let reply = api.post("/api/v1/auth/register", body).send().await.value(201);
    assert_eq!(
        reply.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["accessToken", "expiresIn", "refreshToken", "user"]
    );
    assert_eq!(reply["user"]["username"], json!(name));
    assert_eq!(reply["user"]["email"], json!(format!("{name}@example.org")));
    assert_eq!(reply["user"]["role"], "VIEWER");
    assert_eq!(reply["expiresIn"], 900);
    let token = reply["accessToken"].as_str().unwrap();
    let me: Me = api.get("/api/v1/me").bearer(token).send().await.expect(200);
    assert_eq!(json!(me), reply["user"]);
    assert!(!reply.to_string().contains(PASSWORD));
}

#[tokio::test]
async fn names_and_addresses_are_taken_in_any_case() {
    let api = edge().await.api();
    let known = Person::register(&api).await;
    let register = |username: String, email: String| {
        api.post("/api/v1/auth/register", json!({ "username": username, "email": email, "password": PASSWORD })).send()
    };
    let other = unique_name();
    let same_name = register(known.me.username.to_uppercase(), format!("{other}@example.org")).await;
    assert_eq!(same_name.refused(Code::UsernameTaken).status, 409);
    let same_address = register(other, known.me.email.to_uppercase()).await;
    assert_eq!(same_address.refused(Code::EmailTaken).status, 409);
}

#[tokio::test]
async fn two_at_once_cannot_have_the_same_name() {
    let api = edge().await.api();
    let name = unique_name();
    let register = async |n: u32| {
        let body = json!({ "username": name, "email": format!("{name}-{n}@example.org"), "password": PASSWORD });
        api.post("/api/v1/auth/register", body).send().await.status.as_u16()
    };
    let (a, b, c) = tokio::join!(register(1), register(2), register(3));
    let mut statuses = [a, b, c];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409]);
}

#[tokio::test]
async fn every_refused_field_is_named() {
    let api = edge().await.api();
    let refused = async |username: &str, email: &str, password: &str| {
        let body = json!({ "username": username, "email": email, "password": password });
        api.post("/api/v1/auth/register", body).send().await.refused_fields()
    };
    let field = |name: &str, code: &str| (name.to_owned(), json!(code));
    assert_eq!(
        refused("ab", "nowhere", "1234567").await,
        [field("email", "INVALID"), field("password", "TOO_SHORT"), field("username", "TOO_SHORT")]
    );
    assert_eq!(
        refused(&"a".repeat(31), &format!("{}@example.org", "a".repeat(250)), &"a".repeat(129)).await,
        [field("email", "TOO_LONG"), field("password", "TOO_LONG"), field("username", "TOO_LONG")]
    );
    assert_eq!(refused("<script>", "a@example.org", PASSWORD).await, [field("username", "INVALID")]);
}

#[tokio::test]
async fn logging_in_takes_both_address_and_password() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let log_in = |email: &str, password: &str| {
        api.post("/api/v1/auth/login", json!({ "email": email, "password": password })).send()
    };
    let session: Session = log_in(&person.me.email.to_uppercase(), PASSWORD).await.expect(200);
    assert_eq!(session.user, person.me);
    let wrong_password = log_in(&person.me.email, "something else").await.refused(Code::CredentialsWrong);
    let nobody = log_in("nobody@example.org", PASSWORD).await.refused(Code::CredentialsWrong);
    assert_eq!(wrong_password, nobody, "nothing tells which of the two was wrong");
    let immense = "x".repeat(50_000);
    log_in(&person.me.email, &immense).await.refused(Code::CredentialsWrong);
}

/// The shortest time of many tries: what else goes on only ever makes one longer.
#[tokio::test]
async fn nobody_tells_by_the_time_who_is_registered() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let timed = async |email: &str| {
        let asked = Instant::now();
        let body = json!({ "email": email, "password": "something else" });
        let reply = api.post("/api/v1/auth/login", body).send().await;
        let taken = asked.elapsed();
        (reply.refused(Code::CredentialsWrong), taken)
    };
    let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
    for n in 0..20 {
        let there = timed(&person.me.email).await;
        let nobody = timed(&format!("{n}-{}", person.me.email)).await;
        assert_eq!(there.0, nobody.0);
        (known, unknown) = (known.min(there.1), unknown.min(nobody.1));
    }
    let (less, more) = (known.min(unknown), known.max(unknown));
    assert!(less * 4 > more * 3, "{known:?} for an address that is registered, {unknown:?} for one that is not");
}

#[tokio::test]
async fn a_stored_password_that_cannot_be_read_is_wrong_like_any_other() {
    let system = edge().await;
    let api = system.api();
    let person = Person::register(&api).await;
    let sql = format!("UPDATE people SET password_hash = 'rubbish' WHERE id = '{}'", person.id());
    tokio::task::spawn_blocking(move || system.edge.execute(&sql)).await.unwrap().unwrap();
    let body = json!({ "email": person.me.email, "password": PASSWORD });
    let wrong = api.post("/api/v1/auth/login", body).send().await.refused(Code::CredentialsWrong);
    let nobody = json!({ "email": "nobody@example.org", "password": PASSWORD });
    assert_eq!(wrong, api.post("/api/v1/auth/login", nobody).send().await.refused(Code::CredentialsWrong));
}

/// Otherwise addresses could be asked after by a name that is taken, without leaving a trace.
#[tokio::test]
async fn with_a_name_that_is_taken_nobody_learns_of_an_address() {
    let api = edge().await.api();
    let known = Person::register(&api).await;
    let register = |email: String| {
        let body = json!({ "username": known.me.username, "email": email, "password": PASSWORD });
        api.post("/api/v1/auth/register", body).send()
    };
    let taken = register(known.me.email.clone()).await.refused(Code::UsernameTaken);
    let free = register(format!("{}@example.org", unique_name())).await.refused(Code::UsernameTaken);
    assert_eq!(taken, free);
}

#[tokio::test]
async fn refreshing_spends_the_token() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let next: Session = refresh(&api, &person.refresh_token).await.expect(200);
    assert_eq!(next.user, person.me);
    assert_ne!(next.refresh_token, person.refresh_token);
    let after: Session = refresh(&api, &next.refresh_token).await.expect(200);
    api.get("/api/v1/me").bearer(&after.access_token).send().await.value(200);
}

#[tokio::test]
async fn two_tabs_get_the_same_reply() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let token = &person.refresh_token;
    let (first, second) = tokio::join!(refresh(&api, token), refresh(&api, token));
    let third = refresh(&api, token).await.value(200);
    assert_eq!(first.value(200), third);
    assert_eq!(second.value(200), third);
    let next = third["refreshToken"].as_str().unwrap();
    refresh(&api, next).await.value(200);
}

/// The grace is 10 seconds of the server's clock: this one scenario has to see them pass.
#[tokio::test]
async fn a_token_spent_long_ago_ends_the_family() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let session: Session = refresh(&api, &person.refresh_token).await.expect(200);
    tokio::time::sleep(Duration::from_millis(10_500)).await;
    refresh(&api, &person.refresh_token).await.refused(Code::RefreshInvalid);
    let newest = refresh(&api, &session.refresh_token).await;
    assert_eq!(newest.refused(Code::RefreshInvalid).status, 401);
    let body = json!({ "email": person.me.email, "password": PASSWORD });
    api.post("/api/v1/auth/login", body).send().await.value(200);
}

#[tokio::test]
async fn logging_out_ends_one_log_in_and_no_other() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    let body = json!({ "email": person.me.email, "password": PASSWORD });
    let elsewhere: Session = api.post("/api/v1/auth/login", body).send().await.expect(200);
    let next: Session = refresh(&api, &person.refresh_token).await.expect(200);
    log_out(&api, &next.refresh_token).await;
    refresh(&api, &next.refresh_token).await.refused(Code::RefreshInvalid);
    refresh(&api, &person.refresh_token).await.refused(Code::RefreshInvalid);
    refresh(&api, &elsewhere.refresh_token).await.value(200);
    log_out(&api, &next.refresh_token).await;
}

#[tokio::test]
async fn what_is_no_refresh_token_refreshes_nothing() {
    let api = edge().await.api();
    let person = Person::register(&api).await;
    for token in ["", "x", &person.access_token, &"a".repeat(10_000), "../../etc", "\u{0}"] {
        refresh(&api, token).await.refused(Code::RefreshInvalid);
        log_out(&api, token).await;
    }
}

#[tokio::test]
async fn bodies_that_are_not_the_call_s_own_are_malformed() {
    let api = edge().await.api();
    for call in ["register", "login", "refresh", "logout"] {
        let path = format!("/api/v1/auth/{call}");
        for body in [Value::Null, json!([]), json!("x"), json!(7)] {
            assert_eq!(api.post(&path, body).send().await.refused(Code::Malformed).status, 400);
        }
        for body in [json!({}), json!({ "username": 7, "email": 7, "refreshToken": [] })] {
            let fields = api.post(&path, body).send().await.refused_fields();
            assert!(fields.iter().all(|(_, code)| *code == "REQUIRED" || *code == "INVALID"), "{fields:?}");
        }
        api.call(reqwest::Method::POST, &path).body("application/json", "{").send().await.refused(Code::Malformed);
        api.call(reqwest::Method::POST, &path).body("application/json", "").send().await.refused(Code::Malformed);
        let form = api.call(reqwest::Method::POST, &path).body("application/x-www-form-urlencoded", "email=a");
        assert_eq!(form.send().await.refused(Code::UnsupportedMediaType).status, 415);
        let large = format!("{{\"email\": \"{}\"}}", "a".repeat(70_000));
        let large = api.call(reqwest::Method::POST, &path).body("application/json", large);
        assert_eq!(large.send().await.refused(Code::TooLarge).status, 413);
    }
}
