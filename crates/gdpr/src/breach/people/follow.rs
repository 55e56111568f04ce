//! What became of the letters, from the outbox to the list, and from the list to the register.

use tacenda_core::outbox::{self, Progress};
use tacenda_core::vault::{Actor, MODEL, OpenedRecord, RecordKey, Standing, Vault};
use tacenda_core::{Error, Result, SubjectId, Timestamp};

use super::super::codes::{NOBODY_TOLD, WRONG_STEP};
use super::super::register;
use super::super::state::{Breach, Event, Means, State, Telling};
use super::affected::{Affected, Reach, Reached, Why};
use super::list::has_account;
use super::{file, letter, send};
use crate::requests::Calendar;

/// What became of the people of a breach.
#[derive(Debug, Default)]
pub struct Followed {
    /// Of how many the letter was sent since.
    pub told: u64,
    /// Of how many it was given up since.
    pub unreachable: u64,
    /// Whose letter is on its way still.
    pub waiting: u64,
    /// How many left the list, as the breach is closed: their retention begins.
    pub closed: u64,
    /// Whose records are not what the log says. Whoever calls it again tries again.
    pub refused: Vec<(SubjectId, Error)>,
}

/// Takes from the outbox what became of each letter. Of whom it was sent the address is let go; of whom it
/// was given up the address is held until they were told in another way and the breach is closed. Once it
/// is closed the list is closed as well, and whatever it held is let go. For a job that runs until nobody
/// waits; whoever was stopped calls it again.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; the integrity codes of the breach;
/// the codes of the ports.
pub async fn follow(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    actor: &Actor,
) -> Result<Followed> {
    file::check_role(vault, actor)?;
    let closed = closed_at(&register::opened(vault, key).await?);
    let reaches = if closed.is_some() { Reach::ALL } else { &[Reach::Queued] };
    let mut done = Followed::default();
    for reach in reaches {
        let mut last = None;
        loop {
            let page = file::page(vault, key.subject, *reach, last.as_ref(), file::PAGE).await?;
            for one in &page {
                let followed = match closed {
                    Some(at) => close(vault, calendar, &one.key, at, actor).await,
                    None => settle(vault, calendar, &one.key, actor).await,
                };
                match followed {
                    Ok(None) => done.closed += 1,
                    Ok(Some(Reach::Told)) => done.told += 1,
                    Ok(Some(Reach::Unreachable)) => done.unreachable += 1,
                    Ok(Some(_)) => done.waiting += 1,
                    Err(error) if file::is_of_one(&error) => {
                        done.refused.push((one.key.subject, error));
                    }
                    Err(error) => return Err(error),
                }
            }
            last = page.last().cloned();
            if page.len() < file::PAGE {
                break;
            }
        }
    }
    Ok(done)
}

/// Enters in the register how many had the letter as it was written last, by e-mail to their account, and how
/// many cannot have it. It is complete once nobody on the list waits for that letter, also of those who had one
/// before. Each record is opened and held against the log: one that is not what the log says waits.
///
/// # Law
/// Art. 34(1), (3)(c) GDPR: whoever cannot be reached is told in public.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `breach.nobody_told` if the list is
/// empty, or the letter does not go to people yet; those of [`Vault::change_record`].
pub async fn tell(vault: &Vault, key: &RecordKey, actor: &Actor) -> Result<Telling> {
    file::check_role(vault, actor)?;
    let breach = register::opened(vault, key).await?;
    let sent = breach.letter().filter(|letter| letter.sent_from.is_some());
    let number = sent.map(|letter| letter.number).ok_or_else(|| NOBODY_TOLD.error())?;
    let Had { told, unreachable, waiting } = had(vault, key.subject, number).await?;
    if waiting == 0 && told == 0 && unreachable == 0 {
        return NOBODY_TOLD.err();
    }
    let telling = |breach: &Breach| {
        // Those of this letter were counted, and of no later one.
        let letter = breach.letter().filter(|letter| letter.number == number)?;
        Some(Telling {
            means: Means::AccountEmail,
            began_at: letter.sent_from?,
            told,
            unreachable,
            complete: waiting == 0,
            content: letter::content(vault.policy(), letter)?,
        })
    };
    let stated = telling(&breach).ok_or_else(|| NOBODY_TOLD.error())?;
    let enter = |breach: Breach, stamp| {
        let told = telling(&breach).ok_or_else(|| NOBODY_TOLD.error())?;
        breach.tell(told, stamp)
    };
    register::enter(vault, key, actor, enter).await?;
    Ok(stated)
}

/// Who on the list had a letter.
#[derive(Default)]
struct Had {
    told: u64,
    unreachable: u64,
    waiting: u64,
}

async fn had(vault: &Vault, breach: SubjectId, letter: u64) -> Result<Had> {
    let mut had = Had::default();
    for reach in Reach::ALL {
        let mut last = None;
        loop {
            let page = file::page(vault, breach, *reach, last.as_ref(), file::PAGE).await?;
            for one in &page {
                let reached = match vault.consult_record(&one.key, &[MODEL], file::of).await {
                    Ok(person) if person.breach == breach => Some(person.reached),
                    Ok(_) => None,
                    Err(error) if file::is_of_one(&error) => None,
                    Err(error) => return Err(error),
                };
                let count = match reached {
                    Some(it @ Reached::Told(..)) if it.needs_no(letter) => &mut had.told,
                    Some(it @ Reached::Unreachable(..)) if it.needs_no(letter) => {
                        &mut had.unreachable
                    }
                    // Told of an earlier letter they may have gone.
                    Some(Reached::Told(..) | Reached::Unreachable(..))
                        if !has_account(vault, one.key.subject).await? =>
                    {
                        &mut had.unreachable
                    }
                    _ => &mut had.waiting,
                };
                *count = count.saturating_add(1);
            }
            last = page.last().cloned();
            if page.len() < file::PAGE {
                break;
            }
        }
    }
    Ok(had)
}

fn closed_at(breach: &Breach) -> Option<Timestamp> {
    let ends = |event: &Event| matches!(event, Event::Closed(_) | Event::FoundUnfounded(_));
    let closed = matches!(breach.state(), State::Closed(_));
    let end = breach.entries().iter().rfind(|entry| ends(&entry.event));
    end.filter(|_| closed).map(|entry| entry.at)
}

/// One person whose letter is on its way.
async fn settle(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    actor: &Actor,
) -> Result<Option<Reach>> {
    let person = vault.consult_record(key, &[MODEL], file::of).await?;
    let Reached::Queued(letter) = person.reached else { return Ok(Some(Reach::Queued)) };
    let number = send::message_of(person.breach, key.subject, letter);
    let reached = match outbox::progress_of(vault, &number).await? {
        Some(Progress::Queued { .. }) => return Ok(Some(Reach::Queued)),
        Some(Progress::Sent { at }) => Reached::Told(letter, at),
        Some(Progress::GivenUp { failure, .. }) => Reached::Unreachable(letter, Why::of(failure)),
        // Its record is over: nobody knows any more that it was sent.
        None => Reached::Unreachable(letter, Why::NotSent),
    };
    if matches!(reached, Reached::Told(..)) {
        // Before the list says so: whoever is stopped in between comes by again.
        file::let_go(vault, calendar, person.breach, key.subject, actor).await?;
    }
    let decide = |record: &OpenedRecord| {
        if file::of(record)?.reached != person.reached {
            return WRONG_STEP.err();
        }
        file::change(record, &Affected { reached, ..person }, "breach.person_told")
    };
    match vault.change_record(key, &[MODEL], actor, decide).await {
        Err(error) if error.is(&WRONG_STEP) => Ok(Some(Reach::Queued)),
        done => done.map(|_| Some(reached.reach())),
    }
}

/// One person of a breach that is closed.
async fn close(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    at: Timestamp,
    actor: &Actor,
) -> Result<Option<Reach>> {
    let person = vault.consult_record(key, &[MODEL], file::of).await?;
    file::let_go(vault, calendar, person.breach, key.subject, actor).await?;
    let decide = |record: &OpenedRecord| {
        // By a clock that was ahead it may have been closed later than now.
        let standing = Standing::Closed { at: at.min(vault.now()) };
        Ok(file::write(&file::of(record)?, standing, "breach.person_closed"))
    };
    vault.change_record(key, &[MODEL], actor, decide).await.map(|_| None)
}
