//! Access tokens: JWTs (RFC 7519) of the profile of RFC 9068, signed with HMAC-SHA-256 and with nothing else.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind};
use serde::{Deserialize, Serialize};
use spillway_protocol::{
    api::Role,
    ids::UserId,
    limits::{ACCESS_TOKEN_MS, CLOCK_SKEW_MS},
    problem::{Code, Problem},
    time::Timestamp,
};

use super::{Caller, hs256};
use crate::failure::Failure;

const ISSUER: &str = "spillway";
const AUDIENCE: &str = "spillway-api";
/// RFC 9068, section 2.1: keeps other JWTs of the same key from passing as access tokens.
const TYPE: &str = "at+jwt";
/// Longer than any of ours; keeps what is parsed small.
const LONGEST: usize = 2_048;

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not one of ours.
    #[error("the access token is not valid")]
    Invalid,
    /// It was good once.
    #[error("the access token has expired")]
    Expired,
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid => Self::new(Code::TokenInvalid, "The access token is not one of this server's."),
            Refused::Expired => Self::new(Code::TokenExpired, "The access token has expired; refresh it."),
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Problem::from(refused).into()
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    iat: i64,
    /// Ours have none; one that has it means it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    username: String,
    role: Role,
}

/// The token of an `Authorization: Bearer <token>`.
pub fn from_header(header: &str) -> Result<&str, Refused> {
    let (scheme, token) = header.split_once(' ').ok_or(Refused::Invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(Refused::Invalid) }
}

/// A token for a person, issued at `now`.
pub fn issue(secret: &[u8], caller: &Caller, now: Timestamp) -> Result<String, jsonwebtoken::errors::Error> {
    hs256::install();
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: caller.user_id,
        iat: now.millis() / 1_000,
        nbf: None,
        exp: now.plus_millis(ACCESS_TOKEN_MS).millis() / 1_000,
        username: caller.username.clone(),
        role: caller.role,
    };
    let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::HS256) };
    encode(&header, &claims, &EncodingKey::from_secret(secret))
}

/// Whose token it is.
pub fn verify(secret: &[u8], token: &str, now: Timestamp) -> Result<Caller, Refused> {
    if token.len() > LONGEST {
        return Err(Refused::Invalid);
    }
    hs256::install();
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    // The library would ask a clock of its own; the time is ours to say, below.
    rules.validate_exp = false;
    let data = decode::<Claims>(token, &DecodingKey::from_secret(secret), &rules).map_err(|e| match e.kind() {
        ErrorKind::ExpiredSignature => Refused::Expired,
        _ => Refused::Invalid,
    })?;
    let is_ours = data.header.typ.is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE)) && data.header.crit.is_none();
    if !is_ours {
        return Err(Refused::Invalid);
    }
    // From the future it is only as far as two clocks may differ (RFC 7519, sections 4.1.5 and 4.1.6).
    let soon = now.plus_millis(CLOCK_SKEW_MS).millis() / 1_000;
    if data.claims.iat > soon || data.claims.nbf.is_some_and(|from| from > soon) {
        return Err(Refused::Invalid);
    }
    if now.millis() / 1_000 >= data.claims.exp {
        return Err(Refused::Expired);
    }
    Ok(Caller { user_id: data.claims.sub, username: data.claims.username, role: data.claims.role })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use hmac::{Hmac, KeyInit, Mac};
    use serde_json::{Value, json};
    use sha2::{Sha256, Sha512};

    const SECRET: &[u8] = b"a secret of some length";

    fn now() -> Timestamp {
        Timestamp::from_millis(1_800_000_000_500)
    }

    fn anna() -> Caller {
        Caller { user_id: UserId::new(now(), 7), username: "anna".to_owned(), role: Role::Viewer }
    }

    fn claims() -> Value {
        json!({"iss": "spillway", "aud": "spillway-api", "sub": anna().user_id, "iat": 1_800_000_000, "exp": 1_800_000_900,
            "username": "anna", "role": "VIEWER"})
    }

    fn signed(header: &Header, claims: &Value) -> String {
        hs256::install();
        encode(header, claims, &EncodingKey::from_secret(SECRET)).unwrap()
    }

    fn header() -> Header {
        Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::HS256) }
    }

    #[test]
    fn a_token_says_who_until_it_expires() {
        let token = issue(SECRET, &anna(), now()).unwrap();
        assert_eq!(verify(SECRET, &token, now()), Ok(anna()));
        assert_eq!(verify(SECRET, &token, now().plus_millis(ACCESS_TOKEN_MS - 1_000)), Ok(anna()));
        assert_eq!(verify(SECRET, &token, now().plus_millis(ACCESS_TOKEN_MS)), Err(Refused::Expired));
        assert_eq!(verify(SECRET, &signed(&header(), &claims()), now()), Ok(anna()));
    }

    /// Header and claims with a code over them by the right key, whatever the header says of it.
    fn sealed<M: Mac + KeyInit>(alg: &str) -> String {
        let head = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "typ": TYPE}).to_string());
        let text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims().to_string()));
        let mut mac = <M as KeyInit>::new_from_slice(SECRET).unwrap();
        mac.update(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    #[test]
    fn no_other_algorithm_passes() {
        assert_eq!(verify(SECRET, &sealed::<Hmac<Sha256>>("HS256"), now()), Ok(anna()));
        for alg in ["none", "None", "NONE", "", "HS384", "HS512", "HS257", "RS256", "PS256", "ES256", "EdDSA"] {
            let [by_256, by_512] = [sealed::<Hmac<Sha256>>(alg), sealed::<Hmac<Sha512>>(alg)];
            let (unsigned, _) = by_256.rsplit_once('.').unwrap();
            for token in [unsigned, &format!("{unsigned}."), &by_256, &by_512] {
                assert_eq!(verify(SECRET, token, now()), Err(Refused::Invalid), "{alg}");
            }
        }
    }

    #[test]
    fn every_claim_must_be_there_and_right() {
        for (name, wrong) in [
            ("iss", json!("other")),
            ("aud", json!("other")),
            ("aud", json!([])),
            ("sub", json!("anna")),
            ("exp", json!("1800000900")),
            ("role", json!("ROOT")),
        ] {
            let mut claims = claims();
            claims[name] = wrong;
            assert_eq!(verify(SECRET, &signed(&header(), &claims), now()), Err(Refused::Invalid), "{name}");
            claims.as_object_mut().unwrap().remove(name);
            assert_eq!(verify(SECRET, &signed(&header(), &claims), now()), Err(Refused::Invalid), "no {name}");
        }
    }

    #[test]
    fn a_token_from_the_future_is_no_more_ahead_than_a_clock_may_be() {
        for name in ["iat", "nbf"] {
            let from = |ahead: i64| {
                let mut claims = claims();
                claims[name] = json!(1_800_000_000 + ahead);
                verify(SECRET, &signed(&header(), &claims), now())
            };
            assert_eq!(from(60), Ok(anna()), "{name}");
            assert_eq!(from(61), Err(Refused::Invalid), "{name}");
            assert_eq!(from(i64::MAX - 1_800_000_000), Err(Refused::Invalid), "{name}");
        }
    }

    #[test]
    fn another_type_of_token_is_no_access_token() {
        assert_eq!(verify(SECRET, &signed(&Header::new(Algorithm::HS256), &claims()), now()), Err(Refused::Invalid));
        let critical = Header { crit: Some(vec!["exp".to_owned()]), ..header() };
        assert_eq!(verify(SECRET, &signed(&critical, &claims()), now()), Err(Refused::Invalid));
    }

    #[test]
    fn another_key_or_a_changed_byte_is_found_out() {
        let token = issue(SECRET, &anna(), now()).unwrap();
        assert_eq!(verify(b"another secret as long", &token, now()), Err(Refused::Invalid));
        for end in 0..token.len() {
            assert_eq!(verify(SECRET, &token[..end], now()), Err(Refused::Invalid), "cut at {end}");
        }
        let admin = URL_SAFE_NO_PAD.encode(claims().to_string().replace("VIEWER", "ADMIN"));
        let mut parts: Vec<&str> = token.split('.').collect();
        parts[1] = &admin;
        assert_eq!(verify(SECRET, &parts.join("."), now()), Err(Refused::Invalid));
        assert_eq!(verify(SECRET, &"x".repeat(100_000), now()), Err(Refused::Invalid));
    }

    #[test]
    fn only_the_bearer_scheme_is_read() {
        assert_eq!(from_header("Bearer abc"), Ok("abc"));
        assert_eq!(from_header("bearer  abc "), Ok("abc"));
        for header in ["", "abc", "Basic abc", "Bearerabc"] {
            assert_eq!(from_header(header), Err(Refused::Invalid), "{header}");
        }
    }
}
