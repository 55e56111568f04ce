//! The digest: what it depends on, and what not.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::{BASE, EXAMPLE, edited, parsed};
use crate::clock::Span;
use crate::name::Name;
use crate::policy::*;

type Edit = (&'static str, fn(&mut Policy));

fn name(text: &'static str) -> Name {
    Name::fixed(text)
}

fn first<T>(map: &mut BTreeMap<Name, T>) -> &mut T {
    map.values_mut().next().unwrap()
}

fn rule(policy: &mut Policy) -> &mut RetentionRule {
    &mut first(&mut policy.classes).rules[0]
}

fn say(texts: &mut Texts) {
    texts.insert("en".to_owned(), "Something else.".to_owned());
}

fn letters(policy: &mut Policy) -> &mut BreachLetters {
    breach(policy).letters.as_mut().unwrap()
}

fn breach(policy: &mut Policy) -> &mut BreachPolicy {
    policy.breach.as_mut().unwrap()
}

fn staff(policy: &mut Policy) -> &mut StaffPolicy {
    policy.staff.as_mut().unwrap()
}

fn promise(policy: &mut Policy) -> &mut BreachPromise {
    breach(policy).promise.as_mut().unwrap()
}

const EDITS: &[Edit] = &[
    ("version", |p| p.version += 1),
    ("languages", |p| p.languages.push("pl".into())),
    ("time_zone", |p| p.time_zone.push('x')),
    ("financial_year_end", |p| p.financial_year_end = forms_month_day("06-29")),
    ("controller.name", |p| p.controller.name.push('x')),
    ("controller.address", |p| p.controller.address.push('x')),
    ("controller.country", |p| p.controller.country.push('x')),
    ("controller.email", |p| p.controller.email.push('x')),
    ("controller.example", |p| p.controller.example ^= true),
    ("joint_controllers", |p| p.joint_controllers.push(p.controller.clone())),
    ("representative", |p| p.representative = Some(p.controller.clone())),
    ("dpo.name", |p| p.dpo.name.push('x')),
    ("dpo.email", |p| p.dpo.email.push('x')),
    ("audience.children", |p| p.audience.children ^= true),
    ("audience.minimum_age", |p| p.audience.minimum_age = Some(18)),
    ("audience.example", |p| p.audience.example ^= true),
    ("log.origin", |p| p.log.origin.push('x')),
    ("log.keep", |p| p.log.keep = Period::Years(2)),
    ("log.example", |p| p.log.example ^= true),
    ("facts", |p| say(first(&mut p.facts))),
    ("laws.ground", |p| first(&mut p.laws).ground = Some(KeepGround::LegalClaims)),
    ("laws.citation", |p| first(&mut p.laws).citation.push('x')),
    ("laws.country", |p| first(&mut p.laws).country.push('x')),
    ("activities.role", |p| first(&mut p.activities).role = ActivityRole::Processor),
    ("activities.description", |p| say(&mut first(&mut p.activities).description)),
    ("items.type", |p| first(&mut p.items).item_type = ItemType::Date),
    ("items.category", |p| first(&mut p.items).category.push('x')),
    ("items.about", |p| first(&mut p.items).about = About::Person),
    ("items.required", |p| first(&mut p.items).required ^= true),
    ("items.required_with", |p| assert!(first(&mut p.items).required_with.insert(name("email")))),
    ("items.unique", |p| first(&mut p.items).unique ^= true),
    ("items.example", |p| first(&mut p.items).example ^= true),
    ("classes.items", |p| first(&mut p.classes).items.reverse()),
    ("classes.open", |p| first(&mut p.classes).anchors.open = None),
    ("classes.closed", |p| first(&mut p.classes).anchors.closed = None),
    ("classes.key", |p| first(&mut p.classes).key = KeyScope::Year),
    ("classes.rules", |p| first(&mut p.classes).rules.clear()),
    ("rules.keep", |p| rule(p).keep = Period::Months(36)),
    ("rules.start", |p| rule(p).start = StartRule::EndOfFinancialYear),
    ("rules.end", |p| rule(p).end = EndRule::EndOfCalendarYear),
    ("rules.law", |p| rule(p).law = Some(name("vat"))),
    ("rules.archive", |p| rule(p).archive ^= true),
    ("rules.warn_before", |p| rule(p).warn_before = None),
    ("rules.example", |p| rule(p).example ^= true),
    ("purposes.activity", |p| first(&mut p.purposes).activity = name("x")),
    ("purposes.description", |p| say(&mut first(&mut p.purposes).description)),
    ("purposes.basis", |p| first(&mut p.purposes).basis = LawfulBasis::Consent),
    ("purposes.law", |p| first(&mut p.purposes).basis = LawfulBasis::PublicTask { law: name("x") }),
    ("purposes.interest", |p| {
        first(&mut p.purposes).basis = LawfulBasis::LegitimateInterests { interest: Texts::new() }
    }),
    ("purposes.items", |p| first(&mut p.purposes).items.clear()),
    ("purposes.if", |p| first(&mut p.purposes).condition = Some(name("paid offer"))),
    ("purposes.special", |p| first(&mut p.purposes).special = Some(SpecialCondition::LegalClaims)),
    ("purposes.criminal", |p| {
        first(&mut p.purposes).criminal = Some(CriminalCondition::OfficialAuthority)
    }),
    ("purposes.archive_of", |p| assert!(first(&mut p.purposes).archive_of.insert(name("vat")))),
    ("purposes.example", |p| first(&mut p.purposes).example ^= true),
    ("purposes.marketing", |p| first(&mut p.purposes).marketing ^= true),
    ("purposes.since", |p| first(&mut p.purposes).since = Some(7)),
    ("consents", |p| p.consents.clear()),
    ("consents.purpose", |p| first(&mut p.consents).purpose = name("account")),
    ("consents.version", |p| first(&mut p.consents).version += 1),
    ("consents.oldest_valid", |p| first(&mut p.consents).oldest_valid += 1),
    ("consents.text", |p| say(&mut first(&mut p.consents).text)),
    ("consents.example", |p| first(&mut p.consents).example ^= true),
    ("roles", |p| first(&mut p.roles).purposes.clear()),
    ("processors.legal_name", |p| first(&mut p.processors).legal_name.push('x')),
    ("processors.country", |p| first(&mut p.processors).country.push('x')),
    ("processors.locations", |p| first(&mut p.processors).locations.clear()),
    ("processors.role", |p| first(&mut p.processors).role = ProcessorRole::Processor),
    ("processors.service", |p| say(&mut first(&mut p.processors).service)),
    ("processors.contract", |p| first(&mut p.processors).contract.push('x')),
    ("processors.transfer", |p| first(&mut p.processors).transfer = Transfer::Adequacy),
    ("processors.discloses", |p| first(&mut p.processors).discloses.clear()),
    ("processors.returns", |p| assert!(first(&mut p.processors).returns.insert(name("email")))),
    ("processors.purposes", |p| first(&mut p.processors).purposes.clear()),
    ("processors.example", |p| first(&mut p.processors).example ^= true),
    ("backups", |p| p.backups = None),
    ("backups.every", |p| p.backups.as_mut().unwrap().every = Period::Days(2)),
    ("backups.keep", |p| p.backups.as_mut().unwrap().keep = Period::Days(31)),
    ("backups.processor", |p| p.backups.as_mut().unwrap().processor = None),
    ("backups.country", |p| p.backups.as_mut().unwrap().country.push('x')),
    ("backups.if", |p| p.backups.as_mut().unwrap().condition = Some(name("paid offer"))),
    ("passwords.memory_kib", |p| p.passwords.memory_kib += 1),
    ("passwords.passes", |p| p.passwords.passes += 1),
    ("passwords.lanes", |p| p.passwords.lanes += 1),
    ("passwords.legacy", |p| p.passwords.legacy = LegacyPasswords::Sha256),
    ("sweep.max_share", |p| p.sweep.max_share += 1),
    ("sweep.min_rows", |p| p.sweep.min_rows += 1),
    ("sweep.max_clock_ahead", |p| p.sweep.max_clock_ahead = Span::hours(1)),
    ("sweep.batch", |p| p.sweep.batch += 1),
    ("sweep.warn_for", |p| p.sweep.warn_for = None),
    ("sweep.example", |p| p.sweep.example ^= true),
    ("payments.iban", |p| p.payments.iban = IbanMode::Sealed),
    ("payments.provider", |p| p.payments.provider = None),
    ("payments.creditor", |p| p.payments.creditor = Some("x".into())),
    ("imports.keep_fingerprints", |p| p.imports.keep_fingerprints = Period::Months(7)),
    ("imports.example", |p| p.imports.example ^= true),
    ("records", |p| p.records.clear()),
    ("records.keep", |p| first(&mut p.records).keep = Period::Months(24)),
    ("records.start", |p| first(&mut p.records).start = StartRule::EndOfCalendarYear),
    ("records.end", |p| first(&mut p.records).end = EndRule::EndOfCalendarYear),
    ("records.law", |p| first(&mut p.records).law = Some(name("vat"))),
    ("records.purposes", |p| first(&mut p.record_purposes).clear()),
    ("records.without purposes", |p| p.record_purposes.clear()),
    ("records.example", |p| first(&mut p.records).example ^= true),
    ("staff", |p| p.staff = None),
    ("staff.grants", |p| staff(p).grants = StaffGrants::NotRequired),
    ("staff.except", |p| staff(p).except.clear()),
    ("staff.notice", |p| say(&mut staff(p).notice)),
    ("staff.example", |p| staff(p).example ^= true),
    ("measures.statements", |p| first(&mut p.measures).statements.clear()),
    ("measures.text", |p| say(&mut first(&mut p.measures).text)),
    ("measures.tools", |p| first(&mut p.measures).tools.clear()),
    ("breach", |p| p.breach = None),
    ("breach.authority", |p| breach(p).authority = Some(name("pl-uodo"))),
    ("breach.example", |p| breach(p).example ^= true),
    ("breach.clocks", |p| breach(p).clocks.clear()),
    ("clocks.name", |p| breach(p).clocks[0].name = name("x")),
    ("clocks.role", |p| breach(p).clocks[0].role = OperatorRole::Controller),
    ("clocks.recipient", |p| breach(p).clocks[0].recipient = name("x")),
    ("clocks.threshold", |p| breach(p).clocks[0].threshold = RiskThreshold::High),
    ("clocks.within", |p| breach(p).clocks[0].within = None),
    ("clocks.template", |p| breach(p).clocks[0].template = None),
    ("clocks.source", |p| breach(p).clocks[0].source.push('x')),
    ("clocks.valid_from", |p| breach(p).clocks[0].valid_from = NaiveDate::MIN),
    ("clocks.example", |p| breach(p).clocks[0].example ^= true),
    ("breach.letters", |p| breach(p).letters = None),
    ("letters.purpose", |p| letters(p).purpose = name("x")),
    ("letters.second_approver", |p| letters(p).second_approver ^= true),
    ("letters.example", |p| letters(p).example ^= true),
    ("breach.promise", |p| breach(p).promise = None),
    ("promise.trigger", |p| promise(p).trigger = PromiseTrigger::Awareness),
    ("promise.nature", |p| promise(p).nature = PromiseNature::Any),
    ("promise.classes", |p| promise(p).classes.clear()),
    ("promise.example", |p| promise(p).example ^= true),
];

fn forms_month_day(text: &str) -> MonthDay {
    parsed(&edited(BASE, "06-30", text)).financial_year_end
}

#[test]
fn every_field_changes_the_digest_in_a_way_of_its_own() {
    let base = parsed(BASE);
    let mut seen = BTreeMap::from([(base.digest(), "nothing")]);
    for (field, edit) in EDITS {
        let mut policy = base.clone();
        edit(&mut policy);
        assert_eq!(seen.insert(policy.digest(), field), None, "{field}");
    }
}

#[test]
fn names_are_digested_too() {
    let base = parsed(BASE).digest();
    for (from, to) in [
        ("fence]", "gate]"),
        ("support]", "help]"),
        ("[dpo]\nname = \"Data", "[dpo]\nname = \"A Data"),
    ] {
        assert_ne!(parsed(&edited(BASE, from, to)).digest(), base, "{from}");
    }
}

#[test]
fn defaults_written_out_change_nothing() {
    let base = parsed(BASE).digest();
    let text = edited(
        BASE,
        "keep = \"3 years\"",
        "start = \"event\"\nend = \"same day\"\naction = \"erase\"\narchive = false\nexample = false\nkeep = \"3 years\"",
    );
    assert_eq!(parsed(&text).digest(), base);
    assert_eq!(parsed(&BASE.replace("version = 1\n", "version = 0x1\n")).digest(), base);
    assert_eq!(parsed(&BASE.replace('\n', "\r\n")).digest(), base);
    let spaced = BASE.replace(" = ", "   =  ").replace('\n', "  # a comment\n\n");
    assert_eq!(parsed(&spaced).digest(), base);
}

/// The blocks of a file: what stands before the first header, then each table with its header.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines() {
        if line.starts_with('[') {
            blocks.push(String::new());
        }
        let block = blocks.last_mut().unwrap();
        block.push_str(line);
        block.push('\n');
    }
    blocks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_order_of_tables_and_keys_changes_nothing(order in Just(()).prop_perturb(|(), mut rng| {
        (0..200).map(|_| rng.next_u32()).collect::<Vec<_>>()
    })) {
        for text in [EXAMPLE, BASE] {
            let all = blocks(text);
            let (head, tables) = all.split_first().unwrap();
            let mut keyed: Vec<_> = tables.iter().zip(&order).map(|(block, key)| {
                // Rules of a class are a list: their order is kept, and stands in the digest.
                let (header, body) = block.split_once('\n').unwrap();
                let mut lines: Vec<_> = body.lines().collect();
                if !body.contains("[\n") {
                    lines.reverse();
                }
                (if header.starts_with("[[") { u32::MAX } else { *key }, format!("{header}\n{}", lines.join("\n")))
            }).collect();
            keyed.sort_by_key(|(key, _)| *key);
            let tables: Vec<_> = keyed.into_iter().map(|(_, block)| block).collect();
            let shuffled = format!("{head}\n{}", tables.join("\n"));
            prop_assert_eq!(parsed(&shuffled).digest(), parsed(text).digest());
        }
    }
}
