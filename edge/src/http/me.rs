//! The signed-in person.

use worker::Request;

use crate::{
    failure::Failure,
    shell::{Cx, Reply},
};

/// `GET /api/v1/me`
pub(crate) async fn read(_req: Request, _cx: &Cx) -> Reply {
    Err(Failure::not_found())
}

/// `PATCH /api/v1/me`
pub(crate) async fn update(_req: Request, _cx: &Cx) -> Reply {
    Err(Failure::not_found())
}
