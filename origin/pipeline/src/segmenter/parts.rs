//! How long parts are. One target holds for the whole stream and all of its tracks (RFC 8216bis, section 4.4.3.7): no part is longer,
//! and none but a segment's last is shorter than 85 % of it. Parts are whole units, so not every target can be met.

/// No target is longer: units that far apart have a hole between them.
const MOST_MS: u32 = 2_000;
/// No target is shorter.
const LEAST_MS: u32 = 100;

/// A stream's part target, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PartTarget(u32);

impl PartTarget {
    /// The target that an earlier epoch has settled.
    pub(super) fn settled(target_ms: u32) -> Self {
        Self(target_ms.clamp(LEAST_MS, MOST_MS))
    }

    /// The least target of about `aim_ms` or more that is met by whole units of each of these lengths.
    pub(super) fn of(aim_ms: u32, units_us: &[u64]) -> Self {
        let least = aim_ms.clamp(LEAST_MS, MOST_MS / 2).saturating_mul(101).div_ceil(100);
        let is_met = |target: &Self| units_us.iter().all(|unit_us| target.is_met_by(*unit_us));
        (least..=MOST_MS).map(Self).find(is_met).unwrap_or(Self(least))
    }

    /// Whether some number of units of this length is between 86 and 99 % of it. Tags are rounded to milliseconds: the hundredths that
    /// are left on both sides are for that.
    fn is_met_by(self, unit_us: u64) -> bool {
        let units = (self.most_us() * 100).checked_div(unit_us.saturating_mul(101)).unwrap_or(0);
        units.saturating_mul(unit_us) >= self.most_us() * 86 / 100
    }

    /// In milliseconds.
    pub(super) fn ms(self) -> u32 {
        self.0
    }

    /// No part is longer.
    pub(super) fn most_us(self) -> u64 {
        u64::from(self.0) * 1_000
    }

    /// A part that is not its segment's last is no shorter.
    pub(super) fn least_us(self) -> u64 {
        self.most_us() * 85 / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_units_of_every_track_meet_it() {
        let target = |units_us: &[u64]| PartTarget::of(250, units_us).ms();
        assert_eq!(target(&[]), 253);
        // HE-AAC at 48 kHz, and sound at 8 kHz, are coarser than a part's tolerance.
        assert_eq!([21_333, 23_220, 42_667, 128_000].map(|sound_us| target(&[sound_us])), [253, 253, 259, 259]);
        assert_eq!(target(&[33_333, 42_667]), 259);
        // Three pictures would do for 264 ms, but not for six frames of sound.
        assert_eq!((target(&[87_000]), target(&[87_000, 42_667])), (264, 264));
        for picture_us in (8_000..1_500_000).step_by(777) {
            for sound_us in [21_333, 23_220, 32_000, 42_667, 64_000, 128_000] {
                let target = PartTarget::of(250, &[picture_us, sound_us]);
                assert!(target.is_met_by(picture_us) && target.is_met_by(sound_us), "{picture_us} {sound_us}");
            }
        }
    }

    #[test]
    fn a_settled_one_stays_within_reason() {
        assert_eq!([0, 253, u32::MAX].map(|target| PartTarget::settled(target).ms()), [100, 253, 2_000]);
    }
}
