//! Reading page by page, whose accounts there are, and what happened to one.

use super::super::rows::stated;
use super::super::{Actor, Vault};
use super::ViewPage;
use crate::error::Result;
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::name::Name;

impl Vault {
    /// Reads a page of the [`Vault::subjects`] for one purpose, by id: a leaf each, one commit. Of an
    /// archived account it shows what the purpose of its law reads, and `vault.not_live` for any other.
    /// A limit of 0 counts as 1.
    ///
    /// # Errors
    /// The codes of the ports; then nothing was opened.
    pub async fn read_page(
        &self,
        after: Option<SubjectId>,
        limit: usize,
        purpose: &Name,
        actor: &Actor,
    ) -> Result<ViewPage> {
        let limit = limit.max(1);
        let subjects = self.subjects(after, limit).await?;
        let next = if subjects.len() < limit { None } else { subjects.last().copied() };
        let views = self.read_many(&subjects, purpose, actor).await?;
        Ok(ViewPage { views: subjects.into_iter().zip(views).collect(), next })
    }

    /// A page of the subjects that have an account, by id: in use, restricted, or archived where a law
    /// keeps an item of the account's own class. It shows ids alone, which tell the day
    /// of registration and nothing else, opens nothing and leaves no leaf;
    /// [`Vault::read_page`] shows data.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn subjects(&self, after: Option<SubjectId>, limit: usize) -> Result<Vec<SubjectId>> {
        let kind = self.kind(self.policy.primary_class());
        let cursor = after.map(|subject| crate::ports::Cursor {
            at: None,
            key: crate::row::RowKey::only(subject, kind.clone()),
        });
        let scan = crate::ports::Scan::All { kind: Some(kind) };
        let page = self.ports.store.scan(&scan, cursor.as_ref(), limit).await?;
        Ok(page.rows.into_iter().map(|row| row.key.subject).collect())
    }

    /// When something happened to a subject's data, by whom, for what: its leaves, latest first.
    ///
    /// Each text is held against its hash; whether that hash is the log's own, an audit or a receipt
    /// tells.
    ///
    /// # Errors
    /// `vault.altered_row` for a text that is not the one hashed; the codes of the store.
    pub async fn history(&self, subject: SubjectId, limit: usize) -> Result<Vec<Leaf>> {
        let stored = self.ports.store.leaves_of(subject, false, None, limit).await?;
        let texts = stored.iter().filter(|leaf| leaf.bytes.is_some());
        texts.map(|leaf| stated(subject, leaf)).collect()
    }
}
