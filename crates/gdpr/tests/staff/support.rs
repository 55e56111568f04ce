//! The world with grants, and the steps of the room in their plainest form.

use chrono::NaiveDate;
use pollster::block_on as wait;
use tacenda_core::vault::{Actor, Fingerprint, OnRestore, Vault};
use tacenda_core::{ActorId, Name, Result, SubjectId};
use tacenda_gdpr::staff::{self, Granted, Ground, Identity, Note, Offer};
use tacenda_testkit::world::{POLICY, World, request};

pub(crate) const NOTICE: &str = "We keep who you are and what you may do.";

/// The policy of the tests, under which staff act by grants alone.
pub(crate) fn required() -> String {
    format!(
        "{POLICY}\n[staff]\ngrants = \"required\"\nexcept = [\"marketing\"]\nnotice = \"{NOTICE}\"\n"
    )
}

pub(crate) fn open(world: &World) -> Vault {
    world.try_open(&required(), OnRestore::Refuse).unwrap().0
}

pub(crate) fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn note(text: &str) -> Note {
    Note::parse(text).unwrap()
}

pub(crate) fn certificate(n: u8) -> Fingerprint {
    Fingerprint::of_der(&[n; 40])
}

pub(crate) fn grace() -> Identity {
    Identity::parse("Grace Hopper", "grace@example.com").unwrap()
}

/// An offer of these roles with this certificate.
pub(crate) fn offer(vault: &Vault, roles: &[&'static str], cert: u8, until: &str) -> Offer {
    Offer {
        roles: roles.iter().copied().map(Name::fixed).collect(),
        certificate: certificate(cert),
        until: day(until),
        told: Some((vault.now(), "en".into())),
    }
}

/// A grant by the SDK itself, to somebody new.
pub(crate) fn give(vault: &Vault, roles: &[&'static str], cert: u8, until: &str) -> Granted {
    let offer = offer(vault, roles, cert, until);
    wait(staff::give(vault, None, &grace(), &offer, &Actor::system())).unwrap()
}

pub(crate) fn revoke(vault: &Vault, person: ActorId, by: &Actor) -> Result<usize> {
    let reason = note("They leave.");
    let revoked = wait(staff::revoke(vault, person, Ground::Departure, &reason, by));
    revoked.map(|keys| keys.len())
}

/// The person in a role, with a certificate.
pub(crate) fn acting(person: ActorId, role: &'static str, cert: u8) -> Actor {
    Actor::staff(person, Name::fixed(role)).with_certificate(certificate(cert))
}

/// Whoever grants: support, under a grant of its own.
pub(crate) fn boss(vault: &Vault) -> Actor {
    acting(give(vault, &["support"], 200, "2027-06-01").person, "support", 200)
}

/// What a read comes to.
pub(crate) fn read(vault: &Vault, subject: SubjectId, actor: &Actor) -> &'static str {
    code(wait(vault.read(subject, &Name::fixed("account"), actor)))
}

pub(crate) fn ada(vault: &Vault) -> SubjectId {
    let items = [("email", "ada@example.org"), ("first_name", "Ada"), ("country", "PL")];
    wait(vault.register(request(vault, &items, true), &Actor::system())).unwrap().subject()
}
