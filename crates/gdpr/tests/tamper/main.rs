//! Somebody who can write the rows, the look-ups, the log or the safe: what is found, where, and by
//! which code. And others who act between two steps of one call.
#![expect(clippy::unwrap_used, reason = "tests")]

mod adversary;
mod archives;
mod batches;
mod beside;
mod breaches;
mod choices;
mod clocks;
mod evolved;
mod holds;
mod logs;
mod lost;
mod mended;
mod pending;
mod pruned;
mod records;
mod requests;
mod restored;
mod restores;
mod rows;
mod safe;
mod staff;
mod swap;
mod warned;
mod words;

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::ports::Store;
use tacenda_core::row::RowKey;
use tacenda_core::vault::{
    Amendment, Effects, Entry, MODEL, NewRecord, OnRestore, RecordItems, Standing, Vault,
};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_testkit::world::{POLICY, World, request, staff};

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

fn profile(subject: SubjectId, class: &str) -> RowKey {
    RowKey::only(subject, Name::parse(&format!("profile.{class}")).unwrap())
}

/// The codes that a read for billing, a login, an amendment and an audit answer with.
fn met(vault: &Vault, subject: SubjectId) -> [&'static str; 4] {
    let me = staff("billing");
    let set = vec![vault.item(&Name::fixed("address"), "Rue 2").unwrap()];
    let audit = code(wait(vault.audit()));
    [
        code(wait(vault.read(subject, &Name::fixed("billing"), &me))),
        code(wait(vault.login("ada@example.org", "correct horse"))),
        code(wait(vault.amend(subject, Amendment { set, ..Amendment::default() }, &me))),
        audit,
    ]
}

fn eve(vault: &Vault) -> SubjectId {
    let items = [("email", "eve@example.org"), ("address", "Rue 1"), ("country", "FR")];
    wait(vault.register(request(vault, &items, true), &staff("support"))).unwrap().subject()
}

/// Over the same safe, another store.
fn over(world: &World, store: Arc<dyn Store>) -> World {
    World { store, ..world.clone() }
}

fn reopened(world: &World, on_restore: OnRestore) -> &'static str {
    code(world.try_open(POLICY, on_restore))
}

/// A request that does this to its subject's data.
fn affect(vault: &Vault, subject: SubjectId, effects: Effects) -> Result<()> {
    let new = NewRecord {
        subject: Some(subject),
        standing: Standing::Open { state: Name::fixed("received"), due_at: None },
        items: RecordItems::default().with(MODEL, b"restriction".to_vec()),
        entry: Entry::new("request.opened"),
        effects,
    };
    wait(vault.add_record(&REQUESTS, new, &staff("support"))).map(drop)
}

fn hold(class: &'static str) -> Effects {
    Effects { held: [(Name::fixed(class), true)].into(), ..Effects::default() }
}

fn restrict(class: &'static str) -> Effects {
    Effects { restricted: [(Name::fixed(class), true)].into(), ..Effects::default() }
}

fn set(vault: &Vault, item: &'static str, text: &str) -> Amendment {
    Amendment { set: vec![vault.item(&Name::fixed(item), text).unwrap()], ..Amendment::default() }
}
