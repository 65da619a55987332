//! The bodies of FLV tags (Adobe FLV 10.1, annex E; Enhanced RTMP for `avc1` and `mp4a`). Everything borrows, nothing is copied.

/// What a video tag holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VideoTag<'a> {
    /// An `AVCDecoderConfigurationRecord`.
    Config(&'a [u8]),
    /// One picture, its NAL units with their lengths in front.
    Picture {
        /// Decodes on its own.
        keyframe: bool,
        /// Presentation time less decoding time, in milliseconds.
        offset_ms: i32,
        /// The access unit.
        data: &'a [u8],
    },
    /// Nothing to show: an end of sequence, metadata, a seek hint.
    Nothing,
}

/// What an audio tag holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AudioTag<'a> {
    /// An `AudioSpecificConfig`.
    Config(&'a [u8]),
    /// One raw AAC frame.
    Frame(&'a [u8]),
    /// Nothing to hear.
    Nothing,
}

/// Why a tag was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// It ends before its header does.
    #[error("the tag is cut short")]
    Short,
    /// Not H.264, or not AAC.
    #[error("the codec is not supported")]
    Codec,
}

/// A sequence header is broken, or of a profile that is not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sequence header is not supported")]
pub(crate) struct Unsupported;

const KEYFRAME: u8 = 1;
const INFO: u8 = 5;
const AVC: u8 = 7;
const AAC: u8 = 10;
const ENHANCED_AUDIO: u8 = 9;

impl<'a> VideoTag<'a> {
    /// Reads a body.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Refused> {
        let (&[first], rest) = body.split_first_chunk().ok_or(Refused::Short)?;
        let frame_type = (first >> 4) & 0x7;
        if frame_type == INFO {
            return Ok(Self::Nothing);
        }
        if first & 0x80 != 0 {
            return Self::enhanced(frame_type, first & 0xf, rest);
        }
        if first & 0xf != AVC {
            return Err(Refused::Codec);
        }
        let (&[packet], rest) = rest.split_first_chunk().ok_or(Refused::Short)?;
        Self::avc(frame_type, packet, rest)
    }

    fn enhanced(frame_type: u8, packet: u8, rest: &'a [u8]) -> Result<Self, Refused> {
        let (codec, rest) = rest.split_first_chunk::<4>().ok_or(Refused::Short)?;
        if codec != b"avc1" {
            return Err(Refused::Codec);
        }
        match packet {
            // Coded frames whose composition offset is left out because it is 0.
            3 => Ok(Self::Picture { keyframe: frame_type == KEYFRAME, offset_ms: 0, data: rest }),
            // Unlike the legacy body, a sequence start has no composition offset in front.
            0 => Ok(Self::Config(rest)),
            1 => Self::avc(frame_type, packet, rest),
            _ => Ok(Self::Nothing),
        }
    }

    fn avc(frame_type: u8, packet: u8, rest: &'a [u8]) -> Result<Self, Refused> {
        let (&[a, b, c], data) = rest.split_first_chunk().ok_or(Refused::Short)?;
        Ok(match packet {
            0 => Self::Config(data),
            // 24 bits with a sign: shifted up, then down again, which carries the sign.
            1 => {
                let offset_ms = i32::from_be_bytes([a, b, c, 0]) >> 8;
                Self::Picture { keyframe: frame_type == KEYFRAME, offset_ms, data }
            }
            _ => Self::Nothing,
        })
    }
}

impl<'a> AudioTag<'a> {
    /// Reads a body.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Refused> {
        let (&[first], rest) = body.split_first_chunk().ok_or(Refused::Short)?;
        let (packet, data) = match first >> 4 {
            AAC => {
                let (&[packet], data) = rest.split_first_chunk().ok_or(Refused::Short)?;
                (packet, data)
            }
            ENHANCED_AUDIO => {
                let (codec, data) = rest.split_first_chunk::<4>().ok_or(Refused::Short)?;
                if codec != b"mp4a" {
                    return Err(Refused::Codec);
                }
                (first & 0xf, data)
            }
            _ => return Err(Refused::Codec),
        };
        Ok(match packet {
            0 => Self::Config(data),
            1 => Self::Frame(data),
            _ => Self::Nothing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_pictures_and_their_offsets() {
        let keyframe = [0x17, 1, 0, 0, 66, 0xaa];
        assert_eq!(VideoTag::parse(&keyframe), Ok(VideoTag::Picture { keyframe: true, offset_ms: 66, data: &[0xaa] }));
        let early = [0x27, 1, 0xff, 0xff, 0xfe, 0xbb];
        assert_eq!(VideoTag::parse(&early), Ok(VideoTag::Picture { keyframe: false, offset_ms: -2, data: &[0xbb] }));
    }

    #[test]
    fn reads_configs_and_ends() {
        assert_eq!(VideoTag::parse(&[0x17, 0, 0, 0, 0, 1, 2]), Ok(VideoTag::Config(&[1, 2])));
        assert_eq!(VideoTag::parse(&[0x17, 2, 0, 0, 0]), Ok(VideoTag::Nothing));
        assert_eq!(VideoTag::parse(&[0x57, 0]), Ok(VideoTag::Nothing));
        assert_eq!(AudioTag::parse(&[0xaf, 0, 0x12, 0x10]), Ok(AudioTag::Config(&[0x12, 0x10])));
        assert_eq!(AudioTag::parse(&[0xaf, 1, 9]), Ok(AudioTag::Frame(&[9])));
    }

    #[test]
    fn reads_enhanced_bodies() {
        assert_eq!(VideoTag::parse(b"\x90avc1\x01"), Ok(VideoTag::Config(&[1])));
        let picture = VideoTag::Picture { keyframe: false, offset_ms: 33, data: &[7] };
        assert_eq!(VideoTag::parse(b"\xa1avc1\x00\x00\x21\x07"), Ok(picture));
        let picture = VideoTag::Picture { keyframe: true, offset_ms: 0, data: &[7] };
        assert_eq!(VideoTag::parse(b"\x93avc1\x07"), Ok(picture));
        assert_eq!(AudioTag::parse(b"\x91mp4a\x07"), Ok(AudioTag::Frame(&[7])));
    }

    #[test]
    fn refuses_other_codecs() {
        assert_eq!(VideoTag::parse(b"\x90hvc1"), Err(Refused::Codec));
        assert_eq!(VideoTag::parse(&[0x12, 0]), Err(Refused::Codec));
        assert_eq!(AudioTag::parse(&[0x2f, 0]), Err(Refused::Codec));
    }

    proptest! {
        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let _ = VideoTag::parse(&body);
            let _ = AudioTag::parse(&body);
        }

        #[test]
        fn what_is_in_a_legacy_picture_comes_out(keyframe: bool, offset in -8_388_608_i32..8_388_608, data: Vec<u8>) {
            let [_, a, b, c] = offset.to_be_bytes();
            let mut body = vec![if keyframe { 0x17 } else { 0x27 }, 1, a, b, c];
            body.extend_from_slice(&data);
            prop_assert_eq!(VideoTag::parse(&body), Ok(VideoTag::Picture { keyframe, offset_ms: offset, data: &data }));
        }
    }
}
