//! Reading what is restricted, or held for claims, on a ground that the log names.

use super::View;
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
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
    /// Reads what a purpose may see of a subject, also of what is restricted, and for claims also of what a
    /// hold keeps in an archive, beyond the days of its laws. The policy decides as for
    /// every read; the leaf names the ground, which is the actor's to answer for. What has outlived its
    /// account is read for a purpose that needs neither facts nor consent.
    ///
    /// # Law
    /// Art. 18(2), 17(3)(e) GDPR.
    ///
    /// # Errors
    /// As [`Vault::read`].
    pub async fn read_restricted(
        &self,
        subject: SubjectId,
        purpose: &Name,
        ground: RestrictedUse,
        actor: &Actor,
    ) -> Result<View> {
        let decision = self.decide(subject, purpose, actor, Some(ground)).await;
        let leaf = match &decision {
            Ok(_) => self.grant(subject, purpose, actor),
            Err(error) => self.refusal(subject, purpose, actor, error),
        };
        // INVARIANT 5: no leaf, no read.
        self.record_read(vec![leaf.detail("restricted", ground.as_str())]).await?;
        let (fetched, items) = decision?;
        self.open_items(fetched, purpose, &items).await
    }
}
