//! The section `[records]`: how long the SDK's own records are kept.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Node, Reader, laws};
use crate::name::Name;
use crate::policy::codes::MISSING_KEY;
use crate::policy::model::RetentionRule;
use crate::policy::records::{INVOICES, KINDS, RecordKind};
use crate::policy::words::Action;

/// The keys of the section, in the order of [`KINDS`].
const KEYS: &[&str] = &[
    "requests",
    "holds",
    "restrictions",
    "consents",
    "objections",
    "staff",
    "outbox",
    "breaches",
    "breach_people",
    "suppressions",
    "payers",
    "debits",
    "payment_events",
    "invoices",
];
const RULE: &[&str] = &["keep", "start", "end", "law", "purposes", "example"];

/// The rules of the kinds, and for which purposes each is read, where the policy says so.
type Records = (BTreeMap<Name, RetentionRule>, BTreeMap<Name, BTreeSet<Name>>);

/// Every kind of records that the SDK makes in any case has an entry: what the SDK makes is not kept for ever either.
pub(super) fn records(r: &mut Reader<'_>, root: &Node<'_>, cx: &Context) -> Records {
    let Some(node) = root.section_opt(r, "records", KEYS) else {
        if root.value("records").is_none() {
            let asked = KINDS.iter().filter(|kind| !kind.is_optional());
            let all: Vec<_> = asked.map(|kind| example(kind)).collect();
            let message = "the file lacks the key `records`".to_owned();
            r.add(&MISSING_KEY, "", message, all.join("; ").into());
        }
        return Records::default();
    };
    let (mut rules, mut readers) = Records::default();
    for kind in KINDS {
        if node.value(kind.key).is_none() {
            if kind.is_optional() {
                continue;
            }
            let message = format!("`records` lacks the key `{}`", kind.key);
            r.add(&MISSING_KEY, &node.path, message, example(kind).into());
        } else if let Some(rule) = node.section_opt(r, kind.key, RULE) {
            if kind.key == INVOICES.key && rule.value("law").is_none() {
                let message = format!("`{}` lacks the key `law`", rule.path);
                let help = "invoices are kept because a law asks for them: name it";
                r.add(&MISSING_KEY, &rule.path, message, help.into());
            }
            rules.insert(Name::fixed(kind.key), rule_of(r, &rule, cx));
            if rule.value("purposes").is_some() || kind.names_purposes() {
                let purposes: BTreeSet<_> =
                    rule.names_stated(r, "purposes", &cx.purposes).into_iter().collect();
                readers.insert(Name::fixed(kind.key), purposes);
            }
        }
    }
    (rules, readers)
}

fn example(kind: &RecordKind) -> String {
    let RecordKind { key, what, .. } = kind;
    if kind.names_purposes() {
        return format!(
            "`{key} = {{ keep = \"3 years\", purposes = [\"…\"] }}` keeps {what}, for that long, and has \
             them read for these purposes"
        );
    }
    format!("`{key} = {{ keep = \"3 years\" }}` keeps {what}, for that long")
}

fn rule_of(r: &mut Reader<'_>, node: &Node<'_>, cx: &Context) -> RetentionRule {
    let laws::Term { law, keep, start, end } = laws::term(r, node, cx);
    RetentionRule {
        keep,
        start,
        end,
        law,
        action: Action::Erase,
        archive: false,
        warn_before: None,
        example: node.flag(r, "example"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_key() {
        assert_eq!(KEYS, KINDS.iter().map(|kind| kind.key).collect::<Vec<_>>());
    }
}
