//! Bodies: from bytes to a typed value, or to the problem that says what is wrong with which field.

mod objects;

use serde::de::DeserializeOwned;
use serde_json::Value;
use spillway_protocol::problem::{Code, FieldCode, FieldError, Problem};

use self::objects::Objects;

/// Whether a `Content-Type` says JSON (RFC 8259), with or without parameters.
pub fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Reads a body: 400 when it is not a JSON object, 422 when a field is missing or of the wrong type.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let value: Value = serde_json::from_slice(body).map_err(|e| {
        Problem::new(Code::Malformed, format!("The body is not JSON: line {}, column {}.", e.line(), e.column()))
    })?;
    if !value.is_object() {
        return Err(Problem::new(Code::Malformed, "The body is not a JSON object."));
    }
    serde_path_to_error::deserialize(Objects(value)).map_err(|e| Problem::validation(vec![field_error(&e)]))
}

fn field_error(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let path = error.path().to_string();
    let message = error.inner().to_string();
    // Serde names a missing field in its message alone; the path ends at what it is missing from.
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    if let Some((name, _)) = missing {
        let field = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
        return FieldError { field, code: FieldCode::Required };
    }
    let code = if message.starts_with("invalid type: null") {
        FieldCode::Required
    } else if message.starts_with("invalid value: integer") {
        FieldCode::OutOfRange
    } else {
        FieldCode::Invalid
    };
    FieldError { field: path, code }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::api::{CreateStream, Quality, Register, UpdateStream};

    fn refused(body: &str) -> (Code, Option<(String, FieldCode)>) {
        let problem = parse::<CreateStream>(body.as_bytes()).unwrap_err();
        (problem.code, problem.errors.first().map(|e| (e.field.clone(), e.code)))
    }

    #[test]
    fn what_is_not_a_json_object_is_malformed() {
        for body in
            ["", "{", "nonsense", "[]", "\"x\"", "{\"title\": NaN}", "{\"title\": \"a\"} x", "{\"title\": \"\u{1}\"}"]
        {
            assert_eq!(refused(body), (Code::Malformed, None), "{body}");
        }
        let deep = format!("{{\"title\": {}", "[".repeat(100_000));
        assert_eq!(refused(&deep), (Code::Malformed, None));
        assert!(parse::<CreateStream>(&[b'{', 0xff, b'}']).is_err());
    }

    #[test]
    fn a_refused_field_is_named() {
        let field = |body| refused(body).1.unwrap();
        assert_eq!(field("{}"), ("title".to_owned(), FieldCode::Required));
        assert_eq!(field(r#"{"title": null}"#), ("title".to_owned(), FieldCode::Required));
        assert_eq!(field(r#"{"title": 5}"#), ("title".to_owned(), FieldCode::Invalid));
        assert_eq!(field(r#"{"title": "a", "settings": {"quality": "8K"}}"#).0, "settings.quality");
        assert_eq!(
            field(r#"{"title": "a", "settings": {"delaySeconds": -1}}"#),
            ("settings.delaySeconds".to_owned(), FieldCode::OutOfRange)
        );
        assert_eq!(field(r#"{"title": "a", "scheduledStartTime": "soon"}"#).0, "scheduledStartTime");
    }

    #[test]
    fn a_list_is_no_object_at_any_depth() {
        for list in [r#"["SD", false, true, true, null, 0]"#, "[]", "[{}]"] {
            let body = format!(r#"{{"title": "a", "settings": {list}}}"#);
            assert_eq!(refused(&body), (Code::ValidationFailed, Some(("settings".to_owned(), FieldCode::Invalid))));
            assert!(parse::<UpdateStream>(body.as_bytes()).is_err(), "{list}");
        }
        let taken =
            parse::<CreateStream>(br#"{"title": "a", "unknown": [1], "settings": {"quality": "SD", "x": [[]]}}"#);
        assert_eq!(taken.unwrap().settings.unwrap().quality, Quality::Sd);
    }

    #[test]
    fn a_problem_says_nothing_of_the_body() {
        let body = br#"{"username": "anna", "email": 5, "password": {"secret": 1}}"#;
        let problem = parse::<Register>(body).err().unwrap();
        assert!(!serde_json::to_string(&problem).unwrap().contains("secret"));
    }

    #[test]
    fn json_by_its_type() {
        assert!(is_json("application/json"));
        assert!(is_json("Application/JSON; charset=utf-8"));
        for other in ["", "text/plain", "application/jsonx", "multipart/form-data"] {
            assert!(!is_json(other), "{other}");
        }
    }
}
