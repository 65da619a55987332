//! Whose turn it is to hash a password. A hash holds the processor for some 35 ms, in which the isolate does nothing else: so
//! there is a pause after each, and only so many wait for theirs.
//!
//! A request that its client has left is not heard of again. So nobody waits to be called: each comes back at its time, and one
//! that does not is passed over.

use std::collections::BTreeMap;

use spillway_protocol::time::Timestamp;

/// From one hash to the next. A Worker's clock stands still while it computes, so this counts the hash and its pause.
const TURN_MS: i64 = 50;
/// The pause alone, where the clock does move.
const PAUSE_MS: i64 = 15;
/// How many wait at most: the last of them for five seconds, where a hash takes what it should.
const WAITING: usize = 100;
/// How long anyone waits, however slow the others' hashes are.
const PATIENCE_MS: i64 = 10_000;
/// How late one may come before it is given up.
const LATE_MS: i64 = 1_000;

/// Everyone who waits.
#[derive(Debug, Default)]
pub struct Turns {
    /// In the order in which they came.
    waiting: BTreeMap<Ticket, Seat>,
    next: u64,
    free_at: Timestamp,
}

/// Someone who waits.
#[derive(Debug, Clone, Copy)]
struct Seat {
    since: Timestamp,
    /// When they come back.
    back: Timestamp,
}

/// A place among those who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// What someone who asks is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Hash.
    Now,
    /// Come back in so many milliseconds.
    In(u32),
}

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// In so many seconds those who wait now will be done.
    pub retry_after: u32,
}

impl Turns {
    /// Whether one more may wait.
    pub fn room(&mut self, now: Timestamp) -> Result<(), Full> {
        self.waiting.retain(|_, seat| now.since(seat.back) <= LATE_MS);
        if self.waiting.len() < WAITING {
            return Ok(());
        }
        Err(self.full(now))
    }

    fn full(&self, now: Timestamp) -> Full {
        let done = self.wait(self.waiting.len(), now);
        Full { retry_after: u32::try_from(done / 1_000).unwrap_or(u32::MAX).saturating_add(1) }
    }

    /// Someone comes.
    pub fn enter(&mut self, now: Timestamp) -> Result<Ticket, Full> {
        self.room(now)?;
        let ticket = Ticket(self.next);
        self.next = self.next.saturating_add(1);
        self.waiting.insert(ticket, Seat { since: now, back: now });
        Ok(ticket)
    }

    /// Whether it is their turn; for whoever has waited for too long it never will be.
    pub fn ask(&mut self, ticket: Ticket, now: Timestamp) -> Result<Turn, Full> {
        let since = self.waiting.remove(&ticket).map_or(now, |seat| seat.since);
        let ahead = self.waiting.range(..ticket).filter(|(_, seat)| seat.back >= now).count();
        if ahead == 0 && now >= self.free_at {
            return Ok(Turn::Now);
        }
        if now.since(since) > PATIENCE_MS {
            return Err(self.full(now));
        }
        let wait = self.wait(ahead, now).max(1);
        self.waiting.insert(ticket, Seat { since, back: now.plus_millis(wait) });
        Ok(Turn::In(u32::try_from(wait).unwrap_or(u32::MAX)))
    }

    /// A hash was begun and is done.
    pub fn hashed(&mut self, began: Timestamp, ended: Timestamp) {
        self.free_at = began.plus_millis(TURN_MS).max(ended.plus_millis(PAUSE_MS));
    }

    fn wait(&self, ahead: usize, now: Timestamp) -> i64 {
        let turns = i64::try_from(ahead).unwrap_or(i64::MAX).saturating_mul(TURN_MS);
        self.free_at.since(now).saturating_add(turns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    /// Lets everyone come back at their time, with a hash that takes so long; who hashed, and when, until someone loses patience.
    fn run(turns: &mut Turns, tickets: &[Ticket], hash_ms: i64) -> Vec<(Ticket, i64)> {
        let (mut due, mut done): (Vec<_>, _) = (tickets.iter().map(|ticket| (0, *ticket)).collect(), Vec::new());
        let mut clock = 0;
        while !due.is_empty() {
            due.sort();
            let (back, ticket) = due.remove(0);
            clock = clock.max(back);
            match turns.ask(ticket, at(clock)) {
                Err(Full { .. }) => break,
                Ok(Turn::Now) => {
                    done.push((ticket, clock));
                    turns.hashed(at(clock), at(clock + hash_ms));
                    clock += hash_ms;
                }
                Ok(Turn::In(ms)) => due.push((clock + i64::from(ms), ticket)),
            }
        }
        done
    }

    #[test]
    fn whoever_comes_alone_hashes_at_once() {
        let mut turns = Turns::default();
        for now in [0, 50, 1_000] {
            let ticket = turns.enter(at(now)).unwrap();
            assert_eq!(turns.ask(ticket, at(now)), Ok(Turn::Now));
            turns.hashed(at(now), at(now));
        }
    }

    #[test]
    fn all_hash_in_the_order_in_which_they_came_with_a_pause_after_each() {
        for hash_ms in [0, 35, 80] {
            let mut turns = Turns::default();
            let tickets: Vec<_> = (0..WAITING).map(|_| turns.enter(at(0)).unwrap()).collect();
            let done = run(&mut turns, &tickets, hash_ms);
            assert_eq!(done.iter().map(|(ticket, _)| *ticket).collect::<Vec<_>>(), tickets);
            for pair in done.windows(2) {
                let pause = pair[1].1 - pair[0].1 - hash_ms;
                assert!(pause >= PAUSE_MS, "{pause} ms between hashes of {hash_ms} ms");
            }
            let last = done.last().unwrap().1;
            assert!(
                last <= i64::try_from(WAITING).unwrap() * (hash_ms.max(35) + 2 * PAUSE_MS),
                "the last at {last} ms"
            );
        }
    }

    #[test]
    fn nobody_waits_for_ever() {
        let mut turns = Turns::default();
        let tickets: Vec<_> = (0..WAITING).map(|_| turns.enter(at(0)).unwrap()).collect();
        let done = run(&mut turns, &tickets, 400);
        assert!(done.len() < WAITING);
        let (_, last) = done.last().unwrap();
        assert!((PATIENCE_MS - 1_000..=PATIENCE_MS + 1_000).contains(last), "the last at {last} ms");
        assert!(turns.ask(tickets[WAITING - 1], at(20_000)).is_ok(), "whoever comes again waits anew");
    }

    #[test]
    fn one_too_many_is_told_at_once_and_for_how_long() {
        let mut turns = Turns::default();
        let tickets: Vec<_> = (0..WAITING).map(|_| turns.enter(at(0)).unwrap()).collect();
        assert_eq!(turns.enter(at(0)), Err(Full { retry_after: 6 }));
        assert_eq!(turns.ask(tickets[0], at(0)), Ok(Turn::Now));
        assert!(turns.enter(at(0)).is_ok());
    }

    #[test]
    fn those_who_do_not_come_back_hold_nobody_up() {
        let mut turns = Turns::default();
        let gone: Vec<_> = (0..WAITING).map(|_| turns.enter(at(0)).unwrap()).collect();
        for ticket in &gone[1..] {
            assert!(matches!(turns.ask(*ticket, at(0)), Ok(Turn::In(_))));
        }
        assert!(turns.enter(at(LATE_MS)).is_err(), "none of them is late yet");
        let later = 5_000 + LATE_MS + 1;
        let ticket = turns.enter(at(later)).unwrap();
        assert_eq!(turns.ask(ticket, at(later)), Ok(Turn::Now));
    }
}
