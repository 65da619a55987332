//! What an `Idempotency-Key` may be.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use spillway_protocol::problem::{Code, Problem};

/// A key that a client gave a request, so that it is done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Reads the header, when there is one.
    pub fn read(header: Option<String>) -> Result<Option<Self>, Problem> {
        let fits = |key: &String| (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
        if header.as_ref().is_none_or(fits) {
            Ok(header.map(Self))
        } else {
            Err(Problem::new(Code::Malformed, "An Idempotency-Key is 1 to 255 visible ASCII characters."))
        }
    }

    /// The key as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The `clientId` of a line that came with this key and without one. A hash, as a key may be longer than a `clientId`, and
    /// everyone in the room is shown the latter.
    pub fn client_id(&self) -> String {
        format!("ik-{}", URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_room::chat;

    fn key(text: &str) -> Key {
        Key::read(Some(text.to_owned())).unwrap().unwrap()
    }

    #[test]
    fn a_key_is_visible_and_not_too_long() {
        assert_eq!(Key::read(None).unwrap(), None);
        assert_eq!(key("k-1").as_str(), "k-1");
        for bad in ["", "a b", "\u{fc}", "a\n", &"k".repeat(256)] {
            assert_eq!(Key::read(Some(bad.to_owned())).unwrap_err().code, Code::Malformed, "{bad:?}");
        }
    }

    #[test]
    fn a_key_of_any_length_makes_a_client_id_of_its_own() {
        let (long, other) = (key(&"k".repeat(255)), key(&"k".repeat(254)));
        assert!(chat::client_id(&long.client_id()).is_ok());
        assert_eq!(long.client_id(), long.clone().client_id());
        assert_ne!(long.client_id(), other.client_id());
    }
}
