//! What a playlist's query means (RFC 8216bis, section 6.2.5).

use spillway_hls::Directives;
use spillway_protocol::problem::Code;
use spillway_room::call::relay::Which;

use crate::failure::Failure;

/// Reads the query of a playlist's URL. Directives are for media playlists; a multivariant playlist has none to heed.
pub fn of(which: &Which, query: Option<&str>) -> Result<Directives, Failure> {
    match which {
        Which::Multivariant => Ok(Directives::default()),
        Which::Media(_) => {
            Directives::parse(query.unwrap_or_default()).map_err(|bad| Failure::new(Code::Malformed, format!("{bad}.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::media::RenditionId;

    #[test]
    fn a_media_playlist_has_directives_and_a_multivariant_one_has_none() {
        let video = Which::Media(RenditionId::video());
        assert!(of(&video, Some("_HLS_msn=3&_HLS_skip=YES")).unwrap().skip);
        assert_eq!(of(&video, None), Ok(Directives::default()));
        assert_eq!(of(&video, Some("_HLS_part=1")).unwrap_err().problem.code, Code::Malformed);
        assert_eq!(of(&Which::Multivariant, Some("_HLS_part=1")), Ok(Directives::default()));
    }
}
