//! Debits under the SEPA schemes: account numbers, creditors, mandates and dates (S3).
//!
//! Everything here is pure: days are arguments. A debit passes through these types in this order: an
//! [`Iban`] that SEPA reaches, a [`Mandate`] that its holder signed for a creditor ([`CreditorId`]),
//! the [`CollectionDates`] of each collection on days when TARGET is open, and the [`Sequence`] that
//! the mandate gives it.

pub mod creditor;
pub mod dates;
pub mod iban;
pub mod mandate;
mod national;
mod registry;
pub mod scheme;
pub mod target;

pub use creditor::CreditorId;
pub use dates::{CollectionDates, Notice};
pub use iban::{Iban, IbanTail};
pub use mandate::{Amendment, Collection, Mandate, MandateReference, MandateState, Originals};
pub use scheme::{Frequency, Scheme, Sequence};
