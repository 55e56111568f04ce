//! The stored form of a grant, `tacenda/grant/1`: its entries, of which everything else follows.
//! See `docs/decisions/0002-bytes.md`. A row seals the bytes.

use tacenda_core::Result;
use tacenda_core::codec::{Decoder, Encoder, MALFORMED};
use tacenda_core::vault::Fingerprint;

use super::state::{Entry, Event, Grant, Ground, Terms, Told};
use crate::case::{read, write};

const DOMAIN: &str = "tacenda/grant/1";

impl Grant {
    /// Its encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        write::list(&mut e, self.entries(), |e, Entry { at, by, event }| {
            write::time(e, *at);
            e.raw(by.as_bytes());
            match event {
                Event::Granted(terms) => {
                    e.text("granted");
                    write_terms(e, terms);
                }
                Event::Renewed(terms) => {
                    e.text("renewed");
                    write_terms(e, terms);
                }
                Event::Revoked(ground, reason) => {
                    e.text("revoked").text(ground.as_str());
                    write::note(e, reason);
                }
                Event::RanOut => {
                    e.text("ran_out");
                }
            }
        });
        e.finish()
    }

    /// Reads an encoding. What it accepts, it writes again byte by byte.
    ///
    /// # Errors
    /// `codec.malformed`, also for a history that no steps can have made. What was asked of a step
    /// is not asked again.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let mut grant: Option<Self> = None;
        for _ in 0..d.list(31)? {
            let (at, by) = (read::time(&mut d)?, read::actor(&mut d)?);
            let event = event(&mut d)?;
            grant = Some(match (grant, event) {
                (None, Event::Granted(terms)) => Self::opened(at, by, terms),
                (Some(grant), event) => {
                    grant.apply(Entry { at, by, event }).map_err(|_| MALFORMED.error())?
                }
                (None, _) => return MALFORMED.err(),
            });
        }
        d.end()?;
        grant.ok_or_else(|| MALFORMED.error())
    }
}

fn write_terms(e: &mut Encoder, terms: &Terms) {
    let Terms { roles, certificate, until, told } = terms;
    e.names(roles).raw(certificate.as_bytes());
    write::day(e, *until);
    write::option(e, told.as_ref(), |e, Told { language, digest, at }| {
        e.text(language).raw(digest);
        write::time(e, *at);
    });
}

fn event(d: &mut Decoder<'_>) -> Result<Event> {
    Ok(match d.text()? {
        "granted" => Event::Granted(terms(d)?),
        "renewed" => Event::Renewed(terms(d)?),
        "revoked" => Event::Revoked(read::word(d, Ground::parse)?, read::note(d)?),
        "ran_out" => Event::RanOut,
        _ => return MALFORMED.err(),
    })
}

fn terms(d: &mut Decoder<'_>) -> Result<Terms> {
    let roles = d.names()?;
    if roles.is_empty() {
        return MALFORMED.err();
    }
    let certificate = Fingerprint::from_bytes(d.raw()?);
    let until = read::day(d)?;
    let told = read::option(d, |d| {
        Ok(Told { language: d.text()?.to_owned(), digest: d.raw()?, at: read::time(d)? })
    })?;
    Ok(Terms { roles, certificate, until, told })
}
