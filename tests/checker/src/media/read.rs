//! Reads the lines of a media playlist, one after another.

use super::{
    model::{Key, Map, MediaPlaylist},
    segments::Open,
};
use crate::{rule::Rule, shared_tags::SharedTags, tag::Home, text::Line, violation::Findings};

/// A playlist as far as it has been read.
pub(super) struct Reader<'f> {
    pub(super) findings: &'f mut Findings,
    pub(super) shared: SharedTags,
    pub(super) playlist: MediaPlaylist,
    /// EXT-X-TARGETDURATION was there.
    pub(super) has_target: bool,
    /// The segment whose URI is still to come.
    pub(super) open: Open,
    /// What holds for the segments from here on.
    pub(super) map: Option<Map>,
    pub(super) keys: Vec<Key>,
    pub(super) bitrate: Option<u64>,
}

impl Reader<'_> {
    /// A segment has begun to be listed, or to be skipped.
    pub(super) fn has_begun(&self) -> bool {
        !self.playlist.segments.is_empty() || !self.open.parts.is_empty() || self.playlist.skip.is_some()
    }
}

/// Reads what can be read; `None` when this is not a media playlist.
pub(super) fn read(lines: &[Line<'_>], findings: &mut Findings) -> Option<MediaPlaylist> {
    let mut reader = Reader {
        findings,
        shared: SharedTags::default(),
        playlist: MediaPlaylist::default(),
        has_target: false,
        open: Open::default(),
        map: None,
        keys: Vec::new(),
        bitrate: None,
    };
    for line in lines {
        match *line {
            Line::Uri(uri, line) => reader.uri(uri, line),
            Line::Tag(Home::Either, tag) => reader.shared.read(tag, false, reader.findings),
            Line::Tag(Home::Media, tag) => reader.head_tag(tag),
            Line::Tag(Home::Segment, tag) => reader.segment_tag(tag),
            Line::Tag(Home::Metadata, tag) => reader.metadata_tag(tag),
            Line::Tag(Home::Multivariant, tag) => {
                reader.findings.add(Rule::MultivariantTag, tag.line, tag.name);
                return None;
            }
        }
    }
    reader.finish()
}

impl Reader<'_> {
    fn finish(mut self) -> Option<MediaPlaylist> {
        self.leave_open();
        if !self.has_target {
            self.findings.add(Rule::NoTargetDuration, 0, "none");
        }
        // Nearly every rule is measured by it.
        if self.playlist.target_duration.is_zero() {
            return None;
        }
        let mut playlist = self.playlist;
        playlist.version = self.shared.version.map_or(1, |(version, _)| version);
        playlist.independent_segments = self.shared.independent_segments;
        playlist.number_discontinuities();
        // What a playlist will need it may state from the beginning, since that must not change: 3 for EXTINF with decimals,
        // and what its delta updates need.
        let allowed = match &playlist.server_control {
            Some(control) if control.can_skip_date_ranges => 10,
            Some(control) if control.can_skip_until.is_some() => 9,
            _ => 3,
        };
        self.shared.needs.check(self.shared.version, allowed, self.findings);
        Some(playlist)
    }
}
