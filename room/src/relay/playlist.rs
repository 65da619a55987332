//! Playlists, at once or when they have what a player waits for.

use spillway_hls::{
    Readiness,
    freshness::{self, Asked},
};
use spillway_protocol::{problem::Code, time::Timestamp};

use super::{Relay, showing::Shown};
use crate::{
    Failed,
    call::relay::{Await, Awaited, Gated, Playlist, PlaylistText, Which},
    sql::Sql,
};

/// A player that waits for more than this many target durations is told that it does not come (RFC 8216bis, section 6.2.5.2).
const PATIENCE: i64 = 3;

/// An answer, or none yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// This is it.
    Now(T),
    /// To be asked again at the next news, or then.
    Later(Timestamp),
}

impl<S: Sql> Relay<S> {
    /// A playlist, written from what the Room last said; `since` is when it was first asked for. The Relay is to be ready.
    pub fn playlist(
        &mut self,
        call: &Playlist,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Answer<PlaylistText>, Failed> {
        let known = self.known.as_ref().ok_or_else(not_ready)?;
        if known.view.gated && !call.proven {
            return Err(Failed::refused(Code::ProofInvalid, "This stream is not open to everyone; join it first."));
        }
        let delay_ms = self.delay_ms();
        let shown = self.showing.shown(delay_ms, now).ok_or_else(nothing)?;
        if !shown.snapshot.ended {
            self.viewers.polled(call.viewer.clone(), now);
        }
        let mut asked = Asked::Plainly;
        if let (Which::Media(rendition), Some(place)) = (&call.which, call.directives.until) {
            asked = Asked::Until;
            match shown.snapshot.readiness(rendition, place) {
                Readiness::Now => {}
                Readiness::Later => return later(shown, since, now),
                Readiness::TooFar => {
                    let problem = "That is further ahead than what comes next.";
                    return Err(Failed::refused(Code::Malformed, problem));
                }
            }
        }
        let text = match &call.which {
            Which::Multivariant => shown.multivariant(),
            Which::Media(rendition) => shown.media(rendition, call.directives.skip).ok_or_else(nothing)?,
        };
        let cache_control = freshness::cache_control(&shown.snapshot, asked);
        Ok(Answer::Now(PlaylistText { text: text.to_string(), cache_control }))
    }

    /// Whether a part that is not on R2 will be there; `since` is when it was first asked for. The Relay is to be ready.
    pub fn part(&mut self, call: &Await, since: Timestamp, now: Timestamp) -> Result<Answer<Awaited>, Failed> {
        let delay_ms = self.delay_ms();
        let shown = self.showing.shown(delay_ms, now).ok_or_else(nothing)?;
        match shown.snapshot.part_readiness(&call.part) {
            Readiness::Later => later(shown, since, now),
            readiness => Ok(Answer::Now(Awaited { listed: readiness == Readiness::Now })),
        }
    }

    /// How much later viewers see the picture.
    pub(super) fn delay_ms(&self) -> i64 {
        self.known.as_ref().map_or(0, |known| i64::from(known.view.settings.delay_seconds).saturating_mul(1_000))
    }

    /// Whether not everyone may watch. The Relay is to be ready.
    pub fn gate(&mut self, now: Timestamp) -> Result<Gated, Failed> {
        self.viewers.touch(now);
        let known = self.known.as_ref().ok_or_else(not_ready)?;
        Ok(Gated { gated: known.view.gated })
    }
}

/// Something is to come; a player that has waited for too long is told that it does not.
fn later<T>(shown: &Shown, since: Timestamp, now: Timestamp) -> Result<Answer<T>, Failed> {
    let until = since.plus_millis(i64::from(shown.snapshot.target_ms).saturating_mul(PATIENCE));
    if now >= until {
        return Err(Failed::refused(Code::Unavailable, "It does not come; ask again."));
    }
    Ok(Answer::Later(shown.changes_at.map_or(until, |at| at.min(until))))
}

fn nothing() -> Failed {
    Failed::refused(Code::NotFound, "There is nothing to play.")
}

fn not_ready() -> Failed {
    Failed::refused(Code::Unavailable, "The room was not asked yet.")
}
