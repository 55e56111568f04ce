//! Webhooks in `vectors/webhook`, each with its verdict.
#![expect(clippy::expect_used, reason = "a test stops where a vector is not what it should be")]

use std::path::Path;

use tacenda_core::clock::{Span, Timestamp};
use tacenda_payments::stripe::{EndpointSecret, Webhook};

struct Case(Vec<(String, String)>);

impl Case {
    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn one(&self, name: &str) -> &str {
        self.all(name).next().expect("a line of that name")
    }

    fn seconds(&self, name: &str) -> i64 {
        self.one(name).parse().expect("a number")
    }
}

fn read(path: &Path) -> Case {
    let text = std::fs::read_to_string(path).expect("a vector");
    let lines = text.lines().map(|line| {
        let (name, value) = line.split_once(':').expect("a name and a value");
        (name.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned())
    });
    Case(lines.collect())
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()).expect("hexadecimal"))
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect()
}

#[test]
fn every_vector_gets_its_verdict() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/webhook");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("a file").path();
        let case = read(&path);
        let secrets = case.all("secret").map(|text| EndpointSecret::parse(text).expect("a secret"));
        let endpoint = Webhook::new(secrets).expect("an endpoint");
        let endpoint = endpoint.tolerance(Span::seconds(case.seconds("tolerance")));
        let endpoint = match case.all("limit").next() {
            Some(limit) => endpoint.max_body(limit.parse().expect("a number")),
            None => endpoint,
        };
        let now = Timestamp::from_micros(case.seconds("now") * 1_000_000);
        let verdict = endpoint.verify(case.one("header"), &unhex(case.one("body")), now);
        let said = verdict.map_or_else(|error| error.code(), |_| "ok").to_owned();
        assert_eq!(said, case.one("expect"), "{}", path.display());
        count += 1;
    }
    assert_eq!(count, 27);
}
