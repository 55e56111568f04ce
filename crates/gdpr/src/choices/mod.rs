//! What a person has chosen: to which purposes they consent and object, and which notice they know. For a
//! page on which they see it, and choose again.
//!
//! Nothing is entered here: `consent`, `objection` and `notice` do. It has no codes of its own.

use tacenda_core::policy::records::{CONSENTS, OBJECTIONS};
use tacenda_core::policy::{Consented, Told};
use tacenda_core::vault::codes::NOT_FOUND;
use tacenda_core::vault::{Actor, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};

use crate::case::who::check_speaker;
use crate::objection::NOT_THE_SUBJECT;

/// How a person stands to what they decide about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// Each purpose of the policy that needs their consent, or to which they may object, by name.
    pub purposes: Vec<Choice>,
    /// Whether they object to direct marketing as such.
    pub no_marketing: bool,
    /// The newest notice that they were told of.
    pub told: Option<Told>,
}

/// How a person stands to a purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The purpose.
    pub purpose: Name,
    /// Whether it needs their consent.
    pub needs_consent: bool,
    /// The consent that stands: given, and counted by the policy.
    pub consent: Option<Consented>,
    /// When they withdrew their consent last.
    pub withdrawn_at: Option<Timestamp>,
    /// Whether they may object.
    pub may_object: bool,
    /// Whether they do, to it or to direct marketing as such.
    pub objects: bool,
    /// Whether they were told of it.
    pub told: bool,
}

/// Shows how a person stands, to themselves or to whoever works on consents and objections. That it was
/// shown is in the log. An account that is restricted is shown too: its person still decides.
///
/// # Law
/// Art. 7(3) and 21(5) GDPR: as easily as it was given, and by automated means; Art. 15(1).
///
/// # Errors
/// `objection.not_the_subject` for another subject; `policy.unknown_role`, `policy.role_without_records`;
/// `vault.not_found` where there is no account; the integrity codes; the codes of the ports.
pub async fn of(vault: &Vault, subject: SubjectId, actor: &Actor) -> Result<Choices> {
    check_speaker(vault, subject, actor, &NOT_THE_SUBJECT)?;
    let policy = vault.policy();
    if let Some(role) = &actor.role {
        policy.may_work_on(&CONSENTS, role)?;
        policy.may_work_on(&OBJECTIONS, role)?;
    }
    let nobody = || NOT_FOUND.error().with("subject", subject);
    let stance = vault.read_stance(subject, actor).await?.ok_or_else(nobody)?;
    let theirs = policy.purposes.values().filter(|purpose| purpose.is_up_to_the_person());
    let purposes = theirs.map(|purpose| {
        let name = &purpose.name;
        let stands = policy.consent_stands(name, &stance);
        Choice {
            purpose: name.clone(),
            needs_consent: purpose.needs_consent(),
            consent: stance.consents.get(name).filter(|_| stands).cloned(),
            withdrawn_at: stance.withdrawn.get(name).copied(),
            may_object: purpose.marketing || purpose.may_be_objected_to(),
            objects: stance.objects_to(purpose),
            told: policy.is_told(purpose, &stance),
        }
    });
    let purposes = purposes.collect();
    Ok(Choices { purposes, no_marketing: stance.marketing.is_some(), told: stance.told })
}
