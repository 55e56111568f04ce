//! Who may speak for a data subject: itself, or somebody in a role of the policy who enters it.

use tacenda_core::policy::codes::UNKNOWN_ROLE;
use tacenda_core::vault::{Actor, Vault};
use tacenda_core::{ActorId, Code, Result, SubjectId};

use super::Stamp;

/// Now, by this actor.
pub(crate) fn stamp(vault: &Vault, actor: &Actor) -> Stamp {
    Stamp { at: vault.now(), by: actor.id }
}

/// Refuses a subject that speaks for another, and a role that the policy does not have. The SDK
/// itself is let through.
pub(crate) fn check_speaker(
    vault: &Vault,
    subject: SubjectId,
    actor: &Actor,
    not_the_subject: &'static Code,
) -> Result<()> {
    match &actor.role {
        Some(role) if !vault.policy().roles.contains_key(role) => UNKNOWN_ROLE.err(),
        None if !is_system(actor) && *actor != Actor::subject(subject) => not_the_subject.err(),
        Some(_) | None => Ok(()),
    }
}

/// Whether it is the SDK itself that acts.
pub(crate) fn is_system(actor: &Actor) -> bool {
    actor.role.is_none() && actor.id == ActorId::SYSTEM
}
