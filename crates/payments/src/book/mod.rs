//! What payments keep: who pays by which means, debits, events of the provider, invoices.
//!
//! Each is a record of the vault, sealed under a key of its own, with a line of `[records]` in the policy;
//! without that line the operation is refused (`vault.unknown_kind`), and nothing is asked of the provider.
//! An operation is a file. What is kept of cards and accounts is the provider's references, the last
//! four, and what the policy declares ([`Kept`]).

mod codec;
mod debits;
mod due;
mod entry;
mod event;
mod events;
mod invoices;
mod leave;
mod payer;
mod payers;
mod processor;
mod search;

use sha2::{Digest as _, Sha256};
use tacenda_core::codec::Encoder;
use tacenda_core::error::{Code, Kind};
use tacenda_core::vault::codes::NOT_DECLARED;
use tacenda_core::vault::{Actor, Vault};
use tacenda_core::{Name, Result, SubjectId};

use crate::events::Kept;
use crate::provider::{IdempotencyKey, Reference};

pub use debits::{Ask, Debited, debit, debit_of, read_debit};
pub use due::{Resumed, resume_due};
pub use events::{TakenIn, take_in};
pub use invoices::{Invoice, InvoiceNumber, issue, read_invoice};
pub use leave::{Kept as KeptRecords, Leaving, Left, leave, leave_gone, plan, run, stuck};
pub use payer::{Payer, PayerMethod};
pub use payers::{attach, detach, payer_of, read_payer, set_up};
pub use processor::{NOTHING_TO_RECTIFY, ProviderProcessor};
pub use search::{Problems, search};

/// A policy without a payment provider.
pub static NO_PROVIDER: Code = Code::new(
    "payments.no_provider",
    Kind::Configuration,
    "the policy names no payment provider (`[payments] provider`)",
);
/// Nobody who pays, or not with this.
pub static NO_METHOD: Code = Code::new(
    "payments.no_method",
    Kind::NotFound,
    "the customer has no such means of payment; it is set up and attached first",
);
/// A step for somebody who leaves.
pub static LEAVING: Code = Code::new(
    "payments.leaving",
    Kind::Conflict,
    "the customer is being deleted at the payment provider",
);
/// Text that is no number of an invoice.
pub static INVOICE_NUMBER: Code = Code::new(
    "payments.invoice_number",
    Kind::Input,
    "the number of an invoice is 1 to 64 visible characters with single spaces, and no card number",
);
/// Two invoices of one number.
pub static INVOICE_MISMATCH: Code =
    Code::new("payments.invoice_mismatch", Kind::Conflict, "another invoice has this number");
/// A search by nothing, or by what is no last four.
pub static SEARCH: Code = Code::new(
    "payments.search",
    Kind::Input,
    "a search needs four letters or digits, the last of a card or account, or a decline code",
);

/// The index of the last four of whatever a problem is about.
const LAST_FOUR: Name = Name::fixed("tacenda.last_four");
/// The index of decline codes.
const DECLINE: Name = Name::fixed("tacenda.decline_code");

/// The number under which a record is found by something that is one record's alone.
fn number(what: &str, value: &[u8]) -> [u8; 16] {
    hashed("tacenda/payments-number/1", what, value)
}

/// The key of a call that is the same whenever it is made with the same argument.
fn key_of(call: &str, argument: &Reference) -> Result<IdempotencyKey> {
    letters(&hashed("tacenda/payments-key/1", call, argument.expose().as_bytes()))
        .and_then(|text| IdempotencyKey::parse(&text))
}

/// Sixteen bytes as letters: a run of digits could look like a card number.
fn letters(bytes: &[u8; 16]) -> Result<String> {
    let letter = |nibble: u8| char::from(b'a'.saturating_add(nibble));
    Ok(bytes.iter().flat_map(|b| [letter(b >> 4), letter(b & 15)]).collect())
}

fn hashed(domain: &str, what: &str, value: &[u8]) -> [u8; 16] {
    let mut e = Encoder::new(domain);
    e.text(what).bytes(value);
    let mut cut = [0u8; 16];
    for (to, from) in cut.iter_mut().zip(Sha256::digest(e.finish())) {
        *to = from;
    }
    cut
}

/// What the policy lets be kept beside ids and the last four.
fn kept(vault: &Vault) -> Kept {
    Kept::declared_by(vault.policy())
}

/// Whether the provider may be given for this purpose what the policy says that it is given: of an account
/// that is there, meets the condition of the purpose and is not restricted. The log says so
/// (`data.disclosed`), and whoever may not is logged too.
async fn may_ask(vault: &Vault, subject: SubjectId, purpose: &Name, actor: &Actor) -> Result<()> {
    let policy = vault.policy();
    let Some(provider) = &policy.payments.provider else { return NO_PROVIDER.err() };
    let given = policy.processors.get(provider).map(|processor| &processor.discloses);
    let items = match (given, policy.purpose(purpose)) {
        (Some(given), Some(purpose)) => given.intersection(&purpose.items).cloned().collect(),
        _ => return NOT_DECLARED.err(),
    };
    vault.disclose(subject, provider, purpose, &items, actor).await.map(drop)
}

#[cfg(test)]
mod tests;
