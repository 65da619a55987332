//! Which call a method and a path are. A path is matched exactly: one with a trailing slash is another path, and not there.

mod table;

use spillway_protocol::{ids::StreamId, media::Epoch};

pub use table::{Entry, TABLE};

/// A call, with the ids of its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `GET /healthz`
    Health,
    /// `GET /openapi.json`
    OpenApi,
    /// `POST /api/v1/auth/register`
    Register,
    /// `POST /api/v1/auth/login`
    Login,
    /// `POST /api/v1/auth/refresh`
    Refresh,
    /// `POST /api/v1/auth/logout`
    Logout,
    /// `GET /api/v1/me`
    Me,
    /// `PATCH /api/v1/me`
    UpdateMe,
    /// `GET /api/v1/streams`
    ListStreams,
    /// `POST /api/v1/streams`
    CreateStream,
    /// `GET /api/v1/streams/{id}`
    Stream(StreamId),
    /// `PATCH /api/v1/streams/{id}`
    UpdateStream(StreamId),
    /// `DELETE /api/v1/streams/{id}`
    CancelStream(StreamId),
    /// `POST /api/v1/streams/{id}/start`
    Start(StreamId),
    /// `POST /api/v1/streams/{id}/key`
    RotateKey(StreamId),
    /// `POST /api/v1/streams/{id}/join`
    Join(StreamId),
    /// `POST /api/v1/streams/{id}/end`
    End(StreamId),
    /// `POST /api/v1/streams/{id}/chat`
    SendChat(StreamId),
    /// `GET /api/v1/streams/{id}/chat`
    ChatHistory(StreamId),
    /// `GET /room/{id}`: the room's socket.
    Room(StreamId),
    /// `POST /origin/v1/publish`
    Publish,
    /// `GET /origin/v1/link/{id}/{epoch}`: the origin link's socket.
    Link(StreamId, Epoch),
    /// `GET /play/…`: what stands below is playback's own to read.
    Play(String),
    /// Everything else that is not the name of a file: the pages. Files are found before the Worker is asked.
    Page {
        /// Whether there is one of this path; the document that says otherwise is the same.
        there: bool,
    },
}

/// What a request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// It is this call.
    Found(Route),
    /// A browser asks whether another site's page may make the call; these methods are there.
    Preflight(String),
    /// The path is there, the method is not; these are.
    NotAllowed(String),
    /// There is no such path.
    Missing,
}

/// Who speaks on a path, which settles the headers of its replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Programs and pages, from any site: CORS for everyone, without credentials.
    Open,
    /// Sockets and origins: no CORS.
    Machine,
    /// The pages and their files.
    Page,
}

impl Surface {
    /// The surface of a path.
    pub fn of(path: &str) -> Self {
        match path.split('/').nth(1) {
            Some("api" | "play" | "healthz" | "openapi.json") => Self::Open,
            Some("room" | "origin") => Self::Machine,
            _ => Self::Page,
        }
    }
}

/// Finds the call of a method and a path (without the query).
pub fn resolve(method: &str, path: &str) -> Resolved {
    let surface = Surface::of(path);
    if surface == Surface::Page {
        return match method {
            "GET" | "HEAD" if is_file(path) => Resolved::Missing,
            "GET" | "HEAD" => Resolved::Found(Route::Page { there: is_page(path) }),
            _ => Resolved::NotAllowed("GET, HEAD".to_owned()),
        };
    }
    let there: Vec<(&Entry, Route)> = TABLE.iter().filter_map(|e| Some((e, e.read(path)?))).collect();
    if there.is_empty() {
        return Resolved::Missing;
    }
    // HEAD is GET without the body (RFC 9110, section 9.3.2); the runtime leaves the body out.
    let wanted = if method == "HEAD" { "GET" } else { method };
    if let Some((_, route)) = there.iter().find(|(e, _)| e.method == wanted) {
        return Resolved::Found(route.clone());
    }
    let mut allow: Vec<&str> = there.iter().map(|(e, _)| e.method).collect();
    if allow.contains(&"GET") {
        allow.push("HEAD");
    }
    if surface == Surface::Open {
        allow.push("OPTIONS");
    }
    let allow = allow.join(", ");
    if method == "OPTIONS" && surface == Surface::Open {
        Resolved::Preflight(allow)
    } else {
        Resolved::NotAllowed(allow)
    }
}

/// Whether there is a page of this path: what `edge/web/src/router.ts` finds one for.
fn is_page(path: &str) -> bool {
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    matches!(steps.as_slice(), [] | ["login" | "register" | "studio"] | ["studio" | "watch" | "overlay", _])
}

/// Whether a path names a file: a page in its stead would be taken, and kept, for what it is not.
fn is_file(path: &str) -> bool {
    path.starts_with("/assets/") || path.rsplit('/').next().is_some_and(|name| name.contains('.'))
}

/// What the placeholders of a pattern matched.
#[derive(Debug, Default)]
pub struct Params<'a> {
    id: Option<&'a str>,
    epoch: Option<&'a str>,
    rest: Option<&'a str>,
}

impl Params<'_> {
    fn stream(&self) -> Option<StreamId> {
        StreamId::parse(self.id?)
    }

    fn epoch(&self) -> Option<Epoch> {
        let epoch = Epoch(self.epoch?.parse().ok()?);
        (epoch.0.to_string() == self.epoch?).then_some(epoch)
    }

    fn rest(&self) -> Option<String> {
        self.rest.map(str::to_owned)
    }
}

#[cfg(test)]
mod tests;
