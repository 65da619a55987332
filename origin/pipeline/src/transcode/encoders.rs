//! The encoders that may be taken, and how each is set up for a rung: no picture waits for a later one, keyframes come where they are
//! asked for and nowhere else, and the rate is held within a second.

use crate::ladder::Rung;

/// Keyframes come when they are asked for; by itself an encoder makes none for so many pictures.
const NEVER: &str = "100000";
/// How long the rate may be above what it should be.
const BUFFER_MS: u32 = 1_000;

/// An encoder that `GStreamer` may have.
#[derive(Debug)]
pub(crate) struct Encoder {
    /// Its element.
    pub(crate) element: &'static str,
    /// It writes start codes, which are to be made lengths.
    pub(crate) start_codes: bool,
    settings: fn(&Rung) -> Vec<(&'static str, String)>,
}

impl Encoder {
    /// Its properties for a rung. One that the element does not have is no loss.
    pub(crate) fn settings(&self, rung: &Rung) -> Vec<(&'static str, String)> {
        (self.settings)(rung)
    }
}

/// The best first: what costs no CPU, if there is such a thing.
pub(crate) const ENCODERS: [Encoder; 4] = [
    Encoder { element: "nvh264enc", start_codes: true, settings: nvenc },
    Encoder { element: "vah264enc", start_codes: true, settings: vaapi },
    Encoder { element: "vah264lpenc", start_codes: true, settings: vaapi },
    Encoder { element: "x264enc", start_codes: false, settings: x264 },
];

fn x264(rung: &Rung) -> Vec<(&'static str, String)> {
    vec![
        ("tune", "zerolatency".to_owned()),
        ("speed-preset", "veryfast".to_owned()),
        ("threads", "1".to_owned()),
        ("bframes", "0".to_owned()),
        ("key-int-max", NEVER.to_owned()),
        ("option-string", "scenecut=0".to_owned()),
        ("bitrate", rung.kbits.to_string()),
        ("vbv-buf-capacity", BUFFER_MS.to_string()),
    ]
}

fn nvenc(rung: &Rung) -> Vec<(&'static str, String)> {
    vec![
        ("preset", "low-latency-hq".to_owned()),
        ("rc-mode", "cbr".to_owned()),
        ("zerolatency", "true".to_owned()),
        ("bframes", "0".to_owned()),
        ("rc-lookahead", "0".to_owned()),
        ("gop-size", "-1".to_owned()),
        ("bitrate", rung.kbits.to_string()),
        ("vbv-buffer-size", (rung.kbits * BUFFER_MS / 1_000).to_string()),
    ]
}

fn vaapi(rung: &Rung) -> Vec<(&'static str, String)> {
    vec![
        ("rate-control", "cbr".to_owned()),
        ("b-frames", "0".to_owned()),
        ("ref-frames", "1".to_owned()),
        // The most that it takes.
        ("key-int-max", "1024".to_owned()),
        ("bitrate", rung.kbits.to_string()),
        ("cpb-size", (rung.kbits * BUFFER_MS / 1_000).to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoder_is_told_the_rate_and_makes_no_b_frames() {
        let rung = Rung { lines: 720, width: 1280, height: 720, frame_rate_millis: None, kbits: 2_500 };
        for encoder in &ENCODERS {
            let settings = encoder.settings(&rung);
            let has = |name: &str, value: &str| settings.iter().any(|(n, v)| *n == name && v == value);
            assert!(has("bitrate", "2500") && (has("bframes", "0") || has("b-frames", "0")), "{encoder:?}");
        }
        assert_eq!(ENCODERS.last().map(|encoder| encoder.element), Some("x264enc"), "what every node has comes last");
    }
}
