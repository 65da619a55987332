//! What a track is made of, read from its sequence header. The header itself goes on into the init section.

use h264_reader::nal::{Nal as _, RefNal, sps::SeqParameterSet};
use spillway_protocol::media::{RenditionId, Track, TrackKind};

/// A sequence header is some tens of bytes.
const MAX_RECORD: usize = 4 * 1024;
/// Frames a second that are believed, in thousandths; other values are what a variable frame rate looks like.
const FRAME_RATES: std::ops::RangeInclusive<f64> = 1_000.0..=300_000.0;
/// Sampling frequencies by their index (ISO/IEC 14496-3, table 1.18).
const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// Channels by `channelConfiguration` (table 1.19); 0 would mean a table within the stream.
const CHANNELS: [u32; 8] = [0, 1, 2, 3, 4, 5, 6, 8];

/// A picture track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VideoFormat {
    /// As RFC 6381 writes it.
    pub(crate) codec: String,
    /// Pixels across.
    pub(crate) width: u32,
    /// Pixels down.
    pub(crate) height: u32,
    /// Frames a second in thousandths, where the encoder says.
    pub(crate) frame_rate_millis: Option<u32>,
    /// The `AVCDecoderConfigurationRecord`.
    pub(crate) record: Vec<u8>,
}

/// A sound track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AudioFormat {
    /// As RFC 6381 writes it.
    pub(crate) codec: String,
    /// How many channels.
    pub(crate) channels: u32,
    /// Samples a second.
    pub(crate) sample_rate: u32,
    /// Samples in a frame: 1024, seldom 960.
    pub(crate) frame_samples: u32,
    /// The `AudioSpecificConfig`.
    pub(crate) record: Vec<u8>,
}

/// A track of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// A picture.
    Video(VideoFormat),
    /// Sound.
    Audio(AudioFormat),
}

/// The sequence header is broken, or of a profile that is not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sequence header is not supported")]
pub(crate) struct Unsupported;

impl VideoFormat {
    /// Reads an `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15, section 5.3.3.1).
    pub(crate) fn parse(record: &[u8]) -> Result<Self, Unsupported> {
        let (&[version, profile, constraints, level, _, sets, high, low], rest) =
            record.split_first_chunk().ok_or(Unsupported)?;
        if version != 1 || matches!(sets & 0x1f, 0) || record.len() > MAX_RECORD {
            return Err(Unsupported);
        }
        let sps = rest.get(..usize::from(u16::from_be_bytes([high, low]))).ok_or(Unsupported)?;
        if sps.first().is_none_or(|header| header & 0x1f != 7) {
            return Err(Unsupported);
        }
        let sps = SeqParameterSet::from_bits(RefNal::new(sps, &[], true).rbsp_bits()).map_err(|_| Unsupported)?;
        let (width, height) = sps.pixel_dimensions().map_err(|_| Unsupported)?;
        let sides = 1..=u32::from(u16::MAX);
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(Unsupported);
        }
        let rate = sps.fps().map(|fps| (fps * 1_000.0).round()).filter(|rate| FRAME_RATES.contains(rate));
        Ok(Self {
            codec: format!("avc1.{profile:02x}{constraints:02x}{level:02x}"),
            width,
            height,
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just above")]
            frame_rate_millis: rate.map(|rate| rate as u32),
            record: record.to_vec(),
        })
    }
}

impl AudioFormat {
    /// Reads an `AudioSpecificConfig` (ISO/IEC 14496-3, section 1.6.2.1).
    pub(crate) fn parse(record: &[u8]) -> Result<Self, Unsupported> {
        if record.len() > MAX_RECORD {
            return Err(Unsupported);
        }
        let mut bits = Bits { bytes: record, at: 0 };
        let object_type = bits.take(5)?;
        // LC, SBR over LC, PS over that. Others are not what an encoder sends.
        if !matches!(object_type, 2 | 5 | 29) {
            return Err(Unsupported);
        }
        let sample_rate = bits.sample_rate()?;
        let channels = CHANNELS.get(bits.take(4)? as usize).copied().filter(|n| *n > 0).ok_or(Unsupported)?;
        if object_type != 2 {
            bits.sample_rate()?;
            if bits.take(5)? != 2 {
                return Err(Unsupported);
            }
        }
        let frame_samples = if bits.take(1)? == 1 { 960 } else { 1_024 };
        Ok(Self {
            codec: format!("mp4a.40.{object_type}"),
            channels,
            sample_rate,
            frame_samples,
            record: record.to_vec(),
        })
    }

    /// How long `frames` frames last, in microseconds.
    pub(crate) fn frames_us(&self, frames: u64) -> u64 {
        let samples = u128::from(frames) * u128::from(self.frame_samples);
        u64::try_from(samples * 1_000_000 / u128::from(self.sample_rate)).unwrap_or(u64::MAX)
    }
}

impl Format {
    /// What the origin is told; `measured` frames a second (in thousandths) stand in where the encoder does not say.
    pub(crate) fn track(&self, measured: u32) -> Track {
        match self {
            Self::Video(video) => Track {
                rendition: RenditionId::video(),
                codec: video.codec.clone(),
                kind: TrackKind::Video {
                    width: video.width,
                    height: video.height,
                    frame_rate_millis: video.frame_rate_millis.unwrap_or(measured),
                },
            },
            Self::Audio(audio) => Track {
                rendition: RenditionId::audio(),
                codec: audio.codec.clone(),
                kind: TrackKind::Audio { channels: audio.channels, sample_rate: audio.sample_rate },
            },
        }
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Result<u32, Unsupported> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8).ok_or(Unsupported)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Ok(value)
    }

    fn sample_rate(&mut self) -> Result<u32, Unsupported> {
        let rate = match self.take(4)? {
            15 => self.take(24)?,
            index => *SAMPLE_RATES.get(index as usize).ok_or(Unsupported)?,
        };
        if (7_350..=96_000).contains(&rate) { Ok(rate) } else { Err(Unsupported) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// libx264's header of a 640×360 picture at 30 frames a second, High profile.
    const RECORD: &[u8] = &[
        0x01, 0x64, 0x00, 0x1e, 0xff, 0xe1, 0x00, 0x1a, 0x67, 0x64, 0x00, 0x1e, 0xac, 0xd9, 0x40, 0xa0, 0x2f, 0xf9,
        0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x3c, 0x0f, 0x16, 0x2d, 0x96, 0x01, 0x00,
        0x06, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0x00,
    ];

    #[test]
    fn reads_a_picture() {
        let format = VideoFormat::parse(RECORD).unwrap();
        assert_eq!((format.width, format.height), (640, 360));
        assert_eq!(format.frame_rate_millis, Some(30_000));
        assert_eq!(format.codec, "avc1.64001e");
    }

    #[test]
    fn reads_sound() {
        let lc = AudioFormat::parse(&[0x12, 0x10]).unwrap();
        assert_eq!((lc.codec.as_str(), lc.sample_rate, lc.channels, lc.frame_samples), ("mp4a.40.2", 44_100, 2, 1_024));
        let surround = AudioFormat::parse(&[0x11, 0xb0, 0x56, 0xe5, 0x00]).unwrap();
        assert_eq!((surround.sample_rate, surround.channels), (48_000, 6));
        assert_eq!(lc.frames_us(44_100), 1_024_000_000);
    }

    #[test]
    fn refuses_what_it_cannot_describe() {
        assert_eq!(AudioFormat::parse(&[]), Err(Unsupported));
        assert_eq!(AudioFormat::parse(&[0x0a, 0x10]), Err(Unsupported));
        assert_eq!(VideoFormat::parse(&RECORD[..20]), Err(Unsupported));
        assert_eq!(VideoFormat::parse(&[1, 100, 0, 30, 255, 0xe1, 0, 0, 1]), Err(Unsupported));
    }

    proptest! {
        #[test]
        fn no_record_panics(record: Vec<u8>) {
            let _ = VideoFormat::parse(&record);
            let _ = AudioFormat::parse(&record);
        }

        #[test]
        fn no_broken_picture_panics(at in 0..RECORD.len(), bits: u8, length in 0..=RECORD.len()) {
            let mut record = RECORD.to_vec();
            record[at] ^= bits;
            let _ = VideoFormat::parse(&record[..length]);
        }
    }
}
