//! From checked requests to durable keys, sealed rows and one commit.

use super::super::account::STATE_ITEM;
use super::super::journal::Draft;
use super::check::Checked;
use super::pages::Begun;
use super::{Actor, Vault};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::Policy;
use crate::ports::{Committed, Expect, KeyId, NewKeys, RowWrite};
use crate::row::{Row, RowKey, state};
use crate::seal::{Body, DataKey, Place};
use crate::vault::suppress::Suppression;

/// A request about to be written.
pub(super) struct Prepared {
    pub(super) at: usize,
    pub(super) subject: SubjectId,
    pub(super) rows: Vec<Row>,
    /// What was asked for, in case that it has to be prepared again.
    request: Checked,
}

/// Requests whose keys are durable and whose rows are sealed.
pub(super) struct Written {
    pub(super) prepared: Vec<Prepared>,
    /// The safe's sequence number with these keys.
    sequence: u64,
    /// [`Vault::key_fence`] before the keys were made.
    fence: Expect,
    now: Timestamp,
}

impl Written {
    pub(super) fn is_empty(&self) -> bool {
        self.prepared.is_empty()
    }

    /// In pieces of so many, each of which may commit by itself.
    pub(super) fn into_pieces(mut self, most: usize) -> Vec<Self> {
        let (sequence, fence, now) = (self.sequence, self.fence, self.now);
        let mut pieces = Vec::new();
        while self.prepared.len() > most {
            let rest = self.prepared.split_off(most);
            let prepared = std::mem::replace(&mut self.prepared, rest);
            pieces.push(Self { prepared, sequence, fence, now });
        }
        if !self.is_empty() {
            pieces.push(self);
        }
        pieces
    }
}

impl Vault {
    /// Makes the keys durable, and seals meanwhile. The rows leave this function after their keys
    /// are in the safe, so that no row is ever written without its key.
    pub(super) async fn prepare(&self, checked: Vec<Checked>, now: Timestamp) -> Result<Written> {
        let mut ids = Vec::new();
        let mut fingerprints = Vec::new();
        let subjects: Vec<_> = checked
            .iter()
            .map(|one| {
                let subject = SubjectId::generate(now, self.ports.rng.as_ref());
                for class in classes_of(&self.policy, one) {
                    ids.push(KeyId::first(subject, class));
                }
                fingerprints.extend(one.fingerprint.map(|print| (print, subject, now)));
                subject
            })
            .collect();
        if ids.is_empty() {
            let fence = Expect::Absent;
            return Ok(Written { prepared: Vec::new(), sequence: 0, fence, now });
        }
        let fence = self.key_fence().await?;
        let (keys, wrapped) = self.generate_keys(ids.clone()).await?;
        let new = NewKeys { keys: wrapped, fingerprints, log: None };
        let create = Begun::begin(Box::pin(self.create_keys(&keys, new))).await;
        let mut sealing = ids.iter().zip(&keys).peekable();
        let mut prepared = Vec::with_capacity(checked.len());
        for (one, subject) in checked.into_iter().zip(subjects) {
            let mut rows = Vec::new();
            while let Some((id, key)) = sealing.next_if(|(id, _)| id.subject == subject) {
                rows.push(self.seal_row(&one, subject, &id.class, key, now)?);
            }
            prepared.push(Prepared { at: one.at, subject, rows, request: one });
        }
        let sequence = create.finish().await?;
        Ok(Written { prepared, sequence, fence, now })
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
            declared.ok_or_else(|| crate::vault::codes::UNDECLARED.error().with("class", class))?;
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

    /// Commits them. The draft is made at once; what it returns waits for the commit.
    pub(super) fn write(
        &self,
        written: &Written,
        actor: &Actor,
    ) -> impl Future<Output = Result<Committed>> + Send + use<'_> {
        let mut draft = Draft::new(written.sequence);
        for one in &written.prepared {
            let leaf = self.leaf(written.now, actor, "subject.registered", one.subject);
            let writes = one.rows.iter().cloned();
            let writes = writes.map(|row| RowWrite { row, expect: Expect::Absent }).collect();
            draft.record(leaf, writes, &[]);
        }
        draft.under_fence(written.fence);
        self.commit(draft)
    }

    /// Whether keys that seal nothing were collected since those of these requests were made: they
    /// may be among them, or still become it.
    pub(super) async fn is_overtaken(&self, written: &Written) -> Result<bool> {
        Ok(self.key_fence().await? != written.fence)
    }

    /// The same requests with other keys, of other subjects. Nothing of the former is used again,
    /// even if it is still in the safe: whoever collects may have looked already.
    pub(super) async fn prepare_again(&self, written: Written) -> Result<Written> {
        let keys: Vec<_> = written.prepared.iter().flat_map(Prepared::keys).collect();
        self.ports.keyring.forget(&keys).await?;
        let requests = written.prepared.into_iter().map(|one| one.request).collect();
        self.prepare(requests, self.now()).await
    }

    /// Gives up the keys of a subject that lost a race; nobody else knows its id.
    pub(super) async fn forget_keys(&self, lost: &Prepared) -> Result<()> {
        self.ports.keyring.forget(&lost.keys().collect::<Vec<_>>()).await
    }
}

impl Prepared {
    /// The suppression that ends with it.
    pub(super) const fn suppressed(&self) -> Option<&Suppression> {
        self.request.suppressed.as_ref()
    }

    /// The keys of its rows.
    fn keys(&self) -> impl Iterator<Item = KeyId> {
        let classes = self.rows.iter().filter_map(|row| row.class.clone());
        classes.map(|class| KeyId::first(self.subject, class))
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
