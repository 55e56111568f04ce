//! Runs the stored form of a breach in `vectors/bytes`.

use tacenda_gdpr::breach::clock::Deadline;
use tacenda_gdpr::breach::state::{
    Count, Event, Exemption, Facts, Judgement, Notice, Notices, Occurrence, PeopleAnswer, Promise,
    Telling, Unfounded,
};
use tacenda_gdpr::breach::{Breach, Note};

use crate::files::{Case, cases};

#[test]
fn breaches_are_read_and_written_as_the_vectors_have_them() {
    for case in cases("breach") {
        let bytes = case.hex("bytes");
        match (case.error(), Breach::decode(&bytes)) {
            (None, Ok(breach)) => {
                assert_eq!(breach.encode(), bytes, "{}", case.name);
                assert_eq!(printed(&breach), lines(&case), "{}", case.name);
                for end in 0..bytes.len() {
                    assert!(Breach::decode(&bytes[..end]).is_err(), "{}: {end}", case.name);
                }
            }
            (Some(code), Err(error)) => assert_eq!(error.code(), code, "{}", case.name),
            (None, Err(error)) => panic!("{}: {error}", case.name),
            (Some(code), Ok(_)) => panic!("{}: is read, expected {code}", case.name),
        }
    }
}

/// What the file says besides its head and its bytes.
fn lines(case: &Case) -> Vec<String> {
    let said =
        case.lines().filter(|(key, _)| !["format", "about", "expect", "bytes"].contains(key));
    said.map(|(key, values)| line(key, values)).collect()
}

fn line<T: ToString>(key: &str, values: impl IntoIterator<Item = T>) -> String {
    let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    format!("{key}: {}", values.join(" | "))
}

#[derive(Default)]
struct Page(Vec<String>);

impl Page {
    fn put<T: ToString>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        self.0.push(line(key, values));
    }

    fn words<T: ToString>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        let mut values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
        values.sort();
        if !values.is_empty() {
            self.put(key, values);
        }
    }

    fn flags(&mut self, key: &str, flags: &[(bool, &str)]) {
        let on: Vec<_> = flags.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
        if !on.is_empty() {
            self.put(key, on);
        }
    }

    fn note(&mut self, key: &str, note: &Note) {
        self.put(key, [note.as_text()]);
    }
}

fn printed(breach: &Breach) -> Vec<String> {
    let mut page = Page::default();
    for entry in breach.entries() {
        let by: String = entry.by.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        page.put("entry", [entry.at.as_micros().to_string(), by, entry.event.as_str().into()]);
        event(&mut page, &entry.event);
    }
    page.0
}

fn event(page: &mut Page, event: &Event) {
    match event {
        Event::Suspected { facts: known, promise: promised } => {
            facts(page, known);
            promised.iter().for_each(|one| promise(page, one));
        }
        Event::FactsCorrected { facts: known, promise: promised, deadlines } => {
            facts(page, known);
            promised.iter().for_each(|one| promise(page, one));
            deadlines.iter().for_each(|one| deadline(page, one));
        }
        Event::BecameAware(awareness) => {
            page.put("since", [awareness.since.as_micros()]);
            page.note("grounds", &awareness.grounds);
            awareness.deadlines.iter().for_each(|one| deadline(page, one));
        }
        Event::Judged(judged) => judgement(page, judged),
        Event::Notified(made) => notice(page, made),
        Event::NoticesSettled(Notices::Made) => page.put("settled", ["made"]),
        Event::NoticesSettled(Notices::NotRequired(reason)) => {
            page.put("settled", ["not required"]);
            page.note("reason", reason);
        }
        Event::Told(told) => telling(page, told),
        Event::PeopleSettled(answer) => people(page, answer),
        Event::TellingOrdered(text) | Event::Remarked(text) | Event::Reopened(text) => {
            page.note("text", text);
        }
        Event::Closed(remedy) => {
            page.note("effects", &remedy.effects);
            page.note("taken", &remedy.taken);
            page.note("prevention", &remedy.prevention);
        }
        Event::FoundUnfounded(found) | Event::PromiseLifted(found) => unfounded(page, found),
        Event::Drafted(draft) => {
            for (language, wording) in draft {
                page.put("language", [language]);
                page.note("nature", &wording.nature);
                page.note("consequences", &wording.consequences);
                page.note("measures", &wording.measures);
            }
        }
        Event::Approved(what, reason) => {
            page.put("approval", [what.as_str()]);
            page.note("reason", reason);
        }
        Event::Tested | Event::SendingBegan => {}
    }
}

fn facts(page: &mut Page, facts: &Facts) {
    let nature = facts.nature;
    page.flags(
        "nature",
        &[
            (nature.confidentiality(), "confidentiality"),
            (nature.integrity(), "integrity"),
            (nature.availability(), "availability"),
            (nature.theft(), "theft"),
        ],
    );
    page.words("roles", facts.roles.iter().map(|role| role.as_str()));
    page.words("classes", &facts.classes);
    let micros = |word: &str, times: &[tacenda_core::Timestamp]| {
        let times = times.iter().map(|at| at.as_micros().to_string());
        std::iter::once(word.to_owned()).chain(times).collect::<Vec<_>>()
    };
    page.put(
        "occurred",
        match facts.occurred {
            Occurrence::At(at) => micros("at", &[at]),
            Occurrence::Between(from, to) => micros("between", &[from, to]),
            Occurrence::Since(from) => micros("since", &[from]),
            Occurrence::Unknowable => micros("unknowable", &[]),
            Occurrence::Open => micros("open", &[]),
        },
    );
    page.put("discovery", [facts.discovery.as_str()]);
    page.put("incident", [facts.incident.as_str()]);
    page.put("cause", [facts.cause.as_str()]);
    page.words("people", facts.people.iter().map(|people| people.as_str()));
    for (key, count) in [("affected", facts.affected), ("records", facts.records)] {
        match count {
            Count::Exact(n) => page.put(key, ["exact".to_owned(), n.to_string()]),
            Count::About(n) => page.put(key, ["about".to_owned(), n.to_string()]),
            Count::Unknowable => page.put(key, ["unknowable"]),
            Count::Open => page.put(key, ["open"]),
        }
    }
    for (country, n) in &facts.countries {
        page.put("country", [country.as_str().to_owned(), n.to_string()]);
    }
    page.note("description", &facts.description);
}

fn promise(page: &mut Page, promise: &Promise) {
    let words = [promise.trigger.as_str(), promise.nature.as_str(), promise.channel.as_str()];
    let classes = promise.classes.iter().map(tacenda_core::Name::as_str);
    page.put("promise", words.into_iter().chain(classes));
}

fn deadline(page: &mut Page, d: &Deadline) {
    let due = |pick: fn(&tacenda_gdpr::breach::clock::Due) -> i64| {
        d.due.as_ref().map_or("-".to_owned(), |due| pick(due).to_string())
    };
    page.put(
        "deadline",
        [
            d.clock.to_string(),
            d.role.as_str().to_owned(),
            d.recipient.to_string(),
            d.threshold.as_str().to_owned(),
            d.template.as_ref().map_or("-".to_owned(), ToString::to_string),
            d.source.clone(),
            due(|due| due.keep.as_micros()),
            due(|due| due.hour_rule.as_micros()),
        ],
    );
}

fn judgement(page: &mut Page, judgement: &Judgement) {
    page.put("risk", [judgement.risk.as_str()]);
    page.note("reasons", &judgement.reasons);
    let inputs = judgement.suggested.inputs();
    for score in &inputs.data {
        let mut factors: Vec<_> = score.factors().iter().map(|f| f.as_str().to_owned()).collect();
        factors.sort();
        let head = [score.class().as_str().to_owned(), score.points().to_string()];
        page.put("data", head.into_iter().chain(factors));
    }
    page.put(
        "circumstances",
        [
            inputs.identification.as_str(),
            inputs.confidentiality.as_str(),
            inputs.integrity.as_str(),
            inputs.availability.as_str(),
        ],
    );
    page.flags(
        "flags",
        &[
            (inputs.malicious, "malicious"),
            (inputs.over_hundred, "over_hundred"),
            (inputs.unintelligible, "unintelligible"),
        ],
    );
}

fn complete(complete: bool) -> String {
    if complete { "complete" } else { "incomplete" }.to_owned()
}

fn notice(page: &mut Page, notice: &Notice) {
    page.put(
        "notice",
        [
            notice.recipient.to_string(),
            notice.kind.as_str().to_owned(),
            complete(notice.complete),
            notice.sent_at.as_micros().to_string(),
        ],
    );
    notice.delay.iter().for_each(|delay| page.note("delay", delay));
    notice.remark.iter().for_each(|remark| page.note("remark", remark));
}

fn telling(page: &mut Page, telling: &Telling) {
    page.put(
        "telling",
        [
            telling.means.as_str().to_owned(),
            telling.began_at.as_micros().to_string(),
            telling.told.to_string(),
            telling.unreachable.to_string(),
            complete(telling.complete),
        ],
    );
    page.note("content", &telling.content);
}

fn people(page: &mut Page, answer: &PeopleAnswer) {
    match answer {
        PeopleAnswer::Told => page.put("answer", ["told"]),
        PeopleAnswer::NotRequired(reason) => {
            page.put("answer", ["not required"]);
            page.note("reason", reason);
        }
        PeopleAnswer::Exempt(exemption) => {
            page.put("answer", ["exempt", exemption.ground().as_str()]);
            if let Exemption::Unintelligible(keys, _) = exemption {
                page.flags(
                    "outside",
                    &[
                        (keys.keys, "keys"),
                        (keys.master_key, "master_key"),
                        (keys.safe_mirror, "safe_mirror"),
                        (keys.live_grants, "live_grants"),
                    ],
                );
            }
            page.note("evidence", exemption.evidence());
        }
    }
}

fn unfounded(page: &mut Page, unfounded: &Unfounded) {
    page.note("reason", &unfounded.reason);
    if let Some(by) = &unfounded.approved_by {
        page.put(
            "approved_by",
            [by.as_bytes().iter().map(|b| format!("{b:02x}")).collect::<String>()],
        );
    }
}

#[test]
fn people_of_a_breach_are_read_and_written_as_the_vectors_have_them() {
    use tacenda_gdpr::breach::people::{Affected, Reached};
    for case in cases("breach_person") {
        let bytes = case.hex("bytes");
        match (case.error(), Affected::decode(&bytes)) {
            (None, Ok(person)) => {
                assert_eq!(person.encode(), bytes, "{}", case.name);
                let mut page = Page::default();
                let hex =
                    |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
                page.put("breach", [hex(person.breach.as_bytes())]);
                let word = person.reached.reach().as_str().to_owned();
                let more = match person.reached {
                    Reached::Listed => vec![],
                    Reached::Queued(letter) => vec![letter.to_string()],
                    Reached::Told(letter, at) => {
                        vec![letter.to_string(), at.as_micros().to_string()]
                    }
                    Reached::Unreachable(letter, why) => {
                        vec![letter.to_string(), why.as_str().to_owned()]
                    }
                };
                page.put("reached", std::iter::once(word).chain(more));
                assert_eq!(page.0, lines(&case), "{}", case.name);
            }
            (Some(code), Err(error)) => assert_eq!(error.code(), code, "{}", case.name),
            (None, Err(error)) => panic!("{}: {error}", case.name),
            (Some(code), Ok(_)) => panic!("{}: is read, expected {code}", case.name),
        }
    }
}
