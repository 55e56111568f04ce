//! Cases of consents and of purposes that came later, in the form of `cases`.

use super::{BASE, edited, problems};

/// Code, path of the problem, what is replaced, by what.
pub(super) const CASES: &[(&str, &str, &str, &str)] = &[
    (
        "wrong_type",
        "records.requests",
        "{ keep = \"2 years\", purposes = [\"security\"] }",
        "\"2 years\"",
    ),
    ("missing_key", "records", "staff = { keep = \"62 months\", purposes = [\"security\"] }", ""),
    ("missing_key", "records.staff", "62 months\", purposes = [\"security\"] }", "62 months\" }"),
    ("missing_key", "staff", "grants = \"required\"", ""),
    ("bad_value", "staff.grants", "grants = \"required\"", "grants = \"perhaps\""),
    ("missing_key", "staff", "notice = \"We keep who you are and what you may do.\"", ""),
    ("undeclared", "staff.except[0]", "except = [\"news\"]", "except = [\"newz\"]"),
    ("missing_key", "records", "consents = { keep = \"60 months\" }", ""),
    (
        "missing_key",
        "records",
        "objections = { keep = \"61 months\", purposes = [\"security\"] }",
        "",
    ),
    ("missing_key", "records.holds", "30 months\", purposes = [\"security\"] }", "30 months\" }"),
    (
        "missing_key",
        "records.restrictions",
        "42 months\", purposes = [\"security\"] }",
        "42 months\" }",
    ),
    (
        "missing_key",
        "records.objections",
        "61 months\", purposes = [\"security\"] }",
        "61 months\" }",
    ),
    (
        "warning_unsent",
        "classes.account.retention[0].warn_before",
        "warn_for = \"account\"",
        "warn_for = \"billing\"",
    ),
    ("warning_unsent", "classes.account.retention[0].warn_before", "warn_for = \"account\"", ""),
    (
        "warning_unsent",
        "classes.account.retention[0].warn_before",
        "warn_for = \"account\"",
        "warn_for = \"security\"",
    ),
    (
        "warning_unsent",
        "classes.account.retention[0].warn_before",
        "warn_for = \"account\"",
        "warn_for = \"newsletter\"",
    ),
    (
        "warning_unsent",
        "classes.account.retention[0].warn_before",
        "basis = \"contract\"\nitems = [\"email\", \"password\"]",
        "basis = \"contract\"\nif = \"paid offer\"\nitems = [\"email\", \"password\"]",
    ),
    (
        "warning_unsent",
        "classes.account.retention[0].warn_before",
        "outbox = { keep = \"63 months\" }",
        "outbox = { keep = \"31 days\" }",
    ),
    (
        "account_unwarned",
        "classes.billing.retention[0].warn_before",
        "law = \"vat\"\narchive = true",
        "law = \"vat\"\narchive = true\nwarn_before = \"2 months\"",
    ),
    (
        "account_unwarned",
        "classes.billing.retention[0].warn_before",
        "warn_before = \"1 month\"\n\n[classes.billing]\nitems = [\"company\", \"iban_tail\"]\nclock = { open = \"not started\", closed = \"closed\" }\nkey = \"subject\"\n\n[[classes.billing.retention]]",
        "\n[classes.billing]\nitems = [\"company\", \"iban_tail\"]\nclock = { open = \"not started\", closed = \"closed\" }\nkey = \"subject\"\n\n[[classes.billing.retention]]\nwarn_before = \"1 month\"",
    ),
    ("undeclared", "sweep.warn_for", "warn_for = \"account\"", "warn_for = \"nobody\""),
    ("missing_key", "records", "outbox = { keep = \"63 months\" }", ""),
    // Invoices are kept because a law asks for them; debits are optional, and somebody reads them.
    (
        "missing_key",
        "records.invoices",
        "outbox = { keep = \"63 months\" }",
        "outbox = { keep = \"63 months\" }\ninvoices = { keep = \"5 years\", purposes = [\"security\"] }",
    ),
    (
        "missing_key",
        "records.debits",
        "outbox = { keep = \"63 months\" }",
        "outbox = { keep = \"63 months\" }\ndebits = { keep = \"5 years\" }",
    ),
    (
        "missing_key",
        "records",
        "breaches = { keep = \"64 months\", purposes = [\"security\"] }",
        "",
    ),
    (
        "missing_key",
        "records",
        "breach_people = { keep = \"12 months\", purposes = [\"security\"] }",
        "",
    ),
    (
        "missing_key",
        "records.breaches",
        "64 months\", purposes = [\"security\"] }",
        "64 months\" }",
    ),
    (
        "missing_key",
        "breach",
        "[breach.letters]\npurpose = \"security\"\nsecond_approver = true\n",
        "",
    ),
    (
        "missing_key",
        "breach.letters",
        "purpose = \"security\"\nsecond_approver = true",
        "second_approver = true",
    ),
    (
        "undeclared",
        "breach.letters.purpose",
        "purpose = \"security\"\nsecond_approver",
        "purpose = \"nobody\"\nsecond_approver",
    ),
    (
        "breach_unsent",
        "breach.letters.purpose",
        "purpose = \"security\"\nsecond_approver",
        "purpose = \"billing\"\nsecond_approver",
    ),
    (
        "consent_not_needed",
        "consents.more.purpose",
        "[consents.newsletter]",
        "[consents.more]\npurpose = \"account\"\nversion = 4\ntext = \"Yes.\"\n\n[consents.newsletter]",
    ),
    ("undeclared", "consents.newsletter.purpose", "purpose = \"newsletter\"", "purpose = \"news\""),
    ("missing_key", "consents.newsletter", "purpose = \"newsletter\"", ""),
    ("missing_key", "consents.newsletter", "text = \"Send me news.\"", ""),
    ("bad_value", "consents.newsletter.oldest_valid", "oldest_valid = 2", "oldest_valid = 4"),
    ("bad_value", "consents.newsletter.version", "version = 3", "version = 0"),
    ("bad_value", "purposes.newsletter.since", "marketing = true", "marketing = true\nsince = 2"),
    ("bad_value", "purposes.newsletter.since", "marketing = true", "marketing = true\nsince = 1"),
    ("wrong_type", "purposes.newsletter.marketing", "marketing = true", "marketing = 1"),
    (
        "consent_without_text",
        "purposes.security",
        "basis = \"legitimate interests\"\ninterest = \"The security of the service.\"",
        "basis = \"consent\"",
    ),
];

#[test]
fn explicit_consent_is_asked_for_whatever_the_basis() {
    let health = edited(BASE, "user.contact.organization", "user.health_and_medical");
    let condition = |word| edited(&health, "if = \"paid offer\"", &format!("special = \"{word}\""));
    super::parsed(&condition("legal claims"));
    let found = problems(&condition("explicit consent"));
    assert_eq!(found[0].code.name, "policy.consent_without_text", "whatever the basis");
    assert_eq!((found[0].path.as_str(), found.len()), ("purposes.billing", 1));
}

#[test]
fn a_difference_says_what_people_are_told_and_asked_anew() {
    let old = super::parsed(BASE);
    let of = |edits: &[(&str, &str)]| {
        let first = edited(BASE, "version = 1\nlanguages", "version = 2\nlanguages");
        super::parsed(&edits.iter().fold(first, |text, (from, to)| edited(&text, from, to)))
            .diff(&old)
    };
    let named = |list: &std::collections::BTreeSet<crate::Name>, expected: &[&str]| {
        let list: Vec<_> = list.iter().map(crate::Name::as_str).collect();
        assert_eq!(list, expected);
    };
    assert!(of(&[]).is_empty());
    let interest = "interest = \"The security of the service.\"";
    let diff = of(&[(interest, "interest = \"Another one.\"\nsince = 2")]);
    named(&diff.bases_changed, &["security"]);
    named(&diff.since_raised, &["security"]);
    assert!(!diff.is_empty() && diff.marketing_changed.is_empty());
    let diff = of(&[(interest, "interest = \"The security of the service.\"\nmarketing = true")]);
    named(&diff.marketing_changed, &["security"]);
    named(&diff.bases_changed, &[]);
    let diff = of(&[("oldest_valid = 2", "oldest_valid = 3")]);
    named(&diff.consents_asked_anew, &["newsletter"]);
    named(&diff.consents_changed, &["newsletter"]);
    let diff = of(&[("[consents.newsletter]", "[consents.other]")]);
    named(&diff.consents_changed, &["newsletter", "other"]);
    named(&diff.consents_asked_anew, &[]);
    let diff = of(&[("text = \"Send me news.\"", "text = \"Send me more news.\"")]);
    named(&diff.consents_changed, &["newsletter"]);
    named(&diff.purpose_items_changed, &[]);
}
