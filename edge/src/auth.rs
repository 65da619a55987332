//! Who makes a request.

use spillway_protocol::{api::Role, ids::UserId};

/// The person whose access token came with a request. Name and role are the token's, so they are at most as old as an
/// access token lives; no data is read for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person.
    pub user_id: UserId,
    /// Their name.
    pub username: String,
    /// `VIEWER` or `ADMIN`.
    pub role: Role,
}

/// Who makes a request: `None` without a token, a 401 with one that is not good.
#[cfg(target_arch = "wasm32")]
pub(crate) fn caller(req: &worker::Request, _cx: &crate::shell::Cx) -> Result<Option<Caller>, crate::failure::Failure> {
    let _ = req.headers().get("authorization")?;
    Ok(None)
}
