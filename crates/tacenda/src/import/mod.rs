//! Records from outside: one request per record that spans profile, offer, payment and history.
//!
//! [`CustomerRecord`] is a record as text; its values are parsed by the policy's items, by the
//! payment types and by the dates of its history. [`import_csv`] reads a whole file, and answers
//! every record with a verdict. What a payment needs but the policy does not keep (the rest of an
//! IBAN, a card's expiry) is checked and forgotten.

mod columns;
mod csv;
mod record;

pub use csv::{ImportReport, Verdict, VerdictWriter, import_csv};
pub use record::CustomerRecord;
pub(crate) use record::Prepared;

use tacenda_core::{Code, Kind};

/// The file has no header line, or one that cannot be read.
pub static NO_HEADER: Code =
    Code::new("import.no_header", Kind::Input, "the file does not begin with a header line");
/// A column that is neither an item of the policy nor one of the import's own; context: `column`.
pub static UNKNOWN_COLUMN: Code = Code::new(
    "import.unknown_column",
    Kind::Input,
    "a column is neither an item of the policy nor one that an import knows",
);
/// A column that stands twice; context: `column`.
pub static REPEATED_COLUMN: Code =
    Code::new("import.repeated_column", Kind::Input, "a column stands twice in the header");
/// A record has fewer or more columns than the header.
pub static COLUMN_COUNT: Code = Code::new(
    "import.column_count",
    Kind::Input,
    "the record does not have as many columns as the header",
);
/// A record is not UTF-8.
pub static NOT_UTF8: Code = Code::new("import.not_utf8", Kind::Input, "the record is not UTF-8");
/// The file cannot be read on.
pub static UNREADABLE: Code =
    Code::new("import.unreadable", Kind::Unavailable, "the file cannot be read on");
/// A word that the column does not have.
pub static UNKNOWN_WORD: Code = Code::new(
    "import.unknown_word",
    Kind::Input,
    "the column takes a fixed word: a plan is free or paid, a payment none, card or sepa",
);
/// A value that the way of paying needs.
pub static PAYMENT_NEEDS: Code = Code::new(
    "import.payment_needs",
    Kind::Input,
    "the record says how it pays, and does not say with what",
);

/// Every code of this room.
pub static CODES: &[&Code] = &[
    &NO_HEADER,
    &UNKNOWN_COLUMN,
    &REPEATED_COLUMN,
    &COLUMN_COUNT,
    &NOT_UTF8,
    &UNREADABLE,
    &UNKNOWN_WORD,
    &PAYMENT_NEEDS,
];
