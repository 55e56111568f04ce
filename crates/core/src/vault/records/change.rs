//! Changing a record: what a room needs is opened, it decides, and the row follows with its leaf.

use std::collections::BTreeSet;

use super::effects::Effects;
use super::{
    ATTEMPTS, Draft, Entry, MODEL, OpenedRecord, RecordItems, RecordKey, RecordOutline, Standing,
    Vault,
};
use crate::error::Result;
use crate::name::Name;
use crate::ports::store::CONFLICT;
use crate::row::{Row, Token, state};
use crate::seal::{Body, DataKey, Place};
use crate::vault::Actor;
use crate::vault::codes::{RECORD_WITHOUT_MODEL, UNDER_WAY};
use crate::vault::destroy::Tries;
use crate::vault::grants::require;
use crate::vault::journal::next_version;

/// What becomes of a record.
#[derive(Debug, Clone)]
pub struct RecordChange {
    /// How it stands from now on.
    pub standing: Standing,
    /// Items that get a new value.
    pub set: RecordItems,
    /// Items that go.
    pub remove: BTreeSet<Name>,
    /// What the log says of it.
    pub entry: Entry,
    /// What happens to the subject's own data in the same change.
    pub effects: Effects,
}

impl Vault {
    /// Opens what a room needs of a record, lets it decide, and writes what it decided: one change
    /// with one leaf. If another change of the same rows comes first, the room decides again.
    ///
    /// What is opened is for the decision alone and goes nowhere else; whoever shows it to somebody
    /// reads it ([`Vault::read_record`]).
    ///
    /// # Errors
    /// The error with which `decide` refuses: nothing is written then. `vault.no_such_record`;
    /// `vault.record_state`, `vault.record_without_model`, `vault.in_future`; those of [`Effects`];
    /// the integrity codes; `erasure.under_way` for a closed record that is about to go, and
    /// `keys.destroyed` where it just goes; `store.conflict` if others keep coming first; the codes of
    /// the ports.
    pub async fn change_record(
        &self,
        key: &RecordKey,
        needed: &[Name],
        actor: &Actor,
        mut decide: impl FnMut(&OpenedRecord) -> Result<RecordChange> + Send,
    ) -> Result<RecordOutline> {
        let mut decide = |record: &OpenedRecord| Ok((decide(record)?, None));
        self.change_with_tokens(key, needed, actor, &mut decide).await
    }

    pub(super) async fn try_change(
        &self,
        key: &RecordKey,
        needed: &[Name],
        actor: &Actor,
        decide: &mut (impl FnMut(&OpenedRecord) -> Result<RecordChange> + Send),
    ) -> Result<RecordOutline> {
        let mut decide = |record: &OpenedRecord| Ok((decide(record)?, None));
        self.try_change_with(key, needed, actor, &mut decide).await
    }

    /// [`Vault::change_record`] where the tokens that the row bears may change too.
    pub(in crate::vault) async fn change_with_tokens(
        &self,
        key: &RecordKey,
        needed: &[Name],
        actor: &Actor,
        decide: &mut (impl FnMut(&OpenedRecord) -> Result<(RecordChange, Option<Vec<Token>>)> + Send),
    ) -> Result<RecordOutline> {
        let mut tries = Tries::new(ATTEMPTS);
        loop {
            match self.try_change_with(key, needed, actor, decide).await {
                Err(error) if error.is(&CONFLICT) && tries.again(&error) => {}
                other => return other,
            }
        }
    }

    async fn try_change_with(
        &self,
        key: &RecordKey,
        needed: &[Name],
        actor: &Actor,
        decide: &mut (impl FnMut(&OpenedRecord) -> Result<(RecordChange, Option<Vec<Token>>)> + Send),
    ) -> Result<RecordOutline> {
        let under = self.under_grant(actor).await?;
        let row = self.record_row(key).await?;
        let data = self.row_key(&row).await?;
        let opened = self.open_record(key, &row, &data, needed)?;
        let (RecordChange { standing, set, remove, entry, effects }, tokens) = decide(&opened)?;
        drop(opened);
        let now = self.now();
        standing.check(now)?;
        if remove.contains(&MODEL) {
            return RECORD_WITHOUT_MODEL.err();
        }
        let mut body = Body::decode(&row.body)?;
        for item in &remove {
            body.remove(item);
        }
        let place = Place { row: &row.key, class: &key.kind.class };
        for (item, value) in &set.0 {
            // EXPOSE: the value is sealed.
            body.seal(place, item, value, &data.cipher(), self.ports.rng.as_ref());
        }
        let mut draft = Draft::new(0);
        // Whoever ends a grant of their own writes that row itself.
        require(under.as_ref().filter(|under| !under.is(&row.key)), &mut draft);
        // Only what is closed is ever due: its time may be up, and the intent before this change.
        if row.state == state::CLOSED {
            let leaving = self.leaving(key.subject).await?;
            if leaving.touches(&row) {
                return Err(UNDER_WAY.error().with("subject", key.subject));
            }
            leaving.require(&mut draft);
        }
        let mut writes = self.carry_through(key, &effects, &mut draft).await?;
        let tokens = tokens.unwrap_or_else(|| row.tokens.clone());
        // What lets the other records go lets this one go.
        let held = row.held && effects.records != Some(false);
        let write = next_version(standing.put(Row { body: body.encode(), tokens, held, ..row }));
        let outline = RecordOutline::of(key.clone(), &write.row)?;
        writes.push(write);
        let leaf = self.leaf(now, actor, entry.action, key.subject);
        draft.record(entry.told(leaf), writes, &[]);
        self.commit(draft).await?;
        Ok(outline)
    }

    /// Opens some items of a record.
    pub(super) fn open_record(
        &self,
        key: &RecordKey,
        row: &Row,
        data: &DataKey,
        needed: &[Name],
    ) -> Result<OpenedRecord> {
        let (body, cipher) = (Body::decode(&row.body)?, data.cipher());
        let place = Place { row: &row.key, class: &key.kind.class };
        let mut items = RecordItems::default();
        for item in needed {
            if let Some(value) = body.open(place, item, &cipher)? {
                items.0.insert(item.clone(), value);
            }
        }
        Ok(OpenedRecord { outline: RecordOutline::of(key.clone(), row)?, items })
    }
}
