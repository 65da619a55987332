//! The playlists of one presentation beside each other (section 6.2.4).

mod reports;
mod times;

use std::collections::BTreeMap;

use crate::{
    media::{self, MediaPlaylist, PlaylistType},
    multivariant::{MultivariantPlaylist, check_multivariant},
    rule::Rule,
    uri,
    violation::{Findings, Violation},
};

/// A media playlist in its place.
struct Placed<'a> {
    /// As the multivariant playlist has it.
    uri: &'a str,
    playlist: MediaPlaylist,
    /// It is named by an EXT-X-I-FRAME-STREAM-INF (4.4.6.3).
    i_frames: bool,
    subtitles: bool,
}

impl Placed<'_> {
    fn path(&self) -> String {
        uri::resolve("", self.uri)
    }

    /// It may have a target duration of its own (6.2.4).
    fn may_differ(&self) -> bool {
        (self.subtitles || self.playlist.i_frames_only) && self.playlist.playlist_type == Some(PlaylistType::Vod)
    }
}

/// What must agree between the playlists of a presentation: `media` is their text by the URIs of the multivariant playlist.
///
/// What is wrong with one of them alone is not repeated, unless it cannot be read at all. The playlists of a live stream
/// should have been fetched within a segment of each other. Lines are those of the playlist that is named.
pub fn check_presentation(multivariant: &str, media: &BTreeMap<String, String>) -> Vec<Violation> {
    let (Some(index), _) = check_multivariant(multivariant) else { return check_multivariant(multivariant).1 };
    let mut findings = Findings::default();
    let placed = place(&index, media, &mut findings);
    settings(&placed, &mut findings);
    times::check(&placed, &mut findings);
    reports::check(&placed, &mut findings);
    findings.into_violations()
}

fn place<'a>(
    index: &'a MultivariantPlaylist,
    media: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> Vec<Placed<'a>> {
    let variants = index.variants.iter().map(|variant| (&*variant.uri, variant.at.0, false, false));
    let renditions = index.renditions.iter().filter_map(|rendition| {
        Some((rendition.uri.as_deref()?, rendition.at.0, false, rendition.media_type == "SUBTITLES"))
    });
    let i_frames = index.i_frame_variants.iter().map(|variant| (&*variant.uri, variant.at.0, true, false));
    let mut placed: Vec<Placed<'a>> = Vec::new();
    for (uri, line, i_frames, subtitles) in variants.chain(renditions).chain(i_frames) {
        if placed.iter().any(|known| known.uri == uri) {
            continue;
        }
        let Some(text) = media.get(uri) else {
            findings.add(Rule::PlaylistMissing, line, uri);
            continue;
        };
        let mut own = Findings::default();
        match media::read(text, &mut own) {
            Some(playlist) => placed.push(Placed { uri, playlist, i_frames, subtitles }),
            None => own.into_violations().into_iter().for_each(|violation| {
                findings.add(violation.rule, violation.line, format!("{uri}: {}", violation.found));
            }),
        }
    }
    placed
}

/// What holds for the whole of each.
fn settings(placed: &[Placed<'_>], findings: &mut Findings) {
    for one in placed {
        if one.i_frames && !one.playlist.i_frames_only {
            findings.add(Rule::IFramesOnlyMissing, 0, one.uri);
        }
    }
    let Some((first, others)) = placed.split_first() else { return };
    for other in others {
        let found = format!("{} and {}", first.uri, other.uri);
        let (a, b) = (&first.playlist, &other.playlist);
        if a.target_duration != b.target_duration && !other.may_differ() {
            findings.add(Rule::TargetDurationsDiffer, 0, &*found);
        }
        if a.server_control != b.server_control {
            findings.add(Rule::ServerControlsDiffer, 0, &*found);
        }
        if a.playlist_type != b.playlist_type {
            findings.add(Rule::PlaylistTypesDiffer, 0, &*found);
        }
    }
}
