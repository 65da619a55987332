//! One run of the source, decoded and encoded.

use super::{
    Made,
    decoder::Decoder,
    encoder::Encoder,
    line::{LineError, Wake, pts_us},
    pictures::{Keys, Spacing},
};
use crate::{format::VideoFormat, ladder::Rung, rungs::Transcoded, segmenter::Picture};

/// A decoder, and an encoder a rung.
pub(super) struct Running {
    decoder: Decoder,
    /// Highest first.
    encoding: Vec<Encoding>,
    keys: Keys,
    ending: Ending,
}

struct Encoding {
    rung: Rung,
    encoder: Encoder,
    spacing: Spacing,
}

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    No,
    Decoder,
    Encoders,
}

impl Running {
    pub(super) fn open(source: &VideoFormat, rungs: Vec<Rung>, wake: &Wake) -> Result<Self, LineError> {
        let decoder = Decoder::open(source, wake)?;
        let open = |rung: Rung| {
            let encoder = Encoder::open(&rung, wake)?;
            let spacing = Spacing::new(rung.is_thinned());
            Ok(Encoding { rung, encoder, spacing })
        };
        let encoding = rungs.into_iter().map(open).collect::<Result<_, LineError>>()?;
        Ok(Self { decoder, encoding, keys: Keys::default(), ending: Ending::No })
    }

    /// The lines of those that run, highest first.
    pub(super) fn rungs(&self) -> Vec<u16> {
        self.encoding.iter().map(|encoding| encoding.rung.lines).collect()
    }

    /// The top rung goes; its lines.
    pub(super) fn give_up_top(&mut self) -> Option<u16> {
        (!self.encoding.is_empty()).then(|| self.encoding.remove(0).rung.lines)
    }

    /// Whether the decoder takes another picture now.
    pub(super) fn has_room(&self) -> bool {
        self.ending == Ending::No && self.decoder.has_room()
    }

    pub(super) fn push(&mut self, picture: Picture) -> Result<(), LineError> {
        if let Some(key_us) = picture.key_us {
            self.keys.push(key_us);
        }
        self.decoder.push(picture.unit)
    }

    /// Nothing follows.
    pub(super) fn end(&mut self) {
        if self.ending == Ending::No {
            self.ending = Ending::Decoder;
            // One that does not take the end has failed, which is found when something is taken from it.
            let _ = self.decoder.end();
        }
    }

    /// All has come out.
    pub(super) fn is_done(&self) -> bool {
        self.ending == Ending::Encoders && self.encoding.iter().all(|encoding| encoding.encoder.is_done())
    }

    /// Hands on what was decoded and what was encoded, as far as there is room for it.
    pub(super) fn go_on(&mut self, made: &mut Vec<Made>) -> Result<(), LineError> {
        while self.encoding.iter().all(|encoding| encoding.encoder.has_room()) {
            let Some(picture) = self.decoder.take()? else { break };
            self.encode(&picture)?;
        }
        if self.ending == Ending::Decoder && self.decoder.is_done() {
            self.ending = Ending::Encoders;
            self.encoding.iter().try_for_each(|encoding| encoding.encoder.end())?;
        }
        for Encoding { rung, encoder, .. } in &mut self.encoding {
            while let Some(encoded) = encoder.take()? {
                made.push(Made::Picture(Transcoded {
                    lines: rung.lines,
                    format: encoded.format,
                    pts_us: encoded.pts_us,
                    keyframe: encoded.keyframe,
                    data: encoded.data,
                }));
            }
        }
        Ok(())
    }

    fn encode(&mut self, picture: &gst::Sample) -> Result<(), LineError> {
        // What has no time is not to be shown.
        let Some(pts_us) = pts_us(picture) else { return Ok(()) };
        let key = self.keys.take(pts_us);
        for Encoding { encoder, spacing, .. } in &mut self.encoding {
            if let Some(key) = spacing.takes(pts_us, key) {
                encoder.push(picture, key)?;
            }
        }
        Ok(())
    }
}
