//! What may be said, and in which form.

use spillway_protocol::{
    api::Role,
    limits,
    problem::{FieldCode, FieldError, Problem},
    text,
};
use unicode_properties::UnicodeEmoji;
use unicode_segmentation::UnicodeSegmentation;

/// A line as the room will show it: trimmed, its line breaks and tabs as spaces, other control characters out.
pub fn line(said: &str) -> Result<String, Problem> {
    let shown: String = said
        .chars()
        .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect();
    let shown = shown.trim();
    match shown.chars().count() {
        n if n < *limits::MESSAGE.start() || !text::is_seen(shown) => Err(refused("message", FieldCode::TooShort)),
        n if n > *limits::MESSAGE.end() => Err(refused("message", FieldCode::TooLong)),
        _ => Ok(shown.to_owned()),
    }
}

/// A reaction: one emoji.
pub fn reaction(text: &str) -> Result<String, Problem> {
    let shown = text.trim();
    if shown.is_empty() {
        return Err(refused("message", FieldCode::TooShort));
    }
    if shown.len() > limits::REACTION {
        return Err(refused("message", FieldCode::TooLong));
    }
    if shown.graphemes(true).count() != 1 || !shown.chars().any(is_pictorial) {
        return Err(refused("message", FieldCode::Invalid));
    }
    Ok(shown.to_owned())
}

/// Whether a character alone makes an emoji; digits and signs that only a keycap makes one of do not.
fn is_pictorial(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char()
}

/// A client's own id of a line.
pub fn client_id(text: &str) -> Result<(), Problem> {
    match text.len() {
        0 => Err(refused("clientId", FieldCode::TooShort)),
        n if n > limits::CLIENT_ID => Err(refused("clientId", FieldCode::TooLong)),
        _ => Ok(()),
    }
}

/// What stands beside a name.
pub fn badges(role: Role) -> Vec<String> {
    let badge = match role {
        Role::Viewer => return Vec::new(),
        Role::Creator => "creator",
        Role::Moderator => "moderator",
        Role::Admin => "admin",
    };
    vec![badge.to_owned()]
}

fn refused(field: &str, code: FieldCode) -> Problem {
    Problem::validation(vec![FieldError { field: field.to_owned(), code }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_loses_what_cannot_be_shown() {
        assert_eq!(line("  hi\u{0}\u{1b}[31m there\n now ").unwrap(), "hi[31m there  now");
        assert_eq!(line("👩‍👩‍👧 é").unwrap(), "👩‍👩‍👧 é");
        for empty in ["", "   ", "\u{0}\u{7}", "\n", "\u{200b}\u{2060}"] {
            assert_eq!(line(empty).unwrap_err().errors[0].code, FieldCode::TooShort, "{empty:?}");
        }
        assert!(line(&"é".repeat(500)).is_ok());
        assert_eq!(line(&"é".repeat(501)).unwrap_err().errors[0].code, FieldCode::TooLong);
    }

    #[test]
    fn a_reaction_is_one_emoji() {
        assert_eq!(reaction(" ❤️ ").unwrap(), "❤️");
        for emoji in ["👍🏽", "👩‍👩‍👧", "🇮🇩", "🔥", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☺"] {
            assert_eq!(reaction(emoji).unwrap(), emoji);
        }
        for bad in ["", " ", "a b", "abc", "a", "7", "#", "é", "\u{0}", "\u{200d}", "\u{fe0f}", "🔥🔥"] {
            assert!(reaction(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_clients_id_has_bounds() {
        assert!(client_id("c1").is_ok());
        assert!(client_id("").is_err());
        assert!(client_id(&"c".repeat(65)).is_err());
    }
}
