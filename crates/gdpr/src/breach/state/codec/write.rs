//! From a breach to bytes.

use tacenda_core::codec::Encoder;

use crate::breach::clock::Deadline;
use crate::breach::severity::Inputs;
use crate::breach::state::{
    Count, Entry, Event, Exemption, Facts, Judgement, Notice, Notices, Occurrence, PeopleAnswer,
    Promise, Telling, Unfounded, Wording,
};
use crate::case::write::{flag, list, name, note, option, time, words};

pub(super) fn entry(e: &mut Encoder, entry: &Entry) {
    let Entry { at, by, event } = entry;
    time(e, *at);
    e.raw(by.as_bytes()).text(event.as_str());
    match event {
        Event::Suspected { facts, promise } => {
            facts_of(e, facts);
            option(e, promise.as_ref(), promise_of);
        }
        Event::FactsCorrected { facts, promise, deadlines } => {
            facts_of(e, facts);
            option(e, promise.as_ref(), promise_of);
            list(e, deadlines, deadline);
        }
        Event::BecameAware(awareness) => {
            time(e, awareness.since);
            note(e, &awareness.grounds);
            list(e, &awareness.deadlines, deadline);
        }
        Event::Judged(judgement) => judgement_of(e, judgement),
        Event::Notified(notice) => notice_of(e, notice),
        Event::NoticesSettled(Notices::Made) => flag(e, true),
        Event::NoticesSettled(Notices::NotRequired(reason)) => {
            flag(e, false);
            note(e, reason);
        }
        Event::Drafted(draft) => {
            e.list(draft.len());
            for (language, Wording { nature, consequences, measures }) in draft {
                e.text(language);
                for text in [nature, consequences, measures] {
                    note(e, text);
                }
            }
        }
        Event::Approved(what, reason) => {
            e.text(what.as_str());
            note(e, reason);
        }
        Event::Tested | Event::SendingBegan => {}
        Event::Told(telling) => telling_of(e, telling),
        Event::PeopleSettled(people) => people_of(e, people),
        Event::TellingOrdered(text) | Event::Remarked(text) | Event::Reopened(text) => {
            note(e, text);
        }
        Event::Closed(remedy) => {
            note(e, &remedy.effects);
            note(e, &remedy.taken);
            note(e, &remedy.prevention);
        }
        Event::FoundUnfounded(unfounded) | Event::PromiseLifted(unfounded) => {
            unfounded_of(e, unfounded);
        }
    }
}

fn facts_of(e: &mut Encoder, facts: &Facts) {
    let Facts {
        nature,
        roles,
        classes,
        occurred,
        discovery,
        incident,
        cause,
        people,
        affected,
        records,
        countries,
        description,
    } = facts;
    for lost in [nature.confidentiality, nature.integrity, nature.availability, nature.theft] {
        flag(e, lost);
    }
    words(e, roles, |role| role.as_str());
    e.names(classes);
    match occurred {
        Occurrence::At(at) => time(e.u8(1), *at),
        Occurrence::Between(from, to) => {
            time(e.u8(2), *from);
            time(e, *to);
        }
        Occurrence::Since(from) => time(e.u8(3), *from),
        Occurrence::Unknowable => drop(e.u8(4)),
        Occurrence::Open => drop(e.u8(5)),
    }
    e.text(discovery.as_str()).text(incident.as_str()).text(cause.as_str());
    words(e, people, |people| people.as_str());
    for count in [affected, records] {
        match count {
            Count::Exact(n) => drop(e.u8(1).u64(*n)),
            Count::About(n) => drop(e.u8(2).u64(*n)),
            Count::Unknowable => drop(e.u8(3)),
            Count::Open => drop(e.u8(4)),
        }
    }
    e.list(countries.len());
    for (country, people) in countries {
        e.text(country.as_str()).u64(*people);
    }
    note(e, description);
}

fn promise_of(e: &mut Encoder, promise: &Promise) {
    let Promise { trigger, nature, channel, classes } = promise;
    e.text(trigger.as_str()).text(nature.as_str()).text(channel.as_str()).names(classes);
}

fn deadline(e: &mut Encoder, deadline: &Deadline) {
    let Deadline { clock, role, recipient, threshold, template, source, due } = deadline;
    name(e, clock);
    e.text(role.as_str());
    name(e, recipient);
    e.text(threshold.as_str());
    option(e, template.as_ref(), name);
    e.text(source);
    option(e, due.as_ref(), |e, due| {
        time(e, due.keep);
        time(e, due.hour_rule);
    });
}

fn judgement_of(e: &mut Encoder, judgement: &Judgement) {
    let Judgement { risk, reasons, suggested } = judgement;
    e.text(risk.as_str());
    note(e, reasons);
    let Inputs {
        data,
        identification,
        confidentiality,
        integrity,
        availability,
        malicious,
        over_hundred,
        unintelligible,
    } = suggested.inputs();
    list(e, data, |e, score| {
        e.text(score.class().as_str()).u8(score.points());
        words(e, score.factors(), |factor| factor.as_str());
    });
    e.text(identification.as_str()).text(confidentiality.as_str());
    e.text(integrity.as_str()).text(availability.as_str());
    for one in [malicious, over_hundred, unintelligible] {
        flag(e, *one);
    }
}

fn notice_of(e: &mut Encoder, notice: &Notice) {
    let Notice { recipient, kind, complete, sent_at, delay, remark } = notice;
    name(e, recipient);
    e.text(kind.as_str());
    flag(e, *complete);
    time(e, *sent_at);
    option(e, delay.as_ref(), note);
    option(e, remark.as_ref(), note);
}

fn telling_of(e: &mut Encoder, telling: &Telling) {
    let Telling { means, began_at, told, unreachable, complete, content } = telling;
    e.text(means.as_str());
    time(e, *began_at);
    e.u64(*told).u64(*unreachable);
    flag(e, *complete);
    note(e, content);
}

fn people_of(e: &mut Encoder, people: &PeopleAnswer) {
    match people {
        PeopleAnswer::Told => drop(e.u8(1)),
        PeopleAnswer::NotRequired(reason) => note(e.u8(2), reason),
        PeopleAnswer::Exempt(exemption) => {
            e.u8(3).text(exemption.ground().as_str());
            if let Exemption::Unintelligible(keys, _) = exemption {
                for outside in [keys.keys, keys.master_key, keys.safe_mirror, keys.live_grants] {
                    flag(e, outside);
                }
            }
            note(e, exemption.evidence());
        }
    }
}

fn unfounded_of(e: &mut Encoder, unfounded: &Unfounded) {
    let Unfounded { reason, approved_by } = unfounded;
    note(e, reason);
    option(e, approved_by.as_ref(), |e, by| {
        e.raw(by.as_bytes());
    });
}
