//! Whom a file or a late event does not bring back: people erased on their request.
//!
//! Of an erased person nothing is left that could be compared. So before the account goes, a record is
//! made under a token of its identifier, as keyed as the look-up that goes with the account: who holds
//! the rows cannot try a guess against it. It has a period of its own (`[records] suppressions`), and
//! ends before that once the person registers again.

use std::collections::BTreeMap;

use super::codes::{NO_SUCH_RECORD, SUPPRESSED, UNDER_WAY};
use super::register::Checked;
use super::{
    Actor, Effects, Entry, MODEL, NewRecord, Numbered, OpenedRecord, RecordChange, RecordItems,
    RecordKey, RecordOutline, Standing, Vault,
};
use crate::clock::Timestamp;
use crate::codec::{Decoder, Encoder};
use crate::error::{Error, Kind, Result};
use crate::id::SubjectId;
use crate::policy::records::SUPPRESSIONS;
use crate::ports::KeyState;

const DOMAIN: &str = "tacenda/suppression/1";
/// How often an older suppression may go while the next begins.
const ATTEMPTS: usize = 3;
/// Long over: the next sweep takes it.
const OVER: Timestamp = Timestamp::from_micros(0);

/// What stands against a request.
pub(super) enum Stands {
    /// This suppression.
    Suppressed(Suppression),
    /// Something that cannot be read.
    Unclear(Error),
}

/// A suppression as it was found, or as a call left it.
#[derive(Debug, Clone)]
pub struct Suppression {
    key: RecordKey,
    version: u64,
    /// Whether it stood before already, so that somebody else may count on it.
    stood: bool,
}

impl Vault {
    /// Notes, before the account of a subject is erased on request, that nothing but the person brings
    /// it back; the period begins anew if it was noted before. `None` if the policy has no list of them
    /// (`[records] suppressions`), if there is no account in use,
    /// or its row is not what the log states: that keeps nobody from being erased.
    ///
    /// # Law
    /// Art. 17(1) and 5(1)(e) GDPR: an erasure that the next import undoes is none. What is kept for it
    /// is a keyed token (Art. 5(1)(c)).
    ///
    /// # Errors
    /// Those of [`Vault::add_record`]; `erasure.under_way` if an older one of the same number keeps going and does
    /// not go.
    pub async fn suppress(&self, subject: SubjectId, actor: &Actor) -> Result<Option<Suppression>> {
        match self.number_of_account(subject).await? {
            Some(number) => self.suppress_under(&number, subject, self.now(), actor).await,
            None => Ok(None),
        }
    }

    /// Takes back what one call of [`Vault::suppress`] noted of somebody whose account stays, since the
    /// erasure came to nothing: this one alone. What stood before, or began anew since, is of another erasure, and
    /// stands. Nothing is taken back of an account that goes or is gone.
    ///
    /// # Errors
    /// The integrity codes; `vault.no_such_record` if it began anew since; those of [`Vault::change_record`].
    pub async fn suppress_no_more(
        &self,
        subject: SubjectId,
        one: &Suppression,
        actor: &Actor,
    ) -> Result<()> {
        let goes = self.account_leaves(subject).await?;
        if one.stood || goes || self.number_of_account(subject).await?.is_none() {
            return Ok(());
        }
        self.end_suppression(one, actor).await
    }

    /// [`Vault::suppress`] in rows that were restored, of which the account goes again that ended then: if
    /// it was suppressed, of which the safe still has the key, or somebody was before under the same
    /// identifier.
    ///
    /// # Errors
    /// As [`Vault::suppress`].
    pub(super) async fn suppress_again(
        &self,
        subject: SubjectId,
        ended: Timestamp,
    ) -> Result<bool> {
        let Some(number) = self.number_of_account(subject).await? else { return Ok(false) };
        let known = self.ports.keyring.keys_of(subject).await?;
        let asked = known.iter().any(|(key, state)| {
            key.class == SUPPRESSIONS.class && matches!(state, KeyState::Live(_))
        });
        if !asked && !self.may_be_there(&SUPPRESSIONS, &[number]).await?.contains(&true) {
            return Ok(false);
        }
        let at = ended.min(self.now());
        let begun = self.suppress_under(&number, subject, at, &Actor::system()).await?;
        Ok(begun.is_some())
    }

    /// The number of the suppression of whoever has an account in use, if the policy has a list of them.
    async fn number_of_account(&self, subject: SubjectId) -> Result<Option<[u8; 16]>> {
        if self.policy.record_rule(&SUPPRESSIONS).is_none() {
            return Ok(None);
        }
        let key = self.profile_key(subject, self.policy.primary_class());
        let row = match self.checked(subject, std::slice::from_ref(&key)).await {
            Err(error) if error.kind() == Kind::Integrity => return Ok(None),
            rows => rows?.pop().flatten(),
        };
        let index = &self.policy.identifier().name;
        let mut tokens = row.iter().flat_map(|row| &row.tokens);
        Ok(tokens.find(|token| token.index == *index).map(|token| token.value))
    }

    async fn suppress_under(
        &self,
        number: &[u8; 16],
        subject: SubjectId,
        at: Timestamp,
        actor: &Actor,
    ) -> Result<Option<Suppression>> {
        for _ in 0..ATTEMPTS {
            match self.begin_suppression(subject, number, at, actor).await {
                // What somebody altered keeps nobody from being erased; as long as it lies there an
                // import is refused by it.
                Err(error) if error.kind() == Kind::Integrity => return Ok(None),
                // The time of the one before is up, and with it goes the number: only then is there
                // room for another.
                Err(error) if error.is(&UNDER_WAY) || error.kind() == Kind::NotFound => {
                    let _ = self.resume_each().await?;
                }
                begun => return begun.map(Some),
            }
        }
        Err(UNDER_WAY.error().with("subject", subject))
    }

    /// Adds the suppression of a number, or begins its period anew.
    async fn begin_suppression(
        &self,
        subject: SubjectId,
        number: &[u8; 16],
        at: Timestamp,
        actor: &Actor,
    ) -> Result<Suppression> {
        let begun = || Entry::new("suppression.begun");
        let new = NewRecord {
            subject: Some(subject),
            standing: Standing::Closed { at },
            items: model(true),
            entry: begun(),
            effects: Effects::default(),
        };
        let there = match self.add_record_once(&SUPPRESSIONS, number, new, actor).await? {
            Numbered::Added(key) => return Ok(Suppression { key, version: 1, stood: false }),
            Numbered::There(there) => there,
        };
        let mut stood = true;
        let again = |found: &OpenedRecord| {
            stood = decode(found.items.get(&MODEL).unwrap_or_default())?;
            Ok(changed(true, at, begun()))
        };
        let RecordOutline { key, version, .. } =
            self.change_record(&there, &[MODEL], actor, again).await?;
        Ok(Suppression { key, version, stood })
    }

    /// What stands against requests, by their place.
    pub(super) async fn suppressions(
        &self,
        checked: &[Checked],
    ) -> Result<BTreeMap<usize, Stands>> {
        if self.policy.record_rule(&SUPPRESSIONS).is_none() {
            return Ok(BTreeMap::new());
        }
        let index = &self.policy.identifier().name;
        let number = |one: &Checked| {
            one.tokens.iter().find(|token| token.index == *index).map(|token| token.value)
        };
        let numbers: Vec<_> =
            checked.iter().filter_map(|one| Some((one.at, number(one)?))).collect();
        let all: Vec<_> = numbers.iter().map(|(_, number)| *number).collect();
        let mut stands = BTreeMap::new();
        let there = self.may_be_there(&SUPPRESSIONS, &all).await?;
        for ((at, number), _) in numbers.into_iter().zip(there).filter(|(_, there)| *there) {
            match self.in_force(&number).await {
                Ok(Some(key)) => stands.insert(at, Stands::Suppressed(key)),
                Ok(None) => None,
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                Err(error) => stands.insert(at, Stands::Unclear(error)),
            };
        }
        Ok(stands)
    }

    /// The suppression of a number, if it has not ended.
    async fn in_force(&self, number: &[u8; 16]) -> Result<Option<Suppression>> {
        let Some(key) = self.find_record(&SUPPRESSIONS, number).await? else { return Ok(None) };
        let decide = |opened: &OpenedRecord| {
            let stands = decode(opened.items.get(&MODEL).unwrap_or_default())?;
            Ok(stands.then_some(opened.outline.version))
        };
        let stands = self.consult_record(&key, &[MODEL], decide).await?;
        Ok(stands.map(|version| Suppression { key, version, stood: true }))
    }

    /// Ends a suppression: the person is back. One that begun anew since it was found is of an erasure
    /// that came later, and stands.
    pub(super) async fn end_suppression(&self, one: &Suppression, actor: &Actor) -> Result<()> {
        let ended = self.change_record(&one.key, &[], actor, |found| {
            if found.outline.version != one.version {
                return NO_SUCH_RECORD.err();
            }
            Ok(changed(false, OVER, Entry::new("suppression.ended")))
        });
        ended.await.map(|_| ())
    }
}

impl Stands {
    /// Why an import does not bring the person back.
    pub(super) fn into_error(self, vault: &Vault) -> Error {
        match self {
            Self::Suppressed(_) => SUPPRESSED.error().field_is(&vault.policy.identifier().name),
            Self::Unclear(error) => error,
        }
    }
}

fn changed(in_force: bool, at: Timestamp, entry: Entry) -> RecordChange {
    RecordChange {
        standing: Standing::Closed { at },
        set: model(in_force),
        remove: [].into(),
        entry,
        effects: Effects::default(),
    }
}

fn model(in_force: bool) -> RecordItems {
    RecordItems::default().with(MODEL, encode(in_force))
}

fn encode(in_force: bool) -> Vec<u8> {
    let mut e = Encoder::new(DOMAIN);
    e.u8(u8::from(in_force));
    e.finish()
}

fn decode(bytes: &[u8]) -> Result<bool> {
    let mut d = Decoder::new(bytes, DOMAIN)?;
    let in_force = d.flag()?;
    d.end()?;
    Ok(in_force)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_of_a_suppression_is_frozen() {
        for case in crate::vectors::cases("suppression") {
            let decoded = decode(&case.hex("bytes"));
            if let Some(code) = case.error() {
                assert_eq!(decoded.unwrap_err().code(), code, "{}", case.name);
                continue;
            }
            let in_force = case.one("in_force") == "yes";
            assert_eq!(encode(in_force), case.hex("bytes"), "{}", case.name);
            assert_eq!(decoded.unwrap(), in_force, "{}", case.name);
        }
    }
}
