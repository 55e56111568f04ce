//! Who acts.

use crate::id::{ActorId, SubjectId};
use crate::name::Name;

/// Who acts, and in which role of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// An opaque id; who it is stands elsewhere, sealed like anybody's data.
    pub id: ActorId,
    /// The role; `None` for the SDK itself and for a data subject.
    pub role: Option<Name>,
}

impl Actor {
    /// A member of staff or a service, in a role.
    #[must_use]
    pub const fn staff(id: ActorId, role: Name) -> Self {
        Self { id, role: Some(role) }
    }

    /// The data subject, acting on its own data.
    #[must_use]
    pub fn subject(id: SubjectId) -> Self {
        Self { id: ActorId::from(id.as_uuid()), role: None }
    }

    /// The SDK itself: sweeps, resumed work, policy evolution.
    #[must_use]
    pub const fn system() -> Self {
        Self { id: ActorId::SYSTEM, role: None }
    }
}
