//! A CSV file of records (RFC 4180), read in pages; a verdict for each.

use std::io::{Read, Write};

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};
use tacenda_core::vault::Registered;
use tacenda_core::{Error, Result};

use super::columns::Column;
use super::record::{CustomerRecord, Prepared};
use super::{COLUMN_COUNT, NO_HEADER, NOT_UTF8, REPEATED_COLUMN, UNKNOWN_COLUMN, UNREADABLE};
use crate::{Actor, Tacenda};

const PAGE: usize = 1000;

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

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// A verdict per record, in order.
    pub verdicts: Vec<Verdict>,
}

impl ImportReport {
    /// How many were accepted, those known from an earlier import among them.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.verdicts.iter().filter(|verdict| verdict.is_accepted()).count()
    }

    /// How many were refused.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.verdicts.len() - self.accepted()
    }

    /// How many were known from an earlier import, so that nothing was written for them.
    #[must_use]
    pub fn known(&self) -> usize {
        let known = |v: &&Verdict| matches!(v.outcome, Ok(Registered::Known(_)));
        self.verdicts.iter().filter(known).count()
    }

    /// As CSV: `record,verdict,field,code`. No value of any record stands in it.
    ///
    /// # Errors
    /// [`UNREADABLE`] if `out` cannot be written.
    pub fn write_csv(&self, out: impl Write) -> Result<()> {
        let mut writer = WriterBuilder::new().from_writer(out);
        let failed = |_| UNREADABLE.error();
        writer.write_record(["record", "verdict", "field", "code"]).map_err(failed)?;
        for verdict in &self.verdicts {
            let (word, field, code) = match &verdict.outcome {
                Ok(_) => ("accepted", "", ""),
                Err((field, code)) => ("refused", field.as_str(), *code),
            };
            let number = verdict.record.to_string();
            writer.write_record([&number, word, field, code]).map_err(failed)?;
        }
        writer.flush().map_err(|_| UNREADABLE.error())
    }
}

/// Imports a CSV file: the header names the columns, each record is one customer. `progress` is
/// told after each page how many records are done.
///
/// A record with the wrong number of columns or bytes that are not UTF-8 is refused as field
/// `row`; it does not stop the file. The same file a second time writes nothing.
///
/// # Errors
/// [`NO_HEADER`], [`UNKNOWN_COLUMN`], [`REPEATED_COLUMN`] before anything is written;
/// [`UNREADABLE`], and the codes of the stores: records before it stay, and a second import goes on
/// behind them.
pub async fn import_csv(
    tacenda: &Tacenda,
    source: impl Read + Send,
    actor: &Actor,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<ImportReport> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(source);
    let header = header(tacenda, reader.byte_headers().map_err(|_| NO_HEADER.error())?)?;
    let mut report = ImportReport::default();
    let mut record = ByteRecord::new();
    let vault = tacenda.vault();
    let mut registration = vault.registration(actor).await?;
    // The page whose verdicts are still to come: it is being committed while the next is read.
    let mut before = Framed::default();
    loop {
        let mut page = Framed::default();
        let mut requests = Vec::with_capacity(PAGE);
        while page.refused.len() < PAGE
            && reader.read_byte_record(&mut record).map_err(|_| UNREADABLE.error())?
        {
            let framed = framed(&header, &record);
            match framed.and_then(|record| Prepared::new(vault, &record).into_request()) {
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
        std::mem::replace(&mut before, page).report(results, &mut report);
        progress(report.verdicts.len() as u64);
    }
    before.report(registration.finish().await?, &mut report);
    progress(report.verdicts.len() as u64);
    Ok(report)
}

/// A page of records: what is wrong with each, if anything is before the vault sees it.
#[derive(Default)]
struct Framed {
    refused: Vec<Option<Error>>,
}

impl Framed {
    /// Adds the verdicts of the page; `results` are those of the records that were not refused.
    fn report(self, results: Vec<Result<Registered>>, report: &mut ImportReport) {
        let mut results = results.into_iter();
        for refused in self.refused {
            let outcome = match refused {
                Some(error) => Err(error),
                None => results.next().unwrap_or_else(|| COLUMN_COUNT.err()),
            };
            report.verdicts.push(Verdict {
                record: report.verdicts.len() as u64 + 1,
                outcome: outcome.map_err(|e| (e.field().unwrap_or_default(), e.code())),
            });
        }
    }
}

fn header(tacenda: &Tacenda, header: &ByteRecord) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::with_capacity(header.len());
    for (at, name) in header.iter().enumerate() {
        // A byte order mark that a spreadsheet left is no part of the first name.
        let name = name.strip_prefix("\u{feff}".as_bytes()).filter(|_| at == 0).unwrap_or(name);
        let known = std::str::from_utf8(name)
            .ok()
            .filter(|name| Column::parse(name, tacenda.policy()).is_some())
            .ok_or_else(|| UNKNOWN_COLUMN.error().with("column", at + 1))?;
        if names.iter().any(|name| name == known) {
            return Err(REPEATED_COLUMN.error().with("column", at + 1));
        }
        names.push(known.to_owned());
    }
    if names.is_empty() { NO_HEADER.err() } else { Ok(names) }
}

/// A record whose framing is right, or what is wrong with it.
fn framed(header: &[String], record: &ByteRecord) -> Result<CustomerRecord> {
    if record.len() != header.len() {
        return Err(COLUMN_COUNT.error().field_is("row"));
    }
    let values = record
        .iter()
        .map(std::str::from_utf8)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| NOT_UTF8.error().field_is("row"))?;
    Ok(CustomerRecord::from_columns(header.iter().map(String::as_str).zip(values)))
}
