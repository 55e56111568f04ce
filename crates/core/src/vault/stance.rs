//! How a person stands to purposes, as it is kept in the account's state: its bytes, and how a change
//! of it is written.

use std::collections::BTreeMap;

use super::account::{Account, STATE_ITEM};
use super::codes::{NOT_FOUND, UNDER_WAY};
use super::destroy::Tries;
use super::grants::require;
use super::journal::{Draft, next_version};
use super::records::Entry;
use super::{Actor, Vault};
use crate::clock::Timestamp;
use crate::codec::{Decoder, Encoder, MALFORMED};
use crate::error::Result;
use crate::id::{RowId, SubjectId};
use crate::name::Name;
use crate::policy::{Against, Consented, Stance, Told};
use crate::ports::RowWrite;
use crate::ports::keyring::DESTROYED;
use crate::ports::store::CONFLICT;
use crate::row::{Row, state};
use crate::seal::Place;

/// How often an operation starts again after another change of the same row came first.
const ATTEMPTS: usize = 5;

/// What changes in how a person stands to purposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StanceChange {
    /// A consent was given to a version of a text; the record of the change proves it.
    Consents {
        /// The purpose.
        purpose: Name,
        /// The text that was agreed to.
        text: Name,
        /// Its version.
        version: u64,
    },
    /// The person withdrew their consent to a purpose: none stands, and none that was given until
    /// then does.
    ConsentWithdrawn {
        /// The purpose.
        purpose: Name,
        /// When; an older time than is known changes nothing.
        at: Timestamp,
    },
    /// The consent that the record of the change is about stands no longer, for another reason than the
    /// person's word.
    ConsentEnds(Name),
    /// The person objects; the record of the change says why.
    Objects(Against),
    /// The objection that the record of the change is about stands no longer.
    ObjectionEnds(Against),
    /// The person was told of a notice. An older one than they know of changes nothing.
    Told(Told),
}

impl StanceChange {
    /// Whether it ends something, and so has nothing to do where there is no account.
    const fn ends(&self) -> bool {
        matches!(
            self,
            Self::ConsentWithdrawn { .. } | Self::ConsentEnds(_) | Self::ObjectionEnds(_)
        )
    }

    /// Whether somebody relies on it who comes back. An objection is heard to the last.
    const fn begins(&self) -> bool {
        matches!(self, Self::Consents { .. } | Self::Told(_))
    }

    fn apply(&self, stance: &mut Stance, record: RowId) {
        match self {
            Self::Consents { purpose, text, version } => {
                let given = Consented { text: text.clone(), version: *version, record };
                stance.consents.insert(purpose.clone(), given);
            }
            Self::ConsentWithdrawn { purpose, at } => {
                stance.consents.remove(purpose);
                let last = stance.withdrawn.entry(purpose.clone()).or_insert(*at);
                *last = (*last).max(*at);
            }
            Self::ConsentEnds(purpose) => {
                // Another one may have come since that record was lost.
                if stance.consents.get(purpose).is_some_and(|given| given.record == record) {
                    stance.consents.remove(purpose);
                }
            }
            Self::Objects(Against::Purpose(purpose)) => {
                stance.objections.insert(purpose.clone(), record);
            }
            Self::Objects(Against::Marketing) => stance.marketing = Some(record),
            // Another one may have come since that record was lost.
            Self::ObjectionEnds(against) if stance.objection(against) != Some(record) => {}
            Self::ObjectionEnds(Against::Purpose(purpose)) => {
                stance.objections.remove(purpose);
            }
            Self::ObjectionEnds(Against::Marketing) => stance.marketing = None,
            Self::Told(told) => {
                if stance.told.as_ref().is_none_or(|known| known.version < told.version) {
                    stance.told = Some(told.clone());
                }
            }
        }
    }
}

impl Vault {
    /// How a person stands to purposes, if there is an account, restricted or not. For rules that
    /// depend on it; nothing is shown of the person's data.
    ///
    /// # Errors
    /// The integrity codes of `vault` and `seal`; the codes of the ports.
    pub async fn stance(&self, subject: SubjectId) -> Result<Option<Stance>> {
        Ok(self.kept_account(subject).await?.map(|account| account.state.stance))
    }

    /// [`Vault::stance`] for somebody to whom it is shown: with a leaf, which is durable before.
    ///
    /// # Errors
    /// As [`Vault::stance`]; those of [`Vault::check_grant`].
    pub async fn read_stance(&self, subject: SubjectId, actor: &Actor) -> Result<Option<Stance>> {
        self.check_grant(actor).await?;
        let stance = self.stance(subject).await?;
        // An id of nobody, anybody may have typed.
        let found = stance.as_ref().map_or(SubjectId::CONTROLLER, |_| subject);
        let shown = || vec![self.leaf(self.now(), actor, "stance.read", found)];
        self.record_shown(actor, shown).await?;
        Ok(stance)
    }

    /// Changes how a person stands to purposes, with a leaf and without a record: for what needs no
    /// proof beyond the log, and for what is to end although its record cannot be opened. Whoever
    /// decided by how the person stood says what was `seen`.
    ///
    /// # Errors
    /// `vault.not_found` if there is no account and something begins; `erasure.under_way` if it is about
    /// to go and somebody relies on what begins; `store.conflict` if others keep coming first, or if the
    /// person stands otherwise than was `seen`: then it is to be decided again; the integrity codes; the
    /// codes of the ports.
    pub async fn change_stance(
        &self,
        subject: SubjectId,
        seen: Option<&Stance>,
        changes: &[StanceChange],
        entry: Entry,
        actor: &Actor,
    ) -> Result<()> {
        let mut tries = Tries::new(if seen.is_some() { 1 } else { ATTEMPTS });
        loop {
            match self.try_change_stance(subject, seen, changes, entry.clone(), actor).await {
                Err(error) if error.is(&CONFLICT) && tries.again(&error) => {}
                other => return other,
            }
        }
    }

    async fn try_change_stance(
        &self,
        subject: SubjectId,
        seen: Option<&Stance>,
        changes: &[StanceChange],
        entry: Entry,
        actor: &Actor,
    ) -> Result<()> {
        let (mut draft, mut writes) = (Draft::new(0), Vec::new());
        require(self.under_grant(actor).await?.as_ref(), &mut draft);
        self.take_stance(subject, RowId::ONLY, seen, changes, (&mut draft, &mut writes)).await?;
        self.note_withdrawals(subject, changes).await?;
        let leaf = self.leaf(self.now(), actor, entry.action(), subject);
        draft.record(entry.told(leaf), writes, &[]);
        self.commit(draft).await.map(|_| ())
    }

    /// Takes changes of a stance into the writes of a change: the account's row, as it is or as these
    /// write it already. What `seen` does not say any more is to be decided again. To an account that
    /// is about to go nobody consents, and nobody is told of anything in it.
    pub(super) async fn take_stance(
        &self,
        subject: SubjectId,
        record: RowId,
        seen: Option<&Stance>,
        changes: &[StanceChange],
        (draft, writes): (&mut Draft, &mut Vec<RowWrite>),
    ) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let begins = changes.iter().any(StanceChange::begins);
        let leaving = if begins { Some(self.leaving(subject).await?) } else { None };
        let Some(Account { row, mut body, key, mut state }) = self.kept_account(subject).await?
        else {
            let gone = changes.iter().all(StanceChange::ends);
            return if gone { Ok(()) } else { Err(NOT_FOUND.error().with("subject", subject)) };
        };
        if let Some(leaving) = &leaving {
            if leaving.touches(&row) {
                return Err(UNDER_WAY.error().with("subject", subject));
            }
            leaving.require(draft);
        }
        if seen.is_some_and(|seen| *seen != state.stance) {
            return Err(CONFLICT.error().with("subject", subject));
        }
        for change in changes {
            change.apply(&mut state.stance, record);
        }
        let place = Place { row: &row.key, class: self.policy.primary_class() };
        body.seal(place, &STATE_ITEM, &state.encode(), &key.cipher(), self.ports.rng.as_ref());
        let body = body.encode();
        match writes.iter_mut().find(|write| write.row.key == row.key) {
            // Written from the same version, or one of the two comes too late.
            Some(write) if write.row.version == row.version.saturating_add(1) => {
                write.row.body = body;
            }
            Some(_) => return Err(CONFLICT.error().with("subject", subject)),
            None => writes.push(next_version(Row { body, ..row })),
        }
        Ok(())
    }

    /// The account, also while it is restricted (Art. 18 GDPR): whoever restricted it can still
    /// withdraw and object. `None` if it is erased or about to be.
    async fn kept_account(&self, subject: SubjectId) -> Result<Option<Account>> {
        let key = self.profile_key(subject, self.policy.primary_class());
        let row = self.checked(subject, std::slice::from_ref(&key)).await?.pop().flatten();
        let Some(row) = row.filter(|row| row.state != state::ARCHIVED) else { return Ok(None) };
        match self.row_key(&row).await {
            Ok(key) => self.open_account(row, key).map(Some),
            Err(error) if error.is(&DESTROYED) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn encode(e: &mut Encoder, stance: &Stance) {
    let Stance { consents, withdrawn, objections, marketing, told } = stance;
    e.list(consents.len());
    for (purpose, Consented { text, version, record }) in consents {
        e.text(purpose.as_str()).text(text.as_str()).u64(*version).raw(record.as_bytes());
    }
    e.list(withdrawn.len());
    for (purpose, at) in withdrawn {
        e.text(purpose.as_str()).i64(at.as_micros());
    }
    e.list(objections.len());
    for (purpose, record) in objections {
        e.text(purpose.as_str()).raw(record.as_bytes());
    }
    e.u8(u8::from(marketing.is_some()));
    if let Some(record) = marketing {
        e.raw(record.as_bytes());
    }
    e.u8(u8::from(told.is_some()));
    if let Some(Told { version, at, how }) = told {
        e.u64(*version).i64(at.as_micros()).text(how.as_str());
    }
}

pub(super) fn decode(d: &mut Decoder<'_>) -> Result<Stance> {
    let mut stance = Stance::default();
    for _ in 0..d.list(34)? {
        let purpose = follows(&stance.consents, d.name()?)?;
        let (text, version) = (d.name()?, d.u64()?);
        let given = Consented { text, version, record: RowId::from_bytes(d.raw()?) };
        stance.consents.insert(purpose, given);
    }
    for _ in 0..d.list(13)? {
        let purpose = follows(&stance.withdrawn, d.name()?)?;
        stance.withdrawn.insert(purpose, Timestamp::from_micros(d.i64()?));
    }
    for _ in 0..d.list(21)? {
        let purpose = follows(&stance.objections, d.name()?)?;
        stance.objections.insert(purpose, RowId::from_bytes(d.raw()?));
    }
    if d.flag()? {
        stance.marketing = Some(RowId::from_bytes(d.raw()?));
    }
    if d.flag()? {
        let (version, at) = (d.u64()?, Timestamp::from_micros(d.i64()?));
        stance.told = Some(Told { version, at, how: d.name()? });
    }
    // Another form is for this.
    if stance.is_empty() { MALFORMED.err() } else { Ok(stance) }
}

/// A name, if it comes after all others.
fn follows<T>(before: &BTreeMap<Name, T>, name: Name) -> Result<Name> {
    let last = before.last_key_value();
    if last.is_some_and(|(last, _)| *last >= name) { MALFORMED.err() } else { Ok(name) }
}
