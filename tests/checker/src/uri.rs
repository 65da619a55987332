//! URIs of playlists, as paths (section 4.1: a relative URI is relative to the playlist that has it).

/// Whether it begins with a scheme.
pub(crate) fn is_absolute(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// What `uri` means in the playlist at `base`; queries do not count.
pub(crate) fn resolve(base: &str, uri: &str) -> String {
    let path = |uri: &str| uri.split(['?', '#']).next().unwrap_or_default().to_owned();
    let (base, uri) = (path(base), path(uri));
    if is_absolute(&uri) {
        return uri;
    }
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let joined = if uri.starts_with('/') { uri } else { format!("{folder}/{uri}") };
    let mut steps = Vec::new();
    for step in joined.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_uris_are_paths_from_the_playlist() {
        assert_eq!(resolve("video.m3u8", "audio.m3u8?_HLS_msn=4"), "audio.m3u8");
        assert_eq!(resolve("1/video.m3u8", "../2/./audio.m3u8"), "2/audio.m3u8");
        assert_eq!(resolve("1/video.m3u8", "/2/audio.m3u8"), "2/audio.m3u8");
        assert_eq!(resolve("video.m3u8", "https://a/b.m3u8"), "https://a/b.m3u8");
        assert!(is_absolute("https://a/b") && !is_absolute("a/b:c") && !is_absolute("a.m3u8"));
    }
}
