//! The tables of public holidays, written from the laws named in them.
//!
//! Each agrees with an independent collection for the years 2024 to 2031 and 2000 to 2100, but for
//! the differences that `tests/shared_calendar.rs` and `tests/oracle_holidays.rs` list with reasons.

mod east;
mod germany;
mod north;
mod south;
mod spain;
mod west;

use std::fmt;

use super::rule::Holiday;
use crate::error::{Code, Kind, Result};

/// A region without a table.
pub static REGION_UNKNOWN: Code = Code::new(
    "calendar.region_unknown",
    Kind::Input,
    "public holidays are known for the 27 member states, IS, LI, NO, CH, GB, some of their regions \
     (`DE-BY`, `FR-57`, `ES-CT`, `GB-SCT`), and `TARGET`",
);

/// The holidays of a region, on top of those of what it is a part of.
#[derive(Debug)]
pub(super) struct Table {
    /// ISO 3166-1 or 3166-2; a municipality is written after its region.
    pub(super) code: &'static str,
    /// The region that this one is a part of.
    pub(super) within: Option<&'static Table>,
    /// The law that its rules are from, where a rule names no other.
    pub(super) law: &'static str,
    pub(super) holidays: &'static [Holiday],
}

impl Table {
    /// This table after those of what it is a part of: the state first.
    pub(super) fn layers(&'static self) -> impl Iterator<Item = &'static Self> {
        let outer = self.within;
        let outermost = outer.and_then(|table| table.within);
        [outermost, outer, Some(self)].into_iter().flatten()
    }
}

static ALL: &[&[&Table]] =
    &[west::TABLES, germany::TABLES, north::TABLES, east::TABLES, south::TABLES, spain::TABLES];

/// A state, or a part of one, whose public holidays are known.
#[derive(Clone, Copy)]
pub struct Region(&'static Table);

impl Region {
    /// From its code: ISO 3166-1 for a state (`PL`), ISO 3166-2 for a part of one (`DE-BY`,
    /// `FR-57`), a municipality after its region (`DE-BY-AUGSBURG`), or `TARGET` for the closing
    /// days of the euro's payment system.
    ///
    /// # Errors
    /// [`REGION_UNKNOWN`].
    pub fn parse(code: &str) -> Result<Self> {
        Self::all().find(|region| region.code() == code).ok_or_else(|| REGION_UNKNOWN.error())
    }

    /// All regions.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().flat_map(|tables| tables.iter().map(|table| Self(table)))
    }

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0.code
    }

    pub(super) const fn table(self) -> &'static Table {
        self.0
    }
}

impl PartialEq for Region {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Eq for Region {}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({self})")
    }
}

/// A state, which is a part of nothing here.
const fn state(code: &'static str, law: &'static str, holidays: &'static [Holiday]) -> Table {
    Table { code, within: None, law, holidays }
}

/// A part of a state, or of a part of one.
const fn part(
    within: &'static Table,
    code: &'static str,
    law: &'static str,
    holidays: &'static [Holiday],
) -> Table {
    Table { code, within: Some(within), law, holidays }
}
