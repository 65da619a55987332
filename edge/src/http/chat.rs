//! Chat over HTTP.

use spillway_protocol::ids::StreamId;
use worker::Request;

use crate::{
    failure::Failure,
    shell::{Cx, Reply},
};

/// `POST /api/v1/streams/{id}/chat`
pub(crate) async fn send(_req: Request, _cx: &Cx, _stream: StreamId) -> Reply {
    Err(Failure::not_found())
}

/// `GET /api/v1/streams/{id}/chat`
pub(crate) async fn history(_req: Request, _cx: &Cx, _stream: StreamId) -> Reply {
    Err(Failure::not_found())
}
