//! Replies and their headers.

use serde::Serialize;
use spillway_protocol::problem::{self, Code};
use worker::{Headers, Request, Response, ResponseBuilder};

use super::{Reply, random};
use crate::{failure::Failure, headers, route::Surface};

/// A JSON reply, not to be kept by caches.
pub(crate) fn json<T: Serialize>(status: u16, value: &T) -> Reply {
    let response = ResponseBuilder::new().with_status(status).with_header("cache-control", "no-store")?;
    Ok(response.from_json(value)?)
}

/// 204: done, and nothing to say.
pub(crate) fn no_content() -> Response {
    ResponseBuilder::new().with_status(204).empty()
}

/// A problem as RFC 9457 writes it.
pub(crate) fn problem(failure: &Failure) -> worker::Result<Response> {
    let problem = &failure.problem;
    let mut response = ResponseBuilder::new().with_status(problem.status).from_json(problem)?;
    let headers = response.headers_mut();
    headers.set("content-type", problem::CONTENT_TYPE)?;
    headers.set("cache-control", "no-store")?;
    if let Some(seconds) = failure.retry_after {
        headers.set("retry-after", &seconds.to_string())?;
    }
    if problem.status == 401 {
        // RFC 6750, section 3: the error is named only when a token came.
        let challenge = match problem.code {
            Code::TokenInvalid | Code::TokenExpired => "Bearer error=\"invalid_token\"",
            _ => "Bearer",
        };
        headers.set("www-authenticate", challenge)?;
    }
    Ok(response)
}

/// The answer to a browser that asks whether another site's page may make a call.
pub(crate) fn preflight(allow: &str, req: &Request) -> Reply {
    let requested = req.headers().get("access-control-request-headers")?;
    let response = ResponseBuilder::new()
        .with_status(204)
        .with_header("access-control-allow-methods", allow)?
        .with_header("access-control-allow-headers", headers::allowed(requested.as_deref()))?
        .with_header("vary", "access-control-request-headers")?
        .with_header("access-control-max-age", "86400")?;
    Ok(response.empty())
}

/// 405, naming the methods that are there.
pub(crate) fn not_allowed(allow: &str) -> Reply {
    let mut response = problem(&Failure::new(Code::MethodNotAllowed, format!("This path answers {allow}.")))?;
    response.headers_mut().set("allow", allow)?;
    Ok(response)
}

/// The request's name in the log and in its reply: Cloudflare's own where there is one.
pub(crate) fn request_id(req: &Request) -> String {
    let ray = req.headers().get("cf-ray").ok().flatten();
    ray.or_else(|| random::<8>().ok().map(|bytes| format!("{:016x}", u64::from_be_bytes(bytes)))).unwrap_or_default()
}

/// Gives a reply the headers of its surface. A socket's 101 passes as it is; a page keeps what stands beside its file, and is
/// told of https besides.
pub(crate) fn finish(response: Response, surface: Surface, scheme: &str, request_id: &str) -> worker::Result<Response> {
    if response.status_code() == 101 {
        return Ok(response);
    }
    // A reply that came from an object, from R2 or from the assets has headers that cannot be changed.
    let headers = Headers::new();
    for (name, value) in response.headers() {
        headers.append(&name, &value)?;
    }
    // A page comes with a policy of its own.
    if surface == Surface::Page && headers.has("content-security-policy")? {
        if let Some((name, value)) = headers::transport(scheme) {
            headers.set(name, value)?;
        }
    } else {
        headers.set("x-request-id", request_id)?;
        for (name, value) in headers::of(surface, scheme) {
            headers.set(name, value)?;
        }
    }
    Ok(response.with_headers(headers))
}
