//! Whether anything is held of whoever asks, by the rows and the log.

use chrono::NaiveDate;
use tacenda_core::calendar::day_of;
use tacenda_core::leaf::Leaf;
use tacenda_core::policy::records::RESERVED;
use tacenda_core::vault::{Actor, Outline, Vault};
use tacenda_core::{Result, SubjectId, Timestamp};

use super::decision::Decision;
use super::file;

/// The most leaves of a subject that are looked through.
const MOST: usize = 1 << 20;

/// What is held of a subject, but for the files of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Nothing, and the log has no word of an erasure.
    Nothing,
    /// Nothing; it was erased on this day of the controller's zone.
    ErasedOn(NaiveDate),
    /// Something, in use or archived.
    Something,
}

impl Held {
    /// The decision that follows from it alone, if one does.
    #[must_use]
    pub const fn decision(self) -> Option<Decision> {
        match self {
            Self::Nothing => Some(Decision::NothingHeld),
            Self::ErasedOn(day) => Some(Decision::ErasedBefore(day)),
            Self::Something => None,
        }
    }
}

/// What is held of a subject. It opens nothing; that somebody was told is in the log.
///
/// Where the log was pruned since, what was erased before is known no more, and nothing is held.
///
/// # Errors
/// `requests.not_the_subject` for a subject who asks about another; `policy.unknown_role`,
/// `policy.role_without_records`; the integrity codes; the codes of the ports.
pub async fn held(vault: &Vault, subject: SubjectId, actor: &Actor) -> Result<Held> {
    file::check_told(vault, subject, actor)?;
    vault.note_look_up(subject, actor).await?;
    of(vault, subject).await
}

/// What is held of a subject, for a decision.
pub(super) async fn of(vault: &Vault, subject: SubjectId) -> Result<Held> {
    let rows = vault.outline(subject).await?;
    if !rows.iter().all(Outline::is_record) {
        return Ok(Held::Something);
    }
    let (mut limit, mut seen) = (64usize, None);
    loop {
        let leaves = vault.history(subject, limit).await?;
        if let Some(at) = leaves.iter().find_map(erased_at) {
            return Ok(Held::ErasedOn(day_of(vault.ports().zone.as_ref(), at)));
        }
        if seen == Some(leaves.len()) || limit >= MOST {
            return Ok(Held::Nothing);
        }
        seen = Some(leaves.len());
        limit = limit.saturating_mul(8);
    }
}

/// When data of the subject's own went, and not a record alone, if a leaf says so. What was erased again
/// after a restore went on the day on which its key was destroyed.
fn erased_at(leaf: &Leaf) -> Option<Timestamp> {
    let mut details = leaf.details.iter();
    let own = details.any(|(key, class)| key == "erased" && !class.starts_with(RESERVED));
    match leaf.action.as_str() {
        "erasure.done" if own => Some(leaf.at),
        "erasure.replayed" if own => Timestamp::parse_rfc3339(leaf.find("destroyed_at")?).ok(),
        _ => None,
    }
}
