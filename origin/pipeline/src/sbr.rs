//! Whether AAC frames carry SBR (HE-AAC) that their config does not speak of: implicit signalling (ISO/IEC 14496-3, section 1.6.5).
//! Players that believe a playlist's CODECS must be told.
//!
//! SBR stands in a fill element, and that at a frame's end, so it can be found from there without decoding what is before. By
//! chance one frame in some sixty looks like it; a few in a row do not.

/// So many frames are looked at.
pub(crate) const FRAMES: usize = 4;
/// Fill elements behind each other that are followed: SBR may have mere filling behind it.
const DEPTH: u32 = 2;

/// Element and extension types (tables 4.85 and 4.121).
const FILL: u32 = 0b110;
const END: u32 = 0b111;
const SBR: std::ops::RangeInclusive<u32> = 0b1101..=0b1110;
const FILLING: std::ops::RangeInclusive<u32> = 0b0000..=0b0001;

/// Whether a frame ends with SBR.
pub(crate) fn is_in(frame: &[u8]) -> bool {
    // Behind the last element there are zeros up to a whole byte.
    let Some(last) = frame.last().filter(|last| **last != 0) else { return false };
    let end = frame.len() * 8 - last.trailing_zeros() as usize;
    end.checked_sub(3).is_some_and(|end| bits(frame, end, 3) == Some(END) && is_before(frame, end, DEPTH))
}

/// Whether an element with SBR ends at this bit, or one with filling that has SBR before it.
fn is_before(frame: &[u8], end: usize, depth: u32) -> bool {
    // The length in bytes stands in 4 bits, and in 8 more where it is 15 or above.
    (0..=269_usize).any(|length| {
        let (header, count, more) = if length < 15 { (7, length, None) } else { (15, 15, Some(length - 14)) };
        let Some(start) = end.checked_sub(header + 8 * length) else { return false };
        let found = bits(frame, start, 3) == Some(FILL)
            && bits(frame, start + 3, 4).map(|bits| bits as usize) == Some(count)
            && more.is_none_or(|more| bits(frame, start + 7, 8).map(|bits| bits as usize) == Some(more));
        let kind = if length == 0 { Some(0) } else { bits(frame, start + header, 4) };
        found
            && kind.is_some_and(|kind| {
                SBR.contains(&kind) || (depth > 0 && FILLING.contains(&kind) && is_before(frame, start, depth - 1))
            })
    })
}

fn bits(bytes: &[u8], at: usize, count: usize) -> Option<u32> {
    (at..at + count).try_fold(0, |value, at| Some(value << 1 | u32::from(bytes.get(at / 8)? >> (7 - at % 8) & 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bits written as text, then zeros up to a whole byte.
    fn frame(text: &str) -> Vec<u8> {
        let bits: Vec<u8> = text.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
        bits.chunks(8)
            .map(|byte| byte.iter().zip((0..8).rev()).fold(0, |sum, (bit, place)| sum | bit << place))
            .collect()
    }

    #[test]
    fn finds_sbr_at_the_end_and_before_filling() {
        let sbr = "110 0010 1101 101010101010";
        assert!(is_in(&frame(&format!("000 1010101 {sbr} 111"))));
        assert!(is_in(&frame(&format!("000 1010101 {sbr} 110 0001 00000000 111"))));
        assert!(is_in(&frame(&format!("000 1010101 110 1111 00000001 1110 {} 111", "01".repeat(58)))));
        assert!(!is_in(&frame("000 1010101 110 0010 0000 101010101010 111")), "mere filling");
        assert!(!is_in(&frame(&format!("000 1010101 {sbr} 001 111"))), "something else behind it");
        assert!(!is_in(&[]) && !is_in(&[0]) && !is_in(&[0xe0, 0]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn chance_seldom_looks_like_it(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 20..400), 1_000)) {
            let found = frames.iter().filter(|frame| is_in(frame)).count();
            prop_assert!(found < 30, "{found} of 1000");
        }
    }
}
