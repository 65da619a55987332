//! Bit rates as EXT-X-STREAM-INF must state them, measured on what is listed.

use serde::{Deserialize, Serialize};

use crate::segment::Segment;

/// What a rendition asks of a line, in bits a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bandwidth {
    /// The peak segment bit rate: the largest of any run of segments that is half to one and a half target durations
    /// long (RFC 8216bis, section 2).
    pub peak: u64,
    /// The average segment bit rate.
    pub average: u64,
}

impl Bandwidth {
    /// Measures segments; gaps have no bytes and do not count.
    pub(crate) fn measure<'a>(segments: impl Iterator<Item = &'a Segment>, target_ms: u32) -> Self {
        let sizes: Vec<(u64, u64)> = segments.filter(|s| !s.gap).map(|s| (s.size, s.duration_us)).collect();
        let total = sizes.iter().fold((0, 0), add);
        let average = rate(total);
        let target = u64::from(target_ms) * 1_000;
        let long_enough = |us: u64| us >= target / 2 && us <= target / 2 * 3;
        let mut peak = average;
        for start in 0..sizes.len() {
            let mut run = (0, 0);
            for segment in sizes.iter().skip(start) {
                run = add(run, segment);
                if run.1 > target / 2 * 3 {
                    break;
                }
                if long_enough(run.1) {
                    peak = peak.max(rate(run));
                }
            }
        }
        Self { peak, average }
    }

    /// Both at once.
    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { peak: self.peak.saturating_add(other.peak), average: self.average.saturating_add(other.average) }
    }
}

fn add(sum: (u64, u64), next: &(u64, u64)) -> (u64, u64) {
    (sum.0.saturating_add(next.0), sum.1.saturating_add(next.1))
}

/// Bits a second, rounded up: a stated rate may not be below the true one.
fn rate((bytes, us): (u64, u64)) -> u64 {
    let bits = u128::from(bytes) * 8 * 1_000_000;
    u64::try_from(bits.div_ceil(u128::from(us.max(1)))).unwrap_or(u64::MAX)
}
