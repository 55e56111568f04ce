//! What people were told of the ends of their data.

use sha2::{Digest as _, Sha256};
use tacenda_core::outbox::{self, Failure, Progress};
use tacenda_core::vault::{PersonRows, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};

use super::ACCOUNT_EXPIRING;

/// How often somebody is warned anew of one end because a letter could not be sent. Whom none reaches
/// loses nothing for want of use.
const LETTERS: u8 = 32;

/// An end of somebody's data.
pub(super) struct End<'a> {
    /// What is kept of them.
    pub(super) of: &'a PersonRows,
    /// What the letter about it says.
    pub(super) says: &'a Name,
    /// When it is.
    pub(super) due: Timestamp,
}

/// What somebody was told of an end.
pub(super) enum Told {
    /// Nothing yet, or nothing that was ever sent: the number of the letter to come.
    Nothing([u8; 16]),
    /// A letter is on its way, or was taken back.
    Waits,
    /// The warning went then, or there is nobody any more whom it could reach.
    At(Timestamp),
}

/// A letter that is looked for.
struct Letter<'a> {
    at: usize,
    end: &'a End<'a>,
    says: &'a Name,
    /// Which one, after those that were never sent.
    letter: u8,
    number: [u8; 16],
}

impl<'a> Letter<'a> {
    fn new(at: usize, end: &'a End<'a>, says: &'a Name, letter: u8) -> Self {
        let number = number(end.of.subject(), end.due, letter, says);
        Self { at, end, says, letter, number }
    }

    /// What is known by it, or the letter that is looked for next.
    fn found(&self, progress: Option<Progress>) -> std::result::Result<Told, Self> {
        match progress {
            // That the account goes says that its data goes: only who was not told that is told this.
            None if *self.says != *self.end.says => {
                Err(Self::new(self.at, self.end, self.end.says, 0))
            }
            None => Ok(Told::Nothing(self.number)),
            Some(Progress::Sent { at }) => Ok(Told::At(at)),
            Some(Progress::Queued { .. }) => Ok(Told::Waits),
            Some(Progress::GivenUp { failure, at }) => match failure {
                // The address takes no letters, or there is none.
                Failure::Refused | Failure::Gone => Ok(Told::At(at)),
                Failure::Cancelled => Ok(Told::Waits),
                // It was not the person whom it failed for: a letter is owed still.
                _ if self.letter.saturating_add(1) >= LETTERS => Ok(Told::Waits),
                _ => Err(Self::new(self.at, self.end, self.says, self.letter.saturating_add(1))),
            },
        }
    }
}

/// What people were told of the ends of their data, in order. All letters are looked at together, and
/// again where one was never sent.
pub(super) async fn told_each(vault: &Vault, ends: &[End<'_>]) -> Result<Vec<Result<Told>>> {
    static FIRST: Name = ACCOUNT_EXPIRING;
    let first = |(at, end)| Letter::new(at, end, &FIRST, 0);
    let mut letters: Vec<_> = ends.iter().enumerate().map(first).collect();
    let mut told = Vec::with_capacity(ends.len());
    while !letters.is_empty() {
        let asked: Vec<_> = letters.iter().map(|one| (one.end.of, one.number)).collect();
        let found = outbox::progress_each(vault, &asked).await?;
        let mut next = Vec::new();
        for (letter, found) in letters.into_iter().zip(found) {
            match found.map(|progress| letter.found(progress)) {
                Ok(Ok(known)) => told.push((letter.at, Ok(known))),
                Ok(Err(another)) => next.push(another),
                Err(error) => told.push((letter.at, Err(error))),
            }
        }
        letters = next;
    }
    told.sort_by_key(|(at, _)| *at);
    Ok(told.into_iter().map(|(_, told)| told).collect())
}

/// The number of the message about a subject's data that ends then: one for each dormancy, since a
/// login moves the end, one for all classes that end together and of which it says the same, and one
/// for each letter after one that was never sent.
fn number(subject: SubjectId, due: Timestamp, letter: u8, says: &Name) -> [u8; 16] {
    let mut hasher = Sha256::new_with_prefix(b"tacenda/warning/1");
    hasher.update(subject.as_bytes());
    hasher.update(due.as_micros().to_be_bytes());
    hasher.update([letter]);
    hasher.update(says.as_str());
    let full: [u8; 32] = hasher.finalize().into();
    let mut number = [0; 16];
    for (to, from) in number.iter_mut().zip(full) {
        *to = from;
    }
    number
}
