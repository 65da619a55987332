//! Signing in and out.

use worker::Request;

use crate::{
    failure::Failure,
    shell::{Cx, Reply},
};

/// `POST /api/v1/auth/register`
pub(crate) async fn register(_req: Request, _cx: &Cx) -> Reply {
    Err(Failure::not_found())
}

/// `POST /api/v1/auth/login`
pub(crate) async fn login(_req: Request, _cx: &Cx) -> Reply {
    Err(Failure::not_found())
}

/// `POST /api/v1/auth/refresh`
pub(crate) async fn refresh(_req: Request, _cx: &Cx) -> Reply {
    Err(Failure::not_found())
}

/// `POST /api/v1/auth/logout`
pub(crate) async fn logout(_req: Request, _cx: &Cx) -> Reply {
    Err(Failure::not_found())
}
