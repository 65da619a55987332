//! Media, from this data centre's cache or from R2. Its bytes never pass through wasm.

use std::time::Duration;

use spillway_protocol::{
    ids::StreamId,
    media::{MediaObject, ObjectName},
    problem::Code,
};
use spillway_room::call::relay::Await;
use worker::{Bucket, Cache, Headers, Object, Range, Request, Response, ResponseBuilder};

use super::{
    access::cache_control,
    asks::{Answer, Asks},
};
use crate::{
    asking::{self, Twice, within},
    call::{self, RelayName},
    failure::Failure,
    shell::{Cx, Reply, reply},
};

/// A key is written once: what lies under it never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// How long the cache may take; without it R2 is asked.
const CACHE_LIMIT: Duration = Duration::from_secs(1);
/// How long R2 may take to begin its answer.
const R2_LIMIT: Duration = Duration::from_secs(5);

/// Answers with a media object; whoever asks may have it.
pub(super) async fn serve(
    req: &Request,
    cx: &Cx,
    stream: StreamId,
    media: &MediaObject,
    proven: bool,
    asks: &Asks,
) -> Reply {
    let cached_as = cache_key(req, stream, media)?;
    let cache = Cache::default();
    if !asks.wants_range()
        && let Ok(Ok(Some(hit))) = within(CACHE_LIMIT, cache.get(&cached_as, false)).await
    {
        return from_cache(hit, proven, asks);
    }
    let bucket = cx.env.bucket("MEDIA")?;
    let key = media.key(stream);
    let read = async || {
        if !asks.is_plain() {
            return partly(&bucket, &key, media, proven, asks).await;
        }
        let object = read(&bucket, &key, None).await?;
        let mut response = with_body(&object, headers(&object, media, false)?, 200)?;
        let kept = response.cloned()?;
        let (cache, cached_as) = (Cache::default(), cached_as.clone());
        cx.ctx.wait_until(async move {
            // A cache that cannot keep it costs a read of R2 next time, nothing else.
            let _ = cache.put(cached_as, kept).await;
        });
        with_cache_control(response, proven)
    };
    match read().await {
        Err(missing) if is_part(media) && missing.problem.code == Code::NotFound => {
            // A part that is hinted at is answered when it comes.
            let call = Await { part: media.clone() };
            let awaited = call::relay(&cx.env, &RelayName::near_request(stream, req), &call).await?;
            if awaited.listed { read().await } else { Err(missing) }
        }
        reply => reply,
    }
}

fn is_part(media: &MediaObject) -> bool {
    matches!(media.name, ObjectName::Part(..))
}

/// Looks first at what lies there, then at what of it is needed.
async fn partly(bucket: &Bucket, key: &str, media: &MediaObject, proven: bool, asks: &Asks) -> Reply {
    let found = r2(async || bucket.head(key).await).await?;
    let size = found.size();
    let headers = headers(&found, media, proven)?;
    match asks.answer(size, &found.http_etag()) {
        Answer::NotModified => Ok(ResponseBuilder::new().with_status(304).with_headers(headers).empty()),
        Answer::NoSuchRange => {
            let failure = Failure::new(Code::RangeNotSatisfiable, format!("There are {size} bytes."));
            let mut response = reply::problem(&failure)?;
            response.headers_mut().set("content-range", &format!("bytes */{size}"))?;
            Ok(response)
        }
        Answer::Whole if asks.head => {
            headers.set("content-length", &size.to_string())?;
            Ok(ResponseBuilder::new().with_headers(headers).empty())
        }
        Answer::Whole => with_body(&read(bucket, key, None).await?, headers, 200),
        Answer::Part { first, last } => {
            let length = last.saturating_sub(first).saturating_add(1);
            headers.set("content-range", &format!("bytes {first}-{last}/{size}"))?;
            with_body(&read(bucket, key, Some((first, length))).await?, headers, 206)
        }
    }
}

async fn read(bucket: &Bucket, key: &str, range: Option<(u64, u64)>) -> Result<Object, Failure> {
    r2(async || {
        let get = bucket.get(key);
        let get = match range {
            Some((offset, length)) => get.range(Range::OffsetWithLength { offset, length }),
            None => get,
        };
        get.execute().await
    })
    .await
}

/// Asks R2 for an object, once more when no answer came.
async fn r2(ask: impl AsyncFn() -> worker::Result<Option<Object>>) -> Result<Object, Failure> {
    let once = async || match within(R2_LIMIT, ask()).await {
        Ok(answer) => answer.map_err(Failure::unavailable),
        Err(late) => Err(Failure::unavailable(format!("R2: {late}"))),
    };
    asking::ask(Twice::Harmless, |_| true, once).await?.ok_or_else(Failure::not_found)
}

/// The same for everyone who may have it, so that the proof is not part of the key.
fn cache_key(req: &Request, stream: StreamId, media: &MediaObject) -> Result<String, Failure> {
    let origin = req.url()?.origin().ascii_serialization();
    Ok(format!("{origin}/play/public/{stream}/{}", media.path()))
}

fn from_cache(hit: Response, proven: bool, asks: &Asks) -> Reply {
    let etag = hit.headers().get("etag")?.unwrap_or_default();
    let response = with_cache_control(hit, proven)?;
    if asks.has(&etag) {
        let headers = Headers::new();
        for name in ["cache-control", "etag"] {
            if let Some(value) = response.headers().get(name)? {
                headers.set(name, &value)?;
            }
        }
        return Ok(ResponseBuilder::new().with_status(304).with_headers(headers).empty());
    }
    Ok(response)
}

fn with_cache_control(response: Response, proven: bool) -> Reply {
    // A cached reply's own headers cannot be changed.
    let headers = Headers::new();
    for (name, value) in response.headers() {
        headers.append(&name, &value)?;
    }
    headers.set("cache-control", &cache_control(FOREVER, proven))?;
    Ok(response.with_headers(headers))
}

fn headers(object: &Object, media: &MediaObject, proven: bool) -> Result<Headers, Failure> {
    let headers = Headers::new();
    headers.set("content-type", media.content_type())?;
    headers.set("cache-control", &cache_control(FOREVER, proven))?;
    headers.set("etag", &object.http_etag())?;
    headers.set("accept-ranges", "bytes")?;
    Ok(headers)
}

fn with_body(object: &Object, headers: Headers, status: u16) -> Reply {
    let body = object.body().ok_or_else(|| Failure::internal("R2 gave an object without a body"))?;
    Ok(ResponseBuilder::new().with_status(status).with_headers(headers).body(body.response_body()?))
}
