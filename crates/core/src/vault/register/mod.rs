//! Registering: validated requests become sealed rows, one leaf per subject, one commit per page.

mod check;
mod known;
mod pages;
mod write;

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use super::items::ItemValue;
use super::{Actor, Vault};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::password::Password;

pub(super) use check::{Checked, tokens};
pub use pages::Registration;

/// How many subjects one commit registers at most.
const PAGE: usize = 1000;

/// A password on its way in.
pub enum NewPassword {
    /// The password itself; hashed with Argon2id before anything is stored.
    Plain(Password),
    /// The 32 bytes of a SHA-256 digest that another system kept; sealed at once, marked as
    /// legacy, and wrapped by a job.
    LegacySha256(Zeroizing<[u8; 32]>),
}

impl NewPassword {
    /// A password as it was typed.
    ///
    /// # Errors
    /// `password.empty`, `password.too_long`.
    pub fn plain(typed: &str) -> Result<Self> {
        Password::parse(typed).map(Self::Plain)
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(..)")
    }
}

/// A customer to register: items already parsed, what is known of the account's past, facts.
#[derive(Debug, Default)]
pub struct RegisterRequest {
    /// The items, each at most once; a later one replaces an earlier.
    pub items: Vec<ItemValue>,
    /// The password, if the account has one.
    pub password: Option<NewPassword>,
    /// When the account was made; now, if not said.
    pub registered_at: Option<Timestamp>,
    /// The last login, for an account that existed elsewhere before.
    pub last_login_at: Option<Timestamp>,
    /// When it was closed, for an account that existed elsewhere before.
    pub closed_at: Option<Timestamp>,
    /// The facts of the policy that hold of the account.
    pub facts: BTreeSet<Name>,
    /// The version of the policy whose notice the person was shown, if one was (Art. 13(1) and (2)
    /// GDPR); purposes that came later are not read without it.
    pub notice: Option<u64>,
    /// The record that the request was made from, as names and values; if given, the same record
    /// is known again and written once.
    pub source: Option<Zeroizing<Vec<u8>>>,
    /// Whether it comes from a file or a late event, and not from the person: then nobody is brought back
    /// who was erased on request. A request with a `source` always does.
    pub unasked: bool,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// The subject is new.
    New(SubjectId),
    /// The same record was imported before, as this subject; nothing was written.
    Known(SubjectId),
}

impl Registered {
    /// The subject, new or known.
    #[must_use]
    pub const fn subject(self) -> SubjectId {
        match self {
            Self::New(id) | Self::Known(id) => id,
        }
    }
}
impl Vault {
    /// Registers one customer.
    ///
    /// # Errors
    /// `vault.suppressed` for what comes from a file or an event, of somebody who was erased on request;
    /// `vault.required_item`, `vault.not_unique`, `vault.in_future`, `vault.out_of_order`,
    /// `vault.undeclared_fact`, with the field; `vault.undeclared_item`, also for a password where the
    /// policy keeps none; nothing was written then. The codes of the ports.
    pub async fn register(&self, request: RegisterRequest, actor: &Actor) -> Result<Registered> {
        let mut results = self.register_many(vec![request], actor).await?;
        results.pop().unwrap_or_else(|| crate::codec::MALFORMED.err())
    }

    /// Registers many customers: one result per request, in order. A refused request never stops
    /// the others and is never half written. At most 1,000 enter in one commit, each with a leaf
    /// of its own; fewer while others use the vault, who wait for that commit.
    ///
    /// # Errors
    /// The codes of the ports. Pages committed before the failure stay.
    pub async fn register_many(
        &self,
        requests: Vec<RegisterRequest>,
        actor: &Actor,
    ) -> Result<Vec<Result<Registered>>> {
        let mut results = Vec::with_capacity(requests.len());
        let mut registration = self.registration(actor).await?;
        let mut requests = requests.into_iter().peekable();
        while requests.peek().is_some() {
            let page: Vec<_> = requests.by_ref().take(PAGE).collect();
            results.extend(registration.page(page).await?);
        }
        results.extend(registration.finish().await?);
        Ok(results)
    }
}

fn put(results: &mut [Option<Result<Registered>>], at: usize, result: Result<Registered>) {
    if let Some(place) = results.get_mut(at) {
        *place = Some(result);
    }
}
