//! From bytes to a breach.

use std::collections::BTreeMap;

use tacenda_core::codec::{Decoder, MALFORMED};
use tacenda_core::pii::Country;
use tacenda_core::policy::{
    OperatorRole, PromiseChannel, PromiseNature, PromiseTrigger, RiskThreshold,
};
use tacenda_core::{ActorId, Result};

use crate::breach::clock::{Deadline, Due};
use crate::breach::severity::{
    Availability, Confidentiality, DataClass, DataScore, Factor, Identification, Inputs, Integrity,
    Risk, Severity,
};
use crate::breach::state::{
    Approval, Awareness, Cause, Count, Discovery, Draft, Entry, Event, Exemption, Facts, Ground,
    Incident, Judgement, KeysOutside, Means, Nature, Notice, NoticeKind, Notices, Occurrence,
    People, PeopleAnswer, Promise, Remedy, Telling, Unfounded, Wording,
};
use crate::case::read::{list, note, option, time, word, words};

pub(super) fn entry(d: &mut Decoder<'_>) -> Result<Entry> {
    let (at, by) = (time(d)?, ActorId::from_bytes(d.raw()?));
    let event = match d.text()? {
        "suspected" => Event::Suspected { facts: facts(d)?, promise: option(d, promise)? },
        "facts_corrected" => Event::FactsCorrected {
            facts: facts(d)?,
            promise: option(d, promise)?,
            deadlines: list(d, 30, deadline)?,
        },
        "became_aware" => Event::BecameAware(Awareness {
            since: time(d)?,
            grounds: note(d)?,
            deadlines: list(d, 30, deadline)?,
        }),
        "judged" => Event::Judged(judgement(d)?),
        "notified" => Event::Notified(notice(d)?),
        "notices_settled" if d.flag()? => Event::NoticesSettled(Notices::Made),
        "notices_settled" => Event::NoticesSettled(Notices::NotRequired(note(d)?)),
        "told" => Event::Told(telling(d)?),
        "telling_ordered" => Event::TellingOrdered(note(d)?),
        "promise_lifted" => Event::PromiseLifted(unfounded(d)?),
        "people_settled" => Event::PeopleSettled(people(d)?),
        "remarked" => Event::Remarked(note(d)?),
        "closed" => {
            Event::Closed(Remedy { effects: note(d)?, taken: note(d)?, prevention: note(d)? })
        }
        "found_unfounded" => Event::FoundUnfounded(unfounded(d)?),
        "reopened" => Event::Reopened(note(d)?),
        "drafted" => Event::Drafted(draft(d)?),
        "tested" => Event::Tested,
        "approved" => Event::Approved(word(d, Approval::parse)?, note(d)?),
        "sending_began" => Event::SendingBegan,
        _ => return MALFORMED.err(),
    };
    Ok(Entry { at, by, event })
}

fn draft(d: &mut Decoder<'_>) -> Result<Draft> {
    let mut draft = Draft::new();
    for _ in 0..d.list(16)? {
        let language = d.text()?.to_owned();
        if draft.last_key_value().is_some_and(|(last, _)| *last >= language) {
            return MALFORMED.err();
        }
        let wording = Wording { nature: note(d)?, consequences: note(d)?, measures: note(d)? };
        draft.insert(language, wording);
    }
    if draft.is_empty() { MALFORMED.err() } else { Ok(draft) }
}

fn facts(d: &mut Decoder<'_>) -> Result<Facts> {
    let nature = Nature::new(d.flag()?, d.flag()?, d.flag()?, d.flag()?);
    let roles = words(d, OperatorRole::parse)?;
    if roles.is_empty() {
        return MALFORMED.err();
    }
    Ok(Facts {
        nature: nature.map_err(|_| MALFORMED.error())?,
        roles,
        classes: d.names()?,
        occurred: match d.u8()? {
            1 => Occurrence::At(time(d)?),
            2 => Occurrence::between(time(d)?, time(d)?).map_err(|_| MALFORMED.error())?,
            3 => Occurrence::Since(time(d)?),
            4 => Occurrence::Unknowable,
            5 => Occurrence::Open,
            _ => return MALFORMED.err(),
        },
        discovery: word(d, Discovery::parse)?,
        incident: word(d, Incident::parse)?,
        cause: word(d, Cause::parse)?,
        people: words(d, People::parse)?,
        affected: count(d)?,
        records: count(d)?,
        countries: countries(d)?,
        description: note(d)?,
    })
}

fn count(d: &mut Decoder<'_>) -> Result<Count> {
    match d.u8()? {
        1 => Ok(Count::Exact(d.u64()?)),
        2 => Ok(Count::About(d.u64()?)),
        3 => Ok(Count::Unknowable),
        4 => Ok(Count::Open),
        _ => MALFORMED.err(),
    }
}

fn countries(d: &mut Decoder<'_>) -> Result<BTreeMap<Country, u64>> {
    let mut countries = BTreeMap::new();
    for _ in 0..d.list(14)? {
        let text = d.text()?;
        let country = Country::parse(text).ok().filter(|country| country.as_str() == text);
        let country = country.ok_or_else(|| MALFORMED.error())?;
        if countries.last_key_value().is_some_and(|(last, _)| *last >= country) {
            return MALFORMED.err();
        }
        countries.insert(country, d.u64()?);
    }
    Ok(countries)
}

fn promise(d: &mut Decoder<'_>) -> Result<Promise> {
    Ok(Promise {
        trigger: word(d, PromiseTrigger::parse)?,
        nature: word(d, PromiseNature::parse)?,
        channel: word(d, PromiseChannel::parse)?,
        classes: d.names()?,
    })
}

fn deadline(d: &mut Decoder<'_>) -> Result<Deadline> {
    Ok(Deadline {
        clock: d.name()?,
        role: word(d, OperatorRole::parse)?,
        recipient: d.name()?,
        threshold: word(d, RiskThreshold::parse)?,
        template: option(d, |d| d.name())?,
        source: d.text()?.to_owned(),
        due: option(d, |d| Ok(Due { keep: time(d)?, hour_rule: time(d)? }))?,
    })
}

fn judgement(d: &mut Decoder<'_>) -> Result<Judgement> {
    let (risk, reasons) = (word(d, Risk::parse)?, note(d)?);
    let inputs = Inputs {
        data: list(d, 9, |d| {
            let (class, points) = (word(d, DataClass::parse)?, d.u8()?);
            DataScore::new(class, points, words(d, Factor::parse)?)
        })
        .map_err(|_| MALFORMED.error())?,
        identification: word(d, Identification::parse)?,
        confidentiality: word(d, Confidentiality::parse)?,
        integrity: word(d, Integrity::parse)?,
        availability: word(d, Availability::parse)?,
        malicious: d.flag()?,
        over_hundred: d.flag()?,
        unintelligible: d.flag()?,
    };
    let suggested = Severity::assess(inputs).map_err(|_| MALFORMED.error())?;
    Ok(Judgement { risk, reasons, suggested })
}

fn notice(d: &mut Decoder<'_>) -> Result<Notice> {
    Ok(Notice {
        recipient: d.name()?,
        kind: word(d, NoticeKind::parse)?,
        complete: d.flag()?,
        sent_at: time(d)?,
        delay: option(d, note)?,
        remark: option(d, note)?,
    })
}

fn telling(d: &mut Decoder<'_>) -> Result<Telling> {
    Ok(Telling {
        means: word(d, Means::parse)?,
        began_at: time(d)?,
        told: d.u64()?,
        unreachable: d.u64()?,
        complete: d.flag()?,
        content: note(d)?,
    })
}

fn people(d: &mut Decoder<'_>) -> Result<PeopleAnswer> {
    Ok(match d.u8()? {
        1 => PeopleAnswer::Told,
        2 => PeopleAnswer::NotRequired(note(d)?),
        3 => PeopleAnswer::Exempt(match word(d, Ground::parse)? {
            Ground::Unintelligible => {
                let keys = KeysOutside {
                    keys: d.flag()?,
                    master_key: d.flag()?,
                    safe_mirror: d.flag()?,
                    live_grants: d.flag()?,
                };
                Exemption::Unintelligible(keys, note(d)?)
            }
            Ground::Mitigated => Exemption::Mitigated(note(d)?),
            Ground::Disproportionate => Exemption::Disproportionate(note(d)?),
        }),
        _ => return MALFORMED.err(),
    })
}

fn unfounded(d: &mut Decoder<'_>) -> Result<Unfounded> {
    let reason = note(d)?;
    let approved_by = option(d, |d| Ok(ActorId::from_bytes(d.raw()?)))?;
    Ok(Unfounded { reason, approved_by })
}
