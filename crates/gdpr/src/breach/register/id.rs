//! The number of a breach.

use std::fmt;

use tacenda_core::{Rng, RowId};

/// The number of a breach: random, so that it can stand in letters and calendars and tells nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BreachId(RowId);

impl BreachId {
    /// A new breach's number: 122 random bits.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        Self(RowId::generate(rng))
    }

    /// From its 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(RowId::from_bytes(bytes))
    }

    /// Its 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for BreachId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for BreachId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BreachId({})", self.0)
    }
}
