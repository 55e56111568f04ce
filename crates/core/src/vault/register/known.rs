//! What the stores already know of the requests of a page: earlier imports, taken values.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::check::Checked;
use super::{Registered, Vault, put};
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::{Fingerprint, KeyId, KeyState};
use crate::row::Token;
use crate::vault::codes::NOT_UNIQUE;
use crate::vault::suppress::Stands;
use crate::vault::withdrawals::WITHDRAWN;

impl Vault {
    /// Takes out what an earlier import wrote.
    pub(super) async fn drop_known(
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
    /// and a fingerprint whose rows never came. Whoever was erased was written, whatever the log
    /// still has of it.
    pub(in crate::vault) async fn was_written(&self, subject: SubjectId) -> Result<bool> {
        let tombstone = |(key, state): &(KeyId, KeyState)| {
            matches!(state, KeyState::Destroyed(_)) && key.class != WITHDRAWN
        };
        Ok(!self.ports.store.leaves_of(subject, true, None, 1).await?.is_empty()
            || self.ports.keyring.keys_of(subject).await?.iter().any(tombstone))
    }

    /// Takes out what would bring somebody back who was erased on request. Whoever asks for it
    /// themselves is back.
    pub(super) async fn drop_suppressed(
        &self,
        checked: Vec<Checked>,
        results: &mut [Option<Result<Registered>>],
    ) -> Result<Vec<Checked>> {
        let mut stands = self.suppressions(&checked).await?;
        let mut free = Vec::with_capacity(checked.len());
        for mut one in checked {
            match stands.remove(&one.at) {
                Some(stands) if !one.by_person => {
                    put(results, one.at, Err(stands.into_error(self)));
                    continue;
                }
                Some(Stands::Suppressed(key)) => one.suppressed = Some(key),
                Some(Stands::Unclear(_)) | None => {}
            }
            free.push(one);
        }
        Ok(free)
    }

    /// Takes out requests whose unique values are held by somebody.
    pub(super) async fn drop_taken(
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
        Ok(drop_lost(checked, results, |tokens| {
            tokens.iter().find(|t| taken.contains(&(t.index.clone(), t.value))).cloned()
        }))
    }
}

/// Takes out requests of which an earlier one of the same page has a unique value. Asked last: what
/// is refused for another reason claims nothing, wherever a file is cut into pages.
pub(super) fn drop_claimed(
    checked: Vec<Checked>,
    results: &mut [Option<Result<Registered>>],
) -> Vec<Checked> {
    let mut claimed: HashSet<Token> = HashSet::new();
    drop_lost(checked, results, |tokens| {
        let lost = tokens.iter().find(|token| claimed.contains(token)).cloned();
        if lost.is_none() {
            claimed.extend(tokens.iter().cloned());
        }
        lost
    })
}

fn drop_lost(
    checked: Vec<Checked>,
    results: &mut [Option<Result<Registered>>],
    mut lost: impl FnMut(&[Token]) -> Option<Token>,
) -> Vec<Checked> {
    let mut free = Vec::with_capacity(checked.len());
    for one in checked {
        match lost(&one.tokens) {
            Some(token) => {
                put(results, one.at, Err(NOT_UNIQUE.error().field_is(&token.index)));
            }
            None => free.push(one),
        }
    }
    free
}
