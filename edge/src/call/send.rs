//! How a call travels.

use std::{fmt::Write as _, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use spillway_protocol::problem::Problem;
use worker::{Env, Headers, Method, Request, RequestInit, Response};

use super::{Call, ChannelName, Object, PROMPT, RelayName, ToChannel, ToRelay, ToRoom};
use crate::{
    asking::{self, Twice, within},
    failure::Failure,
};

/// Asks the Room of a stream.
pub(crate) async fn room<C: Call<To = ToRoom>>(
    env: &Env,
    stream: spillway_protocol::ids::StreamId,
    call: &C,
) -> Result<C::Reply, Failure> {
    ask(env, &stream, call).await
}

/// Asks the Channel of a creator.
pub(crate) async fn channel<C: Call<To = ToChannel>>(
    env: &Env,
    creator: ChannelName,
    call: &C,
) -> Result<C::Reply, Failure> {
    ask(env, &creator, call).await
}

/// Asks a Relay.
pub(crate) async fn relay<C: Call<To = ToRelay>>(env: &Env, name: &RelayName, call: &C) -> Result<C::Reply, Failure> {
    ask(env, name, call).await
}

/// Asks an object; a second time when no answer came and that does no harm.
async fn ask<C: Call>(env: &Env, name: &<C::To as Object>::Name, call: &C) -> Result<C::Reply, Failure> {
    let body = serde_json::to_string(call).map_err(Failure::internal)?;
    let unheard = |failed: &Failed| matches!(failed, Failed::Unheard(_));
    let answer = asking::ask(C::TWICE, unheard, async || once::<C>(env, name, &body).await).await;
    answer.map_err(|failed| match failed {
        Failed::Refused(problem, retry_after) => Failure { retry_after, ..problem.into() },
        Failed::Unheard(cause) => Failure::unavailable(format!("{} {name}: {}: {cause}", C::To::BINDING, C::NAME)),
    })
}

/// Why there is no reply.
enum Failed {
    /// The object said why, and how many seconds to wait, where waiting helps.
    Refused(Problem, Option<u32>),
    /// It said nothing, or nothing that can be read.
    Unheard(String),
}

impl From<worker::Error> for Failed {
    fn from(error: worker::Error) -> Self {
        Self::Unheard(error.to_string())
    }
}

async fn once<C: Call>(env: &Env, name: &<C::To as Object>::Name, body: &str) -> Result<C::Reply, Failed> {
    let request = Request::new_with_init(
        &format!("https://object/{}", C::NAME),
        RequestInit::new().with_method(Method::Post).with_body(Some(body.into())),
    )?;
    let mut response = in_time(C::LIMIT, fetch::<C::To>(env, name, request)).await?;
    let text = in_time(PROMPT, response.text()).await?;
    if response.status_code() == 200 {
        return read(&text);
    }
    let wait = response.headers().get("retry-after")?.and_then(|seconds| seconds.parse().ok());
    Err(Failed::Refused(read(&text)?, wait))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failed> {
    serde_json::from_str(text).map_err(|e| Failed::Unheard(format!("unreadable reply: {e}")))
}

/// Hands an upgrade on to an object, with a header of its own as JSON. The reply is the object's.
pub(crate) async fn upgrade<O: Object, H: Serialize>(
    env: &Env,
    name: &O::Name,
    request: &Request,
    path: &str,
    head: Option<(&str, &H)>,
) -> Result<Response, Failure> {
    let headers = Headers::new();
    headers.set("upgrade", "websocket")?;
    if let Some(offered) = request.headers().get("sec-websocket-protocol")? {
        headers.set("sec-websocket-protocol", &offered)?;
    }
    if let Some((header, value)) = head {
        // A header is Latin-1; a name need not be.
        headers.set(header, &ascii_json(value).map_err(Failure::internal)?)?;
    }
    // A socket that was opened and never came back here is silent, and closed as such.
    let fetched = asking::ask(
        Twice::Harmless,
        |_| true,
        async || {
            let url = format!("https://object/{path}");
            let init = RequestInit { headers: headers.clone(), ..RequestInit::default() };
            in_time(PROMPT, fetch::<O>(env, name, Request::new_with_init(&url, &init)?)).await
        },
    );
    fetched.await.map_err(|e| Failure::unavailable(format!("{} {name}: {path}: {e}", O::BINDING)))
}

/// JSON in ASCII alone: all else is escaped (RFC 8259, section 7).
fn ascii_json<T: Serialize>(value: &T) -> serde_json::Result<String> {
    let text = serde_json::to_string(value)?;
    let mut out = String::with_capacity(text.len());
    let mut units = [0; 2];
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    Ok(out)
}

async fn fetch<O: Object>(env: &Env, name: &O::Name, request: Request) -> worker::Result<Response> {
    let stub = env.durable_object(O::BINDING)?.get_by_name(&name.to_string())?;
    stub.fetch_with_request(request).await
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = worker::Result<T>>) -> worker::Result<T> {
    within(limit, work).await.map_err(|late| worker::Error::RustError(late.to_string()))?
}
