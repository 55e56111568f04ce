//! Due dates as a calendar that others can subscribe to (RFC 5545).
//!
//! It leaves the house, so it tells kinds, stages and numbers of requests, and nothing of a person.

use tacenda_core::{Result, Timestamp};

use super::codes::NOT_IN_FEED;
use super::lists::Line;

/// The most octets of a line, without its end (RFC 5545, 3.1).
const LINE_OCTETS: usize = 75;

/// A calendar of the last days of the open requests among these: an event of a whole day for each.
/// Its name is whatever the caller calls it.
///
/// # Errors
/// [`NOT_IN_FEED`] for a day or a stamp outside the years 0 to 9999, which the format cannot write.
///
/// # Law
/// RFC 5545: 3.4, 3.6.1, 3.8.4.7 (a `UID` that stays the same, so that a moved date moves the event),
/// 3.8.7.2 (`DTSTAMP`: when the feed was made); RFC 7986 for `NAME`.
///
/// # Properties
/// Lines end with CR LF and have at most 75 octets; no character is cut in two.
pub fn feed(name: &str, lines: &[Line], made_at: Timestamp) -> Result<String> {
    let stamp = made_at.to_utc().map(|at| at.format("%Y%m%dT%H%M%SZ").to_string());
    let stamp = stamp.filter(|text| text.len() == 16).ok_or_else(|| NOT_IN_FEED.error())?;
    let mut out = Vec::new();
    let mut put = |property: &str, value: &str| out.push(folded(&format!("{property}:{value}")));
    put("BEGIN", "VCALENDAR");
    put("VERSION", "2.0");
    put("PRODID", "-//Tacenda//Requests//EN");
    put("NAME", &escaped(name));
    put("X-WR-CALNAME", &escaped(name));
    for line in lines.iter().filter(|line| line.stage.is_open()) {
        let day = line.due.format("%Y%m%d").to_string();
        if day.len() != 8 {
            return NOT_IN_FEED.err();
        }
        let summary = format!("Due: {} request {}", line.right.as_str(), line.id);
        put("BEGIN", "VEVENT");
        put("UID", &format!("{}@requests.tacenda.invalid", line.id));
        put("DTSTAMP", &stamp);
        put("DTSTART;VALUE=DATE", &day);
        put("SUMMARY", &escaped(&summary));
        put("DESCRIPTION", &escaped(&format!("{}; {}", line.right.law(), line.stage.as_str())));
        put("CATEGORIES", &escaped(line.right.as_str()));
        // The day stays free for meetings.
        put("TRANSP", "TRANSPARENT");
        put("CLASS", "CONFIDENTIAL");
        put("END", "VEVENT");
    }
    put("END", "VCALENDAR");
    Ok(out.concat())
}

/// A text as a value (RFC 5545, 3.3.11): `\`, `;`, `,` and line breaks are escaped; other control
/// characters but for the tab, which the format does not allow, are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' | '\r' => out.push_str("\\n"),
            '\t' => out.push(c),
            c if c.is_ascii_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A content line with its end, folded where it is longer than 75 octets (RFC 5545, 3.1): the next
/// line begins with a space, which counts.
///
/// # Properties
/// Without every CR LF that a space follows, and without its end, it is the line that was given, if
/// that had no CR LF.
#[must_use]
pub fn folded(line: &str) -> String {
    let mut out = String::with_capacity(line.len().saturating_add(2));
    let mut octets = 0usize;
    for c in line.chars() {
        let more = octets.saturating_add(c.len_utf8());
        if more > LINE_OCTETS {
            out.push_str("\r\n ");
            octets = 1usize.saturating_add(c.len_utf8());
        } else {
            octets = more;
        }
        out.push(c);
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::{RequestId, RestrictionGround, Right, Stage};
    use proptest::prelude::*;

    fn line(due: &str, stage: Stage) -> Line {
        let right = Right::Restriction(RestrictionGround::Accuracy);
        let (id, due) = (RequestId::from_bytes([7; 16]), due.parse().unwrap());
        Line { id, right, due, stage, waits_since: None }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_feed_has_the_open_requests_and_nothing_of_a_person() {
        let lines = [line("2026-12-28", Stage::InWork), line("2026-12-29", Stage::Answered)];
        let made = feed("Requests; due, all", &lines, at("2026-11-22T09:30:00.5+01:00")).unwrap();
        let expected = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Tacenda//Requests//EN",
            "NAME:Requests\\; due\\, all",
            "X-WR-CALNAME:Requests\\; due\\, all",
            "BEGIN:VEVENT",
            "UID:07070707-0707-0707-0707-070707070707@requests.tacenda.invalid",
            "DTSTAMP:20261122T083000Z",
            "DTSTART;VALUE=DATE:20261228",
            "SUMMARY:Due: restriction request 07070707-0707-0707-0707-070707070707",
            "DESCRIPTION:GDPR Art. 18(1)(a)\\; in work",
            "CATEGORIES:restriction",
            "TRANSP:TRANSPARENT",
            "CLASS:CONFIDENTIAL",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ];
        assert_eq!(made, expected.join("\r\n"));
    }

    #[test]
    fn what_the_format_cannot_write_is_refused() {
        let far = line("+10000-01-01", Stage::InWork);
        let now = at("2026-11-22T09:30:00Z");
        assert!(feed("", &[far], now).unwrap_err().is(&NOT_IN_FEED));
        assert!(feed("", &[], Timestamp::MAX).unwrap_err().is(&NOT_IN_FEED));
        assert!(feed("", &[], now.plus(tacenda_core::clock::Span::days(4_000_000))).is_err());
    }

    #[test]
    fn a_line_is_folded_at_75_octets() {
        assert_eq!(folded(&"a".repeat(75)), format!("{}\r\n", "a".repeat(75)));
        assert_eq!(folded(&"a".repeat(76)), format!("{}\r\n a\r\n", "a".repeat(75)));
        let wide = folded(&"é".repeat(75));
        assert_eq!(wide.lines().map(str::len).collect::<Vec<_>>(), [74, 75, 3]);
    }

    /// A reader of its own: undoes the folds, then the escapes.
    fn read(folded: &str) -> String {
        let line = folded.strip_suffix("\r\n").unwrap().replace("\r\n ", "");
        let (mut out, mut chars) = (String::new(), line.chars());
        while let Some(c) = chars.next() {
            match (c, c == '\\') {
                (_, true) => match chars.next().unwrap() {
                    'n' => out.push('\n'),
                    other => out.push(other),
                },
                _ => out.push(c),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn unfolding_gives_the_text_back(text in "[^\\x00-\\x08\\x0b-\\x1f\\x7f]{0,200}") {
            let written = folded(&escaped(&text));
            prop_assert_eq!(read(&written), text);
            for line in written.split_terminator("\r\n") {
                prop_assert!(line.len() <= 75);
            }
        }

        #[test]
        fn any_name_makes_lines_that_are_no_longer_than_they_may_be(name in any::<String>()) {
            let lines = [line("2026-12-28", Stage::Received)];
            let made = feed(&name, &lines, at("2026-11-22T09:30:00Z")).unwrap();
            prop_assert!(made.ends_with("END:VCALENDAR\r\n"));
            prop_assert_eq!(made.replace("\r\n ", "").matches("\r\n").count(), 16);
            for line in made.split_terminator("\r\n") {
                prop_assert!(line.len() <= 75 && !line.chars().any(|c| c.is_ascii_control() && c != '\t'));
            }
        }
    }
}
