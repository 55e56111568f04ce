//! Writing a record anew that somebody altered or took away.

use super::effects::Effects;
use super::{Draft, Entry, RecordItems, RecordKey, Standing, Vault, check_new};
use crate::error::{Kind, Result};
use crate::id::RowId;
use crate::ports::{Expect, KeyId, KeyState, RowWrite};
use crate::row::Row;
use crate::seal::{Body, Place};
use crate::vault::Actor;
use crate::vault::codes::{NO_SUCH_RECORD, RECORD_IS_SOUND};
use crate::vault::grants::require;
use crate::vault::journal::own_row;

/// What stands in the place of a lost record.
#[derive(Debug)]
pub struct RestatedRecord {
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
    /// Writes a record anew, under its key, that is not what the log says or was taken away. What it held is
    /// lost: the room says what stands there instead, and the log by whom. One that is sound is not touched.
    ///
    /// # Errors
    /// [`RECORD_IS_SOUND`]; [`NO_SUCH_RECORD`] if there is none and the safe has no key of one;
    /// `vault.record_state`, `vault.record_without_model`, `vault.in_future`; those of [`Effects`];
    /// `store.conflict` if others come first; the codes of the ports.
    pub async fn restate_record(
        &self,
        key: &RecordKey,
        new: RestatedRecord,
        actor: &Actor,
    ) -> Result<()> {
        let RestatedRecord { standing, items, entry, effects } = new;
        let under = self.under_grant(actor).await?;
        check_new(&standing, &items, self.now())?;
        match self.record(key).await {
            Err(error) if error.kind() == Kind::Integrity => {}
            Err(error) => return Err(error),
            Ok(_) => return RECORD_IS_SOUND.err(),
        }
        let (place, class) = (key.row(), &key.kind.class);
        let data = self.key_by_id(self.sealing(key).await?).await?;
        let mut body = Body::default();
        for (item, value) in &items.0 {
            let place = Place { row: &place, class };
            // EXPOSE: the value is sealed.
            body.seal(place, item, value, &data.cipher(), self.ports.rng.as_ref());
        }
        let stored = self.ports.store.rows(std::slice::from_ref(&place)).await?.pop().flatten();
        let version = stored.map_or(0, |row| row.version);
        let expect = if version == 0 { Expect::Absent } else { Expect::Version(version) };
        let row = Row {
            class: Some(class.clone()),
            body: body.encode(),
            version: version.saturating_add(1),
            ..own_row(place)
        };
        let mut draft = Draft::new(0);
        self.require_own_rows(key.subject, &mut draft).await?;
        // What stands in its place is evidence like the other records.
        let held = effects.records != Some(false)
            && self.is_held_whole_beside(key.subject, Some(key)).await?;
        let row = Row { held, ..row };
        require(under.as_ref().filter(|under| !under.is(&key.row())), &mut draft);
        let mut writes = self.carry_through(key, &effects, &mut draft).await?;
        writes.push(RowWrite { row: standing.put(row), expect });
        let leaf = self.leaf(self.now(), actor, entry.action, key.subject);
        draft.record(entry.told(leaf), writes, &[]);
        self.commit(draft).await.map(drop)
    }

    /// The key of a record as the safe has it, whatever the store says.
    async fn sealing(&self, key: &RecordKey) -> Result<KeyId> {
        let is_it = |(id, state): &(KeyId, KeyState)| {
            id.class == key.kind.class
                && RowId::of_key(id.number) == key.id
                && matches!(state, KeyState::Live(_))
        };
        let known = self.ports.keyring.keys_of(key.subject).await?;
        let found = known.into_iter().find(is_it).map(|(id, _)| id);
        found.ok_or_else(|| NO_SUCH_RECORD.error().with("subject", key.subject))
    }
}
