//! The server itself, the room's socket, and playback.

use spillway_protocol::room::ServerFrame;

/// Says that the server answers.
#[utoipa::path(get, path = "/healthz", tag = "server", responses((status = 200, description = "It does.")))]
pub(super) fn health() {}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "server", responses((status = 200, description = "OpenAPI 3.1.")))]
pub(super) fn openapi() {}

/// The room's socket: frames of JSON text, `ClientFrame` from the client and `ServerFrame` to it. `join` hands out its URL.
#[utoipa::path(
    get,
    path = "/room/{id}",
    tag = "rooms",
    params(("id" = String, Path, description = "The stream.")),
    responses((status = 101, description = "Switched to a WebSocket: text frames, `ServerFrame` one way and `ClientFrame` the other.", body = ServerFrame))
)]
pub(super) fn room() {}

/// Playlists and media. `join` hands out the URL of the multivariant playlist; all others follow from it.
#[utoipa::path(
    get,
    path = "/play/{rest}",
    tag = "playback",
    params(("rest" = String, Path, description = "`public/<stream>/…` or `<proof>/<stream>/…`.")),
    responses(
        (status = 200, description = "An HLS playlist (RFC 8216bis) or media."),
        (status = 206, description = "A range of media."),
        (status = 403, description = "`PROOF_INVALID`, `PROOF_EXPIRED`."),
        (status = 404, description = "`NOT_FOUND`.")
    )
)]
pub(super) fn play() {}
