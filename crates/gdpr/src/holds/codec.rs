//! The stored form of a hold, `tacenda/hold/1`: its entries, of which everything else follows.
//!
//! See `docs/decisions/0002-bytes.md`. A row seals the bytes.

use std::collections::BTreeSet;

use tacenda_core::codec::{Decoder, Encoder, MALFORMED};
use tacenda_core::{ActorId, Result};

use super::scope::{Covered, Scope};
use super::state::{Entry, Event, Ground, GroupId, Hold, Placing};
use crate::case::{read, write};

const DOMAIN: &str = "tacenda/hold/1";

impl Hold {
    /// Its encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.list(self.entries().len());
        for Entry { at, by, event } in self.entries() {
            write::time(&mut e, *at);
            e.raw(by.as_bytes()).text(event.as_str());
            match event {
                Event::Placed(placing) => write_placing(&mut e, placing),
                Event::Reviewed(on, reason) => {
                    write::day(&mut e, *on);
                    write::note(&mut e, reason);
                }
                Event::HandedOver(owner, reason) => {
                    e.raw(owner.as_bytes());
                    write::note(&mut e, reason);
                }
                Event::Released(reason) => write::note(&mut e, reason),
                Event::Settled => {}
            }
        }
        e.finish()
    }

    /// Reads an encoding. What it accepts, it writes again byte by byte.
    ///
    /// # Errors
    /// `codec.malformed`, also for a history that no steps can have made. What was asked of a step is
    /// not asked again.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let mut hold: Option<Self> = None;
        for _ in 0..d.list(28)? {
            let (at, by) = (read::time(&mut d)?, read::actor(&mut d)?);
            let event = event(&mut d)?;
            hold = Some(match (hold, event) {
                (None, Event::Placed(placing)) => Self::opened(at, by, placing),
                (Some(hold), event) => {
                    hold.apply(Entry { at, by, event }).map_err(|_| MALFORMED.error())?
                }
                (None, _) => return MALFORMED.err(),
            });
        }
        d.end()?;
        hold.ok_or_else(|| MALFORMED.error())
    }
}

fn write_placing(e: &mut Encoder, placing: &Placing) {
    let Placing { ground, reason, owner, review_on, scope, covered, group } = placing;
    e.text(ground.as_str());
    write::note(e, reason);
    e.raw(owner.as_bytes());
    write::day(e, *review_on);
    e.text(scope.as_str());
    match scope {
        Scope::Subject => {}
        Scope::Classes(names) | Scope::Items(names) => drop(e.names(names)),
    }
    e.names(&covered.classes).names(&covered.items);
    write::option(e, group.as_ref(), |e, group| {
        e.raw(group.as_bytes());
    });
}

fn event(d: &mut Decoder<'_>) -> Result<Event> {
    Ok(match d.text()? {
        "placed" => Event::Placed(placing(d)?),
        "reviewed" => Event::Reviewed(read::day(d)?, read::note(d)?),
        "handed_over" => Event::HandedOver(ActorId::from_bytes(d.raw()?), read::note(d)?),
        "released" => Event::Released(read::note(d)?),
        "settled" => Event::Settled,
        _ => return MALFORMED.err(),
    })
}

fn placing(d: &mut Decoder<'_>) -> Result<Placing> {
    let ground = read::word(d, Ground::parse)?;
    let (reason, owner) = (read::note(d)?, read::actor(d)?);
    let review_on = read::day(d)?;
    let some = |names: BTreeSet<_>| if names.is_empty() { MALFORMED.err() } else { Ok(names) };
    let scope = match d.text()? {
        "subject" => Scope::Subject,
        "classes" => Scope::Classes(some(d.names()?)?),
        "items" => Scope::Items(some(d.names()?)?),
        _ => return MALFORMED.err(),
    };
    let covered = Covered { classes: some(d.names()?)?, items: d.names()? };
    let group = read::option(d, |d| d.raw().map(GroupId::from_bytes))?;
    Ok(Placing { ground, reason, owner, review_on, scope, covered, group })
}
