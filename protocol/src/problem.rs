//! Errors as clients see them: RFC 9457 problem details with a stable code.

use serde::{Deserialize, Serialize};

/// The media type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// A problem document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI for the kind of problem: `urn:spillway:problem:<code in lower case>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong this time, in words for a person.
    pub detail: String,
    /// The stable machine-readable code.
    pub code: Code,
    /// For `VALIDATION_FAILED`: which fields, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's name, with dots for nesting (`settings.delaySeconds`).
    pub field: String,
    /// What is wrong with it.
    pub code: FieldCode,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FieldCode {
    /// It is missing.
    Required,
    /// Fewer characters than it must have.
    TooShort,
    /// More characters than it may have.
    TooLong,
    /// Not of the form it must have.
    Invalid,
    /// A number outside its bounds.
    OutOfRange,
    /// Someone else has it.
    Taken,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $title:literal;)*) => {
        /// Every code a client can meet, over HTTP and in a room's `ERROR` frames.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// Its short title.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The request could not be read.
    Malformed = 400, "Malformed request";
    /// There is no token where one is needed.
    TokenMissing = 401, "Authentication required";
    /// The token is not one of ours.
    TokenInvalid = 401, "Invalid token";
    /// The token was good once.
    TokenExpired = 401, "Expired token";
    /// E-mail and password do not go together.
    CredentialsWrong = 401, "Wrong e-mail or password";
    /// The refresh token is not good (any more); sign in again.
    RefreshInvalid = 401, "Invalid refresh token";
    /// Known, and not allowed.
    Forbidden = 403, "Not allowed";
    /// Banned from this room.
    Banned = 403, "Banned";
    /// Chat is switched off.
    ChatDisabled = 403, "Chat is disabled";
    /// The proof in the URL does not open this stream.
    ProofInvalid = 403, "Invalid playback proof";
    /// The proof in the URL is over; join again.
    ProofExpired = 403, "Expired playback proof";
    /// Not there, or not yours to know of.
    NotFound = 404, "Not found";
    /// The path is there, the method is not.
    MethodNotAllowed = 405, "Method not allowed";
    /// It contradicts what is.
    Conflict = 409, "Conflict";
    /// The name is someone else's.
    UsernameTaken = 409, "Username taken";
    /// The address is registered.
    EmailTaken = 409, "E-mail taken";
    /// The stream has ended or was cancelled.
    StreamOver = 409, "The stream is over";
    /// The stream is not live.
    NotLive = 409, "The stream is not live";
    /// Another publisher holds the stream.
    PublisherActive = 409, "Already publishing";
    /// The same idempotency key came with another body.
    IdempotencyMismatch = 409, "Idempotency key reused";
    /// The body is larger than it may be.
    TooLarge = 413, "Too large";
    /// The body is not JSON by its type.
    UnsupportedMediaType = 415, "Unsupported media type";
    /// The range asked for is not within the object (RFC 9110, section 15.5.17).
    RangeNotSatisfiable = 416, "Range not satisfiable";
    /// Understood and refused; see `errors`.
    ValidationFailed = 422, "Validation failed";
    /// Too fast.
    RateLimited = 429, "Too many requests";
    /// The stream key opens nothing.
    KeyInvalid = 403, "Invalid stream key";
    /// The stream was ended a moment ago; press start to go on.
    KeyBlocked = 403, "Stream key blocked after end";
    /// Something of ours failed; the same request may work later.
    Internal = 500, "Internal error";
    /// Something of ours is not to be had now; try again.
    Unavailable = 503, "Temporarily unavailable";
}

impl Problem {
    /// A problem of `code`, with what was wrong this time.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let name = serde_json::to_value(code).ok().and_then(|v| v.as_str().map(str::to_ascii_lowercase));
        Self {
            kind: format!("urn:spillway:problem:{}", name.unwrap_or_default()),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code,
            errors: Vec::new(),
        }
    }

    /// `VALIDATION_FAILED` for these fields.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::ValidationFailed, "Some fields were refused; see errors.") }
    }
}
