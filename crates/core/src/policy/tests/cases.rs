//! One case for every code: what is edited in the small policy, and the problem that comes of it.

use std::collections::BTreeSet;

use super::{BASE, edited, problems};
use crate::error::Kind;
use crate::policy::CODES;

const RECORDS: &str = "[records]\nrequests = { keep = \"2 years\", purposes = [\"security\"] }\n\
    holds = { keep = \"30 months\", purposes = [\"security\"] }\n\
    restrictions = { keep = \"42 months\", purposes = [\"security\"] }\n\
    consents = { keep = \"60 months\" }\n\
    objections = { keep = \"61 months\", purposes = [\"security\"] }\n\
    staff = { keep = \"62 months\", purposes = [\"security\"] }\n\
    outbox = { keep = \"63 months\" }\n\
    breaches = { keep = \"64 months\", purposes = [\"security\"] }\n\
    breach_people = { keep = \"12 months\", purposes = [\"security\"] }\n";

/// Code, path of the problem, what is replaced, by what.
const CASES: &[(&str, &str, &str, &str)] = &[
    ("syntax", "", "version = 1", "version = one"),
    (
        "unknown_key",
        "purposes.account.itmes",
        "basis = \"contract\"",
        "basis = \"contract\"\nitmes = 1",
    ),
    (
        "missing_key",
        "processors.bank",
        "legal_name = \"Bank S.A.\"\ncountry = \"PL\"",
        "legal_name = \"Bank S.A.\"",
    ),
    (
        "missing_key",
        "",
        "[passwords]\nmemory_kib = 19456\npasses = 2\nlanes = 1\nlegacy = \"none\"",
        "",
    ),
    ("missing_key", "", "[payments]\niban = \"provider\"\nprovider = \"bank\"", ""),
    ("missing_key", "items.company", "about = \"organisation\"", ""),
    ("missing_key", "processors.bank", "discloses = [\"iban_tail\"]", ""),
    ("wrong_type", "backups.keep", "keep = \"30 days\"", "keep = 30"),
    ("wrong_type", "purposes.security.items[1]", "items = [\"email\"]", "items = [\"email\", 1]"),
    (
        "wrong_type",
        "dpo",
        "[dpo]\nname = \"Data Protection Officer\"\nemail = \"dpo@example.org\"",
        "[[dpo]]",
    ),
    ("bad_value", "version", "version = 1", "version = 0"),
    ("bad_value", "languages[0]", "languages = [\"en\"]", "languages = [\"english\"]"),
    ("bad_value", "time_zone", "Europe/Warsaw", ""),
    ("bad_value", "time_zone", "Europe/Warsaw", "Warsaw time"),
    ("bad_value", "financial_year_end", "06-30", "02-30"),
    ("bad_value", "log.origin", "example.org/log", "https://example.org/log"),
    ("bad_value", "log.origin", "example.org/log", "example.org/a log"),
    ("bad_value", "log.origin", "example.org/log", "example.org/a+log"),
    ("bad_value", "sweep.max_share", "12.5 %", "0 %"),
    ("bad_value", "sweep.max_share", "12.5 %", "100.1 %"),
    ("bad_value", "sweep.batch", "batch = 500", "batch = 0"),
    ("bad_value", "items.company.type", "type = \"company\"", "type = \"card number\""),
    ("bad_value", "items.email.category", "user.contact.email", "E-mail"),
    ("bad_value", "classes.billing.retention[0].keep", "5 years", "5 year"),
    ("bad_value", "controller.country", "country = \"PL\"\nemail", "country = \"Poland\"\nemail"),
    ("bad_value", "dpo.email", "dpo@example.org", "dpo"),
    (
        "bad_value",
        "roles.support.purposes",
        "[roles.support]\npurposes = [\"account\"]",
        "[roles.support]\npurposes = []",
    ),
    ("bad_value", "purposes.security.items", "items = [\"email\"]", "items = []"),
    ("bad_value", "roles.Support", "[roles.support]", "[roles.Support]"),
    ("bad_value", "controller.name", "Example sp. z o.o.", " "),
    (
        "bad_value",
        "items.company.required_with",
        "about = \"organisation\"",
        "about = \"organisation\"\nrequired_with = [\"company\"]",
    ),
    (
        "duplicate",
        "purposes.account.items[2]",
        "items = [\"email\", \"password\"]\n\n[purposes.billing]",
        "items = [\"email\", \"password\", \"email\"]\n\n[purposes.billing]",
    ),
    ("undeclared", "purposes.security.items[0]", "items = [\"email\"]", "items = [\"emial\"]"),
    (
        "undeclared",
        "processors.bank.discloses[0]",
        "discloses = [\"iban_tail\"]",
        "discloses = [\"iban\"]",
    ),
    ("undeclared", "purposes.billing.if", "if = \"paid offer\"", "if = \"free offer\""),
    (
        "undeclared",
        "roles.support.purposes[0]",
        "purposes = [\"account\"]",
        "purposes = [\"accounts\"]",
    ),
    ("undeclared", "backups.processor", "processor = \"bank\"", "processor = \"baker\""),
    (
        "undeclared",
        "classes.billing.retention[0].law",
        "law = \"vat\"\narchive",
        "law = \"tax\"\narchive",
    ),
    (
        "undeclared",
        "purposes.account.activity",
        "activity = \"accounts\"\ndescription = \"Keeping",
        "activity = \"account\"\ndescription = \"Keeping",
    ),
    (
        "item_in_two_classes",
        "classes.billing.items[2]",
        "items = [\"company\", \"iban_tail\"]\nclock",
        "items = [\"company\", \"iban_tail\", \"email\"]\nclock",
    ),
    (
        "item_without_class",
        "items.company",
        "items = [\"company\", \"iban_tail\"]\nclock",
        "items = [\"iban_tail\"]\nclock",
    ),
    (
        "item_without_purpose",
        "items.company",
        "items = [\"company\", \"iban_tail\"]\narchive_of",
        "items = [\"iban_tail\"]\narchive_of",
    ),
    ("no_identifier", "items", "unique = true", ""),
    (
        "two_identifiers",
        "items.email",
        "type = \"company\"",
        "type = \"email\"\nunique = true\nrequired = true",
    ),
    ("weak_identifier", "items.email", "required = true\n", ""),
    (
        "weak_identifier",
        "classes.account.key",
        "closed = \"closed\" }\nkey = \"subject\"\n\n[[classes.account",
        "closed = \"closed\" }\nkey = \"year\"\n\n[[classes.account",
    ),
    (
        "two_passwords",
        "items.password",
        "type = \"company\"\ncategory = \"user.contact.organization\"\nabout = \"organisation\"",
        "type = \"password\"\ncategory = \"user.contact.organization\"\nabout = \"person\"",
    ),
    (
        "bad_password_item",
        "items.password",
        "type = \"password\"",
        "type = \"password\"\nunique = true",
    ),
    (
        "class_without_items",
        "classes.empty",
        "[purposes.account]",
        "[classes.empty]\nitems = []\nclock = { open = \"created\", closed = \"created\" }\nkey = \"year\"\nretention = [{ keep = \"1 day\" }]\n\n[purposes.account]",
    ),
    (
        "class_without_retention",
        "classes.account",
        "[[classes.account.retention]]\nkeep = \"3 years\"\nwarn_before = \"1 month\"",
        "",
    ),
    (
        "class_never_due",
        "classes.account.clock.closed",
        "open = \"last login\", closed = \"closed\"",
        "open = \"last login\", closed = \"not started\"",
    ),
    ("bad_anchor", "classes.account.clock.open", "open = \"last login\"", "open = \"closed\""),
    (
        "archive_without_law",
        "classes.account.retention[0]",
        "warn_before = \"1 month\"",
        "archive = true",
    ),
    ("archive_without_purpose", "classes.billing.retention[0]", "archive_of = [\"vat\"]", ""),
    ("archive_without_class", "purposes.billing.archive_of", "archive = true", ""),
    (
        "warning_too_early",
        "classes.account.retention[0].warn_before",
        "warn_before = \"1 month\"",
        "warn_before = \"36 months\"",
    ),
    (
        "bad_basis",
        "purposes.billing",
        "basis = \"legal obligation\"\nlaw = \"vat\"",
        "basis = \"legal obligation\"",
    ),
    ("bad_basis", "purposes.billing.law", "basis = \"legal obligation\"", "basis = \"contract\""),
    ("bad_basis", "purposes.security", "interest = \"The security of the service.\"", ""),
    (
        "bad_basis",
        "purposes.account.interest",
        "basis = \"contract\"",
        "basis = \"contract\"\ninterest = \"Ours.\"",
    ),
    (
        "special_category",
        "purposes.billing.items",
        "user.contact.organization",
        "user.health_and_medical.genetic",
    ),
    (
        "special_category",
        "purposes.billing.items",
        "user.contact.organization",
        "user.criminal_history",
    ),
    ("special_category", "items.company.category", "user.contact.organization", "user.demographic"),
    (
        "bad_value",
        "laws.vat.country",
        "Art. 112\", country = \"PL\"",
        "Art. 112\", country = \"UK\"",
    ),
    (
        "special_category",
        "purposes.account.special",
        "basis = \"contract\"",
        "basis = \"contract\"\nspecial = \"legal claims\"",
    ),
    (
        "special_category",
        "purposes.account.criminal",
        "basis = \"contract\"",
        "basis = \"contract\"\ncriminal = \"official authority\"",
    ),
    (
        "joint_controllers",
        "activities.accounts.role",
        "[activities.accounts]\nrole = \"controller\"",
        "[activities.accounts]\nrole = \"joint controller\"",
    ),
    (
        "joint_controllers",
        "joint_controllers",
        "[dpo]",
        "[[joint_controllers]]\nname = \"A\"\naddress = \"B\"\ncountry = \"DE\"\nemail = \"a@example.org\"\n\n[dpo]",
    ),
    (
        "representative",
        "representative",
        "[dpo]",
        "[representative]\nname = \"A\"\naddress = \"B\"\ncountry = \"DE\"\nemail = \"a@example.org\"\n\n[dpo]",
    ),
    (
        "bad_audience",
        "audience.minimum_age",
        "children = false",
        "children = false\nminimum_age = 16",
    ),
    (
        "bad_audience",
        "audience.minimum_age",
        "children = false",
        "children = true\nminimum_age = 18",
    ),
    (
        "transfer",
        "processors.bank.transfer",
        "locations = [\"PL\"]",
        "locations = [\"PL\", \"US\"]",
    ),
    (
        "transfer",
        "processors.bank.transfer",
        "transfer = \"none\"",
        "transfer = \"adequacy decision\"",
    ),
    ("disclosure_without_purpose", "processors.bank.discloses", "purposes = [\"billing\"]", ""),
    (
        "disclosure_without_purpose",
        "processors.bank.discloses",
        "discloses = [\"iban_tail\"]",
        "discloses = [\"iban_tail\", \"email\"]",
    ),
    ("bad_backups", "backups.keep", "every = \"1 day\"", "every = \"2 months\""),
    (
        "bad_backups",
        "backups.country",
        "processor = \"bank\"\ncountry = \"PL\"",
        "processor = \"bank\"\ncountry = \"DE\"",
    ),
    ("password_cost", "passwords.memory_kib", "memory_kib = 19456", "memory_kib = 19455"),
    ("password_cost", "passwords.memory_kib", "passes = 2", "passes = 1"),
    ("password_cost", "passwords.memory_kib", "memory_kib = 19456", "memory_kib = 4194305"),
    ("password_cost", "passwords.memory_kib", "passes = 2", "passes = 65"),
    ("bad_payments", "items.iban_tail", "type = \"IBAN tail\"", "type = \"IBAN\""),
    ("bad_payments", "payments.iban", "iban = \"provider\"", "iban = \"sealed\""),
    (
        "bad_payments",
        "payments.iban",
        "iban = \"provider\"\nprovider = \"bank\"",
        "iban = \"provider\"",
    ),
    ("bad_authority", "breach.authority", "[breach]\n", "[breach]\nauthority = \"fr-cnil\"\n"),
    ("bad_authority", "breach.authority", "[breach]\n", "[breach]\nauthority = \"pl\"\n"),
    ("bad_value", "breach.authority", "[breach]\n", "[breach]\nauthority = \"UODO\"\n"),
    ("bad_value", "breach.clocks[0].within", "\"48 hours\"\ntemplate", "\"2 weeks\"\ntemplate"),
    ("bad_value", "breach.clocks[0].valid_from", "2026-01-01", "2026-02-30"),
    ("bad_value", "breach.clocks[0].role", "role = \"processor\"", "role = \"host\""),
    ("bad_value", "breach.promise.classes", "classes = [\"account\"]", "classes = []"),
    (
        "undeclared",
        "breach.promise.classes[0]",
        "classes = [\"account\"]",
        "classes = [\"acount\"]",
    ),
    ("missing_key", "", RECORDS, ""),
    ("missing_key", "records", "requests = { keep = \"2 years\", purposes = [\"security\"] }", ""),
    ("missing_key", "records.requests", "keep = \"2 years\", purposes", "purposes"),
    ("missing_key", "records.requests", "2 years\", purposes = [\"security\"] }", "2 years\" }"),
    (
        "undeclared",
        "records.requests.purposes[0]",
        "2 years\", purposes = [\"sec",
        "2 years\", purposes = [\"soc",
    ),
    ("missing_key", "records", "holds = { keep = \"30 months\", purposes = [\"security\"] }", ""),
    ("unknown_key", "records.requests.archive", "{ keep = \"2", "{ archive = true, keep = \"2"),
    ("bad_value", "records.requests.keep", "2 years", "2 aeons"),
    ("undeclared", "records.requests.law", "{ keep = \"2", "{ law = \"tax\", keep = \"2"),
    ("wrong_type", "records.requests", "{ keep = \"2 years\", purposes = [\"security\"] }", "1"),
    (
        "duplicate",
        "breach.clocks[1]",
        "[breach.promise]",
        "[[breach.clocks]]\nname = \"contract\"\nrole = \"controller\"\nrecipient = \"authority\"\n\
         threshold = \"risk\"\nsource = \"A law\"\nvalid_from = \"2026-01-01\"\n\n[breach.promise]",
    ),
];

#[test]
fn each_edit_makes_exactly_its_problem() {
    super::parsed(BASE);
    for (code, path, from, to) in CASES.iter().chain(super::consents::CASES) {
        let text = edited(BASE, from, to);
        let found: Vec<_> =
            problems(&text).into_iter().map(|problem| (problem.code.name, problem.path)).collect();
        let expected = vec![(format!("policy.{code}"), (*path).to_owned())];
        let found: Vec<_> = found.into_iter().map(|(code, path)| (code.to_owned(), path)).collect();
        assert_eq!(found, expected, "{from} -> {to}");
    }
}

#[test]
fn edits_of_two_places() {
    let sealed = edited(BASE, "iban = \"provider\"\nprovider = \"bank\"", "iban = \"sealed\"");
    let sealed = edited(&sealed, "type = \"IBAN tail\"", "type = \"IBAN\"");
    assert_eq!(problems(&sealed)[0].code.name, "policy.bad_payments");
    let sealed =
        edited(&sealed, "iban = \"sealed\"", "iban = \"sealed\"\ncreditor = \"PL18ZZZ0123456789\"");
    assert_eq!(super::parsed(&sealed).payments.creditor.as_deref(), Some("PL18ZZZ0123456789"));

    let other =
        "[activities.hosting]\nrole = \"processor\"\ndescription = \"Hosting.\"\n\n[items.email]";
    let hosting = edited(BASE, "[items.email]", other);
    super::parsed(&hosting);
    let from = "activity = \"accounts\"\ndescription = \"Protecting";
    let hosting = edited(&hosting, from, "activity = \"hosting\"\ndescription = \"Protecting");
    let found = problems(&hosting);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code.name, "policy.purpose_of_processor");

    let outside = edited(BASE, "country = \"PL\"\nemail", "country = \"CH\"\nemail");
    super::parsed(&outside);
    let lead = edited(&outside, "[breach]\n", "[breach]\nauthority = \"ch-edoeb\"\n");
    assert_eq!(problems(&lead)[0].code.name, "policy.bad_authority");
    let lead = edited(BASE, "[breach]\n", "[breach]\nauthority = \"pl-uodo\"\n");
    super::parsed(&lead);
    let party = |country| {
        let lines = "[representative]\nname = \"A\"\naddress = \"B\"\nemail = \"a@example.org\"\n";
        edited(&outside, "[dpo]", &format!("{lines}country = \"{country}\"\n\n[dpo]"))
    };
    assert_eq!(super::parsed(&party("DE")).representative.unwrap().country, "DE");
    assert_eq!(problems(&party("GB"))[0].code.name, "policy.representative");
}

#[test]
fn every_code_of_a_file_has_a_case() {
    let all = CASES.iter().chain(super::consents::CASES);
    let mut tested: BTreeSet<_> = all.map(|(code, ..)| format!("policy.{code}")).collect();
    tested.extend(
        ["policy.invalid", "policy.too_large", "policy.purpose_of_processor"].map(String::from),
    );
    tested.extend(super::laws::TESTED.iter().map(|code| (*code).to_owned()));
    let codes = CODES.iter().filter(|code| code.kind == Kind::Configuration);
    let all: BTreeSet<_> = codes.map(|code| code.name.to_owned()).collect();
    assert_eq!(all, tested);
}
