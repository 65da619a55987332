//! The first pictures of a run, and when they are really decoded. An encoder that cannot tell a time before its zero (`GStreamer`'s
//! `flvmux`) gives zero to all that it decodes before: with B-frames the first pictures share one decoding time, and only their
//! times of presentation tell them apart. They are held until times rise; then it is known how far apart they are.

/// The most pictures that H.264 lets be decoded before the first is shown (its annex A, `MaxDpbFrames`).
const MOST: usize = 16;
/// Decoding is not moved by more than this: what shares a time for longer is no start of a stream.
const MOST_US: i64 = 900_000;

/// A picture as its tag has it, times from the epoch's zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// When it is decoded.
    pub(crate) decoded_us: i64,
    /// When it is shown.
    pub(crate) pts_us: i64,
    /// Decodes on its own.
    pub(crate) keyframe: bool,
    /// The access unit.
    pub(crate) data: Vec<u8>,
}

/// The pictures that are held.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    held: Vec<Picture>,
}

impl Opening {
    /// Nothing is held: the next picture begins a run.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Takes a picture. Gives all that are held, with their own times, once those are known.
    pub(crate) fn push(&mut self, picture: Picture) -> Vec<Picture> {
        let shares = |held: &Picture| picture.decoded_us == held.decoded_us && picture.pts_us != held.pts_us;
        if self.held.len() < MOST && self.held.iter().all(shares) {
            self.held.push(picture);
            return Vec::new();
        }
        let mut pictures = self.end();
        let rise_us = pictures.last().map_or(0, |last| picture.decoded_us.saturating_sub(last.decoded_us));
        // They are as far apart as they are shown; the first rise may be longer, where the camera stumbled.
        let step_us = rise_us.min(least_apart_us(&pictures));
        let earliest = i64::try_from(pictures.len()).unwrap_or(i64::MAX) - 1;
        if step_us > 0 && step_us.saturating_mul(earliest) <= MOST_US {
            for (before, held) in (0..=earliest).rev().zip(&mut pictures) {
                held.decoded_us -= step_us * before;
            }
        }
        pictures.push(picture);
        pictures
    }

    /// Whether what is held was decoded so long before this time that it is waited for no more.
    pub(crate) fn is_overdue(&self, now_us: i64) -> bool {
        self.held.first().is_some_and(|first| now_us.saturating_sub(first.decoded_us) > MOST_US)
    }

    /// Nothing follows: gives what is held.
    pub(crate) fn end(&mut self) -> Vec<Picture> {
        std::mem::take(&mut self.held)
    }
}

/// The least time between two pictures as they are shown.
fn least_apart_us(pictures: &[Picture]) -> i64 {
    let mut shown: Vec<i64> = pictures.iter().map(|picture| picture.pts_us).collect();
    shown.sort_unstable();
    shown.iter().zip(shown.iter().skip(1)).map(|(one, next)| next.saturating_sub(*one)).min().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn picture((decoded_ms, pts_ms): (i64, i64)) -> Picture {
        let keyframe = decoded_ms == 0 && pts_ms == 0;
        Picture { decoded_us: decoded_ms * 1_000, pts_us: pts_ms * 1_000, keyframe, data: Vec::new() }
    }

    fn decoded(times: &[(i64, i64)]) -> Vec<i64> {
        let mut opening = Opening::default();
        let mut pictures: Vec<_> = times.iter().flat_map(|times| opening.push(picture(*times))).collect();
        pictures.extend(opening.end());
        pictures.iter().map(|picture| picture.decoded_us / 1_000).collect()
    }

    #[test]
    fn times_that_could_not_be_told_are_found_again() {
        assert_eq!(decoded(&[(0, 0), (0, 100), (0, 33), (33, 66)]), [-66, -33, 0, 33]);
        // The camera stumbled behind the first picture.
        assert_eq!(decoded(&[(0, 0), (0, 466), (0, 433), (400, 500)])[..3], [-66, -33, 0]);
    }

    #[test]
    fn other_starts_stay_as_they_are() {
        assert_eq!(decoded(&[(0, 66), (33, 166), (66, 100)])[..2], [0, 33]);
        // Two pictures at one time, not two that are decoded before it.
        assert_eq!(decoded(&[(0, 0), (0, 0), (33, 33)])[..2], [0, 0]);
        // Nothing is known when times fall, never rise, or rise by far.
        assert_eq!(decoded(&[(10, 0), (10, 100), (0, 33)])[..2], [10, 10]);
        assert_eq!(decoded(&[(0, 0), (0, 100), (0, 33)]), [0, 0, 0]);
        assert_eq!(decoded(&[(0, 0), (0, 2_000), (2_000, 2_500)])[..2], [0, 0]);
    }

    proptest! {
        #[test]
        fn no_picture_is_lost_and_no_more_than_a_few_are_held(times in prop::collection::vec((0_i64..4, 0_i64..50), 0..60)) {
            let mut opening = Opening::default();
            let mut shown = Vec::new();
            for times in &times {
                shown.extend(opening.push(picture(*times)));
                prop_assert!(opening.held.len() <= MOST);
            }
            shown.extend(opening.end());
            let pts: Vec<_> = shown.iter().map(|picture| picture.pts_us / 1_000).collect();
            prop_assert_eq!(pts, times.iter().map(|(_, pts)| *pts).collect::<Vec<_>>());
        }
    }
}
