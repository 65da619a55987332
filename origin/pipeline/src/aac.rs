//! AAC's sequence header: the `AudioSpecificConfig` (ISO/IEC 14496-3, section 1.6.2.1), with SBR (HE-AAC) and PS (HE-AAC v2)
//! however they are signalled.

use crate::flv::Unsupported;

/// A config is a few bytes.
const MAX_RECORD: usize = 4 * 1024;
/// Sampling frequencies by their index (table 1.18).
const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// Channels by `channelConfiguration` (table 1.19); 0 would mean a table within the stream.
const CHANNELS: [u32; 8] = [0, 1, 2, 3, 4, 5, 6, 8];

/// Object types (table 1.17). Others are not what an encoder sends.
const LC: u32 = 2;
const SBR: u32 = 5;
const PS: u32 = 29;
/// Up to this rate SBR may come without being signalled: it doubles it to 48 kHz at most.
const CORE_RATE: u32 = 24_000;
/// What stands before extensions that older decoders are to pass over.
const SYNC_SBR: u32 = 0x2b7;
const SYNC_PS: u32 = 0x548;

/// A sound track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AudioFormat {
    /// As RFC 6381 writes it.
    pub(crate) codec: String,
    /// How many channels are heard.
    pub(crate) channels: u32,
    /// Samples a second, as they are heard: SBR doubles what the core codes.
    pub(crate) sample_rate: u32,
    /// Samples in a frame: 1024, seldom 960; twice as many with SBR.
    pub(crate) frame_samples: u32,
    /// The `AudioSpecificConfig`.
    pub(crate) record: Vec<u8>,
}

/// What a config says of SBR and PS.
struct Extension {
    object_type: u32,
    sample_rate: u32,
}

impl AudioFormat {
    /// Reads an `AudioSpecificConfig`.
    pub(crate) fn parse(record: &[u8]) -> Result<Self, Unsupported> {
        if record.len() > MAX_RECORD {
            return Err(Unsupported);
        }
        let mut bits = Bits { bytes: record, at: 0 };
        let object_type = bits.take(5)?;
        let mut sample_rate = bits.sample_rate()?;
        let mut channels = CHANNELS.get(bits.take(4)? as usize).copied().filter(|n| *n > 0).ok_or(Unsupported)?;
        let extension = match object_type {
            LC => None,
            SBR | PS => Some(Extension { object_type, sample_rate: bits.sample_rate()? }),
            _ => return Err(Unsupported),
        };
        if extension.is_some() && bits.take(5)? != LC {
            return Err(Unsupported);
        }
        let mut frame_samples = if bits.take(1)? == 1 { 960 } else { 1_024 };
        let extension = extension.or_else(|| bits.extension().ok().flatten());
        if let Some(extension) = &extension {
            if extension.object_type == PS {
                channels = channels.max(2);
            }
            if extension.sample_rate == sample_rate * 2 {
                (sample_rate, frame_samples) = (extension.sample_rate, frame_samples * 2);
            }
        }
        Ok(Self {
            codec: codec(extension.map_or(LC, |extension| extension.object_type)),
            channels,
            sample_rate,
            frame_samples,
            record: record.to_vec(),
        })
    }

    /// Whether the frames may carry SBR although nothing is said of it.
    pub(crate) fn may_have_sbr(&self) -> bool {
        self.sample_rate <= CORE_RATE && self.codec == codec(LC)
    }

    /// The frames do carry SBR. Times are counted by the core's samples all the same: the record knows no others.
    pub(crate) fn has_sbr(&mut self) {
        self.codec = codec(SBR);
    }

    /// How long `frames` frames last, in microseconds.
    pub(crate) fn frames_us(&self, frames: u64) -> u64 {
        let samples = u128::from(frames) * u128::from(self.frame_samples);
        u64::try_from(samples * 1_000_000 / u128::from(self.sample_rate)).unwrap_or(u64::MAX)
    }
}

fn codec(object_type: u32) -> String {
    format!("mp4a.40.{object_type}")
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

    /// What stands behind the config for those that know it; an error where the config is at its end.
    fn extension(&mut self) -> Result<Option<Extension>, Unsupported> {
        let depends_on_core = self.take(1)?;
        self.take(if depends_on_core == 1 { 14 } else { 0 })?;
        self.take(1)?;
        if self.take(11)? != SYNC_SBR || self.take(5)? != SBR || self.take(1)? == 0 {
            return Ok(None);
        }
        let sample_rate = self.sample_rate()?;
        let has_ps = self.take(11) == Ok(SYNC_PS) && self.take(1) == Ok(1);
        Ok(Some(Extension { object_type: if has_ps { PS } else { SBR }, sample_rate }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(record: &[u8]) -> (String, u32, u32, u32) {
        let format = AudioFormat::parse(record).unwrap();
        (format.codec, format.sample_rate, format.channels, format.frame_samples)
    }

    fn is(codec: &str, sample_rate: u32, channels: u32, frame_samples: u32) -> (String, u32, u32, u32) {
        (codec.to_owned(), sample_rate, channels, frame_samples)
    }

    #[test]
    fn reads_sound() {
        assert_eq!(read(&[0x12, 0x10]), is("mp4a.40.2", 44_100, 2, 1_024));
        // Encoders say that there is no SBR, too.
        assert_eq!(read(&[0x11, 0xb0, 0x56, 0xe5, 0x00]), is("mp4a.40.2", 48_000, 6, 1_024));
        assert_eq!(AudioFormat::parse(&[0x12, 0x10]).unwrap().frames_us(44_100), 1_024_000_000);
    }

    #[test]
    fn reads_he_aac_however_it_is_signalled() {
        let he = is("mp4a.40.5", 48_000, 2, 2_048);
        assert_eq!(read(&[0x2b, 0x11, 0x88, 0x00]), he, "by its object type");
        assert_eq!(read(&[0x13, 0x10, 0x56, 0xe5, 0x98]), he, "behind the config");
        let v2 = is("mp4a.40.29", 44_100, 2, 2_048);
        assert_eq!(read(&[0xeb, 0x8a, 0x08, 0x00]), v2, "by its object type");
        assert_eq!(read(&[0x13, 0x88, 0x56, 0xe5, 0xa5, 0x48, 0x80]), v2, "behind the config");
        assert_eq!(AudioFormat::parse(&[0x2b, 0x11, 0x88, 0x00]).unwrap().frames_us(375), 16_000_000);
    }

    #[test]
    fn sbr_at_the_core_s_own_rate_doubles_nothing() {
        assert_eq!(read(&[0x29, 0x91, 0x88, 0x00]), is("mp4a.40.5", 48_000, 2, 1_024));
    }

    #[test]
    fn refuses_what_it_cannot_describe() {
        assert_eq!(AudioFormat::parse(&[]), Err(Unsupported));
        assert_eq!(AudioFormat::parse(&[0x0a, 0x10]), Err(Unsupported));
        assert_eq!(AudioFormat::parse(&[0x2b, 0x11, 0x84, 0x00]), Err(Unsupported));
    }

    proptest! {
        #[test]
        fn no_record_panics(record: Vec<u8>) {
            let _ = AudioFormat::parse(&record);
        }
    }
}
