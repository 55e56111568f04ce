//! Processors, backups, log, passwords, sweeps, payments, imports and measures.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Node, Reader, forms};
use crate::clock::Span;
use crate::name::Name;
use crate::policy::model::{
    Backups, ImportPolicy, LogPolicy, Measure, PasswordPolicy, PaymentsPolicy, Processor,
    SweepPolicy,
};
use crate::policy::period::Period;
use crate::policy::reader::quote;
use crate::policy::words::{IbanMode, LegacyPasswords, ProcessorRole, Transfer};

const PROCESSOR: &[&str] = &[
    "legal_name",
    "country",
    "locations",
    "role",
    "service",
    "contract",
    "transfer",
    "discloses",
    "returns",
    "purposes",
    "example",
];

pub(super) fn processors(
    r: &mut Reader<'_>,
    root: &Node<'_>,
    cx: &Context,
) -> BTreeMap<Name, Processor> {
    let mut processors = BTreeMap::new();
    for (name, node) in root.entries(r, "processors", PROCESSOR) {
        let country = node.parsed(r, "country", forms::country, forms::COUNTRY);
        let role = node.word(r, "role", ProcessorRole::parse, ProcessorRole::WORDS);
        let transfer = node.word(r, "transfer", Transfer::parse, Transfer::WORDS);
        let processor = Processor {
            legal_name: node.line(r, "legal_name"),
            country: country.unwrap_or_default(),
            locations: locations(r, &node),
            role: role.unwrap_or(ProcessorRole::Processor),
            service: node.texts(r, "service", &cx.languages),
            contract: node.line(r, "contract"),
            transfer: transfer.unwrap_or(Transfer::None),
            discloses: node.names_stated(r, "discloses", &cx.items).into_iter().collect(),
            returns: node.names(r, "returns", &cx.items).into_iter().collect(),
            purposes: node.names(r, "purposes", &cx.purposes).into_iter().collect(),
            example: node.flag(r, "example"),
            name: name.clone(),
        };
        processors.insert(name, processor);
    }
    processors
}

fn locations(r: &mut Reader<'_>, node: &Node<'_>) -> BTreeSet<String> {
    let listed = node.strings(r, "locations");
    if listed.is_none() {
        node.missing(r, "locations");
    }
    let mut locations = BTreeSet::new();
    for (text, path) in listed.into_iter().flatten() {
        match forms::country(text) {
            Some(country) => {
                locations.insert(country);
            }
            None => forms::refuse(r, &path, &quote(text), forms::COUNTRY),
        }
    }
    let path = node.at("locations");
    if locations.is_empty() && node.value("locations").is_some() && r.clean(&path) {
        forms::refuse(r, &path, "an empty list", "name each country where the data lies");
    }
    locations
}

pub(super) fn backups(r: &mut Reader<'_>, root: &Node<'_>, cx: &Context) -> Option<Backups> {
    let keys = &["every", "keep", "processor", "country", "if"];
    let node = root.section_opt(r, "backups", keys)?;
    let country = node.parsed(r, "country", forms::country, forms::COUNTRY);
    Some(Backups {
        every: node.period(r, "every"),
        keep: node.period(r, "keep"),
        processor: node.name_opt(r, "processor", &cx.processors),
        country: country.unwrap_or_default(),
        condition: node.name_opt(r, "if", &cx.facts),
    })
}

pub(super) fn log(r: &mut Reader<'_>, root: &Node<'_>) -> LogPolicy {
    match root.section(r, "log", &["origin", "keep", "example"]) {
        Some(node) => LogPolicy {
            origin: node.parsed(r, "origin", forms::origin, forms::ORIGIN).unwrap_or_default(),
            keep: node.period(r, "keep"),
            example: node.flag(r, "example"),
        },
        None => LogPolicy { origin: String::new(), keep: Period::Days(1), example: false },
    }
}

/// Without the section: the floor of [`PasswordPolicy`], and no legacy digests. A policy with a
/// password item must state it.
pub(super) fn passwords(r: &mut Reader<'_>, root: &Node<'_>) -> PasswordPolicy {
    let keys = &["memory_kib", "passes", "lanes", "legacy"];
    let any = 1..=u64::from(u32::MAX);
    let number = |r: &mut Reader<'_>, node: &Node<'_>, key| {
        u32::try_from(node.number(r, key, any.clone())).unwrap_or(u32::MAX)
    };
    match root.section_opt(r, "passwords", keys) {
        Some(node) => PasswordPolicy {
            memory_kib: number(r, &node, "memory_kib"),
            passes: number(r, &node, "passes"),
            lanes: number(r, &node, "lanes"),
            legacy: node
                .word(r, "legacy", LegacyPasswords::parse, LegacyPasswords::WORDS)
                .unwrap_or(LegacyPasswords::None),
        },
        None => PasswordPolicy {
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
            legacy: LegacyPasswords::None,
        },
    }
}

pub(super) fn sweep(r: &mut Reader<'_>, root: &Node<'_>, cx: &Context) -> SweepPolicy {
    let keys = &["max_share", "min_rows", "max_clock_ahead", "batch", "warn_for", "example"];
    let mut sweep = SweepPolicy {
        max_share: 1,
        min_rows: 0,
        max_clock_ahead: Span::hours(1),
        batch: 1,
        warn_for: None,
        example: false,
    };
    if let Some(node) = root.section(r, "sweep", keys) {
        let share = node.parsed(r, "max_share", forms::share, forms::SHARE);
        let ahead = node.parsed(r, "max_clock_ahead", forms::span, forms::SPAN);
        sweep.max_share = share.unwrap_or(sweep.max_share);
        sweep.max_clock_ahead = ahead.unwrap_or(sweep.max_clock_ahead);
        sweep.min_rows = node.number(r, "min_rows", 0..=1_000_000_000);
        let batch = node.number(r, "batch", 1..=100_000);
        sweep.batch = u32::try_from(batch).unwrap_or(sweep.batch);
        sweep.warn_for = node.name_opt(r, "warn_for", &cx.purposes);
        sweep.example = node.flag(r, "example");
    }
    sweep
}

/// Without the section: no provider and no creditor. A policy with an item of payments must state
/// it.
pub(super) fn payments(r: &mut Reader<'_>, root: &Node<'_>, cx: &Context) -> PaymentsPolicy {
    match root.section_opt(r, "payments", &["iban", "provider", "creditor"]) {
        Some(node) => PaymentsPolicy {
            iban: node
                .word(r, "iban", IbanMode::parse, IbanMode::WORDS)
                .unwrap_or(IbanMode::Provider),
            provider: node.name_opt(r, "provider", &cx.processors),
            creditor: node.parsed_opt(r, "creditor", forms::creditor, forms::CREDITOR),
        },
        None => PaymentsPolicy { iban: IbanMode::Provider, provider: None, creditor: None },
    }
}

pub(super) fn imports(r: &mut Reader<'_>, root: &Node<'_>) -> ImportPolicy {
    match root.section(r, "imports", &["keep_fingerprints", "example"]) {
        Some(node) => ImportPolicy {
            keep_fingerprints: node.period(r, "keep_fingerprints"),
            example: node.flag(r, "example"),
        },
        None => ImportPolicy { keep_fingerprints: Period::Days(1), example: false },
    }
}

pub(super) fn measures(
    r: &mut Reader<'_>,
    root: &Node<'_>,
    cx: &Context,
) -> BTreeMap<Name, Measure> {
    let mut measures = BTreeMap::new();
    for (name, node) in root.entries(r, "measures", &["statements", "text", "tools"]) {
        let words = |r: &mut Reader<'_>, key| -> BTreeSet<String> {
            let mut words = BTreeSet::new();
            for (text, path) in node.strings(r, key).unwrap_or_default() {
                if text.is_empty() || text.len() > 100 || text.chars().any(char::is_control) {
                    forms::refuse(r, &path, "this text", "1 to 100 bytes on one line");
                } else {
                    words.insert(text.to_owned());
                }
            }
            words
        };
        let measure = Measure {
            statements: words(r, "statements"),
            text: node.texts(r, "text", &cx.languages),
            tools: words(r, "tools"),
            name: name.clone(),
        };
        measures.insert(name, measure);
    }
    measures
}
