//! Laws of the catalogue in a policy.

use proptest::prelude::*;

use super::{BASE, edited, parsed, problems};
use crate::calendar::{MonthDay, Period, Rule, StartRule};
use crate::name::Name;
use crate::policy::catalogue::{self, Effect, StatutoryPeriod};
use crate::policy::{EndRule, KeepGround, RetentionRule};

/// The codes of this file's tests, each once: `cases` asks for one for every code.
pub(super) const TESTED: &[&str] = &[
    "policy.archive_without_ground",
    "policy.shorter_than_law",
    "policy.longer_than_law",
    "policy.law_unsure",
    "policy.law_conditional",
];

const RULE: &str = "keep = \"5 years\"\nstart = \"end of calendar year\"\n\
                    end = \"end of calendar year\"\nlaw = \"vat\"\narchive = true";

/// The small policy with other words for the rule of billing; its purpose rests on `law`.
fn billing(rule: &str, law: &str) -> String {
    let text = edited(BASE, RULE, rule);
    let text = edited(&text, "archive_of = [\"vat\"]", &format!("archive_of = [\"{law}\"]"));
    edited(&text, "law = \"vat\"\nif", &format!("law = \"{law}\"\nif"))
}

fn rule_of(text: &str) -> RetentionRule {
    parsed(text).classes["billing"].rules[0].clone()
}

fn found(text: &str) -> Vec<(&'static str, String)> {
    problems(text).into_iter().map(|problem| (problem.code.name, problem.path)).collect()
}

#[test]
fn a_rule_takes_its_period_from_its_law() {
    let key = "PL:invoice_and_tax_document";
    let text = billing(&format!("law = \"{key}\"\narchive = true"), key);
    let rule = rule_of(&text);
    assert_eq!(rule.keep, Period::Years(6), "five from the year in which the tax falls due");
    assert_eq!(rule.start.as_str(), "end of calendar year");
    assert_eq!(rule.end, EndRule::SameDay);
    let name = Name::fixed("pl.invoice_and_tax_document");
    assert_eq!(rule.law, Some(name.clone()));

    let policy = parsed(&text);
    let law = &policy.laws[&name];
    assert_eq!((law.country.as_str(), law.ground), ("PL", Some(KeepGround::LegalObligation)));
    assert_eq!(law.catalogue.map(StatutoryPeriod::key).as_deref(), Some(key));
    assert!(law.citation.contains("Ordynacja podatkowa"));
    assert!(policy.laws.contains_key("vat"), "stated, whether used or not");
    assert_eq!(policy.laws.len(), 2, "nothing that nobody names");
    assert!(policy.purposes["billing"].archive_of.contains(&name));
    let warnings = policy.warnings();
    let told: Vec<_> = warnings.iter().map(|w| (w.code.name, w.path.as_str())).collect();
    // The tax's limitation may be suspended: the catalogue says so.
    assert_eq!(told, [("policy.law_conditional", "laws.\"pl.invoice_and_tax_document\"")]);
}

#[test]
fn every_period_of_the_catalogue_reads_back() {
    for entry in catalogue::all() {
        let key = entry.key();
        let text = edited(
            BASE,
            "requests = { keep = \"2 years\"",
            &format!("requests = {{ law = \"{key}\""),
        );
        let Some((keep, start, end)) = entry.period() else {
            assert_eq!(
                found(&text),
                [("policy.missing_key", "records.requests".to_owned())],
                "{key}"
            );
            continue;
        };
        let policy = parsed(&text);
        let rule = &policy.records["requests"];
        assert_eq!((rule.keep, rule.start, rule.end), (keep, start, end), "{key}");
        let year_end = MonthDay::parse("06-30").unwrap();
        let (ours, statutory) = (rule.to_calendar(year_end), entry.rule(year_end).unwrap());
        match key.as_str() {
            // They count from what may come after the document.
            "PL:invoice_and_tax_document" | "CZ:tax_document_VAT" => {
                assert!(statutory.ends_sooner(&ours) && !ours.ends_sooner(&statutory), "{key}");
            }
            _ => assert_eq!(ours, statutory, "{key}"),
        }
    }
}

#[test]
fn a_statutory_minimum_is_not_shortened() {
    let key = "PL:invoice_and_tax_document";
    let stated = |keep: &str| billing(&format!("{keep}\nlaw = \"{key}\"\narchive = true"), key);
    let shorter =
        |at: &str| vec![("policy.shorter_than_law", format!("classes.billing.retention[0]{at}"))];
    // Five years, and one until the tax is due.
    assert_eq!(found(&stated("keep = \"5 years\"")), shorter(".keep"));
    assert_eq!(found(&stated("keep = \"71 months\"")), shorter(".keep"));
    assert_eq!(found(&stated("keep = \"313 weeks\"")), shorter(".keep"), "2,191 days");
    assert_eq!(found(&stated("start = \"event\"")), shorter(".start"));
    for enough in [
        "keep = \"6 years\"",
        "keep = \"72 months\"",
        "keep = \"314 weeks\"",
        "keep = \"7 years\"\nstart = \"event\"",
    ] {
        assert!(rule_of(&stated(enough)).law.is_some(), "{enough}");
    }
    // Claims may be brought for so long; to give up a defence early is a mistake as well.
    let key = "PL:b2b_claim_limitation";
    let text = edited(
        BASE,
        "requests = { keep = \"2 years\"",
        &format!("requests = {{ keep = \"1 year\", law = \"{key}\""),
    );
    assert_eq!(found(&text), [("policy.shorter_than_law", "records.requests.keep".to_owned())]);
}

#[test]
fn only_what_stands_against_a_request_archives() {
    for entry in catalogue::all().filter(|entry| entry.period().is_some()) {
        let key = entry.key();
        // The purpose must not rest on it as on a duty: what is asked here is the archive alone.
        let text = edited(BASE, RULE, &format!("law = \"{key}\"\narchive = true"));
        let text = edited(&text, "archive_of = [\"vat\"]", &format!("archive_of = [\"{key}\"]"));
        match entry.effect() {
            Effect::Duty | Effect::Claims => drop(parsed(&text)),
            _ => assert_eq!(
                found(&text),
                [("policy.archive_without_ground", "classes.billing.retention[0].law".to_owned())],
                "{key}"
            ),
        }
    }
}

#[test]
fn an_obligation_rests_on_a_law_that_obliges() {
    let key = "PL:b2b_claim_limitation";
    let text = billing(&format!("law = \"{key}\"\narchive = true"), key);
    assert_eq!(found(&text), [("policy.bad_basis", "purposes.billing.law".to_owned())]);
    let claims =
        edited(BASE, "country = \"PL\" }", "country = \"PL\", ground = \"legal claims\" }");
    assert_eq!(found(&claims), [("policy.bad_basis", "purposes.billing.law".to_owned())]);
    assert_eq!(parsed(BASE).laws["vat"].ground, Some(KeepGround::LegalObligation));
}

#[test]
fn a_longer_period_than_advised_warns() {
    let records = |rule: &str| edited(BASE, "{ keep = \"2 years\"", &format!("{{ {rule}"));
    let law = "law = \"FR:inactive_online_account\"";
    let longer = |text: &str| {
        let mut warnings = parsed(text).warnings();
        warnings.retain(|warning| warning.code.name == "policy.longer_than_law");
        warnings.into_iter().map(|warning| warning.path).collect::<Vec<_>>()
    };
    assert!(longer(&records(law)).is_empty());
    assert!(longer(&records(&format!("keep = \"1 year\", {law}"))).is_empty());
    assert_eq!(longer(&records(&format!("keep = \"3 years\", {law}"))), ["records.requests"]);
    // The latest end wins, and so the neighbour of the rule that names the bound may exceed it.
    let beside = format!("[[classes.account.retention]]\n{law}\n\n[classes.billing]");
    let beside = edited(BASE, "[classes.billing]", &beside);
    assert_eq!(longer(&beside), ["classes.account.retention[1]"]);

    let unsure = catalogue::all().find(|law| law.confidence == catalogue::Confidence::Low).unwrap();
    let warnings =
        parsed(&records(&format!("keep = \"90 years\", law = \"{}\"", unsure.key()))).warnings();
    assert!(warnings.iter().any(|w| w.code.name == "policy.law_unsure"));
}

#[test]
fn what_the_catalogue_does_not_have_is_named_at_its_place() {
    let at = "classes.billing.retention[0].law";
    for (typed, near) in [("PL:invoices", "PL:accounting_record"), ("XX:invoice", "FR:prospect")] {
        let text =
            edited(BASE, RULE, &format!("keep = \"5 years\"\nlaw = \"{typed}\"\narchive = true"));
        let problem = problems(&text).into_iter().find(|problem| problem.path == at).unwrap();
        assert_eq!(problem.code.name, "policy.law_not_in_catalogue");
        assert!(problem.help.unwrap().contains(near), "{typed}");
    }
    // A name of an entry is none that a policy can give to a law of its own.
    let own = edited(
        BASE,
        "[activities.accounts]",
        "[laws.\"pl.accounting_record\"]\ncitation = \"A\"\ncountry = \"PL\"\n\n[activities.accounts]",
    );
    assert_eq!(found(&own), [("policy.bad_value", "laws.\"pl.accounting_record\"".to_owned())]);
    let by_name =
        edited(BASE, RULE, "keep = \"5 years\"\nlaw = \"pl.accounting_record\"\narchive = true");
    assert!(problems(&by_name).iter().any(|problem| problem.code.name == "policy.undeclared"));
}

fn rules() -> impl Strategy<Value = Rule> {
    let keep = prop_oneof![
        (1u32..4000).prop_map(Period::Days),
        (1u32..200).prop_map(Period::Months),
        (1u32..12).prop_map(Period::Years),
    ];
    let start = prop_oneof![
        Just(StartRule::Event),
        Just(StartRule::EndOfCalendarYear),
        Just(StartRule::EndOfFinancialYear(MonthDay::parse("06-30").unwrap())),
    ];
    let end = prop_oneof![
        Just(crate::calendar::EndRule::SameDay),
        Just(crate::calendar::EndRule::EndOfCalendarYear),
    ];
    (keep, start, end).prop_map(|(keep, start, end)| Rule { keep, start, end })
}

proptest! {
    #[test]
    fn a_rule_that_never_ends_sooner_is_long_enough_for_any_event(
        (ours, law) in (rules(), rules()),
        days in 0u32..20_000,
    ) {
        use crate::calendar::{Utc, due};
        use crate::clock::{Span, Timestamp};
        prop_assert!(!ours.ends_sooner(&ours));
        let event = Timestamp::parse_rfc3339("2026-01-01T12:00:00Z").unwrap();
        let event = event.plus(Span::days(i64::from(days)));
        if due(event, &[ours], &Utc) < due(event, &[law], &Utc) {
            prop_assert!(ours.ends_sooner(&law), "{ours:?} {law:?} {event}");
        }
    }
}
