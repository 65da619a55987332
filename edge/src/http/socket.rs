//! The room's socket.

use spillway_protocol::ids::StreamId;
use worker::Request;

use crate::{
    failure::Failure,
    shell::{Cx, Reply},
};

/// `GET /room/{id}`
pub(crate) async fn connect(_req: Request, _cx: &Cx, _stream: StreamId) -> Reply {
    Err(Failure::not_found())
}
