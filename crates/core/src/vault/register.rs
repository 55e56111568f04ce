//! Registering: validated requests become sealed rows, one leaf per subject, one commit per page.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zeroize::Zeroizing;

use super::account::{AccountState, STATE_ITEM};
use super::codes::{
    IN_FUTURE, LEGACY_NOT_DECLARED, NOT_UNIQUE, OUT_OF_ORDER, REQUIRED, UNDECLARED_FACT,
};
use super::items::ItemValue;
use super::journal::Draft;
use super::keys::FINGERPRINT_KEY;
use super::{Actor, Vault};
use crate::clock::Timestamp;
use crate::error::{Context, Error, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::password::{self, Password, Verifier};
use crate::policy::{LegacyPasswords, Policy};
use crate::ports::store::NOT_UNIQUE as STORE_NOT_UNIQUE;
use crate::ports::{Expect, Fingerprint, KeyId, NewKeys, RowWrite};
use crate::row::{Row, RowKey, Token, state};
use crate::seal::{Body, DataKey, IndexKey, Place, fingerprint};

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

/// A request that passed every check that needs no store.
struct Checked {
    at: usize,
    items: BTreeMap<Name, ItemValue>,
    verifier: Option<Verifier>,
    state: AccountState,
    fingerprint: Option<Fingerprint>,
    tokens: Vec<Token>,
}

/// A request about to be written.
struct Prepared {
    at: usize,
    subject: SubjectId,
    rows: Vec<Row>,
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
        Ok(results
            .into_iter()
            .map(|r| r.unwrap_or_else(|| crate::codec::MALFORMED.err()))
            .collect())
    }

    /// Checks what needs no store: required items, the order of dates, declared facts, legacy
    /// digests.
    ///
    /// # Errors
    /// As [`Vault::register`].
    pub fn check_request(&self, request: &RegisterRequest) -> Result<()> {
        let policy = &self.policy;
        required(policy, request)?;
        history(policy, self.now(), request)?;
        let legacy = matches!(request.password, Some(NewPassword::LegacySha256(_)));
        if legacy && policy.passwords.legacy != LegacyPasswords::Sha256 {
            return LEGACY_NOT_DECLARED.err();
        }
        Ok(())
    }

    async fn parse_request(
        &self,
        at: usize,
        request: RegisterRequest,
        now: Timestamp,
        index_key: &IndexKey,
        fingerprint_key: &IndexKey,
    ) -> Result<Checked> {
        self.check_request(&request)?;
        let policy = &self.policy;
        let state = AccountState {
            registered_at: request.registered_at.unwrap_or(now),
            last_login_at: request.last_login_at,
            closed_at: request.closed_at,
            facts: request.facts,
        };
        let items: BTreeMap<_, _> =
            request.items.into_iter().map(|value| (value.item.clone(), value)).collect();
        let verifier = match request.password {
            None => None,
            Some(NewPassword::LegacySha256(digest)) => Some(Verifier::legacy_sha256(*digest)),
            Some(NewPassword::Plain(password)) => Some(self.hash_password(password).await?),
        };
        let tokens = tokens(policy, &items, index_key);
        let fingerprint = request.source.map(|source| fingerprint(fingerprint_key, &source));
        Ok(Checked { at, items, verifier, state, fingerprint, tokens })
    }

    /// Takes out what an earlier import wrote, and repeats within the page.
    async fn drop_known(
        &self,
        checked: Vec<Checked>,
        results: &mut [Option<Result<Registered>>],
    ) -> Result<Vec<Checked>> {
        let prints: Vec<_> = checked.iter().filter_map(|one| one.fingerprint).collect();
        if prints.is_empty() {
            return Ok(checked);
        }
        let owners = self.ports.keyring.fingerprints(&prints).await?;
        let mut known: HashMap<Fingerprint, SubjectId> = HashMap::new();
        for (print, owner) in prints.iter().zip(owners) {
            if let Some(owner) = owner
                && self.was_written(owner).await?
            {
                known.insert(*print, owner);
            }
        }
        let mut fresh = Vec::with_capacity(checked.len());
        for one in checked {
            match one.fingerprint.and_then(|print| known.get(&print)) {
                Some(owner) => put(results, one.at, Ok(Registered::Known(*owner))),
                None => fresh.push(one),
            }
        }
        Ok(fresh)
    }

    /// Whether the rows of a subject were ever written: a crash between safe and store leaves keys
    /// and a fingerprint whose rows never came.
    async fn was_written(&self, subject: SubjectId) -> Result<bool> {
        Ok(!self.ports.store.leaves_of(subject, true, None, 1).await?.is_empty())
    }

    /// Takes out requests whose unique values are held by somebody, or by an earlier request.
    async fn drop_taken(
        &self,
        checked: Vec<Checked>,
        results: &mut [Option<Result<Registered>>],
    ) -> Result<Vec<Checked>> {
        let mut by_index: BTreeMap<Name, Vec<[u8; 16]>> = BTreeMap::new();
        for token in checked.iter().flat_map(|one| &one.tokens) {
            by_index.entry(token.index.clone()).or_default().push(token.value);
        }
        let mut taken: BTreeSet<(Name, [u8; 16])> = BTreeSet::new();
        for (index, tokens) in by_index {
            let found = self.ports.store.lookup(&index, &tokens).await?;
            taken.extend(
                tokens
                    .into_iter()
                    .zip(found)
                    .filter(|(_, rows)| !rows.is_empty())
                    .map(|(token, _)| (index.clone(), token)),
            );
        }
        let mut free = Vec::with_capacity(checked.len());
        for one in checked {
            let lost = one.tokens.iter().find(|t| taken.contains(&(t.index.clone(), t.value)));
            if let Some(token) = lost {
                let error = NOT_UNIQUE.error().field_is(&token.index);
                put(results, one.at, Err(error));
                continue;
            }
            taken.extend(one.tokens.iter().map(|t| (t.index.clone(), t.value)));
            free.push(one);
        }
        Ok(free)
    }

    /// Makes the keys durable, then seals: in this order, so that no row is ever without its key.
    async fn prepare(
        &self,
        checked: Vec<Checked>,
        now: Timestamp,
    ) -> Result<(Vec<Prepared>, (Vec<KeyId>, u64))> {
        let mut ids = Vec::new();
        let mut fingerprints = Vec::new();
        let subjects: Vec<_> = checked
            .iter()
            .map(|one| {
                let subject = SubjectId::generate(now, self.ports.rng.as_ref());
                for class in classes_of(&self.policy, one) {
                    ids.push(KeyId { subject, class, year: 0 });
                }
                fingerprints.extend(one.fingerprint.map(|print| (print, subject, now)));
                subject
            })
            .collect();
        if ids.is_empty() {
            return Ok((Vec::new(), (ids, 0)));
        }
        let (keys, wrapped) = self.generate_keys(ids.clone()).await?;
        let log = None;
        let sequence =
            self.ports.keyring.create(NewKeys { keys: wrapped, fingerprints, log }).await?;
        let mut keys = ids.iter().zip(keys).peekable();
        let mut prepared = Vec::with_capacity(checked.len());
        for (one, subject) in checked.into_iter().zip(subjects) {
            let mut rows = Vec::new();
            while let Some((id, key)) = keys.next_if(|(id, _)| id.subject == subject) {
                rows.push(self.seal_row(&one, subject, &id.class, &key, now)?);
            }
            prepared.push(Prepared { at: one.at, subject, rows });
        }
        Ok((prepared, (ids, sequence)))
    }

    fn seal_row(
        &self,
        one: &Checked,
        subject: SubjectId,
        class: &Name,
        key: &DataKey,
        now: Timestamp,
    ) -> Result<Row> {
        let rng = self.ports.rng.as_ref();
        let (cipher, mut body) = (key.cipher(), Body::default());
        let row = RowKey::only(subject, self.kind(class));
        let place = Place { row: &row, class };
        let declared = self.policy.classes.get(class);
        let declared =
            declared.ok_or_else(|| super::codes::UNDECLARED.error().with("class", class))?;
        for item in &declared.items {
            if let Some(value) = one.items.get(item) {
                // EXPOSE: the value is sealed.
                body.seal(place, item, value.value.typed().as_bytes(), &cipher, rng);
            }
        }
        let primary = *class == *self.policy.primary_class();
        if primary {
            body.seal(place, &STATE_ITEM, &one.state.encode(), &cipher, rng);
        }
        if let (Some(verifier), Some(item)) = (&one.verifier, self.policy.password_item())
            && item.class == *class
        {
            body.seal(place, &item.name, &verifier.encode(), &cipher, rng);
        }
        let tokens = one
            .tokens
            .iter()
            .filter(|token| declared.items.contains(&token.index))
            .cloned()
            .collect();
        Ok(Row {
            class: Some(class.clone()),
            state: state::LIVE,
            held: false,
            anchor_at: one.state.anchor(declared, now),
            due_at: None,
            version: 1,
            tokens,
            body: body.encode(),
            key: row,
        })
    }

    async fn write(
        &self,
        prepared: &[Prepared],
        sequence: u64,
        now: Timestamp,
        actor: &Actor,
    ) -> Result<()> {
        let mut draft = Draft::new(sequence);
        for one in prepared {
            let leaf = self.leaf(now, actor, "subject.registered", one.subject);
            let writes = one.rows.iter().cloned();
            let writes = writes.map(|row| RowWrite { row, expect: Expect::Absent }).collect();
            draft.record(leaf, writes, &[]);
        }
        self.commit(draft).await.map(|_| ())
    }

    /// Gives up the keys of a subject that lost a race; nobody else knows its id.
    async fn forget_keys(&self, keys: &[KeyId], subject: SubjectId) -> Result<()> {
        let lost: Vec<_> = keys.iter().filter(|key| key.subject == subject).cloned().collect();
        self.ports.keyring.forget(&lost).await
    }

    /// Hashes a password at the policy's parameters, on the worker.
    pub(super) async fn hash_password(&self, password: Password) -> Result<Verifier> {
        let params = self.params;
        let salt = crate::rng::generate(self.ports.rng.as_ref());
        password::perform(self.ports.passwords.as_ref(), move |workspace| {
            password::hash(&password, params, salt, workspace)
        })
        .await
    }
}

fn put(results: &mut [Option<Result<Registered>>], at: usize, result: Result<Registered>) {
    if let Some(place) = results.get_mut(at) {
        *place = Some(result);
    }
}

/// The classes that a request has something for; the primary one always.
fn classes_of(policy: &Policy, one: &Checked) -> Vec<Name> {
    let primary = policy.primary_class();
    let password = policy.password_item().filter(|_| one.verifier.is_some());
    policy
        .classes
        .values()
        .filter(|class| {
            class.name == *primary
                || password.is_some_and(|item| item.class == class.name)
                || class.items.iter().any(|item| one.items.contains_key(item))
        })
        .map(|class| class.name.clone())
        .collect()
}

fn required(policy: &Policy, request: &RegisterRequest) -> Result<()> {
    let given = |item: &Name| request.items.iter().any(|value| value.item == *item);
    let password = policy.password_item().map(|item| &item.name);
    for item in policy.items.values() {
        let is_given = if Some(&item.name) == password {
            request.password.is_some()
        } else {
            given(&item.name)
        };
        let asked = item.required || item.required_with.iter().any(given);
        if asked && !is_given {
            return Err(REQUIRED.error().field_is(&item.name));
        }
    }
    Ok(())
}

fn history(policy: &Policy, now: Timestamp, request: &RegisterRequest) -> Result<()> {
    let registered_at = request.registered_at.unwrap_or(now);
    for (field, at) in [
        ("registered_at", request.registered_at),
        ("last_login_at", request.last_login_at),
        ("closed_at", request.closed_at),
    ] {
        let Some(at) = at else { continue };
        if at > now {
            return Err(IN_FUTURE.error().field_is(field));
        }
        if at < registered_at {
            return Err(OUT_OF_ORDER.error().field_is(field));
        }
    }
    match request.facts.iter().find(|fact| !policy.facts.contains_key(*fact)) {
        Some(fact) => Err(UNDECLARED_FACT.error().field_is(fact)),
        None => Ok(()),
    }
}

/// The tokens of the unique items among those given.
pub(super) fn tokens(
    policy: &Policy,
    items: &BTreeMap<Name, ItemValue>,
    key: &IndexKey,
) -> Vec<Token> {
    items
        .values()
        .filter(|value| policy.item(&value.item).is_some_and(|item| item.unique))
        .map(|value| Token {
            index: value.item.clone(),
            // EXPOSE: the normal form is hashed under the index key.
            value: key.token(&value.item, value.value.normal()),
            unique: true,
        })
        .collect()
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
