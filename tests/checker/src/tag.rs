//! The tags of section 4.4, and where each belongs.

/// Where a tag may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// In either kind of playlist (4.4.1, 4.4.2).
    Either,
    /// In a media playlist, for all of it (4.4.3).
    Media,
    /// In a media playlist, for a segment or from it on (4.4.4).
    Segment,
    /// In a media playlist, beside the segments (4.4.5).
    Metadata,
    /// In a multivariant playlist (4.4.6).
    Multivariant,
}

/// Where a tag belongs, and whether it has a value; `None` for tags that the draft does not know.
pub(crate) fn home(name: &str) -> Option<(Home, bool)> {
    Some(match name {
        "EXTM3U" | "EXT-X-INDEPENDENT-SEGMENTS" => (Home::Either, false),
        "EXT-X-VERSION" | "EXT-X-START" | "EXT-X-DEFINE" => (Home::Either, true),
        "EXT-X-ENDLIST" | "EXT-X-I-FRAMES-ONLY" => (Home::Media, false),
        "EXT-X-TARGETDURATION"
        | "EXT-X-MEDIA-SEQUENCE"
        | "EXT-X-DISCONTINUITY-SEQUENCE"
        | "EXT-X-PLAYLIST-TYPE"
        | "EXT-X-PART-INF"
        | "EXT-X-SERVER-CONTROL" => (Home::Media, true),
        "EXT-X-DISCONTINUITY" | "EXT-X-GAP" => (Home::Segment, false),
        "EXTINF"
        | "EXT-X-BYTERANGE"
        | "EXT-X-KEY"
        | "EXT-X-MAP"
        | "EXT-X-PROGRAM-DATE-TIME"
        | "EXT-X-BITRATE"
        | "EXT-X-PART" => (Home::Segment, true),
        "EXT-X-DATERANGE" | "EXT-X-SKIP" | "EXT-X-PRELOAD-HINT" | "EXT-X-RENDITION-REPORT" => (Home::Metadata, true),
        "EXT-X-MEDIA"
        | "EXT-X-STREAM-INF"
        | "EXT-X-I-FRAME-STREAM-INF"
        | "EXT-X-SESSION-DATA"
        | "EXT-X-SESSION-KEY"
        | "EXT-X-CONTENT-STEERING" => (Home::Multivariant, true),
        _ => return None,
    })
}
