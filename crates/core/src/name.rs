//! Names declared in the policy: items, classes, purposes, roles.

use std::fmt;
use std::sync::Arc;

use crate::error::{Code, Kind, Result};

/// A name that cannot be a policy name.
pub static BAD_NAME: Code = Code::new(
    "name.malformed",
    Kind::Input,
    "a name is 1 to 64 characters, a lower-case letter first, then letters, digits, `_`, `-` or space",
);

/// A name declared in the policy, or a fixed word of the SDK. Cheap to clone; never personal data.
///
/// # Properties
/// 1 to 64 ASCII characters: a lower-case letter first, then lower-case letters, digits, `_`, `-`,
/// `.` or single spaces (`paid offer`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Repr);

#[derive(Clone)]
enum Repr {
    Fixed(&'static str),
    Shared(Arc<str>),
}

impl Repr {
    fn as_str(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl PartialEq for Repr {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Repr {}

impl std::hash::Hash for Repr {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialOrd for Repr {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Repr {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Name {
    /// A name known when the program is written, for literals.
    ///
    /// # Panics
    /// If the text is not a name: in a constant, when the program is compiled.
    #[must_use]
    pub const fn fixed(text: &'static str) -> Self {
        assert!(is_name(text), "a fixed name has the form of a name");
        Self(Repr::Fixed(text))
    }

    /// What no name from outside can be: before all others in order, declared by no policy.
    pub(crate) const NONE: Self = Self(Repr::Fixed(""));

    /// A name from outside.
    ///
    /// # Errors
    /// [`BAD_NAME`] if it does not have the form of a name.
    pub fn parse(text: &str) -> Result<Self> {
        if is_name(text) { Ok(Self(Repr::Shared(text.into()))) } else { BAD_NAME.err() }
    }

    /// The text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Whether a text has the form of a name. By hand, so that a constant can ask.
const fn is_name(text: &str) -> bool {
    let mut rest = text.as_bytes();
    if rest.is_empty() || rest.len() > 64 || !matches!(rest, [b'a'..=b'z', ..]) {
        return false;
    }
    while let [byte, tail @ ..] = rest {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' => {}
            b' ' if !matches!(tail, [] | [b' ', ..]) => {}
            _ => return false,
        }
        rest = tail;
    }
    true
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl serde::Serialize for Name {
    /// As its text.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_policy_words_and_nothing_else() {
        for good in ["email", "paid offer", "vat_number", "a", "card.last4"] {
            assert_eq!(Name::parse(good).unwrap(), *good);
        }
        for bad in ["", " a", "a ", "a  b", "Email", "9a", "_a", "a\n", "é", "aé", &"a".repeat(65)]
        {
            assert!(Name::parse(bad).unwrap_err().is(&BAD_NAME));
        }
        assert_eq!(Name::fixed("email"), Name::parse("email").unwrap());
        assert!(Name::NONE < Name::fixed("a"));
    }

    #[test]
    #[should_panic = "the form of a name"]
    fn a_fixed_name_has_the_form_of_a_name() {
        let _ = Name::fixed("Marketing");
    }
}
