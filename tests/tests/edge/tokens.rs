//! Access tokens: which ones open anything.

use harness::{Person, System, edge};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use spillway_protocol::problem::Code;

/// A good token's header and claims.
fn parts(person: &Person) -> (Value, Value) {
    let mut parts = person.access_token.split('.').map(decode);
    (parts.next().unwrap(), parts.next().unwrap())
}

fn decode(part: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(part).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn encoded(value: &Value) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(algorithm: Algorithm, secret: &str, header: &Value, claims: &Value) -> String {
    let header = Header { typ: header["typ"].as_str().map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

async fn code(system: &System, token: &str) -> Code {
    let reply = system.api().get("/api/v1/me").bearer(token).send().await;
    assert_eq!(reply.status, 401);
    assert!(reply.header("www-authenticate").starts_with("Bearer"), "RFC 6750, section 3");
    serde_json::from_slice::<spillway_protocol::problem::Problem>(&reply.body).unwrap().code
}

#[tokio::test]
async fn a_token_made_with_our_secret_and_claims_is_good() {
    let system = edge().await;
    let person = Person::register(&system.api()).await;
    let (header, claims) = parts(&person);
    assert_eq!(header["alg"], "HS256");
    let token = signed(Algorithm::HS256, system.secrets.get("TOKEN_SECRET"), &header, &claims);
    system.api().get("/api/v1/me").bearer(&token).send().await.value(200);
}

#[tokio::test]
async fn only_the_one_algorithm_is_allowed() {
    let system = edge().await;
    let person = Person::register(&system.api()).await;
    let (header, claims) = parts(&person);
    let secret = system.secrets.get("TOKEN_SECRET");
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        assert_eq!(
            code(system, &signed(algorithm, secret, &header, &claims)).await,
            Code::TokenInvalid,
            "{algorithm:?}"
        );
    }
    let signature = person.access_token.rsplit('.').next().unwrap();
    for algorithm in ["none", "None", "NONE", "nOnE", "HS384", "HS512", "RS256", "ES256", "HS256 "] {
        let mut header = header.clone();
        header["alg"] = json!(algorithm);
        let unsigned = format!("{}.{}", encoded(&header), encoded(&claims));
        let key = EncodingKey::from_secret(secret.as_bytes());
        let resigned = jsonwebtoken::crypto::sign(unsigned.as_bytes(), &key, Algorithm::HS256).unwrap();
        for end in [".".to_owned(), String::new(), format!(".{signature}"), format!(".{resigned}")] {
            let token = format!("{unsigned}{end}");
            assert_eq!(code(system, &token).await, Code::TokenInvalid, "{algorithm}");
        }
    }
}

#[tokio::test]
async fn every_claim_must_be_right() {
    let system = edge().await;
    let person = Person::register(&system.api()).await;
    let (header, claims) = parts(&person);
    let secret = system.secrets.get("TOKEN_SECRET");
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        signed(Algorithm::HS256, secret, &header, &claims)
    };
    for (name, value) in [
        ("aud", json!("another-api")),
        ("aud", json!([])),
        ("iss", json!("another-issuer")),
        ("sub", json!("nobody")),
        ("sub", json!("user_01arz3ndektsv4rrffq69g5fav ")),
        ("exp", json!("later")),
        ("exp", Value::Null),
    ] {
        assert_eq!(code(system, &with(name, value)).await, Code::TokenInvalid, "{name}");
    }
    let (now, life) = (claims["iat"].as_i64().unwrap(), 900);
    assert_eq!(code(system, &with("exp", json!(now - 1))).await, Code::TokenExpired);
    assert_eq!(claims["exp"], json!(now + life));
    for name in ["aud", "iss", "sub", "exp"] {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        let token = signed(Algorithm::HS256, secret, &header, &claims);
        assert_eq!(code(system, &token).await, Code::TokenInvalid, "without {name}");
    }
}

#[tokio::test]
async fn a_token_from_the_future_opens_nothing_yet() {
    let system = edge().await;
    let person = Person::register(&system.api()).await;
    let (header, claims) = parts(&person);
    let issued = claims["iat"].as_i64().unwrap();
    for name in ["iat", "nbf"] {
        let from = |ahead: i64| {
            let mut claims = claims.clone();
            claims[name] = json!(issued + ahead);
            claims["exp"] = json!(issued + ahead + 900);
            signed(Algorithm::HS256, system.secrets.get("TOKEN_SECRET"), &header, &claims)
        };
        // Two clocks may differ by as much; the scenario itself takes a moment.
        system.api().get("/api/v1/me").bearer(&from(50)).send().await.value(200);
        for ahead in [600, 1_000_000_000_000, i64::MAX - issued - 900] {
            assert_eq!(code(system, &from(ahead)).await, Code::TokenInvalid, "{name} {ahead} s ahead");
        }
    }
}

#[tokio::test]
async fn a_token_that_is_cut_or_grown_opens_nothing() {
    let system = edge().await;
    let person = Person::register(&system.api()).await;
    let token = &person.access_token;
    let (unsigned, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = unsigned.split_once('.').unwrap();
    let (start, end) = signature.split_at(signature.len() / 2);
    for bad in [
        token[..token.len() - 1].to_owned(),
        unsigned.to_owned(),
        format!("{unsigned}."),
        format!("{header}.{signature}"),
        header.to_owned(),
        ".".to_owned(),
        "..".to_owned(),
        format!("{unsigned}.{start}"),
        format!("{unsigned}.{end}{start}"),
        format!("{token}="),
        format!("{token}.{signature}"),
        format!("{token}{}", "A".repeat(2_048)),
        format!("{}.{token}", "A".repeat(60_000)),
    ] {
        assert_eq!(code(system, &bad).await, Code::TokenInvalid, "{}", &bad[..bad.len().min(200)]);
    }
}

#[tokio::test]
async fn another_key_and_another_kind_of_token_open_nothing() {
    let system = edge().await;
    let person = Person::register(&system.api()).await;
    let (header, claims) = parts(&person);
    for name in ["PROOF_SECRET", "ORIGIN_SECRET", "STREAM_KEY_SECRET"] {
        let token = signed(Algorithm::HS256, system.secrets.get(name), &header, &claims);
        assert_eq!(code(system, &token).await, Code::TokenInvalid, "{name}");
    }
    let untyped = signed(Algorithm::HS256, system.secrets.get("TOKEN_SECRET"), &json!({ "typ": "JWT" }), &claims);
    assert_eq!(code(system, &untyped).await, Code::TokenInvalid);
    assert_eq!(code(system, &person.refresh_token).await, Code::TokenInvalid);
    assert_eq!(code(system, &"x".repeat(10_000)).await, Code::TokenInvalid);
}

#[tokio::test]
async fn no_token_and_a_bad_scheme_are_told_apart() {
    let system = edge().await;
    let person = Person::register(&system.api()).await;
    let api = system.api();
    api.get("/api/v1/me").send().await.refused(Code::TokenMissing);
    let basic = api.get("/api/v1/me").header("authorization", &format!("Basic {}", person.access_token));
    basic.send().await.refused(Code::TokenInvalid);
    let lower = api.get("/api/v1/me").header("authorization", &format!("bearer {}", person.access_token));
    lower.send().await.value(200);
}

#[tokio::test]
async fn a_bad_token_is_refused_even_where_none_is_needed() {
    let system = edge().await;
    let stream = Person::register(&system.api()).await.create_stream().await;
    let path = format!("/api/v1/streams/{}/join", stream.id);
    system.api().post(&path, json!({})).bearer("x").send().await.refused(Code::TokenInvalid);
}
