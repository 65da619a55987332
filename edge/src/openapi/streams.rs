//! Streams and their chat.

use spillway_protocol::{
    api::{
        CreateStream, EndReply, JoinReply, KeyReply, Page, SendChat, SendChatReply, StartReply, Stream, StreamStatus,
        UpdateStream,
    },
    room::ServerFrame,
};

/// Browse and search: live ones first, then scheduled, then ended; of each the newest first. Cancelled ones are listed only when asked
/// for.
#[utoipa::path(
    get,
    path = "/api/v1/streams",
    tag = "streams",
    params(
        ("q" = Option<String>, Query, description = "Words that must all occur in title, description or creator's name."),
        ("status" = Option<StreamStatus>, Query, description = "Only these."),
        ("creator" = Option<String>, Query, description = "Only this person's."),
        ("cursor" = Option<String>, Query, description = "The `nextCursor` of the page before."),
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given.", minimum = 1, maximum = 100)
    ),
    responses(
        (status = 200, description = "A page.", body = Page<Stream>),
        (status = 422, description = "`VALIDATION_FAILED`: a parameter was refused; see `errors`.")
    )
)]
pub(super) fn list() {}

/// Makes a stream.
#[utoipa::path(
    post,
    path = "/api/v1/streams",
    tag = "streams",
    security(("accessToken" = [])),
    params(("idempotency-key" = Option<String>, Header, description = "The same key gives the same reply for a day.")),
    request_body = CreateStream,
    responses(
        (status = 201, description = "Made.", body = Stream),
        (status = 409, description = "`IDEMPOTENCY_MISMATCH`: the key came with another body before.")
    )
)]
pub(super) fn create() {}

/// A stream. Cancelled ones can be read by all who know of them.
#[utoipa::path(
    get,
    path = "/api/v1/streams/{id}",
    tag = "streams",
    params(("id" = String, Path, description = "The stream.")),
    responses((status = 200, description = "It.", body = Stream))
)]
pub(super) fn read() {}

/// Changes a stream; its creator and admins may.
#[utoipa::path(
    patch,
    path = "/api/v1/streams/{id}",
    tag = "streams",
    security(("accessToken" = [])),
    params(("id" = String, Path, description = "The stream.")),
    request_body = UpdateStream,
    responses(
        (status = 200, description = "It, changed.", body = Stream),
        (status = 403, description = "`FORBIDDEN`: it is someone else's."),
        (status = 409, description = "`STREAM_OVER`: it has ended or was cancelled.")
    )
)]
pub(super) fn update() {}

/// Calls a scheduled stream off; its creator and admins may.
#[utoipa::path(
    delete,
    path = "/api/v1/streams/{id}",
    tag = "streams",
    security(("accessToken" = [])),
    params(("id" = String, Path, description = "The stream.")),
    responses(
        (status = 204, description = "Called off, now or before."),
        (status = 403, description = "`FORBIDDEN`: it is someone else's."),
        (status = 409, description = "`CONFLICT`: it is live, end it. `STREAM_OVER`: it has ended.")
    )
)]
pub(super) fn cancel() {}

/// Arms the creator's source for this stream and says what to put into the encoder. The stream is live when media arrives, not before.
#[utoipa::path(
    post,
    path = "/api/v1/streams/{id}/start",
    tag = "streams",
    security(("accessToken" = [])),
    params(("id" = String, Path, description = "The stream.")),
    responses(
        (status = 200, description = "What to put into the encoder.", body = StartReply),
        (status = 403, description = "`FORBIDDEN`: it is someone else's."),
        (status = 409, description = "`STREAM_OVER`: it has ended or was cancelled.")
    )
)]
pub(super) fn start() {}

/// Rotates the key of the stream's source; whoever publishes with the old one is dropped.
#[utoipa::path(
    post,
    path = "/api/v1/streams/{id}/key",
    tag = "streams",
    security(("accessToken" = [])),
    params(("id" = String, Path, description = "The stream.")),
    responses(
        (status = 200, description = "The new key.", body = KeyReply),
        (status = 403, description = "`FORBIDDEN`: it is someone else's.")
    )
)]
pub(super) fn rotate_key() {}

/// Whether the caller may watch, and by which URLs. A public stream needs no token.
#[utoipa::path(
    post,
    path = "/api/v1/streams/{id}/join",
    tag = "streams",
    security((), ("accessToken" = [])),
    params(("id" = String, Path, description = "The stream.")),
    responses(
        (status = 200, description = "Granted or not.", body = JoinReply),
        (status = 429, description = "`RATE_LIMITED`: see `Retry-After`.")
    )
)]
pub(super) fn join() {}

/// Ends a live stream; its creator and admins may. The encoder is let go, and refused for 2 minutes or until the next `start`.
/// One that has ended gives the same figures again.
#[utoipa::path(
    post,
    path = "/api/v1/streams/{id}/end",
    tag = "streams",
    security(("accessToken" = [])),
    params(("id" = String, Path, description = "The stream.")),
    responses(
        (status = 200, description = "Ended, now or before.", body = EndReply),
        (status = 403, description = "`FORBIDDEN`: it is someone else's."),
        (status = 409, description = "`NOT_LIVE`: it was never live. `STREAM_OVER`: it was cancelled.")
    )
)]
pub(super) fn end() {}

/// Sends a line of chat or a reaction.
#[utoipa::path(
    post,
    path = "/api/v1/streams/{id}/chat",
    tag = "rooms",
    security(("accessToken" = [])),
    params(
        ("id" = String, Path, description = "The stream."),
        ("idempotency-key" = Option<String>, Header, description = "Stands in for a missing `clientId`: within 10 minutes the same key makes one line, the first.")
    ),
    request_body = SendChat,
    responses(
        (status = 201, description = "Taken.", body = SendChatReply),
        (status = 403, description = "`BANNED`, `CHAT_DISABLED`."),
        (status = 429, description = "`RATE_LIMITED`: see `Retry-After`.")
    )
)]
pub(super) fn send_chat() {}

/// A room's history, newest page first, oldest line first within a page.
#[utoipa::path(
    get,
    path = "/api/v1/streams/{id}/chat",
    tag = "rooms",
    security((), ("accessToken" = [])),
    params(
        ("id" = String, Path, description = "The stream."),
        ("cursor" = Option<String>, Query, description = "The `nextCursor` of the page before."),
        ("before" = Option<String>, Query, description = "The same by another name; `cursor` wins."),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 unless given.", minimum = 1, maximum = 100)
    ),
    responses((status = 200, description = "A page.", body = Page<ServerFrame>))
)]
pub(super) fn chat_history() {}
