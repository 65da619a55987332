//! Playlists, to the letter of RFC 8216bis (draft-pantos-hls-rfc8216bis).

mod media;

use std::{cmp::Reverse, fmt::Write as _};

use spillway_protocol::media::{RenditionId, Track, TrackKind};

use crate::{
    bandwidth::Bandwidth,
    snapshot::{RenditionSnapshot, Snapshot},
};

pub use media::media;

/// EXT-X-MAP without EXT-X-I-FRAMES-ONLY needs 6 (section 8); 7 is what players take as the mark of fragmented MP4.
const VERSION: u32 = 7;
/// The one group of sound.
const GROUP: &str = "audio";

/// A rendition's media playlist, relative to the multivariant playlist.
fn media_uri(rendition: &RenditionId) -> String {
    format!("{rendition}.m3u8")
}

/// The multivariant playlist: each picture with the sound beside it, or each sound where there is no picture. The encoder's own picture
/// stands first, where players begin, then the rungs below it, the largest first.
pub fn multivariant(snapshot: &Snapshot) -> String {
    let listed = || snapshot.renditions.iter().filter_map(|r| Some((r, r.track.as_ref()?)));
    let mut pictures: Vec<_> = listed().filter(|(_, t)| matches!(t.kind, TrackKind::Video { .. })).collect();
    pictures.sort_by_key(|(picture, track)| (picture.id != RenditionId::video(), Reverse(pixels(track))));
    let sounds: Vec<_> = listed().filter(|(_, t)| matches!(t.kind, TrackKind::Audio { .. })).collect();

    let mut out = format!("#EXTM3U\n#EXT-X-VERSION:{VERSION}\n");
    if snapshot.independent {
        out.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    if pictures.is_empty() {
        for (sound, track) in &sounds {
            stream_inf(&mut out, sound, track, &[]);
        }
        return out;
    }
    for (number, (sound, track)) in sounds.iter().enumerate() {
        let default = if number == 0 { "YES" } else { "NO" };
        let _ = write!(
            out,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{GROUP}\",NAME=\"{}\",DEFAULT={default},AUTOSELECT=YES",
            sound.id
        );
        if let TrackKind::Audio { channels: channels @ 1.., .. } = track.kind {
            let _ = write!(out, ",CHANNELS=\"{channels}\"");
        }
        let _ = writeln!(out, ",URI=\"{}\"", media_uri(&sound.id));
    }
    for (picture, track) in &pictures {
        stream_inf(&mut out, picture, track, &sounds);
    }
    out
}

/// How large a picture is.
fn pixels(track: &Track) -> u64 {
    match track.kind {
        TrackKind::Video { width, height, .. } => u64::from(width).saturating_mul(height.into()),
        TrackKind::Audio { .. } => 0,
    }
}

fn stream_inf(out: &mut String, main: &RenditionSnapshot, track: &Track, group: &[(&RenditionSnapshot, &Track)]) {
    // Any one sound of the group may be chosen: the dearest counts.
    let beside = group.iter().map(|(r, _)| r.bandwidth).fold(Bandwidth::default(), |most, b| Bandwidth {
        peak: most.peak.max(b.peak),
        average: most.average.max(b.average),
    });
    let bandwidth = main.bandwidth.plus(beside);
    let mut codecs = vec![track.codec.as_str()];
    for (_, sound) in group {
        if !codecs.contains(&sound.codec.as_str()) {
            codecs.push(&sound.codec);
        }
    }
    let _ = write!(
        out,
        "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"",
        bandwidth.peak.max(1),
        bandwidth.average.max(1),
        codecs.join(",")
    );
    if let TrackKind::Video { width, height, frame_rate_millis } = track.kind {
        if width > 0 && height > 0 {
            let _ = write!(out, ",RESOLUTION={width}x{height}");
        }
        if frame_rate_millis > 0 {
            let _ = write!(out, ",FRAME-RATE={}.{:03}", frame_rate_millis / 1_000, frame_rate_millis % 1_000);
        }
    }
    if !group.is_empty() {
        let _ = write!(out, ",AUDIO=\"{GROUP}\"");
    }
    let _ = writeln!(out, "\n{}", media_uri(&main.id));
}
