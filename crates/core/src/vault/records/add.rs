//! Adding a record: its key is durable, then its row and its leaf.

use super::effects::Effects;
use super::{
    ATTEMPTS, Draft, Entry, RecordItems, RecordKey, Standing, Vault, check_new, number_of,
};
use crate::error::Result;
use crate::id::{RowId, SubjectId};
use crate::policy::records::RecordKind;
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, RowWrite};
use crate::row::{Row, Token};
use crate::seal::{Body, DataKey, Place};
use crate::vault::Actor;
use crate::vault::codes::{NOT_FOUND, UNKNOWN_KIND};
use crate::vault::destroy::Tries;
use crate::vault::grants::{Under, require};
use crate::vault::keys::Made;

/// A record to be added.
#[derive(Debug)]
pub struct NewRecord {
    /// Whom it is about: a subject of whom something was written, an account or not; `None` for
    /// somebody unknown, who gets an id of its own.
    pub subject: Option<SubjectId>,
    /// How it stands.
    pub standing: Standing,
    /// What it holds: [`MODEL`](super::MODEL) at least.
    pub items: RecordItems,
    /// What the log says of it.
    pub entry: Entry,
    /// What happens to the subject's own data in the same change.
    pub effects: Effects,
}

impl Vault {
    /// Adds a record with its leaf. Its row is told from others of its kind by the number of its key.
    ///
    /// # Errors
    /// [`NOT_FOUND`] for a subject of whom the log says nothing; `vault.record_state`,
    /// `vault.record_without_model`, `vault.in_future`; `vault.unknown_kind` if the policy has no
    /// rule for the kind; those of [`Effects`]; `store.conflict` if others keep coming first; the
    /// codes of the ports.
    pub async fn add_record(
        &self,
        kind: &'static RecordKind,
        new: NewRecord,
        actor: &Actor,
    ) -> Result<RecordKey> {
        self.add_found_by(kind, new, Vec::new(), actor).await
    }

    /// [`Vault::add_record`], of which the row bears tokens.
    pub(in crate::vault) async fn add_found_by(
        &self,
        kind: &'static RecordKind,
        new: NewRecord,
        tokens: Vec<Token>,
        actor: &Actor,
    ) -> Result<RecordKey> {
        let mut under = self.under_grant(actor).await?;
        check_new(&new.standing, &new.items, self.now())?;
        if self.policy.record_rule(kind).is_none() {
            return UNKNOWN_KIND.err();
        }
        let subject = match new.subject {
            Some(subject) => self.known(subject).await?,
            None => SubjectId::generate(self.now(), self.ports.rng.as_ref()),
        };
        let (mut tries, mut made) = (Tries::new(ATTEMPTS), Made::default());
        loop {
            let by = (actor, under.as_ref());
            match self.try_add(subject, kind, &new, &tokens, &mut made, by).await {
                Err(error) if error.is(&CONFLICT) && tries.again(&error) => {}
                other => return other,
            }
            under = self.under_grant(actor).await?;
        }
    }

    /// A record about nobody is a slip of somebody who typed an id.
    async fn known(&self, subject: SubjectId) -> Result<SubjectId> {
        let written = self.was_written(subject).await?;
        if written { Ok(subject) } else { Err(NOT_FOUND.error().with("subject", subject)) }
    }

    async fn try_add(
        &self,
        subject: SubjectId,
        kind: &'static RecordKind,
        new: &NewRecord,
        tokens: &[Token],
        made: &mut Made,
        (actor, under): (&Actor, Option<&Under>),
    ) -> Result<RecordKey> {
        let (now, fence) = (self.now(), self.key_fence().await?);
        made.under(fence);
        let known = match new.subject {
            Some(_) => self.rows_of_kind(subject, kind).await?,
            None => Vec::new(),
        };
        let used = known.iter().filter_map(number_of).collect();
        let data = self.key_of_try(subject, &kind.class, &used, made).await?;
        let key = RecordKey { subject, kind, id: RowId::of_key(data.number()) };
        let row = self.sealed_row(&key, &new.items, &data);
        let mut draft = Draft::new(made.sequence);
        require(under, &mut draft);
        if new.subject.is_some() {
            self.require_own_rows(subject, &mut draft).await?;
        }
        // What is written about somebody of whom everything is held is held as well.
        let held = new.subject.is_some() && self.is_held_whole(subject).await?;
        let row = Row { tokens: tokens.to_vec(), held, ..row };
        let mut writes = self.carry_through(&key, &new.effects, &mut draft).await?;
        let row = new.standing.clone().put(row);
        writes.push(RowWrite { row, expect: Expect::Absent });
        let leaf = self.leaf(now, actor, new.entry.action, subject);
        draft.record(new.entry.clone().told(leaf), writes, &[]);
        draft.under_fence(fence);
        self.commit(draft).await?;
        Ok(key)
    }

    /// The row of a new record, its items sealed. How it stands is not in it yet.
    pub(super) fn sealed_row(&self, key: &RecordKey, items: &RecordItems, data: &DataKey) -> Row {
        let (place, class) = (key.row(), &key.kind.class);
        let mut body = Body::default();
        for (item, value) in &items.0 {
            let place = Place { row: &place, class };
            // EXPOSE: the value is sealed.
            body.seal(place, item, value, &data.cipher(), self.ports.rng.as_ref());
        }
        let row = crate::vault::journal::own_row(place);
        Row { class: Some(class.clone()), body: body.encode(), ..row }
    }
}
