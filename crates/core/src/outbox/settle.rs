//! How sending went, made durable.

use super::model::{Failure, Letter, Progress};
use super::take::Taken;
use super::{ADDRESS, QUEUED, VALUES};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::vault::{Actor, Entry, MODEL, RecordChange, RecordItems, Standing, Vault};

/// How sending a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody else is answerable for it from now on.
    Sent,
    /// It failed, and is tried again.
    Later {
        /// How it failed.
        failure: Failure,
        /// When it is tried again.
        at: Timestamp,
    },
    /// It failed for good.
    GivenUp(Failure),
}

/// What became of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Sent.
    pub sent: u64,
    /// To be tried again.
    pub put_off: u64,
    /// Not sent any more.
    pub given_up: u64,
    /// Not this worker's any more: its lease was over, or somebody took the message back. Another
    /// worker may send it again, with the same id.
    pub lost: u64,
}

impl Settled {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.put_off = self.put_off.saturating_add(other.put_off);
        self.given_up = self.given_up.saturating_add(other.given_up);
        self.lost = self.lost.saturating_add(other.lost);
    }
}

/// Makes durable how sending went, of all messages in one change with a leaf each: `message.sent`,
/// `message.put_off`, `message.given_up`. Of what is sent or given up the values and an address of its
/// own go, and its retention begins.
///
/// # Errors
/// The codes of the ports: then the messages are still queued, or, after `store.unknown_outcome`, may
/// be; whoever takes them next sends them with the same id.
pub async fn settle(
    vault: &Vault,
    ended_so: Vec<(Taken, Outcome)>,
    actor: &Actor,
) -> Result<Settled> {
    let now = vault.now();
    let (mut ends, mut outcomes) = (Vec::new(), Vec::new());
    for (Taken { claimed, letter, .. }, outcome) in ended_so {
        let change = match outcome {
            Outcome::Sent => ended(&letter.with(Progress::Sent { at: now }, true)?, now),
            Outcome::GivenUp(failure) => {
                ended(&letter.with(Progress::GivenUp { failure, at: now }, true)?, now)
            }
            Outcome::Later { failure, at } => {
                // To wait until it may be sent is no try.
                let tried = failure != Failure::NotAllowed;
                let letter = letter.with(Progress::Queued { last: Some(failure) }, tried)?;
                RecordChange {
                    standing: Standing::Open { state: QUEUED, due_at: Some(at) },
                    remove: [].into(),
                    ..step(&letter, "message.put_off", Some(failure))
                }
            }
        };
        ends.push((claimed, change));
        outcomes.push(outcome);
    }
    let mut settled = Settled::default();
    for (outcome, result) in outcomes.into_iter().zip(vault.end_claimed(ends, actor).await?) {
        let count = match (result, outcome) {
            (Err(_), _) => &mut settled.lost,
            (Ok(()), Outcome::Sent) => &mut settled.sent,
            (Ok(()), Outcome::Later { .. }) => &mut settled.put_off,
            (Ok(()), Outcome::GivenUp(_)) => &mut settled.given_up,
        };
        *count = count.saturating_add(1);
    }
    Ok(settled)
}

/// The end of a message.
pub(super) fn ended(letter: &Letter, at: Timestamp) -> RecordChange {
    let standing = Standing::Closed { at };
    let change = match letter.progress {
        Progress::GivenUp { failure, .. } => step(letter, "message.given_up", Some(failure)),
        Progress::Queued { .. } | Progress::Sent { .. } => step(letter, "message.sent", None),
    };
    RecordChange { standing, ..change }
}

fn step(letter: &Letter, action: &'static str, failure: Option<Failure>) -> RecordChange {
    let entry = Entry::new(action).detail("says", &letter.says);
    let entry = failure.into_iter().fold(entry, |entry, why| entry.detail("why", why.as_str()));
    RecordChange {
        standing: Standing::Open { state: QUEUED, due_at: None },
        set: RecordItems::default().with(MODEL, letter.encode()),
        remove: [VALUES, ADDRESS].into(),
        entry,
        effects: crate::vault::Effects::default(),
    }
}
