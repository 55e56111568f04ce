//! The stored form of a consent, `tacenda/consent/2`: its purpose and its entries, of which
//! everything else follows. See `docs/decisions/0002-bytes.md`.

use tacenda_core::Result;
use tacenda_core::codec::{Decoder, Encoder, MALFORMED};

use super::state::{Consent, Entry, Event, Given, Giver, How, ParentCheck};
use crate::case::{read, write};

const DOMAIN: &str = "tacenda/consent/2";

impl Consent {
    /// Its encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        write::name(&mut e, self.purpose());
        write::list(&mut e, &self.entries, |e, Entry { at, by, event }| {
            write::time(e, *at);
            e.raw(by.as_bytes());
            match event {
                Event::Given(given) => {
                    e.text("given");
                    write_given(e, given);
                }
                Event::Withdrawn(at, how) => {
                    e.text("withdrawn");
                    write::time(e, *at);
                    e.text(how.as_str());
                }
                Event::Ended => {
                    e.text("ended");
                }
            }
        });
        e.finish()
    }

    /// Reads an encoding. What it accepts, it writes again byte by byte.
    ///
    /// # Errors
    /// `codec.malformed`, also for a history that no steps can have made.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let purpose = d.name()?;
        let mut consent: Option<Self> = None;
        for _ in 0..d.list(29)? {
            let entry = read_entry(&mut d)?;
            consent = Some(match (consent, &entry.event) {
                (None, Event::Given(given)) => Self::opened(purpose.clone(), given.clone(), entry),
                (Some(so_far), _) => so_far.apply(entry).map_err(|_| MALFORMED.error())?,
                (None, _) => return MALFORMED.err(),
            });
        }
        d.end()?;
        consent.ok_or_else(|| MALFORMED.error())
    }
}

fn write_given(e: &mut Encoder, given: &Given) {
    let Given { text, version, language, digest, how, given_at, by } = given;
    write::name(e, text);
    e.u64(*version).text(language).raw(digest).text(how.as_str());
    write::time(e, *given_at);
    match by {
        Giver::Person => e.text("person"),
        Giver::Parent(check) => e.text("parent").text(check.as_str()),
        Giver::Together(check) => e.text("together").text(check.as_str()),
    };
}

fn read_entry(d: &mut Decoder<'_>) -> Result<Entry> {
    let (at, by) = (read::time(d)?, read::actor(d)?);
    let event = match d.text()? {
        "given" => Event::Given(read_given(d)?),
        "withdrawn" => Event::Withdrawn(read::time(d)?, read::word(d, How::parse)?),
        "ended" => Event::Ended,
        _ => return MALFORMED.err(),
    };
    Ok(Entry { at, by, event })
}

fn read_given(d: &mut Decoder<'_>) -> Result<Given> {
    Ok(Given {
        text: d.name()?,
        version: d.u64()?,
        language: d.text()?.to_owned(),
        digest: d.raw()?,
        how: read::word(d, How::parse)?,
        given_at: read::time(d)?,
        by: match d.text()? {
            "person" => Giver::Person,
            "parent" => Giver::Parent(read::word(d, ParentCheck::parse)?),
            "together" => Giver::Together(read::word(d, ParentCheck::parse)?),
            _ => return MALFORMED.err(),
        },
    })
}
