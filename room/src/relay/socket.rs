//! A viewer's socket, and what is kept with it while the Relay sleeps.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use spillway_protocol::{media::RenditionId, time::Timestamp};

use crate::{
    call::{relay::Visitor, room::Position},
    rate::Bucket,
};

/// A socket's number within its Relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SocketId(pub u64);

/// A socket: what is kept with it, and outlives the Relay's memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Socket {
    /// Its number.
    pub id: SocketId,
    /// Who it is.
    pub visitor: Visitor,
    /// Whether it offered to take batches.
    pub batch: bool,
    /// How far it is.
    pub phase: Phase,
    /// Whose playlists it is told of.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub watching: BTreeSet<RenditionId>,
    /// When it last sent a frame (pings are known to the runtime alone).
    pub heard: Timestamp,
    /// Frames that it may send.
    pub frames: Bucket,
    /// Lines that it may say.
    pub lines: Bucket,
}

/// How far a socket is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// It has said nothing yet.
    New,
    /// It waits for `WELCOME`.
    Waiting {
        /// What it has seen already.
        resume: Option<Position>,
    },
    /// It is told what happens.
    Joined {
        /// Behind this `seq`: a client that comes from another Relay may be ahead of this one.
        from: u64,
    },
}

impl Socket {
    pub(super) fn is_joined(&self) -> bool {
        matches!(self.phase, Phase::Joined { .. })
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting { .. })
    }
}
