//! Reads the lines of a multivariant playlist, one after another.

use super::{MultivariantPlaylist, Variant, session::Session};
use crate::{
    rule::Rule,
    shared_tags::SharedTags,
    tag::Home,
    text::{Line, Tag},
    violation::Findings,
};

/// A playlist as far as it has been read.
pub(super) struct Reader<'f> {
    pub(super) findings: &'f mut Findings,
    pub(super) shared: SharedTags,
    pub(super) playlist: MultivariantPlaylist,
    pub(super) session: Session,
    /// An EXT-X-STREAM-INF whose URI is still to come.
    open: Option<Variant>,
}

/// Reads what can be read; `None` when this is not a multivariant playlist.
pub(super) fn read(lines: &[Line<'_>], findings: &mut Findings) -> Option<MultivariantPlaylist> {
    let (shared, session) = (SharedTags::default(), Session::default());
    let mut reader = Reader { findings, shared, playlist: MultivariantPlaylist::default(), session, open: None };
    for line in lines {
        match *line {
            Line::Uri(uri, line) => reader.uri(uri, line),
            Line::Tag(home, tag) => {
                // Its URI line is the very next one.
                reader.drop_open(tag.line);
                match home {
                    Home::Either => reader.shared.read(tag, true, reader.findings),
                    Home::Multivariant => reader.tag(tag),
                    Home::Media | Home::Segment | Home::Metadata => {
                        reader.findings.add(Rule::MediaTag, tag.line, tag.name);
                        return None;
                    }
                }
            }
        }
    }
    Some(reader.finish())
}

impl Reader<'_> {
    fn tag(&mut self, tag: Tag<'_>) {
        match tag.name {
            "EXT-X-MEDIA" => self.rendition(tag),
            "EXT-X-STREAM-INF" => self.open = Some(self.variant(tag)),
            "EXT-X-I-FRAME-STREAM-INF" => {
                let variant = self.i_frame_variant(tag);
                self.playlist.i_frame_variants.push(variant);
            }
            _ => self.session_tag(tag),
        }
    }

    fn uri(&mut self, uri: &str, line: usize) {
        match self.open.take() {
            Some(variant) => self.playlist.variants.push(Variant { uri: uri.to_owned(), ..variant }),
            None => self.findings.add(Rule::UriWithoutVariant, line, uri),
        }
    }

    fn drop_open(&mut self, line: usize) {
        if let Some(variant) = self.open.take() {
            self.findings.add(Rule::VariantWithoutUri, line, "another line");
            self.playlist.variants.push(variant);
        }
    }

    fn finish(mut self) -> MultivariantPlaylist {
        let end = self.open.as_ref().map_or(0, |variant| variant.at.0);
        self.drop_open(end);
        let mut playlist = self.playlist;
        playlist.version = self.shared.version.map_or(1, |(version, _)| version);
        playlist.independent_segments = self.shared.independent_segments;
        // With EXT-X-MEDIA, a server may state any version from 4 on (section 8).
        let allowed = if playlist.renditions.is_empty() { 1 } else { u64::MAX };
        self.shared.needs.check(self.shared.version, allowed, self.findings);
        playlist
    }
}
