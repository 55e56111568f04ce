//! Many people at a time: what is kept of each, records found by their numbers, and added in one
//! change. What is asked of a page costs the ports as much as what is asked of one.

use std::collections::{BTreeMap, BTreeSet};

use super::{NewRecord, Numbered, OpenedRecord, RecordKey, Vault, check_new, is_record};
use crate::error::{Kind, Result};
use crate::id::{RowId, SubjectId};
use crate::name::Name;
use crate::policy::records::{HOLDS, RecordKind};
use crate::ports::{Expect, KeyId, NewKeys, RowWrite};
use crate::row::{Row, Token, state};
use crate::vault::account::AccountState;
use crate::vault::codes::UNKNOWN_KIND;
use crate::vault::grants::require;
use crate::vault::journal::{Draft, hex};
use crate::vault::outline::outline;
use crate::vault::{AccountFacts, Actor, Effects, Outline};

/// What is kept of somebody, compared with the log: the rows of their own, and their records of one
/// kind, but for those that somebody altered.
pub struct PersonRows {
    subject: SubjectId,
    kind: &'static RecordKind,
    own: Vec<Row>,
    records: Vec<Row>,
}

impl std::fmt::Debug for PersonRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonRows").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl PersonRows {
    /// Whose they are.
    #[must_use]
    pub const fn subject(&self) -> SubjectId {
        self.subject
    }

    /// The rows of their own, as [`Vault::outlines`] has them.
    #[must_use]
    pub fn outlines(&self) -> Vec<Outline> {
        self.own.iter().cloned().filter_map(outline).collect()
    }
}

impl Vault {
    /// What is kept of many subjects, in order. Rows of their own that are not what the log states are
    /// the result of one subject; a record that is not is left out.
    ///
    /// # Errors
    /// The codes of the store. Of one subject: the integrity codes.
    pub async fn person_rows(
        &self,
        subjects: &[SubjectId],
        kind: &'static RecordKind,
    ) -> Result<Vec<Result<PersonRows>>> {
        let wanted = |_, class: &Name| *class == kind.class || !RecordKind::is_reserved(class);
        let each = self.checked_each(subjects, wanted).await?;
        let mut all = Vec::with_capacity(subjects.len());
        for (subject, rows) in subjects.iter().zip(each) {
            let rows = match rows {
                Err(error) if error.kind() == Kind::Integrity => {
                    self.but_altered_records(*subject, kind).await
                }
                rows => rows,
            };
            all.push(match rows {
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                Err(error) => Err(error),
                Ok(rows) => {
                    let (records, own) = rows.into_iter().partition(is_record);
                    Ok(PersonRows { subject: *subject, kind, own, records })
                }
            });
        }
        Ok(all)
    }

    async fn but_altered_records(
        &self,
        subject: SubjectId,
        kind: &'static RecordKind,
    ) -> Result<Vec<Row>> {
        let mut rows = self.checked_where(subject, |class| !RecordKind::is_reserved(class)).await?;
        for row in self.rows_of_kind(subject, kind).await? {
            match self.checked(subject, &[row.key]).await {
                Err(error) if error.kind() == Kind::Integrity => {}
                found => rows.extend(found?.into_iter().flatten()),
            }
        }
        Ok(rows)
    }

    /// The records with these numbers, each of one of these people, with what a room needs of them
    /// for a decision that writes nothing to them ([`Vault::consult_record`]).
    ///
    /// # Errors
    /// The codes of the ports. Of one record: the integrity codes; `keys.destroyed` if it is being
    /// erased.
    pub async fn consult_numbered(
        &self,
        asked: &[(&PersonRows, [u8; 16])],
        needed: &[Name],
    ) -> Result<Vec<Result<Option<OpenedRecord>>>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let index = self.index_key().await?;
        let found = |(of, number): &(&PersonRows, [u8; 16])| {
            let value = index.token(&of.kind.class, &hex(number));
            let token = Token { index: of.kind.class.clone(), value, unique: true };
            of.records.iter().find(|row| row.tokens.contains(&token)).cloned()
        };
        let found: Vec<_> = asked.iter().map(found).collect();
        let rows: Vec<_> = found.iter().flatten().cloned().collect();
        let mut keys = self.row_keys_each(&rows).await?.into_iter();
        let mut opened = Vec::with_capacity(asked.len());
        for ((of, _), row) in asked.iter().zip(found) {
            let Some((row, data)) = row.and_then(|row| Some((row, keys.next()?))) else {
                opened.push(Ok(None));
                continue;
            };
            let key = RecordKey { subject: of.subject, kind: of.kind, id: row.key.id };
            opened
                .push(data.and_then(|data| self.open_record(&key, &row, &data, needed)).map(Some));
        }
        Ok(opened)
    }

    /// [`Vault::account_facts`] of many subjects, in order.
    ///
    /// # Errors
    /// The codes of the ports. Of one subject: as [`Vault::account_facts`].
    pub async fn account_facts_each(
        &self,
        of: &[&PersonRows],
    ) -> Result<Vec<Result<AccountFacts>>> {
        let account = |one: &&PersonRows| {
            let key = self.profile_key(one.subject, self.policy.primary_class());
            let in_use = |row: &&Row| [state::LIVE, state::RESTRICTED].contains(&row.state);
            one.own.iter().filter(|row| row.key == key).find(in_use).cloned()
        };
        let accounts: Vec<_> = of.iter().map(account).collect();
        let rows: Vec<_> = accounts.iter().flatten().cloned().collect();
        let mut keys = self.row_keys_each(&rows).await?.into_iter();
        let facts =
            |state: AccountState| AccountFacts { facts: state.facts, closed_at: state.closed_at };
        Ok(accounts
            .into_iter()
            .map(|row| match row.and_then(|row| Some((row, keys.next()?))) {
                None => Ok(AccountFacts::default()),
                Some((row, key)) => {
                    key.and_then(|key| self.open_account(row, key)).map(|one| facts(one.state))
                }
            })
            .collect())
    }

    /// [`Vault::add_record_once`] for many people: in one change, but for those of whom more has to be
    /// looked at.
    ///
    /// # Errors
    /// The codes of the ports; those of [`Vault::check_grant`]. Of one record: those of
    /// [`Vault::add_record_once`].
    pub async fn add_records_once(
        &self,
        kind: &'static RecordKind,
        new: Vec<([u8; 16], NewRecord)>,
        actor: &Actor,
    ) -> Result<Vec<Result<Numbered>>> {
        let at_once = match self.try_add_at_once(kind, &new, actor).await {
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            // Another came first with one of them, or one is wrong: each says so for itself.
            added => added.unwrap_or_default(),
        };
        let mut all = Vec::with_capacity(new.len());
        for (at, (number, new)) in new.into_iter().enumerate() {
            all.push(match at_once.get(&at) {
                Some(key) => Ok(Numbered::Added(key.clone())),
                None => match self.add_record_once(kind, &number, new, actor).await {
                    Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                    added => added,
                },
            });
        }
        Ok(all)
    }

    /// Adds those, by their place, of whom nothing else decides.
    async fn try_add_at_once(
        &self,
        kind: &'static RecordKind,
        new: &[([u8; 16], NewRecord)],
        actor: &Actor,
    ) -> Result<BTreeMap<usize, RecordKey>> {
        let under = self.under_grant(actor).await?;
        if self.policy.record_rule(kind).is_none() {
            return UNKNOWN_KIND.err();
        }
        let (now, fence) = (self.now(), self.key_fence().await?);
        let ids = self.first_of_each(kind, new).await?;
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let index = self.index_key().await?;
        let (keys, wrapped) =
            self.generate_keys(ids.values().map(|(id, _)| id.clone()).collect()).await?;
        let created = NewKeys { keys: wrapped, ..NewKeys::default() };
        let mut draft = Draft::new(self.create_keys(&keys, created).await?);
        let mut added = BTreeMap::new();
        for ((at, (id, seen)), data) in ids.into_iter().zip(keys) {
            let Some((number, new)) = new.get(at) else { continue };
            // A hold of everything writes it: none comes in between.
            draft.require(seen.key, Expect::Version(seen.version));
            let key = RecordKey { subject: id.subject, kind, id: RowId::of_key(id.number) };
            let value = index.token(&kind.class, &hex(number));
            let token = Token { index: kind.class.clone(), value, unique: true };
            let row = Row { tokens: vec![token], ..self.sealed_row(&key, &new.items, &data) };
            let row = new.standing.clone().put(row);
            let leaf = self.leaf(now, actor, new.entry.action, key.subject);
            let write = RowWrite { row, expect: Expect::Absent };
            draft.record(new.entry.clone().told(leaf), vec![write], &[]);
            added.insert(at, key);
        }
        require(under.as_ref(), &mut draft);
        draft.under_fence(fence);
        self.commit(draft).await?;
        Ok(added)
    }

    /// The next keys of people whose own rows are sound, of whom nobody ever held anything, and who get
    /// one record here that does nothing else; by their place, each with a row of their own as it was seen.
    async fn first_of_each(
        &self,
        kind: &'static RecordKind,
        new: &[([u8; 16], NewRecord)],
    ) -> Result<BTreeMap<usize, (KeyId, Row)>> {
        let mut subjects = BTreeSet::new();
        let alone = |(at, (_, new)): (usize, &([u8; 16], NewRecord))| {
            let plain = new.effects == Effects::default();
            let sound = check_new(&new.standing, &new.items, self.now()).is_ok();
            new.subject.filter(|one| plain && sound && subjects.insert(*one)).map(|one| (at, one))
        };
        let asked: Vec<_> = new.iter().enumerate().filter_map(alone).collect();
        let subjects: Vec<_> = asked.iter().map(|(_, subject)| *subject).collect();
        let people = self.person_rows(&subjects, kind).await?;
        let known = self.ports.keyring.keys_of_each(&subjects).await?;
        let mut ids = BTreeMap::new();
        for (((at, subject), rows), known) in asked.into_iter().zip(people).zip(known) {
            let held = known.iter().any(|(key, _)| key.class == HOLDS.class);
            let Some(rows) = rows.ok().filter(|_| !held) else { continue };
            let Some(seen) = rows.own.first().cloned() else { continue };
            let of_kind = known.iter().map(|(key, _)| key).filter(|key| key.class == kind.class);
            let used = rows.records.iter().filter_map(super::number_of);
            let last = of_kind.map(|key| key.number).chain(used).max();
            let number = last.map_or(0, |last| last.saturating_add(1));
            let id = KeyId { number, ..KeyId::first(subject, kind.class.clone()) };
            ids.insert(at, (id, seen));
        }
        Ok(ids)
    }
}
