//! Tests of the whole room.

use super::{Policy, Problem};

mod answers;
mod cases;
mod consents;
mod digests;
mod files;
mod laws;

/// The example that ships with the project.
const EXAMPLE: &str = include_str!("../../../../../examples/glpi-network-cloud/privacy.toml");
/// A small policy that has every section but joint controllers and a representative.
const BASE: &str = include_str!("base.toml");

fn parsed(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn problems(text: &str) -> Vec<Problem> {
    Policy::parse(text).expect_err("this file has problems").problems().to_vec()
}

/// A text with one place, which must be there exactly once, replaced.
fn edited(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}
