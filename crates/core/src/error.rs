//! One error type with a stable code, a kind and a retry status.
//!
//! A [`Code`] is a constant that lives next to the code that raises it; every crate lists its own
//! in a `CODES` slice, and `docs/errors.md` is generated from those lists. An error carries codes,
//! names that the policy declares, ids and numbers. It never carries a value that somebody typed
//! (invariant 10), and the types see to most of it: [`Error::with`] takes a [`Context`], which
//! cannot be made from text that is no literal. A [`Name`] from outside can be wrapped in one, so
//! that a name goes in only where the policy was seen to declare it.

use std::fmt;

use crate::clock::Timestamp;
use crate::id::{ActorId, RowId, SubjectId};
use crate::name::Name;

/// The result of anything that can fail in Tacenda.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it is, and so who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The caller's input is wrong; the context names the field.
    Input,
    /// The policy does not allow it.
    Refused,
    /// The thing named does not exist.
    NotFound,
    /// Another change came first, or the thing exists already.
    Conflict,
    /// The configuration (policy, keys, paths) is wrong; nothing was written.
    Configuration,
    /// Stored data is not what was stored: altered, moved, rolled back or restored.
    Integrity,
    /// The outside (disk, database, network) failed.
    Unavailable,
}

impl Kind {
    /// The kind as it is written in documents and in the bindings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Configuration => "configuration",
            Self::Integrity => "integrity",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Whether the same call can succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The same call fails again.
    Never,
    /// Nothing was written; the same call may succeed later.
    Safe,
    /// The outcome is not known; read before trying again.
    Unknown,
}

/// A stable code: the name never changes once shipped, the summary may be reworded.
#[derive(Debug)]
pub struct Code {
    /// Dotted name, for example `policy.unknown_item`.
    pub name: &'static str,
    /// What sort of failure.
    pub kind: Kind,
    /// Whether to try again.
    pub retry: Retry,
    /// One sentence, lower case, no full stop, no values.
    pub summary: &'static str,
}

impl Code {
    /// A code of a given kind that is never worth a retry.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, summary: &'static str) -> Self {
        Self { name, kind, retry: Retry::Never, summary }
    }

    /// The same code with another retry status.
    #[must_use]
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// An error with this code and no context yet.
    #[must_use]
    pub fn error(&'static self) -> Error {
        Error(Box::new(Inner { code: self, context: Vec::new(), source: None }))
    }

    /// An `Err` with this code and no context yet.
    ///
    /// # Errors
    /// Always: that is what it is for.
    pub fn err<T>(&'static self) -> Result<T> {
        Err(self.error())
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Code {}

/// What may stand in an error: things that are safe to log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Context {
    /// A word of ours: a field, table or file role, a code.
    Word(&'static str),
    /// A name declared in the policy.
    Name(Name),
    /// A count, position, version or length.
    Number(i128),
    /// A subject's opaque id.
    Subject(SubjectId),
    /// An actor's opaque id.
    Actor(ActorId),
    /// A row's opaque id.
    Row(RowId),
    /// A point in time at which something happened or will.
    Time(Timestamp),
    /// Text that stands in the published policy, or in the public part of the log.
    Published(Published),
}

/// Text that is public anyway; only this crate makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published(String);

impl Context {
    /// Text that stands in the published policy, such as the citation of a law, or in the public
    /// part of the log, such as a root. Nothing else may go this way, and nobody else's.
    pub(crate) fn published(text: &str) -> Self {
        Self::Published(Published(text.to_owned()))
    }

    /// As bare text, without the quotes of an error message.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Name(name) => name.as_str().to_owned(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Subject(id) => write!(f, "{id}"),
            Self::Actor(id) => write!(f, "{id}"),
            Self::Row(id) => write!(f, "{id}"),
            Self::Time(at) => write!(f, "{at}"),
            Self::Published(Published(text)) => f.write_str(text),
        }
    }
}

macro_rules! context_from {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl From<$from> for Context {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

context_from!(
    &'static str => Word,
    Name => Name,
    u8 => Number,
    u16 => Number,
    u32 => Number,
    u64 => Number,
    i64 => Number,
    SubjectId => Subject,
    ActorId => Actor,
    RowId => Row,
    Timestamp => Time,
);

impl From<&Name> for Context {
    fn from(value: &Name) -> Self {
        Self::Name(value.clone())
    }
}

impl From<usize> for Context {
    fn from(value: usize) -> Self {
        Self::Number(value as i128)
    }
}

/// The error of every fallible call: a [`Code`], safe context, and the cause if there is one.
///
/// Its `Display` and `Debug` print the code, the summary and the context; the cause is reached by
/// [`std::error::Error::source`].
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: &'static Code,
    context: Vec<(&'static str, Context)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name, self.code.summary)?;
        for (i, (key, value)) in self.context.iter().enumerate() {
            f.write_str(if i == 0 { " (" } else { ", " })?;
            write!(f, "{key} {value}")?;
        }
        if !self.context.is_empty() {
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl std::error::Error for Inner {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({})", self.0)
    }
}

impl Error {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.0.code.name
    }

    /// What sort of failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.code.kind
    }

    /// Whether the same call can succeed later.
    #[must_use]
    pub fn retry(&self) -> Retry {
        self.0.code.retry
    }

    /// The same code and context once more, without the cause.
    #[must_use]
    pub fn again(&self) -> Self {
        let Inner { code, context, .. } = &*self.0;
        Self(Box::new(Inner { code, context: context.clone(), source: None }))
    }

    /// Whether this error has the given code.
    #[must_use]
    pub fn is(&self, code: &'static Code) -> bool {
        self.0.code == code
    }

    /// The context under `key`, if there is any.
    #[must_use]
    pub fn context(&self, key: &str) -> Option<&Context> {
        self.0.context.iter().find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// The field, column or data item that the error is about.
    #[must_use]
    pub fn field(&self) -> Option<String> {
        self.context("field").map(Context::plain)
    }

    /// Adds safe context; a key that is there already keeps its first value.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Context>) -> Self {
        if self.context(key).is_none() {
            self.0.context.push((key, value.into()));
        }
        self
    }

    /// Adds the field that the error is about.
    #[must_use]
    pub fn field_is(self, value: impl Into<Context>) -> Self {
        self.with("field", value)
    }

    /// Adds the cause. The cause must not print values either: pass errors of I/O and of
    /// databases, never of parsers that quote their input.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SAMPLE: Code = Code::new("sample.bad", Kind::Input, "this is not allowed");

    #[test]
    fn prints_code_summary_and_context_only() {
        let error = SAMPLE.error().field_is("email").with("line", 3u32).field_is("again");
        assert_eq!(error.to_string(), "sample.bad: this is not allowed (field email, line 3)");
        assert_eq!(error.field().as_deref(), Some("email"));
        assert_eq!(error.kind().as_str(), "input");
        assert!(error.is(&SAMPLE));
    }
}
