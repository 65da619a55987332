//! How much of this machine transcodes. A stream is given the rungs that there is CPU for, the lowest first, and gives back what it does
//! not need. Passing its own picture through costs next to nothing, and is never refused.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::metrics::gauge::Gauge;

/// A stream whose source is not known yet is taken for this one.
const USUAL: Source = Source { lines: 1_080, frame_rate_millis: 30_000 };
/// A rung that is not below nine tenths of the source is none.
const BELOW_TENTHS: u32 = 9;
/// Small rungs have no more frames a second than this, in thousandths.
const SMALL: (u16, u32) = (480, 30_000);

/// A picture that is transcoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    /// Lines across its shorter side.
    pub(crate) lines: u32,
    /// Frames a second in thousandths; 0 when that is not known.
    pub(crate) frame_rate_millis: u32,
}

/// What it costs to decode this at 30 frames a second, and to encode it, in thousandths of a core: measured with x264 `veryfast`, and
/// half as much again for pictures that are harder than those.
fn cost_at_30(lines: u32) -> (u32, u32) {
    match lines {
        0..=360 => (30, 120),
        361..=480 => (40, 200),
        481..=720 => (80, 350),
        721..=1_080 => (150, 750),
        1_081..=1_440 => (250, 1_300),
        _ => (500, 2_600),
    }
}

/// What rungs cost below a source, in thousandths of a core.
fn cost(rungs: &[u16], source: Source) -> u32 {
    if rungs.is_empty() {
        return 0;
    }
    let rate = if source.frame_rate_millis == 0 { USUAL.frame_rate_millis } else { source.frame_rate_millis };
    let at = |cost: u32, rate: u32| {
        u32::try_from(u64::from(cost) * u64::from(rate) / u64::from(USUAL.frame_rate_millis)).unwrap_or(u32::MAX)
    };
    let encoding = rungs.iter().map(|lines| {
        let (small, most) = SMALL;
        at(cost_at_30((*lines).into()).1, if *lines <= small { rate.min(most) } else { rate })
    });
    encoding.fold(at(cost_at_30(source.lines).0, rate), u32::saturating_add)
}

/// The rungs that fit into what is free, the lowest first, highest first in the list.
fn fitting(allowed: &[u16], free: u32) -> Vec<u16> {
    let mut rungs = allowed.to_vec();
    rungs.sort_unstable_by(|one, other| other.cmp(one));
    while cost(&rungs, USUAL) > free {
        rungs.remove(0);
    }
    rungs
}

/// The machine's CPU for rungs.
#[derive(Debug)]
pub(crate) struct Capacity {
    /// In thousandths of a core.
    most: u32,
    taken: Mutex<u32>,
    /// How many rungs run.
    running: Gauge,
}

/// What a stream has of it, until this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    capacity: Arc<Capacity>,
    /// What its settings allow.
    allowed: Vec<u16>,
    /// What it was given.
    granted: Vec<u16>,
    /// What of that runs; all of it may, before that is known.
    running: Option<Vec<u16>>,
    source: Option<Source>,
    cost: u32,
}

impl Capacity {
    /// So many thousandths of a core; `running` tells the operator how many rungs run.
    pub(crate) fn new(most: u32, running: Gauge) -> Self {
        Self { most, taken: Mutex::new(0), running }
    }

    /// A stream begins, whose settings allow these rungs.
    pub(crate) fn take(self: &Arc<Self>, allowed: &[u16]) -> Share {
        let granted = self.with(|taken| {
            let granted = fitting(allowed, self.most.saturating_sub(*taken));
            *taken = taken.saturating_add(cost(&granted, USUAL));
            granted
        });
        Share {
            capacity: self.clone(),
            allowed: allowed.to_vec(),
            cost: cost(&granted, USUAL),
            granted,
            running: None,
            source: None,
        }
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut u32) -> T) -> T {
        use_it(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Share {
    /// The rungs that may be made.
    pub(crate) fn rungs(&self) -> &[u16] {
        &self.granted
    }

    /// These run: what the others would have cost is for others.
    pub(crate) fn runs(&mut self, rungs: &[u16]) {
        let before = self.count();
        self.running = Some(rungs.to_vec());
        self.capacity.running.inc_by(self.count() - before);
        self.charge();
    }

    /// This is what is transcoded.
    pub(crate) fn source_is(&mut self, source: Source) {
        self.source = Some(source);
        self.charge();
    }

    /// The top rung fell behind: no pipeline of this stream makes it again.
    pub(crate) fn give_up_top(&mut self) {
        if let Some(top) = self.running.as_ref().and_then(|rungs| rungs.first().copied()) {
            self.granted.retain(|lines| *lines < top);
        }
    }

    /// No rungs any more, for good.
    pub(crate) fn give_up(&mut self) {
        self.granted.clear();
        self.runs(&[]);
    }

    /// How many rungs the source would have had, if there had been CPU for them. Where nothing is to be transcoded none is missing.
    pub(crate) fn missing(&self) -> usize {
        let Some(source) = self.source.filter(|_| self.capacity.most > 0) else { return 0 };
        let below = |lines: &&u16| u32::from(**lines) * 10 < source.lines.saturating_mul(BELOW_TENTHS);
        self.allowed.iter().filter(below).filter(|lines| !self.granted.contains(lines)).count()
    }

    /// How many rungs run.
    pub(crate) fn running(&self) -> usize {
        self.running.as_ref().map_or(0, Vec::len)
    }

    fn count(&self) -> i64 {
        i64::try_from(self.running()).unwrap_or(i64::MAX)
    }

    fn charge(&mut self) {
        let cost = cost(self.running.as_ref().unwrap_or(&self.granted), self.source.unwrap_or(USUAL));
        let before = std::mem::replace(&mut self.cost, cost);
        self.capacity.with(|taken| *taken = taken.saturating_sub(before).saturating_add(cost));
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.capacity.running.dec_by(self.count());
        self.capacity.with(|taken| *taken = taken.saturating_sub(self.cost));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [u16; 4] = [1080, 720, 480, 360];

    fn node(millicores: u32) -> Arc<Capacity> {
        Arc::new(Capacity::new(millicores, Gauge::default()))
    }

    fn source(lines: u32, frame_rate_millis: u32) -> Source {
        Source { lines, frame_rate_millis }
    }

    #[test]
    fn the_lowest_are_kept_as_far_as_there_is_cpu() {
        let granted = |millicores| node(millicores).take(&ALL).rungs().to_vec();
        assert_eq!(granted(10_000), ALL);
        assert_eq!(granted(1_500), [720, 480, 360]);
        assert_eq!(granted(500), [480, 360]);
        assert_eq!(granted(300), [360]);
        assert_eq!((granted(200), granted(0)), (vec![], vec![]));
    }

    #[test]
    fn what_a_stream_does_not_need_is_for_others() {
        let capacity = node(1_600);
        let mut first = capacity.take(&ALL);
        assert_eq!(first.rungs(), [1080, 720, 480, 360]);
        assert!(capacity.take(&ALL).rungs().len() < 3);
        first.source_is(source(480, 30_000));
        first.runs(&[360]);
        let second = capacity.take(&ALL);
        assert_eq!((second.rungs(), capacity.running.get()), (&[720, 480, 360][..], 1));
        drop((first, second));
        assert_eq!(capacity.running.get(), 0);
        assert_eq!(capacity.with(|taken| *taken), 0);
    }

    #[test]
    fn only_what_the_source_would_have_had_is_missing() {
        let mut share = node(500).take(&ALL);
        assert_eq!((share.rungs(), share.missing()), (&[480, 360][..], 0));
        for (lines, missing) in [(2_160, 2), (1_080, 1), (720, 0), (480, 0)] {
            share.source_is(source(lines, 30_000));
            assert_eq!(share.missing(), missing, "{lines}");
        }
        let mut none = node(0).take(&ALL);
        none.source_is(source(1_080, 30_000));
        assert_eq!(none.missing(), 0, "nothing is to be transcoded");
    }

    #[test]
    fn fast_sources_cost_more_and_their_small_rungs_do_not() {
        assert_eq!(cost(&[], source(1_080, 60_000)), 0);
        assert_eq!(cost(&[360], source(1_080, 60_000)), 2 * 150 + 120);
        assert_eq!(cost(&[720, 360], source(1_080, 60_000)), 2 * 150 + 2 * 350 + 120);
        assert_eq!(cost(&[360], source(1_080, 0)), 150 + 120);
    }

    #[test]
    fn a_rung_that_fell_behind_is_missing_for_good() {
        let capacity = node(3_000);
        let mut share = capacity.take(&ALL);
        share.runs(&[720, 480, 360]);
        share.source_is(source(1_080, 30_000));
        assert_eq!(share.missing(), 0);
        share.give_up_top();
        share.runs(&[480, 360]);
        assert_eq!((share.rungs(), share.missing()), (&[480, 360][..], 1));
        assert_eq!(capacity.with(|taken| *taken), 150 + 200 + 120);
    }

    #[test]
    fn what_is_given_up_is_given_back() {
        let capacity = node(2_000);
        let mut share = capacity.take(&ALL);
        share.give_up();
        assert_eq!((share.rungs().len(), capacity.with(|taken| *taken)), (0, 0));
    }
}
