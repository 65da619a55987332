//! Proofs of the right to watch or to speak, made to stand in a URL's path: `<kind>.<subject>.<expiry>.<code>`.
//! An entry proof is short-lived and is traded, by redirect, for a session's own.

use crate::{
    ids::{StreamId, UserId},
    mac,
    time::Timestamp,
};

const LABEL: &str = "spillway proof v1";

/// What a proof opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Handed out by `join`; good for five minutes, traded for a session.
    Entry,
    /// A player's session: good for the stream's length, revocable by its subject.
    Session,
    /// Opens the room's socket as the subject.
    Chat,
}

impl Kind {
    fn letter(self) -> &'static str {
        match self {
            Self::Entry => "e",
            Self::Session => "s",
            Self::Chat => "c",
        }
    }
}

/// A proof whose code was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// What it opens.
    pub kind: Kind,
    /// Who holds it.
    pub subject: UserId,
    /// When it ends.
    pub expires: Timestamp,
}

/// Why a proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not formed like a proof, or its code is wrong for this stream.
    #[error("the proof is not valid")]
    Invalid,
    /// It was right, and is over.
    #[error("the proof has expired")]
    Expired,
}

impl Proof {
    /// The proof as it stands in a URL.
    pub fn seal(&self, secret: &[u8], stream: StreamId) -> String {
        let (subject, expires) = (self.subject.to_string(), self.expires.millis().to_string());
        let code = mac::sign(secret, LABEL, &[self.kind.letter(), &stream.to_string(), &subject, &expires]);
        format!("{}.{subject}.{expires}.{code}", self.kind.letter())
    }

    /// Checks a proof of `kind` for `stream`.
    pub fn open(secret: &[u8], stream: StreamId, kind: Kind, text: &str, now: Timestamp) -> Result<Self, Refused> {
        let mut fields = text.splitn(4, '.');
        let mut next = || fields.next().ok_or(Refused::Invalid);
        let (letter, subject, expires, code) = (next()?, next()?, next()?, next()?);
        let fields = [kind.letter(), &stream.to_string(), subject, expires];
        if letter != kind.letter() || !mac::verify(secret, LABEL, &fields, code) {
            return Err(Refused::Invalid);
        }
        let subject = UserId::parse(subject).ok_or(Refused::Invalid)?;
        let expires = Timestamp::from_millis(expires.parse().map_err(|_| Refused::Invalid)?);
        if now >= expires {
            return Err(Refused::Expired);
        }
        Ok(Self { kind, subject, expires })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (StreamId, Proof) {
        let at = Timestamp::from_millis(1_000);
        (
            StreamId::new(at, 1),
            Proof { kind: Kind::Entry, subject: UserId::new(at, 2), expires: Timestamp::from_millis(301_000) },
        )
    }

    #[test]
    fn opens_what_it_sealed_until_it_expires() {
        let (stream, proof) = sample();
        let text = proof.seal(b"k", stream);
        let at = |ms| Proof::open(b"k", stream, Kind::Entry, &text, Timestamp::from_millis(ms));
        assert_eq!(at(300_999), Ok(proof));
        assert_eq!(at(301_000), Err(Refused::Expired));
    }

    #[test]
    fn is_bound_to_stream_kind_secret_and_every_field() {
        let (stream, proof) = sample();
        let text = proof.seal(b"k", stream);
        let now = Timestamp::from_millis(2_000);
        let other = StreamId::new(now, 3);
        assert_eq!(Proof::open(b"k", other, Kind::Entry, &text, now), Err(Refused::Invalid));
        assert_eq!(Proof::open(b"k", stream, Kind::Session, &text, now), Err(Refused::Invalid));
        assert_eq!(Proof::open(b"x", stream, Kind::Entry, &text, now), Err(Refused::Invalid));
        let later = text.replace("301000", "999999");
        assert_eq!(Proof::open(b"k", stream, Kind::Entry, &later, now), Err(Refused::Invalid));
        for broken in ["", "e", "e.a.b", "e.a.b.c", "public"] {
            assert_eq!(Proof::open(b"k", stream, Kind::Entry, broken, now), Err(Refused::Invalid), "{broken}");
        }
    }
}
