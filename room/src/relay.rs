//! A Relay: viewers' sockets and playlists, near them. It keeps nothing of the room but how far its sockets have got; all
//! else it asks the Room for when it is needed and not at hand.

mod feed;
mod frames;
mod join;
mod playlist;
mod showing;
mod socket;
mod tail;
mod up;
mod viewers;

pub use join::{FULL, OpenRefused};
pub use playlist::Answer;
pub use socket::{Phase, Socket, SocketId};

use std::{collections::BTreeMap, rc::Rc};

use serde::{Deserialize, Serialize};
use spillway_protocol::{ids::StreamId, problem::Code, room::CloseCode, time::Timestamp};

use crate::{
    call::room::{Attach, Attached, Position, Replay, View},
    retry::Retry,
    sql::{Docs, Sql, SqlError},
};
use feed::Feed;
use showing::Showing;
use tail::Tail;
use up::Upward;
use viewers::Viewers;

/// A Relay.
#[derive(Debug)]
pub struct Relay<S> {
    sql: S,
    stream: StreamId,
    name: String,
    kept: Kept,
    sockets: BTreeMap<SocketId, Socket>,
    last_socket: u64,
    /// What the Room said when this Relay attached; `None` until it is needed.
    known: Option<Known>,
    /// What the Room said since, while that answer is on its way.
    early: Early,
    showing: Showing,
    feed: Feed,
    tail: Tail,
    viewers: Viewers,
    upward: Upward,
    attach_wanted: bool,
    attaching: Retry,
    out: Vec<Output>,
}

/// What is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    /// How far the sockets that have joined have got.
    position: Option<Position>,
    /// How many viewers the Room was told of.
    reported: u32,
}

#[derive(Debug)]
struct Known {
    view: View,
    viewer_count: u32,
}

#[derive(Debug, Default)]
struct Early {
    view: Option<View>,
    viewer_count: Option<u32>,
}

/// What is to be done now, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Keep this with the socket, before anything is sent.
    Keep(Socket),
    /// Send a frame to these sockets.
    Send(Rc<[SocketId]>, String),
    /// Close a socket. It is forgotten already.
    Close(SocketId, CloseCode),
    /// Call the Room; the answer goes to [`Relay::attached`], or [`Relay::not_attached`].
    Attach(Attach),
    /// Call the Room; the answer goes to [`Relay::replayed`].
    Replay(SocketId, Replay),
    /// Call the Room; the answer goes to [`Relay::heard`].
    Up(crate::call::room::Up),
    /// Wake then, or when something happens. The last one of a poll.
    WakeAt(Timestamp),
}

impl<S: Sql> Relay<S> {
    /// The Relay of this name, with the sockets that it has.
    pub fn restore(sql: S, stream: StreamId, name: String, sockets: Vec<Socket>) -> Result<Self, SqlError> {
        let kept: Kept = if sql.is_set_up()? { sql.load("relay")?.unwrap_or_default() } else { Kept::default() };
        let sockets: BTreeMap<_, _> = sockets.into_iter().map(|socket| (socket.id, socket)).collect();
        let viewers = Viewers::restore(&sockets);
        Ok(Self {
            sql,
            stream,
            name,
            kept,
            last_socket: sockets.last_key_value().map_or(0, |(id, _)| id.0),
            known: None,
            early: Early::default(),
            showing: Showing::default(),
            feed: Feed::default(),
            tail: Tail::default(),
            viewers,
            upward: Upward::default(),
            attach_wanted: sockets.values().any(|socket| socket.is_waiting() || !socket.watching.is_empty()),
            attaching: Retry::default(),
            sockets,
            out: Vec::new(),
        })
    }

    /// Whether the Room's answer is at hand that opening a socket and playlists need. If not, it is asked for at the next poll.
    pub fn is_ready(&mut self) -> bool {
        self.attach_wanted |= self.known.is_none();
        self.known.is_some()
    }

    /// The Room entered this Relay in its registry.
    pub fn attached(&mut self, reply: Attached, now: Timestamp) -> Result<(), SqlError> {
        self.attaching.finish(now, true);
        self.attach_wanted = false;
        let mut early = std::mem::take(&mut self.early);
        match &self.kept.position {
            Some(here) if here.epoch == reply.position.epoch => {
                // A call of the Room may overtake its answer.
                early.view = early.view.or_else(|| Some(self.known.take()?.view));
                let seq = here.seq.max(reply.position.seq);
                self.tail.put_before(reply.tail, reply.lines, reply.position.seq);
                self.kept.position = Some(Position { seq, ..reply.position });
            }
            _ => {
                // Another numbering: what the sockets have seen means nothing any more.
                self.close_joined();
                early = Early::default();
                self.tail = Tail::new(reply.tail, reply.lines);
                self.kept.position = Some(reply.position);
            }
        }
        let newer = early.view.filter(|view| view.version > reply.view.version);
        self.known = Some(Known {
            view: newer.unwrap_or(reply.view),
            viewer_count: early.viewer_count.unwrap_or(reply.viewer_count),
        });
        if let Some(timeline) = reply.timeline.filter(|told| self.showing.version() < Some(told.version)) {
            self.showing.learn(|known| *known = Some(timeline));
        }
        self.viewers.touch(now);
        self.turn_out();
        self.store()?;
        self.join_waiting(now);
        self.feed(now)
    }

    /// The Room did not answer, or said that there is no such room.
    pub fn not_attached(&mut self, refused: bool, now: Timestamp) {
        // A refusal is an answer: the next who asks gets one too.
        self.attaching.finish(now, refused);
        if refused {
            self.attach_wanted = false;
            let waiting: Vec<_> = self.sockets.values().filter(|s| s.is_waiting()).map(|s| s.id).collect();
            for id in waiting {
                self.close(id, CloseCode::TryAgain);
            }
        }
    }

    /// All that is to be done now. To be called after everything that happens.
    pub fn poll(&mut self, now: Timestamp) -> Result<Vec<Output>, SqlError> {
        if self.attach_wanted && self.attaching.may_begin(now) {
            self.attaching.begin(now);
            let call = Attach { relay: self.name.clone(), position: self.kept.position.clone() };
            self.out.push(Output::Attach(call));
        }
        self.call_up(now)?;
        if self.feed.next().is_some_and(|at| now >= at) {
            self.feed(now)?;
        }
        let next = [
            self.attach_wanted.then(|| self.attaching.next()).flatten(),
            self.upward.next(self.viewers.changed_at(self.kept.reported)),
            self.viewers.next(),
            self.feed.next(),
        ];
        let mut out = std::mem::take(&mut self.out);
        out.extend(next.into_iter().flatten().min().map(|at| Output::WakeAt(at.max(now))));
        Ok(out)
    }

    /// A socket was closed from the other side.
    pub fn closed(&mut self, id: SocketId, now: Timestamp) {
        if let Some(socket) = self.sockets.remove(&id) {
            self.viewers.left(&socket, now);
        }
    }

    fn close(&mut self, id: SocketId, code: CloseCode) {
        if let Some(socket) = self.sockets.remove(&id) {
            self.viewers.left(&socket, socket.heard);
            self.out.push(Output::Close(id, code));
        }
    }

    fn close_joined(&mut self) {
        let joined: Vec<_> = self.sockets.values().filter(|s| s.is_joined()).map(|s| s.id).collect();
        for id in joined {
            self.close(id, CloseCode::TryAgain);
        }
    }

    /// A room that is not for everyone any more lets go of those without the right.
    fn turn_out(&mut self) {
        // What is on its way from the Room holds before all that it said is here.
        let view = self.early.view.as_ref().or_else(|| Some(&self.known.as_ref()?.view));
        if !view.is_some_and(|view| view.gated) {
            return;
        }
        let strangers: Vec<_> = self.sockets.values().filter(|s| !s.visitor.entitled).map(|s| s.id).collect();
        for id in strangers {
            self.close(id, CloseCode::Removed);
        }
    }

    /// Nobody is here any more: forgets the room, as the Room forgets this Relay.
    fn reset(&mut self) -> Result<(), SqlError> {
        self.kept = Kept::default();
        self.known = None;
        self.early = Early::default();
        self.showing = Showing::default();
        self.feed = Feed::default();
        self.tail = Tail::default();
        self.store()
    }

    fn store(&self) -> Result<(), SqlError> {
        if !self.sql.is_set_up()? {
            self.sql.set_up(&[])?;
        }
        self.sql.store("relay", &self.kept)
    }

    /// The error that a client is told when something of ours did not answer.
    fn unavailable() -> (Code, &'static str, Option<u32>) {
        (Code::Unavailable, "The room did not answer; try again.", Some(1))
    }
}
