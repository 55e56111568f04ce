//! Pruning: the texts of old leaves go, their hashes stay.
//!
//! The log is pseudonymous data and has retention, `[log] keep` of the policy. Four steps, a part
//! of the log at a time, each durable before the next, each safe to repeat:
//! 1. *prove*: the leaves are those of the signed tree; nothing is taken from a forged text;
//! 2. *carry*: rows that only these leaves state are stated again, by a `log.carried` leaf for each
//!    subject, in the words of the log and not by a look at the row: what was altered stays altered;
//! 3. *mark*: a leaf `log.pruned`, and a row with it, say up to where texts may be gone;
//! 4. *drop*: the store removes the texts; once no trace of them is left in its files, a leaf
//!    `log.texts_gone` says so.
//!
//! A process killed anywhere leaves the mark, or nothing but a few leaves more than needed; the
//! next call goes on. Several processes may prune at once.

mod carry;
mod mark;
mod page;

use super::codes::{CLOCK_IN_DOUBT, SAFE_RESTORED};
use super::{Actor, Vault};
use crate::calendar::{self, EndRule, Rule, StartRule};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::name::Name;
use crate::ports::LogPosition;
use crate::ports::store::CONFLICT;

pub(super) use mark::Mark;

const CONTROLLER: SubjectId = SubjectId::CONTROLLER;
/// How many leaves are looked at together, and how many such pages one mark covers.
const PAGE: u64 = 1024;
const PAGES: usize = 16;
/// How often a step is tried again that other processes come in between of.
const ATTEMPTS: usize = 8;

/// What a pruning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Leaves whose texts went.
    pub leaves: u64,
    /// Rows that were stated again before.
    pub carried: u64,
    /// Texts before this place may be gone; `None` if nothing was ever pruned.
    pub before: Option<LogPosition>,
}

impl Vault {
    /// Removes the texts of leaves that are older than `[log] keep`. Their hashes stay: roots,
    /// checkpoints and the receipts that were given still verify. A receipt of a leaf without text
    /// can no longer be given.
    ///
    /// Kept are the leaves that speak of nobody and that the audit needs: the beginning of each
    /// epoch of the log, and each policy that came into force. An erasure that is not finished
    /// stops it before its first leaf. A time that a clock far ahead gave to a leaf says nothing
    /// about its age: it goes when a leaf behind it is old.
    ///
    /// # Law
    /// Art. 5(1)(e) GDPR: who did what to whose data, and when, is data about both.
    ///
    /// # Properties
    /// Its cost grows with what is pruned, not with the log; its memory does not grow.
    ///
    /// # Errors
    /// [`PRUNE_BLOCKED`](super::codes::PRUNE_BLOCKED) if somebody who reads keeps the texts in the
    /// store's files: nobody finds them through the store any more, and the next call goes on.
    /// [`CLOCK_IN_DOUBT`] before anything is written; [`SAFE_RESTORED`]; `log.forked`, `log.pruned`
    /// and `vault.altered_row` if the log is not what was signed, or lacks texts: then nothing more
    /// goes, and the traces stay. The codes of the ports.
    pub async fn prune_log(&self) -> Result<Pruned> {
        let now = self.now();
        if self.clock_in_doubt(now).await? {
            return CLOCK_IN_DOUBT.err();
        }
        self.safe_is_newest().await?;
        let cutoff = self.pruned_until(now);
        let (mut pruned, mut lost) = (Pruned::default(), 0);
        loop {
            let mark = self.mark().await?;
            if let Some(mark) = mark.as_ref().filter(|mark| mark.is_under_way()) {
                pruned.leaves += self.drop_texts(mark).await?;
                continue;
            }
            let start = mark.as_ref().map_or(LogPosition { epoch: 1, index: 0 }, |m| m.before);
            pruned.before = mark.as_ref().map(|mark| mark.before);
            let Some(cutoff) = cutoff else { return Ok(pruned) };
            let round = self.vouch(start, cutoff, now, &mut pruned.carried).await?;
            let Some(before) = round else { return Ok(pruned) };
            match self.set_mark(mark, start, before).await {
                // Another process prunes the same: see how far it is.
                Err(error) if error.is(&CONFLICT) && lost < ATTEMPTS => lost += 1,
                other => {
                    other?;
                    lost = 0;
                }
            }
        }
    }

    /// The latest time that a leaf bears whose text may go; `None` if none may.
    pub(super) fn pruned_until(&self, now: Timestamp) -> Option<Timestamp> {
        let keep = self.policy.log.keep;
        let keep = Rule { keep, start: StartRule::Event, end: EndRule::SameDay };
        calendar::cutoff(now, &[keep], self.ports.zone.as_ref())
    }

    /// An older safe needs the texts of erasures, to do them again.
    async fn safe_is_newest(&self) -> Result<()> {
        // What the log knew of then is in the safe by now.
        let known = self.ports.store.status().await?.map_or(0, |store| store.safe_sequence);
        let safe = self.ports.keyring.status().await?.map_or(0, |safe| safe.sequence);
        if safe < known { SAFE_RESTORED.err() } else { Ok(()) }
    }

    /// A leaf of this job.
    fn own_leaf(&self, action: &'static str, subject: SubjectId) -> Leaf {
        self.leaf(self.now(), &Actor::system(), action, subject)
    }
}

/// Whether the text of a leaf stays for ever: it is about nobody, by nobody, and is read again.
fn stays(leaf: &Leaf) -> bool {
    const KEPT: [Name; 2] =
        [Name::fixed(super::recover::EPOCH_BEGUN), Name::fixed("policy.adopted")];
    leaf.subject == CONTROLLER && leaf.actor == Actor::system().id && KEPT.contains(&leaf.action)
}
