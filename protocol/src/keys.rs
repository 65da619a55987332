//! Stream keys: `live_<source>_<code>`. The code is derived from a secret, the source and the key's version, so no key is
//! stored; rotating raises the version, and the old key is worth nothing.

use crate::{ids::SourceId, mac};

const LABEL: &str = "spillway stream key v1";
const PREFIX: &str = "live_";

/// A stream key as an encoder shows it: well-formed, not yet known to be right.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamKey {
    source: SourceId,
    code: String,
}

impl StreamKey {
    /// The key of a source at a version.
    pub fn derive(secret: &[u8], source: SourceId, version: u32) -> Self {
        let code = mac::sign(secret, LABEL, &[&source.to_string(), &version.to_string()]);
        Self { source, code }
    }

    /// Reads a key; `None` when it is not formed like one.
    pub fn parse(text: &str) -> Option<Self> {
        // A ULID has no underscore; the code (base64url) may have several.
        let rest = text.strip_prefix(PREFIX)?.strip_prefix(SourceId::PREFIX)?;
        let (ulid, code) = rest.split_once('_')?;
        let source = SourceId::parse(&format!("{}{ulid}", SourceId::PREFIX))?;
        (code.len() == 43).then(|| Self { source, code: code.to_owned() })
    }

    /// The source that this key speaks for.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// Whether this is the source's key at this version.
    pub fn is_valid(&self, secret: &[u8], version: u32) -> bool {
        mac::verify(secret, LABEL, &[&self.source.to_string(), &version.to_string()], &self.code)
    }

    /// The key in full: for its owner's eyes and the encoder, never for a log.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}_{}", self.source, self.code)
    }
}

impl std::fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StreamKey({}, …)", self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_key_is_right_for_one_version_only() {
        let source = SourceId::new(Timestamp::from_millis(5), 9);
        let key = StreamKey::parse(&StreamKey::derive(b"secret", source, 3).reveal()).unwrap();
        assert!(key.is_valid(b"secret", 3));
        assert!(!key.is_valid(b"secret", 4));
        assert!(!key.is_valid(b"other", 3));
        assert!(!format!("{key:?}").contains(&key.code));
    }

    #[test]
    fn malformed_keys_do_not_parse() {
        for text in ["", "live_", "live_src_", "live_src_x_y", "live_stream_01_abc"] {
            assert!(StreamKey::parse(text).is_none(), "{text}");
        }
    }
}
