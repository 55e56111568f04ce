//! The headings of the letter: a file per language. A further language is a file, a variant of
//! [`Language`] and the countries whose authority it is for.

mod de;
mod en;
mod fr;
mod pl;

/// A language of the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Polish.
    Polish,
    /// French.
    French,
    /// German.
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::English, Self::Polish, Self::French, Self::German];

    /// Its BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Polish => "pl",
            Self::French => "fr",
            Self::German => "de",
        }
    }
}

/// The headings in one language.
pub(super) struct Labels {
    pub(super) title: &'static str,
    pub(super) to: &'static str,
    pub(super) missing: &'static str,
    pub(super) yes: &'static str,
    pub(super) no: &'static str,
    sections: [(&'static str, &'static str); 15],
    fields: [(u16, &'static str); 100],
}

impl Labels {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &en::LABELS,
            Language::Polish => &pl::LABELS,
            Language::French => &fr::LABELS,
            Language::German => &de::LABELS,
        }
    }

    /// The heading of a section of the template.
    pub(super) fn section(&self, section: &str) -> &'static str {
        self.sections.iter().find(|(one, _)| *one == section).map_or("", |(_, words)| words)
    }

    /// The heading of a field.
    pub(super) fn field(&self, number: u16) -> &'static str {
        self.fields.iter().find(|(one, _)| *one == number).map_or("", |(_, words)| words)
    }
}

#[cfg(test)]
mod tests {
    use super::super::FIELDS;
    use super::*;

    #[test]
    fn every_language_has_every_heading() {
        for language in Language::ALL {
            let labels = Labels::of(language);
            let mut seen = std::collections::BTreeSet::new();
            for field in &FIELDS {
                assert!(!labels.field(field.number).is_empty(), "{language:?} {}", field.number);
                assert!(seen.insert(labels.field(field.number)), "{language:?} {}", field.number);
                assert!(
                    !labels.section(field.section).is_empty(),
                    "{language:?} {}",
                    field.section
                );
            }
        }
        let labels = Labels::of(Language::English);
        assert_eq!((labels.field(1), labels.section("9")), ("", ""));
    }
}
