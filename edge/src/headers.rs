//! The headers that every reply of the Worker has. Those of the pages' files, which are served without it, stand in
//! `edge/web/public/_headers`.

use crate::route::Surface;

/// What a page of another site may read.
const EXPOSED: &str =
    "accept-ranges, content-length, content-range, etag, location, retry-after, www-authenticate, x-request-id";
/// What a page of another site may send along, to a preflight whose own list is none.
const REQUESTED: &str = "authorization, content-type, idempotency-key, if-none-match, range, spillway-socket";
/// The longest list of headers that a preflight is answered with.
const LONGEST: usize = 1_024;
/// Two years, as browsers' preload lists want it at least one.
const TRANSPORT: &str = "max-age=63072000; includeSubDomains";

/// No reply is to be guessed at, and one that a browser opens as a page runs and loads nothing and stands in no frame.
const ALL: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
];
/// Programs and pages of any site may read it; without credentials, of which there are none.
const OPEN: [(&str, &str); 3] = [
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", EXPOSED),
    ("cross-origin-resource-policy", "cross-origin"),
];
const CLOSED: [(&str, &str); 1] = [("cross-origin-resource-policy", "same-origin")];

/// The headers of a reply on this surface, to a request of this scheme.
pub fn of(surface: Surface, scheme: &str) -> Vec<(&'static str, &'static str)> {
    let mut headers = ALL.to_vec();
    match surface {
        Surface::Open => headers.extend(OPEN),
        Surface::Machine | Surface::Page => headers.extend(CLOSED),
    }
    headers.extend(transport(scheme));
    headers
}

/// `Strict-Transport-Security`, which may be said over https alone (RFC 6797, section 7.2): on no developer's machine.
pub fn transport(scheme: &str) -> Option<(&'static str, &'static str)> {
    (scheme == "https").then_some(("strict-transport-security", TRANSPORT))
}

/// The headers that a page of another site may send along: whichever it asks for, as players have headers of their own. Nothing
/// is given away by that, as a browser adds no credentials.
pub fn allowed(requested: Option<&str>) -> &str {
    let is_list =
        |list: &&str| list.len() <= LONGEST && list.split(',').all(|name| is_name(name.trim_matches([' ', '\t'])));
    requested.filter(is_list).unwrap_or(REQUESTED)
}

/// Whether a header may have this name (RFC 9110, section 5.6.2).
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preflight_gets_the_headers_that_it_asks_for() {
        for list in ["if-range", "cmcd-object,cmcd-request, cmcd-session,cmcd-status", "X_y.z"] {
            assert_eq!(allowed(Some(list)), list);
        }
    }

    #[test]
    fn what_is_no_list_of_headers_is_not_echoed() {
        let long = "x".repeat(LONGEST + 1);
        for list in ["", ",", "a,,b", "a b", "a:b", "a\r\nset-cookie: x", "<script>", "*\u{fc}", &long] {
            assert_eq!(allowed(Some(list)), REQUESTED, "{list:?}");
        }
        assert_eq!(allowed(None), REQUESTED);
    }

    fn has(surface: Surface, scheme: &str, name: &str) -> bool {
        of(surface, scheme).iter().any(|(known, _)| *known == name)
    }

    #[test]
    fn https_alone_is_told_to_stay_https() {
        for surface in [Surface::Open, Surface::Machine, Surface::Page] {
            assert!(has(surface, "https", "strict-transport-security"));
            assert!(!has(surface, "http", "strict-transport-security"));
        }
    }

    #[test]
    fn other_sites_read_the_open_surface_alone() {
        assert!(has(Surface::Open, "https", "access-control-allow-origin"));
        for surface in [Surface::Machine, Surface::Page] {
            assert!(!has(surface, "https", "access-control-allow-origin"));
        }
    }

    #[test]
    fn no_header_stands_twice() {
        for surface in [Surface::Open, Surface::Machine, Surface::Page] {
            let mut names: Vec<_> = of(surface, "https").into_iter().map(|(name, _)| name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }
}
