//! What was listed, fetched and decoded.

use std::path::Path;

use tokio::process::Command;

use super::{History, Segment};
use crate::Api;

/// No segment has more parts.
const PARTS: u32 = 12;

/// What was looked at.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Segments that were fetched.
    pub segments: usize,
    /// Gaps that were listed.
    pub gaps: usize,
    /// Pieces that were decoded.
    pub runs: usize,
    /// Bytes of media.
    pub bytes: usize,
}

/// Fetches all that was listed: each segment is there, has its parts in it, and is made of whole boxes. Each piece that
/// plays through is decoded without a complaint.
pub async fn check(api: &Api, base: &str, history: &History, scratch: &Path) -> Checked {
    let mut checked = Checked { gaps: history.gaps(), ..Checked::default() };
    for run in history.runs() {
        let mut media = fetch(api, base, &run[0].map).await.expect("the init section is there");
        for segment in &run {
            let bytes = fetch(api, base, &segment.uri).await;
            let bytes = bytes.unwrap_or_else(|| panic!("{} is listed and not there", segment.uri));
            assert!(has_parts(api, base, segment, &bytes).await, "{} is not its parts", segment.uri);
            assert!(is_whole(&bytes), "{} is cut off", segment.uri);
            checked.bytes += bytes.len();
            media.extend(bytes);
        }
        checked.segments += run.len();
        checked.runs += 1;
        decode(&media, run[0], scratch).await;
    }
    checked
}

async fn fetch(api: &Api, base: &str, uri: &str) -> Option<Vec<u8>> {
    let reply = api.get(&format!("{base}{uri}")).send().await;
    let length = reply.header("content-length").parse().ok();
    assert!(length.is_none_or(|length: usize| length == reply.body.len()), "{uri}: {length:?}");
    (reply.status == 200).then_some(reply.body)
}

/// Whether every part of a segment that lies there is a piece of it, in order. (One that came too late to be of use is left out.)
async fn has_parts(api: &Api, base: &str, segment: &Segment, bytes: &[u8]) -> bool {
    let stem = segment.uri.strip_suffix(".m4s").expect("a segment's name ends so");
    let mut rest = bytes;
    for number in 0..PARTS {
        let Some(part) = fetch(api, base, &format!("{stem}.{number}.m4s")).await else { continue };
        let Some(at) = rest.windows(part.len()).position(|piece| piece == part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// Whether boxes fill it to the last byte (ISO/IEC 14496-12, section 4.2).
fn is_whole(mut bytes: &[u8]) -> bool {
    while let Some(size) = bytes.first_chunk::<4>() {
        let size = u32::from_be_bytes(*size) as usize;
        if size < 8 || size > bytes.len() {
            return false;
        }
        bytes = &bytes[size..];
    }
    bytes.is_empty()
}

async fn decode(media: &[u8], first: &Segment, scratch: &Path) {
    let path = scratch.join(format!("{}.mp4", first.uri.replace('/', "-")));
    std::fs::write(&path, media).unwrap();
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-nostdin", "-v", "warning", "-i"]).arg(&path).args(["-f", "null", "-"]);
    let output = ffmpeg.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{}: {said}", path.display());
    std::fs::remove_file(&path).unwrap();
}
