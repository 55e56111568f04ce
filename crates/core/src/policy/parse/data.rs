//! Items, classes with their retention, purposes and roles.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Node, Reader, entry, forms, laws};
use crate::name::Name;
use crate::policy::basis::LawfulBasis;
use crate::policy::codes::{BAD_BASIS, BAD_VALUE};
use crate::policy::item_type::{self, ItemType};
use crate::policy::model::{Anchors, Class, Item, Purpose, RetentionRule, Role, Texts};
use crate::policy::reader::{NO_HELP, choose};
use crate::policy::records::RESERVED;
use crate::policy::words::{
    About, Action, AnchorEvent, Basis, CriminalCondition, KeyScope, SpecialCondition,
};

const ITEM: &[&str] =
    &["type", "category", "about", "required", "required_with", "unique", "example"];

pub(super) fn items(
    r: &mut Reader<'_>,
    root: &Node<'_>,
    cx: &Context,
    classes: &BTreeMap<Name, Class>,
) -> BTreeMap<Name, Item> {
    if root.value("items").is_none() {
        root.missing(r, "items");
    }
    let mut items = BTreeMap::new();
    for (name, node) in root.entries(r, "items", ITEM) {
        refuse_reserved(r, "items", &name);
        let class = classes.values().find(|class| class.items.contains(&name));
        let item_type = node.word(r, "type", item_type::parse, item_type::WORDS);
        let category = node.parsed(r, "category", forms::category, forms::CATEGORY);
        let item = Item {
            item_type: item_type.unwrap_or(ItemType::Text),
            category: category.unwrap_or_default(),
            about: node.word(r, "about", About::parse, About::WORDS).unwrap_or(About::Person),
            class: class.map_or(Name::fixed("none"), |class| class.name.clone()),
            required: node.flag(r, "required"),
            required_with: node.names(r, "required_with", &cx.items).into_iter().collect(),
            unique: node.flag(r, "unique"),
            example: node.flag(r, "example"),
            name: name.clone(),
        };
        items.insert(name, item);
    }
    items
}

fn refuse_reserved(r: &mut Reader<'_>, section: &str, name: &Name) {
    if name.as_str().starts_with(RESERVED) {
        let message = format!("`{name}` begins with `{RESERVED}`, which the SDK keeps for itself");
        r.add(&BAD_VALUE, &entry(section, name), message, NO_HELP);
    }
}

/// The item by which an account is found. Where there is none, a contradiction is reported later.
pub(super) fn identifier(items: &BTreeMap<Name, Item>) -> Item {
    let found = items.values().find(|item| item.unique && item.item_type == ItemType::Email);
    found.cloned().unwrap_or_else(|| Item {
        name: Name::fixed("none"),
        item_type: ItemType::Email,
        category: String::new(),
        about: About::Person,
        class: Name::fixed("none"),
        required: true,
        required_with: BTreeSet::new(),
        unique: true,
        example: false,
    })
}

pub(super) fn classes(r: &mut Reader<'_>, root: &Node<'_>, cx: &Context) -> BTreeMap<Name, Class> {
    if root.value("classes").is_none() {
        root.missing(r, "classes");
    }
    let mut classes = BTreeMap::new();
    for (name, node) in root.entries(r, "classes", &["items", "clock", "key", "retention"]) {
        refuse_reserved(r, "classes", &name);
        let mut anchors = Anchors { open: None, closed: None };
        if let Some(clock) = node.section(r, "clock", &["open", "closed"]) {
            anchors =
                Anchors { open: anchor(r, &clock, "open"), closed: anchor(r, &clock, "closed") };
        }
        let class = Class {
            items: node.names_stated(r, "items", &cx.items),
            anchors,
            key: node.word(r, "key", KeyScope::parse, KeyScope::WORDS).unwrap_or(KeyScope::Subject),
            rules: node
                .list(r, "retention", RULE)
                .iter()
                .map(|rule| rule_of(r, rule, cx))
                .collect(),
            name: name.clone(),
        };
        classes.insert(name, class);
    }
    classes
}

/// The word for a clock that has not started, and then the events that can start it.
const ANCHORS: &[&str] = &["not started", "registered", "last login", "closed", "created"];

fn anchor(r: &mut Reader<'_>, clock: &Node<'_>, key: &str) -> Option<AnchorEvent> {
    let parse = |text: &str| match text {
        "not started" => Some(None),
        event => AnchorEvent::parse(event).map(Some),
    };
    clock.word(r, key, parse, ANCHORS).flatten()
}

const RULE: &[&str] =
    &["keep", "start", "end", "law", "action", "archive", "warn_before", "example"];

fn rule_of(r: &mut Reader<'_>, node: &Node<'_>, cx: &Context) -> RetentionRule {
    let laws::Term { law, keep, start, end } = laws::term(r, node, cx);
    let action = node.word_opt(r, "action", Action::parse, Action::WORDS);
    RetentionRule {
        keep,
        start,
        end,
        law,
        action: action.unwrap_or(Action::Erase),
        archive: node.flag(r, "archive"),
        warn_before: node.period_opt(r, "warn_before"),
        example: node.flag(r, "example"),
    }
}

const PURPOSE: &[&str] = &[
    "activity",
    "description",
    "basis",
    "law",
    "interest",
    "items",
    "if",
    "special",
    "criminal",
    "archive_of",
    "marketing",
    "since",
    "example",
];

pub(super) fn purposes(
    r: &mut Reader<'_>,
    root: &Node<'_>,
    cx: &Context,
) -> BTreeMap<Name, Purpose> {
    if root.value("purposes").is_none() {
        root.missing(r, "purposes");
    }
    let mut purposes = BTreeMap::new();
    for (name, node) in root.entries(r, "purposes", PURPOSE) {
        if node.value("activity").is_none() {
            node.missing(r, "activity");
        }
        let activity = node.name_opt(r, "activity", &cx.activities);
        let special = node.word_opt(r, "special", SpecialCondition::parse, SpecialCondition::WORDS);
        let criminal =
            node.word_opt(r, "criminal", CriminalCondition::parse, CriminalCondition::WORDS);
        let purpose = Purpose {
            activity: activity.unwrap_or(Name::fixed("none")),
            description: node.texts(r, "description", &cx.languages),
            basis: basis(r, &node, cx),
            items: node.names_stated(r, "items", &cx.items).into_iter().collect(),
            condition: node.name_opt(r, "if", &cx.facts),
            special,
            criminal,
            archive_of: cx.laws.list(r, &node, "archive_of"),
            marketing: node.flag(r, "marketing"),
            since: node.number_opt(r, "since", 2..=i64::MAX as u64),
            example: node.flag(r, "example"),
            name: name.clone(),
        };
        purposes.insert(name, purpose);
    }
    purposes
}

fn basis(r: &mut Reader<'_>, node: &Node<'_>, cx: &Context) -> LawfulBasis {
    let basis = node.word(r, "basis", Basis::parse, Basis::WORDS);
    let law = cx.laws.opt(r, node, "law");
    let needs_law = matches!(basis, Some(Basis::LegalObligation | Basis::PublicTask));
    let needs_interest = basis == Some(Basis::LegitimateInterests);
    let word = basis.map_or("", Basis::as_str);
    for (key, needed) in [("law", needs_law), ("interest", needs_interest)] {
        let path = node.at(key);
        if needed && node.value(key).is_none() {
            let message = format!("the basis `{word}` needs the key `{key}`");
            r.add(&BAD_BASIS, &node.path, message, NO_HELP);
        } else if !needed && node.value(key).is_some() && basis.is_some() {
            let message = format!("the basis `{word}` has no `{key}`");
            let with = match key {
                "law" => ["legal obligation", "public task"].as_slice(),
                _ => &["legitimate interests"],
            };
            r.add(
                &BAD_BASIS,
                &path,
                message,
                choose("", with.iter().copied(), "bases that have it"),
            );
        }
    }
    let law = law.unwrap_or(Name::fixed("none"));
    match basis {
        Some(Basis::Consent) => LawfulBasis::Consent,
        Some(Basis::LegalObligation) => LawfulBasis::LegalObligation { law },
        Some(Basis::VitalInterests) => LawfulBasis::VitalInterests,
        Some(Basis::PublicTask) => LawfulBasis::PublicTask { law },
        Some(Basis::LegitimateInterests) => {
            let given = node.value("interest").is_some();
            let interest = given.then(|| node.texts(r, "interest", &cx.languages));
            LawfulBasis::LegitimateInterests { interest: interest.unwrap_or_else(Texts::new) }
        }
        Some(Basis::Contract) | None => LawfulBasis::Contract,
    }
}

pub(super) fn roles(r: &mut Reader<'_>, root: &Node<'_>, cx: &Context) -> BTreeMap<Name, Role> {
    let mut roles = BTreeMap::new();
    for (name, node) in root.entries(r, "roles", &["purposes"]) {
        let purposes: BTreeSet<_> =
            node.names_stated(r, "purposes", &cx.purposes).into_iter().collect();
        let path = entry("roles", &name);
        if purposes.is_empty() && r.clean(&path) {
            let path = node.at("purposes");
            forms::refuse(r, &path, "an empty list", "a role has at least one purpose");
        }
        roles.insert(name.clone(), Role { name, purposes });
    }
    roles
}
