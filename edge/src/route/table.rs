//! Every call, once. The OpenAPI document is checked against this table.

use super::{Params, Route};

/// One call: its method, its path, and how the path's ids make a [`Route`].
#[derive(Debug)]
pub struct Entry {
    /// The method.
    pub method: &'static str,
    /// The path, with `{id}` and `{epoch}` for a segment and `{rest}` at the end for all that follows.
    pub pattern: &'static str,
    make: fn(&Params<'_>) -> Option<Route>,
}

impl Entry {
    /// The route, when the path fits the pattern and its ids are formed as ids are.
    pub(super) fn read(&self, path: &str) -> Option<Route> {
        let mut params = Params::default();
        let (mut pattern, mut path) = (self.pattern, path);
        loop {
            let (want, more_wanted) = split(pattern);
            if want == "{rest}" {
                params.rest = Some(path);
                return (self.make)(&params);
            }
            let (have, more) = split(path);
            match want {
                "{id}" => params.id = Some(have),
                "{epoch}" => params.epoch = Some(have),
                _ if want == have => {}
                _ => return None,
            }
            match (more_wanted, more) {
                (Some(next_pattern), Some(next)) => (pattern, path) = (next_pattern, next),
                (None, None) => return (self.make)(&params),
                _ => return None,
            }
        }
    }
}

/// The first segment, and what follows its slash.
fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)))
}

const fn entry(method: &'static str, pattern: &'static str, make: fn(&Params<'_>) -> Option<Route>) -> Entry {
    Entry { method, pattern, make }
}

/// The calls.
pub static TABLE: &[Entry] = &[
    entry("GET", "/healthz", |_| Some(Route::Health)),
    entry("GET", "/openapi.json", |_| Some(Route::OpenApi)),
    entry("POST", "/api/v1/auth/register", |_| Some(Route::Register)),
    entry("POST", "/api/v1/auth/login", |_| Some(Route::Login)),
    entry("POST", "/api/v1/auth/refresh", |_| Some(Route::Refresh)),
    entry("POST", "/api/v1/auth/logout", |_| Some(Route::Logout)),
    entry("GET", "/api/v1/me", |_| Some(Route::Me)),
    entry("PATCH", "/api/v1/me", |_| Some(Route::UpdateMe)),
    entry("GET", "/api/v1/streams", |_| Some(Route::ListStreams)),
    entry("POST", "/api/v1/streams", |_| Some(Route::CreateStream)),
    entry("GET", "/api/v1/streams/{id}", |p| p.stream().map(Route::Stream)),
    entry("PATCH", "/api/v1/streams/{id}", |p| p.stream().map(Route::UpdateStream)),
    entry("DELETE", "/api/v1/streams/{id}", |p| p.stream().map(Route::CancelStream)),
    entry("POST", "/api/v1/streams/{id}/start", |p| p.stream().map(Route::Start)),
    entry("POST", "/api/v1/streams/{id}/key", |p| p.stream().map(Route::RotateKey)),
    entry("POST", "/api/v1/streams/{id}/join", |p| p.stream().map(Route::Join)),
    entry("POST", "/api/v1/streams/{id}/end", |p| p.stream().map(Route::End)),
    entry("POST", "/api/v1/streams/{id}/chat", |p| p.stream().map(Route::SendChat)),
    entry("GET", "/api/v1/streams/{id}/chat", |p| p.stream().map(Route::ChatHistory)),
    entry("GET", "/room/{id}", |p| p.stream().map(Route::Room)),
    entry("POST", "/origin/v1/publish", |_| Some(Route::Publish)),
    entry("GET", "/origin/v1/link/{id}/{epoch}", |p| Some(Route::Link(p.stream()?, p.epoch()?))),
    entry("GET", "/play/{rest}", |p| p.rest().map(Route::Play)),
];
