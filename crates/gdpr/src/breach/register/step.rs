//! Taking a step of a breach: its record is opened, the rules decide, and it is written with its leaf.

use tacenda_core::policy::records::BREACHES;
use tacenda_core::vault::{Actor, MODEL, OpenedRecord, RecordKey, Vault};
use tacenda_core::{Result, Timestamp};

use super::super::codes::{LETTER_INCOMPLETE, PEOPLE_WAITING, TELLING_COUNTED};
use super::super::people;
use super::super::state::{
    Approval, Breach, Draft, Duty, Facts, Judgement, Means, Notice, Notices, PeopleAnswer, Remedy,
    Telling, Unfounded,
};
use super::file;
use crate::case::{Note, Stamp, watch};

/// A step that somebody takes.
#[derive(Debug, Clone)]
pub enum Step {
    /// States anew what is known.
    Correct(Box<Facts>),
    /// States since when the operator is aware, and on what that rests.
    BecomeAware(Timestamp, Note),
    /// Records the risk as the actor judges it.
    Judge(Judgement),
    /// Records a notice to the authority, to controllers, or to another recipient of a clock.
    Notify(Notice),
    /// Settles the notices.
    SettleNotices(Notices),
    /// Records that people were told, in public or each by another way than by e-mail to their account.
    Tell(Telling),
    /// Records that the authority demands that people are told.
    OrderTelling(Note),
    /// Writes the letter to the people.
    Write(Draft),
    /// Approves the letter, or that the suspicion was unfounded.
    Approve(Approval, Note),
    /// Lifts the promise from it: its facts are not what was promised, and a second person has approved.
    LiftPromise(Note),
    /// Settles the people.
    SettlePeople(PeopleAnswer),
    /// Adds a remark.
    Remark(Note),
    /// Closes it.
    Close(Remedy),
    /// Closes it because there was none; where a promise is about it, a second person has approved.
    FindUnfounded(Note),
    /// Takes it up again.
    Reopen(Note),
}

/// Where a breach is after a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// Its state.
    pub state: &'static str,
    /// What is owed to whom.
    pub duties: Vec<Duty>,
}

/// Takes a step: it is entered in the register, now and by this actor, if the rules of the room allow it.
/// If another step comes first, the rules are asked again.
///
/// Who approves does so in a step of their own ([`Step::Approve`]); who then finds a suspicion unfounded
/// names nobody: the register has the name. An approval counts until the facts are stated anew.
///
/// # Law
/// As the step of [`Breach`] with this name; Art. 33(5) GDPR.
///
/// # Errors
/// Those of that step; `case.no_role`, `policy.unknown_role`, `policy.role_without_records`;
/// `breach.people_waiting` if people are settled as told by letters, or such a breach is closed, while somebody on
/// the list waits for theirs; `breach.telling_counted` for mails to accounts; `breach.letter_incomplete` for a letter that is not in
/// every language of the policy; those of [`Vault::change_record`].
pub async fn step(vault: &Vault, key: &RecordKey, step: Step, actor: &Actor) -> Result<Entered> {
    match &step {
        Step::Remark(_) => file::check_role(vault, actor)?,
        _ => watch::check_role(vault, &BREACHES, actor)?,
    }
    nobody_waits(vault, key, &step).await?;
    enter(vault, key, actor, |breach, stamp| take(vault, breach, step.clone(), stamp)).await
}

/// Whether the letters on which it rests that people were told went to all on the list: whoever was put on
/// it after the register heard the numbers has none yet.
async fn nobody_waits(vault: &Vault, key: &RecordKey, step: &Step) -> Result<()> {
    if !matches!(step, Step::SettlePeople(PeopleAnswer::Told) | Step::Close(_)) {
        return Ok(());
    }
    let breach = file::opened(vault, key).await?;
    let settled = !matches!(step, Step::Close(_))
        || matches!(breach.state().people(), Some(PeopleAnswer::Told));
    if !settled || !breach.told_by_email() {
        return Ok(());
    }
    let tally = people::tally(vault, key).await?;
    match tally.listed.saturating_add(tally.queued) {
        0 => Ok(()),
        waiting => Err(PEOPLE_WAITING.error().with("people", waiting)),
    }
}

/// Writes the breach that a decision makes of it.
pub(in crate::breach) async fn enter(
    vault: &Vault,
    key: &RecordKey,
    actor: &Actor,
    decide: impl Fn(Breach, Stamp) -> Result<Breach> + Send + Sync,
) -> Result<Entered> {
    let mut entered = Entered { state: "", duties: Vec::new() };
    let decide = |record: &OpenedRecord| {
        let breach = file::of(record)?;
        let stamp = file::stamp_after(vault, actor, &breach);
        let breach = decide(breach, stamp)?;
        entered = Entered { state: breach.state().as_str(), duties: breach.duties() };
        Ok(file::change(vault, &breach))
    };
    vault.change_record(key, &[MODEL], actor, decide).await?;
    Ok(entered)
}

fn take(vault: &Vault, breach: Breach, step: Step, stamp: Stamp) -> Result<Breach> {
    let (policy, zone) = (vault.policy(), vault.ports().zone.as_ref());
    let unfounded =
        |breach: &Breach, reason| Unfounded { reason, approved_by: breach.second_for(stamp.by) };
    match step {
        Step::Correct(facts) => breach.correct(*facts, policy, zone, stamp),
        Step::BecomeAware(since, grounds) => {
            breach.become_aware(since, grounds, policy, zone, stamp)
        }
        Step::Judge(judgement) => breach.judge(judgement, stamp),
        Step::Notify(notice) => breach.notify(notice, stamp),
        Step::SettleNotices(notices) => breach.settle_notices(notices, stamp),
        Step::Tell(telling) if telling.means == Means::AccountEmail => TELLING_COUNTED.err(),
        Step::Tell(telling) => breach.tell(telling, stamp),
        Step::OrderTelling(order) => breach.order_telling(order, stamp),
        Step::Write(draft) => match policy.languages.iter().find(|tag| !draft.contains_key(*tag)) {
            Some(_) => LETTER_INCOMPLETE.err(),
            None => breach.write(draft, stamp),
        },
        Step::Approve(what, reason) => breach.approve(what, reason, stamp),
        Step::LiftPromise(reason) => {
            let unfounded = unfounded(&breach, reason);
            breach.lift_promise(unfounded, stamp)
        }
        Step::SettlePeople(people) => breach.settle_people(people, stamp),
        Step::Remark(remark) => breach.remark(remark, stamp),
        Step::Close(remedy) => breach.close(remedy, stamp),
        Step::FindUnfounded(reason) => {
            let unfounded = unfounded(&breach, reason);
            breach.find_unfounded(unfounded, stamp)
        }
        Step::Reopen(reason) => breach.reopen(reason, stamp),
    }
}
