//! Reading a request's body: never more of it than it may have, and not for longer than it may take.

use std::time::Duration;

use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use spillway_protocol::{limits, problem::Code};
use worker::Request;

use crate::{asking::within, failure::Failure, json};

/// The body as JSON of type `T`.
pub(crate) async fn json<T: DeserializeOwned>(req: &mut Request) -> Result<T, Failure> {
    Ok(json::parse(&json_bytes(req).await?)?)
}

/// The body's bytes, when the request says that they are JSON.
pub(crate) async fn json_bytes(req: &mut Request) -> Result<Vec<u8>, Failure> {
    let content_type = req.headers().get("content-type")?.unwrap_or_default();
    if !json::is_json(&content_type) {
        return Err(Failure::new(Code::UnsupportedMediaType, "The body's content type must be application/json."));
    }
    bytes(req, limits::BODY).await
}

/// The body, up to `limit` bytes. A `Content-Length` above it is refused unread; one that lies is found out while reading.
pub(crate) async fn bytes(req: &mut Request, limit: usize) -> Result<Vec<u8>, Failure> {
    let too_large = || Failure::new(Code::TooLarge, format!("The body may have at most {limit} bytes."));
    let announced = req.headers().get("content-length")?.and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    if req.inner().body().is_none() {
        return Ok(Vec::new());
    }
    let arrived = within(Duration::from_millis(limits::BODY_MS), arriving(req, announced, limit)).await;
    let body = arrived.map_err(|_| Failure::new(Code::Malformed, "The body did not arrive in time."))??;
    body.ok_or_else(too_large)
}

/// The body; `None` when it is longer than `limit`.
async fn arriving(req: &mut Request, announced: Option<usize>, limit: usize) -> Result<Option<Vec<u8>>, Failure> {
    let mut stream = req.stream()?;
    let mut body = Vec::with_capacity(announced.unwrap_or(0));
    while let Some(chunk) = stream.next().await {
        // A client that goes away in the middle is no fault of ours.
        let chunk = chunk.map_err(|_| Failure::new(Code::Malformed, "The body ended before it was whole."))?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
