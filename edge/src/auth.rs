//! Who makes a request: passwords, access tokens, refresh tokens. Time, secrets and randomness come from the caller.

pub mod credentials;
mod hs256;
pub mod password;
pub mod refresh;
pub mod token;
pub mod turns;

use spillway_protocol::{api::Role, ids::UserId};

/// The person whose access token came with a request. Name and role are the token's, so they are at most as old as an
/// access token lives (15 minutes), and no data is read for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person.
    pub user_id: UserId,
    /// Their name.
    pub username: String,
    /// `VIEWER` or `ADMIN`.
    pub role: Role,
}
