//! The authority's form: what is filled, what is missing, the letter.

use proptest::prelude::*;
use tacenda_core::pii::Country;
use tacenda_core::policy::OperatorRole::Controller;
use tacenda_core::policy::Policy;
use tacenda_gdpr::breach::Breach;
use tacenda_gdpr::breach::form::{
    Competent, FIELDS, Field, Form, Language, Markup, Stage, Value, Why, competent,
};
use tacenda_gdpr::breach::severity::Risk;
use tacenda_gdpr::breach::state::{Count, Nature, Occurrence};

use crate::forms::{answered, filled, handled, text};
use crate::support::*;

fn of(form: &Form, number: u16) -> String {
    match form.value(number) {
        None => "-".to_owned(),
        Some(Value::Text(note)) => note.as_text().to_owned(),
        Some(Value::Letter(letter)) => letter.to_string(),
        Some(other) => {
            form.to_json()[Field::find(number).unwrap().key()].to_string()
                + if matches!(other, Value::Flag(_)) { "!" } else { "" }
        }
    }
}

fn missing(form: &Form) -> Vec<u16> {
    let problems = form.problems().into_iter();
    problems.filter(|problem| problem.why == Why::Missing).map(|problem| problem.field).collect()
}

#[test]
fn a_breach_answers_what_it_knows() {
    let policy = policy();
    let form = filled(&policy, &handled(&policy), Stage::Complete, 7);
    for (number, value) in [
        (3, "b"),
        (4, "a"),
        (12, "TECLIB'"),
        (30, "Data Protection Officer"),
        (44, "c"),
        (46, "\"2026-11-18T15:30:00Z\""),
        (48, "\"2026-11-20T15:30:00Z\""),
        (51, "It is ours."),
        (55, "a"),
        (56, "a"),
        (57, "c"),
        (58, "a"),
        (60, "g"),
        (61, "d"),
        (65, "a"),
        (66, "customers"),
        (67, "b"),
        (68, "1200"),
        (70, "a"),
        (71, "basic data, contact details, credentials: email, language, password"),
        (73, "3600"),
        (75, "b"),
        (87, "b"),
        (89, "a"),
        (97, "a"),
        (98, "\"2026-11-20\""),
        (102, "a"),
        (104, "a"),
        (113, "a"),
        (114, "Commission Nationale de l'Informatique et des Libertés"),
        (116, "FR: 700, PL: 500"),
        (117, "1200"),
        (120, "b"),
    ] {
        assert_eq!(of(&form, number), value, "{number}");
    }
    assert!(of(&form, 62).starts_with("confidentiality, integrity: A copy"));
    assert!(of(&form, 90).ends_with("(ENISA 2013: SE = 2.00, medium)"));
    assert_eq!(missing(&form), [21, 22, 23, 29, 38, 63, 79, 81, 85, 94]);
    assert_eq!(answered(form).problems(), []);
}

#[test]
fn a_first_notice_says_what_is_not_known_yet() {
    let policy = unpromised();
    let mut facts = facts(Controller);
    (facts.affected, facts.records, facts.occurred) =
        (Count::Open, Count::Unknowable, Occurrence::Open);
    facts.people.clear();
    facts.classes.clear();
    let breach = Breach::suspect(facts, &policy, stamp(0)).unwrap();
    let breach = breach.become_aware(hour(0), note("Ours."), &policy, &paris(), stamp(1)).unwrap();
    let form = filled(&policy, &breach, Stage::Incomplete, 30);
    assert_eq!((of(&form, 3), of(&form, 4)), ("a".into(), "b".into()));
    assert_eq!((of(&form, 44), of(&form, 67), of(&form, 70)), ("e".into(), "d".into(), "t".into()));
    assert_eq!(
        (of(&form, 97), of(&form, 89), of(&form, 113)),
        ("c".into(), "-".into(), "c".into())
    );
    let lacks = missing(&form);
    assert!(lacks.contains(&65) && lacks.contains(&73) && lacks.contains(&89), "{lacks:?}");
    assert!(!lacks.contains(&49), "it is not late");
    assert!(missing(&filled(&policy, &breach, Stage::Incomplete, 73)).contains(&49));
    // The same, said to be complete, is not.
    let open: Vec<_> = filled(&policy, &breach, Stage::Complete, 30)
        .problems()
        .into_iter()
        .filter(|problem| problem.why == Why::OnlyIncomplete)
        .map(|problem| problem.field)
        .collect();
    assert_eq!(open, [44, 67, 70, 97]);
}

#[test]
fn answers_fit_their_field_and_do_not_overrule_the_breach() {
    let policy = unpromised();
    let mut form = filled(&policy, &handled(&policy), Stage::Complete, 7);
    assert_eq!(code(form.set(1, text("x"))), "breach.unknown_field");
    assert_eq!(code(form.set(89, Value::Letter('c'))), "breach.field_known");
    assert_eq!(code(form.set(85, text("x"))), "breach.bad_field");
    assert_eq!(code(form.set(85, Value::Letter('p'))), "breach.bad_field");
    assert_eq!(code(form.set(85, Value::Letter('o'))), "ok");
    assert_eq!(code(form.set(85, Value::Letter('d'))), "ok");
    // An answer that another answer rules out is a problem at its own field.
    assert_eq!(code(form.set(38, Value::Letter('b'))), "ok");
    assert_eq!(code(form.set(40, text("A host"))), "ok");
    let out = form.problems().into_iter().find(|p| p.why == Why::NotApplicable).unwrap();
    assert_eq!(out.field, 40);
    assert_eq!(
        format!("{form:?}"),
        format!("Form({} fields)", form.to_json().as_object().unwrap().len() - 2)
    );
}

#[test]
fn nobody_else_is_said_in_words() {
    let policy = unpromised();
    let mut form = filled(&policy, &handled(&policy), Stage::Complete, 7);
    form.set(38, Value::Letter('b')).unwrap();
    let json = answered(form).to_json();
    assert_eq!(json["field_39"], "not applicable");
    assert_eq!(json["field_38"], "b");
}

#[test]
fn an_exemption_states_its_ground() {
    let policy = unpromised();
    let breach = notified(Risk::High, &policy).settle_people(encrypted(OUTSIDE), stamp(5)).unwrap();
    let form = filled(&policy, &breach, Stage::Complete, 6);
    assert_eq!((of(&form, 97), of(&form, 100)), ("e".into(), "a".into()));
    assert!(of(&form, 101).contains("keys lie elsewhere"));
    let owed = filled(&policy, &notified(Risk::High, &policy), Stage::Complete, 6);
    assert_eq!(of(&owed, 97), "b");
    let low = filled(&policy, &notified(Risk::Risk, &policy), Stage::Complete, 6);
    assert_eq!(of(&low, 97), "d");
}

#[test]
fn without_an_establishment_each_authority_is_named() {
    let text = EXAMPLE.replace("authority = \"fr-cnil\"\n", "");
    let outside = text.replacen("country = \"FR\"\nemail", "country = \"CH\"\nemail", 1);
    let policy = Policy::parse(&outside).unwrap();
    let breach = handled(&policy);
    let form = filled(&policy, &breach, Stage::Complete, 7);
    assert_eq!(
        (of(&form, 113), of(&form, 120), of(&form, 122)),
        ("b".into(), "a".into(), "1200".into())
    );
    assert!(of(&form, 121).ends_with("Libertés; Urząd Ochrony Danych Osobowych"));
    assert!(missing(&form).contains(&18), "a representative");
    let affected = breach.facts().countries.keys().copied().collect();
    let to = competent(&policy, &affected).unwrap();
    assert!(matches!(&to, Competent::Each(each) if each.len() == 2));
    let letter = form.letter(&to, Language::English, Markup::Markdown);
    assert!(letter.contains("Commission Nationale") && letter.contains("Urząd Ochrony"));
}

#[test]
fn the_letter_is_read_in_the_authority_s_language() {
    let policy = policy();
    let breach = handled(&policy);
    let form = filled(&policy, &breach, Stage::Complete, 7);
    let to = competent(&policy, &[Country::parse("FR").unwrap()].into()).unwrap();
    let Competent::Establishment(lead) = to else { panic!() };
    assert_eq!(lead.language(), Language::French);
    for (language, title, heading) in [
        (Language::English, "# Notification of a personal data breach", "Number of people (68)"),
        (Language::Polish, "# Zgłoszenie naruszenia ochrony danych", "Liczba osób (68)"),
        (Language::French, "# Notification d'une violation", "Nombre de personnes (68)"),
        (Language::German, "# Meldung einer Verletzung", "Zahl der Personen (68)"),
    ] {
        let letter = form.letter(&Competent::Establishment(lead), language, Markup::Markdown);
        let plain = letter.replace('\\', "");
        assert!(plain.starts_with(title), "{letter}");
        assert!(plain.contains(&format!("**{heading}**: 1200")), "{plain}");
        assert!(plain.contains("a) confidentiality; b) integrity"));
        let html = form.letter(&Competent::Establishment(lead), language, Markup::Html);
        assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
        assert!(html.contains(&format!("<strong>{heading}</strong>: 1200</p>")));
        assert!(html.ends_with("</body>\n</html>\n"));
    }
    let french = form.letter(&Competent::Establishment(lead), Language::French, Markup::Html);
    assert!(french.contains("<h2>Informations manquantes</h2>"));
    let whole =
        answered(form).letter(&Competent::Establishment(lead), Language::French, Markup::Html);
    assert!(!whole.contains("Informations manquantes"));
}

#[test]
fn the_table_has_its_hundred_fields() {
    assert!(FIELDS.is_sorted_by(|a, b| a.number < b.number));
    let needs = |need| FIELDS.iter().filter(|field| field.need == need).count();
    use tacenda_gdpr::breach::form::Need;
    assert_eq!((needs(Need::Always), needs(Need::Asked), needs(Need::Free)), (42, 46, 12));
    let incident = Field::find(60).unwrap();
    assert_eq!(
        (incident.option('a').is_some(), incident.option('y'), incident.option('z')),
        (true, Some("other"), None)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_people_wrote_is_never_markup(words in "[<>&\"*_#`\\[\\]()!a-z\n|-]{1,60}", number in prop::sample::select(vec![21u16, 22, 63, 29])) {
        prop_assume!(!words.trim().is_empty());
        let policy = policy();
        let mut form = filled(&policy, &judged(Risk::High, &policy), Stage::Incomplete, 7);
        form.set(number, text(&words)).unwrap();
        let to = competent(&policy, &[].into()).unwrap();
        let html = form.letter(&to, Language::English, Markup::Html);
        let mut plain = filled(&policy, &judged(Risk::High, &policy), Stage::Incomplete, 7);
        plain.set(number, text("x")).unwrap();
        let before = plain.letter(&to, Language::English, Markup::Html);
        // Besides line breaks, no tag is there that plain words would not have made.
        let tags = |text: &str| text.matches('<').count();
        let breaks = words.trim().matches('\n').count();
        prop_assert_eq!(tags(&html), tags(&before) + breaks);
        let markdown = form.letter(&to, Language::English, Markup::Markdown);
        let headings = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
        let sections = FIELDS.iter().map(|field| field.section).collect::<std::collections::BTreeSet<_>>();
        prop_assert!(headings(&markdown) <= sections.len() + 2);
    }

    #[test]
    fn any_nature_fills_without_a_contradiction(c: bool, i: bool, a: bool, theft: bool) {
        let Ok(nature) = Nature::new(c, i, a, theft) else { return Ok(()) };
        let policy = policy();
        let mut known = facts(Controller);
        known.nature = nature;
        let breach = Breach::suspect(known, &policy, stamp(0)).unwrap();
        let breach = breach.become_aware(hour(0), note("Ours."), &policy, &paris(), stamp(1)).unwrap();
        let breach = breach.judge(judgement(Risk::Risk), stamp(2)).unwrap();
        let form = filled(&policy, &breach, Stage::Complete, 3);
        prop_assert!(form.problems().iter().all(|problem| problem.why == Why::Missing));
        prop_assert_eq!(answered(form).problems(), []);
    }
}
