//! Invoices: kept as long as the law of the policy asks for them, beyond any erasure.

use std::fmt;

use chrono::NaiveDate;
use tacenda_core::codec::{Decoder, Encoder, MALFORMED};
use tacenda_core::guard;
use tacenda_core::policy::records::INVOICES;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, Numbered, RecordItems, RecordKey, Standing, Vault,
};
use tacenda_core::{Name, Result, SubjectId};

use super::codec as c;
use super::{INVOICE_MISMATCH, INVOICE_NUMBER, number};
use crate::holds_card_number;
use crate::provider::{Money, Reference};

const DOMAIN: &str = "tacenda/invoice/1";
/// The item of the document itself.
const DOCUMENT: Name = Name::fixed("document");

/// The number of an invoice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InvoiceNumber(String);

impl InvoiceNumber {
    /// From what stands on the invoice.
    ///
    /// # Errors
    /// [`INVOICE_NUMBER`] unless it is 1 to 64 visible ASCII characters with single spaces between, and if
    /// it is a card number.
    pub fn parse(text: &str) -> Result<Self> {
        let formed = (1..=64).contains(&text.len())
            && text
                .split(' ')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic()));
        if !formed || holds_card_number(text) {
            return INVOICE_NUMBER.err();
        }
        Ok(Self(text.to_owned()))
    }

    /// The number.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvoiceNumber(..)")
    }
}

/// An invoice.
#[derive(Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its number, unlike any other's.
    pub number: InvoiceNumber,
    /// The day on which it was issued, from which the law counts.
    pub issued_on: NaiveDate,
    /// The whole amount.
    pub money: Money,
    /// The debit by which it was paid, by our reference.
    pub debit: Option<Reference>,
    /// The text of it, with what the law asks for about the buyer.
    pub document: Option<String>,
}

impl fmt::Debug for Invoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invoice").field("issued_on", &self.issued_on).finish_non_exhaustive()
    }
}

/// Keeps an invoice that was issued to a customer; the same again changes nothing. Its period is that of
/// `[records] invoices` and runs from the day of issue: an erasure leaves it, and a sweep takes it.
///
/// # Law
/// Art. 6(1)(c) and 17(3)(b) GDPR; the law that the policy names for the period.
///
/// # Errors
/// [`INVOICE_MISMATCH`] if another invoice has the number; `guard.card_number` for a document that holds
/// one; `vault.in_future` for a day that has not come; `vault.unknown_kind`; those of
/// [`Vault::add_record`].
pub async fn issue(
    vault: &Vault,
    subject: SubjectId,
    invoice: &Invoice,
    actor: &Actor,
) -> Result<RecordKey> {
    let mut items = RecordItems::default().with(MODEL, encode(invoice));
    if let Some(document) = &invoice.document {
        guard::refuse(document).map_err(|error| error.field_is(&DOCUMENT))?;
        items = items.with(DOCUMENT, document.clone().into_bytes());
    }
    let new = NewRecord {
        subject: Some(subject),
        standing: Standing::Closed { at: vault.ports().zone.start_of_day(invoice.issued_on) },
        items,
        entry: Entry::new("invoice.issued"),
        effects: Effects::default(),
    };
    let number = number("invoice", invoice.number.expose().as_bytes());
    match vault.add_record_once(&INVOICES, &number, new, actor).await? {
        Numbered::Added(key) => Ok(key),
        Numbered::There(key) => {
            let there = |opened: &tacenda_core::vault::OpenedRecord| of(&opened.items);
            let same = key.subject == subject
                && vault.consult_record(&key, &[MODEL, DOCUMENT], there).await? == *invoice;
            if same { Ok(key) } else { INVOICE_MISMATCH.err() }
        }
    }
}

/// Reads an invoice for a purpose.
///
/// # Errors
/// As [`Vault::read_record`].
pub async fn read_invoice(
    vault: &Vault,
    key: &RecordKey,
    purpose: &Name,
    actor: &Actor,
) -> Result<Invoice> {
    of(&vault.read_record(key, &[MODEL, DOCUMENT], purpose, actor).await?.items)
}

fn of(items: &RecordItems) -> Result<Invoice> {
    let mut d = Decoder::new(items.get(&MODEL).unwrap_or_default(), DOMAIN)?;
    let number = InvoiceNumber::parse(d.text()?).map_err(|_| MALFORMED.error())?;
    let day = d.text()?;
    let issued_on = day.parse::<NaiveDate>().ok().filter(|parsed| parsed.to_string() == day);
    let invoice = Invoice {
        number,
        issued_on: issued_on.ok_or_else(|| MALFORMED.error())?,
        money: c::read_money(&mut d)?,
        debit: c::read_option(&mut d, c::read_reference)?,
        document: items.words(&DOCUMENT).map(str::to_owned),
    };
    d.end()?;
    Ok(invoice)
}

fn encode(invoice: &Invoice) -> Vec<u8> {
    let mut e = Encoder::new(DOMAIN);
    // EXPOSE: the encoding is what a row seals.
    e.text(invoice.number.expose()).text(&invoice.issued_on.to_string());
    c::money(&mut e, &invoice.money);
    c::option(&mut e, invoice.debit.as_ref(), c::reference);
    e.finish()
}
