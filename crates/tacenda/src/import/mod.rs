//! Records from outside: one request per record that spans profile, offer, payment and history.
//!
//! [`CustomerRecord`] is a record as text; its values are parsed by the policy's items, by the
//! payment types and by the dates of its history. [`import_csv`] reads a whole file, and answers
//! every record with a verdict. What a payment needs but the policy does not keep (the rest of an
//! IBAN, a card's expiry) is checked and forgotten.
//!
//! A column is an item of the policy, a fact of the policy (`yes` or `no`), or one that describes the
//! account: `password_sha256`, `locale`, `plan`, `payment`, `card_token`, `card_brand`,
//! `card_last4`, `card_expiry`, `iban`, `mandate_reference`, `mandate_signed_on`, `registered_at`,
//! `last_login_at`, `closed_at`. Which facts a paid plan states is said by a [`Mapping`]. An item named
//! `locale`, `plan` or `payment` is what its column holds; under a policy where another of these words
//! means something else, the column is refused.

mod columns;
mod csv;
mod record;
mod records;

pub use columns::Mapping;
pub use csv::{ImportReport, Verdict, VerdictWriter, import_csv, import_csv_with};
pub use record::CustomerRecord;
pub(crate) use record::Prepared;

use tacenda_core::{Code, Kind};

/// The file has no header line, or one that cannot be read.
pub static NO_HEADER: Code =
    Code::new("import.no_header", Kind::Input, "the file does not begin with a header line");
/// A column that is neither an item nor a fact of the policy, nor one of the import's own; context:
/// `column`.
pub static UNKNOWN_COLUMN: Code = Code::new(
    "import.unknown_column",
    Kind::Input,
    "a column is neither an item or fact of the policy nor one that an import knows",
);
/// A column of the import's own that is a fact of the policy too, or an item that an account's
/// password, dates or IBAN would hide; context: `column`.
pub static AMBIGUOUS_COLUMN: Code = Code::new(
    "import.ambiguous_column",
    Kind::Configuration,
    "a column means one thing to an import and another to the policy; rename the item or fact",
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
/// A record is longer than a mebibyte; most often a quote is not closed.
pub static TOO_LONG: Code = Code::new(
    "import.record_too_long",
    Kind::Input,
    "the record is longer than a mebibyte; is a quote not closed?",
);
/// A quote that nothing closes.
pub static UNCLOSED_QUOTE: Code = Code::new(
    "import.unclosed_quote",
    Kind::Input,
    "a quote is opened in the record and not closed before the file ends",
);
/// The file cannot be read on.
pub static UNREADABLE: Code =
    Code::new("import.unreadable", Kind::Unavailable, "the file cannot be read on");
/// The verdicts cannot be written.
pub static REPORT_UNWRITABLE: Code =
    Code::new("import.report_unwritable", Kind::Unavailable, "the verdicts cannot be written");
/// A word that the column does not have.
pub static UNKNOWN_WORD: Code = Code::new(
    "import.unknown_word",
    Kind::Input,
    "the column takes a fixed word: a plan is free or paid, a payment none, card or sepa, a fact yes or no",
);
/// A value that the way of paying needs.
pub static PAYMENT_NEEDS: Code = Code::new(
    "import.payment_needs",
    Kind::Input,
    "the record says how it pays, and does not say with what",
);
/// A paid plan of which the policy could not be told; context: `fact`, if the mapping names one.
pub static PLAN_UNDECLARED: Code = Code::new(
    "import.plan_undeclared",
    Kind::Configuration,
    "the plan is paid, and the policy declares no such fact",
);
/// A fact that one column says and another denies.
pub static CONTRADICTION: Code = Code::new(
    "import.contradiction",
    Kind::Input,
    "the column denies what another column of the record says",
);

/// Every code of this room.
pub static CODES: &[&Code] = &[
    &NO_HEADER,
    &UNKNOWN_COLUMN,
    &AMBIGUOUS_COLUMN,
    &REPEATED_COLUMN,
    &COLUMN_COUNT,
    &NOT_UTF8,
    &TOO_LONG,
    &UNCLOSED_QUOTE,
    &UNREADABLE,
    &REPORT_UNWRITABLE,
    &UNKNOWN_WORD,
    &PAYMENT_NEEDS,
    &PLAN_UNDECLARED,
    &CONTRADICTION,
];
