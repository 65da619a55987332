//! Bodies: from bytes to a typed value, or to the problem that says what is wrong with which field.

mod objects;

use serde::de::DeserializeOwned;
use serde_json::Value;
use spillway_protocol::problem::{Code, FieldCode, FieldError, Problem};

use self::objects::Objects;

/// A body is looked at no more often, to name all fields that are wrong.
const LOOKS: usize = 32;

/// Whether a `Content-Type` says JSON (RFC 8259), with or without parameters.
pub fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Reads a body: 400 when it is not a JSON object, 422 when fields are missing or of the wrong type, with all of them named.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut value: Value = serde_json::from_slice(body).map_err(|e| {
        Problem::new(Code::Malformed, format!("The body is not JSON: line {}, column {}.", e.line(), e.column()))
    })?;
    if !value.is_object() {
        return Err(Problem::new(Code::Malformed, "The body is not a JSON object."));
    }
    let mut errors: Vec<FieldError> = Vec::new();
    for _ in 0..LOOKS {
        let error = match serde_path_to_error::deserialize(Objects(value.clone())) {
            Ok(read) if errors.is_empty() => return Ok(read),
            Ok(_) => break,
            Err(error) => field_error(&error),
        };
        let known = errors.iter().any(|known| known.field == error.field);
        // A field that was left out and is needed comes again, as one that is missing.
        let goes_on = (!known || error.code == FieldCode::Required) && mend(&mut value, &error);
        errors.extend((!known).then_some(error));
        if !goes_on {
            break;
        }
    }
    Err(Problem::validation(errors))
}

/// Puts a refused field right, so that those behind it are looked at too: one that is wrong is left out, one that is missing is an
/// empty text. Whether that could be done.
fn mend(body: &mut Value, error: &FieldError) -> bool {
    let (path, name) = error.field.rsplit_once('.').unwrap_or(("", &error.field));
    let mut steps = path.split('.').filter(|step| !step.is_empty());
    let holder = steps.try_fold(body, |at, step| at.get_mut(step)).and_then(Value::as_object_mut);
    let Some(holder) = holder else { return false };
    if error.code == FieldCode::Required {
        holder.insert(name.to_owned(), Value::String(String::new()));
        return true;
    }
    holder.remove(name).is_some()
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
    fn all_refused_fields_are_named() {
        let fields = |problem: Problem| -> Vec<_> { problem.errors.into_iter().map(|e| (e.field, e.code)).collect() };
        let required = |name: &str| (name.to_owned(), FieldCode::Required);
        let invalid = |name: &str| (name.to_owned(), FieldCode::Invalid);
        let of_a_person = |body: &str| fields(parse::<Register>(body.as_bytes()).err().unwrap());
        assert_eq!(of_a_person("{}"), ["username", "email", "password"].map(required));
        assert_eq!(
            of_a_person(r#"{"password": [1], "username": null}"#),
            [invalid("password"), required("username"), required("email")]
        );
        let body = br#"{"ticketPrice": {}, "settings": {"quality": "8K", "chatEnabled": 1}, "title": 5}"#;
        let problem = parse::<CreateStream>(body).unwrap_err();
        let mut found = fields(problem);
        found.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(found, ["settings.chatEnabled", "settings.quality", "ticketPrice", "title"].map(invalid));
        let many: Vec<String> = (0..100).map(|n| format!("\"x{n}\": 1")).collect();
        assert_eq!(of_a_person(&format!("{{{}}}", many.join(","))).len(), 3);
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
