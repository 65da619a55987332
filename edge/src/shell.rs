//! A request's way in and out: find the call, let its handler answer, give the reply its headers.

pub(crate) mod body;
pub(crate) mod reply;

use spillway_protocol::{problem::Code, time::Timestamp};
use worker::{Context, Env, Request, Response, console_error, event};

use crate::{
    auth::{self, Caller},
    d1::Db,
    failure::Failure,
    http, play,
    route::{self, Resolved, Route, Surface},
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
        auth::caller(req, self)
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

#[event(fetch)]
async fn fetch(req: Request, env: Env, ctx: Context) -> worker::Result<Response> {
    let method = req.inner().method();
    let path = req.path();
    let cx = Cx { env, ctx, now: clock() };
    let request_id = reply::request_id(&req);
    let answered = match route::resolve(&method, &path) {
        Resolved::Found(route) => dispatch(route, req, &cx).await,
        Resolved::Preflight(allow) => reply::preflight(&allow),
        Resolved::NotAllowed(allow) => reply::not_allowed(&allow),
        Resolved::Missing => Err(Failure::not_found()),
    };
    let response = match answered {
        Ok(response) => response,
        Err(failure) => {
            if let Some(cause) = &failure.cause {
                console_error!("request {request_id}: {method} {path}: {cause}");
            }
            reply::problem(&failure)?
        }
    };
    reply::finish(response, Surface::of(&path), &request_id)
}

async fn dispatch(route: Route, req: Request, cx: &Cx) -> Reply {
    match route {
        Route::Health => http::meta::health(),
        Route::OpenApi => http::meta::openapi(),
        Route::Register => http::auth::register(req, cx).await,
        Route::Login => http::auth::login(req, cx).await,
        Route::Refresh => http::auth::refresh(req, cx).await,
        Route::Logout => http::auth::logout(req, cx).await,
        Route::Me => http::me::read(req, cx).await,
        Route::UpdateMe => http::me::update(req, cx).await,
        Route::ListStreams => http::streams::list(req, cx).await,
        Route::CreateStream => http::streams::create(req, cx).await,
        Route::Stream(id) => http::streams::read(req, cx, id).await,
        Route::UpdateStream(id) => http::streams::update(req, cx, id).await,
        Route::CancelStream(id) => http::streams::control::cancel(req, cx, id).await,
        Route::Start(id) => http::streams::control::start(req, cx, id).await,
        Route::RotateKey(id) => http::streams::control::rotate_key(req, cx, id).await,
        Route::End(id) => http::streams::control::end(req, cx, id).await,
        Route::Join(id) => http::join::join(req, cx, id).await,
        Route::SendChat(id) => http::chat::send(req, cx, id).await,
        Route::ChatHistory(id) => http::chat::history(req, cx, id).await,
        Route::Room(id) => http::socket::connect(req, cx, id).await,
        Route::Publish => http::origin::publish(req, cx).await,
        Route::Link(id, epoch) => http::origin::link(req, cx, id, epoch).await,
        Route::Play(path) => play::handle(req, cx, &path).await,
        Route::Page => http::meta::page(req, cx).await,
    }
}
