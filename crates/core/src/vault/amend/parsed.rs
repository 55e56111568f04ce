//! What an amendment asks for, checked as far as no row is needed.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::super::account::{Account, AccountState};
use super::super::codes::{
    CLOSED_ALREADY, IN_FUTURE, OUT_OF_ORDER, REQUIRED, UNDECLARED, UNDECLARED_FACT,
};
use super::super::items::{ItemValue, declared};
use super::{Amendment, Vault};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::name::Name;
use crate::policy::Class;
use crate::row::{Row, state};
use crate::seal::Body;

/// What an amendment comes to, ready to be tried again if another change comes first.
pub(super) struct Parsed {
    pub(super) set: BTreeMap<Name, ItemValue>,
    pub(super) remove: Vec<Name>,
    pub(super) facts: BTreeMap<Name, bool>,
    pub(super) verifier: Option<Zeroizing<Vec<u8>>>,
    pub(super) close_at: Option<Timestamp>,
}

impl Vault {
    /// Checks what needs no store, and hashes a password.
    pub(super) async fn parse_amendment(&self, amendment: Amendment) -> Result<Parsed> {
        for item in &amendment.remove {
            if declared(&self.policy, item)?.required {
                return Err(REQUIRED.error().field_is(item));
            }
        }
        for value in &amendment.set {
            declared(&self.policy, &value.item)?;
        }
        if !amendment.facts.keys().all(|fact| self.policy.facts.contains_key(fact)) {
            return UNDECLARED_FACT.err();
        }
        if amendment.password.is_some() && self.policy.password_item().is_none() {
            return UNDECLARED.err();
        }
        let verifier = match amendment.password {
            Some(plain) => Some(self.hash_password(plain).await?.encode()),
            None => None,
        };
        let set = amendment.set.into_iter().map(|value| (value.item.clone(), value)).collect();
        let Amendment { remove, facts, close_at, .. } = amendment;
        Ok(Parsed { set, remove, facts, verifier, close_at })
    }

    /// Whether a law that archives a class of a closed account counts from the amendment: it sets an
    /// item that the law asks for, or states the fact on which its duty depends, as a last invoice does.
    ///
    /// # Law
    /// Art. 17(3)(b) GDPR: what was written after the closing is kept for as long as all else.
    pub(super) fn duty_begins(
        &self,
        class: &Class,
        row: Option<&Row>,
        parsed: &Parsed,
        before: &BTreeSet<Name>,
        state: &AccountState,
    ) -> Result<bool> {
        if state.closed_at.is_none() {
            return Ok(false);
        }
        let set = class.items.iter().filter(|item| parsed.set.contains_key(*item));
        let set: BTreeSet<_> = set.cloned().collect();
        // The invoice may be stated after the address that it bears.
        let all = self.policy.facts.keys().cloned().collect();
        if !self.policy.archived(&class.name, &set, &all).is_empty() {
            return Ok(true);
        }
        let Some(row) = row.filter(|row| row.state != state::ARCHIVED) else { return Ok(false) };
        let (items, _) = Body::contents(&row.body)?;
        let duties = |facts| self.policy.archived(&class.name, &items, facts);
        let before = duties(before);
        Ok(duties(&state.facts).iter().any(|duty| !before.contains(duty)))
    }
}

/// Takes the facts and the closing into the account's state; whether anything changed.
pub(super) fn change_state(account: &mut Account, parsed: &Parsed, now: Timestamp) -> Result<bool> {
    let before = account.state.clone();
    for (fact, holds) in &parsed.facts {
        if *holds {
            account.state.facts.insert(fact.clone());
        } else {
            account.state.facts.remove(fact);
        }
    }
    if let Some(at) = parsed.close_at {
        if account.state.closed_at.is_some() {
            return CLOSED_ALREADY.err();
        }
        if at > now {
            return Err(IN_FUTURE.error().field_is("closed_at"));
        }
        let seen = account.state.last_login_at.max(Some(account.state.registered_at));
        if Some(at) < seen {
            return Err(OUT_OF_ORDER.error().field_is("closed_at"));
        }
        account.state.closed_at = Some(at);
    }
    Ok(account.state != before)
}
