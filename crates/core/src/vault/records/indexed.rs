//! Records that are found by values that several may share, such as the last four of a card.

use std::fmt;

use zeroize::Zeroizing;

use super::{
    Draft, NewRecord, Numbered, OpenedRecord, RecordChange, RecordKey, RecordOutline, Vault,
};
use crate::error::{Error, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::ports::store::NOT_UNIQUE;
use crate::row::{Row, Token};
use crate::seal::IndexKey;
use crate::vault::Actor;
use crate::vault::journal::hex;

/// Under what a record is found. Its row bears keyed tokens of all this and nothing of it in clear.
///
/// # Properties
/// Tokens of a value with few forms, as four digits are, hide the value from whoever lacks the index key;
/// which records share one is seen in the store.
#[derive(Clone, Default)]
pub struct FoundBy {
    numbers: Vec<[u8; 16]>,
    values: Vec<(Name, Zeroizing<String>)>,
}

impl FoundBy {
    /// By a number of its own; the first one is by what it is added once.
    #[must_use]
    pub fn number(mut self, number: [u8; 16]) -> Self {
        if !self.numbers.contains(&number) {
            self.numbers.push(number);
        }
        self
    }

    /// By a value that others may share, under the name of an index.
    #[must_use]
    pub fn value(mut self, index: Name, value: &str) -> Self {
        self.values.push((index, Zeroizing::new(value.to_owned())));
        self
    }

    fn tokens(&self, kind: &RecordKind, key: &IndexKey) -> Vec<Token> {
        let numbers = self.numbers.iter().map(|number| Token {
            index: kind.class.clone(),
            value: key.token(&kind.class, &hex(number)),
            unique: true,
        });
        // EXPOSE: the value is hashed under the index key.
        let values = self.values.iter().map(|(index, value)| shared(key, index, value));
        numbers.chain(values).collect()
    }
}

impl fmt::Debug for FoundBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.iter().map(|(index, _)| index)).finish()
    }
}

impl Vault {
    /// Adds a record that is found by numbers and values, unless there is one of its first number: whoever
    /// tries again makes no second one.
    ///
    /// # Errors
    /// Those of [`Vault::add_record`]; `store.not_unique` if another record has one of the further
    /// numbers.
    pub async fn add_indexed_record(
        &self,
        kind: &'static RecordKind,
        found_by: &FoundBy,
        new: NewRecord,
        actor: &Actor,
    ) -> Result<Numbered> {
        self.check_grant(actor).await?;
        if let Some(key) = self.find_first(kind, found_by).await? {
            return Ok(Numbered::There(key));
        }
        let tokens = found_by.tokens(kind, &self.index_key().await?);
        match self.add_found_by(kind, new, tokens, actor).await {
            // Another try came first.
            Err(error) if error.is(&NOT_UNIQUE) => match self.find_first(kind, found_by).await? {
                Some(key) => Ok(Numbered::There(key)),
                None => Err(error),
            },
            added => added.map(Numbered::Added),
        }
    }

    async fn find_first(
        &self,
        kind: &'static RecordKind,
        found_by: &FoundBy,
    ) -> Result<Option<RecordKey>> {
        match found_by.numbers.first() {
            Some(number) => self.find_record(kind, number).await,
            None => Ok(None),
        }
    }

    /// [`Vault::change_record`] where the room decides as well by what the record is found from now on.
    ///
    /// # Errors
    /// Those of [`Vault::change_record`]; `store.not_unique` if another record has one of the numbers.
    pub async fn change_indexed_record(
        &self,
        key: &RecordKey,
        needed: &[Name],
        actor: &Actor,
        mut decide: impl FnMut(&OpenedRecord) -> Result<(RecordChange, FoundBy)> + Send,
    ) -> Result<RecordOutline> {
        let index = self.index_key().await?;
        let mut decide = |record: &OpenedRecord| {
            let (change, found_by) = decide(record)?;
            Ok((change, Some(found_by.tokens(key.kind, &index))))
        };
        self.change_with_tokens(key, needed, actor, &mut decide).await
    }

    /// The records of a kind that bear all of these values, for whoever may read records of the kind for
    /// this purpose. None is opened. The log says who searched, by which indexes, for what, and how many
    /// were found; who may not search is told neither whether there is one.
    ///
    /// A record whose row is not what the log states is left out, and counted.
    ///
    /// # Properties
    /// Its cost grows with how many records share the first value.
    ///
    /// # Law
    /// Art. 5(1)(b) and (f) GDPR.
    ///
    /// # Errors
    /// `policy.unknown_purpose`, `policy.unknown_role`, `policy.role_not_allowed`,
    /// `policy.not_for_records`; `staff.no_grant` and its like; the codes of the ports.
    pub async fn search_records(
        &self,
        kind: &'static RecordKind,
        values: &[(Name, &str)],
        purpose: &Name,
        actor: &Actor,
    ) -> Result<Searched> {
        let found = match self.may_search(kind, purpose, actor).await {
            Ok(()) => self.bearing(kind, values).await,
            Err(error) => Err(error),
        };
        let action = if found.is_ok() { "record.searched" } else { "record.search_refused" };
        let mut leaf =
            self.leaf(self.now(), actor, action, SubjectId::CONTROLLER).detail("kind", &kind.kind);
        // INVARIANT 1: what nobody declared, anybody may have typed.
        leaf.purpose = self.policy.purpose(purpose).map(|purpose| purpose.name.clone());
        match &found {
            Ok(found) => {
                for (index, _) in values {
                    leaf = leaf.detail("index", index);
                }
                leaf = leaf.detail("records", found.keys.len());
            }
            Err(error) => leaf = leaf.detail("code", error.code()),
        }
        let mut draft = Draft::new(0);
        draft.record(leaf, Vec::new(), &[]);
        self.commit(draft).await?;
        found
    }

    async fn may_search(&self, kind: &RecordKind, purpose: &Name, actor: &Actor) -> Result<()> {
        self.check_grant(actor).await?;
        self.policy.may_ask(purpose, actor.role.as_ref().unwrap_or(&Name::NONE))?;
        Ok(self.policy.may_read_records(kind, purpose)?)
    }

    async fn bearing(
        &self,
        kind: &'static RecordKind,
        values: &[(Name, &str)],
    ) -> Result<Searched> {
        let key = self.index_key().await?;
        let tokens: Vec<_> =
            values.iter().map(|(index, value)| shared(&key, index, value)).collect();
        let mut searched = Searched::default();
        let Some(first) = tokens.first() else { return Ok(searched) };
        let found = self.ports.store.lookup(&first.index, &[first.value]).await?;
        for place in found.into_iter().flatten().map(|found| found.key) {
            if place.kind != kind.kind {
                continue;
            }
            match self.checked(place.subject, std::slice::from_ref(&place)).await {
                Ok(rows) => {
                    let bears = |row: &Row| tokens.iter().all(|token| row.tokens.contains(token));
                    let found = rows.into_iter().flatten().filter(bears);
                    searched.keys.extend(found.map(|row| RecordKey {
                        subject: row.key.subject,
                        kind,
                        id: row.key.id,
                    }));
                }
                Err(error) if is_altered(&error) => searched.altered += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(searched)
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Searched {
    /// The records, in the order of their subjects.
    pub keys: Vec<RecordKey>,
    /// How many are not what the log states, and so are not among them.
    pub altered: u64,
}

fn shared(key: &IndexKey, index: &Name, value: &str) -> Token {
    Token { index: index.clone(), value: key.token(index, value), unique: false }
}

fn is_altered(error: &Error) -> bool {
    error.kind() == crate::error::Kind::Integrity
}
