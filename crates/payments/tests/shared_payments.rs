//! Accounts, mandates and cards on reference data that is not part of the repository.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops where its data is not what it should be"
)]

use std::path::PathBuf;

use chrono::{Datelike, NaiveDate, Weekday};
use tacenda_payments::sepa::target;
use tacenda_payments::{Brand, CardToken, CreditorId, Expiry, Iban, LastFour, MandateReference};

fn shared(path: &str) -> Vec<Vec<String>> {
    let root = std::env::var("TACENDA_SHARED").expect("TACENDA_SHARED names the shared folder");
    let bytes = std::fs::read(PathBuf::from(root).join(path)).expect("the file is there");
    records(&String::from_utf8_lossy(&bytes))
}

/// Records of a CSV file (RFC 4180), header first.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut chars) = (false, text.chars().peekable());
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', true) if chars.peek() == Some(&'"') => field.extend(chars.next()),
            ('"', _) => quoted = !quoted,
            (',', false) => record.push(std::mem::take(&mut field)),
            ('\r', false) => {}
            ('\n', false) => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            (c, _) => field.push(c),
        }
    }
    records
}

fn column(records: &[Vec<String>], name: &str) -> usize {
    records[0].iter().position(|column| column == name).expect("the column is there")
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn every_account_of_the_reference_gets_its_verdict() {
    let cases = shared("data/reference/iban/iban_cases.csv");
    let registry = shared("data/reference/iban/iban_registry.csv");
    let [iban, compact, country, valid, reason, oracle, sepa] =
        ["iban", "compact", "country", "valid", "reason", "stdnum_registry", "sepa_2026"]
            .map(|name| column(&cases, name));
    let registered = |code: &str| registry[1..].iter().any(|row| row[0] == code);
    // Where the source of a case says otherwise than the registry, and how often:
    let (mut unregistered, mut structure, mut national, mut spaces) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for case in &cases[1..] {
        let parsed = Iban::parse(&case[iban]);
        // The oracle knows countries and structures, but not that check digits are 02 to 98.
        let check = case[compact].get(2..4).and_then(|check| check.parse::<u8>().ok());
        let expected = case[oracle] == "1" && check.is_some_and(|c| (2..=98).contains(&c));
        if parsed.is_ok() != expected {
            wrong.push(format!("{}: {}", case[iban], case[reason]));
        }
        match (&parsed, case[valid].as_str()) {
            // Countries that libraries call experimental: no registry, no SEPA.
            (Err(_), "1") if !registered(&case[country]) => unregistered += 1,
            // GB72MIDLA0051539024150: a letter among the digits of the sort code.
            (Err(_), "1") => structure += 1,
            // Written with spaces, which one library does not take.
            (Ok(_), "0") if case[reason] == "has_space" => spaces += 1,
            // Spanish accounts whose national check fails; the standard does not ask for it.
            (Ok(_), "0") => national += i32::from(case[country] == "ES"),
            _ => {}
        }
        if let Ok(parsed) = parsed {
            assert_eq!(parsed.is_sepa(), case[sepa] == "1", "{}", case[iban]);
        }
    }
    assert!(cases.len() > 400 && wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((unregistered, structure, national, spaces), (46, 1, 3, 1));
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn every_country_of_the_registry_is_known() {
    let registry = shared("data/reference/iban/iban_registry.csv");
    let [example, sepa] = ["registry_example", "sepa_2026"].map(|name| column(&registry, name));
    assert_eq!(registry.len(), 90);
    // Three registered examples have wrong check digits.
    let mut wrong = Vec::new();
    for row in registry[1..].iter().filter(|row| !row[example].is_empty()) {
        match Iban::parse(&row[example]) {
            Ok(iban) => assert_eq!(iban.is_sepa(), row[sepa] == "1", "{}", row[0]),
            Err(error) => wrong.push((row[0].as_str(), error.code().to_owned())),
        }
    }
    let checksum = "payments.iban_checksum".to_owned();
    assert_eq!(wrong, ["NI", "RU", "ST"].map(|country| (country, checksum.clone())));
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn every_mandate_reference_gets_its_verdict() {
    let cases = shared("data/reference/mandate/umr_cases.csv");
    assert!(cases.len() > 20);
    for case in &cases[1..] {
        // Without a verdict stand the slashes that are advised against: accepted.
        let expected = case[1] != "0";
        assert_eq!(MandateReference::parse(&case[0]).is_ok(), expected, "{}", case[0]);
    }
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn every_creditor_identifier_gets_its_verdict() {
    let cases = shared("data/reference/creditor_id/creditor_id_cases.csv");
    assert!(cases.len() > 80);
    let mut wrong = Vec::new();
    for case in &cases[1..] {
        let [text, compact, valid] =
            ["creditor_id", "compact", "valid"].map(|name| &case[column(&cases, name)]);
        // The reference leaves some signs in its compact form.
        let compact: String = compact.chars().filter(char::is_ascii_alphanumeric).collect();
        match CreditorId::parse(text) {
            Ok(read) if valid == "1" && read.expose() == compact => {}
            Err(_) if valid == "0" => {}
            read => wrong.push(format!("{text}: {:?}", read.map(|_| ()))),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn target_is_closed_on_the_days_of_the_reference() {
    let holidays = shared("data/reference/holidays/public_holidays.csv");
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").expect("a day");
    let closed: Vec<NaiveDate> = holidays[1..]
        .iter()
        .filter(|row| row.iter().any(|field| field.contains("TARGET")))
        .map(|row| day(&row[column(&holidays, "date")]))
        .collect();
    assert!(closed.len() > 40);
    let (first, last) = (closed.iter().min(), closed.iter().max());
    let (first, last) = (first.expect("a first"), last.expect("a last"));
    let ends = (first.year(), last.year());
    let from = NaiveDate::from_ymd_opt(ends.0, 1, 1).expect("a day");
    for day in from.iter_days().take_while(|day| day.year() <= ends.1) {
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        assert_eq!(target::is_open(day), !weekend && !closed.contains(&day), "{day}");
    }
}

/// The payment field that is refused first, in the order of the columns.
fn refused(header: &[Vec<String>], row: &[String]) -> Option<&'static str> {
    let field = |name| row[column(header, name)].as_str();
    let payment = field("payment");
    let card = payment == "card";
    let sepa = payment == "sepa";
    let day = |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok();
    [
        ("card_token", card && CardToken::parse(field("card_token")).is_err()),
        ("card_brand", card && Brand::parse(field("card_brand")).is_err()),
        ("card_last4", card && LastFour::parse(field("card_last4")).is_err()),
        ("card_expiry", card && Expiry::parse(field("card_expiry")).is_err()),
        ("iban", sepa && Iban::parse(field("iban")).and_then(|i| i.require_sepa()).is_err()),
        ("mandate_reference", sepa && MandateReference::parse(field("mandate_reference")).is_err()),
        ("mandate_signed_on", sepa && !day(field("mandate_signed_on"))),
    ]
    .into_iter()
    .find_map(|(name, wrong)| wrong.then_some(name))
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn payment_fields_of_customers_get_their_verdicts() {
    let clean = shared("data/customers.csv");
    for (n, row) in clean.iter().enumerate().skip(1) {
        assert_eq!(refused(&clean, row), None, "record {n}");
    }
    let dirty = shared("data/customers-dirty.csv");
    let expected = shared("data/customers-dirty.expected.csv");
    for n in 25..=45 {
        let (number, field) = (&expected[n][0], expected[n][2].as_str());
        assert_eq!(number, &n.to_string());
        let is_payment = ["card_", "iban", "mandate_"].iter().any(|p| field.starts_with(p));
        assert_eq!(refused(&dirty, &dirty[n]), is_payment.then_some(field), "record {n}");
    }
}
