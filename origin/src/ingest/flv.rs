//! What can be told of an FLV tag's body from its first bytes. The rest is the pipeline's affair.

/// Picture or sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A picture.
    Video,
    /// Sound.
    Audio,
}

/// What a tag is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A codec configuration, the end of a sequence, or nothing at all: has no time of its own.
    Configuration,
    /// A frame that decodes by itself.
    Keyframe,
    /// Any other frame.
    Frame,
}

/// Reads a body's first bytes (FLV 10.1, annex E.4.2 and E.4.3; Enhanced RTMP v2).
pub(crate) fn role(kind: Kind, body: &[u8]) -> Role {
    let (Some(&first), second) = (body.first(), body.get(1)) else { return Role::Configuration };
    match kind {
        // Enhanced: the low nibble is the packet type (0 begins, 2 ends a sequence, 4 is metadata), bits 4 to 6 the frame type.
        Kind::Video if first & 0x80 != 0 => match (first & 0x0f, first >> 4 & 0x07) {
            (0 | 2 | 4, _) => Role::Configuration,
            (_, 1) => Role::Keyframe,
            _ => Role::Frame,
        },
        // H.264: the second byte is 1 for pictures. Frame type 5 is a server's command.
        Kind::Video => match (first >> 4, first & 0x0f, second) {
            (5, ..) | (_, 7, Some(0 | 2) | None) => Role::Configuration,
            (1, ..) => Role::Keyframe,
            _ => Role::Frame,
        },
        // Sound format 9 is the enhanced header (packet type 0 begins, 2 ends, 4 tells the channels); 10 is AAC.
        Kind::Audio => match (first >> 4, first & 0x0f, second) {
            (9, 0 | 2 | 4, _) | (10, _, Some(0) | None) => Role::Configuration,
            _ => Role::Keyframe,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_configurations_keyframes_and_frames() {
        for (kind, body, wanted) in [
            (Kind::Video, [0x17, 0].as_slice(), Role::Configuration),
            (Kind::Video, &[0x17, 1], Role::Keyframe),
            (Kind::Video, &[0x27, 1], Role::Frame),
            (Kind::Video, &[0x17, 2], Role::Configuration),
            (Kind::Video, &[0x90], Role::Configuration),
            (Kind::Video, &[0x91], Role::Keyframe),
            (Kind::Video, &[0xa3], Role::Frame),
            (Kind::Video, &[], Role::Configuration),
            (Kind::Audio, &[0xaf, 0], Role::Configuration),
            (Kind::Audio, &[0xaf, 1], Role::Keyframe),
            (Kind::Audio, &[0x90], Role::Configuration),
            (Kind::Audio, &[0x91], Role::Keyframe),
        ] {
            assert_eq!(role(kind, body), wanted, "{kind:?} {body:02x?}");
        }
    }
}
