//! A policy that changes: what rows may stay as they are, and how items move to another class.
//!
//! An item whose class changes is sealed anew under the key of the class that it now belongs to.
//! The change of policy and the job row that says so are one change; the job runs before the vault
//! opens, page by page, and whoever opens next goes on with it. A process that still runs under the
//! policy before is refused by the store from then on.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::account::STATE_ITEM;
use super::codes::{CLASS_IN_USE, ITEM_IN_USE, ITEM_MOVED, SAME_VERSION};
use super::journal::Draft;
use super::login::next_version;
use super::{Actor, Vault};
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::store::{CONFLICT, OLDER_POLICY};
use crate::ports::{Cursor, Expect, PolicyMark, RowWrite, Scan};
use crate::row::{Row, RowKey, state};
use crate::seal::{Body, DataKey, Place};

const JOB: RowKey = RowKey::only(SubjectId::CONTROLLER, Name::fixed("reseal"));
const PAGE: usize = 256;

/// An item on its way to another class, with its value.
type Moving = (Name, Zeroizing<Vec<u8>>);

impl Vault {
    /// Takes the policy into force: a new one has a leaf, an older one or a silent change is
    /// refused; then finishes what moving items is under way.
    pub(super) async fn adopt_policy(&self, in_force: Option<PolicyMark>) -> Result<()> {
        let mark = PolicyMark { version: self.policy.version, digest: self.digest };
        let adopted = match &in_force {
            Some(old) if *old == mark => true,
            Some(old) if old.version > mark.version => {
                return Err(OLDER_POLICY.error().with("in_force", old.version));
            }
            Some(old) if old.version == mark.version => {
                return Err(SAME_VERSION.error().with("version", mark.version));
            }
            _ => false,
        };
        if !adopted {
            let moves = in_force.is_some() && self.items_move().await?;
            self.commit_policy(mark, moves).await?;
        }
        self.finish_reseal().await
    }

    async fn commit_policy(&self, mark: PolicyMark, moves: bool) -> Result<()> {
        let known = self.ports.store.rows(&[JOB]).await?.pop().flatten();
        let mut writes = Vec::new();
        if moves && known.is_none() {
            let row = Row {
                key: JOB,
                class: None,
                state: state::PENDING,
                held: false,
                anchor_at: None,
                due_at: Some(self.now()),
                version: 1,
                tokens: Vec::new(),
                body: Vec::new(),
            };
            writes.push(RowWrite { row, expect: Expect::Absent });
        }
        let leaf = self
            .leaf(self.now(), &Actor::system(), "policy.adopted", SubjectId::CONTROLLER)
            .detail("version", mark.version);
        let mut draft = Draft::new(0);
        draft.record(leaf, writes, &[]);
        draft.change().policy = Some(mark);
        self.commit(draft).await.map(|_| ())
    }

    /// Whether live rows hold items of another class. What cannot move is an error: a class that is
    /// gone, an item that is no longer declared, the account's own class.
    async fn items_move(&self) -> Result<bool> {
        let (mut moves, mut cursor) = (false, None);
        loop {
            let page =
                self.ports.store.scan(&Scan::All { kind: None }, cursor.as_ref(), PAGE).await?;
            for row in &page.rows {
                let Some(class) = &row.class else { continue };
                if !self.policy.classes.contains_key(class) {
                    return Err(CLASS_IN_USE.error().with("class", class));
                }
                for item in Body::decode(&row.body)?.items() {
                    if *item == STATE_ITEM {
                        if class != self.policy.primary_class() {
                            let identifier = &self.policy.identifier().name;
                            return Err(ITEM_MOVED.error().field_is(identifier));
                        }
                        continue;
                    }
                    let Some(now) = self.policy.class_of(item) else {
                        return Err(ITEM_IN_USE.error().field_is(item));
                    };
                    // What is archived stays as the law found it, until the law ends.
                    moves |= now.name != *class && row.state != state::ARCHIVED;
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(moves);
            }
        }
    }

    async fn finish_reseal(&self) -> Result<()> {
        let Some(job) = self.ports.store.rows(&[JOB]).await?.pop().flatten() else {
            return Ok(());
        };
        let mut cursor: Option<Cursor> = None;
        loop {
            let scan = Scan::All { kind: None };
            let page = self.ports.store.scan(&scan, cursor.as_ref(), PAGE).await?;
            let subjects: BTreeSet<_> = page
                .rows
                .iter()
                .filter(|row| self.is_misplaced(row))
                .map(|r| r.key.subject)
                .collect();
            match self.reseal(&subjects).await {
                // Somebody else does the same: look at the page again.
                Err(error) if error.is(&CONFLICT) => continue,
                other => other?,
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let leaf =
            self.leaf(self.now(), &Actor::system(), "policy.items_moved", SubjectId::CONTROLLER);
        let mut draft = Draft::new(0);
        draft.record(leaf, Vec::new(), &[job]);
        match self.commit(draft).await {
            Err(error) if error.is(&CONFLICT) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    fn is_misplaced(&self, row: &Row) -> bool {
        let Some(class) = row.class.as_ref().filter(|_| row.state != state::ARCHIVED) else {
            return false;
        };
        Body::decode(&row.body).is_ok_and(|body| body.items().any(|item| self.leaves(item, class)))
    }

    /// Whether an item that a row of `class` holds belongs to another class now.
    fn leaves(&self, item: &Name, class: &Name) -> bool {
        self.policy.class_of(item).is_some_and(|now| now.name != *class)
    }

    /// Moves the items of a page of subjects: a leaf each, one commit.
    async fn reseal(&self, subjects: &BTreeSet<SubjectId>) -> Result<()> {
        if subjects.is_empty() {
            return Ok(());
        }
        let fence = self.key_fence().await?;
        let mut sequence = 0;
        let mut changes = Vec::with_capacity(subjects.len());
        for subject in subjects {
            changes.push((*subject, self.reseal_one(*subject, &mut sequence).await?));
        }
        let mut draft = Draft::new(sequence);
        for (subject, (writes, deletes)) in changes {
            let leaf = self.leaf(self.now(), &Actor::system(), "policy.resealed", subject);
            draft.record(leaf, writes, &deletes);
        }
        draft.under_fence(fence);
        self.commit(draft).await.map(|_| ())
    }

    async fn reseal_one(
        &self,
        subject: SubjectId,
        sequence: &mut u64,
    ) -> Result<(Vec<RowWrite>, Vec<Row>)> {
        let mut moving: BTreeMap<Name, Vec<Moving>> = BTreeMap::new();
        let mut tokens = Vec::new();
        let mut rows: BTreeMap<Name, (Row, Body)> = BTreeMap::new();
        let mut keys: BTreeMap<Name, DataKey> = BTreeMap::new();
        for outline in self.outline(subject).await? {
            let place_key = self.profile_key(subject, &outline.class);
            let row =
                self.checked(subject, std::slice::from_ref(&place_key)).await?.pop().flatten();
            let Some(mut row) = row.filter(|row| row.state != state::ARCHIVED) else { continue };
            let mut body = Body::decode(&row.body)?;
            let gone: Vec<_> =
                body.items().filter(|item| self.leaves(item, &outline.class)).cloned().collect();
            if !gone.is_empty() {
                let place = Place { row: &place_key, class: &outline.class };
                let key = self.body_key(place, &body).await?;
                let cipher = key.cipher();
                keys.insert(outline.class.clone(), key);
                for item in gone {
                    let Some(class) = self.policy.class_of(&item) else { continue };
                    // EXPOSE: sealed again at once, under the key of the item's new class.
                    if let Some(plain) = body.open(place, &item, &cipher)? {
                        moving.entry(class.name.clone()).or_default().push((item.clone(), plain));
                    }
                    body.remove(&item);
                    tokens.extend(row.tokens.iter().filter(|t| t.index == item).cloned());
                    row.tokens.retain(|token| token.index != item);
                }
            }
            rows.insert(outline.class, (row, body));
        }
        let state = self.account(subject).await?.state;
        let mut made = BTreeSet::new();
        for (class, items) in moving {
            let place_key = self.profile_key(subject, &class);
            let place = Place { row: &place_key, class: &class };
            let key = match (keys.remove(&class), rows.get(&class)) {
                (Some(key), _) => key,
                (None, Some((_, body))) if !body.is_empty() => self.body_key(place, body).await?,
                _ => self.new_key(subject, &class, sequence).await?,
            };
            let (cipher, rng) = (key.cipher(), self.ports.rng.as_ref());
            let declared = self.policy.classes.get(&class);
            let (row, body) = rows.entry(class.clone()).or_insert_with(|| {
                made.insert(class.clone());
                let anchor_at = declared.and_then(|class| state.anchor(class, self.now()));
                (new_row(place_key.clone(), &class, anchor_at), Body::default())
            });
            for (item, plain) in items {
                body.seal(place, &item, &plain, &cipher, rng);
                row.tokens.extend(tokens.iter().filter(|t| t.index == item).cloned());
            }
            row.tokens.sort();
        }
        let (mut writes, mut deletes) = (Vec::new(), Vec::new());
        for (class, (row, body)) in rows {
            let empty = body.is_empty();
            let row = Row { body: body.encode(), ..row };
            if made.contains(&class) {
                writes.push(RowWrite { row, expect: Expect::Absent });
            } else if empty {
                deletes.push(row);
            } else {
                writes.push(next_version(row));
            }
        }
        Ok((writes, deletes))
    }
}

fn new_row(key: RowKey, class: &Name, anchor_at: Option<crate::clock::Timestamp>) -> Row {
    Row {
        key,
        class: Some(class.clone()),
        state: state::LIVE,
        held: false,
        anchor_at,
        due_at: None,
        version: 1,
        tokens: Vec::new(),
        body: Vec::new(),
    }
}
