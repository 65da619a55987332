//! The values of section 4.2, read to the letter: `None` is what is not one.

use std::time::Duration;

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A decimal-integer: 1 to 20 digits, below 2^64.
pub(crate) fn integer(text: &str) -> Option<u64> {
    (digits(text) && text.len() <= 20).then(|| text.parse().ok())?
}

/// A decimal-floating-point, as a time in seconds; decimals behind the ninth are dropped.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !digits(fraction) {
        return None;
    }
    let nanos = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0, |sum: u32, digit| sum * 10 + u32::from(digit - b'0'));
    Some(Duration::new(integer(whole)?, nanos))
}

/// A signed-decimal-floating-point; what it says is of no use here.
pub(crate) fn signed(text: &str) -> Option<()> {
    seconds(text.strip_prefix('-').unwrap_or(text)).map(|_| ())
}

/// A hexadecimal-sequence, without its prefix.
pub(crate) fn hexadecimal(text: &str) -> Option<&str> {
    let sequence = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let hex = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
    (!sequence.is_empty() && sequence.bytes().all(hex)).then_some(sequence)
}

/// A decimal-resolution.
pub(crate) fn resolution(text: &str) -> Option<(u64, u64)> {
    let (width, height) = text.split_once('x')?;
    Some((integer(width)?, integer(height)?))
}

/// `<n>[@<o>]`, a length and a start (section 4.4.4.2).
pub(crate) fn byte_range(text: &str) -> Option<(u64, Option<u64>)> {
    match text.split_once('@') {
        Some((length, start)) => Some((integer(length)?, Some(integer(start)?))),
        None => Some((integer(text)?, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_digits_below_two_to_the_64() {
        assert_eq!(integer("18446744073709551615"), Some(u64::MAX));
        for bad in ["", "-1", "+1", "1.0", " 1", "18446744073709551616", "000000000000000000001"] {
            assert_eq!(integer(bad), None, "{bad}");
        }
    }

    #[test]
    fn seconds_keep_every_decimal_that_matters() {
        assert_eq!(seconds("4"), Some(Duration::from_secs(4)));
        assert_eq!(seconds("0.33334"), Some(Duration::from_micros(333_340)));
        assert_eq!(seconds("1.0000000019"), Some(Duration::new(1, 1)));
        for bad in ["", ".", "1.", ".5", "-1", "1e3", "1,5", "1.5.0", "NaN"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
        assert!(signed("-4.5").is_some() && signed("--4").is_none());
    }

    #[test]
    fn the_rest_is_as_exact() {
        assert_eq!(hexadecimal("0x0AF"), Some("0AF"));
        assert_eq!(hexadecimal("0X").or(hexadecimal("0xaf")).or(hexadecimal("AF")), None);
        assert_eq!(resolution("1920x1080"), Some((1920, 1080)));
        assert_eq!(resolution("1920X1080").or(resolution("1920x")), None);
        assert_eq!(byte_range("10@0"), Some((10, Some(0))));
        assert_eq!(byte_range("10"), Some((10, None)));
        assert_eq!(byte_range("10@").or(byte_range("@5")), None);
    }
}
