//! The API's client. It holds every reply to what all replies promise.

use std::time::Duration;

use reqwest::{
    Client, Method, RequestBuilder, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
    redirect,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use spillway_protocol::problem::{self, Code, Problem};

use crate::Person;

/// A client of one edge.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    url: String,
}

impl Api {
    /// The client of the edge at `url`.
    pub fn of(url: String) -> Self {
        let client = Client::builder().timeout(Duration::from_secs(30)).redirect(redirect::Policy::none());
        Self { client: client.build().unwrap(), url }
    }

    /// The edge's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A call of any method to a path, or to a full URL.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        Call { request: self.client.request(method, url) }
    }

    /// `GET`.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// `POST` with a JSON body.
    pub fn post(&self, path: &str, body: impl Serialize) -> Call {
        self.call(Method::POST, path).json(body)
    }

    /// `PATCH` with a JSON body.
    pub fn patch(&self, path: &str, body: impl Serialize) -> Call {
        self.call(Method::PATCH, path).json(body)
    }

    /// `DELETE`.
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }
}

/// A call that was not sent yet.
#[derive(Debug)]
pub struct Call {
    request: RequestBuilder,
}

impl Call {
    /// As this person.
    pub fn by(self, person: &Person) -> Self {
        self.bearer(&person.access_token)
    }

    /// With this access token.
    pub fn bearer(self, token: &str) -> Self {
        Self { request: self.request.bearer_auth(token) }
    }

    /// With a JSON body.
    pub fn json(self, body: impl Serialize) -> Self {
        Self { request: self.request.json(&body) }
    }

    /// With a body of any type.
    pub fn body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        Self { request: self.request.header(CONTENT_TYPE, content_type).body(body) }
    }

    /// With a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value) }
    }

    /// Sends it. Whatever comes back must be what every reply promises: no 5xx; a problem for every refusal, with the
    /// status that goes with its code; a time to wait with 429.
    pub async fn send(self) -> Reply {
        let response = self.request.send().await.expect("the edge answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let below = ["/api", "/play", "/room", "/origin", "/assets"];
        let of_a_page = !below.iter().any(|below| response.url().path().starts_with(below));
        let reply = Reply { status, headers, body: response.bytes().await.expect("the reply is whole").to_vec() };
        assert!(!status.is_server_error(), "{reply:?}");
        // That there is no such page, a page says.
        let is_page =
            of_a_page && status == StatusCode::NOT_FOUND && reply.header("content-type").starts_with("text/html");
        if status.is_client_error() && !is_page {
            assert_eq!(reply.header("content-type"), problem::CONTENT_TYPE, "{reply:?}");
            let problem: Problem = reply.read();
            assert_eq!(problem.status, status.as_u16(), "{reply:?}");
            assert_eq!(problem.code.status(), status.as_u16(), "{reply:?}");
            assert!(problem.kind.starts_with("urn:spillway:problem:") && !problem.title.is_empty(), "{reply:?}");
            assert_eq!(reply.headers.contains_key(RETRY_AFTER), status == StatusCode::TOO_MANY_REQUESTS, "{reply:?}");
            assert_eq!(problem.errors.is_empty(), problem.code != Code::ValidationFailed, "{reply:?}");
        }
        reply
    }
}

/// What came back.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body of a reply of this status.
    pub fn expect<T: DeserializeOwned>(&self, status: u16) -> T {
        assert_eq!(self.status, status, "{self:?}");
        self.read()
    }

    /// The body of a reply of this status, as it is.
    pub fn value(&self, status: u16) -> Value {
        self.expect(status)
    }

    /// A reply of this status without a body.
    pub fn empty(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.body.is_empty(), "{self:?}");
    }

    /// The body of a reply of status 200, as text.
    pub fn text(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        String::from_utf8(self.body.clone()).expect("the reply is text")
    }

    /// A refusal for this reason.
    #[track_caller]
    pub fn refused(&self, code: Code) -> Problem {
        assert!(self.status.is_client_error(), "{self:?} should have been refused with {code:?}");
        let problem: Problem = self.read();
        assert_eq!(problem.code, code, "{self:?}");
        problem
    }

    /// A refusal of fields: each with its reason, sorted by name.
    #[track_caller]
    pub fn refused_fields(&self) -> Vec<(String, Value)> {
        let problem = self.refused(Code::ValidationFailed);
        let mut fields: Vec<_> =
            problem.errors.into_iter().map(|error| (error.field, serde_json::to_value(error.code).unwrap())).collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        fields
    }

    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("the header is text"))
    }

    fn read<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body[..self.body.len().min(2_000)]))
    }
}
