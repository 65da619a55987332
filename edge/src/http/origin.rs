//! What origins ask: whether a publisher may begin, and the link of its epoch.

use spillway_protocol::{
    ids::StreamId,
    keys::StreamKey,
    limits,
    link::PublishRequest,
    media::Epoch,
    node,
    problem::{Code, FieldCode},
};
use spillway_room::call::{channel::Authorise, room::Claim};
use worker::{Method, Request};

use crate::{
    call::{self, ToRoom},
    d1,
    failure::Failure,
    json,
    shell::{Cx, Reply, body, reply},
};

/// A publisher's own name of its connection, in bytes.
const PUBLISHER: std::ops::RangeInclusive<usize> = 1..=64;

/// `POST /origin/v1/publish`
pub(crate) async fn publish(mut req: Request, cx: &Cx) -> Reply {
    let bytes = body::bytes(&mut req, limits::BODY).await?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::new(Code::Malformed, "The body is not UTF-8."))?;
    verify(&req, cx, "POST", &text)?;
    let PublishRequest { key, publisher } = json::parse(text.as_bytes())?;
    if !PUBLISHER.contains(&publisher.len()) {
        return Err(Failure::field("publisher", FieldCode::Invalid));
    }
    let invalid = || Failure::new(Code::KeyInvalid, "The stream key opens nothing.");
    let source = StreamKey::parse(&key).ok_or_else(invalid)?.source();
    let creator = d1::sources::creator(&cx.db()?, source).await?.ok_or_else(invalid)?;
    let leads = call::channel(&cx.env, creator, &Authorise { key }).await?;
    let claim = Claim { publisher, source, key_version: leads.key_version };
    reply::json(200, &call::room(&cx.env, leads.stream, &claim).await?)
}

/// `GET /origin/v1/link/{id}/{epoch}`
pub(crate) async fn link(req: Request, cx: &Cx, stream: StreamId, epoch: Epoch) -> Reply {
    verify(&req, cx, "GET", "")?;
    let upgrade = req.headers().get("upgrade")?.unwrap_or_default();
    if req.method() != Method::Get || !upgrade.eq_ignore_ascii_case("websocket") {
        return Err(Failure::new(Code::Malformed, "This is a WebSocket: ask for an upgrade."));
    }
    call::upgrade::<ToRoom, ()>(&cx.env, &stream, &req, &format!("link/{}", epoch.0), None).await
}

/// A 401, unless the request comes from a node that holds the secret, and was signed about now.
fn verify(req: &Request, cx: &Cx, method: &str, body: &str) -> Result<(), Failure> {
    let (headers, url) = (req.headers(), req.url()?);
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let time = headers.get(node::TIME_HEADER)?.unwrap_or_default();
    let code = headers.get(node::CODE_HEADER)?.unwrap_or_default();
    if node::verify(&cx.secret("ORIGIN_SECRET")?, method, &path, &time, body, &code, cx.now) {
        Ok(())
    } else {
        Err(Failure::new(Code::TokenInvalid, "The request is not signed by a node of ours, or not lately."))
    }
}
