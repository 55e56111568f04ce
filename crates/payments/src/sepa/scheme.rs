//! The words of the schemes: which one, how often, and the place of a collection in its sequence.

use tacenda_core::error::{Code, Kind, Result};

/// A word that is none of the schemes'.
pub static SEPA_WORD: Code = Code::new(
    "payments.sepa_word",
    Kind::Input,
    "a scheme is CORE or B2B, a frequency RCUR or OOFF, a sequence FRST, RCUR, OOFF or FNAL",
);

/// A SEPA direct debit scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// For everybody: refunded without a question for eight weeks.
    Core,
    /// Between businesses: no refund of what was authorised; the debtor's bank checks the mandate.
    B2b,
}

impl Scheme {
    /// From its code in messages, `CORE` or `B2B`.
    ///
    /// # Errors
    /// [`SEPA_WORD`].
    pub fn parse(text: &str) -> Result<Self> {
        [Self::Core, Self::B2b]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| SEPA_WORD.error())
    }

    /// Its code in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Core => "CORE",
            Self::B2b => "B2B",
        }
    }
}

/// How often a mandate may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Frequency {
    /// Again and again.
    Recurrent,
    /// Once.
    OneOff,
}

impl Frequency {
    /// From its code, `RCUR` or `OOFF`.
    ///
    /// # Errors
    /// [`SEPA_WORD`].
    pub fn parse(text: &str) -> Result<Self> {
        [Self::Recurrent, Self::OneOff]
            .into_iter()
            .find(|f| f.as_str() == text)
            .ok_or_else(|| SEPA_WORD.error())
    }

    /// Its code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recurrent => "RCUR",
            Self::OneOff => "OOFF",
        }
    }
}

/// The place of a collection in the sequence of its mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sequence {
    /// The first of several. Since November 2016 it may be called recurrent as well.
    First,
    /// One of several.
    Recurrent,
    /// The only one.
    OneOff,
    /// The last of several.
    Final,
}

impl Sequence {
    /// From its code, `FRST`, `RCUR`, `OOFF` or `FNAL`.
    ///
    /// # Errors
    /// [`SEPA_WORD`].
    pub fn parse(text: &str) -> Result<Self> {
        [Self::First, Self::Recurrent, Self::OneOff, Self::Final]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| SEPA_WORD.error())
    }

    /// Its code (ISO 20022, `SequenceType1Code`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "FRST",
            Self::Recurrent => "RCUR",
            Self::OneOff => "OOFF",
            Self::Final => "FNAL",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for word in ["CORE", "B2B"] {
            assert_eq!(Scheme::parse(word).unwrap().as_str(), word);
        }
        for word in ["RCUR", "OOFF"] {
            assert_eq!(Frequency::parse(word).unwrap().as_str(), word);
        }
        for word in ["FRST", "RCUR", "OOFF", "FNAL"] {
            assert_eq!(Sequence::parse(word).unwrap().as_str(), word);
        }
        for bad in ["", "core", "COR1", "RPRE", " RCUR"] {
            assert!(Scheme::parse(bad).unwrap_err().is(&SEPA_WORD));
            assert!(Frequency::parse(bad).unwrap_err().is(&SEPA_WORD));
            assert!(Sequence::parse(bad).unwrap_err().is(&SEPA_WORD));
        }
    }
}
