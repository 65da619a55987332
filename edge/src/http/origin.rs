//! What origins ask, signed.

use spillway_protocol::{ids::StreamId, media::Epoch};
use worker::Request;

use crate::{
    failure::Failure,
    shell::{Cx, Reply},
};

/// `POST /origin/v1/publish`
pub(crate) async fn publish(_req: Request, _cx: &Cx) -> Reply {
    Err(Failure::not_found())
}

/// `GET /origin/v1/link/{id}/{epoch}`
pub(crate) async fn link(_req: Request, _cx: &Cx, _stream: StreamId, _epoch: Epoch) -> Reply {
    Err(Failure::not_found())
}
