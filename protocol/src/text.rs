//! What people write, as others see it.

/// Whether anything of a text is seen: not only spaces, and characters that are drawn as nothing.
pub fn is_seen(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !c.is_control() && !is_ignorable(c))
}

/// `Default_Ignorable_Code_Point` (Unicode 16, `DerivedCoreProperties.txt`), and the blank Braille pattern.
fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_as_nothing_is_not_seen() {
        for text in
            ["", " \u{a0}\u{3000}", "\u{200b}", "\u{200d}\u{fe0f}", "\u{2800}\u{3164}", "\u{202e}\u{2069}", "\u{7}"]
        {
            assert!(!is_seen(text), "{text:?}");
        }
        for text in ["a", " é ", "\u{200f}שלום", "👩\u{200d}👧", "\u{1f3f4}\u{e0067}\u{e007f}", "."] {
            assert!(is_seen(text), "{text:?}");
        }
    }
}
