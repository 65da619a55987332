//! The Relays that serve the room's viewers: what each has been told, and how many watch.

use std::{collections::BTreeMap, rc::Rc};

use serde::{Deserialize, Serialize};
use spillway_hls::{News, Snapshot};
use spillway_protocol::time::Timestamp;

use super::log::Log;
use crate::{
    call::{
        relay::{Down, DownReply, ViewerCount},
        room::{Position, View},
    },
    retry::Retry,
    sql::{Docs, Row, Sql, SqlError, to_json},
};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS relays (name TEXT PRIMARY KEY, entry TEXT NOT NULL) STRICT";

/// Events in one call to a Relay.
const PAGE: u64 = 200;
/// The count is told at most this often.
const COUNT_MS: i64 = 1_000;
/// A Relay with viewers that was not heard for so long is asked.
const STALE_MS: i64 = 60_000;
/// A Relay that answers is stored as heard at most this often.
const HEARD_MS: i64 = 20_000;
/// Different reactions told at once.
const REACTIONS: usize = 32;

/// Who watches.
#[derive(Debug, Default)]
pub(super) struct Audience {
    counts: Counts,
    last_token: u64,
    relays: BTreeMap<String, Relay>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    peak: u32,
    announced: u32,
    announced_at: Timestamp,
}

#[derive(Debug)]
struct Relay {
    kept: Kept,
    calling: Retry,
    /// What the call under way tells besides events.
    telling: Telling,
    /// The playlists that it has, as far as that is known: after a restore it is told all of them.
    listing: Option<Rc<Snapshot>>,
    reactions: BTreeMap<String, u32>,
}

#[derive(Debug, Default)]
struct Telling {
    view: Option<u64>,
    viewers: Option<u32>,
    listing: Option<Rc<Snapshot>>,
}

/// What is stored of a Relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    token: u64,
    /// The last event that it has.
    seq: u64,
    /// The view that it has.
    view: u64,
    /// The count that it has.
    told: u32,
    /// How many watch there.
    viewers: u32,
    /// When it last said so.
    heard: Timestamp,
}

impl Relay {
    fn lags(&self, seq: u64, view: u64, announced: u32, listing: Option<&Rc<Snapshot>>) -> bool {
        let kept = &self.kept;
        let chat = kept.seq < seq || kept.told != announced || !self.reactions.is_empty();
        chat || kept.view < view || self.misses(listing)
    }

    fn misses(&self, listing: Option<&Rc<Snapshot>>) -> bool {
        listing.is_some_and(|now| self.listing.as_ref().is_none_or(|known| known.version != now.version))
    }

    fn stale_at(&self) -> Option<Timestamp> {
        (self.kept.viewers > 0).then(|| self.kept.heard.plus_millis(STALE_MS))
    }
}

impl Audience {
    pub(super) fn restore(sql: &impl Sql) -> Result<Self, SqlError> {
        let rows = sql.exec("SELECT name, entry FROM relays", &[])?;
        let relay = |row: &Row| {
            let kept = row.json(1)?;
            Ok((row.text(0)?.to_owned(), Relay::new(kept, None)))
        };
        let relays: BTreeMap<String, Relay> = rows.iter().map(relay).collect::<Result<_, SqlError>>()?;
        let last_token = relays.values().map(|relay| relay.kept.token).max().unwrap_or_default();
        Ok(Self { counts: sql.load("counts")?.unwrap_or_default(), last_token, relays })
    }

    /// How many watch.
    pub(super) fn total(&self) -> u32 {
        self.relays.values().fold(0, |sum, relay| sum.saturating_add(relay.kept.viewers))
    }

    /// The most at once, while live.
    pub(super) fn peak(&self) -> u32 {
        self.counts.peak
    }

    /// How many the viewers were told of.
    pub(super) fn announced(&self) -> u32 {
        self.counts.announced
    }

    pub(super) fn raise_peak(&mut self, sql: &impl Sql) -> Result<(), SqlError> {
        let total = self.total();
        if total <= self.counts.peak {
            return Ok(());
        }
        self.counts.peak = total;
        sql.store("counts", &self.counts)
    }

    /// Settles the count that is to be told, when it is time to.
    pub(super) fn announce(&mut self, sql: &impl Sql, now: Timestamp) -> Result<(), SqlError> {
        let total = self.total();
        if total == self.counts.announced || now < self.counts.announced_at.plus_millis(COUNT_MS) {
            return Ok(());
        }
        (self.counts.announced, self.counts.announced_at) = (total, now);
        sql.store("counts", &self.counts)
    }

    /// The calls to make now: one a Relay at a time, with all that waits for it.
    pub(super) fn due(
        &mut self,
        sql: &impl Sql,
        log: &Log,
        (version, view): (u64, impl FnOnce() -> View),
        listing: Option<&Rc<Snapshot>>,
        now: Timestamp,
    ) -> Result<Vec<(String, Down)>, SqlError> {
        let announced = self.counts.announced;
        let mut ready: Vec<_> = self
            .relays
            .iter_mut()
            .filter(|(_, relay)| {
                relay.lags(log.seq(), version, announced, listing) || relay.stale_at().is_some_and(|at| now >= at)
            })
            .filter(|(_, relay)| relay.calling.may_begin(now))
            .collect();
        let view = ready.iter().any(|(_, relay)| relay.kept.view < version).then(view);
        ready
            .iter_mut()
            .map(|(name, relay)| {
                let down = relay.call(sql, log, announced, (view.as_ref(), listing))?;
                relay.calling.begin(now);
                Ok(((*name).clone(), down))
            })
            .collect()
    }

    /// When something will be due that is not due now.
    pub(super) fn next(&self, log: &Log, version: u64, listing: Option<&Rc<Snapshot>>) -> Option<Timestamp> {
        let counts = self.counts;
        let count = (self.total() != counts.announced).then(|| counts.announced_at.plus_millis(COUNT_MS));
        let relays = self.relays.values().filter_map(|relay| {
            let lags = relay.lags(log.seq(), version, counts.announced, listing);
            let wants = if lags { Some(Timestamp::default()) } else { relay.stale_at() };
            wants.map(|at| relay.calling.next().map_or(at, |next| next.max(at)))
        });
        relays.chain(count).min()
    }

    /// A Relay is to be told from now on what comes behind `seq`.
    pub(super) fn attach(
        &mut self,
        sql: &impl Sql,
        name: &str,
        (seq, view, listing): (u64, u64, Option<Rc<Snapshot>>),
        now: Timestamp,
    ) -> Result<u64, SqlError> {
        self.last_token = self.last_token.saturating_add(1);
        let viewers = self.relays.get(name).map_or(0, |relay| relay.kept.viewers);
        let token = self.last_token;
        let kept = Kept { token, seq, view, told: self.counts.announced, viewers, heard: now };
        let relay = Relay::new(kept, listing);
        relay.store(sql, name)?;
        self.relays.insert(name.to_owned(), relay);
        Ok(token)
    }

    /// A Relay says how many watch there; whether it is known.
    pub(super) fn heard(&mut self, sql: &impl Sql, name: &str, viewers: u32, now: Timestamp) -> Result<bool, SqlError> {
        let Some(relay) = self.relays.get_mut(name) else { return Ok(false) };
        let changed = relay.kept.viewers != viewers;
        (relay.kept.viewers, relay.kept.heard) = (viewers, now);
        if changed {
            relay.store(sql, name)?;
        }
        Ok(true)
    }

    /// A Relay answered the call for an entry, or did not. An answer for an entry that was replaced says nothing.
    pub(super) fn answered(
        &mut self,
        sql: &impl Sql,
        (name, token): (&str, u64),
        reply: Option<&DownReply>,
        (seq, now): (u64, Timestamp),
    ) -> Result<(), SqlError> {
        let Some(relay) = self.relays.get_mut(name).filter(|relay| relay.kept.token == token) else { return Ok(()) };
        relay.calling.finish(now, reply.is_some());
        let Telling { view, viewers, listing } = std::mem::take(&mut relay.telling);
        let Some(reply) = reply else { return Ok(()) };
        if reply.idle {
            self.relays.remove(name);
            sql.exec("DELETE FROM relays WHERE name = ?", &[name.into()])?;
            return Ok(());
        }
        // A Relay that has something else than what it was told, or has lost it, is told all of it.
        let has = |listing: &Rc<Snapshot>| reply.timeline == Some(listing.version);
        relay.listing = listing.or(relay.listing.take()).filter(has);
        let before = relay.kept.clone();
        relay.kept.seq = reply.seq.min(seq);
        relay.kept.view = view.unwrap_or(relay.kept.view);
        relay.kept.told = viewers.unwrap_or(relay.kept.told);
        relay.kept.viewers = reply.viewers;
        let changed = relay.kept != before;
        // When it was heard is stored now and then: a part several times a second is no news of that kind.
        let stale = now.since(before.heard) >= HEARD_MS;
        relay.kept.heard = if changed || stale { now } else { before.heard };
        if changed || stale { relay.store(sql, name) } else { Ok(()) }
    }

    /// Someone reacted: every Relay is to tell.
    pub(super) fn react(&mut self, reaction: &str, count: u32) {
        for relay in self.relays.values_mut() {
            if relay.reactions.len() < REACTIONS || relay.reactions.contains_key(reaction) {
                let told = relay.reactions.entry(reaction.to_owned()).or_default();
                *told = told.saturating_add(count);
            }
        }
    }
}

impl Relay {
    fn new(kept: Kept, listing: Option<Rc<Snapshot>>) -> Self {
        let (calling, telling) = (Retry::default(), Telling::default());
        Self { kept, calling, telling, listing, reactions: BTreeMap::new() }
    }

    fn call(
        &mut self,
        sql: &impl Sql,
        log: &Log,
        announced: u32,
        (view, listing): (Option<&View>, Option<&Rc<Snapshot>>),
    ) -> Result<Down, SqlError> {
        let listing = listing.filter(|now| self.misses(Some(now)));
        let kept = &self.kept;
        let view = view.filter(|view| kept.view < view.version);
        let viewers =
            (kept.told != announced).then_some(ViewerCount { count: announced, is_increasing: announced > kept.told });
        self.telling = Telling {
            view: view.map(|view| view.version),
            viewers: viewers.map(|viewers| viewers.count),
            listing: listing.cloned(),
        };
        Ok(Down {
            token: kept.token,
            after: Position { epoch: log.epoch().to_owned(), seq: kept.seq },
            events: log.after(sql, kept.seq, PAGE)?,
            reactions: std::mem::take(&mut self.reactions),
            viewers,
            view: view.cloned(),
            timeline: listing.map(|now| News::between(self.listing.as_deref(), now)),
        })
    }

    fn store(&self, sql: &impl Sql, name: &str) -> Result<(), SqlError> {
        let statement =
            "INSERT INTO relays (name, entry) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET entry = excluded.entry";
        sql.exec(statement, &[name.into(), to_json(&self.kept)?.into()])?;
        Ok(())
    }
}
