//! Refresh tokens. Each is used once and gives the next; all that come from one log-in are a family. A spent token gives the
//! same next one for a moment more (two tabs at once); after that its use means that two hold it, and the family ends.
//!
//! The next token is derived from the old one, a stored nonce and the server's secret: so the same reply can be given again
//! although only hashes are stored.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use spillway_protocol::{limits::REFRESH_GRACE_MS, time::Timestamp};

const LABEL: &str = "spillway refresh token v1";

/// A refresh token: 32 bytes in base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(String);

impl RefreshToken {
    /// A family's first one.
    pub fn first(random: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }

    /// Reads a token; `None` when it is not formed like one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Self(text.to_owned()))
    }

    /// What is stored of it.
    pub fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0))
    }

    /// The one that follows it.
    pub fn next(&self, secret: &[u8], nonce: &str) -> Option<Self> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        for field in [LABEL, &self.0, nonce] {
            mac.update(&(field.len() as u64).to_be_bytes());
            mac.update(field.as_bytes());
        }
        Some(Self(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
    }

    /// The token in full, for its holder.
    pub fn reveal(self) -> String {
        self.0
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

/// What is known of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used first.
    pub spent_at: Option<Timestamp>,
    /// Whether its family is over.
    pub session_ended: bool,
}

/// What a token's use comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is spent now, and gives the next one.
    Rotate,
    /// It was spent a moment ago, at this time: the same reply again.
    Repeat(Timestamp),
    /// It was spent long ago, so two hold it: the family ends.
    EndFamily,
    /// It is not good any more.
    Refuse,
}

/// Decides what a token's use at `now` comes to.
pub fn step(stored: &Stored, now: Timestamp) -> Step {
    match stored.spent_at {
        _ if stored.session_ended => Step::Refuse,
        Some(at) if now.since(at) <= REFRESH_GRACE_MS => Step::Repeat(at),
        Some(_) => Step::EndFamily,
        None if now >= stored.expires_at => Step::Refuse,
        None => Step::Rotate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn stored(spent_at: Option<i64>) -> Stored {
        Stored { expires_at: at(100_000), spent_at: spent_at.map(at), session_ended: false }
    }

    #[test]
    fn a_fresh_token_rotates_until_it_expires() {
        assert_eq!(step(&stored(None), at(99_999)), Step::Rotate);
        assert_eq!(step(&stored(None), at(100_000)), Step::Refuse);
    }

    #[test]
    fn a_spent_one_repeats_for_ten_seconds_and_then_ends_the_family() {
        assert_eq!(step(&stored(Some(50_000)), at(50_000)), Step::Repeat(at(50_000)));
        assert_eq!(step(&stored(Some(50_000)), at(60_000)), Step::Repeat(at(50_000)));
        assert_eq!(step(&stored(Some(50_000)), at(60_001)), Step::EndFamily);
        assert_eq!(step(&stored(Some(50_000)), at(200_000)), Step::EndFamily);
    }

    #[test]
    fn nothing_comes_of_a_family_that_is_over() {
        for spent in [None, Some(50_000)] {
            assert_eq!(step(&Stored { session_ended: true, ..stored(spent) }, at(50_001)), Step::Refuse);
        }
    }

    #[test]
    fn the_next_token_follows_from_token_nonce_and_secret_alone() {
        let first = RefreshToken::first([9; 32]);
        let next = first.next(b"secret", "nonce").unwrap();
        assert_eq!(first.next(b"secret", "nonce"), Some(next.clone()));
        assert_ne!(first.next(b"secret", "other"), Some(next.clone()));
        assert_ne!(first.next(b"other", "nonce"), Some(next.clone()));
        assert_eq!(RefreshToken::parse(&next.clone().reveal()), Some(next.clone()));
        assert!(!format!("{next:?}").contains(&next.clone().reveal()));
        assert_ne!(next.hash(), next.reveal());
    }

    #[test]
    fn what_is_not_formed_like_a_token_is_none() {
        for text in ["", "abc", &"a".repeat(42), &"a".repeat(44), &"ä".repeat(43), &" ".repeat(43)] {
            assert!(RefreshToken::parse(text).is_none(), "{text}");
        }
    }
}
