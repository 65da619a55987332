//! What may be told when: the order of one epoch's reports, as a state machine without a clock, a disk or a socket.
//!
//! A report goes to the Room only when R2 has acknowledged its object and those of all reports before it. It is forgotten only when
//! the Room has stored it. PUTs meanwhile run side by side and may finish in any order. An object that is not on R2 by the time it is
//! due is given up: a gap is told in its place, and what comes after is not held up.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use spillway_protocol::{link::Report, media::MediaObject};

/// How many of an epoch's objects are on their way to R2 at once…
pub(crate) const PARALLEL: usize = 14;
/// … and how many of these may be parts, eight of which come in a second: a segment never waits for a slow part to make room.
const PARALLEL_PARTS: usize = 8;
/// A player stays three target durations behind the newest segment (RFC 8216bis, section 4.4.3.8): then it needs the one that ended
/// so long ago, and stands still if that is not listed.
const SEGMENT_DUE: u32 = 3;
/// A part is of use until its segment is whole.
const PART_DUE: u32 = 1;
/// The target duration while it is not known: the epoch of an earlier process, whose start the Room has acknowledged.
const TARGET: Duration = Duration::from_secs(2);

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
    /// When the object is given up; `None` when it is waited for, however long it takes.
    due: Option<Instant>,
}

/// What goes to R2 first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// All media of a rendition need its init section.
    Init,
    Segment,
    Part,
}

impl Slot {
    fn rank(&self) -> Rank {
        match self.report {
            Report::Part(_) => Rank::Part,
            Report::Segment(_) => Rank::Segment,
            _ => Rank::Init,
        }
    }

    /// Bytes that wait for R2.
    fn waiting(&self) -> u64 {
        match &self.place {
            Place::Here(parcel) | Place::Under(parcel) => parcel.bytes,
            Place::There => 0,
        }
    }

    /// Gives the object up, where that can be: what is told instead.
    fn give_up(&mut self) -> Option<Report> {
        if self.place == Place::There {
            return None;
        }
        self.report = match &self.report {
            Report::Part(part) => Report::PartGap(part.clone()),
            Report::Segment(segment) => Report::Gap(segment.clone()),
            _ => return None,
        };
        self.place = Place::There;
        Some(self.report.clone())
    }
}

/// One epoch's reports, from the first that the Room has not acknowledged.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// The number of the first slot.
    base: u64,
    slots: VecDeque<Slot>,
    /// The next report to tell on the link that is up; `None` without one.
    cursor: Option<u64>,
    /// The Room says that it has all reports below this.
    room: u64,
    /// The last report says that the epoch has ended, or did before it was forgotten.
    ended: bool,
    target: Duration,
}

impl Ledger {
    /// A ledger whose first report has this number.
    pub(crate) fn starting_at(base: u64) -> Self {
        Self { base, slots: VecDeque::new(), cursor: None, room: base, ended: false, target: TARGET }
    }

    /// The number that the next report gets.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.slots.len() as u64
    }

    /// Takes a report; its object, if it has one, is still to be put.
    pub(crate) fn push(&mut self, report: Report, parcel: Option<Parcel>, now: Instant) -> u64 {
        let n = self.end();
        if let Report::Started { target_ms, .. } = report {
            self.target = Duration::from_millis(target_ms.into());
        }
        self.ended |= matches!(report, Report::Ended { .. });
        let mut slot = Slot { report, place: parcel.map_or(Place::There, Place::Here), due: None };
        slot.due = match slot.rank() {
            Rank::Init => None,
            Rank::Segment => Some(now + self.target * SEGMENT_DUE),
            Rank::Part => Some(now + self.target * PART_DUE),
        };
        self.slots.push_back(slot);
        n
    }

    /// The next object to put, the oldest of the first rank; `None` while enough are on their way.
    pub(crate) fn next_upload(&mut self) -> Option<(u64, Parcel)> {
        let flying = |least| {
            self.slots.iter().filter(|slot| matches!(slot.place, Place::Under(_)) && slot.rank() >= least).count()
        };
        let last = match (flying(Rank::Init), flying(Rank::Part)) {
            (PARALLEL.., _) => return None,
            (_, PARALLEL_PARTS..) => Rank::Segment,
            _ => Rank::Part,
        };
        let here = self.slots.iter_mut().enumerate().filter(|(_, slot)| matches!(slot.place, Place::Here(_)));
        // Of equals the first is the least.
        let (index, slot) = here.filter(|(_, slot)| slot.rank() <= last).min_by_key(|(_, slot)| slot.rank())?;
        let Place::Here(parcel) = &slot.place else { return None };
        let parcel = parcel.clone();
        slot.place = Place::Under(parcel.clone());
        Some((self.base + index as u64, parcel))
    }

    /// R2 has acknowledged the object of this report. Says whether that was waited for.
    pub(crate) fn stored(&mut self, n: u64) -> bool {
        let Some(slot) = self.slot_mut(n).filter(|slot| matches!(slot.place, Place::Under(_))) else { return false };
        slot.place = Place::There;
        self.forget();
        true
    }

    /// When the next object is given up, if R2 does not take it before.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.slots.iter().filter(|slot| slot.place != Place::There).filter_map(|slot| slot.due).min()
    }

    /// Gives up what is due: the numbers, and what is told instead.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<(u64, Report)> {
        let (base, slots) = (self.base, self.slots.iter_mut().enumerate());
        let due = slots.filter(|(_, slot)| slot.due.is_some_and(|due| due <= now));
        due.filter_map(|(index, slot)| Some((base + index as u64, slot.give_up()?))).collect()
    }

    /// Gives up the oldest objects, parts first, until at least `excess` bytes wait no more, as far as that goes.
    pub(crate) fn shed(&mut self, mut excess: u64) -> Vec<(u64, Report)> {
        let mut given_up = Vec::new();
        for rank in [Rank::Part, Rank::Segment] {
            for (index, slot) in self.slots.iter_mut().enumerate().filter(|(_, slot)| slot.rank() == rank) {
                if excess == 0 {
                    break;
                }
                let bytes = slot.waiting();
                if let Some(report) = slot.give_up() {
                    excess = excess.saturating_sub(bytes);
                    given_up.push((self.base + index as u64, report));
                }
            }
        }
        given_up
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

    /// The Room has stored all reports below `next`.
    pub(crate) fn acknowledged(&mut self, next: u64) {
        self.room = self.room.max(next);
        self.forget();
    }

    /// Forgets what the Room has, and R2 too: nothing is forgotten that R2 has not acknowledged, whatever the Room says.
    fn forget(&mut self) {
        while self.base < self.room && self.slots.front().is_some_and(|slot| slot.place == Place::There) {
            self.slots.pop_front();
            self.base += 1;
        }
    }

    /// Drops this report and all behind it: they can never be told.
    pub(crate) fn truncate(&mut self, n: u64) {
        let keep = usize::try_from(n.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.ended &= self.slots.len() <= keep;
        self.slots.truncate(keep);
        self.cursor = self.cursor.map(|cursor| cursor.min(self.end()));
    }

    /// The first report that the Room has not acknowledged.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Up to where the disk may forget reports; `None` when all are known and the epoch is to go as a whole: the next process would
    /// take one without its end for one that was broken off.
    pub(crate) fn forgotten(&self) -> Option<u64> {
        (!self.is_done()).then_some(self.base)
    }

    /// Whether the Room has acknowledged everything, the end included.
    pub(crate) fn is_done(&self) -> bool {
        self.ended && self.slots.is_empty()
    }

    /// How many reports the Room has not acknowledged.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Bytes that wait for R2.
    pub(crate) fn waiting_bytes(&self) -> u64 {
        self.slots.iter().map(Slot::waiting).sum()
    }

    /// Whether the epoch has ended: nothing comes behind it.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    fn slot_mut(&mut self, n: u64) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(n.checked_sub(self.base)?).ok()?)
    }
}

#[cfg(test)]
mod tests;
