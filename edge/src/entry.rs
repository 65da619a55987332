//! A request's way in and out: find the call, let its handler answer, give the reply its headers.

use spillway_protocol::{limits, problem::Code};
use worker::{Context, Env, Request, Response, console_error, event};

use crate::{
    failure::Failure,
    http, play,
    rates::{Action, Subject},
    route::{self, Resolved, Route, Surface},
    shell::{Cx, Reply, clock, hashing, measured, reply},
};

#[event(fetch)]
async fn fetch(req: Request, env: Env, ctx: Context) -> worker::Result<Response> {
    let (method, path, url) = (req.inner().method(), req.path(), req.inner().url());
    let cx = Cx { env, ctx, now: clock() };
    let request_id = reply::request_id(&req);
    let answered = match route::resolve(&method, &path) {
        _ if url.len() > limits::URL => {
            Err(Failure::new(Code::TooLarge, format!("The URL may have at most {} bytes.", limits::URL)))
        }
        Resolved::Found(route) => answer(route, req, &cx).await,
        Resolved::Preflight(allow) => reply::preflight(&allow, &req),
        Resolved::NotAllowed(allow) => reply::not_allowed(&allow),
        Resolved::Missing => Err(Failure::not_found()),
    };
    let response = match answered {
        Ok(response) => response,
        Err(failure) => {
            if let Some(cause) = &failure.cause {
                console_error!("request {request_id}: {method} {}: {cause}", play::path::logged(&path));
            }
            reply::problem(&failure)?
        }
    };
    let (scheme, _) = url.split_once(':').unwrap_or_default();
    reply::finish(response, Surface::of(&path), scheme, &request_id)
}

async fn answer(route: Route, req: Request, cx: &Cx) -> Reply {
    if let Some(action) = Action::of(&route) {
        if action.takes_a_hash() {
            hashing::room()?;
        }
        measured(cx, &req, action, Subject::Address).await?;
    }
    dispatch(route, req, cx).await
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
        Route::Page { there } => http::meta::page(req, cx, there).await,
    }
}
