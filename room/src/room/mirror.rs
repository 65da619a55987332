//! What D1 shows of the Room: status and times at once, figures every now and then.

use serde::{Deserialize, Serialize};
use spillway_protocol::{api::StreamStatus, time::Timestamp};

use super::Room;
use crate::{
    retry::Retry,
    sql::{Docs, Sql, SqlError},
};

/// Figures are written at most this often.
const FIGURES_MS: i64 = 10_000;

/// What D1 is to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mirror {
    /// Where the stream is in its life.
    pub status: StreamStatus,
    /// When media first came.
    pub actual_start_time: Option<Timestamp>,
    /// When it was over.
    pub end_time: Option<Timestamp>,
    /// How many watch.
    pub viewer_count: u32,
    /// The most at once.
    pub peak_viewers: u32,
    /// Lines of chat.
    pub messages_count: u64,
}

impl Mirror {
    fn same_life(&self, other: &Self) -> bool {
        (self.status, self.actual_start_time, self.end_time) == (other.status, other.actual_start_time, other.end_time)
    }
}

/// What D1 shows, and how the writing goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mirroring {
    shown: Option<Mirror>,
    shown_at: Timestamp,
    #[serde(skip)]
    writing: Retry,
}

impl Mirroring {
    pub(super) fn restore(sql: &impl Sql) -> Result<Self, SqlError> {
        Ok(sql.load("mirroring")?.unwrap_or_default())
    }

    pub(super) fn due(&mut self, figures: &Mirror, now: Timestamp) -> Option<Mirror> {
        if self.wants(figures).is_none_or(|at| now < at) || !self.writing.may_begin(now) {
            return None;
        }
        self.writing.begin(now);
        Some(figures.clone())
    }

    pub(super) fn next(&self, figures: &Mirror) -> Option<Timestamp> {
        let wants = self.wants(figures)?;
        Some(self.writing.next().map_or(wants, |at| at.max(wants)))
    }

    /// Since when these should be written; `None` when they are.
    fn wants(&self, figures: &Mirror) -> Option<Timestamp> {
        match &self.shown {
            Some(shown) if shown == figures => None,
            Some(shown) if shown.same_life(figures) => Some(self.shown_at.plus_millis(FIGURES_MS)),
            _ => Some(Timestamp::default()),
        }
    }
}

impl<S: Sql> Room<S> {
    pub(super) fn mirror(&self, now: Timestamp) -> Mirror {
        let figures = self.figures(now);
        Mirror {
            status: figures.status,
            actual_start_time: figures.actual_start_time,
            end_time: figures.end_time,
            viewer_count: figures.viewer_count,
            peak_viewers: figures.peak_viewers,
            messages_count: figures.messages_count,
        }
    }

    /// How the writing to D1 went.
    pub fn mirrored(&mut self, written: Mirror, done: bool, now: Timestamp) -> Result<(), SqlError> {
        self.mirroring.writing.finish(now, done);
        if done {
            self.mirroring.shown = Some(written);
            self.mirroring.shown_at = now;
            self.sql.store("mirroring", &self.mirroring)?;
        }
        Ok(())
    }

    pub(super) fn is_mirrored(&self, now: Timestamp) -> bool {
        self.mirroring.shown.as_ref().is_some_and(|shown| shown.same_life(&self.mirror(now)))
    }
}
