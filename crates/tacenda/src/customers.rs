//! Customers: register, log in, read for a purpose, amend, close.

use std::collections::BTreeMap;

use tacenda_core::vault::{
    Actor, Amendment, ItemValue, Login, PasswordCounts, RegisterRequest, Registered, Vault, View,
    ViewPage,
};
use tacenda_core::{Name, Result, SubjectId, Timestamp};

use crate::import::{CustomerRecord, Mapping, Prepared};

/// The customers of a [`crate::Tacenda`].
#[derive(Debug, Clone, Copy)]
pub struct Customers<'a> {
    pub(crate) vault: &'a Vault,
}

impl Customers<'_> {
    /// Parses a value for one of the policy's items, so that it can be registered.
    ///
    /// # Errors
    /// As [`Vault::item`].
    pub fn item(&self, item: &str, text: &str) -> Result<ItemValue> {
        self.vault.item(&Name::parse(item)?, text)
    }

    /// Registers one customer.
    ///
    /// # Errors
    /// As [`Vault::register`].
    pub async fn register(&self, request: RegisterRequest, actor: &Actor) -> Result<Registered> {
        self.vault.register(request, actor).await
    }

    /// Registers records that span profile, offer, payment and history: one result per record, in
    /// order, the first failing field winning. A refused record never stops the others. A plan that
    /// is paid states the fact `paid offer`; [`Customers::register_many_with`] states others.
    ///
    /// # Errors
    /// The codes of the stores; what was committed before stays.
    pub async fn register_many(
        &self,
        records: Vec<CustomerRecord>,
        actor: &Actor,
    ) -> Result<Vec<Result<Registered>>> {
        self.register_many_with(records, &Mapping::default(), actor).await
    }

    /// [`Customers::register_many`] with a mapping of the caller's own.
    ///
    /// # Errors
    /// As [`Customers::register_many`].
    pub async fn register_many_with(
        &self,
        records: Vec<CustomerRecord>,
        mapping: &Mapping,
        actor: &Actor,
    ) -> Result<Vec<Result<Registered>>> {
        let mut refused = BTreeMap::new();
        let mut requests = Vec::with_capacity(records.len());
        let total = records.len();
        for (at, record) in records.iter().enumerate() {
            match Prepared::new(self.vault, record, mapping).into_request() {
                Ok(request) => requests.push(request),
                Err(error) => {
                    refused.insert(at, error);
                }
            }
        }
        let mut results = self.vault.register_many(requests, actor).await?.into_iter();
        Ok((0..total)
            .filter_map(|at| refused.remove(&at).map_or_else(|| results.next(), |e| Some(Err(e))))
            .collect())
    }

    /// Logs a customer in.
    ///
    /// # Errors
    /// `login.refused`, whatever the reason; as [`Vault::login`].
    pub async fn login(&self, identifier: &str, password: &str) -> Result<Login> {
        self.vault.login(identifier, password).await
    }

    /// Reads what a purpose may see of a customer.
    ///
    /// # Errors
    /// As [`Vault::read`].
    pub async fn read(&self, subject: SubjectId, purpose: &str, actor: &Actor) -> Result<View> {
        self.vault.read(subject, &Name::parse(purpose)?, actor).await
    }

    /// Reads the customer with this e-mail address.
    ///
    /// # Errors
    /// As [`Vault::read_by`].
    pub async fn read_by_email(&self, email: &str, purpose: &str, actor: &Actor) -> Result<View> {
        let item = self.vault.policy().identifier().name.clone();
        self.vault.read_by(&item, email, &Name::parse(purpose)?, actor).await
    }

    /// Reads many customers for one purpose: one commit, a leaf and a result each.
    ///
    /// # Errors
    /// As [`Vault::read_many`].
    pub async fn read_many(
        &self,
        subjects: &[SubjectId],
        purpose: &str,
        actor: &Actor,
    ) -> Result<Vec<Result<View>>> {
        self.vault.read_many(subjects, &Name::parse(purpose)?, actor).await
    }

    /// A page of customers with what a purpose may see of each: one commit, a leaf and a result
    /// each.
    ///
    /// # Errors
    /// As [`Vault::read_page`].
    pub async fn read_page(
        &self,
        after: Option<SubjectId>,
        limit: usize,
        purpose: &str,
        actor: &Actor,
    ) -> Result<ViewPage> {
        self.vault.read_page(after, limit, &Name::parse(purpose)?, actor).await
    }

    /// A page of customers' ids. They show nothing but the day of registration, so this leaves no
    /// leaf; [`Customers::read_page`] shows data.
    ///
    /// # Errors
    /// As [`Vault::subjects`].
    pub async fn page(&self, after: Option<SubjectId>, limit: usize) -> Result<Vec<SubjectId>> {
        self.vault.subjects(after, limit).await
    }

    /// Changes what is kept of a customer.
    ///
    /// # Errors
    /// As [`Vault::amend`].
    pub async fn amend(
        &self,
        subject: SubjectId,
        amendment: Amendment,
        actor: &Actor,
    ) -> Result<()> {
        self.vault.amend(subject, amendment, actor).await
    }

    /// Says whether a fact of the policy holds of an account.
    ///
    /// # Errors
    /// As [`Vault::amend`].
    pub async fn set_fact(
        &self,
        subject: SubjectId,
        fact: &str,
        holds: bool,
        actor: &Actor,
    ) -> Result<()> {
        let facts = BTreeMap::from([(Name::parse(fact)?, holds)]);
        self.amend(subject, Amendment { facts, ..Amendment::default() }, actor).await
    }

    /// Closes an account: logins are refused from now on, and the clocks that wait for it start.
    /// The address stays taken until the account is erased.
    ///
    /// # Errors
    /// As [`Vault::amend`].
    pub async fn close(&self, subject: SubjectId, at: Timestamp, actor: &Actor) -> Result<()> {
        let amendment = Amendment { close_at: Some(at), ..Amendment::default() };
        self.amend(subject, amendment, actor).await
    }

    /// How many passwords are still bare SHA-256 digests of another system. It opens nothing.
    ///
    /// # Errors
    /// As [`Vault::bare_passwords`].
    pub async fn bare_passwords(&self) -> Result<u64> {
        self.vault.bare_passwords().await
    }

    /// How the passwords of all accounts are kept: bare, wrapped or current. It opens every
    /// account's verifier: for a report now and then.
    ///
    /// # Errors
    /// As [`Vault::count_passwords`].
    pub async fn count_passwords(&self) -> Result<PasswordCounts> {
        self.vault.count_passwords().await
    }

    /// Wraps every imported SHA-256 digest in Argon2id. Killed anywhere, the next call wraps what
    /// is left.
    ///
    /// # Errors
    /// As [`Vault::wrap_legacy`].
    pub async fn wrap_legacy(&self, progress: &mut (dyn FnMut(u64) + Send)) -> Result<u64> {
        self.vault.wrap_legacy(progress).await
    }

    /// [`Customers::wrap_legacy`] for so many rows at once; answers with how many it wrapped and
    /// where the next page begins.
    ///
    /// # Errors
    /// As [`Vault::wrap_legacy_page`].
    pub async fn wrap_legacy_page(
        &self,
        after: Option<SubjectId>,
        limit: usize,
    ) -> Result<(u64, Option<SubjectId>)> {
        self.vault.wrap_legacy_page(after, limit).await
    }
}
