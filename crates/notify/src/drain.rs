//! Draining the outbox: what is due is taken, written in the person's language, delivered, settled.

use std::fmt;

use tacenda_core::clock::Span;
use tacenda_core::outbox::{self, Confirmed, Failure, Outcome, Outgoing, Settled, Taken};
use tacenda_core::policy::Policy;
use tacenda_core::vault::{Actor, Lease, Vault};
use tacenda_core::{Error, Kind, Result, RowId, Timestamp};

use crate::address::{Address, BAD_ADDRESS, Sender};
use crate::catalogue::{Message, UNKNOWN_LANGUAGE};
use crate::letter::{Letter, Transport};
use crate::text::{BAD_LETTER, Text};

/// How long a worker has for one batch.
const LEASE: Span = Span::hours(1);
/// What is left of a lease in which nothing new is sent, since marking takes its time.
const MARGIN: Span = Span::seconds(300);
/// After how long a letter is tried again; after twice as long each time.
const RETRY: Span = Span::seconds(60);
/// The longest pause between two tries.
const LONGEST: Span = Span::days(1);
/// How often a letter is tried: for about twelve days.
const TRIES: u32 = 22;

/// Who writes letters, for which service, and how they are delivered.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Who they are from.
    pub from: &'a Sender,
    /// What the service is called in them.
    pub service: &'a str,
    /// How they go out.
    pub transport: &'a dyn Transport,
}

impl fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("service", &self.service).finish_non_exhaustive()
    }
}

/// What a drain did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drained {
    /// What became of the messages that were due.
    pub settled: Settled,
    /// Messages whose rows are not what the log states: they were not sent, and an audit names them.
    pub altered: u64,
}

/// Sends all messages of the outbox that are due and that no other worker has, `batch` at a time:
/// in memory there is never more than a batch, and where those lie that are another worker's. Any number of workers may do so at once. What a worker
/// had that died is free again after an hour, and may then be sent a second time, with the same
/// `Message-ID`.
///
/// Beside the values of a message the texts have `service`, `controller`, and `contact`: the data
/// protection officer's address in the policy (S8). Letters are in the language that
/// the message asks for, or in that of the account, or in the first of the policy's that the catalogue
/// has.
///
/// Before each letter it looks whether the person's account is as it was when the address was opened: who
/// objects, withdraws, is restricted or erased while a batch is sent gets none of what is left of it.
///
/// What the actor's role may not send, or the policy does not let go through this transport's processor,
/// waits for another worker, as due as it was.
///
/// What the transport cannot do for now (a server that does not answer) is tried again after a minute, and
/// then after twice as long each time, for about twelve days; what it refuses for good is given up.
///
/// # Errors
/// The codes of the ports. What was taken then and is not settled is free again after an hour.
pub async fn drain(vault: &Vault, desk: &Desk<'_>, batch: usize, actor: &Actor) -> Result<Drained> {
    let mut not_ours = Vec::new();
    let drained = drain_ours(vault, desk, batch, actor, &mut not_ours).await;
    // Only now, or else the next turn would have them again; and whatever ended it.
    let given_back = outbox::give_back(vault, &not_ours).await;
    let drained = drained?;
    given_back.map(|()| drained)
}

/// Until no more is due; what this worker may not send is `not_ours`.
async fn drain_ours(
    vault: &Vault,
    desk: &Desk<'_>,
    batch: usize,
    actor: &Actor,
    not_ours: &mut Vec<Lease>,
) -> Result<Drained> {
    let mut drained = Drained::default();
    loop {
        let through = desk.transport.processor();
        let taken = outbox::take(vault, LEASE, batch.max(1), through, actor).await?;
        drained.altered = drained.altered.saturating_add(taken.altered);
        drained.settled.add(&taken.settled);
        not_ours.extend(taken.not_ours);
        if taken.claimed == 0 {
            return Ok(drained);
        }
        let (mut outcomes, mut failed) = (Vec::with_capacity(taken.ready.len()), Ok(()));
        for mut one in taken.ready {
            // Whose lease is nearly over is left to whoever claims it next.
            if one.until() <= vault.now().plus(MARGIN) {
                continue;
            }
            let outcome = match outbox::confirm(vault, &mut one, through, actor).await {
                Ok(Confirmed::Stands) => send(vault, desk, &one).await,
                Ok(Confirmed::Otherwise(outcome)) => outcome,
                Ok(Confirmed::Lost) => {
                    drained.settled.lost = drained.settled.lost.saturating_add(1);
                    continue;
                }
                Err(error) => {
                    // What was sent is settled first.
                    failed = Err(error);
                    break;
                }
            };
            outcomes.push((one, outcome));
        }
        if !outcomes.is_empty() {
            drained.settled.add(&outbox::settle(vault, outcomes, actor).await?);
        }
        failed?;
    }
}

async fn send(vault: &Vault, desk: &Desk<'_>, taken: &Taken) -> Outcome {
    let now = vault.now();
    let sent = match letter(vault.policy(), desk, &taken.outgoing, now) {
        Ok(letter) => desk.transport.deliver(&letter).await,
        Err(error) => Err(error),
    };
    let Err(error) = sent else { return Outcome::Sent };
    let (failure, final_one) = class(&error);
    let tries = taken.outgoing.tries;
    if final_one || tries.saturating_add(1) >= TRIES {
        return Outcome::GivenUp(failure);
    }
    let pause = RETRY.as_micros().saturating_mul(1 << tries.min(30)).min(LONGEST.as_micros());
    Outcome::Later { failure, at: now.plus(Span::micros(pause)) }
}

/// What a failure is, and whether it is for good.
fn class(error: &Error) -> (Failure, bool) {
    match error.kind() {
        Kind::Unavailable => (Failure::Unreachable, false),
        // Nobody was asked: whoever kept the address may write to it elsewhere, and was not warned here.
        _ if error.is(&BAD_ADDRESS) => (Failure::Unopened, true),
        Kind::Refused => (Failure::Refused, true),
        // A template, a value or a setting is wrong: somebody may mend it meanwhile.
        _ => (Failure::Unwritable, false),
    }
}

fn letter(
    policy: &Policy,
    desk: &Desk<'_>,
    outgoing: &Outgoing,
    written: Timestamp,
) -> Result<Letter> {
    let message = Message::of_name(outgoing.says.as_str()).ok_or_else(|| BAD_LETTER.error())?;
    let mut values = vec![
        ("service", desk.service),
        ("controller", policy.controller.name.as_str()),
        ("contact", policy.dpo.email.as_str()),
    ];
    values.extend(outgoing.values.iter().map(|(name, text)| (name.as_str(), text)));
    let languages = outgoing.language.iter().chain(&policy.languages).map(String::as_str);
    Ok(Letter {
        id: RowId::from_bytes(outgoing.id),
        from: desk.from.clone(),
        // EXPOSE: the letter goes there.
        to: Address::parse(outgoing.to.expose())?,
        text: text(message, languages, &values)?,
        written,
    })
}

/// The text in the first of the languages that the catalogue has.
fn text<'a>(
    message: Message,
    languages: impl Iterator<Item = &'a str>,
    values: &[(&str, &str)],
) -> Result<Text> {
    for language in languages {
        match message.write(language, values) {
            Err(error) if error.is(&UNKNOWN_LANGUAGE) => {}
            written => return written,
        }
    }
    UNKNOWN_LANGUAGE.err()
}
