//! What the server says of itself.

use serde_json::json;
use worker::Response;

use crate::shell::{Cx, Reply, reply};

/// `GET /healthz`: the Worker answers.
pub(crate) fn health() -> Reply {
    reply::json(200, &json!({"status": "ok"}))
}

/// `GET /openapi.json`: the API's own description.
pub(crate) fn openapi() -> Reply {
    let mut response = Response::ok(include_str!("../../openapi.json"))?;
    response.headers_mut().set("content-type", "application/json")?;
    Ok(response)
}

/// Everything else: the pages and their files.
pub(crate) async fn page(req: worker::Request, cx: &Cx) -> Reply {
    Ok(cx.env.assets("ASSETS")?.fetch_request(req).await?)
}
