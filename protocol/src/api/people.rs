//! People: who they are and how they sign in.

use serde::{Deserialize, Serialize};

use crate::{ids::UserId, time::Timestamp};

/// What someone may do. `Creator` and `Moderator` hold within a stream's room; `Admin` everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Anyone.
    Viewer,
    /// The stream's own creator.
    Creator,
    /// A moderator of the creator's rooms.
    Moderator,
    /// Runs the platform.
    Admin,
}

/// The body of `POST /api/v1/auth/register`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Register {
    /// 3 to 30 of letters, digits, `_` and `-`.
    pub username: String,
    /// An e-mail address.
    pub email: String,
    /// 8 to 128 characters.
    pub password: String,
}

/// The body of `POST /api/v1/auth/login`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Login {
    /// The address given at registration, in any case.
    pub email: String,
    /// The password.
    pub password: String,
}

/// The body of `POST /api/v1/auth/refresh` and `…/logout`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refresh {
    /// The newest refresh token.
    pub refresh_token: String,
}

/// The reply to registering, logging in and refreshing.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Who signed in.
    pub user: Me,
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// For the next refresh; the old one is spent.
    pub refresh_token: String,
    /// The access token's life in seconds.
    pub expires_in: u32,
}

/// The signed-in person, to themself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub username: String,
    /// Their address.
    pub email: String,
    /// `VIEWER` or `ADMIN`.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
}

/// The body of `PATCH /api/v1/me`: what is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateMe {
    /// 3 to 30 of letters, digits, `_` and `-`.
    pub username: Option<String>,
}

/// A person, to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub username: String,
}
