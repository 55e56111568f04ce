//! Counting tests by what the runners say of themselves at the end.

use std::ops::AddAssign;

/// How many tests passed, failed and were not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.skipped = self.skipped.saturating_add(other.skipped);
    }
}

/// The runners whose closing lines are understood.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Runner {
    /// `Summary [ 0.1s] 3 tests run: 2 passed (1 slow), 1 failed, 4 skipped`
    Nextest,
    /// `test result: ok. 2 passed; 0 failed; 1 ignored; …`, once per crate
    Libtest,
    /// `# pass 2`, `# fail 0`, `# skipped 0`
    Node,
    /// `2 passed, 1 skipped in 0.10s`
    Pytest,
}

impl Runner {
    /// Adds up the closing lines; `None` if there is none, so that a silent run is no success.
    pub(crate) fn count(self, said: &str) -> Option<Tally> {
        let said = without_colours(said);
        let mut closing = said.lines().filter_map(|line| self.closing(line.trim())).peekable();
        closing.peek()?;
        let mut tally = Tally::default();
        closing.for_each(|part| tally += part);
        Some(tally)
    }

    fn closing(self, line: &str) -> Option<Tally> {
        match self {
            Self::Nextest => {
                let rest = line.strip_prefix("Summary [")?.split_once("run:")?.1;
                Some(by_words(rest, &[',']))
            }
            Self::Libtest => {
                let rest = line.strip_prefix("test result: ")?.split_once(". ")?.1;
                Some(by_words(rest, &[';']))
            }
            Self::Node => {
                let (word, number) = line.strip_prefix("# ")?.split_once(' ')?;
                let number = number.parse().ok()?;
                tally_of(word, number)
            }
            Self::Pytest => {
                let rest = line.trim_matches('=').trim().rsplit_once(" in ")?.0;
                let tally = by_words(rest, &[',']);
                (tally != Tally::default()).then_some(tally)
            }
        }
    }
}

/// Reads `2 passed (1 slow), 1 failed`: a number, then a word.
fn by_words(text: &str, separators: &[char]) -> Tally {
    let mut tally = Tally::default();
    for part in text.split(separators) {
        let mut words = part.split_whitespace();
        if let (Some(number), Some(word)) = (words.next(), words.next())
            && let Ok(number) = number.parse()
            && let Some(one) = tally_of(word, number)
        {
            tally += one;
        }
    }
    tally
}

fn tally_of(word: &str, number: u64) -> Option<Tally> {
    let none = Tally::default();
    match word {
        "passed" | "pass" => Some(Tally { passed: number, ..none }),
        "failed" | "fail" | "error" | "errors" | "timed" | "cancelled" => {
            Some(Tally { failed: number, ..none })
        }
        "skipped" | "ignored" => Some(Tally { skipped: number, ..none }),
        _ => None,
    }
}

fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // An escape sequence ends with its first letter.
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tally(passed: u64, failed: u64, skipped: u64) -> Option<Tally> {
        Some(Tally { passed, failed, skipped })
    }

    #[test]
    fn closing_lines_are_counted() {
        let nextest = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.012s] 14 tests run: 12 passed \
                       (1 slow), 1 failed, 1 timed out, 7 skipped\n";
        assert_eq!(Runner::Nextest.count(nextest), tally(12, 2, 7));
        let libtest = "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered \
                       out; finished in 0.0s\ntest result: FAILED. 1 passed; 3 failed; 0 ignored\n";
        assert_eq!(Runner::Libtest.count(libtest), tally(3, 3, 1));
        let node = "# tests 5\n# pass 3\n# fail 1\n# cancelled 0\n# skipped 1\n# duration_ms 8\n";
        assert_eq!(Runner::Node.count(node), tally(3, 1, 1));
        assert_eq!(Runner::Pytest.count("=== 5 passed, 1 skipped in 0.10s ==="), tally(5, 0, 1));
        assert_eq!(Runner::Pytest.count("1 failed, 2 errors in 3.20s"), tally(0, 3, 0));
    }

    #[test]
    fn silence_is_not_a_count() {
        for runner in [Runner::Nextest, Runner::Libtest, Runner::Node, Runner::Pytest] {
            assert_eq!(runner.count("Compiling tacenda-core\n3 passed so far\n"), None);
        }
        assert_eq!(Runner::Pytest.count("no tests ran in 0.01s"), None);
    }
}
