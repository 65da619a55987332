//! The newest events, and their way to the sockets.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use spillway_protocol::{
    limits,
    room::{ServerEvent, ServerFrame},
    time::Timestamp,
};

use super::{Output, Phase, Relay, SocketId};
use crate::{
    call::relay::{Down, DownReply},
    sql::{Sql, SqlError, to_json},
};

/// Events kept at hand.
const TAIL: usize = 512;

/// The newest events up to the Relay's position, without a hole, and the newest lines. Empty until the Relay has attached.
#[derive(Debug, Default)]
pub(super) struct Tail {
    events: VecDeque<ServerFrame>,
    lines: VecDeque<ServerFrame>,
}

fn is_line(frame: &ServerFrame) -> bool {
    matches!(frame.event, ServerEvent::NewMessage(_))
}

impl Tail {
    pub(super) fn new(events: Vec<ServerFrame>, lines: Vec<ServerFrame>) -> Self {
        let mut tail = Self { events: events.into(), lines: lines.into() };
        tail.trim();
        tail
    }

    /// Puts what the Room said, which goes up to `seq`, before what came since.
    pub(super) fn put_before(&mut self, events: Vec<ServerFrame>, lines: Vec<ServerFrame>, seq: u64) {
        let since: Vec<_> = self.events.drain(..).filter(|frame| frame.seq > Some(seq)).collect();
        *self = Self::new(events, lines);
        self.push(&since);
    }

    fn push(&mut self, events: &[ServerFrame]) {
        self.lines.extend(events.iter().filter(|frame| is_line(frame)).cloned());
        self.events.extend(events.iter().cloned());
        self.trim();
    }

    fn trim(&mut self) {
        let (history, _) = limits::HISTORY;
        self.events.drain(..self.events.len().saturating_sub(TAIL));
        self.lines.drain(..self.lines.len().saturating_sub(history as usize));
    }

    /// The first event at hand.
    pub(super) fn first(&self) -> Option<u64> {
        self.events.front().and_then(|frame| frame.seq)
    }

    /// The events behind `seq`; `None` when some of them are not at hand.
    pub(super) fn after(&self, seq: u64, position: u64) -> Option<Vec<ServerFrame>> {
        if seq >= position {
            return Some(Vec::new());
        }
        self.first().filter(|first| *first <= seq.saturating_add(1))?;
        Some(self.events.iter().filter(|frame| frame.seq > Some(seq)).cloned().collect())
    }

    /// The newest lines, oldest first.
    pub(super) fn lines(&self) -> Vec<ServerFrame> {
        self.lines.iter().cloned().collect()
    }
}

impl<S: Sql> Relay<S> {
    /// The Room says what happened. The position is stored before anything is sent: what came twice is told once.
    pub fn down(&mut self, call: Down, now: Timestamp) -> Result<DownReply, SqlError> {
        let Down { after, events, reactions, viewers, view, timeline, .. } = call;
        let here = self.kept.position.get_or_insert_with(|| after.clone());
        let other_numbering = here.epoch != after.epoch;
        if other_numbering {
            // What the sockets have seen means nothing any more; those that wait are let in by a new attachment.
            self.close_joined();
            self.attach_wanted |= !self.sockets.is_empty();
        }
        if other_numbering || self.is_idle(now) {
            self.reset()?;
            return Ok(DownReply { seq: after.seq, viewers: 0, idle: true, timeline: None });
        }
        // Media does not wait behind chat.
        if let Some(timeline) = timeline {
            self.showing.learn(|known| timeline.apply(known));
            self.feed(now)?;
        }
        let mut seq = self.kept.position.as_ref().map_or(after.seq, |here| here.seq);
        let mut news: Vec<ServerFrame> = Vec::with_capacity(events.len());
        for event in events {
            if event.seq == seq.checked_add(1) {
                seq = seq.saturating_add(1);
                news.push(event);
            }
        }
        if let Some(here) = self.kept.position.as_mut().filter(|here| here.seq != seq) {
            here.seq = seq;
            self.store()?;
        }
        self.tail.push(&news);
        if let Some(known) = &mut self.known {
            known.view = view.unwrap_or_else(|| known.view.clone());
            known.viewer_count = viewers.map_or(known.viewer_count, |viewers| viewers.count);
        } else {
            self.early.view = view.or_else(|| self.early.view.take());
            self.early.viewer_count = viewers.map(|viewers| viewers.count).or(self.early.viewer_count);
        }
        self.turn_out();
        if !reactions.is_empty() {
            news.push(ServerFrame { event: ServerEvent::NewReaction { counts: reactions }, seq: None });
        }
        if let Some(viewers) = viewers {
            let event = ServerEvent::ViewerCountUpdate {
                stream_id: self.stream,
                viewer_count: viewers.count,
                is_increasing: viewers.is_increasing,
            };
            news.push(ServerFrame { event, seq: None });
        }
        self.tell(&news)?;
        self.kept.reported = self.viewers.count();
        Ok(DownReply { seq, viewers: self.viewers.count(), idle: false, timeline: self.showing.version() })
    }

    /// Sends frames to every socket that has joined.
    fn tell(&mut self, frames: &[ServerFrame]) -> Result<(), SqlError> {
        let Some(first) = frames.iter().find_map(|frame| frame.seq).or(frames.first().map(|_| u64::MAX)) else {
            return Ok(());
        };
        // Sockets that get the same: those that are not ahead get everything.
        let mut groups: BTreeMap<(u64, bool), Vec<SocketId>> = BTreeMap::new();
        for socket in self.sockets.values() {
            if let Phase::Joined { from } = socket.phase {
                let ahead = if from >= first { from } else { 0 };
                groups.entry((ahead, socket.batch)).or_default().push(socket.id);
            }
        }
        for ((ahead, batch), ids) in groups {
            let wanted: Vec<_> = frames.iter().filter(|f| f.seq.is_none_or(|seq| seq > ahead)).cloned().collect();
            self.send(ids.into(), batch, wanted)?;
        }
        Ok(())
    }

    /// Sends frames in order, as one batch where that was offered.
    pub(super) fn send(&mut self, to: Rc<[SocketId]>, batch: bool, frames: Vec<ServerFrame>) -> Result<(), SqlError> {
        if batch && !frames.is_empty() {
            let frame = ServerFrame { event: ServerEvent::Batch { events: frames }, seq: None };
            self.out.push(Output::Send(to, to_json(&frame)?));
            return Ok(());
        }
        for frame in frames {
            self.out.push(Output::Send(to.clone(), to_json(&frame)?));
        }
        Ok(())
    }
}
