//! A playback request's way.

use std::cell::RefCell;

use spillway_protocol::ids::StreamId;
use spillway_room::call::relay::Gate;
use worker::{Method, Request, ResponseBuilder};

use super::{
    access::{self, Granted},
    asks::{self, Asks},
    gates::Gates,
    object,
    path::{PlayPath, Target},
    playlist,
};
use crate::{
    call::{self, RelayName},
    failure::Failure,
    shell::{Cx, Reply},
};

thread_local! {
    static GATES: RefCell<Gates> = RefCell::default();
}

/// Answers `GET /play/<path>`.
pub(crate) async fn handle(req: Request, cx: &Cx, path: &str) -> Reply {
    let path = PlayPath::parse(path).ok_or_else(Failure::not_found)?;
    let proven = match access::check(&path, &cx.secret("PROOF_SECRET")?, cx.now)? {
        Granted::Redirect(location) => return redirect(&location),
        Granted::Proven => true,
        Granted::Unproven => false,
    };
    let asks = asked(&req)?;
    match path.target {
        Target::Playlist(which) => {
            let reply = playlist::serve(&req, cx, path.stream, which, proven, &asks).await?;
            if !proven {
                learn(cx, path.stream, false);
            }
            Ok(reply)
        }
        Target::Object(media) => {
            if !proven && is_gated(&req, cx, path.stream).await? {
                return Err(access::gated());
            }
            object::serve(&req, cx, path.stream, &media, proven, &asks).await
        }
    }
}

fn redirect(location: &str) -> Reply {
    let response = ResponseBuilder::new().with_status(302);
    Ok(response.with_header("location", location)?.with_header("cache-control", "no-store")?.empty())
}

fn asked(req: &Request) -> Result<Asks, Failure> {
    let headers = req.headers();
    Ok(Asks {
        head: req.method() == Method::Head,
        range: asks::read(headers.get("range")?),
        if_range: asks::read(headers.get("if-range")?),
        if_none_match: asks::read(headers.get("if-none-match")?),
    })
}

/// Whether not everyone may watch, from memory or from the Relay near the caller.
async fn is_gated(req: &Request, cx: &Cx, stream: StreamId) -> Result<bool, Failure> {
    if let Some(gated) = GATES.with_borrow(|gates| gates.gated(stream, cx.now)) {
        return Ok(gated);
    }
    let gated = call::relay(&cx.env, &RelayName::near_request(stream, req), &Gate {}).await?.gated;
    learn(cx, stream, gated);
    Ok(gated)
}

fn learn(cx: &Cx, stream: StreamId, gated: bool) {
    GATES.with_borrow_mut(|gates| gates.learn(stream, gated, cx.now));
}
