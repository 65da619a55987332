//! The OpenAPI document, made from the types that the API speaks. `edge/openapi.json` is what this gives:
//! `cargo run -p spillway-edge --features openapi --example openapi > edge/openapi.json` writes it anew.

#[expect(dead_code, reason = "their macros read them")]
mod people;
#[expect(dead_code, reason = "their macros read them")]
mod server;
#[expect(dead_code, reason = "their macros read them")]
mod streams;

use spillway_protocol::{problem, room};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, ContentBuilder, Ref, RefOr, Response, ResponseBuilder,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// The API's description.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "Spillway", description = "People, streams, rooms and playback. Errors are RFC 9457 problems with a stable `code`."),
    paths(
        server::health,
        server::openapi,
        server::room,
        server::play,
        people::register,
        people::login,
        people::refresh,
        people::logout,
        people::me,
        people::update_me,
        streams::list,
        streams::create,
        streams::read,
        streams::update,
        streams::cancel,
        streams::start,
        streams::rotate_key,
        streams::join,
        streams::end,
        streams::send_chat,
        streams::chat_history,
    ),
    components(schemas(
        problem::Problem,
        room::ClientFrame,
        room::ServerFrame,
        room::ServerEvent,
        room::Welcome,
        room::ChatMessage,
    )),
    modifiers(&Bearer, &Problems)
)]
pub struct Document;

/// Declares the access token.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("accessToken", SecurityScheme::Http(scheme));
    }
}

/// Gives every call the problems that its kind has, and every problem its body.
struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                add_usual_problems(path, operation);
            }
        }
    }
}

fn add_usual_problems(path: &str, operation: &mut Operation) {
    let mut usual = Vec::new();
    if operation.request_body.is_some() {
        usual.push(("400", "`MALFORMED`: the body is not a JSON object."));
        usual.push(("413", "`TOO_LARGE`: the body is larger than 64 KiB."));
        usual.push(("415", "`UNSUPPORTED_MEDIA_TYPE`: the body is not `application/json`."));
        usual.push(("422", "`VALIDATION_FAILED`: some fields were refused; see `errors`."));
    }
    if operation.security.is_some() {
        usual.push(("401", "`TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_EXPIRED`."));
    }
    if path.contains("{id}") {
        usual.push(("404", "`NOT_FOUND`: there is no such stream."));
    }
    let responses = &mut operation.responses.responses;
    for (status, description) in usual {
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(Response::new(description)));
    }
    responses.insert("default".to_owned(), RefOr::T(Response::new("Any other problem.")));
    for (status, response) in responses {
        let is_problem = status == "default" || status.starts_with(['4', '5']);
        if let (true, RefOr::T(response)) = (is_problem, response) {
            let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            let built = ResponseBuilder::new().description(response.description.clone());
            *response = built.content(problem::CONTENT_TYPE, body).build();
        }
    }
}

/// The document as text, as it is served.
pub fn text() -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(&Document::openapi())?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests;
