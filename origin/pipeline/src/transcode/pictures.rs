//! Which of the decoded pictures an encoder gets, and which of them are to be keyframes.

use std::collections::BTreeSet;

use crate::ladder::THINNED_US;

/// Pictures are at least this far apart.
const STEP_US: u64 = 1_000;
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

/// Leaves pictures out: those that a decoder shows out of order, as a source that makes no sense has it; and in a thinned rung every other
/// one of a fast source.
#[derive(Debug)]
pub(super) struct Spacing {
    least_us: u64,
    last_us: Option<u64>,
    /// A keyframe was wanted of a picture that was left out.
    owed: bool,
}

impl Spacing {
    pub(super) fn new(thinned: bool) -> Self {
        Self { least_us: if thinned { THINNED_US } else { STEP_US }, last_us: None, owed: false }
    }

    /// Whether the picture at `pts_us` is encoded, and then whether as a keyframe; of those none is thinned out.
    pub(super) fn takes(&mut self, pts_us: u64, key: bool) -> Option<bool> {
        let key = std::mem::take(&mut self.owed) || key;
        let least_us = if key { STEP_US } else { self.least_us };
        if self.last_us.is_some_and(|last| pts_us < last.saturating_add(least_us)) {
            self.owed = key;
            return None;
        }
        self.last_us = Some(pts_us);
        Some(key)
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
            let mut spacing = Spacing::new(true);
            // Times as tags have them, in whole milliseconds.
            (0..12).filter(|n| spacing.takes(n * 1_000 / rate * 1_000, *n == key).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(kept(60, 0), [0, 2, 4, 6, 8, 10]);
        assert_eq!(kept(50, 0), [0, 2, 4, 6, 8, 10]);
        assert_eq!(kept(60, 5), [0, 2, 4, 5, 7, 9, 11]);
        assert_eq!(kept(30, 0).len(), 12);
    }

    #[test]
    fn time_rises_and_no_keyframe_is_forgotten() {
        let mut spacing = Spacing::new(false);
        let times = [(40, true), (80, false), (60, true), (60, false), (120, false), (160, false)];
        let taken = times.map(|(ms, key)| spacing.takes(ms * 1_000, key));
        assert_eq!(taken, [Some(true), Some(false), None, None, Some(true), Some(false)]);
    }
}
