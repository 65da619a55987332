//! What Relays are told of the timeline, and by which version.

use std::rc::Rc;

use spillway_hls::{Snapshot, Timeline};

use crate::sql::{Docs, Sql, SqlError};

/// Changes that fit into one life of the Room: at a hundred a second a year.
const LIFE: u32 = 32;

/// What there is to play, as of now.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Which of the Room's lives this is, once someone is told something; it is stored, so that versions rise over restarts whatever
    /// the clock does.
    life: Option<u64>,
    changes: u64,
    /// Taken from the timeline when it is first asked for; `None` when that has changed since.
    taken: Option<Rc<Snapshot>>,
}

impl Listing {
    /// The timeline has changed, or how much of it is to be told.
    pub(super) fn touch(&mut self) {
        self.changes = self.changes.saturating_add(1);
        self.taken = None;
    }

    /// What is to be told; `None` while there is nothing to play.
    pub(super) fn current(
        &mut self,
        sql: &impl Sql,
        timeline: &Timeline,
        delay_ms: u32,
    ) -> Result<Option<Rc<Snapshot>>, SqlError> {
        if !timeline.is_playable() {
            return Ok(None);
        }
        if self.taken.is_none() {
            let version = self.life(sql)?.wrapping_shl(LIFE).saturating_add(self.changes);
            self.taken = timeline.snapshot(version, delay_ms).map(Rc::new);
        }
        Ok(self.taken.clone())
    }

    fn life(&mut self, sql: &impl Sql) -> Result<u64, SqlError> {
        if let Some(life) = self.life {
            return Ok(life);
        }
        let life = sql.load::<u64>("listing")?.unwrap_or(0).saturating_add(1);
        sql.store("listing", &life)?;
        Ok(*self.life.insert(life))
    }
}
