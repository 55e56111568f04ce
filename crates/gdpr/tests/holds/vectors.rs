//! Runs the stored forms of holds and restrictions in `vectors/bytes`.

use tacenda_core::Name;
use tacenda_gdpr::holds::{Event, Hold, Note, Placing, Scope};
use tacenda_gdpr::restriction::{self, Asked, Restriction};

use crate::files::{Case, cases};

#[test]
fn holds_are_read_and_written_as_the_vectors_have_them() {
    run("hold", Hold::decode, Hold::encode, hold);
}

#[test]
fn restrictions_are_read_and_written_as_the_vectors_have_them() {
    run("restriction", Restriction::decode, Restriction::encode, restriction);
}

fn run<T>(
    format: &str,
    decode: fn(&[u8]) -> tacenda_core::Result<T>,
    encode: fn(&T) -> Vec<u8>,
    printed: fn(&T) -> Page,
) {
    for case in cases(format) {
        let bytes = case.hex("bytes");
        match (case.error(), decode(&bytes)) {
            (None, Ok(read)) => {
                assert_eq!(encode(&read), bytes, "{}", case.name);
                assert_eq!(printed(&read).0, lines(&case), "{}", case.name);
                for end in 0..bytes.len() {
                    assert!(decode(&bytes[..end]).is_err(), "{}: {end}", case.name);
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
    said.map(|(key, values)| format!("{key}: {}", values.join(" | "))).collect()
}

#[derive(Default)]
struct Page(Vec<String>);

impl Page {
    fn put(&mut self, key: &str, values: &[&str]) {
        self.0.push(format!("{key}: {}", values.join(" | ")));
    }

    fn entry(&mut self, at: tacenda_core::Timestamp, by: [u8; 16], event: &str) {
        self.put("entry", &[&at.as_micros().to_string(), &hex(&by), event]);
    }

    fn reason(&mut self, reason: &Note) {
        self.put("reason", &[reason.as_text()]);
    }

    fn names<'a>(&mut self, key: &str, names: impl IntoIterator<Item = &'a Name>) {
        let names: Vec<_> = names.into_iter().map(Name::as_str).collect();
        if !names.is_empty() {
            self.put(key, &names);
        }
    }
}

fn hex(bytes: &[u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hold(hold: &Hold) -> Page {
    let mut page = Page::default();
    for entry in hold.entries() {
        page.entry(entry.at, *entry.by.as_bytes(), entry.event.as_str());
        match &entry.event {
            Event::Placed(placing) => placed(&mut page, placing),
            Event::Reviewed(on, reason) => {
                page.put("review_on", &[&on.to_string()]);
                page.reason(reason);
            }
            Event::HandedOver(owner, reason) => {
                page.put("owner", &[&hex(owner.as_bytes())]);
                page.reason(reason);
            }
            Event::Released(reason) => page.reason(reason),
            Event::Settled => {}
        }
    }
    page
}

fn placed(page: &mut Page, placing: &Placing) {
    let Placing { ground, reason, owner, review_on, scope, covered, group } = placing;
    page.put("ground", &[ground.as_str()]);
    page.reason(reason);
    page.put("owner", &[&hex(owner.as_bytes())]);
    page.put("review_on", &[&review_on.to_string()]);
    let mut words = vec![scope.as_str()];
    if let Scope::Classes(names) | Scope::Items(names) = scope {
        words.extend(names.iter().map(Name::as_str));
    }
    page.put("scope", &words);
    page.names("classes", &covered.classes);
    page.names("items", &covered.items);
    if let Some(group) = group {
        page.put("group", &[&hex(group.as_bytes())]);
    }
}

fn restriction(restriction: &Restriction) -> Page {
    use restriction::Event;
    let mut page = Page::default();
    for entry in restriction.entries() {
        page.entry(entry.at, *entry.by.as_bytes(), entry.event.as_str());
        match &entry.event {
            Event::Placed(placing) => {
                page.put("ground", &[placing.ground.as_str()]);
                page.reason(&placing.reason);
                let by = match placing.asked {
                    Asked::Request(id) => hex(id.as_bytes()),
                    Asked::Person(at) | Asked::Authority(at) => at.as_micros().to_string(),
                };
                page.put("asked", &[placing.asked.as_str(), &by]);
                page.names("classes", &placing.classes);
                page.put("review_on", &[&placing.review_on.to_string()]);
            }
            Event::Reviewed(on, reason) => {
                page.put("review_on", &[&on.to_string()]);
                page.reason(reason);
            }
            Event::Announced(letter) => {
                page.put("time", &[&letter.sent_at.as_micros().to_string()]);
                page.put("channel", &[letter.by.as_str()]);
                page.reason(&letter.reason);
            }
            Event::Kept(reason) => page.reason(reason),
            Event::Lifted => {}
        }
    }
    page
}
