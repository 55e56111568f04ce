//! Objecting: the purpose is unreadable from the next read on.

use tacenda_core::policy::Against;
use tacenda_core::policy::codes::UNKNOWN_PURPOSE;
use tacenda_core::policy::records::OBJECTIONS;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::vault::codes::NOT_FOUND;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, OpenedRecord, RecordItems, RecordKey, StanceChange,
    Vault,
};
use tacenda_core::{Kind, Name, Result, SubjectId, Timestamp};

use super::codes::{NOT_THE_SUBJECT, OTHER_BASIS};
use super::list::of;
use super::state::{Ground, Made, Objection, Way};
use super::step::{about, change, standing};
use crate::case::who::{check_speaker, stamp};
use crate::requests::Words;

/// The item with what the person wrote.
pub(super) const WORDS: Name = Name::fixed("words");

/// How often it is decided again after another change of the same person came first.
const ATTEMPTS: usize = 8;

/// An objection that arrives.
#[derive(Debug, Clone)]
pub struct Objecting {
    /// The purpose that it is to.
    pub purpose: Name,
    /// By which way it came.
    pub way: Way,
    /// When it reached the controller; it may lie in the past.
    pub received_at: Timestamp,
    /// The person's reasons, in their words.
    pub words: Option<Words>,
}

/// An objection that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objected {
    /// Where its record is.
    pub key: RecordKey,
    /// Whether the person objected already; then it says so once more.
    pub repeated: bool,
}

/// Enters an objection. Against direct marketing it is final, whatever the basis; against a public
/// task or a legitimate interest it waits for a decision.
///
/// # Law
/// Art. 21(1) to (3) and (5), 18(1)(d) GDPR.
///
/// # Errors
/// `policy.unknown_purpose`, `objection.other_basis`, `objection.in_future`;
/// `objection.not_the_subject`, `policy.unknown_role`; `vault.not_found` where there is no account;
/// those of [`Vault::add_record`] and [`Vault::change_record`].
pub async fn object(
    vault: &Vault,
    subject: SubjectId,
    objecting: &Objecting,
    actor: &Actor,
) -> Result<Objected> {
    check_speaker(vault, subject, actor, &NOT_THE_SUBJECT)?;
    let purpose = vault.policy().purpose(&objecting.purpose);
    let purpose = purpose.ok_or_else(|| UNKNOWN_PURPOSE.error())?;
    let ground = match (purpose.marketing, purpose.may_be_objected_to()) {
        (true, _) => Ground::Marketing,
        (false, true) => Ground::Situation,
        (false, false) => return OTHER_BASIS.err(),
    };
    let Objecting { way, received_at, .. } = *objecting;
    let entering = Entering {
        against: Against::Purpose(purpose.name.clone()),
        made: Made { ground, way, received_at },
        words: objecting.words.as_ref(),
    };
    enter(vault, subject, &entering, actor).await
}

/// Objects to direct marketing as such: to every purpose of it that the policy has or will have, in one
/// change. Whoever wants one of them after all objects to the others one by one, and takes this one
/// back.
///
/// # Law
/// Art. 21(2) and (3) GDPR.
///
/// # Errors
/// As [`object`].
pub async fn stop_marketing(
    vault: &Vault,
    subject: SubjectId,
    (received_at, way): (Timestamp, Way),
    actor: &Actor,
) -> Result<Objected> {
    check_speaker(vault, subject, actor, &NOT_THE_SUBJECT)?;
    let made = Made { ground: Ground::Marketing, way, received_at };
    let entering = Entering { against: Against::Marketing, made, words: None };
    enter(vault, subject, &entering, actor).await
}

/// What is entered.
struct Entering<'a> {
    against: Against,
    made: Made,
    words: Option<&'a Words>,
}

async fn enter(
    vault: &Vault,
    subject: SubjectId,
    entering: &Entering<'_>,
    actor: &Actor,
) -> Result<Objected> {
    for _ in 1..ATTEMPTS {
        match try_enter(vault, subject, entering, actor).await {
            Err(error) if error.is(&CONFLICT) => {}
            other => return other,
        }
    }
    try_enter(vault, subject, entering, actor).await
}

async fn try_enter(
    vault: &Vault,
    subject: SubjectId,
    entering: &Entering<'_>,
    actor: &Actor,
) -> Result<Objected> {
    let Entering { against, made, words } = entering;
    let nobody = || NOT_FOUND.error().with("subject", subject);
    let (stance, altered) = match vault.stance(subject).await {
        // The record keeps the person's word, and `settle` tells the account once it is what it was.
        Err(error) if error.kind() == Kind::Integrity => (None, Some(error)),
        stance => (Some(stance?.ok_or_else(nobody)?), None),
    };
    if let Some(id) = stance.as_ref().and_then(|stance| stance.objection(against)) {
        let key = RecordKey { subject, kind: &OBJECTIONS, id };
        match repeat(vault, &key, entering, actor).await {
            Ok(()) => return Ok(Objected { key, repeated: true }),
            // A record that somebody altered or took away keeps nobody from objecting.
            Err(error) if matches!(error.kind(), Kind::Integrity | Kind::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    let stamp = stamp(vault, actor);
    let objection = Objection::make(against.clone(), *made, stamp)?;
    let mut items = RecordItems::default().with(MODEL, objection.encode());
    if let Some(words) = words {
        items = items.with_words(WORDS, words.as_text());
    }
    let mut entry = about(Entry::new("objection.made"), against)
        .detail("ground", made.ground.as_str())
        .detail("way", made.way.as_str());
    if let Some(error) = &altered {
        entry = entry.detail("code", error.code());
    }
    let objects = altered.is_none().then(|| StanceChange::Objects(against.clone()));
    let new = NewRecord {
        subject: Some(subject),
        standing: standing(&objection, stamp.at),
        items,
        entry,
        effects: Effects {
            stance: objects.into_iter().collect(),
            stance_seen: stance,
            ..Effects::default()
        },
    };
    let key = vault.add_record(&OBJECTIONS, new, actor).await?;
    Ok(Objected { key, repeated: false })
}

async fn repeat(
    vault: &Vault,
    key: &RecordKey,
    entering: &Entering<'_>,
    actor: &Actor,
) -> Result<()> {
    let Entering { made, words, .. } = entering;
    let is_final = |objection: &Objection| objection.ground() == Ground::Marketing;
    let before = vault.consult_record(key, &[MODEL], of).await?;
    if before.state().open_as().is_some() && is_final(&before) && words.is_none() {
        // There is nothing to add to what is final.
        return Ok(());
    }
    let decide = |record: &OpenedRecord| {
        let stamp = stamp(vault, actor);
        let objection = of(record)?;
        if objection.state().open_as().is_none() {
            // It ended since the account was looked at.
            return CONFLICT.err();
        }
        let objection = objection.repeat(*made, stamp)?;
        let mut change = change(&objection, stamp.at, "objection.repeated");
        change.entry = change.entry.detail("ground", objection.ground().as_str());
        if let Some(later) = words {
            let before = record.items.words(&WORDS).map(Words::new);
            let words = before.map_or_else(|| (*later).clone(), |before| before.and(later));
            change.set = change.set.with_words(WORDS, words.as_text());
        }
        Ok(change)
    };
    vault.change_record(key, &[MODEL, WORDS], actor, decide).await.map(drop)
}
