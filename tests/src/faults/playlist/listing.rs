//! One media playlist, read as far as it says where its segments are.

/// A media playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Its segments; the first has EXT-X-MEDIA-SEQUENCE.
    pub segments: Vec<Segment>,
    /// Nothing follows.
    pub ended: bool,
}

/// A segment as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its media sequence number.
    pub sequence: u64,
    /// Its discontinuity sequence number.
    pub discontinuity: u64,
    /// Where it lies.
    pub uri: String,
    /// Where its init section lies.
    pub map: String,
    /// It is known to be missing.
    pub gap: bool,
    /// EXTINF, as it is written.
    pub duration: String,
}

impl Listing {
    /// Reads a media playlist; what is wrong with it, otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = |tag: &str| -> Result<u64, String> {
            let value = text.lines().find_map(|line| line.strip_prefix(tag)).ok_or(format!("{tag} is missing"))?;
            value.parse().map_err(|_| format!("{tag}{value}"))
        };
        let mut sequence = number("#EXT-X-MEDIA-SEQUENCE:")?;
        let mut discontinuity = number("#EXT-X-DISCONTINUITY-SEQUENCE:")?;
        let (mut segments, mut map, mut gap, mut duration) = (Vec::new(), None, false, None);
        for line in text.lines() {
            if line == "#EXT-X-DISCONTINUITY" {
                discontinuity += 1;
            } else if line == "#EXT-X-GAP" {
                gap = true;
            } else if let Some(uri) = line.strip_prefix("#EXT-X-MAP:URI=\"") {
                map = Some(uri.trim_end_matches('"').to_owned());
            } else if let Some(seconds) = line.strip_prefix("#EXTINF:") {
                duration = Some(seconds.trim_end_matches(',').to_owned());
            } else if !line.starts_with('#') && !line.is_empty() {
                segments.push(Segment {
                    sequence,
                    discontinuity,
                    uri: line.to_owned(),
                    map: map.clone().ok_or(format!("{line} has no EXT-X-MAP"))?,
                    gap: std::mem::take(&mut gap),
                    duration: duration.take().ok_or(format!("{line} has no EXTINF"))?,
                });
                sequence += 1;
            }
        }
        Ok(Self { segments, ended: text.lines().any(|line| line == "#EXT-X-ENDLIST") })
    }
}
