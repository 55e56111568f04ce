//! Contradictions: what each part of a policy allows and all of them together do not.
//!
//! A check is left out where something that it looks at is itself in disorder; its own problem is
//! reported already.

mod breach;
mod consent;
mod data;
mod laws;
mod means;
mod taxonomy;
mod who;

use super::model::Policy;
use super::reader::Reader;

/// Reports every contradiction of a policy.
pub(super) fn contradictions(r: &mut Reader<'_>, policy: &Policy) {
    r.done_reading();
    data::items(r, policy);
    data::identifier(r, policy);
    data::passwords(r, policy);
    data::classes(r, policy);
    data::archives(r, policy);
    laws::rules(r, policy);
    laws::bases(r, policy);
    who::purposes(r, policy);
    who::parties(r, policy);
    who::audience(r, policy);
    means::processors(r, policy);
    means::backups(r, policy);
    means::password_cost(r, policy);
    means::payments(r, policy);
    breach::breach(r, policy);
    consent::consents(r, policy);
    consent::since(r, policy);
}
