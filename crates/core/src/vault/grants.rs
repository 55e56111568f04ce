//! Grants of staff: who acts in a role is held against what was granted, at every step.
//!
//! What decides stands in the row beside the sealed body: that it was granted and not revoked since
//! (its state), until when (`due_at`), for which roles and with which certificate (tokens). So one
//! look at the rows of one person and at the log is enough, nothing is unwrapped, and nothing is
//! remembered from the step before: what another process revoked is refused at the next step here.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::codes::{
    ALTERED_ROW, EXPIRED_GRANT, MISSING_ROW, NO_GRANT, OTHER_CERTIFICATE, REVOKED_GRANT,
    UNCONFIRMED_GRANT,
};
use super::journal::Draft;
use super::records::{NewRecord, OpenedRecord, RecordChange, RecordKey, RecordOutline};
use super::{Actor, Fingerprint, Vault};
use crate::codec::Encoder;
use crate::error::{Code, Context, Error, Result};
use crate::id::{ActorId, SubjectId};
use crate::name::Name;
use crate::policy::records::{GRANTED, GRANTS, UNCONFIRMED};
use crate::ports::Expect;
use crate::ports::store::NOT_UNIQUE;
use crate::row::{Row, RowKey, Token, state};

/// The index of the roles of grants.
const ROLE: Name = Name::fixed("tacenda.staff.role");
/// The index of the certificates of grants in force: one is one person's.
const CERTIFICATE: Name = Name::fixed("tacenda.staff.certificate");
/// The index of the people of grants in force: each has one.
const PERSON: Name = Name::fixed("tacenda.staff.person");

/// What a grant is held against whoever acts by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bearing {
    /// It counts, for these roles and with this certificate, until it is due.
    Granted(BTreeSet<Name>, Fingerprint),
    /// It has run out; for which roles it was can still be told.
    RunOut(BTreeSet<Name>),
    /// It was revoked.
    Revoked,
}

impl Bearing {
    /// Of a grant in force also that of the person, as far as they are known already: two that are
    /// given at once are never both in force.
    fn tokens(&self, person: Option<SubjectId>) -> Vec<Token> {
        let person = person.filter(|_| matches!(self, Self::Granted(..)));
        let (roles, certificate) = match self {
            Self::Granted(roles, certificate) => (Some(roles), Some(certificate)),
            Self::RunOut(roles) => (Some(roles), None),
            Self::Revoked => (None, None),
        };
        let roles = roles.into_iter().flatten().map(role_token);
        let tokens = roles.chain(certificate.map(certificate_token));
        tokens.chain(person.map(person_token)).collect()
    }
}

/// The SHA-256 of a role, cut. It hides nothing, and is as long as a token is: whose row it is, is
/// an opaque id.
fn role_token(role: &Name) -> Token {
    let mut e = Encoder::new("tacenda/grant-role/1");
    e.text(role.as_str());
    Token { index: ROLE, value: cut(&e.finish()), unique: false }
}

/// The SHA-256 of a fingerprint, cut: whoever has the certificate finds it, and nobody else.
fn certificate_token(certificate: &Fingerprint) -> Token {
    let mut e = Encoder::new("tacenda/grant-certificate/1");
    e.raw(certificate.as_bytes());
    Token { index: CERTIFICATE, value: cut(&e.finish()), unique: true }
}

/// The SHA-256 of an id, cut.
fn person_token(person: SubjectId) -> Token {
    let mut e = Encoder::new("tacenda/grant-person/1");
    e.raw(person.as_bytes());
    Token { index: PERSON, value: cut(&e.finish()), unique: true }
}

/// Whether a grant was refused because another of the same person is in force.
#[must_use]
pub fn is_of_granted(error: &Error) -> bool {
    error.is(&NOT_UNIQUE) && error.context("index") == Some(&Context::Name(PERSON))
}

fn cut(bytes: &[u8]) -> [u8; 16] {
    let mut value = [0u8; 16];
    for (to, from) in value.iter_mut().zip(Sha256::digest(bytes)) {
        *to = from;
    }
    value
}

impl Vault {
    /// Adds a grant, as [`Vault::add_record`] does, with what it is held against whoever acts by.
    ///
    /// # Errors
    /// Those of [`Vault::add_record`]; `store.not_unique` for a certificate that another grant has, and
    /// for a person who has one in force ([`is_of_granted`]).
    pub async fn add_grant(
        &self,
        new: NewRecord,
        bearing: &Bearing,
        actor: &Actor,
    ) -> Result<RecordKey> {
        self.check_grant(actor).await?;
        let tokens = bearing.tokens(new.subject);
        self.add_found_by(&GRANTS, new, tokens, actor).await
    }

    /// Changes a grant, as [`Vault::change_record`] does, and what it is held against whoever acts
    /// by.
    ///
    /// # Errors
    /// Those of [`Vault::change_record`]; `store.not_unique` for a certificate that another grant
    /// has.
    pub async fn change_grant(
        &self,
        key: &RecordKey,
        needed: &[Name],
        actor: &Actor,
        mut decide: impl FnMut(&OpenedRecord) -> Result<(RecordChange, Bearing)> + Send,
    ) -> Result<RecordOutline> {
        let mut decide = |record: &OpenedRecord| {
            let (change, bearing) = decide(record)?;
            Ok((change, Some(bearing.tokens(Some(key.subject)))))
        };
        self.change_with_tokens(key, needed, actor, &mut decide).await
    }

    /// Whether the actor may act in its role now: as the policy has it, under a grant in force or
    /// without one.
    ///
    /// # Law
    /// Art. 32(4) GDPR.
    ///
    /// # Errors
    /// `staff.no_grant`, `staff.expired`, `staff.revoked`, `staff.other_certificate`,
    /// `staff.unconfirmed`; the integrity codes for a grant that somebody altered; the codes of the store.
    ///
    /// # Properties
    /// One look-up of the rows and latest leaves of one subject, whatever the vault holds; none
    /// where no grant is required. A grant that is altered, or moved from somebody else, grants
    /// nothing.
    pub async fn check_grant(&self, actor: &Actor) -> Result<()> {
        self.under_grant(actor).await.map(drop)
    }

    /// [`Vault::check_grant`], with the grant as it was seen.
    pub(super) async fn under_grant(&self, actor: &Actor) -> Result<Option<Under>> {
        self.acting(actor).await?.map_err(|code| refusal(code, actor))
    }

    /// Under which grant the actor acts in its role now, `None` where none is needed; or why it may
    /// not.
    pub(super) async fn acting(
        &self,
        actor: &Actor,
    ) -> Result<std::result::Result<Option<Under>, &'static Code>> {
        let needs = |role: &&Name| self.policy.needs_grant(role);
        let Some(role) = actor.role.as_ref().filter(needs) else { return Ok(Ok(None)) };
        if actor.id == ActorId::SYSTEM {
            return Ok(Err(&NO_GRANT));
        }
        let subject = SubjectId::from(actor.id.as_uuid());
        let of_grants = |_, class: &Name| *class == GRANTS.class;
        let rows = self.checked_each(&[subject], of_grants).await?.pop();
        let rows = match rows.unwrap_or_else(|| Ok(Vec::new())) {
            Ok(rows) => rows,
            Err(error) if error.is(&ALTERED_ROW) => return Ok(Err(&ALTERED_ROW)),
            Err(error) if error.is(&MISSING_ROW) => return Ok(Err(&MISSING_ROW)),
            Err(error) => return Err(error),
        };
        let asked = role_token(role);
        let certificate = actor.certificate.as_ref().map(certificate_token);
        let mut why = &NO_GRANT;
        // The oldest first: what was granted last says why not.
        for row in rows.iter().filter(|row| row.key.kind == GRANTS.kind) {
            let for_role = row.tokens.contains(&asked);
            let lasts = row.due_at.is_some_and(|at| at > self.now());
            let in_force = row.state == GRANTED && lasts;
            match in_force {
                true if !for_role => {}
                true if certificate.as_ref().is_some_and(|one| row.tokens.contains(one)) => {
                    return Ok(Ok(Some(Under { row: row.key.clone(), version: row.version })));
                }
                true => why = &OTHER_CERTIFICATE,
                false if for_role && row.state == UNCONFIRMED && lasts => why = &UNCONFIRMED_GRANT,
                false if for_role => why = &EXPIRED_GRANT,
                false if was_revoked(row) => why = &REVOKED_GRANT,
                false => {}
            }
        }
        Ok(Err(why))
    }
}

/// A grant as it was when somebody was found to act under it.
pub(super) struct Under {
    row: RowKey,
    version: u64,
}

impl Under {
    /// Whether it is this row.
    pub(super) fn is(&self, row: &RowKey) -> bool {
        self.row == *row
    }
}

/// Makes a change depend on the grant: what is revoked in between lets nothing through.
pub(super) fn require(under: Option<&Under>, draft: &mut Draft) {
    if let Some(Under { row, version }) = under {
        draft.require(row.clone(), Expect::Version(*version));
    }
}

fn was_revoked(row: &Row) -> bool {
    row.state == state::CLOSED && row.tokens.is_empty()
}

/// The error that says why not.
pub(super) fn refusal(code: &'static Code, actor: &Actor) -> Error {
    let error = code.error().with("actor", actor.id);
    match &actor.role {
        Some(role) => error.with("role", role),
        None => error,
    }
}
