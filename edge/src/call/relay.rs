//! Calls to Relays.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use spillway_protocol::ids::StreamId;
use spillway_room::call::relay::{Await, Awaited, Down, DownReply, Gate, Gated, Playlist, PlaylistText};

use super::{Object, calls};

/// Relays, some a stream.
#[derive(Debug)]
pub struct ToRelay;

impl Object for ToRelay {
    const BINDING: &'static str = "RELAY";
    type Name = RelayName;
}

calls! { ToRelay:
    Down, "down", Harmless => DownReply;
    Playlist, "playlist", Harmless, Held => PlaylistText;
    Await, "await", Harmless, Held => Awaited;
    Gate, "gate", Harmless => Gated;
}

/// A Relay's name: `<stream>/<region>/<index>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayName {
    /// The stream that it serves.
    pub stream: StreamId,
    /// Near whom it runs.
    pub region: String,
    /// Which one there, from 0.
    pub index: u32,
}

impl RelayName {
    /// The first Relay of a stream near a caller, by the continent that Cloudflare says they are on.
    pub fn near(stream: StreamId, continent: Option<&str>) -> Self {
        let known = continent.filter(|c| c.len() == 2 && c.bytes().all(|b| b.is_ascii_alphabetic()));
        Self { stream, region: known.map_or_else(|| "local".to_owned(), str::to_ascii_lowercase), index: 0 }
    }

    /// The first Relay near whoever makes a request.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn near_request(stream: StreamId, req: &worker::Request) -> Self {
        Self::near(stream, req.cf().and_then(worker::Cf::continent).as_deref())
    }

    /// The next one there, for when this one is full.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { index: self.index.saturating_add(1), ..self.clone() }
    }

    /// Reads a name; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut pieces = text.splitn(3, '/');
        let (stream, region, index) = (pieces.next()?, pieces.next()?, pieces.next()?);
        Some(Self { stream: StreamId::parse(stream)?, region: region.to_owned(), index: index.parse().ok()? })
    }
}

impl std::fmt::Display for RelayName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.stream, self.region, self.index)
    }
}

/// Whose player and whose socket are the same viewer's: the same for both, and not to be read back. Kept in memory alone.
pub fn fingerprint(stream: StreamId, address: &str, user_agent: &str) -> String {
    let hash = Sha256::digest(format!("{stream}\n{address}\n{user_agent}"));
    URL_SAFE_NO_PAD.encode(hash.get(..12).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::time::Timestamp;

    #[test]
    fn a_name_reads_as_it_is_written() {
        let stream = StreamId::new(Timestamp::from_millis(1), 1);
        let name = RelayName::near(stream, Some("EU")).next();
        assert_eq!(name.to_string(), format!("{stream}/eu/1"));
        assert_eq!(RelayName::parse(&name.to_string()), Some(name));
        assert_eq!(RelayName::near(stream, None).to_string(), format!("{stream}/local/0"));
        assert_eq!(RelayName::near(stream, Some("../x")).region, "local");
        assert_eq!(RelayName::parse("x/eu/0"), None);
    }

    #[test]
    fn a_fingerprint_tells_viewers_apart_and_nothing_else() {
        let stream = StreamId::new(Timestamp::from_millis(1), 1);
        let a = fingerprint(stream, "192.0.2.1", "player");
        assert_eq!(a, fingerprint(stream, "192.0.2.1", "player"));
        assert_ne!(a, fingerprint(stream, "192.0.2.2", "player"));
        assert_ne!(a, fingerprint(stream, "192.0.2.1", "other"));
        assert_eq!(a.len(), 16);
    }
}
