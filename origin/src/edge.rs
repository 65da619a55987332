//! The edge, as the origin sees it: who may publish, and where a stream's link is opened. Every request is signed.

use std::time::{Duration, SystemTime};

use backon::{ExponentialBuilder, Retryable};
use reqwest::{StatusCode, Url};
use spillway_protocol::{
    limits,
    link::{PublishReply, PublishRequest},
    node,
    problem::{Code, Problem},
    time::Timestamp,
};
use tokio_tungstenite::tungstenite::{self, client::IntoClientRequest, http};

use crate::{config::Secret, epoch::EpochKey};

const PUBLISH: &str = "/origin/v1/publish";
/// An encoder that waits longer than this for its answer gives up anyway.
const TIMEOUT: Duration = Duration::from_secs(8);

/// Why nobody may publish.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The edge says no.
    #[error("refused: {}", .0.title())]
    Refused(Code),
    /// The edge could not be asked, or does not take us for its node.
    #[error("the edge does not answer")]
    Unreachable(#[from] reqwest::Error),
    /// The edge answered with something else.
    #[error("the edge answered {0}, which means nothing here")]
    Unexpected(StatusCode),
    /// The request could not be written.
    #[error("the request could not be written")]
    Request(#[from] serde_json::Error),
}

impl Refusal {
    /// Whether the same request may work in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Unexpected(status) => status.is_server_error(),
            Self::Refused(code) => matches!(code, Code::Unavailable | Code::Internal),
            Self::Request(_) => false,
        }
    }
}

/// The edge.
pub(crate) struct Edge {
    base: Url,
    secret: Secret,
    http: reqwest::Client,
}

impl Edge {
    /// The edge at this URL, which holds the same secret.
    pub(crate) fn new(base: Url, secret: Secret) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).connect_timeout(Duration::from_secs(3)).build()?;
        Ok(Self { base, secret, http })
    }

    /// Asks whether a publisher may begin; again when the edge stumbles, which it recognises as the same request.
    pub(crate) async fn publish(&self, request: &PublishRequest) -> Result<PublishReply, Refusal> {
        let body = serde_json::to_string(request)?;
        let backoff = ExponentialBuilder::default().with_min_delay(Duration::from_millis(200)).with_max_times(2);
        let ask = || self.ask(body.clone());
        let asked = ask.retry(backoff).when(Refusal::is_passing);
        // The time limit is for all tries together.
        tokio::time::timeout(TIMEOUT, asked).await.unwrap_or(Err(Refusal::Unexpected(StatusCode::GATEWAY_TIMEOUT)))
    }

    async fn ask(&self, body: String) -> Result<PublishReply, Refusal> {
        let (time, code) = self.sign("POST", PUBLISH, &body);
        let mut url = self.base.clone();
        url.set_path(PUBLISH);
        let request = self
            .http
            .post(url)
            .header(node::TIME_HEADER, time)
            .header(node::CODE_HEADER, code)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body);
        let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > limits::BODY {
                return Err(Refusal::Unexpected(status));
            }
        }
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|_| Refusal::Unexpected(status));
        }
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => Err(Refusal::Refused(problem.code)),
            Err(_) => Err(Refusal::Unexpected(status)),
        }
    }

    /// The request that opens an epoch's link.
    pub(crate) fn link(&self, key: EpochKey) -> Result<http::Request<()>, tungstenite::Error> {
        let path = format!("/origin/v1/link/{}/{}", key.stream, key.epoch.0);
        let (time, code) = self.sign("GET", &path, "");
        // `ws` for `http`, `wss` for `https`.
        let address = self.base.as_str().trim_end_matches('/').replacen("http", "ws", 1);
        let mut request = format!("{address}{path}").into_client_request()?;
        request.headers_mut().insert(node::TIME_HEADER, http::HeaderValue::from_str(&time)?);
        request.headers_mut().insert(node::CODE_HEADER, http::HeaderValue::from_str(&code)?);
        Ok(request)
    }

    fn sign(&self, method: &str, path: &str, body: &str) -> (String, String) {
        let at = now();
        (at.millis().to_string(), node::sign(self.secret.reveal().as_bytes(), method, path, at, body))
    }
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
