//! People.

use spillway_protocol::api::{Login, Me, Refresh, Register, Session, UpdateMe};

/// Makes an account and signs in.
#[utoipa::path(
    post,
    path = "/api/v1/auth/register",
    tag = "people",
    request_body = Register,
    responses(
        (status = 201, description = "Registered and signed in.", body = Session),
        (status = 409, description = "`USERNAME_TAKEN`, `EMAIL_TAKEN`."),
        (status = 429, description = "`RATE_LIMITED`: see `Retry-After`.")
    )
)]
pub(super) fn register() {}

/// Signs in.
#[utoipa::path(
    post,
    path = "/api/v1/auth/login",
    tag = "people",
    request_body = Login,
    responses(
        (status = 200, description = "Signed in.", body = Session),
        (status = 401, description = "`CREDENTIALS_WRONG`."),
        (status = 429, description = "`RATE_LIMITED`: see `Retry-After`.")
    )
)]
pub(super) fn login() {}

/// Trades a refresh token for a new pair. The old one is spent: for 10 s it still gives the same reply (two tabs at once),
/// after that it ends the whole family.
#[utoipa::path(
    post,
    path = "/api/v1/auth/refresh",
    tag = "people",
    request_body = Refresh,
    responses(
        (status = 200, description = "A new pair.", body = Session),
        (status = 401, description = "`REFRESH_INVALID`: sign in again."),
        (status = 429, description = "`RATE_LIMITED`: see `Retry-After`.")
    )
)]
pub(super) fn refresh() {}

/// Signs out: the refresh token's family is over.
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout",
    tag = "people",
    request_body = Refresh,
    responses((status = 204, description = "Signed out, now or before."))
)]
pub(super) fn logout() {}

/// The signed-in person.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    tag = "people",
    security(("accessToken" = [])),
    responses((status = 200, description = "You.", body = Me))
)]
pub(super) fn me() {}

/// Changes the signed-in person. Access tokens handed out before keep the old name until they end.
#[utoipa::path(
    patch,
    path = "/api/v1/me",
    tag = "people",
    security(("accessToken" = [])),
    request_body = UpdateMe,
    responses(
        (status = 200, description = "You, changed.", body = Me),
        (status = 409, description = "`USERNAME_TAKEN`.")
    )
)]
pub(super) fn update_me() {}
