//! What `[consents]` states: the texts by which people are asked for their consent.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::codec::Encoder;
use crate::name::Name;

use super::model::{Purpose, Texts};

const DOMAIN: &str = "tacenda/consent-text/1";

/// A text by which people are asked for their consent to a purpose.
///
/// # Law
/// Art. 4(11), 6(1)(a), 7 and 9(2)(a) GDPR.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsentText {
    /// Its name in the policy.
    pub name: Name,
    /// The purpose that it asks for.
    pub purpose: Name,
    /// Rises with every change of the words.
    pub version: u64,
    /// The oldest version to which a consent still stands: who agreed to an older one is asked
    /// again. 1 if the policy does not say.
    pub oldest_valid: u64,
    /// The words.
    pub text: Texts,
    /// Whether the service itself says so, or an example fills a gap.
    pub example: bool,
}

impl ConsentText {
    /// SHA-256 of the text as it is shown in a language, with its name and version; `None` for a
    /// language that it is not in.
    #[must_use]
    pub fn digest(&self, language: &str) -> Option<[u8; 32]> {
        let mut e = Encoder::new(DOMAIN);
        e.text(self.name.as_str()).u64(self.version).text(language).text(self.text.get(language)?);
        Some(Sha256::digest(e.finish()).into())
    }

    /// Its part of the canonical encoding of a policy, without the name.
    pub(super) fn encode(&self, e: &mut Encoder) {
        let Self { name: _, purpose, version, oldest_valid, text, example } = self;
        e.text(purpose.as_str()).u64(*version).u64(*oldest_valid).list(text.len());
        for (language, words) in text {
            e.text(language).text(words);
        }
        e.u8(u8::from(*example));
    }
}

/// What came later of consents and purposes, behind the rest of the canonical encoding of a policy:
/// each part with its name in front, and without a byte where the policy does not have it.
pub(super) fn encode(
    e: &mut Encoder,
    consents: &BTreeMap<Name, ConsentText>,
    purposes: &BTreeMap<Name, Purpose>,
) {
    if !consents.is_empty() {
        e.text("consents").list(consents.len());
        for (name, text) in consents {
            e.text(name.as_str());
            text.encode(e);
        }
    }
    let marketing = purposes.values().filter(|purpose| purpose.marketing);
    let marketing: BTreeSet<_> = marketing.map(|purpose| purpose.name.clone()).collect();
    if !marketing.is_empty() {
        e.text("marketing").names(&marketing);
    }
    let since: Vec<_> = purposes.iter().filter_map(|(name, p)| Some((name, p.since?))).collect();
    if !since.is_empty() {
        e.text("since").list(since.len());
        for (name, since) in since {
            e.text(name.as_str()).u64(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_of_the_words_in_one_language() {
        let text = ConsentText {
            name: Name::fixed("newsletter"),
            purpose: Name::fixed("news"),
            version: 1,
            oldest_valid: 1,
            text: [("en", "Yes."), ("pl", "Tak.")].map(|(l, t)| (l.into(), t.into())).into(),
            example: false,
        };
        let digest = text.digest("en").unwrap();
        assert_ne!(text.digest("pl").unwrap(), digest);
        assert_eq!(text.digest("fr"), None);
        assert_ne!(ConsentText { version: 2, ..text.clone() }.digest("en"), Some(digest));
        assert_eq!(ConsentText { oldest_valid: 2, ..text }.digest("en"), Some(digest));
    }
}
