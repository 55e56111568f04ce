//! Reading a record for a purpose: the policy decides, the leaf is durable, then the items open.

use std::collections::BTreeSet;

use super::{ATTEMPTS, Draft, OpenedRecord, RecordKey, Vault};
use crate::error::Result;
use crate::name::Name;
use crate::ports::store::CONFLICT;
use crate::row::Row;
use crate::seal::Body;
use crate::vault::Actor;
use crate::vault::grants::require;

impl Vault {
    /// Reads items of a record. The log says who read which of them and for which purpose before one
    /// is opened; a refusal is logged like a read.
    ///
    /// The policy says for which purposes a role may read at all; which items of a record a purpose
    /// needs, it is the room that knows.
    ///
    /// # Law
    /// Art. 5(1)(b) and (f) GDPR.
    ///
    /// # Errors
    /// `policy.unknown_purpose`, `policy.unknown_role`, `policy.role_not_allowed`,
    /// `policy.not_for_records`;
    /// those of [`Vault::check_grant`]; `vault.no_such_record`; the integrity codes; `store.conflict`
    /// if others keep coming first; the codes of the ports.
    pub async fn read_record(
        &self,
        key: &RecordKey,
        items: &[Name],
        purpose: &Name,
        actor: &Actor,
    ) -> Result<OpenedRecord> {
        for _ in 1..ATTEMPTS {
            match self.try_read_record(key, items, purpose, actor).await {
                Err(error) if error.is(&CONFLICT) => {}
                other => return other,
            }
        }
        self.try_read_record(key, items, purpose, actor).await
    }

    async fn try_read_record(
        &self,
        key: &RecordKey,
        items: &[Name],
        purpose: &Name,
        actor: &Actor,
    ) -> Result<OpenedRecord> {
        let mut draft = Draft::new(0);
        let decided = match self.under_grant(actor).await {
            Ok(under) => {
                require(under.as_ref(), &mut draft);
                self.may_read(key, purpose, actor).await
            }
            Err(error) => Err(error),
        };
        let action = if decided.is_ok() { "record.read" } else { "record.read_refused" };
        let mut leaf = self
            .leaf(self.now(), actor, action, key.subject)
            .detail("kind", &key.kind.kind)
            .detail("record", key.id);
        // INVARIANT 1: what nobody declared, anybody may have typed.
        leaf.purpose = self.policy.purpose(purpose).map(|purpose| purpose.name.clone());
        match &decided {
            Ok((_, held)) => {
                for item in items.iter().filter(|item| held.contains(*item)) {
                    leaf = leaf.detail("item", item);
                }
            }
            Err(error) => leaf = leaf.detail("code", error.code()),
        }
        // INVARIANT 5: no leaf, no read. The items open only after this.
        draft.record(leaf, Vec::new(), &[]);
        self.commit(draft).await?;
        let (row, _) = decided?;
        let data = self.row_key(&row).await?;
        self.open_record(key, &row, &data, items)
    }

    async fn may_read(
        &self,
        key: &RecordKey,
        purpose: &Name,
        actor: &Actor,
    ) -> Result<(Row, BTreeSet<Name>)> {
        // A record has no facts that a condition could ask for, and nobody objects to its file.
        let role = actor.role.as_ref().unwrap_or(&Name::NONE);
        self.policy.may_ask(purpose, role)?;
        self.policy.may_read_records(key.kind, purpose)?;
        let row = self.record_row(key).await?;
        let held = Body::contents(&row.body)?.0;
        Ok((row, held))
    }
}
