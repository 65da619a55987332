//! What goes into the segmenter, and what it has done.

use spillway_protocol::{media::RenditionId, pipe};

use crate::format::Format;

/// Which track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The picture.
    Video,
    /// The sound.
    Audio,
    /// A rung of the ladder below the picture, of so many lines.
    Rung(u16),
}

impl From<Kind> for RenditionId {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Video => Self::video(),
            Kind::Audio => Self::audio(),
            Kind::Rung(lines) => Self::rung(lines),
        }
    }
}

/// An access unit in its place on the shared line of time, in microseconds from the epoch's zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// When it is decoded; rises from unit to unit. For a picture moved so that a keyframe's time is when it is shown.
    pub(crate) time_us: u64,
    /// When it is shown.
    pub(crate) pts_us: u64,
    /// Decodes on its own; always true for sound.
    pub(crate) keyframe: bool,
    /// Its bytes.
    pub(crate) data: Vec<u8>,
}

impl Unit {
    /// From when on is shown what begins with it. A keyframe's time is when it is shown, but for roundings; or earlier, where pictures that
    /// come behind it are shown before it (an open GOP).
    pub(crate) fn shown_us(&self) -> u64 {
        if self.keyframe { self.time_us.min(self.pts_us) } else { self.time_us }
    }
}

/// What a track is made of, from one of its units on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// Its format.
    pub(crate) format: Format,
    /// How far pictures are decoded ahead of their [`Unit::time_us`].
    pub(crate) ahead_us: u64,
}

/// A picture on its way to the rungs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// The run that it begins.
    pub(crate) run: Option<Run>,
    /// The picture itself.
    pub(crate) unit: Unit,
    /// The first picture of each rung that is shown at this time or later is a keyframe.
    pub(crate) key_us: Option<u64>,
}

/// What to do next, in this order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// What follows is a new run: another init section.
    Open(Kind, Run),
    /// What follows begins a part, and perhaps a segment.
    Cut {
        /// Of which track.
        kind: Kind,
        /// A segment too.
        segment: bool,
    },
    /// To the rungs: the picture's segment is decided.
    Transcode(Picture),
    /// To the muxer.
    Push(Kind, Unit),
    /// What was pushed last ends here; what follows begins a segment.
    Seal {
        /// Of which track.
        kind: Kind,
        /// The end.
        at_us: u64,
    },
    /// Nothing more comes of this track.
    Close(Kind),
    /// To the origin, in its turn within the rendition.
    Tell(Kind, Told),
    /// To the origin, at once.
    Say(Said),
}

/// What is told in order with a rendition's media.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    /// An init section; its bytes come with the muxer's next chunk.
    Init(pipe::Init),
    /// A part; its bytes are the muxer's next chunk.
    Part(pipe::Part),
    /// A segment is whole.
    SegmentEnd(pipe::SegmentEnd),
}

/// What is told without media.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    /// The target duration is settled.
    Target(pipe::Target),
    /// What the streamer should know.
    Warning(&'static str),
}
