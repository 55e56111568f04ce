//! Typed values against the reference data that is not part of this repository.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use tacenda_core::pii::{
    Address, City, CompanyName, Country, Email, PersonName, PostalCode, Sha256Digest, VatNumber,
    category,
};

fn rows(path: &str) -> Vec<csv::ByteRecord> {
    let root =
        std::env::var("TACENDA_SHARED").expect("TACENDA_SHARED is the folder of shared data");
    let path = PathBuf::from(root).join("data").join(path);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(&path).expect("the file");
    reader.byte_records().map(|row| row.expect("a row")).collect()
}

fn text(row: &csv::ByteRecord, column: usize) -> &str {
    std::str::from_utf8(&row[column]).expect("UTF-8")
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn vat_numbers_agree_with_two_other_implementations_on_every_row() {
    let rows = rows("reference/vat/vat_cases_consensus_eu.csv");
    assert!(rows.len() > 2_400, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let parsed = VatNumber::parse(text(row, 1));
        let is_person = parsed.as_ref().is_ok_and(VatNumber::is_natural_person_form);
        if parsed.is_ok() != (text(row, 2) == "1") || is_person != (text(row, 4) == "1") {
            wrong.push((text(row, 1), text(row, 3), parsed.err().map(|error| error.code())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The isemail categories VALID, DNSWARN and RFC5321 are what RFC 5321 allows (its columns say
/// `valid_rfc5321`); all else is refused. Of what is allowed these kinds are refused on purpose:
fn is_refused_on_purpose(address: &str, diagnosis: &str) -> Option<&'static str> {
    match diagnosis {
        "ISEMAIL_RFC5321_QUOTEDSTRING" => Some("a quoted local part: no customer has one"),
        "ISEMAIL_RFC5321_ADDRESSLITERAL" => Some("an address literal: no customer has one"),
        "ISEMAIL_RFC5321_TLD" => Some("a domain of one label: not reachable from outside"),
        "ISEMAIL_RFC5321_TLDNUMERIC" => Some("a numeric top-level domain: there is none"),
        "ISEMAIL_VALID" if address == "test@io" => {
            Some("a domain of one label, although it exists")
        }
        _ => None,
    }
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn addresses_agree_with_isemail_but_for_what_is_refused_on_purpose() {
    let (mut storable, mut on_purpose, mut seen) = (0, 0, 0);
    for row in &rows("reference/email/email_cases.csv") {
        if !text(row, 1).starts_with("isemail") {
            continue;
        }
        seen += 1;
        let (address, category, diagnosis) = (text(row, 0), text(row, 2), text(row, 3));
        let allowed =
            matches!(category, "ISEMAIL_VALID_CATEGORY" | "ISEMAIL_DNSWARN" | "ISEMAIL_RFC5321");
        let reason = is_refused_on_purpose(address, diagnosis);
        let expected = allowed && reason.is_none();
        // white space around an address is folding white space to isemail, and trimmed here
        let blank = address.trim_matches(' ') != address && !address.contains(['\r', '\n']);
        let trimmed = category == "ISEMAIL_CFWS" && blank;
        let parsed = Email::parse(address);
        assert_eq!(parsed.is_ok(), expected || trimmed, "{address:?} {diagnosis}: {parsed:?}");
        storable += usize::from(allowed);
        on_purpose += usize::from(allowed && reason.is_some());
    }
    assert_eq!((seen, storable, on_purpose), (164, 38, 17));
}

const QUOTED: &str = "a quoted local part: no customer has one";
const NAMED: &str = "a mailbox with a display name is not an address";
const HYPHENS: &str = "hyphens in the third and fourth place are left to registries";
const SPECIAL_USE: &str = "a special-use domain is a domain, as `.example` is";

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn addresses_agree_with_two_other_validators_but_for_what_is_listed() {
    // what those validators take and we do not, or the other way round, each with its reason
    let other_way: &[(&str, &str)] = &[
        ("\"quoted local part\"@example.org", QUOTED),
        ("\"de-quoted.local.part\"@example.org", QUOTED),
        ("\"unnecessary.escaped.\\x.local.part\"@example.org", QUOTED),
        ("\"escaped.quote.\\\".local.part\"@example.org", QUOTED),
        ("\"foobar\"@example.com", QUOTED),
        ("\"  foo  m端ller \"@example.com", QUOTED),
        ("\"foo\\@bar\"@example.com", QUOTED),
        ("MyName <me@example.org>", NAMED),
        ("My Name <me@example.org>", NAMED),
        ("\"My.\\\"Na\\\\me\\\".Is\" <\"me \\\" \\\\ me\"@example.org>", NAMED),
        ("\"s\u{323}\u{307}\" <s\u{323}\u{307}@nfc.tld>", NAMED),
        ("＠@fullwidth.at", "a full-width at sign may become one in a mail server"),
        ("me@bad.tld-2", "which top-level domains exist is not checked"),
        ("me@yy--0.tld", HYPHENS),
        ("me@yy－－0.tld", HYPHENS),
        ("me@anything.arpa", SPECIAL_USE),
        ("me@valid.invalid", SPECIAL_USE),
        ("me@link.local", SPECIAL_USE),
        ("me@host.localhost", SPECIAL_USE),
        ("me@onion.onion.onion", SPECIAL_USE),
        ("me@test.test.test", SPECIAL_USE),
        ("somename@ｇｍａｉｌ.com", "UTS #46 maps full-width letters of a domain to ASCII"),
        ("username@domain.com©", "UTS #46 takes symbols, which IDNA 2008 does not"),
        ("z@co.c", "labels have no least length (isemail takes `test@iana.a`)"),
    ];
    let mut unlisted = Vec::new();
    let mut used = 0;
    for row in &rows("reference/email/email_cases.csv") {
        let (address, category) = (text(row, 0), text(row, 2));
        if category != "valid" && category != "invalid" {
            continue;
        }
        let differs = Email::parse(address).is_ok() != (category == "valid");
        let listed = other_way.iter().any(|(known, _)| *known == address);
        used += usize::from(differs && listed);
        if differs != listed {
            unlisted.push((address.to_owned(), category.to_owned()));
        }
    }
    assert!(unlisted.is_empty(), "{unlisted:#?}");
    assert!(used >= other_way.len(), "a listed address is not in the file");
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn every_customer_of_the_clean_file_parses() {
    let rows = rows("customers.csv");
    assert_eq!(rows.len(), 5_000);
    for row in &rows {
        Email::parse(text(row, 0)).expect("email");
        Sha256Digest::parse(text(row, 1)).expect("digest");
        let optional = |column: usize, parse: fn(&str) -> bool| {
            let value = text(row, column);
            assert!(value.is_empty() || parse(value), "column {column}: {value:?}");
        };
        optional(2, |text| CompanyName::parse(text).is_ok());
        optional(3, |text| PersonName::parse(text).is_ok());
        optional(4, |text| PersonName::parse(text).is_ok());
        optional(5, |text| Address::parse(text).is_ok());
        optional(6, |text| PostalCode::parse(text).is_ok());
        optional(7, |text| City::parse(text).is_ok());
        optional(8, |text| Country::parse(text).is_ok());
        optional(9, |text| VatNumber::parse(text).is_ok());
    }
}

/// The first field that its type refuses. What no type can find alone is left out: duplicates (rows
/// 12 and 15), a missing country (19) and card numbers in text (25 to 29), which the guard finds.
fn first_refused(row: &csv::ByteRecord) -> &'static str {
    let present = |column: usize| !row[column].is_empty();
    let checks: [(&'static str, bool); 10] = [
        ("email", Email::parse(text(row, 0)).is_ok()),
        ("password_sha256", Sha256Digest::parse(text(row, 1)).is_ok()),
        ("company", !present(2) || CompanyName::parse(text(row, 2)).is_ok()),
        ("first_name", !present(3) || PersonName::parse(text(row, 3)).is_ok()),
        ("last_name", !present(4) || PersonName::parse(text(row, 4)).is_ok()),
        ("address", !present(5) || Address::parse(text(row, 5)).is_ok()),
        ("postal_code", !present(6) || PostalCode::parse(text(row, 6)).is_ok()),
        ("city", !present(7) || City::parse(text(row, 7)).is_ok()),
        ("country", !present(8) || Country::parse(text(row, 8)).is_ok()),
        ("vat_number", !present(9) || VatNumber::parse(text(row, 9)).is_ok()),
    ];
    checks.iter().find(|(_, holds)| !holds).map_or("", |(field, _)| field)
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn dirty_rows_are_refused_at_the_field_that_is_wrong() {
    let rows = rows("customers-dirty.csv");
    let expected = self::rows("customers-dirty.expected.csv");
    let mut checked = 0;
    for (record, (row, verdict)) in (1..).zip(rows.iter().zip(&expected)) {
        if !matches!(record, 1..=24 | 46..=47 | 52..=59) || matches!(record, 12 | 15 | 19) {
            continue;
        }
        assert_eq!(first_refused(row), text(verdict, 2), "record {record}");
        checked += 1;
    }
    assert_eq!(checked, 31);
    let normal = |record: usize| Email::parse(text(&rows[record - 1], 0)).expect("email");
    assert_eq!(normal(11).normal(), normal(12).normal());
    assert_eq!(normal(14).normal(), normal(15).normal());
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn the_categories_are_those_of_fideslang() {
    let mut keys: Vec<String> = rows("reference/fideslang/data_categories.csv")
        .iter()
        .map(|row| text(row, 0).to_owned())
        .filter(|key| key != "data_category")
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, category::CATEGORIES);
}
