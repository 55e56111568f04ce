//! The rows that a plan meets: which go, which a law keeps, which lose items.

use std::collections::BTreeSet;

use super::{ATTEMPTS, CONFLICT, ErasedClass, JOB, Job, Left, SCRUBBING, SubjectPlan, Vault};
use super::{Draft, next_version, own_row};
use crate::clock::{Span, Timestamp};
use crate::error::{Error, Kind, Result};
use crate::id::{RowId, SubjectId};
use crate::leaf::Leaf;
use crate::name::Name;
use crate::ports::{Expect, KeyCopies, LogPosition, RowDelete, RowWrite};
use crate::row::{Row, RowKey, state};
use crate::seal::Body;
use crate::vault::keys::number_of;
use crate::vault::records::is_record;
use crate::vault::{Actor, Seen};

/// A job whose rows are gone, as far as they are the ones that the log states.
pub(super) struct Vacated {
    /// The job of those that are gone; `None` if nobody's are.
    pub(super) job: Option<Job>,
    /// Those that are not. They have a job of their own.
    pub(super) left: Option<Left>,
}

/// What a try to remove the rows of a job came to.
struct Removed {
    /// The job row as it is now and where the subjects' leaves stand; `None` if nothing went.
    done: Option<(Row, Vec<LogPosition>)>,
    /// Whose rows stay, and the first failure.
    stays: BTreeSet<SubjectId>,
    error: Option<Error>,
}

/// The rows that a plan met.
#[derive(Default)]
pub(super) struct Found {
    pub(super) writes: Vec<RowWrite>,
    pub(super) deletes: Vec<RowDelete>,
    /// Rows that nobody had planned for, with their keys.
    pub(super) late: Vec<ErasedClass>,
    /// Rows that stay as they are.
    pub(super) kept: Vec<(RowKey, Expect)>,
    /// What outlives the account that goes, as the leaf says it: the word, and the class.
    pub(super) outlives: Vec<(&'static str, Name)>,
    /// Whether the account goes with them.
    pub(super) whole: bool,
}

impl Vault {
    /// Step 3. Whoever had a key in hand when it was destroyed may still write a row: it goes too.
    pub(super) async fn remove_rows(&self, mut job: Job) -> Result<Vacated> {
        let mut attempt = 1;
        let Removed { done, stays, error } = loop {
            // Mostly they are those that the plan saw: then they need not be read again.
            match self.try_remove_rows(&job, attempt > 1).await {
                Err(error) if error.is(&CONFLICT) && attempt < ATTEMPTS => attempt += 1,
                other => break other?,
            }
        };
        let left = error.map(|error| Left { subjects: stays.len() as u64, error });
        job.plans.retain(|plan| !stays.contains(&plan.subject));
        Ok(Vacated { job: done.map(|(row, at)| Job { row, at, ..job }), left })
    }

    /// The rows go, and each subject's leaf says which. Either it looks at all of them, or only at
    /// those of plans that cannot do without; the change then requires that the others are as seen.
    /// Whose rows are not the ones that the log states stays, and is stated in a job of its own.
    async fn try_remove_rows(&self, job: &Job, look: bool) -> Result<Removed> {
        let now = self.now();
        let actor = Actor { id: job.actor, ..Actor::system() };
        let sequence = self.ports.keyring.status().await?.map_or(0, |safe| safe.sequence);
        let copies = self.ports.keyring.copies().await?;
        let mut draft = Draft::new(sequence);
        let seen = |plan| if look { None } else { self.meet_as_seen(plan) };
        let seen: Vec<_> = job.plans.iter().map(seen).collect();
        let unseen = job.plans.iter().zip(&seen).filter(|(_, seen)| seen.is_none());
        let unseen: Vec<_> = unseen.map(|(plan, _)| plan).collect();
        let mut rows = self.rows_that_concern(&unseen).await?.into_iter();
        let mut removed = Removed { done: None, stays: BTreeSet::new(), error: None };
        for (plan, seen) in job.plans.iter().zip(seen) {
            let looked = seen.is_none();
            let found = match seen {
                Some(found) => Ok(found),
                None => {
                    rows.next().unwrap_or(Ok(Vec::new())).and_then(|rows| self.meet(plan, rows))
                }
            };
            let found = match found {
                Err(error) if error.kind() == Kind::Integrity => {
                    removed.stays.insert(plan.subject);
                    removed.error.get_or_insert(error);
                    continue;
                }
                found => found?,
            };
            for key in self.not_met(plan, &found, looked) {
                draft.require(key, Expect::Absent);
            }
            let Found { writes, deletes, late, kept, outlives, whole } = found;
            let keys: Vec<_> = late.iter().flat_map(|erased| erased.ids(plan.subject)).collect();
            if !keys.is_empty() {
                let sequence = self.ports.keyring.destroy(&keys, job.intent()?, now).await?;
                // A safe from before that does not know of these keys.
                draft.change().safe_sequence = sequence;
            }
            if whole {
                for (key, expect) in kept {
                    draft.require(key, expect);
                }
            }
            let leaf = self.leaf(now, &actor, "erasure.done", plan.subject);
            let told = plan.told(leaf, &late);
            let tell = |leaf: Leaf, (word, class): &(&'static str, Name)| leaf.detail(word, class);
            let leaf = copies_told(outlives.iter().fold(told, tell), copies, now);
            draft.record_gone(leaf, writes, deletes);
        }
        let gone = draft.change().leaves.len();
        if gone > 0 {
            let row = self.record_rows_gone(&mut draft, job, &removed.stays, now);
            // The subjects' leaves, in the order of the plans, and the job's own last.
            let leaves = self.commit(draft).await?.leaves;
            let at = self.ports.store.places(leaves.get(..gone).unwrap_or_default()).await?;
            removed.done = Some((row, at));
        }
        Ok(removed)
    }

    /// The rows that plans are about. What is taken over into an archive, or names a key that goes, is
    /// what the log states.
    async fn rows_that_concern(&self, plans: &[&SubjectPlan]) -> Result<Vec<Result<Vec<Row>>>> {
        if plans.is_empty() {
            return Ok(Vec::new());
        }
        let subjects: Vec<_> = plans.iter().map(|plan| plan.subject).collect();
        let wanted = |n: usize, class: &Name| plans.get(n).is_some_and(|plan| plan.concerns(class));
        self.checked_each(&subjects, wanted).await
    }

    /// The job row goes on without the plans of those who stay, and theirs are put into one of their
    /// own in the same change: at any time each plan is in one job.
    fn record_rows_gone(
        &self,
        draft: &mut Draft,
        job: &Job,
        stays: &BTreeSet<SubjectId>,
        now: Timestamp,
    ) -> Row {
        let actor = Actor { id: job.actor, ..Actor::system() };
        let (left, gone): (Vec<_>, Vec<_>) =
            job.plans.iter().partition(|plan| stays.contains(&plan.subject));
        let leaf = |action, subjects: usize| {
            let leaf = self.leaf(now, &actor, action, SubjectId::CONTROLLER);
            leaf.detail("subjects", subjects)
        };
        let part = |plans: &[&SubjectPlan], row: Row| {
            let plans = plans.iter().map(|plan| (*plan).clone()).collect();
            let part = Job { row, actor: job.actor, plans, at: Vec::new() };
            Row { body: part.encode(), ..part.row }
        };
        let mut row = Row { state: SCRUBBING, ..job.row.clone() };
        if !left.is_empty() {
            row = part(&gone, row);
        }
        let write = next_version(row);
        let row = write.row.clone();
        draft.record(leaf("erasure.rows_gone", gone.len()), vec![write], &[]);
        if !left.is_empty() {
            let id = RowId::generate(self.ports.rng.as_ref());
            let key = RowKey { subject: SubjectId::CONTROLLER, kind: JOB, id };
            // Behind the job that it was part of, for whoever is reading them one after the other.
            let row = part(&left, Row { due_at: Some(now), ..own_row(key) });
            let write = RowWrite { row, expect: Expect::Absent };
            draft.record(leaf("erasure.rows_left", left.len()), vec![write], &[]);
        }
        row
    }

    /// The rows of a subject that a plan rewrites and deletes: those that its keys seal, wherever
    /// they lie by now. With the account goes whatever was added to it after the plan was made, but
    /// for what is held or restricted: that outlives it, as the archive that it would be without the
    /// hold, and restricted.
    pub(super) fn meet(&self, plan: &SubjectPlan, rows: Vec<Row>) -> Result<Found> {
        let primary = self.policy.primary_class();
        let whole = plan.ends_account(primary, |key| {
            let is_it =
                |row: &Row| row.class.as_ref() == Some(primary) && number_of(row) == Some(key);
            rows.iter().any(|row| row.state == state::ARCHIVED && is_it(row))
        });
        let mut found = Found { whole, ..Found::default() };
        for row in rows {
            let Some(class) = row.class.clone() else { continue };
            // A restriction that came after the intent came too late.
            let live = row.state == state::LIVE || row.state == state::RESTRICTED;
            let number = number_of(&row);
            let archived = plan.archive.iter().find(|k| k.class == class && Some(k.key) == number);
            let reduced = plan.reduce.iter().find(|r| r.class == class && Some(r.key) == number);
            if erases(plan, &class, number, live) {
                found.deletes.push(RowDelete { key: row.key, version: row.version });
            } else if is_record(&row) {
                // It has a period of its own, whatever becomes of the account.
            } else if let Some(kept) = archived.filter(|_| live) {
                found.writes.push(self.archived(row, &kept.items, plan.closed_at)?);
            } else if let Some(reduced) = reduced.filter(|_| row.state == state::ARCHIVED) {
                found.writes.push(self.reduced(row, &reduced.items)?);
            } else if whole && row.state == state::RESTRICTED && number.is_some() {
                found.outlives.push(("restricted", class));
                let anchor_at = row.anchor_at.max(plan.closed_at);
                found.writes.push(next_version(Row { anchor_at, ..row }));
            } else if whole && live && row.held && number.is_some() {
                let items = Body::contents(&row.body)?.0;
                found.outlives.push(("held", class));
                found.writes.push(self.archived(row, &items, plan.closed_at)?);
            } else if whole && live {
                let reason = plan.erase.first().map(|erased| erased.reason.clone());
                let reason = reason.unwrap_or(Name::fixed("request"));
                let keys = BTreeSet::from_iter(number);
                found.late.push(ErasedClass { class, reason, keys });
                found.deletes.push(RowDelete { key: row.key, version: row.version });
            } else {
                found.kept.push((row.key, Expect::Version(row.version)));
            }
        }
        Ok(found)
    }

    /// What [`Vault::meet`] would find if nothing came since the plan was made, where that can be
    /// told without the rows: those that go, in the versions that were seen, and what the change has
    /// to require so that nothing came indeed. `None` if the plan has to see the rows themselves.
    pub(super) fn meet_as_seen(&self, plan: &SubjectPlan) -> Option<Found> {
        if plan.seen.is_empty() || !plan.archive.is_empty() || !plan.reduce.is_empty() {
            return None;
        }
        let whole = plan.ends_account_seen(self.policy.primary_class());
        let mut found = Found { whole, ..Found::default() };
        for Seen { row, version, class, key, live, restricted } in &plan.seen {
            if erases(plan, class, *key, *live) {
                found.deletes.push(RowDelete { key: row.clone(), version: *version });
            } else if whole && (*live || *restricted) {
                return None;
            } else {
                found.kept.push((row.clone(), Expect::Version(*version)));
            }
        }
        Some(found)
    }

    /// The profile rows of a plan's subject that it has not met and that may not come meanwhile:
    /// nothing is added to an account that goes, and no class of it begins again. What was `found`
    /// without looking must not have been added to either.
    pub(super) fn not_met(&self, plan: &SubjectPlan, found: &Found, looked: bool) -> Vec<RowKey> {
        let written = found.writes.iter().map(|write| &write.row.key);
        let gone = found.deletes.iter().map(|row| &row.key);
        let kept = found.kept.iter().map(|(key, _)| key);
        let met: Vec<_> = written.chain(gone).chain(kept).collect();
        let classes = self.policy.classes.keys();
        let classes = classes.filter(|class| found.whole || !looked && plan.erases(class));
        let keys = classes.map(|class| self.profile_key(plan.subject, class));
        keys.filter(|key| !met.contains(&key)).collect()
    }
}

/// Says in a leaf by when the last copies are gone that the safe made of the keys, with a day for the
/// scrub that follows; nothing if it makes none.
fn copies_told(leaf: Leaf, copies: KeyCopies, now: Timestamp) -> Leaf {
    match copies {
        KeyCopies::None => leaf,
        KeyCopies::KeptFor(span) => {
            leaf.detail("key_copies_gone_by", now.plus(span).plus(Span::days(1)))
        }
        KeyCopies::Unlimited => leaf.detail("key_copies_gone_by", "unlimited"),
    }
}

/// Whether a plan takes the row that this key seals. A live row without items has none, and goes
/// with its class.
pub(super) fn erases(plan: &SubjectPlan, class: &Name, number: Option<u16>, live: bool) -> bool {
    let mut of_class = plan.erase.iter().filter(|erased| erased.class == *class);
    match number {
        Some(number) => of_class.any(|erased| erased.keys.contains(&number)),
        None => live && of_class.next().is_some(),
    }
}
