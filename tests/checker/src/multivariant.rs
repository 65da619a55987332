//! A multivariant playlist: what is in it, and whether it is as it must be (section 4.4.6).

mod groups;
mod read;
mod rendition;
mod session;
mod variant;

use std::collections::BTreeMap;

use crate::{
    media::At,
    text,
    violation::{Findings, Violation},
};

/// A multivariant playlist.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MultivariantPlaylist {
    /// EXT-X-VERSION; 1 where there is none (4.4.1.2).
    pub version: u64,
    /// EXT-X-INDEPENDENT-SEGMENTS (4.4.2.1).
    pub independent_segments: bool,
    /// EXT-X-MEDIA (4.4.6.1).
    pub renditions: Vec<Rendition>,
    /// EXT-X-STREAM-INF (4.4.6.2).
    pub variants: Vec<Variant>,
    /// EXT-X-I-FRAME-STREAM-INF (4.4.6.3).
    pub i_frame_variants: Vec<Variant>,
}

/// EXT-X-MEDIA (4.4.6.1).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendition {
    /// TYPE.
    pub media_type: String,
    /// GROUP-ID.
    pub group: String,
    /// NAME.
    pub name: String,
    /// URI.
    pub uri: Option<String>,
    /// DEFAULT.
    pub default: bool,
    /// AUTOSELECT.
    pub autoselect: bool,
    /// All attributes as they stand.
    pub attributes: BTreeMap<String, String>,
    /// Its line.
    pub at: At,
}

/// EXT-X-STREAM-INF or EXT-X-I-FRAME-STREAM-INF (4.4.6.2, 4.4.6.3).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Variant {
    /// Its URI; empty where it is missing.
    pub uri: String,
    /// BANDWIDTH.
    pub bandwidth: u64,
    /// AVERAGE-BANDWIDTH.
    pub average_bandwidth: Option<u64>,
    /// CODECS.
    pub codecs: Option<String>,
    /// RESOLUTION.
    pub resolution: Option<(u64, u64)>,
    /// FRAME-RATE, as it stands.
    pub frame_rate: Option<String>,
    /// AUDIO, VIDEO, SUBTITLES and CLOSED-CAPTIONS: the type and the group that is meant.
    pub groups: BTreeMap<&'static str, String>,
    /// CLOSED-CAPTIONS=NONE.
    pub no_captions: bool,
    /// Its line.
    pub at: At,
}

/// Reads a multivariant playlist, and says all that is wrong with it. `None` when it cannot be one.
pub fn check_multivariant(text: &str) -> (Option<MultivariantPlaylist>, Vec<Violation>) {
    let mut findings = Findings::default();
    let playlist = text::lines(text, &mut findings).and_then(|lines| read::read(&lines, &mut findings));
    if let Some(playlist) = &playlist {
        groups::check(playlist, &mut findings);
    }
    (playlist, findings.into_violations())
}

impl MultivariantPlaylist {
    /// The playlist, if it breaks no MUST; otherwise all that was found. Advice alone is no error.
    pub fn parse(text: &str) -> Result<Self, Vec<Violation>> {
        match check_multivariant(text) {
            (Some(playlist), violations) if !violations.iter().any(Violation::is_must) => Ok(playlist),
            (_, violations) => Err(violations),
        }
    }
}
