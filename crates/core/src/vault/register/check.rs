//! What is checked of a request before any store is asked.

use std::collections::BTreeMap;

use super::super::account::AccountState;
use super::super::codes::{
    IN_FUTURE, LEGACY_NOT_DECLARED, OUT_OF_ORDER, REQUIRED, UNDECLARED, UNDECLARED_FACT,
    UNKNOWN_NOTICE,
};
use super::super::items::ItemValue;
use super::pages::Secrets;
use super::{NewPassword, RegisterRequest, Vault};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::name::Name;
use crate::password::{self, Password, Verifier};
use crate::policy::{LegacyPasswords, Policy, Stance, Told};
use crate::ports::Fingerprint;
use crate::row::Token;
use crate::seal::{IndexKey, fingerprint};
use crate::vault::suppress::Suppression;

/// A request that passed every check that needs no store.
pub(in crate::vault) struct Checked {
    pub(in crate::vault) at: usize,
    pub(super) items: BTreeMap<Name, ItemValue>,
    pub(super) verifier: Option<Verifier>,
    pub(super) state: AccountState,
    pub(super) fingerprint: Option<Fingerprint>,
    pub(in crate::vault) tokens: Vec<Token>,
    /// Whether the person asks for it.
    pub(super) by_person: bool,
    /// What ends with it.
    pub(super) suppressed: Option<Suppression>,
}
impl Vault {
    /// Checks what needs no store: required items, the order of dates, declared facts, the notice,
    /// legacy digests.
    ///
    /// # Errors
    /// As [`Vault::register`].
    pub fn check_request(&self, request: &RegisterRequest) -> Result<()> {
        let policy = &self.policy;
        required(policy, request)?;
        history(policy, self.now(), request)?;
        if request.password.is_some() && policy.password_item().is_none() {
            return UNDECLARED.err();
        }
        let legacy = matches!(request.password, Some(NewPassword::LegacySha256(_)));
        if legacy && policy.passwords.legacy != LegacyPasswords::Sha256 {
            return LEGACY_NOT_DECLARED.err();
        }
        Ok(())
    }

    pub(super) async fn parse_request(
        &self,
        at: usize,
        request: RegisterRequest,
        now: Timestamp,
        secrets: &Secrets,
    ) -> Result<Checked> {
        self.check_request(&request)?;
        let policy = &self.policy;
        let registered_at = request.registered_at.unwrap_or(now);
        let by_person = request.source.is_none() && !request.unasked;
        let how = Name::fixed("registration");
        // When whoever is imported was told nobody says: by now they were.
        let told = request.notice.map(|version| Told { version, at: now, how });
        let state = AccountState {
            registered_at,
            last_login_at: request.last_login_at,
            closed_at: request.closed_at,
            facts: request.facts,
            stance: Stance { told, ..Stance::default() },
        };
        let items: BTreeMap<_, _> =
            request.items.into_iter().map(|value| (value.item.clone(), value)).collect();
        let verifier = match request.password {
            None => None,
            Some(NewPassword::LegacySha256(digest)) => Some(Verifier::legacy_sha256(*digest)),
            Some(NewPassword::Plain(password)) => Some(self.hash_password(password).await?),
        };
        let tokens = tokens(policy, &items, &secrets.index);
        let fingerprint = request.source.map(|source| fingerprint(&secrets.fingerprints, &source));
        let suppressed = None;
        Ok(Checked { at, items, verifier, state, fingerprint, tokens, by_person, suppressed })
    }

    /// Hashes a password at the policy's parameters, on the worker.
    pub(in crate::vault) async fn hash_password(&self, password: Password) -> Result<Verifier> {
        let params = self.params;
        let salt = crate::rng::generate(self.ports.rng.as_ref());
        password::perform(self.ports.passwords.as_ref(), move |workspace| {
            password::hash(&password, params, salt, workspace)
        })
        .await
    }
}

fn required(policy: &Policy, request: &RegisterRequest) -> Result<()> {
    let undeclared = |value: &ItemValue| policy.item(&value.item).is_none();
    // A value that another policy's vault has parsed.
    if request.items.iter().any(undeclared) {
        return UNDECLARED.err();
    }
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
    let mut before = request.registered_at.unwrap_or(now);
    for (field, at) in [
        ("registered_at", request.registered_at),
        ("last_login_at", request.last_login_at),
        ("closed_at", request.closed_at),
    ] {
        let Some(at) = at else { continue };
        if at > now {
            return Err(IN_FUTURE.error().field_is(field));
        }
        if at < before {
            return Err(OUT_OF_ORDER.error().field_is(field));
        }
        before = at;
    }
    if request.notice.is_some_and(|version| version == 0 || version > policy.version) {
        return UNKNOWN_NOTICE.err();
    }
    let declared = |fact: &Name| policy.facts.contains_key(fact);
    if request.facts.iter().all(declared) { Ok(()) } else { UNDECLARED_FACT.err() }
}

/// The tokens of the unique items among those given.
pub(in crate::vault) fn tokens(
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
