//! Payments without card numbers: the last four digits, SEPA mandates, a provider's tokens.
//!
//! A new item of a card or an account gets its type in [`card`] or [`sepa`]; each type is parsed
//! from text, refuses to print itself, and cannot hold a card number.
#![forbid(unsafe_code)]

pub mod book;
pub mod card;
pub mod events;
pub mod ledger;
pub mod memory;
pub mod provider;
pub mod sepa;
pub mod stripe;

use tacenda_core::error::Code;
use tacenda_core::guard::{self, Reason};

pub use card::{Brand, CardToken, Expiry, LastFour};
pub use events::{Event, Kept};
pub use provider::{Currency, IdempotencyKey, Money, PaymentProvider, Reference};
pub use sepa::{CreditorId, Iban, IbanTail, Mandate, MandateReference};

/// The codes of this crate.
pub static CODES: &[&Code] = &[
    &card::LAST_FOUR,
    &card::CARD_TOKEN,
    &card::CARD_EXPIRY,
    &card::CARD_BRAND,
    &sepa::iban::IBAN_COUNTRY,
    &sepa::iban::IBAN_STRUCTURE,
    &sepa::iban::IBAN_CHECKSUM,
    &sepa::iban::IBAN_NOT_SEPA,
    &sepa::iban::IBAN_TAIL,
    &sepa::mandate::MANDATE_REFERENCE,
    &sepa::mandate::MANDATE_ENDED,
    &sepa::mandate::MANDATE_ORDER,
    &sepa::creditor::CREDITOR_COUNTRY,
    &sepa::creditor::CREDITOR_STRUCTURE,
    &sepa::creditor::CREDITOR_CHECKSUM,
    &sepa::dates::COLLECTION_DATE,
    &sepa::scheme::SEPA_WORD,
    &provider::money::CURRENCY,
    &provider::money::AMOUNT,
    &provider::DECLINED,
    &provider::NEEDS_AUTHENTICATION,
    &provider::RATE_LIMITED,
    &provider::TEMPORARY,
    &provider::UNKNOWN_OUTCOME,
    &provider::KEY_REUSED,
    &provider::NOT_FOUND,
    &provider::REFUSED,
    &provider::words::REFERENCE,
    &provider::words::IDEMPOTENCY_KEY,
    &provider::words::DECLINE_CODE,
    &provider::words::CLIENT_SECRET,
    &ledger::LEDGER_CONFLICT,
    &ledger::LEDGER_ORDER,
    &ledger::LEDGER_MISMATCH,
    &ledger::LEDGER_UNAVAILABLE,
    &book::NO_PROVIDER,
    &book::NO_METHOD,
    &book::LEAVING,
    &book::INVOICE_NUMBER,
    &book::INVOICE_MISMATCH,
    &book::SEARCH,
    &book::NOTHING_TO_RECTIFY,
    &stripe::webhook::WEBHOOK_SECRET,
    &stripe::webhook::WEBHOOK_TOO_LARGE,
    &stripe::webhook::WEBHOOK_HEADER,
    &stripe::webhook::WEBHOOK_SIGNATURE,
    &stripe::webhook::WEBHOOK_TIME,
    &stripe::webhook::WEBHOOK_REPLAYED,
    &stripe::webhook::WEBHOOK_MEMORY,
    &stripe::event::WEBHOOK_EVENT,
    &stripe::http::BASE_URL,
    &stripe::http::API_KEY,
    &stripe::http::WIRE,
];

/// Whether a text holds a card number.
fn holds_card_number(text: &str) -> bool {
    guard::find(text).iter().any(|hit| hit.reason == Reason::CardNumber)
}
