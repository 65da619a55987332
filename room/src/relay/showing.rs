//! What of the timeline is to be seen now, and the playlists written of it: once, for however many ask.

use std::{collections::BTreeMap, rc::Rc};

use spillway_hls::{Snapshot, render};
use spillway_protocol::{media::RenditionId, time::Timestamp};

/// An ended stream's playlists change a last time, some while after its end: they are looked at again after so long.
const ENDED_MS: i64 = 30_000;

/// The timeline as the Room told it, and as it is shown.
#[derive(Debug, Default)]
pub(super) struct Showing {
    told: Option<Snapshot>,
    shown: Option<Shown>,
    /// Everything up to here has been seen: a delay that becomes longer takes nothing back.
    seen_until: Timestamp,
}

/// What is to be seen until it changes.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) snapshot: Snapshot,
    delay_ms: i64,
    /// When more of it is to be seen without any news.
    pub(super) changes_at: Option<Timestamp>,
    texts: BTreeMap<(Option<RenditionId>, bool), Rc<str>>,
}

impl Showing {
    /// The Room's timeline, to be changed by `change`.
    pub(super) fn learn<T>(&mut self, change: impl FnOnce(&mut Option<Snapshot>) -> T) -> T {
        self.shown = None;
        change(&mut self.told)
    }

    /// The version of what the Room told.
    pub(super) fn version(&self) -> Option<u64> {
        self.told.as_ref().map(|told| told.version)
    }

    /// What is to be seen at `now` with this delay; `None` when there is nothing yet.
    pub(super) fn shown(&mut self, delay_ms: i64, now: Timestamp) -> Option<&mut Shown> {
        let fresh = |shown: &Shown| shown.delay_ms == delay_ms && shown.changes_at.is_none_or(|at| now < at);
        if !self.shown.as_ref().is_some_and(fresh) {
            self.shown = self.show(delay_ms, now);
        }
        self.shown.as_mut()
    }

    /// When more is to be seen without any news.
    pub(super) fn changes_at(&self, delay_ms: i64, now: Timestamp) -> Option<Timestamp> {
        if delay_ms == 0 {
            return None;
        }
        self.told.as_ref()?.next_after(self.until(delay_ms, now)).map(|end| end.plus_millis(delay_ms))
    }

    /// Everything up to then is to be seen.
    fn until(&self, delay_ms: i64, now: Timestamp) -> Timestamp {
        now.plus_millis(-delay_ms).max(self.seen_until)
    }

    fn show(&mut self, delay_ms: i64, now: Timestamp) -> Option<Shown> {
        let changes_at = self.changes_at(delay_ms, now);
        self.seen_until = self.until(delay_ms, now);
        // What is not delayed is seen, whatever the encoder's clock says.
        let until = if delay_ms == 0 { Timestamp::from_millis(i64::MAX) } else { self.seen_until };
        let snapshot = self.told.as_ref()?.seen(until, now)?;
        let ends = snapshot.ended.then(|| now.plus_millis(ENDED_MS));
        Some(Shown { snapshot, delay_ms, changes_at: changes_at.or(ends), texts: BTreeMap::new() })
    }
}

impl Shown {
    /// The multivariant playlist.
    pub(super) fn multivariant(&mut self) -> Rc<str> {
        let snapshot = &self.snapshot;
        self.texts.entry((None, false)).or_insert_with(|| render::multivariant(snapshot).into()).clone()
    }

    /// A rendition's playlist, or its delta update.
    pub(super) fn media(&mut self, rendition: &RenditionId, skip: bool) -> Option<Rc<str>> {
        let key = (Some(rendition.clone()), skip);
        if let Some(text) = self.texts.get(&key) {
            return Some(text.clone());
        }
        let text: Rc<str> = render::media(&self.snapshot, rendition, skip)?.into();
        self.texts.insert(key, text.clone());
        Some(text)
    }
}
