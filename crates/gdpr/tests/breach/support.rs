//! A small world: the example's policy, facts, and each step in its plainest form.

use std::sync::LazyLock;

use chrono_tz::Tz;
use tacenda_core::calendar::TimeZoneRules;
use tacenda_core::clock::Span;
use tacenda_core::policy::{OperatorRole, Policy};
use tacenda_core::{ActorId, Name, Result, Timestamp};
use tacenda_gdpr::breach::severity::{
    Availability, Confidentiality, DataClass, DataScore, Identification, Inputs, Integrity, Risk,
    Severity,
};
use tacenda_gdpr::breach::state::{
    Cause, Count, Discovery, Exemption, Facts, Incident, Judgement, KeysOutside, Means, Nature,
    Notice, NoticeKind, Notices, Occurrence, People, PeopleAnswer, Remedy, Stamp, Telling,
    Unfounded,
};
use tacenda_gdpr::breach::{Breach, Note};

pub(crate) const EXAMPLE: &str =
    include_str!("../../../../examples/glpi-network-cloud/privacy.toml");

pub(crate) const DPO: ActorId = ActorId::from_bytes([1; 16]);
pub(crate) const BOSS: ActorId = ActorId::from_bytes([2; 16]);

pub(crate) fn policy() -> Policy {
    static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::parse(EXAMPLE).unwrap());
    POLICY.clone()
}

/// The same policy without a promise.
pub(crate) fn unpromised() -> Policy {
    static POLICY: LazyLock<Policy> = LazyLock::new(|| {
        let (head, tail) = EXAMPLE.split_once("[breach.promise]").unwrap();
        let (_, clocks) = tail.split_once("# example: the law says").unwrap();
        Policy::parse(&format!("{head}# {clocks}")).unwrap()
    });
    POLICY.clone()
}

pub(crate) fn paris() -> TimeZoneRules<Tz> {
    TimeZoneRules::new("Europe/Paris", Tz::Europe__Paris)
}

/// So many hours after the suspicion of a Friday, 20 November 2026 at 16:30 in Paris.
pub(crate) fn hour(hours: i64) -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-20T15:30:00Z").unwrap().plus(Span::hours(hours))
}

pub(crate) fn stamp(hours: i64) -> Stamp {
    Stamp { at: hour(hours), by: DPO }
}

pub(crate) fn note(text: &str) -> Note {
    Note::parse(text).unwrap()
}

pub(crate) fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

/// A theft of what the class `account` holds, in one role.
pub(crate) fn facts(role: OperatorRole) -> Facts {
    Facts {
        nature: Nature::THEFT,
        roles: [role].into(),
        classes: [Name::fixed("account")].into(),
        occurred: Occurrence::Since(hour(-48)),
        discovery: Discovery::Ourselves,
        incident: Incident::Exfiltration,
        cause: Cause::OutsideMalicious,
        people: [People::Customers].into(),
        affected: Count::About(1200),
        records: Count::About(3600),
        countries: std::collections::BTreeMap::default(),
        description: note("A copy of the table of accounts was found on a public server."),
    }
}

pub(crate) fn severity() -> Severity {
    Severity::assess(Inputs {
        data: vec![DataScore::base(DataClass::Simple)],
        identification: Identification::Maximum,
        confidentiality: Confidentiality::UnknownRecipients,
        integrity: Integrity::NoMisuseSeen,
        availability: Availability::EasilyRestored,
        malicious: true,
        over_hundred: true,
        unintelligible: false,
    })
    .unwrap()
}

pub(crate) fn judgement(risk: Risk) -> Judgement {
    Judgement { risk, reasons: note("As the assessment says."), suggested: severity() }
}

pub(crate) fn notice(recipient: &'static str, kind: NoticeKind, hours: i64) -> Notice {
    Notice {
        recipient: Name::fixed(recipient),
        kind,
        complete: true,
        sent_at: hour(hours),
        delay: None,
        remark: None,
    }
}

pub(crate) fn telling(means: Means, hours: i64) -> Telling {
    Telling {
        means,
        began_at: hour(hours),
        told: 1200,
        unreachable: 0,
        complete: true,
        content: note("Somebody has copied your data. Please change your password."),
    }
}

pub(crate) fn not_required() -> (Notices, PeopleAnswer) {
    let reason = || note("A risk is unlikely.");
    (Notices::NotRequired(reason()), PeopleAnswer::NotRequired(reason()))
}

pub(crate) fn encrypted(keys: KeysOutside) -> PeopleAnswer {
    let evidence = note("The backup is encrypted; its keys lie elsewhere.");
    PeopleAnswer::Exempt(Exemption::Unintelligible(keys, evidence))
}

pub(crate) const OUTSIDE: KeysOutside =
    KeysOutside { keys: true, master_key: true, safe_mirror: true, live_grants: true };

pub(crate) fn remedy() -> Remedy {
    let (effects, taken) = (note("None that is known."), note("The server was closed."));
    Remedy { effects, taken, prevention: note("Access is reviewed every month.") }
}

pub(crate) fn unfounded(approved_by: Option<ActorId>) -> Unfounded {
    Unfounded { reason: note("The copy was one of invented data."), approved_by }
}

/// A breach of which the operator has become aware, an hour after the suspicion.
pub(crate) fn aware(role: OperatorRole, policy: &Policy) -> Breach {
    let breach = Breach::suspect(facts(role), policy, stamp(0)).unwrap();
    breach.become_aware(hour(0), note("The copy is ours."), policy, &paris(), stamp(1)).unwrap()
}

/// A breach of a controller, judged.
pub(crate) fn judged(risk: Risk, policy: &Policy) -> Breach {
    aware(OperatorRole::Controller, policy).judge(judgement(risk), stamp(2)).unwrap()
}

/// A breach of which the authority has been told.
pub(crate) fn notified(risk: Risk, policy: &Policy) -> Breach {
    let breach = judged(risk, policy);
    if risk == Risk::Unlikely {
        return breach.settle_notices(not_required().0, stamp(3)).unwrap();
    }
    let breach = breach.notify(notice("authority", NoticeKind::Initial, 3), stamp(3)).unwrap();
    breach.settle_notices(Notices::Made, stamp(3)).unwrap()
}
