//! What the example answers, and what it says of S1 to S27.

use std::collections::BTreeSet;

use super::{BASE, EXAMPLE, edited, parsed};
use crate::id::RowId;
use crate::name::Name;
use crate::policy::records::REQUESTS;
use crate::policy::{Consented, IbanMode, ItemType, Period, Policy, Refusal, Stance, Told, codes};
use crate::{Error, error::Kind};

fn names<const N: usize>(names: [&'static str; N]) -> BTreeSet<Name> {
    names.map(Name::fixed).into()
}

#[test]
fn billing_is_for_paid_offers_and_for_the_role_that_bills() {
    let policy = parsed(EXAMPLE);
    let (billing, role) = (Name::fixed("billing"), Name::fixed("billing"));
    let items = policy.ask(&billing, &role, &names(["paid offer"]), &Stance::default()).unwrap();
    assert!(items.contains("vat_number") && !items.contains("card_last4"));
    let refusal =
        policy.ask(&billing, &role, &names(["invoiced"]), &Stance::default()).unwrap_err();
    assert_eq!(
        Error::from(refusal).to_string(),
        "policy.condition_not_met: the account does not meet the condition of this purpose \
         (purpose `billing`, condition `paid offer`)"
    );
    let support = Name::fixed("support");
    let refusal =
        policy.ask(&billing, &support, &names(["paid offer"]), &Stance::default()).unwrap_err();
    assert_eq!(refusal.code(), &codes::ROLE_NOT_ALLOWED);
    let marketing = Name::fixed("marketing");
    let refusal =
        policy.ask(&marketing, &role, &names(["paid offer"]), &Stance::default()).unwrap_err();
    assert_eq!(refusal, Refusal::UnknownPurpose);
    let error = Error::from(refusal);
    assert_eq!(error.kind(), Kind::Refused);
    assert!(!error.to_string().contains("marketing"), "what nobody declared is not repeated");
    let refusal =
        policy.ask(&billing, &Name::fixed("intern"), &names([]), &Stance::default()).unwrap_err();
    assert_eq!(refusal.code(), &codes::UNKNOWN_ROLE);
    assert!(!Error::from(refusal).to_string().contains("intern"));
}

#[test]
fn no_purpose_sees_the_password() {
    let policy = parsed(EXAMPLE);
    let facts: BTreeSet<_> = policy.facts.keys().cloned().collect();
    let password = &policy.password_item().unwrap().name;
    assert!(policy.purposes["account"].items.contains(password));
    for role in policy.roles.values() {
        for purpose in &role.purposes {
            let seen = policy.ask(purpose, &role.name, &facts, &Stance::default()).unwrap();
            assert!(!seen.contains(password));
            assert!(seen.is_subset(&policy.purpose(purpose).unwrap().items));
        }
    }
}

#[test]
fn the_example_says_what_the_service_says() {
    let policy = parsed(EXAMPLE);
    assert_eq!(policy.identifier().name, "email");
    assert_eq!(policy.primary_class(), &Name::fixed("account"));
    assert_eq!(policy.class_of(&Name::fixed("vat_number")).unwrap().name, "billing");
    assert_eq!(policy.dpo.email, "rgpd-dpo@glpi-network.cloud");
    assert_eq!(policy.sweep.max_share, 400);
    assert_eq!(policy.payments.iban, IbanMode::Provider);
    assert!(policy.processors["ovh"].discloses.is_empty());
    let backups = policy.backups.as_ref().unwrap();
    assert_eq!((backups.every, backups.keep), (Period::Days(1), Period::Days(30)));
    assert_eq!(policy.rules_of(&Name::fixed("account"))[0].keep, Period::Years(3));
    assert!(policy.rules_of(&Name::fixed("nothing")).is_empty());
    assert!(policy.items.values().all(|item| item.item_type != ItemType::Iban));
    assert!(policy.purpose(&Name::fixed("marketing")).is_none());
    for n in 1..=27 {
        let measured = policy.measures.values().any(|m| m.statements.contains(&format!("S{n}")));
        assert!(measured || EXAMPLE.contains(&format!("(S{n})")), "S{n}");
    }
}

#[test]
fn only_what_a_law_covers_is_archived() {
    let policy = parsed(EXAMPLE);
    let (billing, account) = (Name::fixed("billing"), Name::fixed("account"));
    let of = |class: &Name| policy.classes[class].items.iter().cloned().collect();
    let (billed, accounts): (BTreeSet<_>, BTreeSet<_>) = (of(&billing), of(&account));
    assert!(policy.archived(&account, &accounts, &names(["invoiced"])).is_empty());
    assert!(policy.archived(&billing, &billed, &names(["paid offer"])).is_empty());
    let archived = policy.archived(&billing, &billed, &names(["invoiced"]));
    let (rule, items) = &archived[0];
    assert_eq!((archived.len(), rule.keep), (1, Period::Years(10)));
    assert_eq!(items.len(), policy.classes["billing"].items.len());
    let live: Vec<_> = policy.live_rules(&billing).map(|rule| rule.keep).collect();
    assert_eq!(live, [Period::Years(3)]);
    let base = parsed(BASE);
    let live: Vec<_> = base.live_rules(&billing).map(|rule| rule.keep).collect();
    assert_eq!(live, [Period::Years(5)], "a class that is only archived is kept as long alive");
}

#[test]
fn differences_name_what_stored_rows_are_concerned_of() {
    let old = parsed(BASE);
    assert!(old.diff(&old).is_empty());
    let text = edited(
        BASE,
        "items = [\"email\", \"password\"]\nclock",
        "items = [\"email\", \"password\", \"company\"]\nclock",
    );
    let text = edited(
        &text,
        "items = [\"company\", \"iban_tail\"]\nclock",
        "items = [\"iban_tail\"]\nclock",
    );
    let text = edited(&text, "keep = \"3 years\"", "keep = \"2 years\"");
    let new = parsed(&text);
    let diff = new.diff(&old);
    let place = (Name::fixed("billing"), Name::fixed("account"));
    assert_eq!(diff.items_moved, [(Name::fixed("company"), place)].into());
    assert_eq!(diff.rules_changed, names(["account"]));
    assert!(diff.classes_removed.is_empty() && diff.items_added.is_empty());
    let diff = parsed(EXAMPLE).diff(&old);
    assert_eq!(diff.classes_added, names(["payment"]));
    assert!(diff.purposes_added.contains("accounting") && !diff.purposes_added.contains("billing"));
    assert!(diff.items_removed.is_empty() && diff.items_added.contains("card_token"));
    assert!(!diff.identifier_changed && diff.unique_changed.is_empty());
    let unique = parsed(&edited(BASE, "[items.company]", "[items.company]\nunique = true"));
    assert_eq!(unique.diff(&old).unique_changed, names(["company"]));
    assert_eq!(old.diff(&unique).unique_changed, names(["company"]));
}

#[test]
fn the_records_of_the_sdk_have_a_rule_of_their_own() {
    let policy = parsed(BASE);
    let rules = policy.rules_of(&REQUESTS.class);
    assert_eq!(rules.iter().map(|rule| rule.keep).collect::<Vec<_>>(), [Period::Years(2)]);
    assert_eq!(policy.live_rules(&REQUESTS.class).count(), 1);
    assert!(policy.rules_of(&Name::fixed("tacenda.others")).is_empty());
    let longer = parsed(&edited(BASE, "keep = \"2 years\"", "keep = \"4 years\""));
    let diff = longer.diff(&policy);
    assert_eq!(diff.records_changed, names(["requests"]));
    assert!(policy.diff(&policy).is_empty() && diff.rules_changed.is_empty());
    let others = parsed(&edited(
        BASE,
        "2 years\", purposes = [\"security\"]",
        "2 years\", purposes = [\"account\"]",
    ));
    assert_eq!(others.diff(&policy).records_changed, names(["requests"]));
    let [security, support] = ["security", "support"].map(Name::fixed);
    assert!(policy.may_read_records(&REQUESTS, &security).is_ok());
    assert!(others.may_work_on(&REQUESTS, &support).is_ok());
    let code = |refused: Result<(), Refusal>| refused.err().map(|refusal| refusal.code().name);
    let refused = code(others.may_read_records(&REQUESTS, &security));
    assert_eq!(refused, Some("policy.not_for_records"));
    let refused = code(policy.may_work_on(&REQUESTS, &support));
    assert_eq!(refused, Some("policy.role_without_records"));
    assert_eq!(code(policy.may_work_on(&REQUESTS, &security)), Some("policy.unknown_role"));
    let lacking = edited(BASE, "\nrequests = {", "\n# requests = {");
    let problem = super::problems(&lacking).remove(0);
    assert!(problem.message.contains("`requests`"), "{}", problem.message);
    assert!(problem.help.unwrap().contains("data subjects' requests"));
}

#[test]
fn names_of_the_sdk_are_not_for_classes() {
    let class = "[classes.\"tacenda.requests\"]\nitems = [\"company\"]\n\
        clock = { open = \"created\", closed = \"created\" }\nkey = \"subject\"\n\n\
        [[classes.\"tacenda.requests\".retention]]\nkeep = \"1 year\"\n";
    let text = edited(
        BASE,
        "items = [\"company\", \"iban_tail\"]\nclock",
        "items = [\"iban_tail\"]\nclock",
    );
    let errors = Policy::parse(&format!("{text}\n{class}")).unwrap_err();
    let found: Vec<_> =
        errors.problems().iter().filter(|p| p.message.contains("keeps for itself")).collect();
    assert_eq!(found.len(), 1, "{errors}");
    assert!(found[0].path.starts_with("classes."));
}

#[test]
fn names_of_the_sdk_are_not_for_items() {
    let item = "type = \"plain text\"\ncategory = \"user.content\"\nabout = \"person\"\n";
    let text = format!("{BASE}\n[items.\"tacenda.account\"]\n{item}");
    let errors = Policy::parse(&text).unwrap_err();
    assert!(errors.problems().iter().any(|p| p.message.contains("keeps for itself")), "{errors}");
}

#[test]
fn a_purpose_on_consent_needs_one_that_stands() {
    let policy = parsed(BASE);
    let (news, role) = (Name::fixed("newsletter"), Name::fixed("news"));
    let ask = |policy: &Policy, stance: &Stance| {
        policy.ask(&news, &role, &names([]), stance).map_err(|refusal| refusal.code().name)
    };
    let given = |text: &'static str, version| {
        let record = RowId::from_bytes([1; 16]);
        let given = Consented { text: Name::fixed(text), version, record };
        Stance { consents: [(news.clone(), given)].into(), ..Stance::default() }
    };
    assert_eq!(ask(&policy, &Stance::default()), Err("policy.no_consent"));
    assert!(ask(&policy, &given("newsletter", 3)).is_ok(), "to the text of now");
    assert!(ask(&policy, &given("newsletter", 2)).is_ok(), "to one that still counts");
    assert_eq!(ask(&policy, &given("newsletter", 1)), Err("policy.no_consent"), "to an old one");
    assert_eq!(ask(&policy, &given("another", 3)), Err("policy.no_consent"), "to another text");
    let mut objects = given("newsletter", 3);
    objects.objections.insert(news.clone(), RowId::from_bytes([2; 16]));
    assert_eq!(ask(&policy, &objects), Err("policy.objected"), "whatever the basis");
    // Consent to one purpose is none to another.
    let (account, support) = (Name::fixed("account"), Name::fixed("support"));
    assert!(policy.ask(&account, &support, &names([]), &objects).is_ok());
}

#[test]
fn a_later_purpose_is_for_those_who_were_told() {
    let policy = BASE.replace("version = 1\n", "version = 5\n");
    let policy = parsed(&policy.replace("marketing = true", "marketing = true\nsince = 5"));
    let (news, role) = (Name::fixed("newsletter"), Name::fixed("news"));
    let record = RowId::from_bytes([1; 16]);
    let given = Consented { text: Name::fixed("newsletter"), version: 3, record };
    let mut stance = Stance { consents: [(news.clone(), given)].into(), ..Stance::default() };
    let ask = |stance: &Stance| {
        policy.ask(&news, &role, &names([]), stance).map_err(|refusal| refusal.code().name)
    };
    assert_eq!(ask(&stance), Err("policy.not_informed"));
    for (version, expected) in [(4, false), (5, true), (6, true)] {
        let at = crate::Timestamp::from_micros(0);
        stance.told = Some(Told { version, at, how: Name::fixed("e-mail") });
        assert_eq!(ask(&stance).is_ok(), expected, "{version}");
    }
}
