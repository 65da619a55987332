//! What holds of an outcome.

use std::path::Path;

use crate::harness::{LEAD, Outcome, Packet, Rendition, decodes, packets};
use spillway_protocol::pipe::SegmentEnd;

/// Every packet of the source is there, at its time. How far everything was moved, in seconds.
pub(crate) fn same_times(rendition: &Rendition, source: &Path, kind: &str, dir: &Path) -> f64 {
    let file = rendition.file(0, dir);
    decodes(&file);
    let (expected, found) = (packets(source, kind), packets(&file, kind));
    assert_eq!(found.len(), expected.len());
    let moved = found[0].pts - expected[0].pts;
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found.pts - expected.pts - moved).abs() <= 0.001, "{found:?} for {expected:?}, moved {moved}");
        assert_eq!(found.keyframe, expected.keyframe);
    }
    for pair in found.windows(2) {
        assert!(pair[0].dts < pair[1].dts, "{pair:?}");
    }
    moved
}

/// Segments that say so begin with a keyframe, at the time it is shown.
pub(crate) fn independent_segments_begin_with_keyframes(rendition: &Rendition, packets: &[Packet]) {
    #[expect(clippy::cast_precision_loss)]
    let near = |packet: &Packet, start_us: u64| (packet.pts - LEAD - start_us as f64 / 1e6).abs() < 0.002;
    for segment in &rendition.segments {
        let start = packets.iter().find(|packet| near(packet, segment.start_us));
        if segment.independent {
            assert!(start.is_some_and(|packet| packet.keyframe), "{segment:?}");
        }
    }
}

/// Segment `k` of the sound covers the time of segment `k` of the picture, to within a frame of sound.
pub(crate) fn cut_together(outcome: &Outcome) {
    let (video, audio) = (&outcome.renditions["video"].segments, &outcome.renditions["audio"].segments);
    for (video, audio) in video.iter().zip(audio).skip(1) {
        assert!(audio.start_us >= video.start_us && audio.start_us - video.start_us < 22_000, "{video:?} {audio:?}");
    }
    assert!(video.len().abs_diff(audio.len()) <= 1);
}

/// What holds of a rendition whatever came: numbers rise, segments do not overlap and fit, decoding goes on.
pub(crate) fn holds(rendition: &Rendition, target_ms: u32, dir: &Path) {
    for segment in &rendition.segments {
        assert!(segment.duration_us <= u64::from(target_ms) * 1_000 + 490_000, "{segment:?}");
    }
    for pair in rendition.segments.windows(2) {
        assert!(pair[0].segment < pair[1].segment && end(&pair[0]) <= pair[1].start_us, "{pair:?}");
    }
    let kind = if rendition.segments[0].rendition.as_str() == "video" { "v" } else { "a" };
    let mut last = f64::MIN;
    for version in 0..u32::try_from(rendition.inits.len()).unwrap() {
        let file = rendition.file(version, dir);
        decodes(&file);
        for packet in packets(&file, kind) {
            assert!(packet.dts > last, "{packet:?} after {last}");
            last = packet.dts;
        }
    }
}

pub(crate) fn end(segment: &SegmentEnd) -> u64 {
    segment.start_us + segment.duration_us
}

/// Segments of the same number are about the same time.
pub(crate) fn belong_together(outcome: &Outcome) {
    for video in &outcome.renditions["video"].segments {
        if let Some(audio) = outcome.renditions["audio"].segments.iter().find(|audio| audio.segment == video.segment) {
            assert!(audio.start_us < end(video) && video.start_us < end(audio), "{video:?} {audio:?}");
        }
    }
}

pub(crate) fn seconds(outcome: &Outcome, rendition: &str) -> (f64, f64) {
    let segments = &outcome.renditions[rendition].segments;
    #[expect(clippy::cast_precision_loss)]
    let second = |us: u64| us as f64 / 1e6;
    (second(segments[0].start_us), second(end(segments.last().unwrap())))
}

pub(crate) fn about(found: (f64, f64), wanted: (f64, f64)) {
    assert!((found.0 - wanted.0).abs() < 0.15 && (found.1 - wanted.1).abs() < 0.15, "{found:?} for {wanted:?}");
}
