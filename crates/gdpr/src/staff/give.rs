//! Giving a grant: from then on the person may act in its roles.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use tacenda_core::pii::{Email, PersonName};
use tacenda_core::policy::codes::UNKNOWN_ROLE;
use tacenda_core::policy::records::GRANTS;
use tacenda_core::vault::{
    Actor, Effects, Fingerprint, MODEL, NewRecord, RecordItems, RecordKey, Standing, Vault,
};
use tacenda_core::{ActorId, Name, Result, SubjectId, Timestamp, guard};

use super::codes::{GRANTED_ALREADY, NOT_TOLD, UNKNOWN_LANGUAGE};
use super::state::{Grant, Terms, Told};
use super::{file, settle};
use crate::case::watch;
use crate::case::who::stamp;

/// The sealed items beside the grant.
pub(super) const NAME: Name = Name::fixed("name");
pub(super) const EMAIL: Name = Name::fixed("email");

/// Who somebody is. Sealed beside the grant, and shown to whoever reads it for a purpose.
#[derive(Clone)]
pub struct Identity {
    name: PersonName,
    email: Email,
}

impl Identity {
    /// A name and a work e-mail address.
    ///
    /// # Errors
    /// Those of [`PersonName::parse`], [`Email::parse`] and the guard.
    pub fn parse(name: &str, email: &str) -> Result<Self> {
        guard::refuse(name)?;
        guard::refuse(email)?;
        Ok(Self { name: PersonName::parse(name)?, email: Email::parse(email)? })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// What is to be granted.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The roles of the policy; one at least.
    pub roles: BTreeSet<Name>,
    /// The personal certificate.
    pub certificate: Fingerprint,
    /// The last day, to its end; a year from now at most.
    pub until: NaiveDate,
    /// When and in which language the person was told of the policy's notice for staff, if it has
    /// one.
    pub told: Option<(Timestamp, String)>,
}

impl Offer {
    /// The terms under the policy as it is now.
    pub(super) fn terms(&self, vault: &Vault) -> Result<Terms> {
        let policy = vault.policy();
        if !self.roles.iter().all(|role| policy.roles.contains_key(role)) {
            return UNKNOWN_ROLE.err();
        }
        let notice = policy.staff.as_ref().filter(|staff| !staff.notice.is_empty());
        let told = match (notice, &self.told) {
            (None, _) => None,
            (Some(_), None) => return NOT_TOLD.err(),
            (Some(staff), Some((at, language))) => {
                let digest = staff.notice_digest(language);
                let digest = digest.ok_or_else(|| UNKNOWN_LANGUAGE.error())?;
                Some(Told { language: language.clone(), digest, at: *at })
            }
        };
        let Self { roles, certificate, until, .. } = self;
        Ok(Terms { roles: roles.clone(), certificate: *certificate, until: *until, told })
    }
}

/// A grant that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// As whom the person acts from now on.
    pub person: ActorId,
    /// Where the grant is.
    pub key: RecordKey,
}

/// Grants roles to a person: somebody new, who gets an id, or somebody of whom a grant is kept.
///
/// # Law
/// Art. 29 and 32(4) GDPR; Art. 13 for the notice.
///
/// # Errors
/// `policy.unknown_role`, `policy.role_without_records`, `case.no_role`, `staff.own_grant`; those
/// of [`Grant::give`]; `staff.not_told`, `staff.unknown_language`; `staff.granted_already`,
/// `staff.certificate_taken`; `vault.not_found` for a person of whom nothing is known; those of
/// [`Vault::add_grant`].
pub async fn give(
    vault: &Vault,
    person: Option<ActorId>,
    identity: &Identity,
    offer: &Offer,
    actor: &Actor,
) -> Result<Granted> {
    file::check_grantor(vault, person, actor)?;
    let stamp = stamp(vault, actor);
    let grant = Grant::give(offer.terms(vault)?, watch::today(vault, stamp.at), stamp)?;
    let subject = person.map(|person| SubjectId::from(person.as_uuid()));
    if let Some(subject) = subject {
        for outline in vault.records_of(subject, &GRANTS).await? {
            let open = matches!(outline.standing, Standing::Open { .. });
            // One that has run out makes room, and its certificate with it.
            if open && !settle::run_out(vault, &outline.key).await? {
                return GRANTED_ALREADY.err();
            }
        }
    }
    let Identity { name, email } = identity;
    let new = NewRecord {
        subject,
        standing: file::standing(vault, &grant),
        // EXPOSE: the values are sealed.
        items: RecordItems::default()
            .with(MODEL, grant.encode())
            .with(NAME, name.as_typed().as_bytes().to_vec())
            .with(EMAIL, email.as_typed().as_bytes().to_vec()),
        entry: file::told(vault, "grant.given", grant.terms()),
        effects: Effects::default(),
    };
    let key = vault.add_grant(new, &grant.bearing(), actor).await.map_err(file::taken)?;
    Ok(Granted { person: ActorId::from(key.subject.as_uuid()), key })
}
