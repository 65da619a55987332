//! The segment that is still growing.

use serde::{Deserialize, Serialize};
use spillway_protocol::{
    link::PartReport,
    media::{Epoch, SegmentIndex},
};

/// Parts that a segment may have: at 10 s and 100 ms a part there is room to spare.
const PARTS: usize = 128;

/// A segment that is not whole yet, with the parts of it that lie on R2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenSegment {
    /// The epoch that writes it.
    pub epoch: Epoch,
    /// Its number within the epoch.
    pub index: SegmentIndex,
    /// Its parts from the first on, without a hole.
    pub parts: Vec<PartReport>,
}

/// What a part means for the open segment.
pub(crate) enum Fit {
    /// It is the next one.
    Next,
    /// It opens a segment.
    First,
    /// It is there already.
    Duplicate,
    /// One before it is missing, or its segment is past.
    Out,
}

impl OpenSegment {
    /// How `part` of `epoch` fits to what is open.
    pub(crate) fn fit(open: Option<&Self>, epoch: Epoch, part: &PartReport) -> Fit {
        let number = usize::try_from(part.part.0).unwrap_or(usize::MAX);
        match open {
            Some(open) if open.place() == (epoch, part.segment) => match open.parts.get(number) {
                Some(known) if known == part => Fit::Duplicate,
                None if number == open.parts.len() && number < PARTS => Fit::Next,
                _ => Fit::Out,
            },
            Some(open) if open.place() > (epoch, part.segment) => Fit::Out,
            _ if number == 0 => Fit::First,
            _ => Fit::Out,
        }
    }

    /// Where it stands among the segments of its rendition.
    pub(crate) fn place(&self) -> (Epoch, SegmentIndex) {
        (self.epoch, self.index)
    }
}
