//! What one connection may cost: bytes, messages and time until its key is known to be good, a bitrate and a pace afterwards.
//!
//! Pure: it is told what came and when, and says when it would lose patience.

use std::time::{Duration, Instant};

use crate::{
    config::IngestLimits,
    ingest::{bucket::Bucket, limit::Limit},
};

/// Bytes before the key is known to be good. A handshake and the commands take about 4 KiB.
const SETUP_BYTES: usize = 256 * 1024;
/// Messages before the key is known to be good; encoders send about ten.
const SETUP_MESSAGES: u32 = 64;
/// How long an encoder may publish nothing whole.
const SILENCE: Duration = Duration::from_secs(10);
/// Over so many seconds the bitrate is averaged: an encoder that stalled sends at once what it kept.
const BITRATE_SECONDS: u64 = 10;
/// Messages a second while publishing. Picture and sound make some two hundred; each has its price, however short it is.
const MESSAGES_PER_SECOND: u64 = 2_000;
/// Messages at once.
const MESSAGES: u64 = 10 * MESSAGES_PER_SECOND;
/// A read of fewer bytes costs more than its bytes do.
const SMALL_READ: usize = 512;
/// Small reads a second, and at once; beyond that bytes are left to gather.
const SMALL_READS: u64 = 500;
/// How long they gather.
const PAUSE: Duration = Duration::from_millis(10);

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The handshake is not done.
    Handshake,
    /// No key was shown.
    Setup,
    /// The key is being checked: the encoder waits for us.
    Asking,
    /// The key is good; a tag, or that good news, came last at this time.
    Publishing(Instant),
}

/// When patience ends, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// When.
    pub(crate) at: Instant,
    /// What has then taken too long.
    pub(crate) limit: Limit,
}

/// Watches over one connection.
#[derive(Debug)]
pub(crate) struct Guard {
    stage: Stage,
    began: Instant,
    handshake: Duration,
    key: Duration,
    setup_bytes: usize,
    setup_messages: u32,
    bytes: Bucket,
    messages: Bucket,
    small_reads: Bucket,
}

impl Guard {
    /// A connection begins.
    pub(crate) fn new(limits: &IngestLimits, now: Instant) -> Self {
        let bytes_per_second = limits.max_bitrate / 8;
        Self {
            stage: Stage::Handshake,
            began: now,
            handshake: Duration::from_secs(limits.handshake_seconds.into()),
            key: Duration::from_secs(limits.key_seconds.into()),
            setup_bytes: 0,
            setup_messages: 0,
            bytes: Bucket::full(bytes_per_second, bytes_per_second.saturating_mul(BITRATE_SECONDS), now),
            messages: Bucket::full(MESSAGES_PER_SECOND, MESSAGES, now),
            small_reads: Bucket::full(SMALL_READS, SMALL_READS, now),
        }
    }

    /// So many bytes came.
    pub(crate) fn bytes(&mut self, count: usize, now: Instant) -> Result<(), Limit> {
        // Whoever sends a byte now and then is never silent, and late all the same.
        if let Some(deadline) = self.deadline().filter(|deadline| now >= deadline.at) {
            return Err(deadline.limit);
        }
        if let Stage::Publishing(_) = self.stage {
            return if self.bytes.take(count as u64, now) { Ok(()) } else { Err(Limit::Bitrate) };
        }
        self.setup_bytes = self.setup_bytes.saturating_add(count);
        if self.setup_bytes > SETUP_BYTES { Err(Limit::SetupBytes) } else { Ok(()) }
    }

    /// How long to let bytes gather before the next read, after one of `count` bytes.
    pub(crate) fn pause(&mut self, count: usize, now: Instant) -> Option<Duration> {
        (count < SMALL_READ && !self.small_reads.take(1, now)).then_some(PAUSE)
    }

    /// A whole message was among them.
    pub(crate) fn message(&mut self, now: Instant) -> Result<(), Limit> {
        if let Stage::Publishing(_) = self.stage {
            return if self.messages.take(1, now) { Ok(()) } else { Err(Limit::MessageRate) };
        }
        self.setup_messages = self.setup_messages.saturating_add(1);
        if self.setup_messages > SETUP_MESSAGES { Err(Limit::SetupMessages) } else { Ok(()) }
    }

    /// The handshake is done.
    pub(crate) fn shook_hands(&mut self) {
        self.stage = Stage::Setup;
    }

    /// A key was shown.
    pub(crate) fn asked(&mut self) {
        self.stage = Stage::Asking;
    }

    /// The key is good, or a tag was handed on: from now on it is for the encoder to send something.
    pub(crate) fn publishing(&mut self, now: Instant) {
        self.stage = Stage::Publishing(now);
    }

    /// When patience ends; `None` while the encoder waits for us.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let (from, patience, limit) = match self.stage {
            Stage::Handshake => (self.began, self.handshake, Limit::HandshakeTime),
            Stage::Setup => (self.began, self.key, Limit::KeyTime),
            Stage::Asking => return None,
            Stage::Publishing(heard) => (heard, SILENCE, Limit::Silence),
        };
        from.checked_add(patience).map(|at| Deadline { at, limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: IngestLimits =
        IngestLimits { handshake_seconds: 5, key_seconds: 15, max_bitrate: 8_000_000, ..IngestLimits::DEFAULT };

    fn ms(began: Instant, ms: u64) -> Instant {
        began + Duration::from_millis(ms)
    }

    fn publishing(now: Instant) -> Guard {
        let mut guard = Guard::new(&LIMITS, now);
        guard.shook_hands();
        guard.asked();
        guard.publishing(now);
        guard
    }

    #[test]
    fn a_byte_now_and_then_does_not_buy_time() {
        let began = Instant::now();
        let mut guard = Guard::new(&LIMITS, began);
        assert_eq!(guard.bytes(1, ms(began, 4_999)), Ok(()));
        assert_eq!(guard.bytes(1, ms(began, 5_000)), Err(Limit::HandshakeTime));
        guard.shook_hands();
        assert_eq!(guard.bytes(1, ms(began, 14_999)), Ok(()));
        assert_eq!(guard.bytes(1, ms(began, 15_000)), Err(Limit::KeyTime));
        guard.asked();
        assert_eq!(guard.deadline(), None, "the edge's time is not the encoder's");
        guard.publishing(ms(began, 20_000));
        assert_eq!(guard.bytes(1, ms(began, 29_999)), Ok(()));
        assert_eq!(guard.bytes(1, ms(began, 30_000)), Err(Limit::Silence));
        guard.publishing(ms(began, 29_999));
        assert_eq!(guard.deadline().unwrap().at, ms(began, 39_999));
    }

    #[test]
    fn before_the_key_bytes_and_messages_are_few() {
        let now = Instant::now();
        let mut guard = Guard::new(&LIMITS, now);
        assert_eq!(guard.bytes(SETUP_BYTES, now), Ok(()));
        assert_eq!(guard.bytes(1, now), Err(Limit::SetupBytes));
        for _ in 0..SETUP_MESSAGES {
            assert_eq!(guard.message(now), Ok(()));
        }
        assert_eq!(guard.message(now), Err(Limit::SetupMessages));
    }

    #[test]
    fn an_encoder_that_stalled_may_catch_up_and_one_far_above_is_found_out() {
        let began = Instant::now();
        let mut guard = publishing(began);
        // At a megabyte a second: four seconds of silence, then all of it at once.
        let now = ms(began, 4_000);
        assert_eq!(guard.bytes(4_000_000, now), Ok(()));
        // Five times the bitrate for ten seconds does not pass.
        let mut guard = publishing(began);
        let lasted = (1..100).find(|tenth| guard.bytes(500_000, ms(began, tenth * 100)).is_err());
        assert!(lasted.is_some_and(|tenth| (20..30).contains(&tenth)), "{lasted:?}");
    }

    #[test]
    fn tiny_messages_run_out_and_tiny_reads_are_left_to_gather() {
        let now = Instant::now();
        let mut guard = publishing(now);
        assert_eq!((0..1_000_000).find_map(|_| guard.message(now).err()), Some(Limit::MessageRate));
        let mut guard = publishing(now);
        assert!((0..SMALL_READS).all(|_| guard.pause(1, now).is_none()));
        assert_eq!(guard.pause(1, now), Some(PAUSE));
        assert_eq!(guard.pause(SMALL_READ, now), None, "a packet that is full costs what it should");
    }

    proptest! {
        #[test]
        fn no_encoder_within_the_bitrate_is_let_go(reads in prop::collection::vec((1u64..400, 1u64..1_000), 0..300)) {
            let began = Instant::now();
            let (mut guard, mut at) = (publishing(began), 0);
            for (step, bytes_per_ms) in reads {
                at += step;
                guard.publishing(ms(began, at));
                let count = usize::try_from(step * bytes_per_ms).unwrap();
                prop_assert_eq!(guard.bytes(count, ms(began, at)), Ok(()));
            }
        }
    }
}
