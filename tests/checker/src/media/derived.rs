//! What follows from what a media playlist lists.

use std::time::{Duration, SystemTime};

use super::model::{At, MediaPlaylist, Opening, Part, total};

/// A segment as far as it and one that grows are alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parent<'a> {
    pub(crate) msn: u64,
    pub(crate) opening: &'a Opening,
    pub(crate) parts: &'a [Part],
    /// EXTINF, once it is finished.
    pub(crate) duration: Option<Duration>,
    pub(crate) at: At,
}

impl MediaPlaylist {
    /// How long it is: the segments that it lists (4.1).
    pub fn duration(&self) -> Duration {
        total(self.segments.iter().map(|segment| segment.duration))
    }

    /// The media sequence number of the segment that comes behind the last finished one.
    pub fn next_msn(&self) -> u64 {
        self.segments.last().map_or(self.first_listed(), |segment| segment.msn.saturating_add(1))
    }

    /// The media sequence number of the first segment that is not skipped (4.4.5.2).
    pub fn first_listed(&self) -> u64 {
        self.media_sequence.saturating_add(self.skip.map_or(0, |skip| skip.segments))
    }

    /// The segments that are there, and the one that grows.
    pub(crate) fn parents(&self) -> impl DoubleEndedIterator<Item = Parent<'_>> {
        let finished = self.segments.iter().map(|segment| Parent {
            msn: segment.msn,
            opening: &segment.opening,
            parts: &segment.parts,
            duration: Some(segment.duration),
            at: segment.at,
        });
        let growing = self.growing.iter().map(|growing| Parent {
            msn: growing.msn,
            opening: &growing.opening,
            parts: &growing.parts,
            duration: None,
            at: growing.at,
        });
        finished.chain(growing)
    }

    /// Gives every segment its discontinuity sequence number (6.2.1).
    pub(crate) fn number_discontinuities(&mut self) {
        let mut number = self.discontinuity_sequence;
        let openings = self.segments.iter_mut().map(|segment| &mut segment.opening);
        for opening in openings.chain(self.growing.iter_mut().map(|growing| &mut growing.opening)) {
            number = number.saturating_add(opening.discontinuities);
            opening.discontinuity_sequence = number;
        }
    }

    /// When each of [`Self::parents`] begins: its own date, or what follows from the one before it, up to a discontinuity.
    pub(crate) fn starts(&self) -> Vec<Option<SystemTime>> {
        let mut next = None;
        let start = |parent: Parent<'_>| {
            let carried = next.filter(|_| parent.opening.discontinuities == 0);
            let start = parent.opening.date.or(carried);
            next = start.and_then(|start| start.checked_add(parent.duration?));
            start
        };
        self.parents().map(start).collect()
    }
}
