//! Changing what is kept: items, facts, the end of an account.

mod parsed;

use std::collections::{BTreeMap, BTreeSet};

use self::parsed::{Parsed, change_state};
use super::account::{Account, STATE_ITEM};
use super::codes::{NOT_FOUND, NOT_UNIQUE, REFUSED_STATE, REQUIRED, UNDER_WAY};
use super::destroy::{Leaving, Tries};
use super::evolve::first_version;
use super::grants::{Under, require};
use super::items::ItemValue;
use super::journal::{Draft, next_version};
use super::keys::{Made, number_of, numbers_of};
use super::register::tokens;
use super::{Actor, Vault};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::password::Password;
use crate::policy::records::RecordKind;
use crate::ports::keyring::DESTROYED;
use crate::ports::store::{CONFLICT, NOT_UNIQUE as STORE_NOT_UNIQUE};
use crate::ports::{Expect, RowWrite};
use crate::row::{Row, RowKey, state};
use crate::seal::{Body, DataKey, Place};

/// How often an operation starts again after another change of the same row came first.
const ATTEMPTS: usize = 5;

/// What is to change of a subject's data.
#[derive(Debug, Default)]
pub struct Amendment {
    /// Items that get a new value.
    pub set: Vec<ItemValue>,
    /// Items that are blanked.
    pub remove: Vec<Name>,
    /// Facts that hold from now on (`true`) or no longer (`false`).
    pub facts: BTreeMap<Name, bool>,
    /// A new password.
    pub password: Option<Password>,
    /// Closes the account at this time.
    pub close_at: Option<Timestamp>,
}

/// A row that the amendment touches.
struct Touched {
    row: Before,
    body: Body,
    key: DataKey,
}

/// What was in a row's place.
enum Before {
    /// The row, live.
    Live(Row),
    /// Nothing; or, in this version, what a law keeps: it makes room, and lies elsewhere from now on.
    Room(Option<u64>, Option<RowWrite>),
}

impl Vault {
    /// Changes a subject's data. Every row it touches is written in one change with one leaf.
    ///
    /// What an erasure under way takes is over: an amendment of it is refused, and one that was
    /// accepted is not erased by a sweep that was due before it. An erasure on request that comes at
    /// the same time takes what it finds.
    ///
    /// What a law keeps of a class is no part of the account any more: nothing amends it. Items that
    /// are added to such a class begin a new row beside it, under a key of its own.
    ///
    /// What is written after the closing counts from then: an item that a law asks for, or a fact that a
    /// law depends on, sets the clock of its class, and of no other.
    ///
    /// # Law
    /// Art. 16 GDPR for items; Art. 5(1)(d).
    ///
    /// # Errors
    /// `vault.undeclared_item`, `vault.undeclared_fact`, `vault.required_item` (a required item
    /// cannot be blanked), `vault.not_unique`, `vault.closed_already`, `vault.in_future` and
    /// `vault.out_of_order` for a closing later than now, or before the account was last seen, `vault.not_found`,
    /// `vault.not_live` for a class or an account that is restricted, `erasure.under_way` for an account or a class
    /// that is about to go; the integrity codes and those of the ports.
    pub async fn amend(
        &self,
        subject: SubjectId,
        amendment: Amendment,
        actor: &Actor,
    ) -> Result<()> {
        let mut under = self.under_grant(actor).await?;
        let parsed = self.parse_amendment(amendment).await?;
        let (mut tries, mut made) = (Tries::new(ATTEMPTS), Made::default());
        loop {
            let leaving = self.leaving(subject).await?;
            let by = (actor, under.as_ref());
            let error = match self.try_amend(subject, &parsed, &leaving, &mut made, by).await {
                Err(error) => error,
                done => return done,
            };
            let destroyed = error.is(&DESTROYED);
            if destroyed && leaving.is_any() {
                return Err(UNDER_WAY.error().with("subject", subject));
            }
            // A key that went meanwhile: the next look finds the erasure, or that nothing is left.
            if !destroyed && !error.is(&CONFLICT) || !tries.again(&error) {
                return Err(error);
            }
            under = self.under_grant(actor).await?;
        }
    }

    async fn try_amend(
        &self,
        subject: SubjectId,
        parsed: &Parsed,
        leaving: &Leaving,
        made: &mut Made,
        (actor, under): (&Actor, Option<&Under>),
    ) -> Result<()> {
        let now = self.now();
        let fence = self.key_fence().await?;
        made.under(fence);
        let mut account = match self.account(subject).await {
            Err(error) if error.is(&NOT_FOUND) => {
                return Err(self.no_account(subject, error).await?);
            }
            account => account?,
        };
        let facts = account.state.facts.clone();
        let state_changed = change_state(&mut account, parsed, now)?;
        let under_way = || UNDER_WAY.error().with("subject", subject);
        if leaving.takes(&account.row) {
            return Err(under_way());
        }
        let rows = self.stays_whole(subject, parsed).await?;
        let primary = self.policy.primary_class().clone();
        let expect = Expect::Version(account.row.version);
        let guard = account.row.key.clone();
        let (mut draft, mut writes) = (Draft::new(0), Vec::new());
        let state = account.state.clone();
        let mut account = Some(account);
        let strays = self.strays(&rows, parsed)?;
        for class in self.policy.classes.values() {
            let password = self.policy.password_item();
            let sets_password =
                parsed.verifier.is_some() && password.is_some_and(|item| item.class == class.name);
            let strays = strays.get(&class.name).map_or(&[][..], Vec::as_slice);
            let touched = !strays.is_empty()
                || class
                    .items
                    .iter()
                    .any(|item| parsed.set.contains_key(item) || parsed.remove.contains(item));
            let is_primary = class.name == primary;
            let wanted = touched || sets_password || (is_primary && state_changed);
            let place_key = self.profile_key(subject, &class.name);
            let in_place = rows.iter().find(|row| row.key == place_key);
            let duty_begins = self.duty_begins(class, in_place, parsed, &facts, &state)?;
            // Closing moves the clock of every class.
            if !wanted && !duty_begins && parsed.close_at.is_none() {
                continue;
            }
            if in_place.is_some_and(|row| leaving.takes(row)) {
                // A closing leaves the clock of what goes alone.
                if wanted {
                    return Err(under_way());
                }
                continue;
            }
            let place = Place { row: &place_key, class: &class.name };
            let Touched { row, mut body, key } = if is_primary {
                let Some(Account { row, body, key, .. }) = account.take() else { continue };
                Touched { row: Before::Live(row), body, key }
            } else {
                let adds = sets_password || class.items.iter().any(|i| parsed.set.contains_key(i));
                let restricted = in_place.is_some_and(|row| row.state == state::RESTRICTED);
                if restricted && (touched || sets_password) {
                    return Err(REFUSED_STATE.error().with("subject", subject));
                }
                match self.touch(&rows, &place_key, &class.name, adds, made).await? {
                    Some(touched) => touched,
                    None => continue,
                }
            };
            let (cipher, rng) = (key.cipher(), self.ports.rng.as_ref());
            for item in &class.items {
                if let Some(value) = parsed.set.get(item) {
                    // EXPOSE: the value is sealed.
                    body.seal(place, item, value.value.typed().as_bytes(), &cipher, rng);
                } else if parsed.remove.contains(item) {
                    body.remove(item);
                }
            }
            for item in strays {
                body.remove(item);
            }
            if let (Some(verifier), Some(item), true) = (&parsed.verifier, password, sets_password)
            {
                body.seal(place, &item.name, verifier, &cipher, rng);
            }
            if is_primary {
                body.seal(place, &STATE_ITEM, &state.encode(), &cipher, rng);
            }
            let anchor = |current: Option<Timestamp>, begins: bool| {
                let anchor = match (begins, parsed.close_at) {
                    (false, None) => current,
                    _ => state.anchor(class, current.unwrap_or(now)),
                };
                anchor.max(duty_begins.then_some(now))
            };
            let written = match row {
                Before::Live(row) => {
                    let tokens = self.amended_tokens(&row, parsed).await?;
                    let anchor_at = anchor(row.anchor_at, false);
                    next_version(Row { body: body.encode(), anchor_at, tokens, ..row })
                }
                Before::Room(version, moved) => {
                    let row = Row {
                        key: place_key,
                        class: Some(class.name.clone()),
                        state: state::LIVE,
                        held: self.held_from_now(subject, &rows, &class.name).await?,
                        anchor_at: anchor(None, true),
                        due_at: None,
                        version: 1,
                        tokens: self.new_tokens(&class.items, parsed).await?,
                        body: body.encode(),
                    };
                    writes.extend(moved);
                    first_version(row, version)
                }
            };
            writes.push(written);
        }
        if writes.is_empty() {
            return Ok(());
        }
        // A row added while the account is being erased would outlive it.
        if !writes.iter().any(|write| write.row.key == guard) {
            draft.require(guard, expect);
        }
        let action = if parsed.close_at.is_some() { "subject.closed" } else { "subject.amended" };
        draft.record(self.leaf(now, actor, action, subject), writes, &[]);
        draft.change().safe_sequence = made.sequence;
        draft.under_fence(fence);
        leaving.require(&mut draft);
        require(under, &mut draft);
        match self.commit(draft).await {
            Ok(_) => Ok(()),
            Err(error) if error.is(&STORE_NOT_UNIQUE) => {
                let taken = NOT_UNIQUE.error();
                Err(match error.context("index") {
                    Some(index) => taken.field_is(index.clone()),
                    None => taken,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Why there is no account to amend: a restricted one is there.
    async fn no_account(&self, subject: SubjectId, not_found: Error) -> Result<Error> {
        let key = self.profile_key(subject, self.policy.primary_class());
        let row = self.checked(subject, std::slice::from_ref(&key)).await?.pop().flatten();
        let restricted = row.is_some_and(|row| row.state == state::RESTRICTED);
        Ok(if restricted { REFUSED_STATE.error().with("subject", subject) } else { not_found })
    }

    /// What the policy requires of what is amended, alone or together with other items, is there
    /// afterwards too; what is archived belongs to its law and does not count. Answers with the
    /// subject's rows.
    async fn stays_whole(&self, subject: SubjectId, parsed: &Parsed) -> Result<Vec<Row>> {
        // Records are no part of the account.
        let rows = self.checked_where(subject, |class| !RecordKind::is_reserved(class)).await?;
        let password = self.policy.password_item().filter(|_| parsed.verifier.is_some());
        let set = parsed.set.keys().chain(password.map(|item| &item.name));
        let set: BTreeSet<Name> = set.cloned().collect();
        let mut items = set.clone();
        let in_use = |row: &&Row| row.state == state::LIVE || row.state == state::RESTRICTED;
        for row in rows.iter().filter(in_use).filter(|row| row.class.is_some()) {
            let (kept, _) = Body::contents(&row.body)?;
            items.extend(kept.into_iter().filter(|item| !parsed.remove.contains(item)));
        }
        for item in self.policy.items.values().filter(|item| !items.contains(&item.name)) {
            let removed = parsed.remove.contains(&item.name);
            // What was lacking before, as after a change of policy, is not this amendment's to give.
            let touched = removed || item.required_with.iter().any(|other| set.contains(other));
            let asked = item.required_with.iter().any(|other| items.contains(other));
            if touched && asked || removed && item.required {
                return Err(REQUIRED.error().field_is(&item.name));
            }
        }
        Ok(rows)
    }

    /// The items of an amendment that rows in use hold although they belong to other classes now: a
    /// new policy could not move them yet. By the row's class; they leave it with the amendment,
    /// which fails where that row is restricted.
    fn strays(&self, rows: &[Row], parsed: &Parsed) -> Result<BTreeMap<Name, Vec<Name>>> {
        let password = self.policy.password_item().filter(|_| parsed.verifier.is_some());
        let amended = |item: &Name| {
            let set = parsed.set.contains_key(item) || parsed.remove.contains(item);
            set || password.is_some_and(|password| password.name == *item)
        };
        let mut strays: BTreeMap<Name, Vec<Name>> = BTreeMap::new();
        let in_use = |row: &&Row| row.state == state::LIVE || row.state == state::RESTRICTED;
        for row in rows.iter().filter(in_use) {
            let Some(class) = &row.class else { continue };
            let (items, _) = Body::contents(&row.body)?;
            let stray = items.into_iter().filter(|item| amended(item) && self.leaves(item, class));
            strays.entry(class.clone()).or_default().extend(stray);
        }
        Ok(strays)
    }

    /// A row of another class; `None` if there is none and none is to be made. What is archived makes
    /// room for one, and keeps the clock that its law's day was told from.
    async fn touch(
        &self,
        rows: &[Row],
        place: &RowKey,
        class: &Name,
        make: bool,
        made: &mut Made,
    ) -> Result<Option<Touched>> {
        let row = rows.iter().find(|row| row.key == *place);
        // The clock of what is restricted goes on, whatever may be done with it.
        let live =
            row.filter(|row| row.state == state::LIVE || !make && row.state == state::RESTRICTED);
        if let Some(row) = live.filter(|row| number_of(row).is_some()) {
            let (key, body) = (self.row_key(row).await?, Body::decode(&row.body)?);
            return Ok(Some(Touched { row: Before::Live(row.clone()), body, key }));
        }
        if live.is_none() && !make {
            return Ok(None);
        }
        let begins = live.is_none();
        if begins && row.is_some_and(|row| row.state != state::ARCHIVED) {
            return Err(REFUSED_STATE.error().with("subject", place.subject));
        }
        let key = if make {
            self.key_of_try(place.subject, class, &numbers_of(rows, class), made).await?
        } else {
            // Nothing is sealed: a row without items has its clock moved.
            DataKey::generate(self.ports.rng.as_ref())
        };
        let before = match (live, row) {
            (Some(row), _) => Before::Live(row.clone()),
            (None, Some(row)) => Before::Room(Some(row.version), self.make_room(row).await?),
            (None, None) => Before::Room(None, None),
        };
        Ok(Some(Touched { row: before, body: Body::default(), key }))
    }

    async fn amended_tokens(&self, row: &Row, parsed: &Parsed) -> Result<Vec<crate::row::Token>> {
        let items = self.items_of(row.class.as_ref());
        let mut tokens: Vec<_> = row
            .tokens
            .iter()
            .filter(|t| !parsed.set.contains_key(&t.index) && !parsed.remove.contains(&t.index))
            .cloned()
            .collect();
        tokens.extend(self.new_tokens(&items, parsed).await?);
        tokens.sort();
        Ok(tokens)
    }

    async fn new_tokens(&self, items: &[Name], parsed: &Parsed) -> Result<Vec<crate::row::Token>> {
        let unique = |item: &Name| self.policy.item(item).is_some_and(|item| item.unique);
        if !parsed.set.keys().any(|item| items.contains(item) && unique(item)) {
            return Ok(Vec::new());
        }
        let key = self.index_key().await?;
        let mut found = tokens(&self.policy, &parsed.set, &key);
        found.retain(|token| items.contains(&token.index));
        Ok(found)
    }

    fn items_of(&self, class: Option<&Name>) -> Vec<Name> {
        class
            .and_then(|class| self.policy.classes.get(class))
            .map(|class| class.items.clone())
            .unwrap_or_default()
    }
}
