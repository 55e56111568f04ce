//! Who is to be told of purposes that came later.

use std::collections::BTreeMap;

use tacenda_core::vault::Vault;
use tacenda_core::{Kind, Name, Result, SubjectId};

/// What a page of accounts comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToInform {
    /// How many accounts were looked at.
    pub seen: usize,
    /// Those whose person was not told of every purpose.
    pub subjects: Vec<SubjectId>,
    /// The purposes of which somebody among them was not told, with how many.
    pub by_purpose: BTreeMap<Name, usize>,
    /// Those that could not be looked at: they were altered. An audit says more.
    pub unread: Vec<SubjectId>,
    /// The last one of the page, to go on behind; `None` at the end.
    pub next: Option<SubjectId>,
}

/// Looks at a page of the accounts, from behind one of an earlier page on: whose person is to be told
/// before each purpose of the policy can be read. It shows ids alone. A limit of 0 counts as 1.
///
/// # Law
/// Art. 13(3) and 14(4) GDPR.
///
/// # Errors
/// The codes of the ports.
pub async fn to_inform(vault: &Vault, after: Option<SubjectId>, limit: usize) -> Result<ToInform> {
    let limit = limit.max(1);
    let page = vault.subjects(after, limit).await?;
    let next = if page.len() < limit { None } else { page.last().copied() };
    let mut found = ToInform { next, ..ToInform::default() };
    for subject in page {
        match vault.stance(subject).await {
            Ok(Some(stance)) => {
                found.seen = found.seen.saturating_add(1);
                let policy = vault.policy();
                let news = policy.purposes.values().filter(|one| !policy.is_told(one, &stance));
                let mut told = true;
                for purpose in news {
                    told = false;
                    let count = found.by_purpose.entry(purpose.name.clone()).or_default();
                    *count = count.saturating_add(1);
                }
                if !told {
                    found.subjects.push(subject);
                }
            }
            // Archived, or erased since.
            Ok(None) => {}
            Err(error) if error.kind() == Kind::Integrity => found.unread.push(subject),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
