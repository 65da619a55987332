//! A strict checker of HLS playlists, by draft-pantos-hls-rfc8216bis (called "the draft" below; sections are its own).
//!
//! It is a second reading of the draft, for tests: it shares no code with what writes our playlists. Three questions:
//! - [`check_media`] and [`check_multivariant`]: is this one playlist as it must be?
//! - [`check_presentation`]: do a stream's playlists agree with each other?
//! - [`Follower`]: may this reload follow the one before?
//!
//! What is found is a [`Violation`] of a [`Rule`]; a rule is a [`Kind::Must`] or, where the draft says SHOULD, a
//! [`Kind::Advice`]. Where the draft can be read in two ways, the one that asks more of the server holds: something is
//! "further from the end" than a boundary only when all of it is. Where durations are added up, a millisecond each is
//! forgiven, which is what writing them with three decimals may cost.
//!
//! Not looked at: what needs media (bit rates, codecs, timestamps) or a clock (how soon a reload must bring news), and
//! variable substitution (section 4.3): `EXT-X-DEFINE` is checked, `{$name}` is not replaced.

mod attributes;
mod date;
mod follower;
mod key;
mod media;
mod multivariant;
mod presentation;
mod rule;
mod scalar;
mod shared_tags;
mod tag;
mod text;
mod uri;
mod version;
mod violation;

pub use self::{
    follower::Follower,
    media::{
        At, ByteRange, DateRange, Growing, HintType, Key, Map, MediaPlaylist, Opening, Part, PlaylistType, PreloadHint,
        RenditionReport, Segment, ServerControl, Skip, check_media,
    },
    multivariant::{MultivariantPlaylist, Rendition, Variant, check_multivariant},
    presentation::check_presentation,
    rule::{Kind, Rule},
    violation::Violation,
};
