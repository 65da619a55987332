//! What the server says of itself.

use std::time::Duration;

use serde_json::json;
use worker::{Request, RequestInit, Response};

use crate::{
    asking::within,
    failure::Failure,
    shell::{Cx, Reply, reply},
};

/// How long the assets may take.
const LIMIT: Duration = Duration::from_secs(5);

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

/// Everything else: the one document that all pages are made in, also the one that says that there is no such page.
pub(crate) async fn page(req: Request, cx: &Cx, there: bool) -> Reply {
    let mut url = req.url()?;
    url.set_path("/");
    url.set_query(None);
    let init = RequestInit { headers: req.headers().clone(), method: req.method(), ..RequestInit::default() };
    let document = Request::new_with_init(url.as_str(), &init)?;
    let assets = cx.env.assets("ASSETS")?;
    let response = within(LIMIT, assets.fetch_request(document)).await.map_err(Failure::unavailable)??;
    Ok(if there { response } else { response.with_status(404) })
}
