//! Who publishes, and what the origin reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spillway_protocol::{
    api::StreamStatus,
    ids::SourceId,
    limits,
    link::{EndReason, LinkDown, LinkUp, PublishReply, Report, StopReason},
    media::Epoch,
    problem::Code,
    time::Timestamp,
};

use super::Room;
use crate::{
    Failed,
    call::room::{Claim, Revoke},
    sql::{Docs, Row, Sql, SqlError, to_json},
};

/// How many reports of each epoch are stored.
pub(super) const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS epochs (epoch INTEGER PRIMARY KEY, next INTEGER NOT NULL) STRICT";

/// Who publishes, and who may not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Publishing {
    /// The newest epoch given out; 0 before the first.
    last: u32,
    holder: Option<Holder>,
    /// The lowest version of a source's key that still opens.
    least_versions: BTreeMap<SourceId, u32>,
    /// Whom to tell to stop, at the next poll.
    #[serde(skip)]
    pub(super) stops: Vec<(Epoch, StopReason)>,
}

/// Who holds the newest epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Holder {
    epoch: Epoch,
    publisher: String,
    source: SourceId,
    key_version: u32,
    /// When it was last heard.
    heard: Timestamp,
    /// Since when it is known to be gone, and how long it is waited for.
    gone: Option<Gone>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gone {
    at: Timestamp,
    grace_ms: i64,
}

impl Holder {
    fn deadline(&self) -> Timestamp {
        match &self.gone {
            Some(gone) => gone.at.plus_millis(gone.grace_ms),
            None => self.heard.plus_millis(limits::GRACE_LOST_MS),
        }
    }

    fn may_be_taken_over(&self, now: Timestamp) -> bool {
        self.gone.is_some() || now.since(self.heard) >= limits::TAKEOVER_MS
    }
}

/// Why a link, or a frame on it, is refused: it is closed, and the origin goes on with a new one.
#[derive(Debug, thiserror::Error)]
pub enum LinkRefused {
    /// The epoch was never given out.
    #[error("the epoch was never given out")]
    NoSuchEpoch,
    /// Not a frame of this protocol.
    #[error("not a frame of the origin link")]
    Malformed,
    /// A report before this one is missing.
    #[error("a report is missing")]
    Gap,
    /// Storage failed: what is in memory is to be thrown away, and restored.
    #[error(transparent)]
    Storage(#[from] SqlError),
}

impl Publishing {
    pub(super) fn restore(sql: &impl Sql) -> Result<Self, SqlError> {
        Ok(sql.load("publishing")?.unwrap_or_default())
    }

    /// When the publisher is given up, unless it is heard before.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.holder.as_ref().map(Holder::deadline)
    }

    /// Since when a publisher that is now given up has been gone.
    pub(super) fn expired(&self, now: Timestamp) -> Option<Timestamp> {
        let holder = self.holder.as_ref().filter(|holder| now >= holder.deadline())?;
        Some(holder.gone.as_ref().map_or(holder.heard, |gone| gone.at))
    }

    /// Whether someone publishes who is not known to be gone.
    pub(super) fn is_heard(&self) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.gone.is_none())
    }

    /// Nobody publishes any more.
    pub(super) fn release(&mut self, sql: &impl Sql, reason: StopReason) -> Result<(), SqlError> {
        let Some(holder) = self.holder.take() else { return Ok(()) };
        self.stops.push((holder.epoch, reason));
        sql.store("publishing", self)
    }

    fn holder_of(&mut self, epoch: Epoch) -> Option<&mut Holder> {
        self.holder.as_mut().filter(|holder| holder.epoch == epoch)
    }
}

/// The first report of an epoch that is not stored.
fn next_report(sql: &impl Sql, epoch: Epoch) -> Result<u64, SqlError> {
    let rows = sql.exec("SELECT next FROM epochs WHERE epoch = ?", &[epoch.0.into()])?;
    rows.first().map_or(Ok(0), |row: &Row| row.unsigned(0))
}

impl<S: Sql> Room<S> {
    /// Someone asks for the right to publish.
    pub fn claim(&mut self, call: &Claim, now: Timestamp) -> Result<PublishReply, Failed> {
        if self.life.is_over() {
            // The source still leads here: the Channel has to hear of the end (again).
            self.over_again()?;
            return Err(Failed::refused(Code::StreamOver, "The stream is over."));
        }
        let least = self.publishing.least_versions.get(&call.source).copied().unwrap_or_default();
        if call.key_version < least {
            return Err(Failed::refused(Code::KeyInvalid, "The stream key was rotated."));
        }
        let reply = |room: &Self, epoch| PublishReply {
            stream_id: room.stream,
            epoch,
            target_ms: room.timeline.target_ms(),
            part_target_ms: room.timeline.part_target_ms(),
            rungs: room.facts.quality.rungs().to_vec(),
        };
        if let Some(holder) = &self.publishing.holder {
            // The same request again, because its reply was lost.
            if holder.publisher == call.publisher && holder.gone.is_none() {
                return Ok(reply(self, holder.epoch));
            }
            if !holder.may_be_taken_over(now) {
                return Err(Failed::refused(Code::PublisherActive, "Another encoder publishes into this stream."));
            }
            self.publishing.stops.push((holder.epoch, StopReason::Superseded));
        }
        self.publishing.last = self.publishing.last.saturating_add(1);
        let epoch = Epoch(self.publishing.last);
        self.publishing.holder = Some(Holder {
            epoch,
            publisher: call.publisher.clone(),
            source: call.source,
            key_version: call.key_version,
            heard: now,
            gone: None,
        });
        self.sql.store("publishing", &self.publishing)?;
        Ok(reply(self, epoch))
    }

    /// A source's key was rotated.
    pub fn revoke(&mut self, call: &Revoke, now: Timestamp) -> Result<(), Failed> {
        let least = self.publishing.least_versions.entry(call.source).or_default();
        *least = call.key_version.max(*least);
        if let Some(holder) = &mut self.publishing.holder
            && holder.source == call.source
            && holder.key_version < call.key_version
        {
            holder.gone.get_or_insert(Gone { at: now, grace_ms: limits::GRACE_LOST_MS });
            self.publishing.stops.push((holder.epoch, StopReason::KeyRevoked));
        }
        Ok(self.sql.store("publishing", &self.publishing)?)
    }

    /// An origin opens the link of its epoch; the first frames on it.
    pub fn link_opened(&mut self, epoch: Epoch, now: Timestamp) -> Result<Vec<LinkDown>, LinkRefused> {
        if epoch.0 == 0 || epoch.0 > self.publishing.last {
            return Err(LinkRefused::NoSuchEpoch);
        }
        let mut frames = vec![LinkDown::Welcome { next: next_report(&self.sql, epoch)? }];
        let over = self.life.is_over();
        match self.publishing.holder_of(epoch) {
            Some(holder) => holder.heard = now,
            None if over => frames.push(LinkDown::Stop { reason: StopReason::StreamEnded }),
            None => frames.push(LinkDown::Stop { reason: StopReason::Superseded }),
        }
        Ok(frames)
    }

    /// A frame came on the link of an epoch; what to answer on it.
    pub fn link_frame(&mut self, epoch: Epoch, text: &str, now: Timestamp) -> Result<Vec<LinkDown>, LinkRefused> {
        if text.len() > limits::BODY {
            return Err(LinkRefused::Malformed);
        }
        let frame: LinkUp = serde_json::from_str(text).map_err(|_| LinkRefused::Malformed)?;
        let health = matches!(frame, LinkUp::Health(_));
        if let Some(holder) = self.publishing.holder_of(epoch) {
            holder.heard = now;
            if health {
                self.sql.store("publishing", &self.publishing)?;
            }
        }
        match frame {
            LinkUp::Health(_) => Ok(Vec::new()),
            LinkUp::Report { n, report } => Ok(vec![LinkDown::Ack { next: self.report(epoch, n, &report, now)? }]),
        }
    }

    /// Stores a report; the number of the next one. Its own number is stored last: until then it would be sent again, and
    /// the timeline knows what it has.
    fn report(&mut self, epoch: Epoch, n: u64, report: &Report, now: Timestamp) -> Result<u64, LinkRefused> {
        let next = next_report(&self.sql, epoch)?;
        if n < next {
            return Ok(next);
        }
        if n > next {
            return Err(LinkRefused::Gap);
        }
        // What the timeline refuses is acknowledged all the same: saying it again would not help.
        if let Ok(change) = self.timeline.apply(epoch, report) {
            self.store_timeline(&change.rows)?;
            if change.playlists {
                self.listing.touch();
            }
        }
        if let (Report::Ended { reason }, Some(holder)) = (report, self.publishing.holder_of(epoch)) {
            let grace_ms = match reason {
                EndReason::Unpublished => limits::GRACE_UNPUBLISHED_MS,
                EndReason::Lost | EndReason::Stopped | EndReason::Failed => limits::GRACE_LOST_MS,
            };
            holder.gone.get_or_insert(Gone { at: now, grace_ms });
            self.sql.store("publishing", &self.publishing)?;
        }
        if self.life.closing.is_some() && epoch.0 == self.publishing.last && matches!(report, Report::Ended { .. }) {
            self.close()?;
        }
        if self.life.status == StreamStatus::Scheduled && self.timeline.is_playable() {
            self.go_live(now)?;
        }
        let next = next.saturating_add(1);
        let statement =
            "INSERT INTO epochs (epoch, next) VALUES (?, ?) ON CONFLICT (epoch) DO UPDATE SET next = excluded.next";
        self.sql.exec(statement, &[epoch.0.into(), next.into()])?;
        Ok(next)
    }

    pub(super) fn store_timeline(&self, rows: &[spillway_hls::Row]) -> Result<(), SqlError> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = rows.iter().map(|row| Ok((row.key(), to_json(row)?))).collect::<Result<_, SqlError>>()?;
        self.sql.exec(
            "INSERT INTO timeline (key, entry)
             SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)
             WHERE true ON CONFLICT (key) DO UPDATE SET entry = excluded.entry",
            &[to_json(&rows)?.into()],
        )?;
        Ok(())
    }
}
