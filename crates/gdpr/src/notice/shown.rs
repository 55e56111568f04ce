//! That a person was told.

use tacenda_core::policy::Told;
use tacenda_core::vault::codes::NOT_FOUND;
use tacenda_core::vault::{Actor, Entry, StanceChange, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};

use super::{IN_FUTURE, NOT_THE_SUBJECT, UNKNOWN_VERSION};
use crate::case::choice;
use crate::case::who::check_speaker;

choice! {
    /// By which way a person was told.
    Way {
        /// In the account.
        Account = "account",
        /// By e-mail.
        Email = "e-mail",
        /// By letter.
        Letter = "letter",
        /// In another way.
        Other = "other",
    }
}

/// A notice that was shown or sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The version of the policy that it states.
    pub version: u64,
    /// When; it may lie in the past.
    pub at: Timestamp,
    /// By which way.
    pub way: Way,
}

/// Enters that a person was told; whether it was news. An older notice than they know changes nothing.
///
/// # Law
/// Art. 13(3) and 14(4) GDPR: before the further processing.
///
/// # Errors
/// `notice.unknown_version`, `notice.in_future`; `notice.not_the_subject`, `policy.unknown_role`;
/// `vault.not_found` where there is no account, `erasure.under_way` where it is about to go; those of
/// [`Vault::change_stance`].
pub async fn shown(vault: &Vault, subject: SubjectId, shown: Shown, actor: &Actor) -> Result<bool> {
    check_speaker(vault, subject, actor, &NOT_THE_SUBJECT)?;
    let Shown { version, at, way } = shown;
    if version == 0 || version > vault.policy().version {
        return Err(UNKNOWN_VERSION.error().with("version", version));
    }
    if at > vault.now() {
        return IN_FUTURE.err();
    }
    let nobody = || NOT_FOUND.error().with("subject", subject);
    let known = vault.stance(subject).await?.ok_or_else(nobody)?.told;
    if known.is_some_and(|known| known.version >= version) {
        return Ok(false);
    }
    let told = StanceChange::Told(Told { version, at, how: Name::fixed(way.as_str()) });
    let entry = Entry::new("notice.shown")
        .detail("version", version)
        .detail("at", at)
        .detail("way", way.as_str());
    vault.change_stance(subject, None, &[told], entry, actor).await?;
    Ok(true)
}
