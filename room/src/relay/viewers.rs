//! Who watches here: sockets that have joined, and players without one.

use std::collections::BTreeMap;

use spillway_protocol::{limits, room::CloseCode, time::Timestamp};

use super::{Relay, Socket, SocketId};
use crate::sql::Sql;

/// Players remembered at once; more are not counted.
const POLLERS: usize = 10_000;
/// The count is taken, and told, at most this often.
const COUNT_MS: i64 = 500;
/// A socket that is silent for so long is let go: everyone counts without it by [`limits::IDLE_MS`], for this Relay tells a
/// new count within half a second, and the Room tells it within a second to all.
const SILENT_MS: i64 = limits::IDLE_MS - 1_500;

/// Who watches.
#[derive(Debug, Default)]
pub(super) struct Viewers {
    joined: u32,
    /// The viewers of sockets that have joined, with how many sockets each has.
    present: BTreeMap<String, u32>,
    /// When each player last asked for a playlist.
    pollers: BTreeMap<String, Timestamp>,
    count: u32,
    counted_at: Timestamp,
    /// Something has changed since.
    changed: bool,
    /// When the first player will be out of the count.
    next_expiry: Option<Timestamp>,
    /// When the first socket may have been silent for too long.
    next_idle: Option<Timestamp>,
    /// When the Relay was last used.
    used: Timestamp,
}

impl Viewers {
    pub(super) fn restore(sockets: &BTreeMap<SocketId, Socket>) -> Self {
        let mut viewers = Self::default();
        for socket in sockets.values() {
            viewers.enter(socket);
            viewers.came(socket.heard);
        }
        viewers.count = viewers.joined;
        viewers
    }

    /// The count, as last taken.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// How many sockets have joined.
    pub(super) fn joined_count(&self) -> u32 {
        self.joined
    }

    pub(super) fn touch(&mut self, now: Timestamp) {
        self.used = now.max(self.used);
    }

    /// A socket came: it will be asked after.
    pub(super) fn came(&mut self, now: Timestamp) {
        self.touch(now);
        let idle = now.plus_millis(SILENT_MS);
        self.next_idle = Some(self.next_idle.map_or(idle, |at| at.min(idle)));
    }

    pub(super) fn joined(&mut self, socket: &Socket, now: Timestamp) {
        self.enter(socket);
        self.touch(now);
        self.changed = true;
    }

    fn enter(&mut self, socket: &Socket) {
        if socket.is_joined() {
            self.joined = self.joined.saturating_add(1);
            let sockets = self.present.entry(socket.visitor.fingerprint.clone()).or_default();
            *sockets = sockets.saturating_add(1);
        }
    }

    pub(super) fn left(&mut self, socket: &Socket, now: Timestamp) {
        if !socket.is_joined() {
            return;
        }
        self.touch(now);
        self.changed = true;
        self.joined = self.joined.saturating_sub(1);
        if let Some(sockets) = self.present.get_mut(&socket.visitor.fingerprint) {
            *sockets = sockets.saturating_sub(1);
            if *sockets == 0 {
                self.present.remove(&socket.visitor.fingerprint);
            }
        }
    }

    /// A player asked for a playlist.
    pub(super) fn polled(&mut self, fingerprint: Option<String>, now: Timestamp) {
        self.touch(now);
        let Some(fingerprint) = fingerprint else { return };
        if let Some(at) = self.pollers.get_mut(&fingerprint) {
            *at = now;
        } else if self.pollers.len() < POLLERS {
            self.pollers.insert(fingerprint, now);
            let expiry = now.plus_millis(limits::POLLER_MS);
            self.next_expiry = Some(self.next_expiry.map_or(expiry, |at| at.min(expiry)));
            self.changed = true;
        }
    }

    /// Takes the count, unless that was done a moment ago.
    pub(super) fn recount(&mut self, now: Timestamp) {
        let expired = self.next_expiry.is_some_and(|at| now >= at);
        if !(self.changed || expired) || now < self.counted_at.plus_millis(COUNT_MS) {
            return;
        }
        self.pollers.retain(|_, at| now.since(*at) < limits::POLLER_MS);
        self.next_expiry = self.pollers.values().min().map(|at| at.plus_millis(limits::POLLER_MS));
        let apart = self.pollers.keys().filter(|fingerprint| !self.present.contains_key(*fingerprint)).count();
        self.count = self.joined.saturating_add(u32::try_from(apart).unwrap_or(u32::MAX));
        self.counted_at = now;
        self.changed = false;
    }

    /// When a count that differs from what was reported is to be told.
    pub(super) fn changed_at(&self, reported: u32) -> Option<Timestamp> {
        (self.changed || self.count != reported)
            .then(|| self.counted_at.plus_millis(if self.changed { COUNT_MS } else { 0 }))
    }

    /// When something is to be looked after.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.next_expiry.into_iter().chain(self.next_idle).min()
    }

    fn is_quiet(&self, now: Timestamp) -> bool {
        self.pollers.is_empty() && now.since(self.used) >= limits::POLLER_MS
    }
}

impl<S: Sql> Relay<S> {
    /// Nobody is here, and nobody was for a while.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        let busy = self.attach_wanted || !self.upward.is_empty();
        self.sockets.is_empty() && self.viewers.is_quiet(now) && !busy
    }

    /// It is time, see [`super::Output::WakeAt`]: lets go of sockets that were silent for too long. `pings` is when each socket
    /// last sent a ping.
    pub fn wake(&mut self, pings: impl IntoIterator<Item = (SocketId, Timestamp)>, now: Timestamp) {
        for (id, at) in pings {
            if let Some(socket) = self.sockets.get_mut(&id) {
                socket.heard = socket.heard.max(at);
            }
        }
        let silent = |socket: &&Socket| now.since(socket.heard) >= SILENT_MS;
        let idle: Vec<_> = self.sockets.values().filter(silent).map(|socket| socket.id).collect();
        for id in idle {
            self.close(id, CloseCode::Idle);
        }
        // Not more than once a second, however many there are.
        let next = self.sockets.values().map(|socket| socket.heard.plus_millis(SILENT_MS)).min();
        self.viewers.next_idle = next.map(|at| at.max(now.plus_millis(1_000)));
    }
}
