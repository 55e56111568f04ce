//! Debits under the SEPA schemes: account numbers and mandates (S3).

pub mod iban;
pub mod mandate;

pub use iban::{Iban, IbanTail};
pub use mandate::{Mandate, MandateReference};
