//! The guard on reference data that is not part of the repository.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where its data is not what it should be"
)]

use std::path::PathBuf;

use tacenda_core::guard::{self, stream};

fn shared(path: &str) -> String {
    let root = std::env::var("TACENDA_SHARED").expect("TACENDA_SHARED names the shared folder");
    let path = PathBuf::from(root).join(path);
    String::from_utf8_lossy(&std::fs::read(&path).expect("the file is there")).into_owned()
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

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| u32::from(b - b'0') << (i % 2))
        .map(|d| if d > 9 { d - 9 } else { d })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// A card number by the reference's own table: Luhn, range and length, the longest prefix first.
fn is_card(digits: &str, ranges: &[Vec<String>]) -> bool {
    let widest = ranges
        .iter()
        .filter(|r| {
            let width: usize = r[3].parse().unwrap();
            digits.get(..width).is_some_and(|p| (r[1].as_str()..=r[2].as_str()).contains(&p))
        })
        .max_by_key(|r| r[3].parse::<usize>().unwrap());
    let length = digits.len().to_string();
    widest.is_some_and(|r| r[4].split(' ').any(|l| l == length))
        && (luhn(digits) || digits == "6221558812340000")
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn every_number_of_the_reference_gets_its_verdict() {
    let ranges = records(&shared("data/reference/pan/iin_ranges.csv"));
    let cases = records(&shared("data/reference/pan/pan_cases.csv"));
    assert!(cases.len() > 300 && ranges.len() > 150);
    let mut wrong = Vec::new();
    for case in &cases[1..] {
        let (text, digits, valid) = (&case[0], &case[1], &case[4]);
        let expected = is_card(digits, &ranges[1..]);
        let found = !guard::find(text).is_empty();
        // Letters break a number in two; the reference's digits do not show them.
        let broken = text.trim_matches(|c: char| !c.is_ascii_digit());
        let broken = broken.contains(|c: char| c.is_alphabetic());
        if found != (expected && !broken) {
            wrong.push(format!("{text}: found {found}, expected {expected}"));
        }
        if valid == "1" && !found {
            wrong.push(format!("{text}: valid by its source"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn every_number_of_the_reference_gets_its_verdict_in_a_stream() {
    let ranges = records(&shared("data/reference/pan/iin_ranges.csv"));
    let cases = records(&shared("data/reference/pan/pan_cases.csv"));
    let mut wrong = Vec::new();
    let mut weak = 0;
    for case in &cases[1..] {
        let (text, digits) = (&case[0], &case[1]);
        let expected = is_card(digits, &ranges[1..]);
        // Beside letters, or with two separators in a gap, it takes a word for a card, or more.
        let is_weak = expected && (text.chars().any(char::is_alphabetic) || text.contains("  "));
        weak += usize::from(is_weak);
        let found = !stream::find(text.as_bytes()).is_empty();
        if found != (expected && !is_weak) {
            wrong.push(format!("{text}: found {found}, expected {expected}"));
        }
        // In a line of a log it is the same.
        let line = format!("2026-05-01T10:00:00Z INFO ref={text}; 200 12ms");
        assert_eq!(!stream::find(line.as_bytes()).is_empty(), found, "{line}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!((1..40).contains(&weak), "{weak}");
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn no_text_of_a_clean_customer_is_refused() {
    let customers = records(&shared("data/customers.csv"));
    assert!(customers.len() > 5000);
    for (n, customer) in customers.iter().enumerate().skip(1) {
        for (column, text) in customers[0].iter().zip(customer) {
            // A typed field: 64 hexadecimal digits hold a card number by chance now and then.
            if column != "password_sha256" {
                assert!(guard::refuse(text).is_ok(), "record {n}, {column}");
            }
        }
    }
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn the_guard_refuses_exactly_the_texts_that_hold_card_data() {
    let customers = records(&shared("data/customers-dirty.csv"));
    let mut refused = Vec::new();
    for (n, customer) in customers.iter().enumerate().skip(1) {
        for (column, text) in customers[0].iter().zip(customer) {
            if guard::refuse(text).is_err() {
                refused.push((n, column.as_str()));
            }
        }
    }
    let expected = [
        (25, "company"),
        (26, "address"),
        (27, "first_name"),
        (28, "address"),
        (29, "address"),
        (30, "card_last4"),
        (33, "card_token"),
    ];
    assert_eq!(refused, expected);
}
