//! Sockets that come: opening, joining, resuming.

use std::collections::BTreeSet;

use spillway_protocol::{
    room::{ServerEvent, ServerFrame, Welcome},
    time::Timestamp,
};

use super::{Known, Output, Phase, Relay, Socket, SocketId, frames::FRAMES};
use crate::{
    call::{
        relay::Visitor,
        room::{Position, Replay, Replayed},
    },
    rate::{Bucket, LINES},
    sql::{Sql, SqlError},
};

/// Sockets that a Relay takes; the next viewer is sent on to the next one.
pub const FULL: usize = 10_000;

/// Why a socket is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenRefused {
    /// There is no room here; the next Relay may have some.
    #[error("the relay is full")]
    Full,
    /// Not everyone may watch, and this one may not.
    #[error("not everyone may watch")]
    NotEntitled,
    /// The Room was not asked yet: see [`Relay::is_ready`].
    #[error("the relay is not ready")]
    NotReady,
}

impl<S: Sql> Relay<S> {
    /// A socket comes. What is returned is to be kept with it before it is accepted.
    pub fn open(&mut self, visitor: Visitor, batch: bool, now: Timestamp) -> Result<Socket, OpenRefused> {
        let known = self.known.as_ref().ok_or(OpenRefused::NotReady)?;
        if known.view.gated && !visitor.entitled {
            return Err(OpenRefused::NotEntitled);
        }
        if self.sockets.len() >= FULL {
            return Err(OpenRefused::Full);
        }
        self.last_socket = self.last_socket.saturating_add(1);
        let socket = Socket {
            id: SocketId(self.last_socket),
            visitor,
            batch,
            phase: Phase::New,
            watching: BTreeSet::new(),
            heard: now,
            frames: Bucket::full(FRAMES, now),
            lines: Bucket::full(LINES, now),
        };
        self.viewers.came(now);
        self.sockets.insert(socket.id, socket.clone());
        Ok(socket)
    }

    /// Whether the client may go on where it was.
    fn resumable(&self, resume: Option<&Position>) -> Option<u64> {
        let here = self.kept.position.as_ref()?;
        let resume = resume?;
        (resume.epoch == here.epoch).then_some(resume.seq)
    }

    /// Lets in whoever waits, as far as that is possible now.
    pub(super) fn join_waiting(&mut self, now: Timestamp) {
        let waiting: Vec<_> = self.sockets.values().filter(|s| s.is_waiting()).map(|s| s.id).collect();
        for id in waiting {
            self.try_join(id, now);
        }
    }

    /// Answers `JOIN_STREAM`, when all that it needs is at hand; otherwise asks for it.
    pub(super) fn try_join(&mut self, id: SocketId, now: Timestamp) {
        let Some(Phase::Waiting { resume }) = self.sockets.get(&id).map(|socket| socket.phase.clone()) else { return };
        let (Some(position), true) = (self.kept.position.clone(), self.known.is_some()) else {
            self.attach_wanted = true;
            return;
        };
        let seen = self.resumable(resume.as_ref());
        match seen.map(|seen| (seen, self.tail.after(seen, position.seq))) {
            None => self.welcome(id, None, Vec::new(), now),
            // It may come from a Relay that is ahead of this one; the Room knows.
            Some((seen, _)) if seen > position.seq => {
                self.out.push(Output::Replay(id, Replay { after: seen, until: seen }));
            }
            Some((seen, Some(missed))) => self.welcome(id, Some(seen), missed, now),
            Some((seen, None)) => {
                let until = self.tail.first().map_or(position.seq, |first| first.saturating_sub(1));
                self.out.push(Output::Replay(id, Replay { after: seen, until }));
            }
        }
    }

    /// What the Room said to a [`Output::Replay`]; `None` when it did not answer.
    pub fn replayed(&mut self, id: SocketId, reply: Option<Replayed>, now: Timestamp) -> Result<(), SqlError> {
        let Some(Phase::Waiting { resume }) = self.sockets.get(&id).map(|socket| socket.phase.clone()) else {
            return Ok(());
        };
        let (Some(position), true) = (self.kept.position.clone(), self.known.is_some()) else {
            self.attach_wanted = true;
            return Ok(());
        };
        let seen = self.resumable(resume.as_ref());
        let whole = seen.zip(reply.and_then(|reply| reply.events)).and_then(|(seen, mut missed)| {
            let last = missed.last().and_then(|frame| frame.seq).unwrap_or(seen);
            missed.extend(self.tail.after(last, position.seq)?);
            Some((seen, missed))
        });
        match whole {
            Some((seen, missed)) => self.welcome(id, Some(seen), missed, now),
            None => self.welcome(id, None, Vec::new(), now),
        }
        Ok(())
    }

    /// Sends `WELCOME`, then what was missed. From here on the socket is told what comes behind the Relay's position.
    fn welcome(&mut self, id: SocketId, seen: Option<u64>, missed: Vec<ServerFrame>, now: Timestamp) {
        let (Some(position), Some(Known { view, viewer_count }), Some(socket)) =
            (&self.kept.position, &self.known, self.sockets.get_mut(&id))
        else {
            return;
        };
        let seq = seen.unwrap_or_default().max(position.seq);
        socket.phase = Phase::Joined { from: seq };
        self.viewers.joined(socket, now);
        let welcome = Welcome {
            you: socket.visitor.you.clone(),
            stream: view.stream.clone(),
            viewer_count: (*viewer_count).max(self.viewers.joined_count()),
            epoch: position.epoch.clone(),
            seq,
            resumed: seen.is_some(),
            history: self.tail.lines(),
            settings: view.settings.clone(),
        };
        let (socket, batch) = (socket.clone(), socket.batch);
        self.out.push(Output::Keep(socket));
        let welcome = ServerFrame { event: ServerEvent::Welcome(Box::new(welcome)), seq: None };
        let to: std::rc::Rc<[SocketId]> = [id].into();
        let sent = self.send(to.clone(), false, vec![welcome]).and_then(|()| self.send(to, batch, missed));
        if sent.is_err() {
            self.close(id, spillway_protocol::room::CloseCode::TryAgain);
        }
    }
}
