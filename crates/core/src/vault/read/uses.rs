//! Opening some items of a purpose for a use that the log has a word of its own for.

use std::collections::BTreeSet;

use super::{ATTEMPTS, Fetched, View};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::Purpose;
use crate::ports::store::CONFLICT;
use crate::vault::codes::NOT_OF_PURPOSE;
use crate::vault::grants::{refusal, require};
use crate::vault::journal::Draft;
use crate::vault::{Actor, Entry, Vault};

/// What is opened of a subject, for what, and what the log says of it.
#[derive(Debug, Clone)]
pub struct ItemUse {
    /// Whose data.
    pub subject: SubjectId,
    /// The purpose of the policy.
    pub purpose: Name,
    /// The items that are needed, and no others. With none, nothing of an account is opened; whether the role
    /// may act for the purpose decides, and, of a purpose that is up to the person, how they stand to it: for
    /// that there has to be an account in use.
    pub items: BTreeSet<Name>,
    /// What is done with them, such as `message.addressed`.
    pub entry: Entry,
}

impl Vault {
    /// Opens items of many subjects, as [`Vault::read_many`] does: the policy decides, a leaf each is
    /// durable in one commit, then they open. Of what the purpose gives only the items that are named
    /// open; the leaf names them.
    ///
    /// # Law
    /// Art. 5(1)(b), (c) and (f) GDPR.
    ///
    /// # Errors
    /// The codes of the ports; `store.conflict` if others keep coming first. Then nothing was opened. Of one
    /// subject: as [`Vault::read`];
    /// [`NOT_OF_PURPOSE`] for an item that the purpose does not give.
    pub async fn use_items(&self, uses: &[ItemUse], actor: &Actor) -> Result<Vec<Result<View>>> {
        for _ in 1..ATTEMPTS {
            match self.try_use_items(uses, actor).await {
                Err(error) if error.is(&CONFLICT) => {}
                other => return other,
            }
        }
        self.try_use_items(uses, actor).await
    }

    async fn try_use_items(&self, uses: &[ItemUse], actor: &Actor) -> Result<Vec<Result<View>>> {
        let mut decided = Vec::with_capacity(uses.len());
        let mut draft = Draft::new(0);
        let may = self.acting(actor).await?;
        if let Ok(under) = &may {
            require(under.as_ref(), &mut draft);
        }
        for one in uses {
            let decision = match &may {
                Ok(_) => self.decide_use(one, actor).await,
                Err(code) => Err(refusal(code, actor)),
            };
            let decision = match decision {
                Ok(Some((_, given))) if !one.items.is_subset(&given) => {
                    let item = one.items.difference(&given).next();
                    let error = NOT_OF_PURPOSE.error().with("purpose", &one.purpose);
                    Err(item.map_or_else(|| NOT_OF_PURPOSE.error(), |item| error.field_is(item)))
                }
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                other => other,
            };
            let leaf = match &decision {
                Ok(given) => {
                    if let Some((fetched, _)) = given {
                        fetched.require(&mut draft);
                    }
                    let leaf = self.leaf(self.now(), actor, one.entry.action(), one.subject);
                    let mut leaf = one.entry.clone().told(leaf);
                    leaf.purpose = Some(one.purpose.clone());
                    one.items.iter().fold(leaf, |leaf, item| leaf.detail("item", item))
                }
                Err(error) => self.refusal(one.subject, &one.purpose, actor, error),
            };
            draft.record(leaf, Vec::new(), &[]);
            decided.push(decision);
        }
        // INVARIANT 5: no leaf, no read. The envelopes open only after this.
        self.record_read(draft).await?;
        let mut views = Vec::with_capacity(decided.len());
        for (one, decision) in uses.iter().zip(decided) {
            views.push(match decision {
                Ok(Some((fetched, _))) => self.open_items(fetched, &one.purpose, &one.items).await,
                Ok(None) => Ok(View::new(one.subject)),
                Err(error) => Err(error),
            });
        }
        Ok(views)
    }

    async fn decide_use(
        &self,
        one: &ItemUse,
        actor: &Actor,
    ) -> Result<Option<(Fetched, BTreeSet<Name>)>> {
        let purpose = self.policy.purpose(&one.purpose);
        if one.items.is_empty() && !purpose.is_some_and(Purpose::is_up_to_the_person) {
            return self.may_ask(&one.purpose, actor).map(|_| None);
        }
        self.decide(one.subject, &one.purpose, actor, None).await.map(Some)
    }
}
