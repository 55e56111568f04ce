//! Rows that a restore brought back: what was erased goes again, what was archived is archived again.

use std::collections::BTreeSet;

use super::super::ErasedClass;
use super::super::journal::{Draft, next_version};
use super::super::keys::{ENDED, key_of, number_of};
use super::super::records::place_of;
use super::super::withdrawals::WITHDRAWN;
use super::super::{Actor, Vault};
use super::PAGE;
use crate::calendar;
use crate::clock::Timestamp;
use crate::error::{Context, Result};
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::name::Name;
use crate::policy::records::{HOLDS, RESTRICTIONS};
use crate::ports::store::CONFLICT;
use crate::ports::{KeyId, KeyState, RowWrite, Scan, Tombstone};
use crate::row::{Row, state};
use crate::seal::Body;

/// How often rows that another process changes meanwhile are tried again.
const ATTEMPTS: usize = 5;

/// Records of which the safe has a key and the store no row: what they kept nobody can read.
#[derive(Clone, Copy)]
struct Lost {
    hold: bool,
    restriction: bool,
}

/// What becomes of one row that outlived its account.
enum Fate {
    /// Only what a law or a hold asks for stays.
    Archive(RowWrite),
    /// It may have been restricted, and stays as it is.
    Restrict(RowWrite),
    /// Nothing asks for it.
    Erase(Row),
}

impl Vault {
    /// Rows whose keys were destroyed go, whatever the restored store says about them. By subject
    /// and class, never by a row's number: a restored store numbers nothing anew.
    pub(super) async fn replay_tombstones(&self) -> Result<u64> {
        let (mut erased, mut after) = (0, None::<KeyId>);
        loop {
            let page = self.ports.keyring.tombstones(after.as_ref(), PAGE).await?;
            let last = page.len() < PAGE;
            after = page.last().map(|tombstone| tombstone.key.clone());
            for tombstone in page {
                erased += self.replay_firmly(&tombstone).await?;
            }
            if last {
                return Ok(erased);
            }
        }
    }

    async fn replay_firmly(&self, tombstone: &Tombstone) -> Result<u64> {
        for _ in 1..ATTEMPTS {
            match self.replay(tombstone).await {
                Err(error) if error.is(&CONFLICT) => {}
                other => return other,
            }
        }
        self.replay(tombstone).await
    }

    async fn replay(&self, tombstone: &Tombstone) -> Result<u64> {
        let KeyId { subject, class, number } = &tombstone.key;
        if *class == WITHDRAWN {
            // It sealed nothing.
            return Ok(0);
        }
        self.suppress_ended(tombstone).await?;
        if *number == ENDED && *class == *self.policy.primary_class() {
            return self.replay_rest(tombstone).await;
        }
        let sealed = |row: &Row| row.class.as_ref() == Some(class) && is_sealed_by(row, *number);
        let rows = self.rows_where(*subject, sealed).await?;
        if !rows.is_empty() {
            let leaf = erased(class, Some(*number)).told(self.replayed(tombstone));
            let mut draft = Draft::new(0);
            draft.record(leaf.detail("destroyed_at", tombstone.at), Vec::new(), &rows);
            self.commit(draft).await?;
        }
        Ok(rows.len() as u64 + self.replay_rest(tombstone).await?)
    }

    /// With its account, everything of a subject went or was archived. What was archived kept its
    /// key, so that a backup from before brings it back live and whole: it is archived again, as
    /// far as any law of the policy asks for it, or whole where a hold keeps it. What is restricted
    /// stays so. Where a hold or a restriction is lost, all that it may have kept is kept.
    ///
    /// When the account was closed nobody can tell any more, so that laws count from the day on which the
    /// key was destroyed, and keep it as long as they were told or longer; the leaf says until when.
    ///
    /// # Law
    /// Art. 17(3)(b) GDPR. The facts of the account went with it, so that a law which depends on
    /// one is given the benefit of the doubt; its own end still comes.
    async fn replay_rest(&self, tombstone: &Tombstone) -> Result<u64> {
        let subject = tombstone.key.subject;
        let Some(known) = self.keys_of_ended(tombstone).await? else { return Ok(0) };
        let lost = self.lost_beside(&known).await?;
        let is_live = |state: &KeyState| matches!(state, KeyState::Live(_));
        // What lay under these goes by their own tombstones.
        let gone: BTreeSet<_> =
            known.into_iter().filter(|(_, state)| !is_live(state)).map(|(key, _)| key).collect();
        let kept_on = |row: &Row| {
            row.state == state::LIVE
                && row.class.as_ref().is_some_and(|class| {
                    let key = key_of(row);
                    self.policy.classes.contains_key(class)
                        && key.is_none_or(|key| !gone.contains(&key))
                })
        };
        let rows = self.rows_where(subject, kept_on).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let (mut leaf, mut writes, mut deletes) =
            (self.replayed(tombstone), Vec::new(), Vec::new());
        let (mut used, mut unused) = (BTreeSet::new(), BTreeSet::new());
        for row in rows {
            let Some(class) = row.class.clone() else { continue };
            let (key, (items, _)) = (key_of(&row), Body::contents(&row.body)?);
            match self.fate(row, &class, tombstone, lost).await? {
                Fate::Archive(write) => {
                    used.extend(key);
                    leaf = leaf.detail("archived", &class);
                    for (law, until) in self.laws_of(&class, &items, write.row.anchor_at) {
                        leaf = leaf.detail("law", Context::published(law));
                        if let Some(until) = until {
                            leaf = leaf.detail("until", until);
                        }
                    }
                    writes.push(write);
                }
                Fate::Restrict(write) => {
                    used.extend(key);
                    leaf = leaf.detail("restricted", &class);
                    writes.push(write);
                }
                Fate::Erase(row) => {
                    leaf = erased(&class, key.as_ref().map(|key| key.number)).told(leaf);
                    unused.extend(key);
                    deletes.push(row);
                }
            }
        }
        // INVARIANT 4: the tombstone is durable before a row goes.
        let gone: Vec<_> = unused.difference(&used).cloned().collect();
        if !gone.is_empty() {
            self.ports.keyring.destroy(&gone, tombstone.position, self.now()).await?;
        }
        let erased = deletes.len() as u64;
        let mut draft = Draft::new(0);
        draft.record(leaf, writes, &deletes);
        self.commit(draft).await?;
        Ok(erased)
    }

    /// All keys of a subject whose account this tombstone says has ended.
    async fn keys_of_ended(&self, tombstone: &Tombstone) -> Result<Option<Vec<(KeyId, KeyState)>>> {
        let primary = self.policy.primary_class();
        if tombstone.key.class != *primary {
            return Ok(None);
        }
        let known = self.ports.keyring.keys_of(tombstone.key.subject).await?;
        let is_live = |state: &KeyState| matches!(state, KeyState::Live(_));
        let lives = known.iter().any(|(key, state)| key.class == *primary && is_live(state));
        // Where a law keeps an item of the account's own class the key of that goes on.
        Ok((!lives || tombstone.key.number == ENDED).then_some(known))
    }

    /// Whoever was suppressed when the account ended is so again, before the row goes of which the token
    /// is made.
    async fn suppress_ended(&self, tombstone: &Tombstone) -> Result<()> {
        if self.keys_of_ended(tombstone).await?.is_some() {
            self.suppress_again(tombstone.key.subject, tombstone.at).await?;
        }
        Ok(())
    }

    /// Whether a hold or a restriction of a subject with these keys is lost.
    async fn lost_beside(&self, known: &[(KeyId, KeyState)]) -> Result<Lost> {
        let is_live = |state: &KeyState| matches!(state, KeyState::Live(_));
        let of_words = |key: &KeyId| key.class == HOLDS.class || key.class == RESTRICTIONS.class;
        let live = known.iter().filter(|(key, state)| is_live(state) && of_words(key));
        let place = |key: &KeyId| place_of(key.subject, &key.class, key.number);
        let (keys, places): (Vec<_>, Vec<_>) =
            live.filter_map(|(key, _)| Some((key, place(key)?))).unzip();
        let rows = self.ports.store.rows(&places).await?;
        let is_lost = |class: &Name| {
            keys.iter().zip(&rows).any(|(key, row)| key.class == *class && row.is_none())
        };
        Ok(Lost { hold: is_lost(&HOLDS.class), restriction: is_lost(&RESTRICTIONS.class) })
    }

    async fn fate(
        &self,
        row: Row,
        class: &Name,
        tombstone: &Tombstone,
        lost: Lost,
    ) -> Result<Fate> {
        let facts = self.policy.facts.keys().cloned().collect();
        let (held, _) = Body::contents(&row.body)?;
        let laws = self.policy.archived(class, &held, &facts);
        let mut items: BTreeSet<_> = laws.into_iter().flat_map(|(_, items)| items).collect();
        // An account that is held or restricted itself does not end: what ended with it was neither.
        let own = *class == *self.policy.primary_class();
        let lost = Lost { hold: lost.hold && !own, restriction: lost.restriction && !own };
        if row.held || lost.hold {
            items = held;
        }
        if items.is_empty() && !lost.restriction {
            return Ok(Fate::Erase(row));
        }
        // An altered row is not taken over under a new digest.
        self.checked(row.key.subject, std::slice::from_ref(&row.key)).await?;
        let row = Row { held: row.held || lost.hold, ..row };
        if lost.restriction {
            let anchor_at = row.anchor_at.max(Some(tombstone.at));
            let row = Row { state: state::RESTRICTED, anchor_at, ..row };
            return Ok(Fate::Restrict(next_version(row)));
        }
        self.archived(row, &items, Some(tombstone.at)).map(Fate::Archive)
    }

    /// How the laws are cited that archive items of a row of a class, and until when they keep them.
    fn laws_of(
        &self,
        class: &Name,
        items: &BTreeSet<Name>,
        anchor: Option<Timestamp>,
    ) -> Vec<(&str, Option<Timestamp>)> {
        let facts = self.policy.facts.keys().cloned().collect();
        let rules = self.policy.archived(class, items, &facts).into_iter();
        let laws = rules.filter_map(|(rule, _)| {
            let law = self.policy.laws.get(rule.law.as_ref()?)?;
            let rule = rule.to_calendar(self.policy.financial_year_end);
            let zone = self.ports.zone.as_ref();
            let until = anchor.map(|anchor| calendar::due(anchor, &[rule], zone));
            Some((law.citation.as_str(), until))
        });
        laws.collect()
    }

    fn replayed(&self, tombstone: &Tombstone) -> Leaf {
        self.leaf(self.now(), &Actor::system(), "erasure.replayed", tombstone.key.subject)
    }

    async fn rows_where(
        &self,
        subject: SubjectId,
        wanted: impl Fn(&Row) -> bool + Send + Sync,
    ) -> Result<Vec<Row>> {
        let (mut rows, mut cursor) = (Vec::new(), None);
        loop {
            let scan = Scan::Subject(subject);
            let page = self.ports.store.scan(&scan, cursor.as_ref(), PAGE).await?;
            rows.extend(page.rows.into_iter().filter(|row| wanted(row)));
            cursor = page.next;
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }
}

/// What goes again, as a leaf says it.
fn erased(class: &Name, number: Option<u16>) -> ErasedClass {
    let reason = Name::fixed("restore");
    ErasedClass { class: class.clone(), reason, keys: number.into_iter().collect() }
}

/// Whether the key with this number sealed the row; a row that cannot tell goes.
fn is_sealed_by(row: &Row, number: u16) -> bool {
    number_of(row).is_none_or(|sealed| sealed == number)
}
