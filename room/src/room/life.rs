//! Where the stream is in its life.

use serde::{Deserialize, Serialize};
use spillway_protocol::{
    api::StreamStatus, limits, link::StopReason, problem::Code, room::ServerEvent, time::Timestamp,
};

use super::{Facts, Room};
use crate::{
    Failed,
    call::{channel::StreamOver, room::Figures},
    retry::Retry,
    sql::{Docs, Sql, SqlError, to_json},
};

/// The stream's life so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Life {
    pub(super) status: StreamStatus,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    /// How many watched at the end.
    pub(super) last_viewers: u32,
    /// The stream is over, and its encoder, which was still sending then, has until now to hand over what it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) closing: Option<Timestamp>,
    /// What the Channel has yet to hear.
    pub(super) untold: Option<StreamOver>,
    #[serde(skip)]
    telling: Retry,
}

impl Life {
    pub(super) fn of(facts: &Facts) -> Self {
        Self {
            status: facts.status,
            started: facts.actual_start_time,
            ended: facts.end_time,
            last_viewers: 0,
            closing: None,
            untold: None,
            telling: Retry::default(),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.status, StreamStatus::Ended | StreamStatus::Cancelled)
    }

    /// What is to be told to the Channel now.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<StreamOver> {
        let told = self.untold.clone().filter(|_| self.telling.may_begin(now))?;
        self.telling.begin(now);
        Some(told)
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        let telling = self.untold.as_ref().and_then(|_| self.telling.next());
        telling.into_iter().chain(self.closing).min()
    }
}

impl<S: Sql> Room<S> {
    /// There is something to watch.
    pub(super) fn go_live(&mut self, now: Timestamp) -> Result<(), SqlError> {
        self.life.started.get_or_insert(now);
        self.audience.raise_peak(&self.sql)?;
        self.change_status(StreamStatus::Live, now)
    }

    /// The stream is over, since `ended`.
    pub(super) fn finish(
        &mut self,
        status: StreamStatus,
        ended: Timestamp,
        by_creator: bool,
        now: Timestamp,
    ) -> Result<(), SqlError> {
        self.life.ended = Some(ended);
        self.life.last_viewers = self.audience.total();
        self.life.untold = Some(StreamOver { stream: self.stream, by_creator });
        if self.publishing.is_heard() {
            self.life.closing = Some(now.plus_millis(limits::CLOSING_MS));
        } else {
            self.end_timeline()?;
        }
        // The end first: a Room that has it alone lets go of its publisher in time, one without it would be live for ever.
        self.change_status(status, now)?;
        self.publishing.release(&self.sql, StopReason::StreamEnded)
    }

    /// Nothing more is listed.
    fn end_timeline(&mut self) -> Result<(), SqlError> {
        let change = self.timeline.end();
        self.store_timeline(&change.rows)?;
        self.listing.touch();
        Ok(())
    }

    /// The encoder of a stream that is over has handed over all it had, or has had its time.
    pub(super) fn close(&mut self) -> Result<(), SqlError> {
        self.end_timeline()?;
        self.life.closing = None;
        self.sql.store("life", &self.life)
    }

    fn change_status(&mut self, status: StreamStatus, now: Timestamp) -> Result<(), SqlError> {
        self.life.status = status;
        let event = ServerEvent::StreamStatusUpdate { stream_id: self.stream, status, timestamp: now };
        self.log.append_once(&self.sql, event, to_json(&status)?, now)?;
        self.sql.store("life", &self.life)?;
        self.touch_view()
    }

    /// Gives up waiting for an encoder that does not come back.
    pub(super) fn expire(&mut self, now: Timestamp) -> Result<(), SqlError> {
        if self.life.closing.is_some_and(|at| now >= at) {
            self.close()?;
        }
        let Some(gone) = self.publishing.expired(now) else { return Ok(()) };
        if self.life.status == StreamStatus::Live {
            self.finish(StreamStatus::Ended, gone, false, now)
        } else {
            self.publishing.release(&self.sql, StopReason::StreamEnded)
        }
    }

    /// The creator ends the stream.
    pub fn end(&mut self, now: Timestamp) -> Result<Figures, Failed> {
        match self.life.status {
            StreamStatus::Live => self.finish(StreamStatus::Ended, now, true, now)?,
            StreamStatus::Ended => {}
            StreamStatus::Scheduled => return Err(Failed::refused(Code::NotLive, "The stream has not been live yet.")),
            StreamStatus::Cancelled => return Err(Failed::refused(Code::StreamOver, "The stream was cancelled.")),
        }
        Ok(self.figures(now))
    }

    /// The creator calls the stream off.
    pub fn cancel(&mut self, now: Timestamp) -> Result<Figures, Failed> {
        match self.life.status {
            StreamStatus::Scheduled => self.call_off(now)?,
            StreamStatus::Live => self.finish(StreamStatus::Ended, now, true, now)?,
            StreamStatus::Cancelled => {}
            StreamStatus::Ended => return Err(Failed::refused(Code::StreamOver, "The stream has ended.")),
        }
        Ok(self.figures(now))
    }

    /// The stream's facts were read again. Of two readings the later may be of what was earlier.
    pub fn reload(&mut self, facts: Facts, now: Timestamp) -> Result<(), SqlError> {
        if facts.updated_at < self.facts.updated_at {
            return Ok(());
        }
        if facts != self.facts {
            self.facts = facts;
            // A longer delay needs more of the past.
            self.listing.touch();
            self.sql.store("facts", &self.facts)?;
            self.touch_view()?;
        }
        if self.facts.status == StreamStatus::Cancelled && self.life.status == StreamStatus::Scheduled {
            self.call_off(now)?;
        }
        Ok(())
    }

    /// It was never live: no encoder is to be kept out for a while.
    fn call_off(&mut self, now: Timestamp) -> Result<(), SqlError> {
        self.finish(StreamStatus::Cancelled, now, false, now)
    }

    /// Tells the Channel once more that the stream is over, unless that is to be told already. Nobody is kept out for it.
    pub(super) fn over_again(&mut self) -> Result<(), SqlError> {
        if self.life.untold.is_none() {
            self.life.untold = Some(StreamOver { stream: self.stream, by_creator: false });
            self.sql.store("life", &self.life)?;
        }
        Ok(())
    }

    /// Whether the Channel has heard what it was told.
    pub fn channel_told(&mut self, heard: bool, now: Timestamp) -> Result<(), SqlError> {
        self.life.telling.finish(now, heard);
        if heard {
            self.life.untold = None;
            self.sql.store("life", &self.life)?;
        }
        Ok(())
    }

    /// Whether D1 shows the stream's status and times as they are, and the Channel knows of its end.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        self.is_mirrored(now) && self.life.untold.is_none()
    }

    pub(super) fn figures(&self, now: Timestamp) -> Figures {
        let until = self.life.ended.unwrap_or(now);
        let live = self.life.started.map_or(0, |started| until.since(started));
        Figures {
            status: self.life.status,
            actual_start_time: self.life.started,
            end_time: self.life.ended,
            duration: live.unsigned_abs() / 1_000,
            viewer_count: if self.life.is_over() { self.life.last_viewers } else { self.audience.total() },
            peak_viewers: self.audience.peak(),
            messages_count: self.log.lines(),
        }
    }
}
