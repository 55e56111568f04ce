//! Giving a processor what the policy says that it is given, and nothing else.

use std::collections::BTreeSet;

use super::codes::NOT_DECLARED;
use super::journal::Draft;
use super::{Actor, Entry, ItemUse, Vault, View};
use crate::error::{Error, Result};
use crate::id::SubjectId;
use crate::name::Name;

impl Vault {
    /// Opens items of a subject to hand them to a processor. The policy has to say that it is given each
    /// of them (`discloses`), for this purpose (`purposes`), and the purpose has to give them to the
    /// actor's role. The log says who was given which items, for what (`data.disclosed`), before one is
    /// opened; what is refused is logged as well.
    ///
    /// # Law
    /// Art. 5(1)(b) and (c), 28(3)(a), 30(1)(d) GDPR.
    ///
    /// # Errors
    /// [`NOT_DECLARED`], with the processor and the item where the policy declares them; those of
    /// [`Vault::use_items`].
    pub async fn disclose(
        &self,
        subject: SubjectId,
        processor: &Name,
        purpose: &Name,
        items: &BTreeSet<Name>,
        actor: &Actor,
    ) -> Result<View> {
        if let Err(error) = self.may_disclose(processor, purpose, items) {
            self.log_refused(subject, processor, purpose, &error, actor).await?;
            return Err(error);
        }
        let entry = Entry::new("data.disclosed").detail("processor", processor);
        let (items, purpose) = (items.clone(), purpose.clone());
        let mut views =
            self.use_items(&[ItemUse { subject, purpose, items, entry }], actor).await?;
        views.pop().unwrap_or_else(|| super::codes::NOT_FOUND.err())
    }

    /// Whether the policy says that a processor is given these items for a purpose.
    ///
    /// # Errors
    /// [`NOT_DECLARED`]; also for no items, which are no disclosure.
    pub fn may_disclose(
        &self,
        processor: &Name,
        purpose: &Name,
        items: &BTreeSet<Name>,
    ) -> Result<()> {
        // INVARIANT 1: what nobody declared, anybody may have typed.
        let Some(declared) = self.policy.processors.get(processor) else {
            return NOT_DECLARED.err();
        };
        let error = || NOT_DECLARED.error().with("processor", &declared.name);
        if items.is_empty() || !declared.purposes.contains(purpose) {
            return Err(error());
        }
        match items.difference(&declared.discloses).next() {
            None => Ok(()),
            Some(item) => Err(match self.policy.item(item) {
                Some(known) => error().field_is(&known.name),
                None => error(),
            }),
        }
    }

    async fn log_refused(
        &self,
        subject: SubjectId,
        processor: &Name,
        purpose: &Name,
        error: &Error,
        actor: &Actor,
    ) -> Result<()> {
        let mut leaf = self.leaf(self.now(), actor, "disclosure.refused", subject);
        leaf.purpose = self.policy.purpose(purpose).map(|purpose| purpose.name.clone());
        leaf = leaf.detail("code", error.code());
        if let Some(declared) = self.policy.processors.get(processor) {
            leaf = leaf.detail("processor", &declared.name);
        }
        let mut draft = Draft::new(0);
        draft.record(leaf, Vec::new(), &[]);
        self.commit(draft).await.map(|_| ())
    }
}
