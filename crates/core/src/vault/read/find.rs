//! Finding out who has an identifier, and nothing else of them.

use super::super::grants::require;
use super::super::{Actor, Vault};
use super::ATTEMPTS;
use crate::error::Result;
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::ports::store::CONFLICT;
use crate::vault::journal::Draft;

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
        for _ in 1..ATTEMPTS {
            match self.try_find_by(item, text, purpose, actor).await {
                Err(error) if error.is(&CONFLICT) => {}
                other => return other,
            }
        }
        self.try_find_by(item, text, purpose, actor).await
    }

    async fn try_find_by(
        &self,
        item: &Name,
        text: &str,
        purpose: &Name,
        actor: &Actor,
    ) -> Result<Option<SubjectId>> {
        let mut draft = Draft::new(0);
        let found = match self.may_ask_now(purpose, actor).await {
            Ok(under) => {
                require(under.as_ref(), &mut draft);
                self.lookup(item, text).await
            }
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
        draft.record(leaf, Vec::new(), &[]);
        self.record_read(draft).await?;
        found
    }

    /// Writes down that an actor was told whether something is held of a subject.
    ///
    /// # Errors
    /// Those of [`Vault::check_grant`]; the codes of the ports.
    pub async fn note_look_up(&self, subject: SubjectId, actor: &Actor) -> Result<()> {
        let looked_up = || vec![self.leaf(self.now(), actor, "subject.looked_up", subject)];
        self.record_shown(actor, looked_up).await
    }

    /// Writes down that an actor was shown a list of records, whose they are and how they stand.
    ///
    /// # Errors
    /// Those of [`Vault::check_grant`]; the codes of the ports.
    pub async fn note_listing(&self, kind: &RecordKind, shown: usize, actor: &Actor) -> Result<()> {
        let listed = || {
            let leaf = self.leaf(self.now(), actor, "record.listed", SubjectId::CONTROLLER);
            vec![leaf.detail("kind", &kind.kind).detail("records", shown)]
        };
        self.record_shown(actor, listed).await
    }

    /// Writes down what somebody is about to be shown, under the grant by which it may see it.
    pub(in crate::vault) async fn record_shown(
        &self,
        actor: &Actor,
        leaves: impl Fn() -> Vec<Leaf> + Sync,
    ) -> Result<()> {
        let mut left = ATTEMPTS;
        loop {
            left = left.saturating_sub(1);
            let mut draft = Draft::new(0);
            require(self.under_grant(actor).await?.as_ref(), &mut draft);
            for leaf in leaves() {
                draft.record(leaf, Vec::new(), &[]);
            }
            match self.record_read(draft).await {
                Err(error) if error.is(&CONFLICT) && left > 0 => {}
                other => return other,
            }
        }
    }
}
