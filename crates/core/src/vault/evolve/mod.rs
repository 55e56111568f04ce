//! A policy that changes: what rows may stay as they are, and how items move to another class.
//!
//! An item whose class changes is sealed anew under the key of the class that it now belongs to.
//! The change of policy and the job row that says so are one change; the job runs before the vault
//! opens, page by page, and whoever opens next goes on with it. A process that still runs under the
//! policy before is refused by the store from then on.
//!
//! A subject whose rows are not what the log says stops nobody else: its items stay where they are,
//! and unread; the job stays too, and whoever opens next tries again.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::account::STATE_ITEM;
use super::codes::{CLASS_IN_USE, ITEM_IN_USE, ITEM_MOVED, ITEMS_NOT_MOVED, SAME_VERSION};
use super::journal::Draft;
use super::keys::{number_of, numbers_of};
use super::login::next_version;
use super::{Actor, Vault};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::store::{CONFLICT, OLDER_POLICY};
use crate::ports::{Cursor, Expect, PolicyMark, RowWrite, Scan};
use crate::row::{Row, RowKey, state};
use crate::seal::{Body, Place};

const JOB: RowKey = RowKey::only(SubjectId::CONTROLLER, Name::fixed("reseal"));
const PAGE: usize = 256;

/// An item on its way to another class, with its value.
type Moving = (Name, Zeroizing<Vec<u8>>);

/// Subjects whose items could not move, because their rows are not what the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotMoved {
    /// How many.
    pub subjects: u64,
    /// The first of them.
    pub first: Option<SubjectId>,
    /// The one met last: a subject's rows may lie on two pages.
    last: Option<SubjectId>,
}

impl NotMoved {
    fn add(&mut self, subject: SubjectId) {
        if self.last.replace(subject) != Some(subject) {
            self.subjects = self.subjects.saturating_add(1);
            self.first.get_or_insert(subject);
        }
    }
}

impl Vault {
    /// Takes the policy into force: a new one has a leaf, an older one or a silent change is
    /// refused; then finishes what moving items is under way. Answers with whose items could not
    /// move.
    pub(super) async fn adopt_policy(&self, in_force: Option<PolicyMark>) -> Result<NotMoved> {
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

    /// Moves items that were left when the policy changed, because their rows were not what the log
    /// says; for when these rows are as they were again. Opening does the same.
    ///
    /// # Errors
    /// [`ITEMS_NOT_MOVED`] with how many `subjects` are left and the first `subject`, once all
    /// others are moved; the codes of the ports.
    pub async fn move_items(&self) -> Result<()> {
        let left = self.finish_reseal().await?;
        let Some(first) = left.first else { return Ok(()) };
        Err(ITEMS_NOT_MOVED.error().with("subjects", left.subjects).with("subject", first))
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

    /// Whether live rows hold items of another class, or items of archived rows end on another day
    /// than their rows say. What cannot move is an error: a class that is gone, an item that is no longer declared, the account's own class.
    async fn items_move(&self) -> Result<bool> {
        let (mut moves, mut cursor) = (false, None);
        loop {
            let page =
                self.ports.store.scan(&Scan::All { kind: None }, cursor.as_ref(), PAGE).await?;
            for row in &page.rows {
                match self.row_moves(row) {
                    Ok(row_moves) => moves |= row_moves,
                    // What an altered row says of itself does not keep the policy from changing.
                    Err(error) if self.stands(row).await? => return Err(error),
                    Err(_) => {}
                }
                moves |= self.is_misdated(row);
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(moves);
            }
        }
    }

    /// Whether a row holds items of another class.
    fn row_moves(&self, row: &Row) -> Result<bool> {
        let Some(class) = &row.class else { return Ok(false) };
        if !self.policy.classes.contains_key(class) {
            return Err(CLASS_IN_USE.error().with("class", class));
        }
        let mut moves = false;
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
        Ok(moves)
    }

    /// Whether a row is the one that the log states.
    async fn stands(&self, row: &Row) -> Result<bool> {
        let subject = row.key.subject;
        match self.checked(subject, std::slice::from_ref(&row.key)).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Kind::Integrity => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn finish_reseal(&self) -> Result<NotMoved> {
        let mut left = NotMoved::default();
        let Some(job) = self.ports.store.rows(&[JOB]).await?.pop().flatten() else {
            return Ok(left);
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
            match self.reseal(&subjects, left).await {
                // Somebody else does the same: look at the page again.
                Err(error) if error.is(&CONFLICT) => continue,
                other => left = other?,
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        if left.subjects > 0 {
            return Ok(left);
        }
        let leaf =
            self.leaf(self.now(), &Actor::system(), "policy.items_moved", SubjectId::CONTROLLER);
        let mut draft = Draft::new(0);
        draft.record(leaf, Vec::new(), &[job]);
        match self.commit(draft).await {
            Err(error) if error.is(&CONFLICT) => Ok(left),
            other => other.map(|_| left),
        }
    }

    fn is_misplaced(&self, row: &Row) -> bool {
        if self.is_misdated(row) {
            return true;
        }
        let Some(class) = row.class.as_ref().filter(|_| row.state != state::ARCHIVED) else {
            return false;
        };
        // A body that cannot be read may hold anything; that it is altered is found by the log.
        Body::decode(&row.body)
            .map_or(true, |body| body.items().any(|item| self.leaves(item, class)))
    }

    /// Whether an item that a row of `class` holds belongs to another class now.
    fn leaves(&self, item: &Name, class: &Name) -> bool {
        self.policy.class_of(item).is_some_and(|now| now.name != *class)
    }

    /// Moves the items of a page of subjects: a leaf each, one commit. Answers with whose were
    /// `left` before and now.
    async fn reseal(&self, subjects: &BTreeSet<SubjectId>, mut left: NotMoved) -> Result<NotMoved> {
        let fence = self.key_fence().await?;
        let mut sequence = 0;
        let mut changes = Vec::with_capacity(subjects.len());
        for subject in subjects {
            match self.reseal_one(*subject, &mut sequence).await {
                Ok(change) => changes.push((*subject, change)),
                Err(error) if error.kind() == Kind::Integrity => left.add(*subject),
                Err(error) => return Err(error),
            }
        }
        if changes.is_empty() {
            return Ok(left);
        }
        let mut draft = Draft::new(sequence);
        for (subject, (writes, deletes)) in changes {
            let leaf = self.leaf(self.now(), &Actor::system(), "policy.resealed", subject);
            draft.record(leaf, writes, &deletes);
        }
        draft.under_fence(fence);
        self.commit(draft).await.map(|_| left)
    }

    async fn reseal_one(
        &self,
        subject: SubjectId,
        sequence: &mut u64,
    ) -> Result<(Vec<RowWrite>, Vec<Row>)> {
        let mut moving: BTreeMap<Name, Vec<Moving>> = BTreeMap::new();
        let mut tokens = Vec::new();
        let mut rows: BTreeMap<Name, (Row, Body)> = BTreeMap::new();
        let (mut writes, mut deletes) = (Vec::new(), Vec::new());
        let mut archived: BTreeMap<RowKey, Row> = BTreeMap::new();
        let all = self.checked_all(subject).await?;
        for mut row in all.clone() {
            let Some(class) = row.class.clone() else { continue };
            if row.state == state::ARCHIVED {
                archived.insert(row.key.clone(), row);
                continue;
            }
            let mut body = Body::decode(&row.body)?;
            let gone: Vec<_> =
                body.items().filter(|item| self.leaves(item, &class)).cloned().collect();
            if !gone.is_empty() {
                let cipher = self.row_key(&row).await?.cipher();
                let place = Place { row: &row.key, class: &class };
                for item in gone {
                    let Some(now) = self.policy.class_of(&item) else { continue };
                    // EXPOSE: sealed again at once, under the key of the item's new class.
                    if let Some(plain) = body.open(place, &item, &cipher)? {
                        moving.entry(now.name.clone()).or_default().push((item.clone(), plain));
                    }
                    body.remove(&item);
                    tokens.extend(row.tokens.iter().filter(|t| t.index == item).cloned());
                    row.tokens.retain(|token| token.index != item);
                }
            }
            rows.insert(class, (row, body));
        }
        if moving.is_empty() {
            rows.clear();
        }
        let mut made = BTreeMap::new();
        for (class, items) in moving {
            let key = match all
                .iter()
                .find(|row| rows.get(&class).is_some_and(|r| r.0.key == row.key))
            {
                Some(row) if number_of(row).is_some() => self.row_key(row).await?,
                _ => self.next_key(subject, &class, &numbers_of(&all, &class), sequence).await?,
            };
            let place_key = self.profile_key(subject, &class);
            let (cipher, rng) = (key.cipher(), self.ports.rng.as_ref());
            if !rows.contains_key(&class) {
                // What is archived makes room.
                let before = archived.remove(&place_key);
                if let Some(before) = &before {
                    writes.extend(self.make_room(before).await?);
                }
                let state = self.account(subject).await?.state;
                let declared = self.policy.classes.get(&class);
                let anchor_at = declared.and_then(|class| state.anchor(class, self.now()));
                made.insert(class.clone(), before.map(|before| before.version));
                let row = new_row(place_key.clone(), &class, anchor_at);
                rows.insert(class.clone(), (row, Body::default()));
            }
            let Some((row, body)) = rows.get_mut(&class) else { continue };
            for (item, plain) in items {
                let place = Place { row: &place_key, class: &class };
                body.seal(place, &item, &plain, &cipher, rng);
                row.tokens.extend(tokens.iter().filter(|t| t.index == item).cloned());
            }
            row.tokens.sort();
        }
        for (class, (row, body)) in rows {
            let empty = body.items().next().is_none();
            let row = Row { body: body.encode(), ..row };
            match made.get(&class) {
                Some(before) => writes.push(first_version(row, *before)),
                None if empty => deletes.push(row),
                None => writes.push(next_version(row)),
            }
        }
        for row in archived.into_values().filter(|row| self.is_misdated(row)) {
            writes.push(next_version(Row { due_at: self.due(&row), ..row }));
        }
        Ok((writes, deletes))
    }
}

/// The write of a new row where there is none, or where one in this version makes room.
pub(super) fn first_version(row: Row, before: Option<u64>) -> RowWrite {
    match before {
        Some(version) => next_version(Row { version, ..row }),
        None => RowWrite { row: Row { version: 1, ..row }, expect: Expect::Absent },
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
