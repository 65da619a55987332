//! Why a request was not answered as asked: what the client is told, and what only the log is.

use spillway_protocol::problem::{Code, FieldCode, FieldError, Problem};

/// A reply that is a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the client is told.
    pub problem: Box<Problem>,
    /// Seconds to wait, where waiting helps.
    pub retry_after: Option<u32>,
    /// What the log is told, when it is for us to act.
    pub cause: Option<String>,
}

impl Failure {
    /// A problem of `code`, with what was wrong this time in words for a person.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem::new(code, detail).into()
    }

    /// Something of ours failed: the client learns no more than that.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let problem = Problem::new(Code::Internal, "Something went wrong on our side.");
        Self { cause: Some(cause.to_string()), ..problem.into() }
    }

    /// Something of ours did not answer in time.
    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        let problem = Problem::new(Code::Unavailable, "Something on our side did not answer in time; try again.");
        Self { cause: Some(cause.to_string()), retry_after: Some(1), ..problem.into() }
    }

    /// Too fast: to be tried again after so many seconds.
    pub fn rate_limited(retry_after: u32) -> Self {
        let problem = Problem::new(Code::RateLimited, format!("Try again in {retry_after} s."));
        Self { retry_after: Some(retry_after), ..problem.into() }
    }

    /// `NOT_FOUND`.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing here by that name, or it is not yours to know of.")
    }

    /// One field was refused.
    pub fn field(field: &str, code: FieldCode) -> Self {
        Problem::validation(vec![FieldError { field: field.to_owned(), code }]).into()
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), retry_after: None, cause: None }
    }
}

#[cfg(target_arch = "wasm32")]
impl From<worker::Error> for Failure {
    fn from(error: worker::Error) -> Self {
        Self::internal(error)
    }
}
