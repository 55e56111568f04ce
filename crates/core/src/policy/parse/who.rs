//! Who processes data, for whom, as what, and under which laws.

use std::collections::BTreeMap;

use super::{Context, Node, Reader, forms};
use crate::name::Name;
use crate::policy::model::{Activity, Audience, Contact, Party, Texts};
use crate::policy::words::ActivityRole;

const PARTY: &[&str] = &["name", "address", "country", "email", "example"];

fn party(r: &mut Reader<'_>, node: &Node<'_>) -> Party {
    Party {
        name: node.line(r, "name"),
        address: node.line(r, "address"),
        country: node.parsed(r, "country", forms::country, forms::COUNTRY).unwrap_or_default(),
        email: node.parsed(r, "email", forms::email, forms::EMAIL).unwrap_or_default(),
        example: node.flag(r, "example"),
    }
}

pub(super) fn controller(r: &mut Reader<'_>, root: &Node<'_>) -> Party {
    match root.section(r, "controller", PARTY) {
        Some(node) => party(r, &node),
        None => nobody(),
    }
}

fn nobody() -> Party {
    let empty = String::new;
    Party { name: empty(), address: empty(), country: empty(), email: empty(), example: false }
}

pub(super) fn joint_controllers(r: &mut Reader<'_>, root: &Node<'_>) -> Vec<Party> {
    root.list(r, "joint_controllers", PARTY).iter().map(|node| party(r, node)).collect()
}

pub(super) fn representative(r: &mut Reader<'_>, root: &Node<'_>) -> Option<Party> {
    let node = root.section_opt(r, "representative", PARTY)?;
    Some(party(r, &node))
}

pub(super) fn dpo(r: &mut Reader<'_>, root: &Node<'_>) -> Contact {
    match root.section(r, "dpo", &["name", "email"]) {
        Some(node) => Contact {
            name: node.line(r, "name"),
            email: node.parsed(r, "email", forms::email, forms::EMAIL).unwrap_or_default(),
        },
        None => Contact { name: String::new(), email: String::new() },
    }
}

pub(super) fn audience(r: &mut Reader<'_>, root: &Node<'_>) -> Audience {
    let mut audience = Audience { children: false, minimum_age: None, example: false };
    if let Some(node) = root.section(r, "audience", &["children", "minimum_age", "example"]) {
        if node.value("children").is_none() {
            node.missing(r, "children");
        }
        audience.children = node.flag(r, "children");
        let age = node.number_opt(r, "minimum_age", 1..=120);
        audience.minimum_age = age.and_then(|age| u8::try_from(age).ok());
        audience.example = node.flag(r, "example");
    }
    audience
}

pub(super) fn facts(r: &mut Reader<'_>, root: &Node<'_>, cx: &Context) -> BTreeMap<Name, Texts> {
    let Some(section) = root.table_of_names(r, "facts") else { return BTreeMap::new() };
    let mut facts = BTreeMap::new();
    for key in section.table.keys().map(|key| key.get_ref().as_ref()) {
        let texts = section.texts(r, key, &cx.languages);
        match section.name_of(r, key) {
            Some(name) => facts.insert(name, texts),
            None => continue,
        };
    }
    facts
}

pub(super) fn activities(
    r: &mut Reader<'_>,
    root: &Node<'_>,
    cx: &Context,
) -> BTreeMap<Name, Activity> {
    if root.value("activities").is_none() {
        root.missing(r, "activities");
    }
    let entries = root.entries(r, "activities", &["role", "description"]);
    let activity = |(name, node): (Name, Node<'_>)| {
        let role = node.word(r, "role", ActivityRole::parse, ActivityRole::WORDS);
        let role = role.unwrap_or(ActivityRole::Controller);
        let description = node.texts(r, "description", &cx.languages);
        (name.clone(), Activity { name, role, description })
    };
    entries.into_iter().map(activity).collect()
}
