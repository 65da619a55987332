//! When a pipeline counts as hanging, and whether another is started. No clock, no process: time comes in.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// So many pipelines may fail within the window; one more, and the stream has.
const MOST: usize = 6;
const WINDOW: Duration = Duration::from_mins(1);
/// How long the second one is waited for; the first comes at once, each later one after twice as long.
const WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// A pipeline that dies before this has died of what it was given at its start.
const INFANCY: Duration = Duration::from_secs(2);
/// So much media is answered by a part, whatever it is: sound waits 1.5 s for a picture that stands still, and a part is shorter.
const OWED_MS: i64 = 2_000;
/// How long the answer may take then. Usually it is some 60 ms.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a tag may wait to be taken, when nothing is in the way.
const STUCK: Duration = Duration::from_millis(1_500);
/// How long a process may take to begin.
const START: Duration = Duration::from_secs(5);

/// How many pipelines of a stream have failed of late.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    failed: VecDeque<Instant>,
}

/// How to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Restart {
    /// After this long.
    pub(crate) wait: Duration,
    /// With the media that is kept; it may be what killed the last one.
    pub(crate) replay: bool,
}

impl Restarts {
    /// A pipeline failed after it lived this long; `None` when it is not worth another one.
    pub(crate) fn next(&mut self, lived: Duration, now: Instant) -> Option<Restart> {
        self.failed.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        self.failed.push_back(now);
        let count = self.failed.len();
        let doubled = u32::try_from(count).unwrap_or(u32::MAX).saturating_sub(2).min(10);
        let wait = if count == 1 { Duration::ZERO } else { (WAIT * (1 << doubled)).min(LONGEST_WAIT) };
        (count <= MOST).then_some(Restart { wait, replay: count == 1 || lived >= INFANCY })
    }
}

/// Whether a process hangs: it owes an answer, or takes no input.
#[derive(Debug)]
pub(crate) struct Silence {
    began: Instant,
    /// It has answered media.
    spoke: bool,
    /// Media of this kind was answered, by it or the one before: otherwise it may be none that can be.
    answerable: bool,
    /// The oldest media that was not answered.
    oldest_ms: Option<i64>,
    /// Since when it is too much.
    owed: Option<Instant>,
    /// Since when a tag waits to be taken.
    offered: Option<Instant>,
    /// What was said is being handed on.
    busy: bool,
}

impl Silence {
    /// A process that begins now; `answerable` if the one before it has answered what is given to it first.
    pub(crate) fn new(answerable: bool, now: Instant) -> Self {
        Self { began: now, spoke: false, answerable, oldest_ms: None, owed: None, offered: None, busy: false }
    }

    /// A tag is to go in.
    pub(crate) fn offer(&mut self, now: Instant) {
        self.offered = Some(now);
    }

    /// It went in; media has a time.
    pub(crate) fn fed(&mut self, dts_ms: Option<i64>, now: Instant) {
        self.offered = None;
        let Some(dts_ms) = dts_ms else { return };
        let oldest = *self.oldest_ms.get_or_insert(dts_ms);
        if dts_ms.saturating_sub(oldest) >= OWED_MS {
            self.owed.get_or_insert(now);
        }
    }

    /// Something was said, media or not, and is handed on: what takes time now is not the process.
    pub(crate) fn heard(&mut self, media: bool) {
        self.spoke |= media;
        self.answerable |= media;
        self.busy = true;
    }

    /// It was handed on: time counts from here.
    pub(crate) fn handed_on(&mut self, now: Instant) {
        self.offered = self.offered.map(|_| now);
        (self.oldest_ms, self.owed, self.busy) = (None, None, false);
    }

    /// Whether media was ever answered.
    pub(crate) fn is_answerable(&self) -> bool {
        self.answerable
    }

    /// Whether the process has answered media.
    pub(crate) fn has_spoken(&self) -> bool {
        self.spoke
    }

    /// Whether the process hangs.
    pub(crate) fn hangs(&self, now: Instant) -> bool {
        let longer = |since: Instant, than| now.saturating_duration_since(since) >= than;
        let overdue = self.answerable && self.owed.is_some_and(|since| longer(since, PATIENCE));
        let stuck = self.offered.is_some_and(|since| longer(since, STUCK));
        !self.busy && (self.spoke || longer(self.began, START)) && (overdue || stuck)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn another_is_started_at_once_then_later_then_no_more_until_the_window_has_passed() {
        let (mut restarts, start) = (Restarts::default(), Instant::now());
        let mut at = start;
        let waits = std::iter::from_fn(|| {
            at += Duration::from_secs(3);
            restarts.next(Duration::from_secs(3), at).map(|restart| restart.wait.as_millis())
        });
        assert_eq!(waits.collect::<Vec<_>>(), [0, 250, 500, 1_000, 2_000, 2_000]);
        assert!(restarts.next(LONG, at + WINDOW).is_some());
        let mut calm = Restarts::default();
        for n in 0..100 {
            let restart = calm.next(LONG, start + n * WINDOW).unwrap();
            assert_eq!(restart, Restart { wait: Duration::ZERO, replay: true });
        }
    }

    #[test]
    fn media_that_kills_is_given_twice_and_not_again() {
        let (mut restarts, now) = (Restarts::default(), Instant::now());
        assert!(restarts.next(Duration::ZERO, now).unwrap().replay);
        assert!(!restarts.next(Duration::from_millis(80), now).unwrap().replay);
        assert!(restarts.next(LONG, now + LONG).unwrap().replay);
    }

    #[test]
    fn silence_under_media_is_a_hang() {
        let start = Instant::now();
        let mut silence = Silence::new(false, start);
        let at = |ms| start + Duration::from_millis(ms);
        let feed = |silence: &mut Silence, from: u64, to: u64| {
            (from..to).step_by(20).for_each(|ms| silence.fed(i64::try_from(ms).ok(), at(ms)));
        };
        feed(&mut silence, 0, 10_000);
        assert!(!silence.hangs(at(10_000)), "media that nobody ever answered may be none");
        silence.heard(true);
        assert!(!silence.hangs(at(20_000)), "what takes time is the outbox");
        silence.handed_on(at(20_000));
        feed(&mut silence, 20_000, 22_020);
        assert!(!silence.hangs(at(22_499)));
        assert!(silence.hangs(at(22_500)));
        silence.heard(false);
        silence.handed_on(at(22_500));
        assert!(!silence.hangs(at(22_500)));
    }

    #[test]
    fn an_encoder_that_stalls_is_no_hang() {
        let start = Instant::now();
        let mut silence = Silence::new(false, start);
        silence.heard(true);
        silence.handed_on(start);
        silence.fed(Some(0), start);
        assert!(!silence.hangs(start + LONG));
        // Then everything comes at once: there is time to answer it.
        silence.fed(Some(20_000), start + LONG);
        assert!(!silence.hangs(start + LONG));
        assert!(silence.hangs(start + LONG + PATIENCE));
    }

    #[test]
    fn a_new_process_has_time_to_begin() {
        let start = Instant::now();
        let mut silence = Silence::new(true, start);
        silence.fed(Some(0), start);
        silence.fed(Some(4_000), start);
        assert!(!silence.hangs(start + Duration::from_millis(4_999)));
        assert!(silence.hangs(start + START));
    }

    #[test]
    fn a_tag_that_is_not_taken_is_a_hang() {
        let start = Instant::now();
        let mut silence = Silence::new(false, start);
        silence.offer(start);
        assert!(!silence.hangs(start + Duration::from_millis(4_999)), "it may take its time to begin");
        assert!(silence.hangs(start + START));
        silence.fed(None, start + START);
        silence.heard(true);
        silence.offer(start + START);
        assert!(!silence.hangs(start + LONG), "what it says is not taken either");
        silence.handed_on(start + LONG);
        assert!(!silence.hangs(start + LONG));
        assert!(silence.hangs(start + LONG + STUCK));
        silence.fed(None, start + LONG + STUCK);
        assert!(!silence.hangs(start + 2 * LONG));
    }
}
