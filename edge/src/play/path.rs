//! What a path below `/play/` means: `<access>/<stream>/<target>`.

use std::borrow::Cow;

use spillway_protocol::{
    ids::StreamId,
    media::{MediaObject, RenditionId},
};
use spillway_room::call::relay::Which;

/// The longest path there is: a proof of about 110 characters, a stream, an object.
const LONGEST: usize = 256;
/// Where all playback paths stand.
const BELOW: &str = "/play/";
/// The access of streams that everyone may watch.
const PUBLIC: &str = "public";

/// A playback path, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayPath {
    /// What the player shows for it.
    pub access: Access,
    /// The stream.
    pub stream: StreamId,
    /// What of the stream.
    pub target: Target,
}

/// What a player shows to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// What may be a proof.
    Proof(String),
}

/// What of a stream is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A playlist.
    Playlist(Which),
    /// Media that lies on R2.
    Object(MediaObject),
}

impl PlayPath {
    /// Reads what stands behind `/play/`; `None` when it is nothing that this system ever wrote.
    pub fn parse(path: &str) -> Option<Self> {
        if path.len() > LONGEST {
            return None;
        }
        let mut pieces = path.splitn(3, '/');
        let (access, stream, target) = (pieces.next()?, pieces.next()?, pieces.next()?);
        Some(Self {
            access: if access == PUBLIC { Access::Public } else { Access::Proof(access.to_owned()) },
            stream: StreamId::parse(stream)?,
            target: Target::parse(target)?,
        })
    }
}

impl Target {
    fn parse(path: &str) -> Option<Self> {
        match path.strip_suffix(".m3u8") {
            Some("index") => Some(Self::Playlist(Which::Multivariant)),
            Some(rendition) => Some(Self::Playlist(Which::Media(RenditionId::parse(rendition)?))),
            None => MediaObject::parse_path(path).map(Self::Object),
        }
    }
}

/// A request's path as a log may have it: without a proof, which lets its holder watch.
pub fn logged(path: &str) -> Cow<'_, str> {
    match path.strip_prefix(BELOW).and_then(|rest| rest.split_once('/')) {
        Some((access, rest)) if access != PUBLIC => Cow::Owned(format!("{BELOW}…/{rest}")),
        _ => Cow::Borrowed(path),
    }
}

/// Where a player that holds `access` finds the multivariant playlist of `stream`, on this host.
pub fn multivariant(access: &Access, stream: StreamId) -> String {
    let access = match access {
        Access::Public => PUBLIC,
        Access::Proof(proof) => proof,
    };
    format!("{BELOW}{access}/{stream}/index.m3u8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::time::Timestamp;

    fn read(access: &str, target: &str) -> Option<PlayPath> {
        let stream = StreamId::new(Timestamp::from_millis(1), 1);
        PlayPath::parse(&format!("{access}/{stream}/{target}"))
    }

    #[test]
    fn reads_playlists_and_objects() {
        let multi = read("public", "index.m3u8").unwrap();
        assert_eq!((multi.access, multi.target), (Access::Public, Target::Playlist(Which::Multivariant)));
        let media = read("e.x.1.y", "audio.m3u8").unwrap();
        assert_eq!(media.access, Access::Proof("e.x.1.y".into()));
        assert_eq!(media.target, Target::Playlist(Which::Media(RenditionId::audio())));
        for path in ["1/video/init0.mp4", "1/video/12.m4s", "1/video/12.3.m4s"] {
            let Some(Target::Object(object)) = read("public", path).map(|p| p.target) else { panic!("{path}") };
            assert_eq!(object.path(), path);
        }
    }

    #[test]
    fn nothing_else_is_there() {
        for target in [
            "",
            "index",
            "index.m3u8/",
            "Video.m3u8",
            ".m3u8",
            "a/b.m3u8",
            "../x.m3u8",
            "1/video/secret.txt",
            "1/video/01.m4s",
            "1/video/1.m4s/..",
            "1//1.m4s",
        ] {
            assert_eq!(read("public", target), None, "{target}");
        }
        assert_eq!(PlayPath::parse("public/stream_x/index.m3u8"), None);
        assert_eq!(PlayPath::parse("public"), None);
        assert_eq!(read(&"p".repeat(300), "index.m3u8"), None);
    }

    #[test]
    fn a_log_has_no_proof() {
        for (path, shown) in [
            ("/play/s.a.1.b/stream_x/index.m3u8", "/play/…/stream_x/index.m3u8"),
            ("/play/public/stream_x/index.m3u8", "/play/public/stream_x/index.m3u8"),
            ("/api/v1/me", "/api/v1/me"),
        ] {
            assert_eq!(logged(path), shown);
        }
    }

    #[test]
    fn the_multivariant_playlist_is_where_it_is_looked_for() {
        let stream = StreamId::new(Timestamp::from_millis(1), 1);
        for access in [Access::Public, Access::Proof("s.a.1.b".into())] {
            let path = multivariant(&access, stream);
            let read = PlayPath::parse(path.strip_prefix("/play/").unwrap()).unwrap();
            assert_eq!(read, PlayPath { access, stream, target: Target::Playlist(Which::Multivariant) });
        }
    }
}
