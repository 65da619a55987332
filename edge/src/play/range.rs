//! Byte ranges (RFC 9110, section 14).

/// What a `Range` header comes to for a representation of a certain size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selected {
    /// All of it: what cannot be read as one range of bytes is ignored (section 14.2).
    Whole,
    /// From the first byte to the last, both within.
    Part {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// Nothing of it (section 15.5.17).
    Nothing,
}

/// Selects from a representation of `size` bytes. One that asks for several ranges gets the whole: players never do.
pub fn select(header: &str, size: u64) -> Selected {
    let Some((unit, range)) = header.split_once('=') else { return Selected::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Selected::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Selected::Whole;
    }
    let end = size.saturating_sub(1);
    match (first, last) {
        ("", suffix) => match number(suffix) {
            None => Selected::Whole,
            Some(0) => Selected::Nothing,
            Some(_) if size == 0 => Selected::Nothing,
            Some(length) => Selected::Part { first: size.saturating_sub(length), last: end },
        },
        (first, last) => {
            let last = if last.is_empty() { Some(u64::MAX) } else { number(last) };
            match (number(first), last) {
                (Some(first), Some(last)) if first > last => Selected::Whole,
                (Some(first), Some(_)) if first >= size => Selected::Nothing,
                (Some(first), Some(last)) => Selected::Part { first, last: last.min(end) },
                _ => Selected::Whole,
            }
        }
    }
}

/// `1*DIGIT`; one that is too large to be told is as large as can be.
fn number(digits: &str) -> Option<u64> {
    let right = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    right.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(first: u64, last: u64) -> Selected {
        Selected::Part { first, last }
    }

    #[test]
    fn selects_what_the_rfc_says() {
        for (header, selected) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=0-", part(0, 99)),
            ("Bytes=10-19", part(10, 19)),
            ("bytes=90-1000", part(90, 99)),
            ("bytes=0-99999999999999999999999", part(0, 99)),
            ("bytes=-1", part(99, 99)),
            ("bytes=-1000", part(0, 99)),
            ("bytes=100-", Selected::Nothing),
            ("bytes=99999999999999999999999-", Selected::Nothing),
            ("bytes=-0", Selected::Nothing),
        ] {
            assert_eq!(select(header, 100), selected, "{header}");
        }
        assert_eq!(select("bytes=-5", 0), Selected::Nothing);
        assert_eq!(select("bytes=0-", 0), Selected::Nothing);
    }

    #[test]
    fn ignores_what_is_not_one_range_of_bytes() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=0-1,3-4",
            "lines=1-2",
            "bytes=--1",
        ] {
            assert_eq!(select(header, 100), Selected::Whole, "{header}");
        }
    }
}
