//! A CSV file of records (RFC 4180), read in pages; a verdict for each.

use std::fmt;
use std::io::{Read, Write};

use csv::WriterBuilder;
use tacenda_core::vault::Registered;
use tacenda_core::{Error, Result};

use super::columns::{Column, Mapping};
use super::record::{CustomerRecord, Prepared};
use super::records::{Fields, Next, Records};
use super::{
    COLUMN_COUNT, NO_HEADER, NOT_UTF8, REPEATED_COLUMN, REPORT_UNWRITABLE, TOO_LONG,
    UNCLOSED_QUOTE, UNKNOWN_COLUMN, UNREADABLE,
};
use crate::{Actor, Tacenda};

/// A page ends behind so many records, or so many bytes of them.
const PAGE: usize = 1000;
const PAGE_BYTES: usize = 8 << 20;

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Its number, from 1; the header does not count.
    pub record: u64,
    /// Who it is now, or which field failed with which code.
    pub outcome: Result<Registered, (String, &'static str)>,
}

impl Verdict {
    /// Whether the record was accepted.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        self.outcome.is_ok()
    }
}

/// What became of a file, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportReport {
    accepted: u64,
    known: u64,
    refused: u64,
}

impl ImportReport {
    /// How many records were accepted, those known from an earlier import among them.
    #[must_use]
    pub const fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How many were refused.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// How many were known from an earlier import, so that nothing was written for them.
    #[must_use]
    pub const fn known(&self) -> u64 {
        self.known
    }

    /// How many there were.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.accepted.saturating_add(self.refused)
    }

    fn count(&mut self, verdicts: &[Verdict]) {
        for verdict in verdicts {
            let number = match verdict.outcome {
                Ok(Registered::New(_)) => &mut self.accepted,
                Ok(Registered::Known(_)) => {
                    self.known = self.known.saturating_add(1);
                    &mut self.accepted
                }
                Err(_) => &mut self.refused,
            };
            *number = number.saturating_add(1);
        }
    }
}

/// Writes verdicts as CSV: `record,verdict,field,code`. No value of any record stands in it.
pub struct VerdictWriter<W: Write>(csv::Writer<W>);

impl<W: Write> VerdictWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// [`REPORT_UNWRITABLE`] if `out` cannot be written; so do the others.
    pub fn new(out: W) -> Result<Self> {
        let mut writer = WriterBuilder::new().from_writer(out);
        let header = ["record", "verdict", "field", "code"];
        writer.write_record(header).map_err(unwritable)?;
        Ok(Self(writer))
    }

    /// Writes verdicts.
    ///
    /// # Errors
    /// As [`VerdictWriter::new`].
    pub fn write(&mut self, verdicts: &[Verdict]) -> Result<()> {
        for verdict in verdicts {
            let (word, field, code) = match &verdict.outcome {
                Ok(_) => ("accepted", "", ""),
                Err((field, code)) => ("refused", field.as_str(), *code),
            };
            let record = [&verdict.record.to_string(), word, field, code];
            self.0.write_record(record).map_err(unwritable)?;
        }
        Ok(())
    }

    /// Writes what is still in memory.
    ///
    /// # Errors
    /// As [`VerdictWriter::new`].
    pub fn finish(mut self) -> Result<()> {
        self.0.flush().map_err(unwritable)
    }
}

/// Nothing but records, verdicts, fields and codes is written, so that the cause tells no more.
fn unwritable(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    REPORT_UNWRITABLE.error().caused_by(cause)
}

impl<W: Write> fmt::Debug for VerdictWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerdictWriter")
    }
}

/// Imports a CSV file: the header names the columns, each record is one customer. `told` gets the
/// verdicts page by page, in order, each page once its records are durable; the memory that it
/// takes does not grow with the file.
///
/// A record with the wrong number of columns or bytes that are not UTF-8 is refused as field
/// `row`; it does not stop the file. Nor does one that is longer than a mebibyte, or whose quote
/// nothing closes: it is refused ([`TOO_LONG`], [`UNCLOSED_QUOTE`]), and the line behind the one
/// with the open quote is the next record. So lines inside a quoted value of more than a mebibyte
/// count as records: do not import values of that size from people you do not trust. The same file a
/// second time writes nothing.
///
/// A plan that is paid states the fact `paid offer`; [`import_csv_with`] states others.
///
/// # Errors
/// [`NO_HEADER`], [`UNKNOWN_COLUMN`], `import.ambiguous_column`, [`REPEATED_COLUMN`] before anything
/// is written;
/// [`UNREADABLE`], the codes of the stores, and what `told` fails with: records before it stay, and a
/// second import goes on behind them.
pub async fn import_csv(
    tacenda: &Tacenda,
    source: impl Read + Send,
    actor: &Actor,
    told: &mut (dyn FnMut(&[Verdict]) -> Result<()> + Send),
) -> Result<ImportReport> {
    import_csv_with(tacenda, source, &Mapping::default(), actor, told).await
}

/// [`import_csv`] with a mapping of the caller's own. A record that is known from an earlier import
/// stays as it is, whatever the mapping was then.
///
/// # Errors
/// As [`import_csv`].
pub async fn import_csv_with(
    tacenda: &Tacenda,
    source: impl Read + Send,
    mapping: &Mapping,
    actor: &Actor,
    told: &mut (dyn FnMut(&[Verdict]) -> Result<()> + Send),
) -> Result<ImportReport> {
    let mut records = Records::new(source);
    let mut fields = Fields::default();
    let header = match records.next(&mut fields).map_err(unreadable)? {
        Next::Record => header(tacenda, &fields)?,
        Next::TooLong | Next::Unclosed | Next::End => return NO_HEADER.err(),
    };
    let mut report = ImportReport::default();
    let vault = tacenda.vault();
    let mut registration = vault.registration(actor).await?;
    // The page whose verdicts are still to come: it is being committed while the next is read.
    let mut before = Framed::default();
    loop {
        let mut page = Framed::default();
        let (mut requests, mut bytes) = (Vec::with_capacity(PAGE), 0);
        while page.refused.len() < PAGE && bytes < PAGE_BYTES {
            let framed = match records.next(&mut fields).map_err(unreadable)? {
                Next::Record => framed(&header, &fields),
                Next::TooLong => Err(TOO_LONG.error().field_is("row")),
                Next::Unclosed => Err(UNCLOSED_QUOTE.error().field_is("row")),
                Next::End => break,
            };
            bytes += fields.bytes();
            match framed.and_then(|record| Prepared::new(vault, &record, mapping).into_request()) {
                Ok(request) => {
                    requests.push(request);
                    page.refused.push(None);
                }
                Err(error) => page.refused.push(Some(error)),
            }
        }
        if page.refused.is_empty() {
            break;
        }
        let results = registration.page(requests).await?;
        let verdicts = std::mem::replace(&mut before, page).verdicts(results, report.records());
        report.count(&verdicts);
        told(&verdicts)?;
    }
    let verdicts = before.verdicts(registration.finish().await?, report.records());
    report.count(&verdicts);
    told(&verdicts)?;
    Ok(report)
}

fn unreadable(cause: std::io::Error) -> Error {
    UNREADABLE.error().caused_by(cause)
}

/// A page of records: what is wrong with each, if anything is before the vault sees it.
#[derive(Default)]
struct Framed {
    refused: Vec<Option<Error>>,
}

impl Framed {
    /// The verdicts of the page, whose records follow so many others; `results` are those of the
    /// records that were not refused.
    fn verdicts(self, results: Vec<Result<Registered>>, before: u64) -> Vec<Verdict> {
        let mut results = results.into_iter();
        let mut outcome = |refused: Option<Error>| match refused {
            Some(error) => Err(error),
            None => results.next().unwrap_or_else(|| COLUMN_COUNT.err()),
        };
        let numbers = before.saturating_add(1)..;
        let verdict = |(record, refused)| Verdict {
            record,
            outcome: outcome(refused).map_err(|e| (e.field().unwrap_or_default(), e.code())),
        };
        numbers.zip(self.refused).map(verdict).collect()
    }
}

fn header(tacenda: &Tacenda, header: &Fields) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for (at, name) in header.iter().enumerate() {
        let known = std::str::from_utf8(name).map_err(|_| UNKNOWN_COLUMN.error());
        let known = known
            .and_then(|name| Column::parse(name, tacenda.policy()).map(|_| name))
            .map_err(|error| error.with("column", at + 1))?;
        if names.iter().any(|name| name == known) {
            return Err(REPEATED_COLUMN.error().with("column", at + 1));
        }
        names.push(known.to_owned());
    }
    if names.is_empty() { NO_HEADER.err() } else { Ok(names) }
}

/// A record whose framing is right, or what is wrong with it.
fn framed(header: &[String], record: &Fields) -> Result<CustomerRecord> {
    if record.iter().len() != header.len() {
        return Err(COLUMN_COUNT.error().field_is("row"));
    }
    let values = record
        .iter()
        .map(std::str::from_utf8)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| NOT_UTF8.error().field_is("row"))?;
    Ok(CustomerRecord::from_columns(header.iter().map(String::as_str).zip(values)))
}
