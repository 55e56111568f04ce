//! Text in the strict sense: trimmed, of bounded length, without characters that hide or break.

use crate::error::{Code, Result};
use crate::pii::normal::{compare_form, is_refused, nfc, trim};

/// What a kind of text allows, and the codes it raises.
pub(crate) struct Rule {
    /// Most characters (Unicode scalar values in composed form, after trimming).
    pub(crate) max: usize,
    /// Whether line breaks may stand in it.
    pub(crate) lines: bool,
    /// Nothing there.
    pub(crate) empty: &'static Code,
    /// Longer than `max`.
    pub(crate) too_long: &'static Code,
    /// A character that [`is_refused`].
    pub(crate) control: &'static Code,
}

impl Rule {
    /// The text as it is kept, and its normal form.
    pub(crate) fn parse(&self, text: &str) -> Result<(String, String)> {
        // A character takes at most four bytes and composes from a handful; past that the text is
        // too long whatever it says, and is not worth normalising.
        if text.len() > self.max.saturating_mul(64) {
            return Err(self.too_long.error().with("limit", self.max));
        }
        let typed = if self.lines { join_lines(text) } else { trim(text).to_owned() };
        if let Some(at) = typed.chars().position(|c| is_refused(c) && !(self.lines && c == '\n')) {
            return Err(self.control.error().with("position", at));
        }
        let length = nfc(&typed).chars().count();
        if length > self.max {
            return Err(self.too_long.error().with("length", length).with("limit", self.max));
        }
        let normal = compare_form(&typed);
        if normal.is_empty() {
            return self.empty.err();
        }
        Ok((typed, normal))
    }
}

/// Writes every line break (CR LF, CR, LF) as LF, and trims blank edges, empty lines among them.
fn join_lines(text: &str) -> String {
    let joined = if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text.to_owned()
    };
    joined
        .trim_matches(|c: char| c == '\n' || c == '\t' || (c.is_whitespace() && !is_refused(c)))
        .to_owned()
}

/// Declares a kind of text: its type, its three codes and its rule.
macro_rules! text_type {
    (
        $(#[$doc:meta])*
        $type:ident, $word:literal, max $max:literal, lines $lines:literal,
        $empty:ident, $too_long:ident, $control:ident
    ) => {
        #[doc = concat!("A ", $word, " with nothing in it.")]
        pub static $empty: $crate::error::Code = $crate::error::Code::new(
            concat!("pii.", $word, "_empty"),
            $crate::error::Kind::Input,
            "nothing is given, or nothing that can be seen",
        );
        #[doc = concat!("A ", $word, " past its limit.")]
        pub static $too_long: $crate::error::Code = $crate::error::Code::new(
            concat!("pii.", $word, "_too_long"),
            $crate::error::Kind::Input,
            "there are more characters than this kind of text may have",
        );
        #[doc = concat!("A ", $word, " with a control character.")]
        pub static $control: $crate::error::Code = $crate::error::Code::new(
            concat!("pii.", $word, "_control"),
            $crate::error::Kind::Input,
            "control characters and characters that override the writing direction are refused",
        );

        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $type {
            typed: $crate::pii::Sensitive<String>,
            normal: $crate::pii::Sensitive<String>,
        }

        impl $type {
            /// The most characters it may have: Unicode scalar values in composed form, after
            /// trimming.
            pub const MAX_CHARS: usize = $max;

            const RULE: $crate::pii::text::Rule = $crate::pii::text::Rule {
                max: Self::MAX_CHARS,
                lines: $lines,
                empty: &$empty,
                too_long: &$too_long,
                control: &$control,
            };

            /// Reads and trims it.
            ///
            /// # Errors
            #[doc = concat!(
                "[`", stringify!($empty), "`]; [`", stringify!($too_long), "`] with `limit` and, unless absurd, `length`; ",
                "[`", stringify!($control), "`] with the `position` of the first refused character."
            )]
            pub fn parse(text: &str) -> $crate::error::Result<Self> {
                let (typed, normal) = Self::RULE.parse(text)?;
                Ok(Self { typed: typed.into(), normal: normal.into() })
            }

            /// What was typed, trimmed.
            #[must_use]
            pub fn as_typed(&self) -> &str {
                // EXPOSE: the typed value is this type's content; its caller answers for the use
                self.typed.expose()
            }

            /// The form that compares: composed (NFC), without case, white space collapsed,
            /// invisible characters dropped.
            #[must_use]
            pub fn normal(&self) -> &str {
                // EXPOSE: the normal form goes into blind indexes
                self.normal.expose()
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(..)"))
            }
        }
    };
}

pub(crate) use text_type;

text_type! {
    /// Free text of one line that an operator keeps about somebody, 1 to 2,000 characters.
    ///
    /// Guarded: the caller passes it through the card guard after parsing. What a data subject
    /// writes (a request, a letter) is not this type: it is masked and accepted.
    ///
    /// ```
    /// use tacenda_core::pii::PlainText;
    ///
    /// let note = PlainText::parse("  Prefers to be called  in the Morning ")?;
    /// assert_eq!(note.as_typed(), "Prefers to be called  in the Morning");
    /// assert_eq!(note.normal(), "prefers to be called in the morning");
    /// assert_eq!(format!("{note:?}"), "PlainText(..)");
    /// # Ok::<(), tacenda_core::Error>(())
    /// ```
    PlainText, "text", max 2_000, lines false, TEXT_EMPTY, TEXT_TOO_LONG, TEXT_CONTROL
}

/// The codes of this module.
pub static CODES: &[&Code] = &[&TEXT_EMPTY, &TEXT_TOO_LONG, &TEXT_CONTROL];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_hides_or_breaks() {
        for bad in [
            "a\0b",
            "a\nb",
            "a\u{7f}b",
            "a\u{9b}b",
            "a\tb",
            "a\u{85}",
            "a\n",
            "\u{2028}a",
            "a\u{202e}b",
            "a\u{202a}b",
            "a\u{2066}b",
            "a\u{2069}b",
        ] {
            assert!(PlainText::parse(bad).unwrap_err().is(&TEXT_CONTROL), "{bad:?}");
        }
        for good in ["a\u{200f}b", "👩\u{200d}🚀", "می\u{200c}خواهم", "=1+1", "'; --"] {
            assert_eq!(PlainText::parse(good).unwrap().as_typed(), good);
        }
        for empty in ["", " ", "\t \u{3000}", "\u{200b}", " \u{feff} "] {
            assert!(PlainText::parse(empty).unwrap_err().is(&TEXT_EMPTY), "{empty:?}");
        }
    }

    #[test]
    fn counts_composed_characters() {
        assert!(PlainText::parse(&"é".repeat(2_000)).is_ok());
        assert!(PlainText::parse(&"e\u{301}".repeat(2_000)).is_ok());
        let error = PlainText::parse(&"é".repeat(2_001)).unwrap_err();
        assert!(error.is(&TEXT_TOO_LONG));
        assert_eq!(
            error.to_string(),
            "pii.text_too_long: there are more characters than this kind of text may have \
             (length 2001, limit 2000)"
        );
        assert!(PlainText::parse(&"é".repeat(1_000_000)).unwrap_err().is(&TEXT_TOO_LONG));
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in any::<String>()) {
            if let Ok(value) = PlainText::parse(&text) {
                let again = PlainText::parse(value.as_typed()).unwrap();
                prop_assert_eq!(again.as_typed(), value.as_typed());
                let normal = PlainText::parse(value.normal()).unwrap();
                prop_assert_eq!(normal.normal(), value.normal());
            }
        }
    }
}
