//! Runs the stored forms of a request and of an address for its answer in `vectors/bytes`.

use tacenda_core::Timestamp;
use tacenda_gdpr::requests::{
    Channel, Correction, Decision, Event, Evidence, IdentityAsk, IdentityOutcome, Intake, Note,
    Proof, Refusal, ReplyTo, Request, Requester, Right, Scope,
};

use crate::files::{Case, cases};

#[test]
fn requests_are_read_and_written_as_the_vectors_have_them() {
    for case in cases("request") {
        let bytes = case.hex("bytes");
        match (case.error(), Request::decode(&bytes)) {
            (None, Ok(request)) => {
                assert_eq!(request.encode(), bytes, "{}", case.name);
                assert_eq!(printed(&request), lines(&case), "{}", case.name);
                for end in 0..bytes.len() {
                    assert!(Request::decode(&bytes[..end]).is_err(), "{}: {end}", case.name);
                }
            }
            (Some(code), Err(error)) => assert_eq!(error.code(), code, "{}", case.name),
            (None, Err(error)) => panic!("{}: {error}", case.name),
            (Some(code), Ok(_)) => panic!("{}: is read, expected {code}", case.name),
        }
    }
}

#[test]
fn addresses_are_read_and_written_as_the_vectors_have_them() {
    for case in cases("reply_to") {
        let bytes = case.hex("bytes");
        match (case.error(), ReplyTo::decode(&bytes)) {
            (None, Ok(address)) => {
                assert_eq!(address.encode(), bytes, "{}", case.name);
                assert_eq!(address.as_str(), case.one("means"));
                let text = match &address {
                    ReplyTo::Email(email) => Some(email.as_typed()),
                    ReplyTo::Post(lines) => Some(lines.as_text()),
                    ReplyTo::Account => None,
                };
                let text = text.map(|text| text.replace('\n', "\\n"));
                assert_eq!(text.as_deref(), case.maybe("address"), "{}", case.name);
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
    said.map(|(key, values)| format!("{key}: {}", values.join(" | "))).collect()
}

#[derive(Default)]
struct Page(Vec<String>);

impl Page {
    fn put(&mut self, key: &str, values: &[&str]) {
        self.0.push(format!("{key}: {}", values.join(" | ")));
    }

    fn note(&mut self, key: &str, note: &Note) {
        self.put(key, &[note.as_text()]);
    }

    fn time(&mut self, key: &str, at: Timestamp) {
        self.put(key, &[&at.as_micros().to_string()]);
    }

    fn right(&mut self, right: Right) {
        match right {
            Right::Restriction(ground) => self.put("right", &[right.as_str(), ground.as_str()]),
            _ => self.put("right", &[right.as_str()]),
        }
    }

    fn scope(&mut self, scope: &Scope) {
        let mut words = vec![scope.items.as_str()];
        words.extend(scope.classes.iter().map(tacenda_core::Name::as_str));
        self.put("scope", &words);
    }

    fn proof(&mut self, proof: &Proof) {
        let (by, on) = (hex(proof.seen_by.as_bytes()), proof.seen_on.to_string());
        self.put("proof", &[proof.kind.as_str(), &by, &on]);
    }

    fn channel(&mut self, channel: Channel) {
        self.put("channel", &[channel.as_str()]);
    }

    fn grounds(&mut self, grounds: &[Refusal]) {
        for Refusal { class, item, ground, reason } in grounds {
            let name = |name: &Option<tacenda_core::Name>| {
                name.as_ref().map_or("-".to_owned(), ToString::to_string)
            };
            self.put("ground", &[&name(class), &name(item), ground.as_str()]);
            self.note("reason", reason);
        }
    }
}

fn hex(bytes: &[u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn printed(request: &Request) -> Vec<String> {
    let mut page = Page::default();
    for entry in request.entries() {
        let at = entry.at.as_micros().to_string();
        page.put("entry", &[&at, &hex(entry.by.as_bytes()), entry.event.as_str()]);
        event(&mut page, &entry.event);
    }
    page.0
}

fn event(page: &mut Page, event: &Event) {
    match event {
        Event::Received(taken) => intake(page, taken),
        Event::Acknowledged(at) | Event::SessionSeen(at) | Event::Withdrawn(at) => {
            page.time("time", *at);
        }
        Event::Linked(earlier) => page.put("id", &[&hex(earlier.as_bytes())]),
        Event::Restated(right, scope, reason) => {
            page.right(*right);
            page.scope(scope);
            page.note("reason", reason);
        }
        Event::AuthorityShown(proof) => page.proof(proof),
        Event::IdentityAsked(question) => {
            page.time("time", question.asked_at);
            page.put("ask", &[question.ask.as_str()]);
            if let IdentityAsk::Document(reason) = &question.ask {
                page.note("reason", reason);
            }
        }
        Event::IdentityAnswered(answer) => {
            page.time("time", answer.answered_at);
            match &answer.outcome {
                IdentityOutcome::NotConfirmed(reason) => page.note("reason", reason),
                IdentityOutcome::Confirmed(evidence) => {
                    page.put("evidence", &[evidence.as_str()]);
                    if let Evidence::Document(seen) = evidence {
                        let (by, on) = (hex(seen.seen_by.as_bytes()), seen.seen_on.to_string());
                        page.put("document", &[seen.document.as_str(), &by, &on]);
                    }
                }
            }
        }
        Event::ClarificationAsked(asked) => {
            page.time("time", asked.asked_at);
            page.note("question", &asked.question);
        }
        Event::ClarificationAnswered(at, scope) => {
            page.time("time", *at);
            scope.iter().for_each(|scope| page.scope(scope));
        }
        Event::Extended(extension) => {
            page.time("time", extension.sent_at);
            page.note("reason", &extension.reasons);
        }
        Event::Decided(decided) => decision(page, decided),
        Event::Answered(answer) => {
            page.time("time", answer.sent_at);
            page.channel(answer.by);
            let hints = [(answer.hints.complaint, "complaint"), (answer.hints.court, "court")];
            let told: Vec<_> = hints.iter().filter(|(told, _)| *told).map(|(_, w)| *w).collect();
            if !told.is_empty() {
                page.put("hints", &told);
            }
        }
        Event::Corrected(Correction { received_at, requester, channel }, reason) => {
            page.put("requester", &[requester.as_str()]);
            if let Requester::Proxy(Some(proof)) | Requester::Heir(Some(proof)) = requester {
                page.proof(proof);
            }
            page.channel(*channel);
            page.time("received_at", *received_at);
            page.note("reason", reason);
        }
        Event::Heard | Event::Readdressed => {}
        Event::OpenedInError(text) | Event::Remarked(text) | Event::Reopened(text) => {
            page.note("text", text)
        }
    }
}

fn intake(page: &mut Page, intake: &Intake) {
    let Intake { id, right, requester, channel, scope, received_at, purpose } = intake;
    page.put("id", &[&hex(id.as_bytes())]);
    page.right(*right);
    page.put("requester", &[requester.as_str()]);
    if let Requester::Proxy(Some(proof)) | Requester::Heir(Some(proof)) = requester {
        page.proof(proof);
    }
    page.channel(*channel);
    page.scope(scope);
    page.time("received_at", *received_at);
    if let Some(purpose) = purpose {
        page.put("purpose", &[purpose.as_str()]);
    }
}

fn decision(page: &mut Page, decision: &Decision) {
    page.put("decision", &[decision.as_str()]);
    match decision {
        Decision::Granted(charge) => {
            if let Some(charge) = charge {
                page.put("charge", &[charge.ground.as_str()]);
                page.note("reason", &charge.reason);
            }
        }
        Decision::PartlyRefused(part) => page.grounds(part.grounds()),
        Decision::Refused(all, delay) => {
            page.grounds(all.grounds());
            delay.iter().for_each(|delay| page.note("delay", delay));
        }
        Decision::NothingHeld => {}
        Decision::ErasedBefore(on) => page.put("day", &[&on.to_string()]),
    }
}
