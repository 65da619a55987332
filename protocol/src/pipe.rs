//! The frames between the origin and a stream's own pipeline process, on its standard input and output:
//! one byte of type, four bytes of length (big endian), the payload. A payload that has both facts and media is four bytes
//! of length (big endian), that many bytes of JSON, then the media's bytes.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::media::{PartIndex, RenditionId, SegmentIndex, Track};

/// No frame is longer than this; a longer one ends the pipeline.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;
/// The bytes in front of a payload.
pub const HEADER: usize = 5;

/// From the origin to the pipeline.
#[derive(Debug, Clone, PartialEq)]
pub enum ToPipeline<B> {
    /// The first frame.
    Config(Config),
    /// The body of an FLV video tag, untouched.
    Video(Tag, B),
    /// The body of an FLV audio tag, untouched.
    Audio(Tag, B),
    /// Nothing follows: finish what is open, then exit.
    Eos,
}

/// From the pipeline to the origin. Within a rendition: `Init` before its parts, a segment's parts in order, then `SegmentEnd`; nothing
/// behind a `Ladder` that is without it.
#[derive(Debug, Clone, PartialEq)]
pub enum FromPipeline<B> {
    /// The stream's target duration is settled (the first segment is whole, or the config gave it). Comes before any `SegmentEnd`.
    Target(Target),
    /// An init section (`ftyp` + `moov`).
    Init(Init, B),
    /// A part (`moof` + `mdat`, at the start of a segment `styp` too).
    Part(Part, B),
    /// A segment is whole: its parts, concatenated.
    SegmentEnd(SegmentEnd),
    /// Which rungs run from here on; of one that ran and is not named nothing more comes.
    Ladder(Ladder),
    /// What the streamer should know, as a stable code (`LONG_GOP`, …).
    Warning(Warning),
    /// All was flushed; the process exits.
    Eos,
}

/// How to cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// A segment is cut at the first keyframe after this many milliseconds.
    pub segment_ms: u32,
    /// Aim for parts of this many milliseconds.
    pub part_ms: u32,
    /// The stream's target duration in milliseconds, where an earlier epoch has set it.
    pub target_ms: Option<u32>,
    /// The stream's part target in milliseconds, where an earlier epoch has set it.
    pub part_target_ms: Option<u32>,
    /// The rungs that may be made, as their lines across the shorter side; those that are not below the source are left out.
    #[serde(default)]
    pub rungs: Vec<u16>,
}

/// When a tag belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Decoding time in milliseconds from the epoch's zero, unwrapped.
    pub dts_ms: i64,
}

/// The settled durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// EXT-X-TARGETDURATION in milliseconds, whole seconds.
    pub target_ms: u32,
    /// PART-TARGET in milliseconds: no part is longer, and none but a segment's last is shorter than 85 % of it.
    pub part_target_ms: u32,
}

/// What an init section is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Init {
    /// What it describes.
    pub track: Track,
    /// Counts codec changes from 0.
    pub version: u32,
}

/// Where a part belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Whose.
    pub rendition: RenditionId,
    /// Of which segment.
    pub segment: SegmentIndex,
    /// Which part of it.
    pub part: PartIndex,
    /// Media time at its start, in microseconds from the epoch's zero.
    pub start_us: u64,
    /// Its length in microseconds.
    pub duration_us: u64,
    /// Begins with a keyframe; always true for sound.
    pub independent: bool,
    /// Its segment ends with it.
    pub last: bool,
}

/// A segment that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentEnd {
    /// Whose.
    pub rendition: RenditionId,
    /// Which one.
    pub segment: SegmentIndex,
    /// Media time at its start, in microseconds from the epoch's zero.
    pub start_us: u64,
    /// Its length in microseconds: the sum of its parts.
    pub duration_us: u64,
    /// Begins with a keyframe; always true for sound.
    pub independent: bool,
    /// Which init section it needs.
    pub init: u32,
    /// How many parts it has.
    pub parts: u32,
}

/// The rungs that run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ladder {
    /// Their lines across the shorter side, highest first.
    pub rungs: Vec<u16>,
}

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// A stable code.
    pub code: String,
}

/// Why a frame was refused. The peer is broken: the only cure is a new process.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Longer than [`MAX_FRAME`].
    #[error("a frame of {0} bytes is too long")]
    TooLong(usize),
    /// Its type is not known.
    #[error("unknown frame type {0}")]
    UnknownType(u8),
    /// It ends before its facts do.
    #[error("the frame is cut short")]
    Short,
    /// Its facts are not what they should be.
    #[error("the frame's facts do not parse")]
    Facts(#[from] serde_json::Error),
}

/// Reads a frame's header: its type and its payload's length.
pub fn header(bytes: [u8; HEADER]) -> Result<(u8, usize), Malformed> {
    let [kind, a, b, c, d] = bytes;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > MAX_FRAME { Err(Malformed::TooLong(length)) } else { Ok((kind, length)) }
}

fn write<T: Serialize>(kind: u8, facts: &T, media: &[u8]) -> Result<Vec<u8>, Malformed> {
    let facts = serde_json::to_vec(facts)?;
    let length = 4 + facts.len() + media.len();
    let (true, Ok(total), Ok(head)) = (length <= MAX_FRAME, u32::try_from(length), u32::try_from(facts.len())) else {
        return Err(Malformed::TooLong(length));
    };
    let mut frame = Vec::with_capacity(HEADER + length);
    frame.push(kind);
    frame.extend_from_slice(&total.to_be_bytes());
    frame.extend_from_slice(&head.to_be_bytes());
    frame.extend_from_slice(&facts);
    frame.extend_from_slice(media);
    Ok(frame)
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<(T, &[u8]), Malformed> {
    let (head, rest) = payload.split_first_chunk::<4>().ok_or(Malformed::Short)?;
    let (facts, media) = rest.split_at_checked(u32::from_be_bytes(*head) as usize).ok_or(Malformed::Short)?;
    Ok((serde_json::from_slice(facts)?, media))
}

impl<B: AsRef<[u8]>> ToPipeline<B> {
    /// The frame, header included.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        match self {
            Self::Config(config) => write(1, config, &[]),
            Self::Video(tag, body) => write(2, tag, body.as_ref()),
            Self::Audio(tag, body) => write(3, tag, body.as_ref()),
            Self::Eos => write(4, &(), &[]),
        }
    }
}

impl<'a> ToPipeline<&'a [u8]> {
    /// Reads a payload of type `kind`; the media stays where it is.
    pub fn decode(kind: u8, payload: &'a [u8]) -> Result<Self, Malformed> {
        Ok(match kind {
            1 => Self::Config(read(payload)?.0),
            2 => read(payload).map(|(tag, body)| Self::Video(tag, body))?,
            3 => read(payload).map(|(tag, body)| Self::Audio(tag, body))?,
            4 => Self::Eos,
            other => return Err(Malformed::UnknownType(other)),
        })
    }
}

impl<B: AsRef<[u8]>> FromPipeline<B> {
    /// The frame, header included.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        match self {
            Self::Target(target) => write(65, target, &[]),
            Self::Init(init, bytes) => write(66, init, bytes.as_ref()),
            Self::Part(part, bytes) => write(67, part, bytes.as_ref()),
            Self::SegmentEnd(end) => write(68, end, &[]),
            Self::Warning(warning) => write(69, warning, &[]),
            Self::Eos => write(70, &(), &[]),
            Self::Ladder(ladder) => write(71, ladder, &[]),
        }
    }
}

impl<'a> FromPipeline<&'a [u8]> {
    /// Reads a payload of type `kind`; the media stays where it is.
    pub fn decode(kind: u8, payload: &'a [u8]) -> Result<Self, Malformed> {
        Ok(match kind {
            65 => Self::Target(read(payload)?.0),
            66 => read(payload).map(|(init, bytes)| Self::Init(init, bytes))?,
            67 => read(payload).map(|(part, bytes)| Self::Part(part, bytes))?,
            68 => Self::SegmentEnd(read(payload)?.0),
            69 => Self::Warning(read(payload)?.0),
            70 => Self::Eos,
            71 => Self::Ladder(read(payload)?.0),
            other => return Err(Malformed::UnknownType(other)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_frame_comes_back_as_it_went() {
        let frame = ToPipeline::Video(Tag { dts_ms: -3 }, b"body".as_slice());
        let bytes = frame.encode().unwrap();
        let (kind, length) = header(*bytes.first_chunk().unwrap()).unwrap();
        assert_eq!(length, bytes.len() - HEADER);
        assert_eq!(ToPipeline::decode(kind, &bytes[HEADER..]).unwrap(), frame);
    }

    proptest! {
        #[test]
        fn no_payload_panics(kind: u8, payload: Vec<u8>) {
            let _ = ToPipeline::decode(kind, &payload);
            let _ = FromPipeline::decode(kind, &payload);
        }
    }
}
