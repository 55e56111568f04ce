//! Giving consent: the proof is written, and the purpose is read from the next read on.

use tacenda_core::pii::Country;
use tacenda_core::policy::catalogue::AgeOfConsent;
use tacenda_core::policy::records::CONSENTS;
use tacenda_core::policy::{ConsentText, Stance};
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::vault::codes::NOT_FOUND;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, OpenedRecord, RecordChange, RecordItems, RecordKey,
    StanceChange, Standing, Vault,
};
use tacenda_core::{Kind, Name, Result, SubjectId, Timestamp};

use super::codes::{
    GIVEN_BY_NOBODY, NOT_THE_SUBJECT, OBJECTED, PARENT_ENTERED, UNKNOWN_LANGUAGE, UNKNOWN_TEXT,
    WITHDRAWN_SINCE,
};
use super::list::standing_of;
use super::rules::check_age;
use super::state::{Consent, Given, Giver, How, State};
use super::unheeded;
use crate::case::who::{check_speaker, is_system, stamp};

/// How often it is decided again after another change of the same person came first.
pub(super) const ATTEMPTS: usize = 8;
/// The state of the record of a consent that stands.
pub(super) const GIVEN: Name = Name::fixed("given");

/// A consent that is given.
#[derive(Debug, Clone)]
pub struct Giving {
    /// The text of the policy that was shown, in the version that it has now.
    pub text: Name,
    /// In which language it was shown.
    pub language: String,
    /// By which act.
    pub how: How,
    /// When; it may lie in the past.
    pub given_at: Timestamp,
    /// Who consented.
    pub by: Giver,
    /// How old the person is, in years, where the service is offered to children. It is not kept.
    pub age: Option<u8>,
    /// Whose law says from which age a child consents; that of the controller if nobody says.
    pub country: Option<Country>,
}

/// A consent that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// Where its proof is.
    pub key: RecordKey,
    /// Whether it did not stand before, or to another text or version.
    pub changed: bool,
}

/// Enters that consent was given. Giving it twice to the same version of a text changes nothing. One
/// that was given before the person's last withdrawal counts no more, whenever it is entered.
///
/// # Law
/// Art. 7(1) GDPR: who relies on consent proves it. Art. 8(1) for children.
///
/// # Errors
/// `consent.unknown_text`, `consent.unknown_language`, `consent.in_future`, `consent.objected`,
/// `consent.withdrawn_since`;
/// `consent.age_unknown`, `consent.parent_needed`, `consent.parent_not_needed`, `consent.child_needed`;
/// `consent.not_the_subject`, also for a session of the account that another enters;
/// `consent.parent_entered` for a parent's consent that the child's own session enters;
/// `consent.given_by_nobody`, `policy.unknown_role`, `policy.role_without_records`; `vault.not_found`
/// where there is no account, `erasure.under_way` where it is about to go; those of
/// [`Vault::add_record`] and [`Vault::change_record`].
pub async fn give(
    vault: &Vault,
    subject: SubjectId,
    giving: &Giving,
    actor: &Actor,
) -> Result<Stands> {
    check_speaker(vault, subject, actor, &NOT_THE_SUBJECT)?;
    if is_system(actor) {
        return GIVEN_BY_NOBODY.err();
    }
    let is_the_subject = *actor == Actor::subject(subject);
    if giving.how == How::Account && !is_the_subject {
        return NOT_THE_SUBJECT.err();
    }
    if giving.by != Giver::Person && is_the_subject {
        return PARENT_ENTERED.err();
    }
    if let Some(role) = &actor.role {
        vault.policy().may_work_on(&CONSENTS, role)?;
    }
    let policy = vault.policy();
    let text = policy.consents.get(&giving.text).ok_or_else(|| UNKNOWN_TEXT.error())?;
    let given = given(text, giving)?;
    let country =
        giving.country.map_or(policy.controller.country.as_str(), |country| country.as_str());
    check_age(&policy.audience, &AgeOfConsent::of(country), giving.age, giving.by)?;
    for _ in 1..ATTEMPTS {
        match try_give(vault, subject, text, &given, actor).await {
            Err(error) if error.is(&CONFLICT) => {}
            other => return other,
        }
    }
    try_give(vault, subject, text, &given, actor).await
}

fn given(text: &ConsentText, giving: &Giving) -> Result<Given> {
    let language = giving.language.clone();
    let digest = text.digest(&language).ok_or_else(|| UNKNOWN_LANGUAGE.error())?;
    let Giving { how, given_at, by, .. } = *giving;
    Ok(Given {
        text: text.name.clone(),
        version: text.version,
        language,
        digest,
        how,
        given_at,
        by,
    })
}

async fn try_give(
    vault: &Vault,
    subject: SubjectId,
    text: &ConsentText,
    given: &Given,
    actor: &Actor,
) -> Result<Stands> {
    let nobody = || NOT_FOUND.error().with("subject", subject);
    let stance = vault.stance(subject).await?.ok_or_else(nobody)?;
    if vault.policy().purpose(&text.purpose).is_some_and(|one| stance.objects_to(one)) {
        return OBJECTED.err();
    }
    if let Some(before) = stance.consents.get(&text.purpose) {
        let key = RecordKey { subject, kind: &CONSENTS, id: before.record };
        if is_unheeded(vault, &key).await? {
            unheeded::tell(vault, &key).await?;
            return CONFLICT.err();
        }
        if before.text == given.text && before.version == given.version {
            return Ok(Stands { key, changed: false });
        }
    }
    if stance.is_withdrawn_since(&text.purpose, given.given_at) {
        return WITHDRAWN_SINCE.err();
    }
    if let Some(before) = stance.consents.get(&text.purpose) {
        let key = RecordKey { subject, kind: &CONSENTS, id: before.record };
        match renew(vault, &key, text, given, &stance, actor).await {
            Ok(()) => return Ok(Stands { key, changed: true }),
            // A proof that somebody altered or took away keeps nobody from a new one.
            Err(error) if matches!(error.kind(), Kind::Integrity | Kind::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    let stamp = stamp(vault, actor);
    let consent = Consent::give(text.purpose.clone(), given.clone(), stamp)?;
    let new = NewRecord {
        subject: Some(subject),
        standing: standing(&consent, stamp.at),
        items: RecordItems::default().with(MODEL, consent.encode()),
        entry: told("consent.given", &text.purpose, given),
        effects: effects(&text.purpose, given, &stance),
    };
    let key = vault.add_record(&CONSENTS, new, actor).await?;
    Ok(Stands { key, changed: true })
}

/// Whether the person withdrew it, and the account has not heard of it.
async fn is_unheeded(vault: &Vault, key: &RecordKey) -> Result<bool> {
    match vault.record(key).await {
        Ok(outline) => Ok(matches!(
            outline.standing,
            Standing::Open { state, .. } if state == unheeded::WITHDRAWN
        )),
        // What somebody altered or took away is looked at where it is renewed.
        Err(error) if matches!(error.kind(), Kind::Integrity | Kind::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn renew(
    vault: &Vault,
    key: &RecordKey,
    text: &ConsentText,
    given: &Given,
    stance: &Stance,
    actor: &Actor,
) -> Result<()> {
    let decide = |record: &OpenedRecord| {
        let stamp = stamp(vault, actor);
        let consent = standing_of(record)?.renew(given.clone(), stamp)?;
        Ok(RecordChange {
            standing: standing(&consent, stamp.at),
            set: RecordItems::default().with(MODEL, consent.encode()),
            remove: [].into(),
            entry: told("consent.renewed", &text.purpose, given),
            effects: effects(&text.purpose, given, stance),
        })
    };
    vault.change_record(key, &[MODEL], actor, decide).await.map(drop)
}

/// Open since it was given, for as long as it stands.
pub(super) fn standing(consent: &Consent, now: Timestamp) -> Standing {
    let first = consent.entries().first().map_or(now, |entry| entry.at);
    match consent.state() {
        State::Stands(_) => Standing::Open { state: GIVEN, due_at: Some(first) },
        State::Withdrawn(_) | State::Ended => Standing::Closed { at: now },
    }
}

fn effects(purpose: &Name, given: &Given, seen: &Stance) -> Effects {
    let (purpose, text, version) = (purpose.clone(), given.text.clone(), given.version);
    Effects {
        stance: vec![StanceChange::Consents { purpose, text, version }],
        stance_seen: Some(seen.clone()),
        ..Effects::default()
    }
}

fn told(action: &'static str, purpose: &Name, given: &Given) -> Entry {
    let by = match given.by {
        Giver::Person => "person",
        Giver::Parent(_) => "parent",
        Giver::Together(_) => "child and parent",
    };
    Entry::new(action)
        .detail("purpose", purpose)
        .detail("text", &given.text)
        .detail("version", given.version)
        .detail("how", given.how.as_str())
        .detail("by", by)
}
