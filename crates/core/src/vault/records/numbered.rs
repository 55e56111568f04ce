//! Records with a number of their own: found by it, added once, and held against accounts.

use super::{NewRecord, OpenedRecord, RecordKey, Vault};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::pii::Sensitive;
use crate::policy::records::RecordKind;
use crate::ports::Found;
use crate::ports::store::NOT_UNIQUE;
use crate::row::Token;
use crate::vault::Actor;
use crate::vault::codes::ALTERED_ROW;
use crate::vault::journal::hex;

/// The most records of a subject that are opened for a decision on another: the latest.
const BESIDE: usize = 64;

/// What became of a record that is added once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Numbered {
    /// It was added.
    Added(RecordKey),
    /// There was one of this number already, and nothing was written.
    There(RecordKey),
}

impl Vault {
    /// Adds a record under a number of its own, unless there is one of this number already: whoever
    /// tries again makes no second one. For a known subject the room decides by the subject's latest
    /// records of the kind, open and closed, as in [`Vault::add_record_beside`].
    ///
    /// The number is no part of the row: a token stands for it, as for a unique item.
    ///
    /// # Errors
    /// The error with which `decide` refuses; those of [`Vault::add_record`].
    pub async fn add_numbered_record(
        &self,
        kind: &'static RecordKind,
        number: &[u8; 16],
        subject: Option<SubjectId>,
        needed: &[Name],
        actor: &Actor,
        decide: impl FnOnce(&[OpenedRecord]) -> Result<NewRecord> + Send,
    ) -> Result<Numbered> {
        self.check_grant(actor).await?;
        let others = match subject {
            Some(subject) => self.latest_of(subject, kind, needed).await?,
            None => Vec::new(),
        };
        // Only now: what another try adds from here on is not among the others.
        if let Some(key) = self.find_record(kind, number).await? {
            return Ok(Numbered::There(key));
        }
        let new = NewRecord { subject, ..decide(&others)? };
        drop(others);
        self.add_under(kind, number, new, actor).await
    }

    /// [`Vault::add_numbered_record`] where nothing is decided by other records.
    ///
    /// # Errors
    /// Those of [`Vault::add_record`].
    pub async fn add_record_once(
        &self,
        kind: &'static RecordKind,
        number: &[u8; 16],
        new: NewRecord,
        actor: &Actor,
    ) -> Result<Numbered> {
        self.check_grant(actor).await?;
        match self.find_record(kind, number).await? {
            Some(key) => Ok(Numbered::There(key)),
            None => self.add_under(kind, number, new, actor).await,
        }
    }

    async fn add_under(
        &self,
        kind: &'static RecordKind,
        number: &[u8; 16],
        new: NewRecord,
        actor: &Actor,
    ) -> Result<Numbered> {
        let token = self.number_token(kind, number).await?;
        match self.add_found_by(kind, new, vec![token], actor).await {
            // Another try came first.
            Err(error) if error.is(&NOT_UNIQUE) => match self.find_record(kind, number).await? {
                Some(key) => Ok(Numbered::There(key)),
                None => Err(error),
            },
            added => added.map(Numbered::Added),
        }
    }

    /// The record of a kind with this number. It is believed only if its row carries the number's token
    /// and the log vouches for the row.
    ///
    /// # Errors
    /// The integrity codes; the codes of the ports.
    pub async fn find_record(
        &self,
        kind: &'static RecordKind,
        number: &[u8; 16],
    ) -> Result<Option<RecordKey>> {
        let token = self.number_token(kind, number).await?;
        let found = self.ports.store.lookup(&token.index, &[token.value]).await?;
        let Some(Found { key }) = found.into_iter().flatten().next() else { return Ok(None) };
        let row = self.checked(key.subject, std::slice::from_ref(&key)).await?.pop().flatten();
        match row {
            Some(row) if row.key.kind == kind.kind && row.tokens.contains(&token) => {
                Ok(Some(RecordKey { subject: key.subject, kind, id: key.id }))
            }
            // It went between look-up and row, or somebody put the look-up there.
            None => Ok(None),
            Some(_) => {
                Err(ALTERED_ROW.error().with("subject", key.subject).with("index", &token.index))
            }
        }
    }

    /// Opens what a room needs of a record for a decision that writes nothing to it. What is opened is for
    /// the decision alone, as in [`Vault::change_record`], and shown to nobody.
    ///
    /// # Errors
    /// The error with which `decide` refuses; `vault.no_such_record`; the integrity codes;
    /// `keys.destroyed` if the record is being erased; the codes of the ports.
    pub async fn consult_record<T: Send>(
        &self,
        key: &RecordKey,
        needed: &[Name],
        decide: impl FnOnce(&OpenedRecord) -> Result<T> + Send,
    ) -> Result<T> {
        decide(&self.open_whole(key, needed).await?)
    }

    /// Whose account has one of the identifiers that stand in a record, if there is one. The room says
    /// which stand there; what is opened for that is shown to nobody. The log says that it was looked
    /// up, and of whom it was found.
    ///
    /// # Errors
    /// The error with which `identifiers` refuses; those of [`Vault::check_grant`];
    /// `vault.no_such_record`; the integrity codes; the codes of the ports.
    pub async fn find_by_record(
        &self,
        key: &RecordKey,
        needed: &[Name],
        actor: &Actor,
        identifiers: impl FnOnce(&OpenedRecord) -> Result<Vec<Sensitive<String>>> + Send,
    ) -> Result<Option<SubjectId>> {
        self.check_grant(actor).await?;
        let identifiers = identifiers(&self.open_whole(key, needed).await?)?;
        if identifiers.is_empty() {
            return Ok(None);
        }
        let mut found = None;
        for text in identifiers {
            // EXPOSE: the value is looked up under the index key.
            let by_this = self.lookup(&self.policy.identifier().name, text.expose()).await?;
            found = found.or(by_this);
        }
        let looked_up = || {
            let leaf = self.leaf(self.now(), actor, "record.looked_up", key.subject);
            let of = |subject| self.leaf(self.now(), actor, "subject.looked_up", subject);
            let leaf = leaf.detail("kind", &key.kind.kind).detail("record", key.id);
            std::iter::once(leaf).chain(found.map(of)).collect()
        };
        self.record_shown(actor, looked_up).await?;
        Ok(found)
    }

    /// The latest records of a kind that can be opened.
    async fn latest_of(
        &self,
        subject: SubjectId,
        kind: &'static RecordKind,
        needed: &[Name],
    ) -> Result<Vec<OpenedRecord>> {
        let mut opened = Vec::new();
        let rows = self.rows_of_kind(subject, kind).await?;
        for row in rows.iter().skip(rows.len().saturating_sub(BESIDE)) {
            match self.open_whole(&RecordKey { subject, kind, id: row.key.id }, needed).await {
                Ok(record) => opened.push(record),
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                // What somebody altered, or what is being erased, stands in nobody's way.
                Err(_) => {}
            }
        }
        Ok(opened)
    }

    /// Whether there may be a record of each number: looked up, and not compared with the log.
    pub(in crate::vault) async fn may_be_there(
        &self,
        kind: &RecordKind,
        numbers: &[[u8; 16]],
    ) -> Result<Vec<bool>> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.index_key().await?;
        let tokens: Vec<_> =
            numbers.iter().map(|number| key.token(&kind.class, &hex(number))).collect();
        let found = self.ports.store.lookup(&kind.class, &tokens).await?;
        Ok(found.iter().map(|rows| !rows.is_empty()).collect())
    }

    async fn number_token(&self, kind: &RecordKind, number: &[u8; 16]) -> Result<Token> {
        let value = self.index_key().await?.token(&kind.class, &hex(number));
        Ok(Token { index: kind.class.clone(), value, unique: true })
    }
}
