//! The origin link: one WebSocket a live stream, opened by the origin, answered by the stream's Room. JSON text frames.
//!
//! The origin first asks `POST /origin/v1/publish` (signed, see [`crate::node`]) with a [`PublishRequest`]; the edge checks
//! the key, the Room gives the publisher an epoch, and a [`PublishReply`] comes back before a byte of media is taken.
//! Then it opens `GET /origin/v1/link/<stream>/<epoch>` (signed, with an upgrade). Reports are numbered from 0 within the
//! epoch; the Room stores each before it acknowledges it, so a link that broke goes on at [`LinkDown::Welcome`]'s `next`.

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};

use crate::{
    ids::StreamId,
    media::{Epoch, PartIndex, RenditionId, SegmentIndex, Track},
    time::Timestamp,
};

/// Asks for the right to publish.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishRequest {
    /// The stream key as the encoder sent it.
    pub key: String,
    /// Which connection asks: random, so that a retry of the same request is the same publisher.
    pub publisher: String,
}

/// The right to publish, for one epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishReply {
    /// The stream that the key's source is to appear in.
    pub stream_id: StreamId,
    /// This publisher's epoch.
    pub epoch: Epoch,
    /// The stream's fixed EXT-X-TARGETDURATION in milliseconds (whole seconds), once an earlier epoch has set it.
    pub target_ms: Option<u32>,
    /// The stream's fixed PART-TARGET in milliseconds, once an earlier epoch has set it.
    #[serde(default)]
    pub part_target_ms: Option<u32>,
    /// The rungs that the stream's settings allow below its source, as their lines, highest first.
    #[serde(default)]
    pub rungs: Vec<u16>,
}

/// From the origin to the Room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "data")]
pub enum LinkUp {
    /// What must not be lost: the `n`-th report of the epoch.
    #[serde(rename_all = "camelCase")]
    Report {
        /// Its number, from 0, without gaps.
        n: u64,
        /// What it says.
        report: Report,
    },
    /// How the publisher does, about once a second; also says that it is still there.
    Health(Health),
}

/// Something that happened to the media, told in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "data")]
pub enum Report {
    /// The first media of the epoch came.
    #[serde(rename_all = "camelCase")]
    Started {
        /// The wall-clock time of media time 0 (EXT-X-PROGRAM-DATE-TIME counts from here).
        at: Timestamp,
        /// The stream's EXT-X-TARGETDURATION in milliseconds (whole seconds). The Room keeps the first one it hears.
        target_ms: u32,
        /// The stream's PART-TARGET in milliseconds. The Room keeps the first one it hears.
        #[serde(default)]
        part_target_ms: Option<u32>,
    },
    /// A rendition appeared, or its codec changed; its init section lies on R2.
    #[serde(rename_all = "camelCase")]
    Track {
        /// What it is.
        track: Track,
        /// Which init section: [`crate::media::ObjectName::Init`].
        init: u32,
    },
    /// Nothing more comes of a rendition, though the publisher goes on: until it appears again it is not offered.
    #[serde(rename_all = "camelCase")]
    TrackEnded {
        /// Which one.
        rendition: RenditionId,
    },
    /// A part lies on R2.
    Part(PartReport),
    /// A whole segment lies on R2.
    Segment(SegmentReport),
    /// A segment that was not on R2 when players needed it, and never will be told: EXT-X-GAP in its place.
    Gap(SegmentReport),
    /// A part that was not on R2 when players needed it, and never will be told: GAP=YES in its place.
    PartGap(PartReport),
    /// Nothing: what had this number is not told.
    Skipped,
    /// The publisher is gone; nothing follows.
    #[serde(rename_all = "camelCase")]
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// What an origin that is newer than this Room says, and the Room does not know: its number counts, and nothing else.
    #[serde(other, deserialize_with = "whatever")]
    Unknown,
}

/// Takes anything.
fn whatever<'de, D: Deserializer<'de>>(content: D) -> Result<(), D::Error> {
    IgnoredAny::deserialize(content).map(drop)
}

/// A part that R2 has acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartReport {
    /// Whose part.
    pub rendition: RenditionId,
    /// Of which segment.
    pub segment: SegmentIndex,
    /// Which part of it.
    pub part: PartIndex,
    /// Media time at its start, in microseconds from the epoch's zero.
    pub start_us: u64,
    /// Its length in microseconds.
    pub duration_us: u64,
    /// Begins with a keyframe (INDEPENDENT=YES); always true for sound.
    pub independent: bool,
    /// Its segment ends with it.
    #[serde(default)]
    pub last: bool,
    /// Bytes.
    pub size: u64,
}

/// A segment, as R2 has acknowledged it (or never will: [`Report::Gap`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentReport {
    /// Whose segment.
    pub rendition: RenditionId,
    /// Which one.
    pub segment: SegmentIndex,
    /// Media time at its start, in microseconds from the epoch's zero.
    pub start_us: u64,
    /// Its length in microseconds: the sum of its parts.
    pub duration_us: u64,
    /// Begins with a keyframe; always true for sound.
    pub independent: bool,
    /// Bytes.
    pub size: u64,
    /// Which init section it needs.
    pub init: u32,
    /// How many parts it has.
    pub parts: u32,
}

/// Why a publisher is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndReason {
    /// The encoder said so (`deleteStream`, `FCUnpublish`).
    Unpublished,
    /// The connection broke, or was silent too long.
    Lost,
    /// The edge asked for it.
    Stopped,
    /// The media could not be handled.
    Failed,
}

/// How a publisher does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Bits a second that came in over the last second.
    pub bitrate: u64,
    /// Frames a second over the last second, in thousandths.
    pub frame_rate_millis: u32,
    /// Time between the last two keyframes in milliseconds; `None` before the second.
    pub keyframe_interval_ms: Option<u32>,
    /// Bytes that wait for R2.
    pub queued_bytes: u64,
    /// What the streamer should know, as stable codes (`LONG_GOP`, `STORAGE_SLOW`, …).
    pub warnings: Vec<String>,
}

/// From the Room to the origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "data")]
pub enum LinkDown {
    /// The first frame after the upgrade.
    #[serde(rename_all = "camelCase")]
    Welcome {
        /// The number of the first report that the Room has not stored.
        next: u64,
    },
    /// All reports below `next` are stored.
    #[serde(rename_all = "camelCase")]
    Ack {
        /// The first one that is not.
        next: u64,
    },
    /// Let the encoder go.
    #[serde(rename_all = "camelCase")]
    Stop {
        /// Why.
        reason: StopReason,
    },
}

/// Why the edge wants a publisher gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StopReason {
    /// The stream was ended or cancelled.
    StreamEnded,
    /// The key was rotated.
    KeyRevoked,
    /// A newer publisher holds the stream.
    Superseded,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_of_tomorrow_has_a_number_today() {
        for report in [json!({"type": "later", "data": {"x": [1]}}), json!({"type": "later"})] {
            let frame = json!({"type": "report", "data": {"n": 7, "report": report}});
            let wanted = LinkUp::Report { n: 7, report: Report::Unknown };
            assert_eq!(serde_json::from_str::<LinkUp>(&frame.to_string()).unwrap(), wanted, "{frame}");
        }
        // One that is known is read as what it is, or not at all.
        let broken = json!({"type": "report", "data": {"n": 7, "report": {"type": "part", "data": {}}}});
        assert!(serde_json::from_value::<LinkUp>(broken).is_err());
    }

    #[test]
    fn what_is_missing_has_its_place_on_the_wire() {
        let report = SegmentReport {
            rendition: RenditionId::video(),
            segment: SegmentIndex(3),
            start_us: 6_000_000,
            duration_us: 2_000_000,
            independent: true,
            size: 5,
            init: 0,
            parts: 6,
        };
        let facts = json!({"rendition": "video", "segment": 3, "startUs": 6_000_000, "durationUs": 2_000_000,
            "independent": true, "size": 5, "init": 0, "parts": 6});
        for (said, shape) in [
            (Report::Gap(report), json!({"type": "gap", "data": facts})),
            (Report::Skipped, json!({"type": "skipped"})),
            (
                Report::TrackEnded { rendition: RenditionId::rung(720) },
                json!({"type": "trackEnded", "data": {"rendition": "720p"}}),
            ),
        ] {
            let frame = LinkUp::Report { n: 7, report: said };
            let wanted = json!({"type": "report", "data": {"n": 7, "report": shape}});
            assert_eq!(serde_json::to_value(&frame).unwrap(), wanted);
            assert_eq!(serde_json::from_value::<LinkUp>(wanted).unwrap(), frame);
        }
    }
}
