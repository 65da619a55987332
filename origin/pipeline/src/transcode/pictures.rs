//! Which of the decoded pictures an encoder gets, and which of them are to be keyframes.

use std::collections::BTreeSet;

use crate::ladder::THINNED_US;

/// More times than this are no live stream's.
const MOST: usize = 1_024;

/// The times at which keyframes are wanted, of pictures that are not decoded yet.
#[derive(Debug, Default)]
pub(super) struct Keys(BTreeSet<u64>);

impl Keys {
    /// The first picture at this time or later is to be a keyframe.
    pub(super) fn push(&mut self, key_us: u64) {
        self.0.insert(key_us);
        if self.0.len() > MOST {
            self.0.pop_first();
        }
    }

    /// Whether the next picture, which is shown at `pts_us`, is to be one.
    pub(super) fn take(&mut self, pts_us: u64) -> bool {
        let later = self.0.split_off(&pts_us.saturating_add(1));
        !std::mem::replace(&mut self.0, later).is_empty()
    }
}

/// Leaves every other picture out of a fast rung.
#[derive(Debug, Default)]
pub(super) struct Thinning {
    last_us: Option<u64>,
}

impl Thinning {
    /// Whether the picture at `pts_us` stays. A keyframe always does.
    pub(super) fn keeps(&mut self, pts_us: u64, key: bool) -> bool {
        let keeps = key || self.last_us.is_none_or(|last| pts_us.saturating_sub(last) >= THINNED_US);
        if keeps {
            self.last_us = Some(pts_us);
        }
        keeps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_picture_at_a_keyframe_s_time_or_behind_it_is_one() {
        let mut keys = Keys::default();
        for key in [0, 2_000, 3_500] {
            keys.push(key);
        }
        let found: Vec<_> = (0..6).map(|n| keys.take(n * 1_000)).collect();
        assert_eq!(found, [true, false, true, false, true, false]);
    }

    #[test]
    fn of_a_fast_source_every_other_picture_stays() {
        let kept = |rate: u64, key: u64| {
            let mut thinning = Thinning::default();
            // Times as tags have them, in whole milliseconds.
            (0..12).filter(|n| thinning.keeps(n * 1_000 / rate * 1_000, *n == key)).collect::<Vec<_>>()
        };
        assert_eq!(kept(60, 0), [0, 2, 4, 6, 8, 10]);
        assert_eq!(kept(50, 0), [0, 2, 4, 6, 8, 10]);
        assert_eq!(kept(60, 5), [0, 2, 4, 5, 7, 9, 11]);
        assert_eq!(kept(30, 0).len(), 12);
    }
}
