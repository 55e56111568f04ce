//! Records of which the safe has a key and the store no row: what a restore of rows took with it. What
//! they said nobody can read any more; that something was said, and of which kind, the safe still tells.

use super::{Draft, Effects, RecordKey, Vault};
use crate::error::Result;
use crate::id::RowId;
use crate::leaf::RowStamp;
use crate::policy::Against;
use crate::policy::records::{
    CONSENTS, GRANTS, HOLDS, OBJECTIONS, REQUESTS, RESTRICTIONS, RecordKind,
};
use crate::ports::{Expect, KeyId};
use crate::row::{RowKey, state};
use crate::vault::codes::MISSING_ROW;
use crate::vault::{Actor, StanceChange};

/// The kinds in which people say something that binds the controller, or the controller something that
/// binds its staff.
static KINDS: [&RecordKind; 6] =
    [&REQUESTS, &HOLDS, &RESTRICTIONS, &CONSENTS, &OBJECTIONS, &GRANTS];

/// How much of what was said is lost with its rows, by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LostRecords {
    /// Requests of data subjects: a month runs.
    pub requests: u64,
    /// Legal holds. All that is kept of these people is held, until each of these is restated.
    pub holds: u64,
    /// Restrictions. All that is in use of these people is restricted.
    pub restrictions: u64,
    /// Consents: none is read by, as each is given anew.
    pub consents: u64,
    /// People who withdrew a consent. Every consent of theirs that came back is withdrawn.
    pub withdrawals: u64,
    /// Objections. These people count as objecting to all that can be objected to.
    pub objections: u64,
    /// Grants of staff: these are given anew.
    pub grants: u64,
}

impl LostRecords {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Self { requests, holds, restrictions, consents, withdrawals, objections, grants } =
            *self;
        let all = [requests, holds, restrictions, consents, withdrawals, objections, grants];
        all.into_iter().fold(0, u64::saturating_add)
    }

    pub(in crate::vault) fn count(&mut self, kind: &RecordKind) {
        let of = match kind.key {
            key if key == REQUESTS.key => &mut self.requests,
            key if key == HOLDS.key => &mut self.holds,
            key if key == RESTRICTIONS.key => &mut self.restrictions,
            key if key == CONSENTS.key => &mut self.consents,
            key if key == OBJECTIONS.key => &mut self.objections,
            _ => &mut self.grants,
        };
        *of = of.saturating_add(1);
    }
}

/// A page of [`Vault::lost_records`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostPage {
    /// Whose and of which kind they are.
    pub records: Vec<RecordKey>,
    /// Where the next page begins, which may hold some although this one has none; `None` at the end.
    pub next: Option<KeyId>,
}

impl Vault {
    /// Records of people's words and of grants of which the safe has a key and the store no row: lost
    /// with a restore of rows, taken away by somebody, or never written because the process was killed
    /// before. A page looks at so many keys of the safe, from behind one of an earlier page on.
    ///
    /// It tells them for as long as keys without rows are kept ([`Vault::collect_keys`]): after a restore
    /// until no backup holds the rows.
    ///
    /// # Errors
    /// The codes of the ports.
    pub async fn lost_records(&self, after: Option<&KeyId>, limit: usize) -> Result<LostPage> {
        let limit = limit.max(1);
        let keys = self.ports.keyring.live_keys(after, limit).await?;
        let next = keys.last().filter(|_| keys.len() >= limit).cloned();
        let of_words = |key: KeyId| {
            let kind = KINDS.into_iter().find(|kind| kind.class == key.class)?;
            Some(RecordKey { subject: key.subject, kind, id: RowId::of_key(key.number) })
        };
        let records: Vec<_> = keys.into_iter().filter_map(of_words).collect();
        let places: Vec<_> = records.iter().map(RecordKey::row).collect();
        let rows = self.ports.store.rows(&places).await?;
        let lost = records.into_iter().zip(rows).filter(|(_, row)| row.is_none());
        Ok(LostPage { records: lost.map(|(key, _)| key).collect(), next })
    }

    /// Does what a lost record may have asked for, as strictly as its kind allows, while `under` stands;
    /// whether anything changed by it.
    ///
    /// # Law
    /// Art. 17(3), 18(1) and 21(1) to (3) GDPR: on a doubt, what the person or the claim asked for.
    ///
    /// # Errors
    /// Those of [`Effects`]; the integrity codes; the codes of the ports.
    pub(in crate::vault) async fn heed_lost(
        &self,
        key: &RecordKey,
        under: &(RowKey, Expect),
    ) -> Result<bool> {
        let mut draft = Draft::new(0);
        if key.kind.key == GRANTS.key {
            let place = key.row();
            if !self.stated_alive(&place).await? {
                return Ok(false);
            }
            // Taken away while rows were restored: who puts it back has no grant by it.
            let leaf = self.leaf(self.now(), &Actor::system(), "grant.unconfirmed", key.subject);
            let mut leaf = leaf.detail("code", MISSING_ROW.error().code());
            leaf.rows.push(RowStamp { kind: place.kind, id: place.id, digest: None });
            draft.record(leaf, Vec::new(), &[]);
        } else {
            let effects = self.asked_by(key).await?;
            // A hold counts as taken away from now on: beside it nothing is let go, and it is restated.
            let place = key.row();
            let missed = key.kind.key == HOLDS.key && !self.stated_alive(&place).await?;
            if effects == Effects::default() && !missed {
                return Ok(false);
            }
            let writes = self.carry_through(key, &effects, &mut draft).await?;
            let leaf = self.leaf(self.now(), &Actor::system(), "restore.heeded", key.subject);
            let mut leaf = leaf.detail("kind", &key.kind.kind).detail("record", key.id);
            if missed {
                // No row has this digest.
                leaf.rows.push(RowStamp { kind: place.kind, id: place.id, digest: Some([0; 32]) });
            }
            draft.record(leaf, writes, &[]);
        }
        draft.require(under.0.clone(), under.1);
        self.commit(draft).await?;
        Ok(true)
    }

    /// What a record of this kind may have asked for, as far as it is not so already.
    async fn asked_by(&self, key: &RecordKey) -> Result<Effects> {
        let mut effects = Effects::default();
        if key.kind.key == OBJECTIONS.key {
            let Some(stance) = self.stance(key.subject).await? else { return Ok(effects) };
            let purposes = self.policy.purposes.values();
            let mut against: Vec<_> = purposes
                .filter(|purpose| purpose.may_be_objected_to() && !purpose.marketing)
                .map(|purpose| Against::Purpose(purpose.name.clone()))
                .collect();
            against.push(Against::Marketing);
            against.retain(|one| stance.objection(one).is_none());
            effects.stance = against.into_iter().map(StanceChange::Objects).collect();
            effects.stance_seen = (!effects.stance.is_empty()).then_some(stance);
            return Ok(effects);
        }
        let is_hold = key.kind.key == HOLDS.key;
        if !is_hold && key.kind.key != RESTRICTIONS.key {
            return Ok(effects);
        }
        let rows = self.outline(key.subject).await?;
        let own = rows.iter().filter(|row| self.policy.classes.contains_key(&row.class));
        if !is_hold {
            let live = own.filter(|row| row.state == state::LIVE);
            effects.restricted = live.map(|row| (row.class.clone(), true)).collect();
        } else if rows.iter().any(|row| !row.held) {
            effects.held = own.map(|row| (row.class.clone(), true)).collect();
            effects.records = Some(true);
        }
        Ok(effects)
    }
}
