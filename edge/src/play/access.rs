//! Who may have what a playback path asks for.

use spillway_protocol::{
    limits,
    problem::Code,
    proof::{Kind, Proof, Refused},
    time::Timestamp,
};
use spillway_room::call::relay::Which;

use super::path::{Access, PlayPath, Target, multivariant};
use crate::failure::Failure;

/// What comes of a path's proof, or of its having none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// Nothing was shown: enough where everyone may watch.
    Unproven,
    /// A session's proof was shown.
    Proven,
    /// An entry proof was shown: it is traded for a session's own, at this path.
    Redirect(String),
}

/// Checks a path's proof.
pub fn check(path: &PlayPath, secret: &[u8], now: Timestamp) -> Result<Granted, Failure> {
    let Access::Proof(text) = &path.access else { return Ok(Granted::Unproven) };
    let Err(refused) = Proof::open(secret, path.stream, Kind::Session, text, now) else { return Ok(Granted::Proven) };
    // A session's proof that is over is not another kind's.
    if refused == Refused::Expired {
        return Err(refuse(refused));
    }
    let entry = Proof::open(secret, path.stream, Kind::Entry, text, now).map_err(refuse)?;
    if path.target != Target::Playlist(Which::Multivariant) {
        return Err(Failure::new(Code::ProofInvalid, "This proof opens index.m3u8, which leads on."));
    }
    let session = Proof { kind: Kind::Session, expires: now.plus_millis(limits::SESSION_MS), ..entry };
    Ok(Granted::Redirect(multivariant(&Access::Proof(session.seal(secret, path.stream)), path.stream)))
}

/// The path is public, the stream is not.
pub fn gated() -> Failure {
    Failure::new(Code::ProofInvalid, "This stream is not for everyone; join it to get a playback URL.")
}

fn refuse(refused: Refused) -> Failure {
    match refused {
        Refused::Invalid => Failure::new(Code::ProofInvalid, "The proof in the URL does not open this stream."),
        Refused::Expired => Failure::new(Code::ProofExpired, "The proof in the URL is over; join the stream again."),
    }
}

/// The `Cache-Control` of a reply: what a proof opened is for whoever holds it, not for a shared cache.
pub fn cache_control(public: &str, proven: bool) -> String {
    if proven { public.replacen("public", "private", 1) } else { public.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::ids::{StreamId, UserId};

    const SECRET: &[u8] = b"a secret of some length";

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn stream(number: u128) -> StreamId {
        StreamId::new(at(1), number)
    }

    fn proof(kind: Kind) -> String {
        Proof { kind, subject: UserId::new(at(1), 5), expires: at(300_000) }.seal(SECRET, stream(1))
    }

    fn ask(access: &str, stream: StreamId, target: &str, now: i64) -> Result<Granted, Code> {
        let path = PlayPath::parse(&format!("{access}/{stream}/{target}")).unwrap();
        check(&path, SECRET, at(now)).map_err(|failure| failure.problem.code)
    }

    #[test]
    fn an_entry_leads_to_a_session_that_opens_everything_for_twelve_hours() {
        let now = 200_000;
        let Ok(Granted::Redirect(to)) = ask(&proof(Kind::Entry), stream(1), "index.m3u8", now) else { panic!() };
        let session = to.strip_prefix("/play/").unwrap().split('/').next().unwrap().to_owned();
        for target in ["index.m3u8", "video.m3u8", "1/video/0.m4s"] {
            assert_eq!(ask(&session, stream(1), target, now), Ok(Granted::Proven));
            assert_eq!(ask(&session, stream(1), target, now + limits::SESSION_MS - 1), Ok(Granted::Proven));
            assert_eq!(ask(&session, stream(1), target, now + limits::SESSION_MS), Err(Code::ProofExpired));
        }
        assert_eq!(ask(&session, stream(2), "index.m3u8", now), Err(Code::ProofInvalid));
    }

    #[test]
    fn an_entry_opens_the_multivariant_playlist_of_its_stream_alone_and_not_for_long() {
        let entry = proof(Kind::Entry);
        assert_eq!(ask(&entry, stream(1), "video.m3u8", 1_000), Err(Code::ProofInvalid));
        assert_eq!(ask(&entry, stream(1), "1/video/0.m4s", 1_000), Err(Code::ProofInvalid));
        assert_eq!(ask(&entry, stream(2), "index.m3u8", 1_000), Err(Code::ProofInvalid));
        assert_eq!(ask(&entry, stream(1), "index.m3u8", 300_000), Err(Code::ProofExpired));
    }

    #[test]
    fn nothing_else_is_a_proof() {
        assert_eq!(ask("public", stream(1), "index.m3u8", 1_000), Ok(Granted::Unproven));
        assert_eq!(ask(&proof(Kind::Chat), stream(1), "index.m3u8", 1_000), Err(Code::ProofInvalid));
        for text in ["Public", "e", "s.a.b.c", &proof(Kind::Session).replace("300000", "900000")] {
            assert_eq!(ask(text, stream(1), "index.m3u8", 1_000), Err(Code::ProofInvalid), "{text}");
        }
    }
}
