//! The clocks that run from the last login: moved with it, and set right where it could not move them.
//!
//! A login moves the clock of every sound row. One that is not what the log states keeps its clock,
//! and once it is mended that clock is older than the account's own state says. Nothing is late that
//! its owner used since: whoever erases by a clock asks first.

use std::collections::BTreeMap;

use super::account::AccountState;
use super::codes::NOT_FOUND;
use super::destroy::{Leaving, Tries};
use super::journal::{Draft, next_version};
use super::{Actor, Outline, Vault};
use crate::clock::Timestamp;
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::{AnchorEvent, Class};
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, RowWrite};
use crate::row::{Row, RowKey, state};

/// In these states an account tells when its owner was last seen.
const IN_USE: [Name; 2] = [state::LIVE, state::RESTRICTED];

impl Vault {
    /// Of rows in use of one subject, the clocks that the account's state says otherwise: by class,
    /// the time that it says. Only clocks that run from the last login can be behind it.
    ///
    /// # Properties
    /// The account is opened only where a clock is older than that of the account's own row, or
    /// where that one runs from another event.
    ///
    /// # Errors
    /// `keys.destroyed` if the account is being erased; the integrity codes of `vault` and `seal`;
    /// the codes of the ports.
    pub async fn late_clocks(
        &self,
        subject: SubjectId,
        rows: &[&Outline],
    ) -> Result<BTreeMap<Name, Timestamp>> {
        let primary = self.policy.primary_class();
        let from_login = |class: &Class| class.anchors.open == Some(AnchorEvent::LastLogin);
        let live = |class: &Name| {
            rows.iter().find(move |row| row.class == *class && row.state == state::LIVE)
        };
        // Of a restricted account the rest goes on.
        let in_use = |row: &&&Outline| IN_USE.contains(&row.state);
        let account = rows.iter().find(|row| row.class == *primary && in_use(row));
        let Some(account) = account else { return Ok(BTreeMap::new()) };
        let tells = self.policy.classes.get(primary).is_some_and(from_login);
        // INVARIANT: a login writes both rows in one change, and so does a closing.
        let stands = |row: &Outline| tells && row.anchor_at >= account.anchor_at;
        let in_doubt: Vec<_> = self
            .policy
            .classes
            .values()
            .filter(|class| class.name != *primary && from_login(class))
            .filter_map(|class| Some((class, live(&class.name)?)))
            .filter(|(_, row)| !stands(row))
            .collect();
        if in_doubt.is_empty() {
            return Ok(BTreeMap::new());
        }
        let state = match self.account_in(subject, &IN_USE).await {
            Err(error) if error.is(&NOT_FOUND) => return Ok(BTreeMap::new()),
            account => account?.state,
        };
        let late = in_doubt.into_iter().filter_map(|(class, row)| {
            let says = state.anchor(class, row.anchor_at.unwrap_or(state.registered_at))?;
            row.anchor_at.is_none_or(|at| at < says).then(|| (class.name.clone(), says))
        });
        Ok(late.collect())
    }

    /// Sets the clocks of a subject's sound rows in use to what the account's state says, in one
    /// change with one leaf; whether any was otherwise. What is about to be erased stays as it is.
    ///
    /// # Errors
    /// Those of [`Vault::check_grant`]; `vault.not_found`; `store.conflict` if another change of these
    /// rows came first; as [`Vault::late_clocks`].
    pub async fn set_late_clocks(&self, subject: SubjectId, actor: &Actor) -> Result<bool> {
        self.check_grant(actor).await?;
        let mut tries = Tries::new(1);
        loop {
            match self.try_set_late_clocks(subject, actor).await {
                // An erasure came first, be it another batch of the same sweep.
                Err(error) if error.is(&CONFLICT) && tries.again(&error) => {}
                done => return done,
            }
        }
    }

    async fn try_set_late_clocks(&self, subject: SubjectId, actor: &Actor) -> Result<bool> {
        let leaving = self.leaving(subject).await?;
        let account = self.account_in(subject, &IN_USE).await?;
        let mut writes = Vec::new();
        self.move_clocks(&account.state, subject, &leaving, &mut writes).await?;
        if leaving.touches(&account.row) || writes.is_empty() {
            return Ok(false);
        }
        let mut draft = Draft::new(0);
        draft.require(account.row.key, Expect::Version(account.row.version));
        leaving.require(&mut draft);
        draft.record(self.leaf(self.now(), actor, "clocks.set", subject), writes, &[]);
        self.commit(draft).await?;
        Ok(true)
    }

    /// Sets the clock of the other classes that run from the last login, row by row: what is not what
    /// the log states is found by whoever reads it, and its clock alone stays.
    pub(super) async fn move_clocks(
        &self,
        account: &AccountState,
        subject: SubjectId,
        leaving: &Leaving,
        writes: &mut Vec<RowWrite>,
    ) -> Result<()> {
        let primary = self.policy.primary_class();
        let classes: Vec<_> = self
            .policy
            .classes
            .values()
            .filter(|class| class.name != *primary)
            .filter(|class| class.anchors.open == Some(AnchorEvent::LastLogin))
            .collect();
        let keys: Vec<_> =
            classes.iter().map(|class| self.profile_key(subject, &class.name)).collect();
        for (class, row) in classes.into_iter().zip(self.sound(subject, &keys).await?) {
            // The clock of what is restricted goes on, whatever may be done with it.
            let stays = |row: &Row| match &row.state {
                live if *live == state::LIVE => !leaving.takes(row),
                other => *other == state::RESTRICTED,
            };
            let Some(row) = row.filter(stays) else { continue };
            let anchor_at = account.anchor(class, row.anchor_at.unwrap_or(account.registered_at));
            match writes.iter_mut().find(|write| write.row.key == row.key) {
                Some(write) => write.row.anchor_at = anchor_at,
                None if row.anchor_at == anchor_at => {}
                None => writes.push(next_version(Row { anchor_at, ..row })),
            }
        }
        Ok(())
    }

    /// The rows with these keys, all of one subject, that are what the log states.
    async fn sound(&self, subject: SubjectId, keys: &[RowKey]) -> Result<Vec<Option<Row>>> {
        match self.checked(subject, keys).await {
            Err(error) if error.kind() == Kind::Integrity => {}
            rows => return rows,
        }
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            rows.push(match self.checked(subject, std::slice::from_ref(key)).await {
                Err(error) if error.kind() == Kind::Integrity => None,
                row => row?.pop().flatten(),
            });
        }
        Ok(rows)
    }
}
