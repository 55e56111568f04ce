//! What is wrong with a policy file, and where.

use std::fmt;

use crate::error::{Code, Error};

use super::codes::INVALID;

/// One problem of a policy file.
///
/// Its texts quote the policy file. That is the operator's own text, not personal data; even so
/// they are for whoever wrote the file, and the [`Error`] made of them carries none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What sort of problem.
    pub code: &'static Code,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// The key that it is about, such as `purposes.billing.items[2]`; empty for the file.
    pub path: String,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    pub(super) excerpt: String,
    pub(super) width: usize,
}

impl fmt::Display for Problem {
    /// Position, code and message, the line of the file with a mark below, and the help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, line, column, message, excerpt, .. } = self;
        writeln!(f, "privacy.toml:{line}:{column}: {}: {message}", code.name)?;
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let before = " ".repeat((*column as usize).saturating_sub(1));
        writeln!(f, "{gutter} |\n{number} | {excerpt}")?;
        write!(f, "{gutter} | {before}{}", "^".repeat(self.width.max(1)))?;
        match &self.help {
            Some(help) => write!(f, "\n{gutter} = help: {help}"),
            None => Ok(()),
        }
    }
}

/// All problems of a policy file, in the order of the file; at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyErrors(pub(super) Vec<Problem>);

impl PolicyErrors {
    /// The problems, in the order of the file.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if i == 0 { "" } else { "\n\n" })?;
        }
        Ok(())
    }
}

impl From<PolicyErrors> for Error {
    /// [`INVALID`] with the number of problems and the position of the first, without any text of
    /// the file (invariant 10).
    fn from(errors: PolicyErrors) -> Self {
        let error = INVALID.error().with("problems", errors.0.len());
        match errors.0.first() {
            Some(first) => error
                .with("first", first.code.name)
                .with("line", first.line)
                .with("column", first.column),
            None => error,
        }
    }
}
