//! Registering: validated requests become sealed rows, one leaf per subject, one commit per page.

mod check;
mod known;
mod write;

use std::collections::{BTreeSet, HashMap};

use zeroize::Zeroizing;

use super::codes::NOT_UNIQUE;
use super::items::ItemValue;
use super::keys::FINGERPRINT_KEY;
use super::{Actor, Vault};
use crate::clock::Timestamp;
use crate::error::{Context, Error, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::password::Password;
use crate::ports::Fingerprint;
use crate::ports::store::NOT_UNIQUE as STORE_NOT_UNIQUE;
use crate::seal::IndexKey;

use check::Checked;
pub(super) use check::tokens;
use write::Prepared;

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
    /// The record that the request was made from, as names and values; if given, the same record
    /// is known again and written once.
    pub source: Option<Zeroizing<Vec<u8>>>,
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
    /// `vault.required_item`, `vault.not_unique`, `vault.in_future`, `vault.out_of_order`,
    /// `vault.undeclared_fact`, with the field; nothing was written then. The codes of the ports.
    pub async fn register(&self, request: RegisterRequest, actor: &Actor) -> Result<Registered> {
        let mut results = self.register_many(vec![request], actor).await?;
        results.pop().unwrap_or_else(|| crate::codec::MALFORMED.err())
    }

    /// Registers many customers: one result per request, in order. A refused request never stops
    /// the others and is never half written. Up to 1,000 enter in one commit, each with a leaf of
    /// its own.
    ///
    /// # Errors
    /// The codes of the ports. Pages committed before the failure stay.
    pub async fn register_many(
        &self,
        requests: Vec<RegisterRequest>,
        actor: &Actor,
    ) -> Result<Vec<Result<Registered>>> {
        let mut results = Vec::with_capacity(requests.len());
        let mut requests = requests.into_iter().peekable();
        while requests.peek().is_some() {
            let page: Vec<_> = requests.by_ref().take(PAGE).collect();
            results.extend(self.register_page(page, actor).await?);
        }
        Ok(results)
    }

    async fn register_page(
        &self,
        page: Vec<RegisterRequest>,
        actor: &Actor,
    ) -> Result<Vec<Result<Registered>>> {
        let now = self.now();
        let index_key = self.index_key().await?;
        let fingerprint_key = IndexKey::from_bytes(self.secret(&FINGERPRINT_KEY).await?);
        let mut results: Vec<Option<Result<Registered>>> = page.iter().map(|_| None).collect();
        let mut checked = Vec::with_capacity(page.len());
        for (at, request) in page.into_iter().enumerate() {
            match self.parse_request(at, request, now, &index_key, &fingerprint_key).await {
                Ok(one) => checked.push(one),
                Err(error) => put(&mut results, at, Err(error)),
            }
        }
        let checked = self.drop_known(checked, &mut results).await?;
        let (checked, repeats) = split_repeats(checked);
        let checked = self.drop_taken(checked, &mut results).await?;
        let (mut prepared, keys) = self.prepare(checked, now).await?;
        while !prepared.is_empty() {
            match self.write(&prepared, keys.1, now, actor).await {
                Ok(()) => break,
                // Somebody took a unique value in between: the batch goes on without the loser.
                Err(error) if error.is(&STORE_NOT_UNIQUE) => {
                    let loser = loser(&error, &prepared);
                    let Some(loser) = loser else { return Err(error) };
                    let lost = prepared.swap_remove(loser);
                    self.forget_keys(&keys.0, lost.subject).await?;
                    put(&mut results, lost.at, Err(not_unique(error.context("index"))));
                }
                Err(error) => return Err(error),
            }
        }
        for one in prepared {
            put(&mut results, one.at, Ok(Registered::New(one.subject)));
        }
        for (at, of) in repeats {
            let result = match results.get(of).and_then(Option::as_ref) {
                Some(Ok(first)) => Ok(Registered::Known(first.subject())),
                Some(Err(error)) => Err(error.again()),
                None => crate::codec::MALFORMED.err(),
            };
            put(&mut results, at, result);
        }
        Ok(results
            .into_iter()
            .map(|r| r.unwrap_or_else(|| crate::codec::MALFORMED.err()))
            .collect())
    }
}

/// Takes out records that stand in the page before: each shares the fate of the first, so that a
/// file has the same verdicts at every import.
fn split_repeats(checked: Vec<Checked>) -> (Vec<Checked>, Vec<(usize, usize)>) {
    let mut first: HashMap<Fingerprint, usize> = HashMap::new();
    let (mut fresh, mut repeats) = (Vec::with_capacity(checked.len()), Vec::new());
    for one in checked {
        match one.fingerprint.map(|print| *first.entry(print).or_insert(one.at)) {
            Some(of) if of != one.at => repeats.push((one.at, of)),
            _ => fresh.push(one),
        }
    }
    (fresh, repeats)
}

fn put(results: &mut [Option<Result<Registered>>], at: usize, result: Result<Registered>) {
    if let Some(place) = results.get_mut(at) {
        *place = Some(result);
    }
}
/// Which request of the batch holds the token that somebody else took first.
fn loser(error: &Error, prepared: &[Prepared]) -> Option<usize> {
    let Some(Context::Subject(subject)) = error.context("subject") else { return None };
    prepared.iter().position(|one| one.subject == *subject)
}

fn not_unique(index: Option<&Context>) -> Error {
    let error = NOT_UNIQUE.error();
    match index {
        Some(index) => error.field_is(index.clone()),
        None => error,
    }
}
