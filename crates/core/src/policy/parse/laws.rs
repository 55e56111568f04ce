//! The laws of a policy: those that it states, and those of the catalogue that it uses by their key.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Declared, Node, Reader, entry, forms, quote};
use crate::name::Name;
use crate::policy::basis::LawfulBasis;
use crate::policy::catalogue::{self, LAW_NOT_IN_CATALOGUE, StatutoryPeriod};
use crate::policy::codes::{BAD_VALUE, MISSING_KEY};
use crate::policy::model::{Law, Policy, RetentionRule};
use crate::policy::period::Period;
use crate::policy::reader::choose;
use crate::policy::words::{EndRule, KeepGround, StartRule};

/// What a key that names a law may say: a name that `[laws]` declares, or a key of the catalogue,
/// which has a colon.
pub(super) struct Laws(Declared);

impl Laws {
    pub(super) fn new(root: &Node<'_>) -> Self {
        Self(Declared::new(root, "laws"))
    }

    /// A law, if the key is there.
    pub(super) fn opt(&self, r: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Option<Name> {
        let text = node.string_opt(r, key)?;
        self.find(r, &node.at(key), text)
    }

    /// A list of laws; empty if the key is not there.
    pub(super) fn list(&self, r: &mut Reader<'_>, node: &Node<'_>, key: &str) -> BTreeSet<Name> {
        let listed = node.strings(r, key).unwrap_or_default();
        listed.iter().filter_map(|(text, path)| self.find(r, path, text)).collect()
    }

    fn find(&self, r: &mut Reader<'_>, path: &str, text: &str) -> Option<Name> {
        if !text.contains(':') {
            return self.0.find(r, path, text);
        }
        let found = StatutoryPeriod::find(text).ok();
        if found.is_none() {
            let message = format!("{} is not in the catalogue of laws", quote(text));
            let country = text.split_once(':').map_or("", |(country, _)| country);
            let keys: Vec<_> = catalogue::all().map(StatutoryPeriod::key).collect();
            let of_country = |key: &&String| key.split_once(':').is_some_and(|(c, _)| c == country);
            let (ours, all) = (keys.iter().filter(of_country), keys.iter());
            let near: Vec<&str> = match ours.clone().next() {
                Some(_) => ours.map(String::as_str).collect(),
                None => all.map(String::as_str).collect(),
            };
            let help = choose(text, near.into_iter(), "in the catalogue");
            r.add(&LAW_NOT_IN_CATALOGUE, path, message, help);
        }
        found.map(StatutoryPeriod::name)
    }
}

/// How long a rule keeps something, from when and to which day, and under which law.
pub(super) struct Term {
    pub(super) law: Option<Name>,
    pub(super) keep: Period,
    pub(super) start: StartRule,
    pub(super) end: EndRule,
}

/// What a rule says itself, and what it leaves to its law in the catalogue.
pub(super) fn term(r: &mut Reader<'_>, node: &Node<'_>, cx: &Context) -> Term {
    let law = cx.laws.opt(r, node, "law");
    let entry = law.as_ref().and_then(StatutoryPeriod::named);
    let period = entry.and_then(StatutoryPeriod::period);
    let start = node.word_opt(r, "start", StartRule::parse, StartRule::WORDS);
    let end = node.word_opt(r, "end", EndRule::parse, EndRule::WORDS);
    let keep = match (node.value("keep"), entry, period) {
        (None, _, Some((keep, ..))) => keep,
        (None, Some(entry), None) => {
            let message = format!("`{}` lacks the key `keep`", node.path);
            let help = format!("the catalogue has no period for `{}`: say how long", entry.key());
            r.add(&MISSING_KEY, &node.path, message, help.into());
            Period::Days(1)
        }
        _ => node.period(r, "keep"),
    };
    Term {
        law,
        keep,
        start: start.or(period.map(|(_, start, _)| start)).unwrap_or(StartRule::Event),
        end: end.or(period.map(|(.., end)| end)).unwrap_or(EndRule::SameDay),
    }
}

/// The section `[laws]`.
pub(super) fn stated(r: &mut Reader<'_>, root: &Node<'_>) -> BTreeMap<Name, Law> {
    let mut laws = BTreeMap::new();
    for (name, node) in root.entries(r, "laws", &["citation", "country", "ground"]) {
        if is_reserved(&name) {
            let message = format!("`{name}` is a name as entries of the catalogue have it");
            let help = match StatutoryPeriod::named(&name) {
                Some(entry) => format!("use it as `{}`, or choose another name", entry.key()),
                None => "a country and a dot begin no name of a law of one's own".to_owned(),
            };
            r.add(&BAD_VALUE, &entry("laws", &name), message, help.into());
        }
        let country = node.parsed(r, "country", forms::jurisdiction, forms::JURISDICTION);
        let ground = node.word_opt(r, "ground", KeepGround::parse, KeepGround::WORDS);
        let law = Law {
            citation: node.line(r, "citation"),
            country: country.unwrap_or_default(),
            ground: Some(ground.unwrap_or(KeepGround::LegalObligation)),
            catalogue: None,
        };
        laws.insert(name, law);
    }
    laws
}

/// Whether a name is of the form of those of the catalogue, in this release or a later one.
fn is_reserved(name: &Name) -> bool {
    name.as_str().split_once('.').is_some_and(|(country, _)| {
        country == "any" || country.len() == 2 && country.bytes().all(|b| b.is_ascii_lowercase())
    })
}

/// Adds the laws of the catalogue that the rest of the policy names.
pub(super) fn add_used(policy: &mut Policy) {
    let of_rules = |rules: &mut dyn Iterator<Item = &RetentionRule>| -> Vec<Name> {
        rules.filter_map(|rule| rule.law.clone()).collect()
    };
    let mut used = of_rules(&mut policy.classes.values().flat_map(|class| &class.rules));
    used.extend(of_rules(&mut policy.records.values()));
    for purpose in policy.purposes.values() {
        used.extend(purpose.archive_of.iter().cloned());
        if let LawfulBasis::LegalObligation { law } | LawfulBasis::PublicTask { law } =
            &purpose.basis
        {
            used.push(law.clone());
        }
    }
    for name in used {
        let Some(entry) = StatutoryPeriod::named(&name) else { continue };
        policy.laws.entry(name).or_insert_with(|| Law {
            citation: entry.citation.to_owned(),
            country: entry.country.to_owned(),
            ground: entry.effect().ground(),
            catalogue: Some(entry),
        });
    }
}
