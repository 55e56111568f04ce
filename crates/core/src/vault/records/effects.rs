//! What a record does to its subject's own data: holds, restrictions, consents and objections.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, RecordKey, Vault, check_new, number_of};
use crate::error::{Kind, Result};
use crate::id::{RowId, SubjectId};
use crate::name::Name;
use crate::outbox::{Message, new_record};
use crate::policy::Stance;
use crate::policy::records::OUTBOX;
use crate::ports::keyring::DESTROYED;
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, KeyState, RowWrite};
use crate::row::{Row, state};
use crate::seal::Body;
use crate::vault::codes::{NOTHING_OF_CLASS, UNDECLARED_CLASS, UNDER_WAY};
use crate::vault::journal::next_version;
use crate::vault::{Outline, Seen, StanceChange};

/// What happens to rows of the record's subject in the change of the record, under the same leaf.
///
/// # Errors
/// `outbox.too_long` for a message; `vault.not_found` for a consent, an objection or a notice where there is no account;
/// `vault.undeclared_class`; `vault.nothing_of_class` for a hold or a restriction of what is not
/// there; `erasure.under_way` for what is about to go, and `keys.destroyed` where it just goes; `store.conflict` if one of the rows is not as it
/// was `seen`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// Classes whose rows, in use and archived, are held from now on, or no longer. No erasure and
    /// no sweep takes what is held (Art. 17(3) GDPR).
    pub held: BTreeMap<Name, bool>,
    /// Whether the subject's records are held from now on, whatever period they have, or no longer: they
    /// are evidence too. `None` leaves them as they are. One that is altered, or about to go, stays out.
    pub records: Option<bool>,
    /// Classes whose rows in use are restricted from now on, or in use again (Art. 18 GDPR). What is
    /// archived is read for its law alone already, and stays so.
    pub restricted: BTreeMap<Name, bool>,
    /// Whether the classes are all that there is: if another begins before the change does, it is to be
    /// decided again.
    pub all: bool,
    /// Rows as they were before the room looked at whatever else it decided by, such as other holds
    /// of the same subject: if one of these classes was written since, the decision is to be made
    /// again.
    pub seen: Vec<Seen>,
    /// What changes in how the person stands to purposes, from the next read on.
    pub stance: Vec<StanceChange>,
    /// How the person stood when the room decided: if that changed since, it is to be decided again.
    pub stance_seen: Option<Stance>,
    /// Messages to the subject that go into the outbox with the change, or not at all.
    pub messages: Vec<Message>,
}

impl Vault {
    /// What effects write in the change of a record, and in the draft what they depend on.
    pub(super) async fn carry_through(
        &self,
        record: &RecordKey,
        effects: &Effects,
        draft: &mut Draft,
    ) -> Result<Vec<RowWrite>> {
        let subject = record.subject;
        let mut writes = self.hold_and_restrict(subject, effects, draft).await?;
        if let Some(held) = effects.records {
            writes.extend(self.hold_records(record, held, draft).await?);
        }
        let seen = effects.stance_seen.as_ref();
        self.take_stance(subject, record.id, seen, &effects.stance, (draft, &mut writes)).await?;
        self.note_withdrawals(subject, &effects.stance).await?;
        for message in &effects.messages {
            writes.push(self.message(subject, message, &writes, draft).await?);
        }
        Ok(writes)
    }

    /// The row of a new message, of which the key is durable.
    async fn message(
        &self,
        subject: SubjectId,
        message: &Message,
        writes: &[RowWrite],
        draft: &mut Draft,
    ) -> Result<RowWrite> {
        let (kind, mut sequence) = (&OUTBOX, 0);
        let new = new_record(message, self.now())?;
        check_new(&new.standing, &new.items, self.now())?;
        draft.under_fence(self.key_fence().await?);
        let known = self.rows_of_kind(subject, kind).await?;
        let written = writes.iter().map(|write| &write.row).filter(|row| row.key.kind == kind.kind);
        let used = known.iter().chain(written).filter_map(number_of).collect();
        let data = self.next_key(subject, &kind.class, &used, &mut sequence).await?;
        let change = draft.change();
        change.safe_sequence = change.safe_sequence.max(sequence);
        let key = RecordKey { subject, kind, id: RowId::of_key(data.number()) };
        self.require_own_rows(subject, draft).await?;
        let held = self.is_held_whole(subject).await?;
        let row = Row { held, ..self.sealed_row(&key, &new.items, &data) };
        Ok(RowWrite { row: new.standing.put(row), expect: Expect::Absent })
    }

    /// The rows that are held, restricted or set free. Those that are as they should be already are written as well, so
    /// that two holds of one row, placed and lifted at once, meet.
    async fn hold_and_restrict(
        &self,
        subject: SubjectId,
        effects: &Effects,
        draft: &mut Draft,
    ) -> Result<Vec<RowWrite>> {
        let Effects { held, restricted, seen, all, .. } = effects;
        let classes: BTreeSet<&Name> = held.keys().chain(restricted.keys()).collect();
        if classes.is_empty() {
            // Whoever places a hold of everything writes these: the records that it keeps go free by no
            // decision from before.
            for one in seen.iter().filter(|_| effects.records == Some(false)) {
                draft.require(one.row.clone(), Expect::Version(one.version));
            }
            return Ok(Vec::new());
        }
        if !classes.iter().all(|class| self.policy.classes.contains_key(*class)) {
            return UNDECLARED_CLASS.err();
        }
        // What an erasure under way takes is kept by nothing that comes after its intent, and what it
        // leaves is let go once it is done: then it is known what became of the account.
        let leaving = self.leaving(subject).await?;
        let rows = self.checked_where(subject, |class| classes.contains(class)).await?;
        let of_class = |row: &Row| row.class.as_ref().is_some_and(|class| classes.contains(class));
        let rows: Vec<_> = rows.into_iter().filter(of_class).collect();
        if !seen.iter().filter(|one| classes.contains(&one.class)).all(|one| one.stands_in(&rows)) {
            return CONFLICT.err();
        }
        for (class, _) in held.iter().filter(|(_, hold)| **hold) {
            found(class, &rows, |_| true)?;
        }
        for (class, _) in restricted.iter().filter(|(_, restrict)| **restrict) {
            found(class, &rows, |row| row.state != state::ARCHIVED)?;
        }
        if rows.iter().any(|row| leaving.touches(row)) {
            return Err(UNDER_WAY.error().with("subject", subject));
        }
        leaving.require(draft);
        let absent = self.policy.classes.keys().map(|class| self.profile_key(subject, class));
        for key in absent.filter(|key| *all && rows.iter().all(|row| row.key != *key)) {
            draft.require(key, Expect::Absent);
        }
        // Whoever erases has said so in the log: a hold comes too late.
        let keys = self.wrapped_keys(&rows).await?;
        if keys.values().any(|state| matches!(state, KeyState::Destroyed(_))) {
            return Err(DESTROYED.error().with("subject", subject));
        }
        let lifts = restricted.values().any(|on| !on);
        let outlives = lifts && !self.has_account(subject).await?;
        let write = |row| {
            let row = affected(row, held, restricted);
            if !outlives || row.state != state::LIVE {
                return Ok(next_version(row));
            }
            // Its account is gone: it is what it would be by now without the restriction.
            let items = Body::contents(&row.body)?.0;
            self.archived(row, &items, None)
        };
        rows.into_iter().map(write).collect()
    }

    /// The subject's records that are held from now on, or no longer, but for the one that is written.
    async fn hold_records(
        &self,
        own: &RecordKey,
        held: bool,
        draft: &mut Draft,
    ) -> Result<Vec<RowWrite>> {
        let (subject, own) = (own.subject, own.row());
        let leaving = self.leaving(subject).await?;
        leaving.require(draft);
        let mut writes = Vec::new();
        for row in self.outline(subject).await?.into_iter().filter(Outline::is_record) {
            let key = row.seen().row;
            if row.held == held || key == own {
                continue;
            }
            match self.checked(subject, &[key]).await {
                Ok(rows) => writes.extend(
                    (rows.into_iter().flatten())
                        .filter(|row| !leaving.touches(row))
                        .map(|row| next_version(Row { held, ..row })),
                ),
                Err(error) if error.kind() == Kind::Integrity => {}
                Err(error) => return Err(error),
            }
        }
        Ok(writes)
    }

    /// Whether a subject has an account that is neither erased nor archived.
    async fn has_account(&self, subject: SubjectId) -> Result<bool> {
        let key = self.profile_key(subject, self.policy.primary_class());
        let row = self.checked(subject, std::slice::from_ref(&key)).await?.pop().flatten();
        Ok(row.is_some_and(|row| row.state != state::ARCHIVED))
    }
}

fn found(class: &Name, rows: &[Row], counts: fn(&Row) -> bool) -> Result<()> {
    if rows.iter().any(|row| row.class.as_ref() == Some(class) && counts(row)) {
        return Ok(());
    }
    Err(NOTHING_OF_CLASS.error().with("class", class))
}

fn affected(row: Row, held: &BTreeMap<Name, bool>, restricted: &BTreeMap<Name, bool>) -> Row {
    let of = |map: &BTreeMap<Name, bool>| row.class.as_ref().and_then(|c| map.get(c)).copied();
    let (held, restrict) = (of(held).unwrap_or(row.held), of(restricted));
    let state = match restrict {
        Some(true) if row.state == state::LIVE => state::RESTRICTED,
        Some(false) if row.state == state::RESTRICTED => state::LIVE,
        _ => row.state.clone(),
    };
    Row { held, state, ..row }
}
