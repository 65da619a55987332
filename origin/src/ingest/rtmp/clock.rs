//! Media time: 32-bit milliseconds that wrap every 49 days, from any starting point, made into milliseconds from the epoch's zero.

/// The epoch's clock, shared by picture and sound: the first frame of either is its zero.
#[derive(Debug, Default)]
pub(crate) struct MediaClock {
    /// The last frame's timestamp as sent, and unwrapped.
    last: Option<(u32, i64)>,
}

impl MediaClock {
    /// When a frame with this timestamp belongs.
    pub(crate) fn frame(&mut self, timestamp: u32) -> i64 {
        let unwrapped = match self.last {
            // The nearer way round: picture and sound are interleaved, so they go back a little now and then.
            Some((sent, at)) => at.saturating_add(i64::from(timestamp.wrapping_sub(sent).cast_signed())),
            None => 0,
        };
        self.last = Some((timestamp, unwrapped));
        unwrapped
    }

    /// When a codec configuration belongs that comes now. Its own timestamp is no frame's: encoders write 0 there at any time.
    pub(crate) fn now(&self) -> i64 {
        self.last.map_or(0, |(_, at)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_frame_is_zero_and_configurations_do_not_move_it() {
        let mut clock = MediaClock::default();
        assert_eq!(clock.now(), 0);
        assert_eq!(clock.frame(5_000), 0);
        assert_eq!(clock.frame(4_990), -10);
        assert_eq!(clock.frame(5_040), 40);
        assert_eq!(clock.now(), 40);
    }

    proptest! {
        #[test]
        fn unwraps_across_any_number_of_wraps(start: u32, steps in prop::collection::vec(-2_000i64..1_000_000_000, 1..40)) {
            let mut clock = MediaClock::default();
            clock.frame(start);
            let mut at = 0i64;
            for step in steps {
                at += step;
                let sent = u32::try_from((i64::from(start) + at).rem_euclid(1 << 32)).unwrap();
                prop_assert_eq!(clock.frame(sent), at);
            }
        }
    }
}
