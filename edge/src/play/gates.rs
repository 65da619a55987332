//! What an isolate remembers of streams for a moment: whether everyone may watch. It spares a call to a Relay for each segment.

use std::collections::HashMap;

use spillway_protocol::{ids::StreamId, time::Timestamp};

/// How long it is remembered: a stream that is gated now may give out segments on its public path for so long.
const KEPT_MS: i64 = 5_000;
/// How many streams are remembered.
const STREAMS: usize = 1_024;

/// Streams of which it is known.
#[derive(Debug, Default)]
pub struct Gates(HashMap<StreamId, (bool, Timestamp)>);

impl Gates {
    /// Whether a stream is gated, when that is known.
    pub fn gated(&self, stream: StreamId, now: Timestamp) -> Option<bool> {
        let (gated, since) = self.0.get(&stream)?;
        (now.since(*since) < KEPT_MS).then_some(*gated)
    }

    /// Remembers that a stream is gated, or is not.
    pub fn learn(&mut self, stream: StreamId, gated: bool, now: Timestamp) {
        if self.0.len() >= STREAMS && !self.0.contains_key(&stream) {
            self.0.retain(|_, (_, since)| now.since(*since) < KEPT_MS);
            if self.0.len() >= STREAMS {
                self.0.clear();
            }
        }
        self.0.insert(stream, (gated, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn remembers_for_a_moment() {
        let mut gates = Gates::default();
        let stream = StreamId::new(at(1), 1);
        assert_eq!(gates.gated(stream, at(0)), None);
        gates.learn(stream, true, at(0));
        assert_eq!(gates.gated(stream, at(4_999)), Some(true));
        assert_eq!(gates.gated(stream, at(5_000)), None);
        gates.learn(stream, false, at(5_000));
        assert_eq!(gates.gated(stream, at(5_001)), Some(false));
    }

    #[test]
    fn remembers_no_more_than_so_many() {
        let mut gates = Gates::default();
        for number in 0..5_000 {
            gates.learn(StreamId::new(at(1), number), false, at(0));
            assert!(gates.0.len() <= STREAMS);
        }
        assert_eq!(gates.gated(StreamId::new(at(1), 4_999), at(0)), Some(false));
    }
}
