//! What a character means to the guard: a digit, something invisible, a separator, or neither.
//!
//! Decimal digits come in 77 scripts (general category Nd, Unicode 17); each is a block of ten that
//! starts at its zero. Circled, parenthesised, raised and lowered digits are not Nd, but a person
//! reads them as digits, so they count.

/// Kinds of separator, as bits, so that a gap between two groups of digits is a set.
pub(super) mod gap {
    /// Spaces of any width, and tabs.
    pub(crate) const SPACE: u8 = 1;
    /// Line breaks.
    pub(crate) const LINE: u8 = 2;
    /// Hyphens, dashes and the minus sign.
    pub(crate) const DASH: u8 = 4;
    /// Full stops and middle dots.
    pub(crate) const DOT: u8 = 8;
    /// Slashes and bars.
    pub(crate) const SLASH: u8 = 16;
    /// A comma; alone it separates groups, beside a space it separates things.
    pub(crate) const COMMA: u8 = 32;
    /// Underscores, tildes, equals signs, apostrophes.
    pub(crate) const OTHER: u8 = 64;
}

/// What one character means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A digit and its value; raised if it is a superscript (a footnote mark is no part of a number).
    Digit { value: u8, raised: bool },
    /// Nothing that a reader sees: zero-width characters, combining marks, control characters.
    Invisible,
    /// A separator of the given kind.
    Separator(u8),
    /// A letter or any other character: it ends a number.
    Other,
}

/// The zeros of the blocks of decimal digits, ascending (Unicode 17, general category Nd).
const ZEROS: [u32; 77] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
    0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
    0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450,
    0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50,
    0x11D50, 0x11DA0, 0x11DE0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0,
    0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950,
    0x1FBF0,
];

/// The ones of series 1 to 9 that a reader takes for digits: circled, in parentheses, with a full
/// stop, double circled, and the three series of dingbats.
const ONES: [u32; 7] = [0x2460, 0x2474, 0x2488, 0x24F5, 0x2776, 0x2780, 0x278A];

/// What `c` means to the guard.
pub(super) fn mark(c: char) -> Mark {
    match c {
        '0'..='9' => digit(u32::from(c) - 0x30),
        'a'..='z' | 'A'..='Z' => Mark::Other,
        ' ' | '\t' => Mark::Separator(gap::SPACE),
        '\n' | '\r' | '\u{b}' | '\u{c}' => Mark::Separator(gap::LINE),
        '-' => Mark::Separator(gap::DASH),
        '.' => Mark::Separator(gap::DOT),
        '/' | '\\' | '|' => Mark::Separator(gap::SLASH),
        ',' => Mark::Separator(gap::COMMA),
        '_' | '~' | '=' | '\'' | '`' => Mark::Separator(gap::OTHER),
        '\0'..='\u{1f}' | '\u{7f}' => Mark::Invisible,
        '\0'..='\u{7f}' => Mark::Other,
        _ => beyond_ascii(c),
    }
}

fn beyond_ascii(c: char) -> Mark {
    match c {
        '\u{85}' | '\u{2028}' | '\u{2029}' => Mark::Separator(gap::LINE),
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' => Mark::Invisible,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => {
            Mark::Invisible
        }
        '\u{80}'..='\u{9f}' | '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' => Mark::Invisible,
        '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' => Mark::Invisible,
        '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{feff}' => Mark::Invisible,
        '\u{e0000}'..='\u{e0fff}' => Mark::Invisible,
        '\u{2010}'..='\u{2015}'
        | '\u{2043}'
        | '\u{2212}'
        | '\u{fe58}'
        | '\u{fe63}'
        | '\u{ff0d}'
        | '\u{30fc}' => Mark::Separator(gap::DASH),
        '\u{b7}' | '\u{2022}' | '\u{2024}' | '\u{2027}' | '\u{2219}' | '\u{22c5}' | '\u{3002}'
        | '\u{30fb}' | '\u{fe52}' | '\u{ff0e}' | '\u{ff61}' | '\u{ff65}' => {
            Mark::Separator(gap::DOT)
        }
        '\u{a6}' | '\u{2044}' | '\u{2215}' | '\u{ff0f}' | '\u{ff3c}' | '\u{ff5c}' => {
            Mark::Separator(gap::SLASH)
        }
        '\u{ff0c}' | '\u{3001}' => Mark::Separator(gap::COMMA),
        '\u{ff3f}' | '\u{2018}' | '\u{2019}' | '\u{2032}' => Mark::Separator(gap::OTHER),
        '\u{3164}' | '\u{115f}' | '\u{1160}' | '\u{2800}' => Mark::Separator(gap::SPACE),
        '\u{b2}' | '\u{b3}' => raised(u32::from(c) - 0xb0),
        '\u{b9}' => raised(1),
        '\u{2070}' | '\u{2074}'..='\u{2079}' => raised(u32::from(c) - 0x2070),
        '\u{2080}'..='\u{2089}' => digit(u32::from(c) - 0x2080),
        '\u{24ea}' | '\u{24ff}' | '\u{1f100}' => digit(0),
        '\u{1f101}'..='\u{1f10a}' => digit(u32::from(c) - 0x1f101),
        _ if c.is_whitespace() => Mark::Separator(gap::SPACE),
        _ => series(u32::from(c)),
    }
}

fn series(code: u32) -> Mark {
    let at = ZEROS.partition_point(|zero| *zero <= code);
    if let Some(value) = at.checked_sub(1).and_then(|i| ZEROS.get(i)).map(|zero| code - zero)
        && value < 10
    {
        return digit(value);
    }
    match ONES.iter().find(|one| (**one..**one + 9).contains(&code)) {
        Some(one) => digit(code - one + 1),
        None => Mark::Other,
    }
}

fn digit(value: u32) -> Mark {
    u8::try_from(value).map_or(Mark::Other, |value| Mark::Digit { value, raised: false })
}

fn raised(value: u32) -> Mark {
    u8::try_from(value).map_or(Mark::Other, |value| Mark::Digit { value, raised: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_of_decimal_digits_is_read() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            for value in 0..10u8 {
                let c = char::from_u32(zero + u32::from(value)).unwrap();
                assert!(c.is_numeric(), "U+{:04X}", u32::from(c));
                assert_eq!(mark(c), Mark::Digit { value, raised: false });
            }
        }
        for one in ONES {
            for value in 1..10u8 {
                let c = char::from_u32(one + u32::from(value) - 1).unwrap();
                assert!(c.is_numeric());
                assert_eq!(mark(c), Mark::Digit { value, raised: false });
            }
        }
        assert_eq!(mark('\u{2075}'), Mark::Digit { value: 5, raised: true });
        assert_eq!(mark('²'), Mark::Digit { value: 2, raised: true });
        assert_eq!(mark('₇'), Mark::Digit { value: 7, raised: false });
    }

    #[test]
    fn every_white_space_separates() {
        for c in (0..=0x3000u32).filter_map(char::from_u32).filter(|c| c.is_whitespace()) {
            assert!(matches!(mark(c), Mark::Separator(_)), "U+{:04X}", u32::from(c));
        }
        for c in ['x', 'é', '漢', '+', '*', ':', '('] {
            assert_eq!(mark(c), Mark::Other);
        }
        for c in ['\0', '\u{200b}', '\u{feff}', '\u{20e3}', '\u{fe0f}', '\u{336}'] {
            assert_eq!(mark(c), Mark::Invisible);
        }
    }
}
