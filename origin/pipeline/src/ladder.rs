//! Which rungs there are below a source, and what each is made of. Lines are counted across the shorter side: a picture that stands
//! upright has the same rungs as one that lies.

use crate::format::VideoFormat;

/// More rungs than this are not made.
const MOST: usize = 4;
/// A picture of more pixels than level 5.2 has is not decoded: what it takes of memory is for the encoder that made it to know.
const MOST_PIXELS: u64 = 36_864 * 256;
/// In rungs of [`SMALL`] lines or fewer, a picture that is nearer than this to the one before it is left out: of 50 and 60 a second
/// every other one stays.
pub(crate) const THINNED_US: u64 = 25_000;
const SMALL: u16 = 480;
/// As many frames a second, in thousandths, are taken for 50 or 60.
const FAST_MILLIS: u32 = 45_000;
/// What a fast rung takes more than a slow one, in tenths.
const FAST_TENTHS: u32 = 14;

/// A rung of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rung {
    /// Lines across the shorter side, as its name says.
    pub(crate) lines: u16,
    /// Pixels across.
    pub(crate) width: u32,
    /// Pixels down.
    pub(crate) height: u32,
    /// Frames a second in thousandths, where the source says.
    pub(crate) frame_rate_millis: Option<u32>,
    /// Thousands of bits a second.
    pub(crate) kbits: u32,
}

impl Rung {
    /// Whether it has every other picture of a fast source only.
    pub(crate) fn is_thinned(&self) -> bool {
        self.lines <= SMALL
    }
}

/// The rungs of a source, of those that are `allowed`, highest first. One that is hardly below the source is none.
pub(crate) fn rungs(source: &VideoFormat, allowed: &[u16]) -> Vec<Rung> {
    let short = source.width.min(source.height);
    if u64::from(source.width).saturating_mul(source.height.into()) > MOST_PIXELS {
        return Vec::new();
    }
    let mut lines: Vec<u16> = allowed.iter().copied().filter(|lines| u32::from(*lines) * 10 < short * 9).collect();
    lines.retain(|lines| *lines >= 2);
    lines.sort_unstable_by(|one, other| other.cmp(one));
    lines.dedup();
    lines.truncate(MOST);
    lines.into_iter().map(|lines| rung(source, lines)).collect()
}

fn rung(source: &VideoFormat, lines: u16) -> Rung {
    let short = u64::from(source.width.min(source.height)).max(1);
    // Colour has half the lines of brightness: sides are even.
    let even = |side: u32| {
        let scaled = (u64::from(side) * u64::from(lines) + short) / (2 * short) * 2;
        u32::try_from(scaled).unwrap_or(u32::MAX).max(2)
    };
    let is_fast = source.frame_rate_millis.is_some_and(|rate| rate >= FAST_MILLIS);
    let thinned = is_fast && lines <= SMALL;
    let tenths = if is_fast && !thinned { FAST_TENTHS } else { 10 };
    Rung {
        lines,
        width: even(source.width),
        height: even(source.height),
        frame_rate_millis: source.frame_rate_millis.map(|rate| if thinned { rate / 2 } else { rate }),
        kbits: kbits(lines) * tenths / 10,
    }
}

/// What a rung takes at up to 30 frames a second.
fn kbits(lines: u16) -> u32 {
    match lines {
        721.. => 4_500,
        481.. => 2_500,
        361.. => 1_200,
        _ => 700,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [u16; 4] = [1080, 720, 480, 360];

    fn source(width: u32, height: u32, frame_rate_millis: Option<u32>) -> VideoFormat {
        VideoFormat { codec: String::new(), width, height, frame_rate_millis, record: Vec::new() }
    }

    fn sizes(width: u32, height: u32) -> Vec<(u16, u32, u32)> {
        let rungs = rungs(&source(width, height, None), &ALL);
        rungs.iter().map(|rung| (rung.lines, rung.width, rung.height)).collect()
    }

    #[test]
    fn rungs_go_down_from_the_source_and_keep_its_shape() {
        assert_eq!(
            sizes(3840, 2160),
            [(1080, 1920, 1080), (720, 1280, 720), (480, 854, 480), (360, 640, 360)],
            "none is above the source, nor as high"
        );
        assert_eq!(sizes(1280, 720), [(480, 854, 480), (360, 640, 360)]);
        assert_eq!(sizes(720, 1280), [(480, 480, 854), (360, 360, 640)]);
        assert_eq!(sizes(2560, 1080), [(720, 1706, 720), (480, 1138, 480), (360, 854, 360)]);
        assert_eq!(sizes(853, 481), [(360, 638, 360)]);
        assert_eq!(sizes(640, 360), []);
        assert_eq!((sizes(4096, 2304).len(), sizes(8192, 4320).len()), (4, 0));
    }

    #[test]
    fn one_that_is_hardly_below_the_source_is_none() {
        assert_eq!(sizes(960, 540), [(480, 854, 480), (360, 640, 360)]);
        assert_eq!(sizes(944, 530), [(360, 642, 360)]);
    }

    #[test]
    fn a_fast_source_costs_more_and_small_rungs_have_every_other_picture() {
        let rungs = rungs(&source(1920, 1080, Some(59_940)), &ALL);
        let found: Vec<_> = rungs.iter().map(|rung| (rung.lines, rung.kbits, rung.frame_rate_millis)).collect();
        assert_eq!(found, [(720, 3_500, Some(59_940)), (480, 1_200, Some(29_970)), (360, 700, Some(29_970))]);
    }

    proptest! {
        #[test]
        fn every_rung_is_even_and_below_the_source(
            width in 1_u32..=65_535, height in 1_u32..=65_535, allowed in prop::collection::vec(any::<u16>(), 0..8)
        ) {
            for rung in rungs(&source(width, height, None), &allowed) {
                prop_assert!(rung.width % 2 == 0 && rung.height % 2 == 0 && rung.width >= 2 && rung.height >= 2);
                prop_assert!(u32::from(rung.lines) < width.min(height) && allowed.contains(&rung.lines));
            }
        }
    }
}
