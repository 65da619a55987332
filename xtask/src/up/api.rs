//! The edge's API, as far as setting up a demo takes it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Serialize, de::DeserializeOwned};
use spillway_protocol::problem::{Code, Problem};
use ureq::{Agent, Body, http::Response};

/// A client of one edge.
pub(super) struct Api {
    agent: Agent,
    url: String,
}

/// What the edge said.
pub(super) enum Answer<T> {
    Good(T),
    Refused(Problem),
}

impl<T> Answer<T> {
    /// The good answer; anything else is an error.
    pub(super) fn good(self) -> Result<T> {
        match self {
            Self::Good(value) => Ok(value),
            Self::Refused(problem) => bail!("the edge refused: {} ({:?})", problem.detail, problem.code),
        }
    }

    /// The good answer, or `None` when it was refused for this reason.
    pub(super) fn unless(self, code: Code) -> Result<Option<T>> {
        match self {
            Self::Refused(problem) if problem.code == code => Ok(None),
            other => other.good().map(Some),
        }
    }
}

impl Api {
    pub(super) fn of(url: String) -> Self {
        let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(20))).http_status_as_error(false);
        Self { agent: config.build().into(), url }
    }

    /// Posts a body, as a signed-in person if there is a token.
    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        body: &impl Serialize,
    ) -> Result<Answer<T>> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        read(path, request.send_json(body)?)
    }

    /// Gets a resource.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>> {
        read(path, self.agent.get(format!("{}{path}", self.url)).call()?)
    }

    /// Gets a text by its full URL; `None` when there is none (yet).
    pub(super) fn text(&self, url: &str) -> Option<String> {
        let mut response = self.agent.get(url).call().ok()?;
        if response.status() != 200 {
            return None;
        }
        response.body_mut().read_to_string().ok()
    }
}

fn read<T: DeserializeOwned>(path: &str, mut response: Response<Body>) -> Result<Answer<T>> {
    let status = response.status();
    let text = response.body_mut().read_to_string()?;
    let answer = if status.is_success() {
        serde_json::from_str(&text).map(Answer::Good)
    } else {
        serde_json::from_str(&text).map(Answer::Refused)
    };
    answer.with_context(|| format!("{path} answered {status} with what the contract does not know: {text}"))
}
