//! Finding out who has an identifier, and nothing else of them.

use super::super::{Actor, Vault};
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::records::RecordKind;

impl Vault {
    /// The subject that has this value of a unique item, for whoever may read it for this purpose of an
    /// account that meets its condition. Nothing is opened, so it does not matter whether the account
    /// is live, restricted or closed.
    ///
    /// The log says who looked, for which purpose, and whom they found. Who may not read is told
    /// neither whether there is somebody.
    ///
    /// # Law
    /// Art. 5(1)(c) GDPR: no more than is needed to know whom a letter is about.
    ///
    /// # Errors
    /// `policy.unknown_purpose`, `policy.unknown_role`, `policy.role_not_allowed`; the integrity codes;
    /// the codes of the ports.
    pub async fn find_by(
        &self,
        item: &Name,
        text: &str,
        purpose: &Name,
        actor: &Actor,
    ) -> Result<Option<SubjectId>> {
        let found = match self.may_ask_now(purpose, actor).await {
            Ok(_) => self.lookup(item, text).await,
            Err(error) => Err(error),
        };
        let leaf = |action, subject| self.leaf(self.now(), actor, action, subject);
        let mut leaf = match &found {
            Ok(found) => leaf("subject.looked_up", found.unwrap_or(SubjectId::CONTROLLER)),
            Err(error) => {
                leaf("subject.look_up_refused", SubjectId::CONTROLLER).detail("code", error.code())
            }
        };
        // INVARIANT 1: what nobody declared, anybody may have typed.
        leaf.purpose = self.policy.purpose(purpose).map(|purpose| purpose.name.clone());
        self.record_leaf(leaf).await?;
        found
    }

    /// Writes down that an actor was told whether something is held of a subject.
    ///
    /// # Errors
    /// The codes of the ports.
    pub async fn note_look_up(&self, subject: SubjectId, actor: &Actor) -> Result<()> {
        self.check_grant(actor).await?;
        let leaf = self.leaf(self.now(), actor, "subject.looked_up", subject);
        self.record_leaf(leaf).await
    }

    /// Writes down that an actor was shown a list of records, whose they are and how they stand.
    ///
    /// # Errors
    /// The codes of the ports.
    pub async fn note_listing(&self, kind: &RecordKind, shown: usize, actor: &Actor) -> Result<()> {
        self.check_grant(actor).await?;
        let leaf = self.leaf(self.now(), actor, "record.listed", SubjectId::CONTROLLER);
        let leaf = leaf.detail("kind", &kind.kind).detail("records", shown);
        self.record_leaf(leaf).await
    }
}
