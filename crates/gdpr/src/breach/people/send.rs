//! The letter: a test of it, and then one message for each person on the list.

use tacenda_core::outbox::{self, Message, Recipient};
use tacenda_core::pii::Email;
use tacenda_core::vault::{Actor, MODEL, OpenedRecord, RecordKey, Vault};
use tacenda_core::{Error, Result, SubjectId};

use super::super::codes::{NO_LETTER, WRONG_STEP};
use super::super::register;
use super::super::state::Letter;
use super::affected::{Affected, Reach, Reached};
use super::{file, letter};

/// What was put into the outbox.
#[derive(Debug, Default)]
pub struct Sent {
    /// How many messages, now.
    pub queued: u64,
    /// How many needed none: they had theirs before, or it was queued a moment ago.
    pub before: u64,
    /// Whose records are not what the log says. Whoever calls it again tries again.
    pub refused: Vec<(SubjectId, Error)>,
}

/// Puts a test of the letter into the outbox, to an address of the actor's choice; from then on it can be
/// approved. In a language of its own, or in the first of the policy's.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `breach.no_letter`,
/// `breach.no_letters`, `breach.wrong_step`; those of [`outbox::enqueue_once`].
pub async fn test(
    vault: &Vault,
    key: &RecordKey,
    to: &Email,
    language: Option<&str>,
    actor: &Actor,
) -> Result<()> {
    file::check_role(vault, actor)?;
    let current = current(vault, key).await?;
    // EXPOSE: the address is sealed in the message.
    let address = to.as_typed();
    let message = Message {
        to: Recipient::Address(address.to_owned().into()),
        language: language.map(str::to_owned),
        ..letter::message(vault.policy(), &current)?
    };
    let number = file::number("test", key.subject, address.as_bytes(), current.number);
    outbox::enqueue_once(vault, &number, None, &message, actor).await?;
    let tested = |breach: super::super::Breach, stamp| {
        same(breach.letter(), current.number)?;
        breach.test(stamp)
    };
    register::enter(vault, key, actor, tested).await.map(drop)
}

/// Puts the letter into the outbox for everybody on the list who has not had it: one message each, under a
/// number that is made of breach, person and letter. Who was told by an earlier letter gets this one too.
/// Whoever was stopped calls it again: nobody has it twice, and nobody is left out. `progress` is told
/// after each page.
///
/// # Law
/// Art. 34(1) and (2) GDPR.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `breach.no_letter`,
/// `breach.no_letters`, `breach.untested`, `breach.second_approver`; `breach.wrong_step` for a breach that
/// is closed, also meanwhile; the codes of the ports.
pub async fn send(
    vault: &Vault,
    key: &RecordKey,
    actor: &Actor,
    progress: &mut (dyn FnMut(&Sent) + Send),
) -> Result<Sent> {
    file::check_role(vault, actor)?;
    let letter = current(vault, key).await?;
    letter.check(vault.policy())?;
    let message = letter::message(vault.policy(), &letter)?;
    if letter.sent_from.is_none() {
        let begin = |breach: super::super::Breach, stamp| {
            same(breach.letter(), letter.number)?;
            breach.begin_sending(vault.policy(), stamp)
        };
        register::enter(vault, key, actor, begin).await?;
    }
    let mut done = Sent::default();
    for reach in [Reach::Listed, Reach::Unreachable, Reach::Told, Reach::Queued] {
        let mut last = None;
        loop {
            let page = file::page(vault, key.subject, reach, last.as_ref(), file::PAGE).await?;
            if !page.is_empty() {
                // Somebody may have closed it, or have written another letter.
                same(Some(&current(vault, key).await?), letter.number)?;
            }
            for one in &page {
                match queue(vault, &one.key, key.subject, &letter, &message, actor).await {
                    Ok(true) => done.queued += 1,
                    Ok(false) => done.before += 1,
                    Err(error) if file::is_of_one(&error) => {
                        done.refused.push((one.key.subject, error));
                    }
                    Err(error) => return Err(error),
                }
            }
            progress(&done);
            last = page.last().cloned();
            if page.len() < file::PAGE {
                break;
            }
        }
    }
    Ok(done)
}

/// Puts one person's message into the outbox, and notes it; whether that was to be done.
async fn queue(
    vault: &Vault,
    key: &RecordKey,
    breach: SubjectId,
    letter: &Letter,
    message: &Message,
    actor: &Actor,
) -> Result<bool> {
    let subject = key.subject;
    let person = vault.consult_record(key, &[MODEL], file::of).await?;
    if person.reached.needs_no(letter.number) {
        return Ok(false);
    }
    let number = message_of(breach, subject, letter.number);
    outbox::enqueue_once(vault, &number, Some(subject), message, actor).await?;
    let decide = |record: &OpenedRecord| {
        let person = file::of(record)?;
        if person.reached.needs_no(letter.number) {
            return WRONG_STEP.err();
        }
        let queued = Affected { reached: Reached::Queued(letter.number), ..person };
        file::change(record, &queued, "breach.person_queued")
    };
    match vault.change_record(key, &[MODEL], actor, decide).await {
        // Another process was as far.
        Err(error) if error.is(&WRONG_STEP) => Ok(false),
        done => done.map(|_| true),
    }
}

/// The number of the message to a person.
pub(super) fn message_of(breach: SubjectId, subject: SubjectId, letter: u64) -> [u8; 16] {
    file::number("letter", breach, subject.as_bytes(), letter)
}

/// The letter as it is now, of a breach that is open.
async fn current(vault: &Vault, key: &RecordKey) -> Result<Letter> {
    let breach = register::opened(vault, key).await?;
    register::check_open(&breach, "letter")?;
    breach.letter().cloned().ok_or_else(|| NO_LETTER.error())
}

/// Whether the letter is still the one that was looked at.
fn same(letter: Option<&Letter>, number: u64) -> Result<()> {
    if letter.is_some_and(|letter| letter.number == number) {
        return Ok(());
    }
    Err(WRONG_STEP.error().with("step", "letter"))
}
