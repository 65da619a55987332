//! What a track is made of, read from its sequence header, or from what stands in the stream in its place.

use h264_reader::nal::{
    Nal as _, RefNal,
    sps::{ChromaFormat, SeqParameterSet},
};
use spillway_protocol::media::{RenditionId, Track, TrackKind};

use crate::{aac::AudioFormat, avc::ParameterSets, flv::Unsupported};

/// Frames a second that are believed, in thousandths; other values are what a variable frame rate looks like.
const FRAME_RATES: std::ops::RangeInclusive<f64> = 1_000.0..=300_000.0;
/// Profiles whose records say more of the samples.
const HIGH_PROFILES: [u8; 5] = [100, 110, 122, 144, 244];

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

/// A track of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// A picture.
    Video(VideoFormat),
    /// Sound.
    Audio(AudioFormat),
}

impl VideoFormat {
    /// What the sets say of the picture.
    pub(crate) fn of(sets: &ParameterSets) -> Result<Self, Unsupported> {
        let sps = sets.sequence()?;
        let &[_, profile, constraints, level, ..] = sps else { return Err(Unsupported) };
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
            record: sets.record(samples(&sps)?)?,
        })
    }
}

/// What a record of a high profile says of the samples: how colour is sampled, bits of brightness and of colour, no further sets.
fn samples(sps: &SeqParameterSet) -> Result<Option<[u8; 4]>, Unsupported> {
    if !HIGH_PROFILES.contains(&sps.profile_idc.into()) {
        return Ok(None);
    }
    let chroma = match sps.chroma_info.chroma_format {
        ChromaFormat::Monochrome => 0,
        ChromaFormat::YUV420 => 1,
        ChromaFormat::YUV422 => 2,
        ChromaFormat::YUV444 => 3,
        ChromaFormat::Invalid(_) => return Err(Unsupported),
    };
    let [luma, colour] = [sps.chroma_info.bit_depth_luma_minus8, sps.chroma_info.bit_depth_chroma_minus8];
    Ok(Some([0xfc | chroma, 0xf8 | luma & 7, 0xf8 | colour & 7, 0]))
}

impl Format {
    /// What the origin is told of a rendition; `measured` frames a second (in thousandths) stand in where the encoder does not say.
    pub(crate) fn track(&self, rendition: RenditionId, measured: u32) -> Track {
        match self {
            Self::Video(video) => Track {
                rendition,
                codec: video.codec.clone(),
                kind: TrackKind::Video {
                    width: video.width,
                    height: video.height,
                    frame_rate_millis: video.frame_rate_millis.unwrap_or(measured),
                },
            },
            Self::Audio(audio) => Track {
                rendition,
                codec: audio.codec.clone(),
                kind: TrackKind::Audio { channels: audio.channels, sample_rate: audio.sample_rate },
            },
        }
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

    fn parse(record: &[u8]) -> Result<VideoFormat, Unsupported> {
        VideoFormat::of(&ParameterSets::parse(record)?)
    }

    #[test]
    fn reads_a_picture() {
        let format = parse(RECORD).unwrap();
        assert_eq!(format.record, RECORD);
        assert_eq!((format.width, format.height), (640, 360));
        assert_eq!(format.frame_rate_millis, Some(30_000));
        assert_eq!(format.codec, "avc1.64001e");
    }

    #[test]
    fn refuses_what_it_cannot_describe() {
        assert_eq!(parse(&RECORD[..20]), Err(Unsupported));
        assert_eq!(parse(&[1, 100, 0, 30, 255, 0xe1, 0, 0, 1]), Err(Unsupported));
        assert_eq!(parse(&[1, 100, 0, 30, 255, 0xe0, 0]), Err(Unsupported));
    }

    proptest! {
        #[test]
        fn no_record_panics(record: Vec<u8>) {
            let _ = parse(&record);
        }

        #[test]
        fn no_broken_picture_panics(at in 0..RECORD.len(), bits: u8, length in 0..=RECORD.len()) {
            let mut record = RECORD.to_vec();
            record[at] ^= bits;
            let _ = parse(&record[..length]);
        }
    }
}
