//! What `[staff]` states: whether staff act under grants, and what they are told of them.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::codec::Encoder;
use crate::name::Name;

use super::model::{Policy, Texts};
use super::words::StaffGrants;

/// What the operator states about its staff.
///
/// # Law
/// Art. 29 and 32(4) GDPR: whoever has access acts on instructions. Art. 13: staff are told what is
/// kept of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StaffPolicy {
    /// Whether staff act under a grant or by the word of whoever calls.
    pub grants: StaffGrants,
    /// Roles that need none: of customers themselves, of services that run without a person.
    pub except: BTreeSet<Name>,
    /// What staff are told when they are granted a role; never empty where grants are required.
    pub notice: Texts,
    /// Whether the service itself says so, or an example fills a gap.
    pub example: bool,
}

impl StaffPolicy {
    /// The digest of the notice in a language, which a grant keeps; `None` if there is none in it.
    ///
    /// # Properties
    /// Depends on the words and the language alone.
    #[must_use]
    pub fn notice_digest(&self, language: &str) -> Option<[u8; 32]> {
        let words = self.notice.get(language)?;
        let mut e = Encoder::new("tacenda/staff-notice/1");
        e.text(language).text(words);
        Some(Sha256::digest(e.finish()).into())
    }
}

impl Policy {
    /// Whether whoever acts in a role needs a grant for it.
    #[must_use]
    pub fn needs_grant(&self, role: &Name) -> bool {
        let required = |staff: &&StaffPolicy| staff.grants == StaffGrants::Required;
        self.staff.as_ref().filter(required).is_some_and(|staff| !staff.except.contains(role))
    }
}

/// Behind what a policy had before there were grants; no byte if it does not speak of staff.
pub(super) fn encode(e: &mut Encoder, staff: Option<&StaffPolicy>) {
    let Some(StaffPolicy { grants, except, notice, example }) = staff else { return };
    e.text("staff").text(grants.as_str()).names(except).list(notice.len());
    for (language, words) in notice {
        e.text(language).text(words);
    }
    e.u8(u8::from(*example));
}
