//! The rows of one subject, as the policy in force wants them.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::super::account::{AccountState, STATE_ITEM};
use super::super::codes::NOT_FOUND;
use super::super::journal::next_version;
use super::super::keys::{number_of, numbers_of};
use super::super::records::is_record;
use super::Vault;
use super::job::Job;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::{Expect, RowWrite};
use crate::row::{Row, RowKey, Token, state};
use crate::seal::{Body, DataKey, Place};

/// Items on their way to another class.
#[derive(Default)]
struct Moving {
    /// Each with its value and its token.
    items: Vec<(Name, Zeroizing<Vec<u8>>, Option<Token>)>,
    /// The earliest clock of the rows that they leave: they were made by then.
    made_by: Option<Timestamp>,
    /// Whether a hold keeps one of these rows.
    held: bool,
}

/// What is known of one subject, and what becomes of it.
struct Subject {
    id: SubjectId,
    /// Every row as it was.
    all: Vec<Row>,
    /// Its live rows by class.
    live: BTreeMap<Name, Part>,
    archived: BTreeMap<RowKey, Row>,
    writes: Vec<RowWrite>,
    /// Whether items stay in rows that are restricted.
    waits: bool,
}

/// What changes in a subject's rows.
pub(super) struct Resealed {
    pub(super) writes: Vec<RowWrite>,
    pub(super) deletes: Vec<Row>,
    /// Whether items stay where they are as long as they are restricted.
    pub(super) waits: bool,
}

/// A live row with its items.
struct Part {
    row: Row,
    body: Body,
    /// Its key, once it is needed.
    key: Option<DataKey>,
    fate: Fate,
}

/// What becomes of a live row.
enum Fate {
    /// It stays as it is.
    Stays,
    /// It is written again.
    Changes,
    /// Items left it, and with the last of them it goes.
    Loses,
    /// It is new; what was archived in this version made room.
    Begins(Option<u64>),
}

impl Vault {
    /// What a subject's rows become: items lie in their class and are found by what is unique, and
    /// clocks stand where the job says so.
    ///
    /// # Errors
    /// `keys.destroyed` if an erasure is under way; the integrity codes; the codes of the ports.
    pub(super) async fn reseal_one(
        &self,
        subject: SubjectId,
        job: &Job,
        sequence: &mut u64,
    ) -> Result<Resealed> {
        let mut of = Subject::new(subject, self.checked_all(subject).await?)?;
        let moving = self.take_out(&mut of).await?;
        self.set_tokens(&mut of).await?;
        self.set_clocks(&mut of, job).await?;
        for (class, moving) in moving {
            self.put_in(&mut of, &class, moving, sequence).await?;
        }
        let Subject { live, archived, mut writes, waits, .. } = of;
        let mut deletes = Vec::new();
        for Part { row, body, fate, .. } in live.into_values() {
            let empty = body.items().next().is_none();
            let row = Row { body: body.encode(), ..row };
            match fate {
                Fate::Stays => {}
                Fate::Loses if empty => deletes.push(row),
                Fate::Changes | Fate::Loses => writes.push(next_version(row)),
                Fate::Begins(before) => writes.push(first_version(row, before)),
            }
        }
        for row in archived.into_values().filter(|row| self.is_misdated(row)) {
            writes.push(next_version(Row { due_at: self.due(&row), ..row }));
        }
        Ok(Resealed { writes, deletes, waits })
    }

    /// Whether an item that a row of `class` holds belongs to another class now.
    pub(in crate::vault) fn leaves(&self, item: &Name, class: &Name) -> bool {
        self.policy.class_of(item).is_some_and(|now| now.name != *class)
    }

    /// Takes items out of the rows that they no longer belong to. What is restricted (Art. 18 GDPR)
    /// is stored and nothing else: moved, every purpose of its new class would read it.
    async fn take_out(&self, of: &mut Subject) -> Result<BTreeMap<Name, Moving>> {
        let mut moving: BTreeMap<Name, Moving> = BTreeMap::new();
        for (class, part) in &mut of.live {
            let gone = part.body.items().filter(|item| self.leaves(item, class));
            let gone: Vec<_> = gone.cloned().collect();
            if part.row.state == state::RESTRICTED {
                of.waits |= !gone.is_empty();
                continue;
            }
            for item in gone {
                let Some(now) = self.policy.class_of(&item) else { continue };
                // EXPOSE: sealed again at once, under the key of the item's new class.
                let Some(plain) = self.open_item(class, part, &item).await? else { continue };
                part.body.remove(&item);
                let token = part.row.tokens.iter().position(|token| token.index == item);
                let token = token.map(|at| part.row.tokens.remove(at));
                let to = moving.entry(now.name.clone()).or_default();
                to.items.push((item, plain, token));
                to.made_by = to.made_by.into_iter().chain(part.row.anchor_at).min();
                to.held |= part.row.held;
                part.fate = Fate::Loses;
            }
        }
        Ok(moving)
    }

    /// Gives the rows the tokens of their unique items, and no others.
    async fn set_tokens(&self, of: &mut Subject) -> Result<()> {
        for (class, part) in &mut of.live {
            let items = part.body.items().cloned().collect();
            if self.has_its_tokens(&part.row, &items) {
                continue;
            }
            part.row.tokens.retain(|t| self.is_indexed(&t.index) && items.contains(&t.index));
            for item in items.iter().filter(|item| self.is_indexed(item)) {
                if part.row.tokens.iter().any(|token| token.index == *item) {
                    continue;
                }
                // EXPOSE: the normal form is hashed under the index key.
                let Some(plain) = self.open_item(class, part, item).await? else { continue };
                part.row.tokens.push(self.token(item, &plain, &self.index_key().await?)?);
            }
            part.row.tokens.sort();
            part.change();
        }
        Ok(())
    }

    /// Sets the clocks that other events set now.
    async fn set_clocks(&self, of: &mut Subject, job: &Job) -> Result<()> {
        if !of.live.keys().any(|class| job.clocks.contains(class)) {
            return Ok(());
        }
        // Without an account nobody knows better.
        let Some(account) = self.state_of(of).await? else { return Ok(()) };
        for (class, part) in of.live.iter_mut().filter(|(class, _)| job.clocks.contains(*class)) {
            let Some(declared) = self.policy.classes.get(class) else { continue };
            let anchor_at = account.anchor_anew(declared, part.row.anchor_at, self.now());
            if part.row.anchor_at != anchor_at {
                part.row.anchor_at = anchor_at;
                part.change();
            }
        }
        Ok(())
    }

    /// Seals items under the key of the class that they belong to now. Where that has a value
    /// already it is the later one, given under the policy in force, and the other goes.
    async fn put_in(
        &self,
        of: &mut Subject,
        class: &Name,
        mut moving: Moving,
        sequence: &mut u64,
    ) -> Result<()> {
        if let Some(part) = of.live.get(class) {
            moving.items.retain(|(item, ..)| part.body.items().all(|other| other != item));
        }
        if moving.items.is_empty() {
            return Ok(());
        }
        let place_key = self.profile_key(of.id, class);
        let was = of.all.iter().find(|row| row.key == place_key && row.state != state::ARCHIVED);
        let key = match was {
            Some(row) if number_of(row).is_some() => self.row_key(row).await?,
            _ => self.next_key(of.id, class, &numbers_of(&of.all, class), sequence).await?,
        };
        if !of.live.contains_key(class) {
            // What is archived makes room.
            let before = of.archived.remove(&place_key);
            if let Some(before) = &before {
                of.writes.extend(self.make_room(before).await?);
            }
            let account = self.state_of(of).await?;
            let account = account.ok_or_else(|| NOT_FOUND.error().with("subject", of.id))?;
            let declared = self.policy.classes.get(class);
            let (made, now) = (moving.made_by, self.now());
            let anchor_at = declared.and_then(|class| account.anchor_anew(class, made, now));
            let row = new_row(place_key.clone(), class, anchor_at);
            let fate = Fate::Begins(before.map(|before| before.version));
            let part = Part { row, body: Body::default(), key: None, fate };
            of.live.insert(class.clone(), part);
        }
        let Some(part) = of.live.get_mut(class) else { return Ok(()) };
        part.row.held |= moving.held;
        for (item, plain, token) in moving.items {
            let place = Place { row: &place_key, class };
            part.body.seal(place, &item, &plain, &key.cipher(), self.ports.rng.as_ref());
            if self.is_indexed(&item) {
                part.row.tokens.push(match token {
                    Some(token) => token,
                    None => self.token(&item, &plain, &self.index_key().await?)?,
                });
            }
        }
        part.row.tokens.sort();
        part.change();
        Ok(())
    }

    /// The state of the subject's account; `None` if it has none that is live.
    async fn state_of(&self, of: &mut Subject) -> Result<Option<AccountState>> {
        let class = self.policy.primary_class();
        let Some(part) = of.live.get_mut(class) else { return Ok(None) };
        let sealed = self.open_item(class, part, &STATE_ITEM).await?;
        sealed.map(|sealed| AccountState::decode(&sealed)).transpose()
    }

    async fn open_item(
        &self,
        class: &Name,
        part: &mut Part,
        item: &Name,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let key = match part.key.take() {
            Some(key) => key,
            None => self.row_key(&part.row).await?,
        };
        let opened = part.body.open(Place { row: &part.row.key, class }, item, &key.cipher());
        part.key = Some(key);
        opened
    }
}

impl Subject {
    fn new(id: SubjectId, all: Vec<Row>) -> Result<Self> {
        let (mut live, mut archived) = (BTreeMap::new(), BTreeMap::new());
        // The items of a record are its room's, whatever they are called.
        for row in all.iter().filter(|row| !is_record(row)) {
            let Some(class) = row.class.clone() else { continue };
            if row.state == state::ARCHIVED {
                archived.insert(row.key.clone(), row.clone());
                continue;
            }
            let (body, row) = (Body::decode(&row.body)?, row.clone());
            live.insert(class, Part { row, body, key: None, fate: Fate::Stays });
        }
        Ok(Self { id, all, live, archived, writes: Vec::new(), waits: false })
    }
}

impl Part {
    /// Notes that the row is written again.
    fn change(&mut self) {
        if matches!(self.fate, Fate::Stays) {
            self.fate = Fate::Changes;
        }
    }
}

/// The write of a new row where there is none, or where one in this version makes room.
pub(in crate::vault) fn first_version(row: Row, before: Option<u64>) -> RowWrite {
    match before {
        Some(version) => next_version(Row { version, ..row }),
        None => RowWrite { row: Row { version: 1, ..row }, expect: Expect::Absent },
    }
}

fn new_row(key: RowKey, class: &Name, anchor_at: Option<Timestamp>) -> Row {
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
