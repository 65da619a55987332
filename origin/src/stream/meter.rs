//! How a publisher does, counted from its tags. Time comes from outside.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use spillway_protocol::link::Health;

use crate::ingest::{
    Tag,
    flv::{Kind, Role},
};

/// How many readings a warning stays after it was last given, so that a streamer has the time to read it.
const WARNING_READINGS: u8 = 10;
/// The pipeline's codes are few; more is a fault of its own.
const MAX_WARNINGS: usize = 16;

/// Counts since the last reading, and what outlives one.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    bytes: u64,
    frames: u64,
    last_keyframe: Option<i64>,
    keyframe_interval_ms: Option<u32>,
    warnings: BTreeMap<String, u8>,
    /// Warnings that stay.
    lasting: BTreeSet<&'static str>,
}

impl Meter {
    /// Counts a tag.
    pub(crate) fn tag(&mut self, tag: &Tag) {
        self.bytes += tag.body.len() as u64;
        if tag.kind == Kind::Audio || tag.role == Role::Configuration {
            return;
        }
        self.frames += 1;
        if tag.role == Role::Keyframe {
            let since = self.last_keyframe.map(|last| tag.dts_ms.saturating_sub(last));
            self.keyframe_interval_ms = since.and_then(|ms| u32::try_from(ms).ok()).or(self.keyframe_interval_ms);
            self.last_keyframe = Some(tag.dts_ms);
        }
    }

    /// The pipeline has a warning for the streamer.
    pub(crate) fn warn(&mut self, code: String) {
        if self.warnings.len() < MAX_WARNINGS || self.warnings.contains_key(&code) {
            self.warnings.insert(code, WARNING_READINGS);
        }
    }

    /// A warning that holds from now on, or does not any more.
    pub(crate) fn lasts(&mut self, code: &'static str, holds: bool) {
        if holds {
            self.lasting.insert(code);
        } else {
            self.lasting.remove(code);
        }
    }

    /// Reads the meter after `elapsed`; `None` when nothing came, as a silent publisher is not there.
    pub(crate) fn read(&mut self, elapsed: Duration) -> Option<Health> {
        let (bytes, frames) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.frames));
        let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        self.warnings.retain(|_, left| {
            *left = left.saturating_sub(1);
            *left > 0
        });
        (bytes > 0).then(|| Health {
            bitrate: bytes.saturating_mul(8_000) / ms,
            frame_rate_millis: u32::try_from(frames.saturating_mul(1_000_000) / ms).unwrap_or(u32::MAX),
            keyframe_interval_ms: self.keyframe_interval_ms,
            queued_bytes: 0,
            warnings: self.warnings.keys().cloned().chain(self.lasting.iter().map(|code| (*code).to_owned())).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn tag(kind: Kind, role: Role, dts_ms: i64) -> Tag {
        Tag { kind, role, dts_ms, body: Bytes::from_static(&[0; 100]) }
    }

    #[test]
    fn counts_bits_frames_and_the_distance_of_keyframes() {
        let mut meter = Meter::default();
        for n in 0..60 {
            meter.tag(&tag(Kind::Video, if n % 30 == 0 { Role::Keyframe } else { Role::Frame }, n * 33));
        }
        meter.tag(&tag(Kind::Audio, Role::Keyframe, 0));
        meter.tag(&tag(Kind::Video, Role::Configuration, 0));
        let health = meter.read(Duration::from_secs(2)).unwrap();
        assert_eq!((health.bitrate, health.frame_rate_millis), (62 * 100 * 4, 30_000));
        assert_eq!(health.keyframe_interval_ms, Some(990));
    }

    #[test]
    fn silence_is_not_health_and_warnings_fade() {
        let mut meter = Meter::default();
        assert_eq!(meter.read(Duration::from_secs(1)), None);
        meter.warn("LONG_GOP".to_owned());
        let mut readings = 0;
        loop {
            meter.tag(&tag(Kind::Audio, Role::Keyframe, 0));
            match meter.read(Duration::from_secs(1)) {
                Some(health) if !health.warnings.is_empty() => readings += 1,
                _ => break,
            }
        }
        assert_eq!(readings, WARNING_READINGS - 1);
    }

    #[test]
    fn what_lasts_does_not_fade() {
        let mut meter = Meter::default();
        meter.lasts("RUNGS_LIMITED", true);
        let mut read = |holds| {
            meter.lasts("RUNGS_LIMITED", holds);
            meter.tag(&tag(Kind::Audio, Role::Keyframe, 0));
            meter.read(Duration::from_secs(1)).unwrap().warnings.len()
        };
        assert_eq!([true, true, false].map(&mut read), [1, 1, 0]);
        assert!((0..30).all(|_| read(true) == 1));
    }
}
