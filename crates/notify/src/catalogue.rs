//! What letters say, in each language: one file per message, its first line the subject.

use tacenda_core::{Code, Kind, Result};

use crate::template::Template;
use crate::text::{BAD_LETTER, Text};

/// A language that the catalogue does not have.
pub static UNKNOWN_LANGUAGE: Code =
    Code::new("notify.unknown_language", Kind::Input, "there are no letters in this language");

macro_rules! catalogue {
    ([$($language:literal),*], $all:tt) => {
        /// The tags (BCP 47) of the languages in the catalogue.
        pub const LANGUAGES: &[&str] = &[$($language),*];

        names!($all);

        fn source(message: Message, language: &str) -> Option<(&'static str, &'static str)> {
            match language {
                $($language => Some(($language, source_in!($language, message, $all))),)*
                _ => None,
            }
        }
    };
}

macro_rules! names {
    ({ $($variant:ident => $file:literal),* $(,)? }) => {
        impl Message {
            /// Its name, as it stands in the outbox.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $file,)*
                }
            }
        }
    };
}

macro_rules! source_in {
    ($language:literal, $message:ident, { $($variant:ident => $file:literal),* $(,)? }) => {
        match $message {
            $(Message::$variant => {
                include_str!(concat!("../locales/", $language, "/", $file, ".txt"))
            })*
        }
    };
}

catalogue!(["de", "en", "fr", "pl"], {
    Breach => "breach",
    BreachSuspected => "breach_suspected",
    AccountExpiring => "account_expiring",
    DataExpiring => "data_expiring",
    ErasureDone => "erasure_done",
});

/// A message to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Message {
    /// Data of theirs is part of a breach (Art. 34 GDPR). Values: `service`, `nature`, `consequences`,
    /// `measures`, `contact`, `controller`.
    Breach,
    /// Data of theirs may have been stolen (S27; Art. 34(2) GDPR with Art. 33(3)(b) to (d)).
    /// Values: `service`, `nature`, `consequences`, `measures`, `contact`, `controller`.
    BreachSuspected,
    /// Their account will be erased for want of use. Values: `service`, `date`, `contact`,
    /// `controller`.
    AccountExpiring,
    /// Some of their data will be erased for want of use, and the account stays. Values: `service`,
    /// `date`, `contact`, `controller`.
    DataExpiring,
    /// Their request for erasure is done (S7; Art. 17 and 12(3) GDPR). Values: `service`, `date`,
    /// `kept`, `backups_gone`, `receipt`, `contact`, `controller`.
    ErasureDone,
}

impl Message {
    /// All messages.
    pub const ALL: &[Self] = &[
        Self::Breach,
        Self::BreachSuspected,
        Self::AccountExpiring,
        Self::DataExpiring,
        Self::ErasureDone,
    ];

    /// The message of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|message| message.name() == name).copied()
    }

    /// The message in a language, with its values put in. A value may be given by language, each under
    /// its name with a tag behind it, such as `nature.pl`: then that of this language is taken.
    ///
    /// The language is a tag such as `pl` or `pl-PL`; where the catalogue lacks the tag, its first
    /// part decides. Another language is never taken instead.
    ///
    /// # Errors
    /// [`UNKNOWN_LANGUAGE`], also if a value is given by language and not in this one; [`crate::MISSING_VALUE`]; [`BAD_LETTER`] for a value that cannot stand
    /// where it would.
    pub fn write(self, language: &str, values: &[(&str, &str)]) -> Result<Text> {
        let (language, subject, body) = self.templates(language)?;
        let values = in_language(language, values)?;
        Text::new(language, &subject.fill(&values)?, &body.fill(&values)?)
    }

    fn templates(self, language: &str) -> Result<(&'static str, Template, Template)> {
        let tag = language.to_ascii_lowercase();
        let first = tag.split('-').next().unwrap_or_default();
        let (language, text) = source(self, &tag)
            .or_else(|| source(self, first))
            .ok_or_else(|| UNKNOWN_LANGUAGE.error())?;
        let (subject, body) = text.split_once("\n\n").ok_or_else(|| BAD_LETTER.error())?;
        Ok((language, Template::parse(subject)?, Template::parse(body)?))
    }
}

/// The values of a language: those that are given by language in it, and those that are in none.
fn in_language<'a>(
    language: &str,
    values: &[(&'a str, &'a str)],
) -> Result<Vec<(&'a str, &'a str)>> {
    let (mut these, mut others) = (Vec::new(), Vec::new());
    for (name, text) in values {
        match name.split_once('.') {
            None => these.push((*name, *text)),
            Some((of, tag)) if tag == language => these.insert(0, (of, *text)),
            // That of a region stands in for its language.
            Some((of, tag)) if tag.split('-').next() == Some(language) => these.push((of, *text)),
            Some((of, _)) => others.push(of),
        }
    }
    let is_there = |of: &&str| these.iter().any(|(name, _)| name == of);
    if others.iter().all(is_there) { Ok(these) } else { UNKNOWN_LANGUAGE.err() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use tacenda_core::Name;

    fn places(message: Message, language: &str) -> BTreeSet<Name> {
        let (_, subject, body) = message.templates(language).unwrap();
        subject.places().chain(body.places()).cloned().collect()
    }

    #[test]
    fn every_language_has_every_message_with_the_same_places() {
        for message in Message::ALL {
            let expected = places(*message, "en");
            assert!(!expected.is_empty());
            for language in LANGUAGES {
                assert_eq!(places(*message, language), expected, "{message:?} {language}");
                let (_, subject, _) = message.templates(language).unwrap();
                let filled = subject.fill(&[("service", "x"), ("date", "x")]).unwrap();
                assert!(!filled.contains('\n') && filled.chars().count() <= 78, "{filled}");
            }
        }
    }

    #[test]
    fn every_file_is_in_the_catalogue() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
        let mut tags = BTreeSet::new();
        for entry in folder.read_dir().unwrap() {
            let language = entry.unwrap().path();
            let files = language.read_dir().unwrap().count();
            assert_eq!(files, Message::ALL.len(), "{}", language.display());
            tags.insert(language.file_name().unwrap().to_string_lossy().into_owned());
        }
        assert_eq!(tags, LANGUAGES.iter().map(|tag| (*tag).to_owned()).collect());
    }

    #[test]
    fn a_region_falls_back_to_its_language_and_no_further() {
        let values: Vec<_> = places(Message::AccountExpiring, "pl").into_iter().collect();
        let values: Vec<_> = values.iter().map(|name| (name.as_str(), "x")).collect();
        let text = Message::AccountExpiring.write("pl-PL", &values).unwrap();
        assert_eq!(text.language(), "pl");
        assert_eq!(text, Message::AccountExpiring.write("PL", &values).unwrap());
        for unknown in ["it", "", "-", "p", "polski"] {
            let error = Message::AccountExpiring.write(unknown, &values).unwrap_err();
            assert!(error.is(&UNKNOWN_LANGUAGE));
        }
    }

    #[test]
    fn a_value_by_language_is_that_of_the_letter_or_there_is_no_letter() {
        let common = [("service", "x"), ("contact", "x"), ("controller", "x")];
        let of = |tag: &str| {
            let names = ["nature", "consequences", "measures"].map(|name| format!("{name}.{tag}"));
            names.map(|name| (name, format!("in {tag}")))
        };
        let given: Vec<_> = ["en", "pl-pl", "fr-ca", "fr"].iter().flat_map(|tag| of(tag)).collect();
        let mut values: Vec<_> = common.to_vec();
        values.extend(given.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        let written = |language| Message::Breach.write(language, &values);
        for (language, says) in [("en-GB", "in en"), ("pl", "in pl-pl"), ("fr", "in fr")] {
            let body = written(language).unwrap().body().to_owned();
            assert_eq!(body.matches(says).count(), 3, "{body}");
        }
        assert!(written("de").unwrap_err().is(&UNKNOWN_LANGUAGE), "no other language instead");
    }
}
