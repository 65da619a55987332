//! Streams.

use spillway_protocol::ids::StreamId;
use worker::Request;

use crate::{
    failure::Failure,
    shell::{Cx, Reply},
};

/// `GET /api/v1/streams`
pub(crate) async fn list(_req: Request, _cx: &Cx) -> Reply {
    Err(Failure::not_found())
}

/// `POST /api/v1/streams`
pub(crate) async fn create(_req: Request, _cx: &Cx) -> Reply {
    Err(Failure::not_found())
}

/// `GET /api/v1/streams/{id}`
pub(crate) async fn read(_req: Request, _cx: &Cx, _stream: StreamId) -> Reply {
    Err(Failure::not_found())
}

/// `PATCH /api/v1/streams/{id}`
pub(crate) async fn update(_req: Request, _cx: &Cx, _stream: StreamId) -> Reply {
    Err(Failure::not_found())
}

/// `DELETE /api/v1/streams/{id}`
pub(crate) async fn cancel(_req: Request, _cx: &Cx, _stream: StreamId) -> Reply {
    Err(Failure::not_found())
}

/// `POST /api/v1/streams/{id}/start`
pub(crate) async fn start(_req: Request, _cx: &Cx, _stream: StreamId) -> Reply {
    Err(Failure::not_found())
}

/// `POST /api/v1/streams/{id}/key`
pub(crate) async fn rotate_key(_req: Request, _cx: &Cx, _stream: StreamId) -> Reply {
    Err(Failure::not_found())
}

/// `POST /api/v1/streams/{id}/end`
pub(crate) async fn end(_req: Request, _cx: &Cx, _stream: StreamId) -> Reply {
    Err(Failure::not_found())
}
