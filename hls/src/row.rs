//! The timeline as rows: what the Room stores before it acknowledges a report, and restores from.

use serde::{Deserialize, Serialize};
use spillway_protocol::media::RenditionId;

use crate::{head::Head, parts::OpenSegment, segment::Segment};

/// Segments kept of each rendition. More than a window needs: six target durations of 10 s are 30 segments of 2 s.
pub(crate) const KEPT: usize = 128;

/// A row, to be stored under its key in place of an older one. Keys repeat as the window moves on, so the
/// rows of a stream stay few and none has ever to be deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "row", content = "data")]
pub enum Row {
    /// What concerns the whole stream.
    Head(Head),
    /// A listed segment.
    #[serde(rename_all = "camelCase")]
    Segment {
        /// Whose.
        rendition: RenditionId,
        /// Its media sequence number.
        sequence: u64,
        /// The segment.
        segment: Segment,
    },
    /// The segment that grows, with its parts.
    #[serde(rename_all = "camelCase")]
    Open {
        /// Whose.
        rendition: RenditionId,
        /// The segment.
        open: OpenSegment,
    },
}

impl Row {
    /// The key to store it under.
    pub fn key(&self) -> String {
        match self {
            Self::Head(_) => "head".to_owned(),
            Self::Segment { rendition, sequence, .. } => format!("segment.{rendition}.{}", sequence % KEPT as u64),
            Self::Open { rendition, .. } => format!("open.{rendition}"),
        }
    }
}
