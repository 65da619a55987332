//! Playlists, from a Relay.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use spillway_protocol::ids::StreamId;
use spillway_room::call::relay::{Playlist, Which};
use worker::{Request, ResponseBuilder};

use super::{access::cache_control, asks::Asks, directives};
use crate::{
    call::{self, RelayName},
    failure::Failure,
    shell::{Cx, Reply},
};

const CONTENT_TYPE: &str = "application/vnd.apple.mpegurl";
/// Our own page says by it that its viewer is counted by a socket.
const SOCKET_HEADER: &str = "spillway-socket";

/// Answers with a playlist.
pub(super) async fn serve(req: &Request, cx: &Cx, stream: StreamId, which: Which, proven: bool, asks: &Asks) -> Reply {
    let directives = directives::of(&which, req.url()?.query())?;
    let asked = Playlist { which, directives, proven, viewer: viewer(req, stream)? };
    let playlist = call::relay(&cx.env, &RelayName::near_request(stream, req), &asked).await?;
    let etag = etag(&playlist.text);
    let response = ResponseBuilder::new()
        .with_header("cache-control", &cache_control(&playlist.cache_control, proven))?
        .with_header("etag", &etag)?;
    if asks.has(&etag) {
        return Ok(response.with_status(304).empty());
    }
    Ok(response.with_header("content-type", CONTENT_TYPE)?.fixed(playlist.text.into_bytes()))
}

/// Whose player asks; `None` when a socket counts for it.
fn viewer(req: &Request, stream: StreamId) -> Result<Option<String>, Failure> {
    let headers = req.headers();
    if headers.has(SOCKET_HEADER)? {
        return Ok(None);
    }
    let address = headers.get("cf-connecting-ip")?.unwrap_or_default();
    let user_agent = headers.get("user-agent")?.unwrap_or_default();
    Ok(Some(call::fingerprint(stream, &address, &user_agent)))
}

fn etag(text: &str) -> String {
    let hash = Sha256::digest(text);
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(hash.get(..12).unwrap_or_default()))
}
