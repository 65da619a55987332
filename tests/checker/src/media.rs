//! A media playlist: what is in it, and whether it is as it must be (sections 4.4.3 to 4.4.5).

mod date_ranges;
mod derived;
mod head;
mod low_latency;
mod metadata;
mod model;
mod parts;
mod read;
mod segments;
mod timing;

pub use self::model::{
    At, ByteRange, DateRange, Growing, HintType, Key, Map, MediaPlaylist, Opening, Part, PlaylistType, PreloadHint,
    RenditionReport, Segment, ServerControl, Skip,
};
pub(crate) use self::{
    derived::Parent,
    model::{ROUNDING, total},
};

use crate::{
    text,
    violation::{Findings, Violation},
};

/// Reads a media playlist, and says all that is wrong with it. `None` when it cannot be one.
pub fn check_media(text: &str) -> (Option<MediaPlaylist>, Vec<Violation>) {
    let mut findings = Findings::default();
    let playlist = read(text, &mut findings);
    (playlist, findings.into_violations())
}

impl MediaPlaylist {
    /// The playlist, if it breaks no MUST; otherwise all that was found. Advice alone is no error.
    pub fn parse(text: &str) -> Result<Self, Vec<Violation>> {
        match check_media(text) {
            (Some(playlist), violations) if !violations.iter().any(Violation::is_must) => Ok(playlist),
            (_, violations) => Err(violations),
        }
    }
}

pub(crate) fn read(text: &str, findings: &mut Findings) -> Option<MediaPlaylist> {
    let lines = text::lines(text, findings)?;
    let playlist = read::read(&lines, findings)?;
    timing::check(&playlist, findings);
    parts::check(&playlist, findings);
    low_latency::check(&playlist, findings);
    date_ranges::check(&playlist, findings);
    Some(playlist)
}
