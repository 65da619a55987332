//! What may be told when: the order of one epoch's reports, as a state machine without a clock, a disk or a socket.
//!
//! A report goes to the Room only when R2 has acknowledged its object and those of all reports before it. It is forgotten only when
//! the Room has stored it. PUTs meanwhile run side by side and may finish in any order.

use std::collections::VecDeque;

use spillway_protocol::{link::Report, media::MediaObject};

/// How many of an epoch's objects are on their way to R2 at once.
pub(crate) const PARALLEL: usize = 6;

/// An object that a report speaks of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parcel {
    /// What it is.
    pub(crate) object: MediaObject,
    /// How long it is.
    pub(crate) bytes: u64,
}

/// Where a report's object is.
#[derive(Debug, Clone, PartialEq)]
enum Place {
    /// Here, and nobody sees to it.
    Here(Parcel),
    /// On its way.
    Under(Parcel),
    /// On R2, or there is none.
    There,
}

#[derive(Debug)]
struct Slot {
    report: Report,
    place: Place,
}

/// One epoch's reports, from the first that the Room has not acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The number of the first slot.
    base: u64,
    slots: VecDeque<Slot>,
    /// The next report to tell on the link that is up; `None` without one.
    cursor: Option<u64>,
    uploading: usize,
}

impl Ledger {
    /// A ledger whose first report has this number.
    pub(crate) fn starting_at(base: u64) -> Self {
        Self { base, ..Self::default() }
    }

    /// The number that the next report gets.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.slots.len() as u64
    }

    /// Takes a report; its object, if it has one, is still to be put.
    pub(crate) fn push(&mut self, report: Report, parcel: Option<Parcel>) -> u64 {
        let n = self.end();
        self.slots.push_back(Slot { report, place: parcel.map_or(Place::There, Place::Here) });
        n
    }

    /// The next object to put, oldest first; `None` while enough are on their way.
    pub(crate) fn next_upload(&mut self) -> Option<(u64, Parcel)> {
        if self.uploading >= PARALLEL {
            return None;
        }
        let (index, slot) = self.slots.iter_mut().enumerate().find(|(_, slot)| matches!(slot.place, Place::Here(_)))?;
        let Place::Here(parcel) = &slot.place else { return None };
        let parcel = parcel.clone();
        slot.place = Place::Under(parcel.clone());
        self.uploading += 1;
        Some((self.base + index as u64, parcel))
    }

    /// R2 has acknowledged the object of this report.
    pub(crate) fn stored(&mut self, n: u64) {
        if let Some(slot) = self.slot_mut(n)
            && matches!(slot.place, Place::Under(_))
        {
            slot.place = Place::There;
            self.uploading = self.uploading.saturating_sub(1);
        }
    }

    /// A link is up, and the Room has stored all reports below `next`. Says from where the numbers are known here: a Room that
    /// asks for less has lost what it acknowledged.
    pub(crate) fn linked(&mut self, next: u64) -> Result<(), u64> {
        self.acknowledged(next);
        self.cursor = Some(next.clamp(self.base, self.end()));
        if next < self.base { Err(self.base) } else { Ok(()) }
    }

    /// The link is down: what was told on it and not acknowledged will be told again.
    pub(crate) fn unlinked(&mut self) {
        self.cursor = None;
    }

    /// The next report to tell, if there is one and a link: it and all before it lie on R2.
    pub(crate) fn peek(&self) -> Option<(u64, &Report)> {
        let n = self.cursor?;
        let index = usize::try_from(n.checked_sub(self.base)?).ok()?;
        // All before it were told on this link, so they lie there.
        self.slots.get(index).filter(|slot| slot.place == Place::There).map(|slot| (n, &slot.report))
    }

    /// Whether there is a link.
    pub(crate) fn is_linked(&self) -> bool {
        self.cursor.is_some()
    }

    /// What [`Self::peek`] showed has been told.
    pub(crate) fn told(&mut self) {
        self.cursor = self.cursor.map(|n| n + 1);
    }

    /// The Room has stored all reports below `next`. Returns whether that was news.
    pub(crate) fn acknowledged(&mut self, next: u64) -> bool {
        let before = self.base;
        // Nothing is forgotten that R2 has not acknowledged, whatever the Room says.
        while self.base < next && self.slots.front().is_some_and(|slot| slot.place == Place::There) {
            self.slots.pop_front();
            self.base += 1;
        }
        self.base > before
    }

    /// Drops this report and all behind it: they can never be told.
    pub(crate) fn truncate(&mut self, n: u64) {
        let keep = usize::try_from(n.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.slots.truncate(keep);
        self.uploading = self.slots.iter().filter(|slot| matches!(slot.place, Place::Under(_))).count();
        self.cursor = self.cursor.map(|cursor| cursor.min(self.end()));
    }

    /// The first report that the Room has not acknowledged.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Bytes that wait for R2.
    pub(crate) fn waiting_bytes(&self) -> u64 {
        let waiting = self.slots.iter().map(|slot| match &slot.place {
            Place::Here(parcel) | Place::Under(parcel) => parcel.bytes,
            Place::There => 0,
        });
        waiting.sum()
    }

    /// Whether the Room has acknowledged everything so far.
    pub(crate) fn is_settled(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether the last report says that the epoch has ended.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.slots.back(), Some(Slot { report: Report::Ended { .. }, .. }))
    }

    fn slot_mut(&mut self, n: u64) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(n.checked_sub(self.base)?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use spillway_protocol::{
        link::EndReason,
        media::{Epoch, ObjectName, PartIndex, RenditionId, SegmentIndex},
    };

    fn parcel(n: u32) -> Parcel {
        let name = ObjectName::Part(SegmentIndex(0), PartIndex(n));
        Parcel { object: MediaObject { epoch: Epoch(1), rendition: RenditionId::video(), name }, bytes: 10 }
    }

    fn report() -> Report {
        Report::Ended { reason: EndReason::Lost }
    }

    #[test]
    fn a_report_waits_for_its_object_and_for_all_before_it() {
        let mut ledger = Ledger::default();
        ledger.linked(0).unwrap();
        for n in 0..3 {
            ledger.push(report(), Some(parcel(n)));
            ledger.next_upload().unwrap();
        }
        ledger.stored(2);
        ledger.stored(1);
        assert_eq!(ledger.peek(), None);
        ledger.stored(0);
        for n in 0..3 {
            assert_eq!(ledger.peek().map(|(n, _)| n), Some(n));
            ledger.told();
        }
        assert_eq!(ledger.peek(), None);
        assert!(!ledger.is_settled());
        assert!(ledger.acknowledged(3));
        assert!(ledger.is_settled());
    }

    #[test]
    fn a_new_link_tells_again_from_where_the_room_is() {
        let mut ledger = Ledger::default();
        ledger.linked(0).unwrap();
        for _ in 0..3 {
            ledger.push(report(), None);
        }
        ledger.told();
        ledger.told();
        ledger.unlinked();
        assert_eq!(ledger.peek(), None);
        ledger.linked(1).unwrap();
        assert_eq!(ledger.peek().map(|(n, _)| n), Some(1));
        assert_eq!(ledger.linked(0), Err(1), "a room that lost what it acknowledged is noticed");
    }

    #[test]
    fn what_follows_a_lost_object_is_dropped() {
        let mut ledger = Ledger::default();
        ledger.linked(0).unwrap();
        for n in 0..4 {
            ledger.push(report(), Some(parcel(n)));
            ledger.next_upload().unwrap();
        }
        ledger.truncate(2);
        assert_eq!((ledger.end(), ledger.waiting_bytes()), (2, 20));
        ledger.stored(3);
        assert_eq!(ledger.push(report(), None), 2);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Push(bool),
        Upload,
        Stored(usize),
        Tell,
        Acknowledge(u64),
        Drop,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            any::<bool>().prop_map(Step::Push),
            Just(Step::Upload),
            any::<usize>().prop_map(Step::Stored),
            Just(Step::Tell),
            (0u64..4).prop_map(Step::Acknowledge),
            Just(Step::Drop),
        ]
    }

    proptest! {
        /// The rule of the house, under any interleaving: nothing is told before R2 has it and all before it; the Room gets
        /// every report, in order, and after a broken link goes on where it was.
        #[test]
        fn nothing_is_listed_before_it_is_stored(steps in prop::collection::vec(step(), 0..200)) {
            let mut ledger = Ledger::default();
            let (mut on_r2, mut flying, mut room, mut on_link) = (Vec::<bool>::new(), Vec::new(), 0u64, None);
            let rest = std::iter::repeat_n([Step::Upload, Step::Stored(0), Step::Tell], 600).flatten();
            for step in steps.into_iter().chain([Step::Drop]).chain(rest) {
                match step {
                    Step::Push(with_object) => {
                        let n = ledger.push(report(), with_object.then(|| parcel(0)));
                        prop_assert_eq!(n, on_r2.len() as u64);
                        on_r2.push(!with_object);
                    }
                    Step::Upload => flying.extend(ledger.next_upload().map(|(n, _)| n)),
                    Step::Stored(which) => if !flying.is_empty() {
                        let n: u64 = flying.swap_remove(which % flying.len());
                        on_r2[usize::try_from(n).unwrap()] = true;
                        ledger.stored(n);
                    },
                    Step::Tell => {
                        if on_link.is_none() {
                            prop_assert_eq!(ledger.peek(), None);
                            ledger.linked(room).unwrap();
                            on_link = Some(room);
                        }
                        if let Some((n, _)) = ledger.peek() {
                            prop_assert_eq!(Some(n), on_link);
                            prop_assert!(on_r2[..=usize::try_from(n).unwrap()].iter().all(|stored| *stored));
                            ledger.told();
                            on_link = Some(n + 1);
                            room = room.max(n + 1);
                        }
                    }
                    Step::Acknowledge(back) => { ledger.acknowledged(room.saturating_sub(back)); }
                    Step::Drop => { ledger.unlinked(); on_link = None; }
                }
                prop_assert!(flying.len() <= PARALLEL);
            }
            prop_assert_eq!(room, on_r2.len() as u64, "all was told in the end");
            ledger.acknowledged(room);
            prop_assert!(ledger.is_settled());
        }
    }
}
