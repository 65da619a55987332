//! People, each made for one scenario.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use spillway_protocol::{
    api::{Me, Session, StartReply, Stream},
    ids::{StreamId, UserId},
};

use crate::{Api, Call};

/// Everyone's password.
pub const PASSWORD: &str = "correct horse battery";

/// Someone who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who they are.
    pub me: Me,
    /// Their access token.
    pub access_token: String,
    /// Their refresh token.
    pub refresh_token: String,
    api: Api,
}

impl Person {
    /// Registers someone whom nobody knows yet.
    pub async fn register(api: &Api) -> Self {
        Self::register_as(api, &unique_name()).await
    }

    /// Registers someone by name.
    pub async fn register_as(api: &Api, name: &str) -> Self {
        let body = json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD });
        Self::of(api, api.post("/api/v1/auth/register", body).send().await.expect(201))
    }

    /// Someone who signed in.
    pub fn of(api: &Api, session: Session) -> Self {
        let Session { user, access_token, refresh_token, .. } = session;
        Self { me: user, access_token, refresh_token, api: api.clone() }
    }

    /// Their id.
    pub fn id(&self) -> UserId {
        self.me.id
    }

    /// The API.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// A call of theirs below `/api/v1/streams/`, with an empty body.
    pub fn stream_call(&self, stream: StreamId, call: &str) -> Call {
        self.api.post(&format!("/api/v1/streams/{stream}/{call}"), json!({})).by(self)
    }

    /// Makes a stream with nothing but a title.
    pub async fn create_stream(&self) -> Stream {
        self.create_stream_with(json!({ "title": "A stream" })).await
    }

    /// Makes a stream.
    pub async fn create_stream_with(&self, body: serde_json::Value) -> Stream {
        self.api.post("/api/v1/streams", body).by(self).send().await.expect(201)
    }

    /// Presses start.
    pub async fn start_stream(&self, stream: StreamId) -> StartReply {
        self.stream_call(stream, "start").send().await.expect(200)
    }
}

/// A name that no other scenario has.
pub fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("p{}-{n}", std::process::id())
}
