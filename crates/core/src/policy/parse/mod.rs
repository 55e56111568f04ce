//! From the text of `privacy.toml` to a [`Policy`].

mod breach;
mod consent;
mod data;
mod forms;
mod laws;
mod means;
mod records;
mod staff;
mod who;

use std::collections::BTreeMap;

use super::lists::Declared;
use super::model::Policy;
use super::problem::PolicyErrors;
use super::reader::{Node, Reader, entry, quote};
use super::validate;
use crate::calendar::MonthDay;

const ROOT: &[&str] = &[
    "version",
    "languages",
    "time_zone",
    "financial_year_end",
    "controller",
    "joint_controllers",
    "representative",
    "dpo",
    "audience",
    "log",
    "facts",
    "laws",
    "activities",
    "items",
    "classes",
    "purposes",
    "consents",
    "roles",
    "processors",
    "backups",
    "passwords",
    "sweep",
    "payments",
    "imports",
    "measures",
    "breach",
    "staff",
    "records",
];

/// What the sections of a file need of each other.
struct Context {
    languages: Vec<String>,
    facts: Declared,
    laws: laws::Laws,
    activities: Declared,
    items: Declared,
    classes: Declared,
    purposes: Declared,
    processors: Declared,
    roles: Declared,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// All problems of the file, each with line and column: what is not TOML, unknown and missing
    /// keys, values that are not allowed, names that nothing declares, and contradictions. A file
    /// that is no TOML at all is read no further than that.
    ///
    /// # Properties
    /// Never panics. A file of more than 1 MiB is refused.
    pub fn parse(text: &str) -> Result<Self, PolicyErrors> {
        let (mut reader, root) = Reader::open(text);
        let Some(root) = root else { return Err(PolicyErrors(reader.finish())) };
        let root = Node::new(&mut reader, root.get_ref(), String::new(), ROOT);
        let policy = read(&mut reader, &root);
        validate::contradictions(&mut reader, &policy);
        let problems = reader.finish();
        if problems.is_empty() { Ok(policy) } else { Err(PolicyErrors(problems)) }
    }
}

fn read(r: &mut Reader<'_>, root: &Node<'_>) -> Policy {
    let version = root.number(r, "version", 1..=i64::MAX as u64);
    let cx = Context {
        languages: languages(r, root),
        facts: Declared::new(root, "facts"),
        laws: laws::Laws::new(root),
        activities: Declared::new(root, "activities"),
        items: Declared::new(root, "items"),
        classes: Declared::new(root, "classes"),
        purposes: Declared::new(root, "purposes"),
        processors: Declared::new(root, "processors"),
        roles: Declared::new(root, "roles"),
    };
    let time_zone = root.parsed(r, "time_zone", forms::time_zone, forms::TIME_ZONE);
    let year_end = root.parsed(r, "financial_year_end", forms::month_day, forms::MONTH_DAY);
    let classes = data::classes(r, root, &cx);
    let items = data::items(r, root, &cx, &classes);
    let mut policy = Policy {
        version,
        time_zone: time_zone.unwrap_or_default(),
        financial_year_end: year_end.unwrap_or(MonthDay::DECEMBER_31),
        controller: who::controller(r, root),
        joint_controllers: who::joint_controllers(r, root),
        representative: who::representative(r, root),
        dpo: who::dpo(r, root),
        audience: who::audience(r, root),
        log: means::log(r, root),
        facts: who::facts(r, root, &cx),
        laws: laws::stated(r, root),
        activities: who::activities(r, root, &cx),
        identifier: data::identifier(&items),
        items,
        classes,
        purposes: data::purposes(r, root, &cx),
        consents: consent::consents(r, root, &cx),
        roles: data::roles(r, root, &cx),
        processors: means::processors(r, root, &cx),
        backups: means::backups(r, root, &cx),
        passwords: means::passwords(r, root),
        sweep: means::sweep(r, root, &cx),
        payments: means::payments(r, root, &cx),
        imports: means::imports(r, root),
        measures: means::measures(r, root, &cx),
        breach: breach::breach(r, root, &cx),
        staff: staff::staff(r, root, &cx),
        records: BTreeMap::new(),
        record_purposes: BTreeMap::new(),
        languages: cx.languages.clone(),
    };
    (policy.records, policy.record_purposes) = records::records(r, root, &cx);
    laws::add_used(&mut policy);
    policy
}

fn languages(r: &mut Reader<'_>, root: &Node<'_>) -> Vec<String> {
    let mut languages = Vec::new();
    let listed = root.strings(r, "languages");
    if listed.is_none() {
        root.missing(r, "languages");
    }
    let listed = listed.unwrap_or_default();
    if listed.is_empty() && root.value("languages").is_some() && r.clean("languages") {
        forms::refuse(r, "languages", "an empty list", "name at least one language");
    }
    for (tag, path) in listed {
        if forms::is_language(tag) {
            languages.push(tag.to_owned());
        } else {
            forms::refuse(r, &path, &quote(tag), forms::LANGUAGE);
        }
    }
    if r.clean("languages") { languages } else { Vec::new() }
}
