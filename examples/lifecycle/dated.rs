//! The dates of the records that ship with the example.

use tacenda::Timestamp;
use tacenda::core::clock::Span;

/// The day of which the records are, in days since 1970: 1 November 2026.
const SHIPPED_ON: i64 = 20_758;

/// Records as if they had been written on the day on which the log began: otherwise most of them would
/// be due one day, and all in the end. A second run over the same store sees the same file.
pub(crate) fn dated(text: &str, began: Timestamp) -> String {
    let past = began.as_micros().div_euclid(Span::days(1).as_micros()) - SHIPPED_ON;
    let field = |field: &str| {
        let time = if field.len() == 10 { format!("{field}T00:00:00Z") } else { field.to_owned() };
        // What is no time, or a wrong one, stays as it is.
        Timestamp::parse_rfc3339(&time).map_or_else(
            |_| field.to_owned(),
            |at| at.plus(Span::days(past)).to_string().chars().take(field.len()).collect(),
        )
    };
    let line = |line: &str| line.split(',').map(field).collect::<Vec<_>>().join(",");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
