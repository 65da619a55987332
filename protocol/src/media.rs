//! What media is called: renditions, epochs, and the names of everything that lies on R2. A name is written once.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::ids::StreamId;

/// One run of one publisher within a stream. A new process, node or encoder is a new epoch; they only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Epoch(pub u32);

/// A segment's number within its epoch and rendition, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentIndex(pub u32);

/// A part's number within its segment, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartIndex(pub u32);

/// A rendition's name: 1 to 16 of `a-z`, `0-9`. Stands in URLs and in R2 keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenditionId(String);

impl RenditionId {
    /// Reads a name; `None` when it has other characters or another length.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        fits.then(|| Self(text.to_owned()))
    }

    /// The encoder's own picture, passed through.
    pub fn video() -> Self {
        Self("video".to_owned())
    }

    /// The encoder's own sound, passed through.
    pub fn audio() -> Self {
        Self("audio".to_owned())
    }

    /// A rung of the ladder, transcoded from the encoder's own picture: `720p` has 720 lines across its shorter side.
    pub fn rung(lines: u16) -> Self {
        Self(format!("{lines}p"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RenditionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RenditionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RenditionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a rendition's name"))
    }
}

/// What a rendition is made of, as the multivariant playlist must say it (RFC 8216bis, section 4.4.6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Track {
    /// Its name.
    pub rendition: RenditionId,
    /// Its codec as RFC 6381 writes it (`avc1.64001f`, `mp4a.40.2`).
    pub codec: String,
    /// Picture or sound, and what only that has.
    #[serde(flatten)]
    pub kind: TrackKind,
}

/// Picture or sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum TrackKind {
    /// A picture.
    #[serde(rename_all = "camelCase")]
    Video {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Frames a second in thousandths (29.97 is 29970); 0 when the encoder does not say.
        frame_rate_millis: u32,
    },
    /// Sound.
    #[serde(rename_all = "camelCase")]
    Audio {
        /// How many channels.
        channels: u32,
        /// Samples a second.
        sample_rate: u32,
    },
}

/// One thing on R2, within a stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MediaObject {
    /// The epoch that wrote it.
    pub epoch: Epoch,
    /// The rendition it belongs to.
    pub rendition: RenditionId,
    /// Which of the rendition's things it is.
    pub name: ObjectName,
}

/// What a media object is within its rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ObjectName {
    /// The initialisation section (`init.mp4`). `version` counts codec changes within the epoch, from 0.
    Init {
        /// Which one.
        version: u32,
    },
    /// A whole segment (`12.m4s`): its parts, one after the other.
    Segment(SegmentIndex),
    /// A part of a segment (`12.3.m4s`).
    Part(SegmentIndex, PartIndex),
}

impl MediaObject {
    /// Its path below the stream's playback URL, `<epoch>/<rendition>/<file>`: what a playlist's URI says.
    pub fn path(&self) -> String {
        let Self { epoch, rendition, name } = self;
        match name {
            ObjectName::Init { version } => format!("{}/{rendition}/init{version}.mp4", epoch.0),
            ObjectName::Segment(segment) => format!("{}/{rendition}/{}.m4s", epoch.0, segment.0),
            ObjectName::Part(segment, part) => format!("{}/{rendition}/{}.{}.m4s", epoch.0, segment.0, part.0),
        }
    }

    /// Its key in the bucket: `parts/<stream>/…` for parts, `live/<stream>/…` for all else, so that parts can be let go sooner.
    pub fn key(&self, stream: StreamId) -> String {
        let root = if matches!(self.name, ObjectName::Part(..)) { "parts" } else { "live" };
        format!("{root}/{stream}/{}", self.path())
    }

    /// Reads a path as [`Self::path`] writes it; `None` for any other text.
    pub fn parse_path(path: &str) -> Option<Self> {
        let mut pieces = path.split('/');
        let (epoch, rendition, file) = (pieces.next()?, pieces.next()?, pieces.next()?);
        let name = if let Some(init) = file.strip_suffix(".mp4") {
            ObjectName::Init { version: init.strip_prefix("init")?.parse().ok()? }
        } else {
            let numbers = file.strip_suffix(".m4s")?;
            match numbers.split_once('.') {
                None => ObjectName::Segment(SegmentIndex(numbers.parse().ok()?)),
                Some((segment, part)) => {
                    ObjectName::Part(SegmentIndex(segment.parse().ok()?), PartIndex(part.parse().ok()?))
                }
            }
        };
        let object = Self { epoch: Epoch(epoch.parse().ok()?), rendition: RenditionId::parse(rendition)?, name };
        // One spelling a thing: `+1`, `007` and anything behind the file are refused.
        (object.path() == path).then_some(object)
    }

    /// Its media type; a rendition of sound has a name that begins with `audio`.
    pub fn content_type(&self) -> &'static str {
        if self.rendition.as_str().starts_with("audio") { "audio/mp4" } else { "video/mp4" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_round_trip_and_have_one_spelling() {
        for path in ["1/video/init0.mp4", "2/audio/12.m4s", "3/720p/12.0.m4s"] {
            assert_eq!(MediaObject::parse_path(path).unwrap().path(), path);
        }
        for path in [
            "1/video/init.mp4",
            "01/video/1.m4s",
            "1/video/+1.m4s",
            "1/../1.m4s",
            "1/video/1.m4s/x",
            "1/Video/1.m4s",
            "",
        ] {
            assert_eq!(MediaObject::parse_path(path), None, "{path}");
        }
    }
}
