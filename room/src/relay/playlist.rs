//! Playlists.

use spillway_hls::{freshness, render};
use spillway_protocol::{problem::Code, time::Timestamp};

use super::Relay;
use crate::{
    Failed,
    call::relay::{Gated, Playlist, PlaylistText, Which},
    sql::Sql,
};

impl<S: Sql> Relay<S> {
    /// A playlist, written from what the Room last said. The Relay is to be ready.
    pub fn playlist(&mut self, call: &Playlist, now: Timestamp) -> Result<PlaylistText, Failed> {
        let known = self.known.as_ref().ok_or_else(not_ready)?;
        if known.view.gated && !call.proven {
            return Err(Failed::refused(Code::ProofInvalid, "This stream is not open to everyone; join it first."));
        }
        let nothing = || Failed::refused(Code::NotFound, "There is nothing to play.");
        let snapshot = known.view.snapshot.as_ref().ok_or_else(nothing)?;
        let text = match &call.which {
            Which::Multivariant => render::multivariant(snapshot),
            Which::Media(rendition) => render::media(snapshot, rendition).ok_or_else(nothing)?,
        };
        let cache_control = freshness::cache_control(snapshot);
        if !snapshot.ended {
            self.viewers.polled(call.viewer.clone(), now);
        }
        Ok(PlaylistText { text, cache_control })
    }

    /// Whether not everyone may watch. The Relay is to be ready.
    pub fn gate(&mut self, now: Timestamp) -> Result<Gated, Failed> {
        self.viewers.touch(now);
        let known = self.known.as_ref().ok_or_else(not_ready)?;
        Ok(Gated { gated: known.view.gated })
    }
}

fn not_ready() -> Failed {
    Failed::refused(Code::Unavailable, "The room was not asked yet.")
}
