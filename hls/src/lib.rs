//! The timeline of a live stream and its playlists. No clock, no storage, no runtime: reports go in, rows to store and
//! snapshots to render come out.
//!
//! The Room holds a [`Timeline`], applies what the origin reports, and stores the [`Row`]s that come back before it
//! acknowledges. [`Timeline::snapshot`] is what a Relay needs to answer every playlist through [`render`] and [`freshness`].

pub mod freshness;
pub mod render;

mod bandwidth;
mod directives;
mod head;
mod parts;
mod row;
mod segment;
mod snapshot;
mod timeline;
mod update;

pub use bandwidth::Bandwidth;
pub use directives::{BadDirectives, Directives, Place, Readiness};
pub use parts::{OpenSegment, Part};
pub use row::Row;
pub use segment::Segment;
pub use snapshot::{RenditionSnapshot, Snapshot};
pub use timeline::{Change, Refused, Timeline};
pub use update::{News, Update};
