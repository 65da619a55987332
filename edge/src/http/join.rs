//! Joining a stream: who may watch, and by which URLs.

use spillway_protocol::ids::StreamId;
use worker::Request;

use crate::{
    failure::Failure,
    shell::{Cx, Reply},
};

/// `POST /api/v1/streams/{id}/join`
pub(crate) async fn join(_req: Request, _cx: &Cx, _stream: StreamId) -> Reply {
    Err(Failure::not_found())
}
