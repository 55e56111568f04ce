//! Raising a breach: from then on it is in the register, whatever comes of it.

use tacenda_core::Result;
use tacenda_core::policy::records::BREACHES;
use tacenda_core::vault::{
    Actor, Effects, MODEL, NewRecord, Numbered, RecordItems, RecordKey, Vault,
};

use super::super::state::{Breach, Facts};
use super::file;
use super::id::BreachId;
use crate::case::who::stamp;

/// A breach that was raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// Where it is.
    pub key: RecordKey,
    /// Its number.
    pub id: BreachId,
    /// Whether it is new; not if there was one of this number.
    pub is_new: bool,
}

/// Enters a suspicion in the register. Whoever may have to try again chooses the number before: a second
/// try with it makes no second breach. A promise may bind from here on. The SDK itself may raise one, as
/// an alarm does.
///
/// # Law
/// Art. 33(5) GDPR: every breach is documented.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `breach.no_role`; those of
/// [`Vault::add_record`].
pub async fn suspect(
    vault: &Vault,
    id: Option<BreachId>,
    facts: Facts,
    actor: &Actor,
) -> Result<Raised> {
    file::check_role(vault, actor)?;
    let id = id.unwrap_or_else(|| BreachId::generate(vault.ports().rng.as_ref()));
    let breach = Breach::suspect(facts, vault.policy(), stamp(vault, actor))?;
    let new = NewRecord {
        subject: None,
        standing: file::standing(vault, &breach),
        items: RecordItems::default().with(MODEL, breach.encode()),
        entry: file::told(&breach),
        effects: Effects::default(),
    };
    Ok(match vault.add_record_once(&BREACHES, id.as_bytes(), new, actor).await? {
        Numbered::Added(key) => Raised { key, id, is_new: true },
        Numbered::There(key) => Raised { key, id, is_new: false },
    })
}
