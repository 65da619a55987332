//! Tags as other encoders would have sent them.

use spillway_protocol::pipe::{Tag, ToPipeline};

pub(crate) type Tags = Vec<ToPipeline<Vec<u8>>>;

/// Changes each tag's time, and its body where it is a picture's.
pub(crate) fn changed(tags: Tags, time: impl Fn(bool, i64) -> i64, picture: impl Fn(Vec<u8>) -> Vec<u8>) -> Tags {
    let change = |tag: ToPipeline<Vec<u8>>| match tag {
        ToPipeline::Video(tag, body) if body[1] == 1 => {
            ToPipeline::Video(Tag { dts_ms: time(true, tag.dts_ms) }, picture(body))
        }
        ToPipeline::Video(tag, body) => ToPipeline::Video(Tag { dts_ms: time(true, tag.dts_ms) }, body),
        ToPipeline::Audio(tag, body) => ToPipeline::Audio(Tag { dts_ms: time(false, tag.dts_ms) }, body),
        other => other,
    };
    tags.into_iter().map(change).collect()
}

pub(crate) fn moved(tags: Tags, time: impl Fn(bool, i64) -> i64) -> Tags {
    changed(tags, time, |body| body)
}

/// Leaves out what is not wanted, by track and time; headers stay.
pub(crate) fn only(tags: Tags, wanted: impl Fn(bool, i64) -> bool) -> Tags {
    let keep = |tag: &ToPipeline<Vec<u8>>| match tag {
        ToPipeline::Video(tag, body) => body[1] == 0 || wanted(true, tag.dts_ms),
        ToPipeline::Audio(tag, body) => body[1] == 0 || wanted(false, tag.dts_ms),
        _ => true,
    };
    tags.into_iter().filter(keep).collect()
}

/// The parameter sets in a file's sequence header, as NAL units with their lengths in front.
pub(crate) fn sets(tags: &Tags) -> Vec<u8> {
    let header = tags.iter().find_map(|tag| match tag {
        ToPipeline::Video(_, body) if body[1] == 0 => Some(&body[5..]),
        _ => None,
    });
    let header = header.unwrap();
    let sps = &header[8..8 + usize::from(header[7])];
    let rest = &header[8 + sps.len()..];
    let pps = &rest[3..3 + usize::from(rest[2])];
    [sps, pps].iter().flat_map(|set| nal(set)).collect()
}

pub(crate) fn nal(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// The same without sequence headers: parameter sets stand in front of every keyframe.
pub(crate) fn in_band(tags: Tags) -> Tags {
    let sets = sets(&tags);
    let tags = tags.into_iter().filter(|tag| !matches!(tag, ToPipeline::Video(_, body) if body[1] == 0)).collect();
    changed(tags, |_, at| at, |body| if body[0] == 0x17 { [&body[..5], &sets, &body[5..]].concat() } else { body })
}
