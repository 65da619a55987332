//! Where the segments of all renditions begin.

use std::collections::VecDeque;

/// Starts that are remembered: a rendition that stood still for longer goes on at a segment that is known.
const KEPT: usize = 64;

/// The starts of the newest segments, in microseconds, oldest first. Whoever leads adds to them; the others follow.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    first: u32,
    starts: VecDeque<u64>,
    /// When the first unit of each is shown. It rises too.
    shown: VecDeque<u64>,
}

impl Cuts {
    pub(super) fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The newest segment's number.
    pub(super) fn newest(&self) -> u32 {
        self.first.saturating_add(u32::try_from(self.starts.len().saturating_sub(1)).unwrap_or(u32::MAX))
    }

    /// Begins a segment, the first unit of which is shown at `shown_us`.
    pub(super) fn push(&mut self, start_us: u64, shown_us: u64) {
        self.starts.push_back(start_us);
        self.shown.push_back(self.shown.back().map_or(shown_us, |before| shown_us.max(*before)));
        if self.starts.len() > KEPT {
            self.starts.pop_front();
            self.shown.pop_front();
            self.first = self.first.saturating_add(1);
        }
    }

    /// Where a segment begins; `None` when that is not decided. One that is forgotten began at 0.
    pub(super) fn start(&self, index: u32) -> Option<u64> {
        match index.checked_sub(self.first) {
            None => Some(0),
            Some(place) => self.starts.get(place as usize).copied(),
        }
    }

    /// The segment that covers a moment; what is before the first belongs to the first.
    pub(super) fn at(&self, time_us: u64) -> u32 {
        self.covers(&self.starts, time_us)
    }

    /// The segment of what is shown at a moment.
    pub(super) fn showing(&self, pts_us: u64) -> u32 {
        self.covers(&self.shown, pts_us)
    }

    fn covers(&self, starts: &VecDeque<u64>, time_us: u64) -> u32 {
        let begun = starts.partition_point(|start| *start <= time_us).saturating_sub(1);
        self.first.saturating_add(u32::try_from(begun).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_segment_of_a_moment() {
        let mut cuts = Cuts::default();
        for start in [100, 200, 300] {
            cuts.push(start, start + 20);
        }
        assert_eq!([100, 219, 220, 999].map(|time| cuts.showing(time)), [0, 0, 1, 2]);
        assert_eq!([50, 100, 199, 200, 999].map(|time| cuts.at(time)), [0, 0, 0, 1, 2]);
        assert_eq!((cuts.start(1), cuts.start(3), cuts.newest()), (Some(200), None, 2));
    }

    #[test]
    fn forgets_old_ones_and_keeps_the_numbers() {
        let mut cuts = Cuts::default();
        for start in 0..100 {
            cuts.push(start * 10, start * 10);
        }
        assert_eq!((cuts.newest(), cuts.start(0), cuts.start(99)), (99, Some(0), Some(990)));
        assert_eq!(cuts.at(985), 98);
    }
}
