//! The Room of a stream: its order, its truth, its timeline.

mod answers;
mod audience;
mod facts;
mod life;
mod listing;
mod log;
mod mirror;
mod publishing;

pub use facts::Facts;
pub use mirror::Mirror;
pub use publishing::LinkRefused;

use std::rc::Rc;

use spillway_hls::{Snapshot, Timeline};
use spillway_protocol::{ids::StreamId, link::StopReason, media::Epoch, time::Timestamp};

use crate::{
    Moment,
    call::{channel::StreamOver, relay::Down, room::View},
    rate::Paces,
    sql::{Docs, Row, Sql, SqlError},
};
use audience::Audience;
use life::Life;
use listing::Listing;
use log::Log;
use mirror::Mirroring;
use publishing::Publishing;

/// The Room of a stream.
#[derive(Debug)]
pub struct Room<S> {
    sql: S,
    stream: StreamId,
    facts: Facts,
    life: Life,
    log: Log,
    publishing: Publishing,
    timeline: Timeline,
    listing: Listing,
    /// The version of what Relays are told of the stream.
    view: u64,
    audience: Audience,
    mirroring: Mirroring,
    paces: Paces,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Tell the origin links of an epoch to let their encoder go.
    Stop(Epoch, StopReason),
    /// Call a Relay; the answer goes to [`Room::relay_answered`].
    Down(String, Box<Down>),
    /// Write this to D1; how it went goes to [`Room::mirrored`].
    Mirror(Mirror),
    /// Call the creator's Channel; how it went goes to [`Room::channel_told`].
    TellChannel(StreamOver),
    /// Poll again then, or when something happens. The last one of a poll.
    WakeAt(Timestamp),
}

const TIMELINE: &str = "CREATE TABLE IF NOT EXISTS timeline (key TEXT PRIMARY KEY, entry TEXT NOT NULL) STRICT";

impl<S: Sql> Room<S> {
    /// The Room that was stored here; `None` when there is none yet.
    pub fn restore(sql: S) -> Result<Option<Self>, SqlError> {
        if !sql.is_set_up()? {
            return Ok(None);
        }
        let (Some(stream), Some(facts), Some(life)) = (sql.load("stream")?, sql.load("facts")?, sql.load("life")?)
        else {
            return Ok(None);
        };
        let rows = sql.exec("SELECT entry FROM timeline", &[])?;
        let rows: Vec<spillway_hls::Row> = rows.iter().map(|row: &Row| row.json(0)).collect::<Result<_, _>>()?;
        Ok(Some(Self {
            stream,
            facts,
            life,
            log: Log::restore(&sql)?,
            publishing: Publishing::restore(&sql)?,
            timeline: Timeline::restore(rows),
            listing: Listing::default(),
            view: sql.load("view")?.unwrap_or(1),
            audience: Audience::restore(&sql)?,
            mirroring: Mirroring::restore(&sql)?,
            paces: Paces::default(),
            sql,
        }))
    }

    /// A new Room, for a stream that is known to be there.
    pub fn create(sql: S, stream: StreamId, facts: Facts, at: Moment) -> Result<Self, SqlError> {
        sql.set_up(&[TIMELINE, log::TABLE, log::INDEX, publishing::TABLE, audience::TABLE])?;
        let life = Life::of(&facts);
        let room = Self {
            stream,
            log: Log::create(&sql, at.random)?,
            publishing: Publishing::default(),
            timeline: Timeline::default(),
            listing: Listing::default(),
            view: 1,
            audience: Audience::default(),
            mirroring: Mirroring::default(),
            paces: Paces::default(),
            facts,
            life,
            sql,
        };
        room.sql.store("facts", &room.facts)?;
        room.sql.store("life", &room.life)?;
        room.sql.store("stream", &room.stream)?;
        Ok(room)
    }

    /// The stream.
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// Whose stream it is.
    pub fn creator(&self) -> spillway_protocol::ids::UserId {
        self.facts.creator_id
    }

    /// All that is to be done now. To be called after everything that happens, and at the time that it last said.
    pub fn poll(&mut self, now: Timestamp) -> Result<Vec<Output>, SqlError> {
        self.expire(now)?;
        self.audience.announce(&self.sql, now)?;
        let mut out: Vec<Output> = std::mem::take(&mut self.publishing.stops)
            .into_iter()
            .map(|(epoch, reason)| Output::Stop(epoch, reason))
            .collect();
        let listing = self.listing()?;
        let mut audience = std::mem::take(&mut self.audience);
        let view = (self.view, || self.view());
        let due = audience.due(&self.sql, &self.log, view, listing.as_ref(), now);
        self.audience = audience;
        out.extend(due?.into_iter().map(|(relay, down)| Output::Down(relay, Box::new(down))));
        let figures = self.mirror(now);
        out.extend(self.mirroring.due(&figures, now).map(Output::Mirror));
        out.extend(self.life.due(now).map(Output::TellChannel));
        let next = [
            self.publishing.deadline(),
            self.audience.next(&self.log, self.view, listing.as_ref()),
            self.mirroring.next(&figures),
            self.life.next(),
        ];
        out.extend(next.into_iter().flatten().min().map(|at| Output::WakeAt(at.max(now))));
        Ok(out)
    }

    /// The stream as Relays must know it.
    fn view(&self) -> View {
        View {
            version: self.view,
            stream: self.facts.stream(self.stream, &self.life),
            settings: self.facts.settings(),
            gated: self.facts.gated,
            max_viewers: self.facts.max_viewers,
        }
    }

    /// What there is to play.
    fn listing(&mut self) -> Result<Option<Rc<Snapshot>>, SqlError> {
        let delay_ms = self.facts.delay_seconds.saturating_mul(1_000);
        self.listing.current(&self.sql, &self.timeline, delay_ms)
    }

    /// What Relays are told has changed.
    fn touch_view(&mut self) -> Result<(), SqlError> {
        self.view = self.view.saturating_add(1);
        self.sql.store("view", &self.view)
    }
}
