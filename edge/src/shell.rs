//! What a handler has besides its request, and how bodies are read and replies written.

pub(crate) mod body;
pub(crate) mod hashing;
mod measured;
pub(crate) mod reply;

use spillway_protocol::{problem::Code, time::Timestamp};
use worker::{Context, Env, Request, Response};

pub(crate) use measured::measured;

use crate::{
    auth::{Caller, token},
    d1::Db,
    failure::Failure,
};

/// What a handler gives back.
pub(crate) type Reply = Result<Response, Failure>;

/// What a handler has besides its request.
pub(crate) struct Cx {
    /// The bindings.
    pub(crate) env: Env,
    /// The request's life.
    pub(crate) ctx: Context,
    /// When the request came.
    pub(crate) now: Timestamp,
}

impl Cx {
    /// The database.
    pub(crate) fn db(&self) -> Result<Db, Failure> {
        Ok(Db::of(&self.env)?)
    }

    /// A secret, as bytes.
    pub(crate) fn secret(&self, name: &str) -> Result<Vec<u8>, Failure> {
        secret(&self.env, name)
    }

    /// A variable, when it is set and not empty.
    pub(crate) fn var(&self, name: &str) -> Option<String> {
        self.env.var(name).ok().map(|v| v.to_string()).filter(|v| !v.is_empty())
    }

    /// Where clients reach this server, without a slash at the end: `PUBLIC_URL`, or what the request was sent to.
    pub(crate) fn public_url(&self, req: &Request) -> Result<String, Failure> {
        match self.var("PUBLIC_URL") {
            Some(url) => Ok(url.trim_end_matches('/').to_owned()),
            None => Ok(req.url()?.origin().ascii_serialization()),
        }
    }

    /// Who makes the request: `None` without a token, a 401 with one that is not good.
    pub(crate) fn caller(&self, req: &Request) -> Result<Option<Caller>, Failure> {
        let Some(header) = req.headers().get("authorization")? else { return Ok(None) };
        let secret = self.secret("TOKEN_SECRET")?;
        Ok(Some(token::from_header(&header).and_then(|token| token::verify(&secret, token, self.now))?))
    }

    /// Who makes the request; a 401 without a good token.
    pub(crate) fn required_caller(&self, req: &Request) -> Result<Caller, Failure> {
        self.caller(req)?.ok_or_else(|| Failure::new(Code::TokenMissing, "This call needs an access token."))
    }
}

/// A secret of these bindings, as bytes.
pub(crate) fn secret(env: &Env, name: &str) -> Result<Vec<u8>, Failure> {
    let secret = env.secret(name)?.to_string();
    // An empty key would sign and verify, for everyone.
    if secret.len() < 16 {
        return Err(Failure::internal(format!("the secret {name} has fewer than 16 characters")));
    }
    Ok(secret.into_bytes())
}

/// The present time; a Worker's clock moves on with its I/O.
pub(crate) fn clock() -> Timestamp {
    Timestamp::from_millis(i64::try_from(worker::Date::now().as_millis()).unwrap_or(i64::MAX))
}

/// Randomness from the runtime.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Failure::internal)?;
    Ok(bytes)
}

/// Randomness for a new id.
pub(crate) fn entropy() -> Result<u128, Failure> {
    Ok(u128::from_be_bytes(random()?))
}
