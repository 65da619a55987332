//! Calls as they arrive, and their replies.

use serde::Serialize;
use worker::{Request, Response, console_error};

use crate::{call::Call, failure::Failure, shell::reply};

/// A call that arrived.
pub(super) struct Asked {
    /// Which one.
    pub(super) name: String,
    body: String,
}

impl Asked {
    pub(super) async fn read(mut req: Request) -> Result<Self, Failure> {
        let name = req.path().trim_start_matches('/').to_owned();
        Ok(Self { name, body: req.text().await? })
    }

    /// Its words.
    pub(super) fn words<C: Call>(&self) -> Result<C, Failure> {
        serde_json::from_str(&self.body).map_err(|e| Failure::internal(format!("{}: {e}", C::NAME)))
    }

    /// Nobody takes it.
    pub(super) fn unknown(&self) -> Failure {
        Failure::internal(format!("there is no call {}", self.name))
    }
}

/// The reply to a call.
pub(super) fn answer<T: Serialize>(value: &T) -> Result<Response, Failure> {
    Ok(Response::from_json(value)?)
}

/// What goes out in the end. The cause of a failure stays in this object's log.
pub(super) fn finish(answered: Result<Response, Failure>) -> worker::Result<Response> {
    answered.or_else(|failure| {
        if let Some(cause) = &failure.cause {
            console_error!("{cause}");
        }
        reply::problem(&failure)
    })
}
