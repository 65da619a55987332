//! What goes up to the Room: lines, reactions, the count. One call at a time; what comes meanwhile goes with the next.

use std::collections::{BTreeMap, VecDeque};

use spillway_protocol::{problem::Code, time::Timestamp};

use super::{Output, Relay, SocketId};
use crate::{
    call::room::{Heard, Line, Up},
    retry::Retry,
    sql::{Sql, SqlError},
};

/// Lines in one call.
const LINES: usize = 100;
/// Lines that wait; more are refused.
const QUEUE: usize = 1_000;
/// Different reactions in one call.
const REACTIONS: usize = 32;

/// What goes up.
#[derive(Debug, Default)]
pub(super) struct Upward {
    queue: VecDeque<(SocketId, Line)>,
    reactions: BTreeMap<String, u32>,
    /// Whose lines are in the call under way.
    asked: Vec<(SocketId, Option<String>)>,
    calling: Retry,
}

impl Upward {
    /// Whether there was room for the line.
    pub(super) fn queue(&mut self, id: SocketId, line: Line) -> bool {
        let fits = self.queue.len() < QUEUE;
        if fits {
            self.queue.push_back((id, line));
        }
        fits
    }

    pub(super) fn react(&mut self, reaction: String) {
        if self.reactions.len() < REACTIONS || self.reactions.contains_key(&reaction) {
            let count = self.reactions.entry(reaction).or_default();
            *count = count.saturating_add(1);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.reactions.is_empty()
    }

    /// When the next call is due, if the count is to be told at `count`.
    pub(super) fn next(&self, count: Option<Timestamp>) -> Option<Timestamp> {
        let wants = if self.is_empty() { count? } else { Timestamp::default() };
        Some(self.calling.next().map_or(wants, |at| at.max(wants)))
    }
}

impl<S: Sql> Relay<S> {
    pub(super) fn call_up(&mut self, now: Timestamp) -> Result<(), SqlError> {
        // Without a place in the room's order there is nobody here yet.
        if self.kept.position.is_none() {
            return Ok(());
        }
        self.viewers.recount(now);
        let counted = self.viewers.changed_at(self.kept.reported).is_some_and(|at| now >= at);
        let nothing = self.upward.is_empty() && !counted;
        if nothing || !self.upward.calling.may_begin(now) {
            return Ok(());
        }
        self.upward.calling.begin(now);
        let waiting = self.upward.queue.len().min(LINES);
        let (asked, lines): (Vec<_>, Vec<_>) =
            self.upward.queue.drain(..waiting).map(|(id, line)| ((id, line.client_id.clone()), line)).unzip();
        self.upward.asked = asked;
        self.kept.reported = self.viewers.count();
        self.store()?;
        self.out.push(Output::Up(Up {
            relay: self.name.clone(),
            viewers: self.kept.reported,
            lines,
            reactions: std::mem::take(&mut self.upward.reactions),
        }));
        Ok(())
    }

    /// What the Room said to an [`Output::Up`]; `None` when it did not answer.
    pub fn heard(&mut self, reply: Option<Heard>, now: Timestamp) -> Result<(), SqlError> {
        let asked = std::mem::take(&mut self.upward.asked);
        let Some(Heard { attached, refused }) = reply else {
            self.upward.calling = Retry::Failed(now.plus_millis(1_000), 0);
            // The count is to be told again.
            self.kept.reported = u32::MAX;
            for (id, client_id) in asked {
                self.error(id, Self::unavailable(), client_id)?;
            }
            return Ok(());
        };
        self.upward.calling = Retry::Ready;
        if !attached {
            self.attach_wanted = true;
            self.kept.reported = 0;
        }
        for ((id, client_id), problem) in asked.into_iter().zip(refused) {
            if let Some(problem) = problem {
                let wait = (problem.code == Code::RateLimited).then_some(1);
                self.error(id, (problem.code, &problem.detail, wait), client_id)?;
            }
        }
        Ok(())
    }
}
