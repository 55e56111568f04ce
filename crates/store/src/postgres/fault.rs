//! What PostgreSQL's answers mean in the codes of the ports.

use std::fmt;

use deadpool_postgres::PoolError;
use tacenda_core::error::{Code, Error};
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::{ACCESS_REFUSED, CORRUPT, FULL, READ_ONLY, UNAVAILABLE};
use tokio_postgres::error::SqlState;

/// Why something failed: our own refusal, or the database's answer.
///
/// PostgreSQL's message stays behind: it can quote values.
#[derive(Debug)]
pub(super) enum Fault {
    /// What we say ourselves.
    Ours(Error),
    /// The database said so; its state, or none if the connection was lost.
    Database(Option<SqlState>),
}

/// The SQLSTATE of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer(Option<SqlState>);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(state) => write!(f, "postgresql answered SQLSTATE {}", state.code()),
            None => f.write_str("the connection to postgresql was lost or could not be made"),
        }
    }
}

impl std::error::Error for Answer {}

impl Fault {
    pub(super) const LOST: Self = Self::Database(None);

    /// There was no answer for longer than anybody waits; nobody asks again.
    pub(super) fn unheard() -> Self {
        Self::Ours(UNAVAILABLE.error())
    }

    fn state(&self) -> Option<&str> {
        match self {
            Self::Database(Some(state)) => Some(state.code()),
            _ => None,
        }
    }

    /// A key that is there once was taken.
    pub(super) fn is_taken(&self) -> bool {
        self.state() == Some("23505")
    }

    /// A key may be there already. Where rows are spread over machines they go there by COPY, and its
    /// errors come back as internal ones, without a state of their own.
    pub(super) fn may_be_taken(&self) -> bool {
        self.is_taken() || self.state() == Some("XX000")
    }

    /// It waited longer for a lock than it may, or was cancelled because it took too long.
    pub(super) fn is_timeout(&self) -> bool {
        matches!(self.state(), Some("55P03" | "57014"))
    }

    /// A statement after one that failed.
    pub(super) fn is_aborted(&self) -> bool {
        self.state() == Some("25P02")
    }

    /// Another transaction was in the way, or the server was: trying again may help.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Ours(_) => false,
            Self::Database(None) => true,
            Self::Database(Some(state)) => {
                matches!(state.code(), "40001" | "40P01" | "XX000" | "53300" | "57P01" | "57P02")
                    || matches!(state.code(), "57P03" | "57P05" | "25P03")
                    || state.code().starts_with("08")
            }
        }
    }

    /// Whether an answer to COMMIT says that nothing was written.
    pub(super) fn says_rolled_back(&self) -> bool {
        self.state().is_some_and(|state| state.starts_with("23") || state.starts_with("40"))
    }

    /// Whether a statement that is a transaction of its own may have happened although this was the
    /// answer: the connection or the server ended, or a server behind this one.
    pub(super) fn is_unclear(&self) -> bool {
        match self {
            Self::Ours(_) => false,
            Self::Database(None) => true,
            Self::Database(Some(state)) => {
                let state = state.code();
                state == "XX000" || state.starts_with("08") || state.starts_with("57P")
            }
        }
    }

    fn code(state: Option<&SqlState>) -> &'static Code {
        let Some(state) = state else { return &UNAVAILABLE };
        match state.code() {
            "53100" => &FULL,
            "25006" => &READ_ONLY,
            "42501" | "28000" | "28P01" | "3D000" => &ACCESS_REFUSED,
            "54000" | "54023" => &BAD_REQUEST,
            "XX001" | "XX002" => &CORRUPT,
            other => match other.get(..2) {
                // Statements are ours, so that the tables or what is in them are not.
                Some("22" | "23" | "42") => &CORRUPT,
                _ => &UNAVAILABLE,
            },
        }
    }

    pub(super) fn error(self) -> Error {
        match self {
            Self::Ours(error) => error,
            Self::Database(state) => Self::code(state.as_ref()).error().caused_by(Answer(state)),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(state) => Self::Database(Some(state.clone())),
            None if error.is_closed() => Self::LOST,
            None => Self::of_source(&error),
        }
    }
}

impl Fault {
    /// An error without a state is one of the connection, or a value of another type than the
    /// schema gives it.
    fn of_source(error: &tokio_postgres::Error) -> Self {
        let is_value = std::error::Error::source(error)
            .is_some_and(|source| !source.is::<std::io::Error>() && !source.is::<rustls::Error>());
        let says = error.to_string();
        if is_value && (says.contains("deserializing") || says.contains("serializing")) {
            return Self::Ours(CORRUPT.error());
        }
        Self::LOST
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            // Whoever has waited as long as he is told to does not wait again.
            PoolError::Timeout(_) => Self::Ours(UNAVAILABLE.error()),
            _ => Self::LOST,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn states_are_mapped() {
        for (state, code, transient) in [
            ("53100", &FULL, false),
            ("25006", &READ_ONLY, false),
            ("42501", &ACCESS_REFUSED, false),
            ("28P01", &ACCESS_REFUSED, false),
            ("42P01", &CORRUPT, false),
            ("40P01", &UNAVAILABLE, true),
            ("57P01", &UNAVAILABLE, true),
            ("08006", &UNAVAILABLE, true),
            ("XX000", &UNAVAILABLE, true),
            ("25P03", &UNAVAILABLE, true),
            ("57014", &UNAVAILABLE, false),
            ("55P03", &UNAVAILABLE, false),
        ] {
            let fault = || Fault::Database(Some(SqlState::from_code(state)));
            assert_eq!(fault().is_transient(), transient, "{state}");
            let error = fault().error();
            assert!(error.is(code), "{state}: {error}");
            assert!(error.source().unwrap().to_string().contains(state));
        }
        assert!(Fault::LOST.is_transient() && !Fault::LOST.says_rolled_back());
        assert!(Fault::LOST.error().is(&UNAVAILABLE));
    }
}
