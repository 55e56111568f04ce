//! What all typed values share: trimming, refused characters and the normal form that compares.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Whether a character may not stand in any value.
///
/// Refused are the control characters (C0 with NUL, DEL, C1), the line and paragraph separators
/// U+2028 and U+2029, and the bidirectional embeddings, overrides and isolates U+202A-U+202E and
/// U+2066-U+2069, which make text look other than it is (Unicode TR 36; "Trojan Source",
/// CVE-2021-42574). The plain direction marks that right-to-left names need are let through.
pub(crate) const fn is_refused(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Trims what looks like nothing at both ends: horizontal white space and tabs. Line breaks are not
/// trimmed: in a value of one line they are refused, wherever they stand.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\t' || (c.is_whitespace() && !is_refused(c)))
}

/// Composed form (Unicode normalisation form C).
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Composed and without case: each character to lower, upper and lower case, so that `ß` meets
/// `SS` and the final sigma meets the other, whatever stands around them.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let folded: String = nfc(text)
        .chars()
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    match nfc(&folded) {
        Cow::Borrowed(_) => folded,
        Cow::Owned(composed) => composed,
    }
}

/// The normal form of text: composed, without case, invisible characters dropped, and each run of
/// white space one space.
pub(crate) fn compare_form(text: &str) -> String {
    let visible: Cow<'_, str> = if text.contains(is_invisible) {
        Cow::Owned(text.chars().filter(|c| !is_invisible(*c)).collect())
    } else {
        Cow::Borrowed(text)
    };
    let folded = fold(&visible);
    let mut out = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Format characters that no reader sees and that join nothing: soft hyphen, zero-width space, word
/// joiner, direction marks, byte order mark. The joiners U+200C and U+200D stay, because Persian
/// and Indic names and emoji are spelt with them.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn compares_what_people_take_for_the_same() {
        for (a, b) in [
            ("Zoe\u{301}  van\u{a0}Dam", "zoé van dam"),
            ("Straße", "STRASSE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ŁĄCZYŃSKA", "łączyńska"),
            ("ada\u{200b}\u{feff}", "ADA"),
        ] {
            assert_eq!(compare_form(a), compare_form(b));
        }
        assert_ne!(compare_form("Ada"), compare_form("Ädа"));
        assert_ne!(compare_form("ad a"), compare_form("ada"));
    }

    #[test]
    fn trims_blanks_but_not_line_breaks() {
        assert_eq!(trim(" \t\u{a0}\u{3000}ada \u{2009}"), "ada");
        for kept in ["ada\n", "\rada", "\u{85}ada", "ada\u{2028}"] {
            assert_eq!(trim(kept), kept);
        }
    }

    #[test]
    fn every_single_character_has_a_stable_form() {
        // planes 0 and 1: case and composition of the rest are trivial
        for c in '\0'..='\u{1ffff}' {
            let once = compare_form(c.encode_utf8(&mut [0; 4]));
            assert_eq!(compare_form(&once), once, "U+{:04X}", u32::from(c));
        }
    }

    proptest! {
        #[test]
        fn forms_are_stable_and_case_does_not_matter(text in "\\PC{0,24}") {
            let form = compare_form(&text);
            prop_assert!(!form.starts_with(' ') && !form.ends_with(' ') && !form.contains("  "));
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
            prop_assert_eq!(compare_form(&form), form);
        }

        #[test]
        fn ascii_takes_the_same_way_as_the_rest(text in "[ -~]{0,24}") {
            let long: String = text.chars().flat_map(char::to_uppercase)
                .flat_map(char::to_lowercase).nfc().collect();
            prop_assert_eq!(fold(&text), long);
        }
    }
}
