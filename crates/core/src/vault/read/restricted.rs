//! Reading what is restricted, or held for claims, on a ground that the log names.

use super::{ATTEMPTS, View};
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::records::RESTRICTIONS;
use crate::ports::store::CONFLICT;
use crate::vault::grants::{refusal, require};
use crate::vault::journal::Draft;
use crate::vault::{Actor, Vault};

/// For what restricted data may be read, beside storing it.
///
/// # Law
/// Art. 18(2) GDPR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RestrictedUse {
    /// The person has consented to it.
    Consent,
    /// Legal claims are established, exercised or defended.
    Claims,
    /// The rights of another natural or legal person are protected.
    RightsOfOthers,
    /// Important public interest of the Union or of a member state.
    PublicInterest,
}

impl RestrictedUse {
    /// Every ground, in the order of the law.
    pub const ALL: [Self; 4] =
        [Self::Consent, Self::Claims, Self::RightsOfOthers, Self::PublicInterest];

    /// Its word, as the log has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Claims => "claims",
            Self::RightsOfOthers => "rights of others",
            Self::PublicInterest => "public interest",
        }
    }
}

impl Vault {
    /// Reads what a purpose may see of a subject, also of what is restricted, and for claims also
    /// of what a hold keeps in an archive, beyond the days of its laws. The policy decides as for
    /// every read, and by a role that works on restrictions; the leaf names the ground, which is
    /// the actor's to answer for. What has outlived its account is read for a purpose that needs
    /// neither facts nor consent.
    ///
    /// # Law
    /// Art. 18(2), 17(3)(e) GDPR.
    ///
    /// # Errors
    /// As [`Vault::read`]; `policy.role_without_records` for a role that does not work on
    /// restrictions.
    pub async fn read_restricted(
        &self,
        subject: SubjectId,
        purpose: &Name,
        ground: RestrictedUse,
        actor: &Actor,
    ) -> Result<View> {
        for _ in 1..ATTEMPTS {
            match self.try_read_restricted(subject, purpose, ground, actor).await {
                Err(error) if error.is(&CONFLICT) => {}
                other => return other,
            }
        }
        self.try_read_restricted(subject, purpose, ground, actor).await
    }

    async fn try_read_restricted(
        &self,
        subject: SubjectId,
        purpose: &Name,
        ground: RestrictedUse,
        actor: &Actor,
    ) -> Result<View> {
        let mut draft = Draft::new(0);
        let decision = match self.acting(actor).await? {
            Err(code) => Err(refusal(code, actor)),
            Ok(under) => {
                require(under.as_ref(), &mut draft);
                match self.policy.may_work_on(&RESTRICTIONS, super::role_of(actor)) {
                    Ok(()) => self.decide(subject, purpose, actor, Some(ground)).await,
                    Err(refused) => Err(refused.into()),
                }
            }
        };
        let leaf = match &decision {
            Ok((fetched, _)) => {
                fetched.require(&mut draft);
                self.grant(subject, purpose, actor)
            }
            Err(error) => self.refusal(subject, purpose, actor, error),
        };
        // INVARIANT 5: no leaf, no read.
        draft.record(leaf.detail("restricted", ground.as_str()), Vec::new(), &[]);
        self.record_read(draft).await?;
        let (fetched, items) = decision?;
        self.open_items(fetched, purpose, &items).await
    }
}
