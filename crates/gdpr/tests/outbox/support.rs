//! What the tests of the outbox share.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::leaf::Leaf;
use tacenda_core::outbox::{self, Batch, Letter, Message, Outcome};
use tacenda_core::policy::records::OUTBOX;
use tacenda_core::ports::{Change, Expect, NewLeaf, RowWrite};
use tacenda_core::row::{Row, RowKey};
use tacenda_core::vault::{MODEL, RecordKey, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::requests::RestrictionGround;
use tacenda_gdpr::restriction::{Asked, Note, Terms};
use tacenda_testkit::world::{World, request, staff};

pub(super) const ACCOUNT: Name = Name::fixed("account");
pub(super) const LEASE: Span = Span::seconds(600);

pub(super) fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

pub(super) fn news() -> Message {
    Message::to_account(Name::fixed("account_expiring"), ACCOUNT)
}

pub(super) fn enqueue(vault: &Vault, subject: SubjectId) -> RecordKey {
    wait(outbox::enqueue(vault, Some(subject), &news(), &staff("support"))).unwrap()
}

pub(super) fn take(vault: &Vault) -> Batch {
    wait(outbox::take(vault, LEASE, 99, None, &staff("support"))).unwrap()
}

/// Sends all that is due; how many that were.
pub(super) fn send_all(vault: &Vault) -> u64 {
    let all: Vec<_> = take(vault).ready.into_iter().map(|one| (one, Outcome::Sent)).collect();
    wait(outbox::settle(vault, all, &staff("support"))).unwrap().sent
}

pub(super) fn another(vault: &Vault, email: &str) -> SubjectId {
    let request = request(vault, &[("email", email)], false);
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

/// What is kept of a message.
pub(super) fn letter(vault: &Vault, key: &RecordKey) -> Letter {
    let read = wait(vault.read_record(key, &[MODEL], &ACCOUNT, &staff("support"))).unwrap();
    Letter::decode(read.items.get(&MODEL).unwrap()).unwrap()
}

pub(super) fn letters(vault: &Vault, subject: SubjectId) -> Vec<Letter> {
    let all = wait(vault.records_of(subject, &OUTBOX)).unwrap();
    all.iter().map(|one| letter(vault, &one.key)).collect()
}

pub(super) fn terms(vault: &Vault) -> Terms {
    Terms {
        ground: RestrictionGround::Claims,
        reason: Note::parse("Needed for a claim.").unwrap(),
        asked: Asked::Person(vault.now()),
        classes: [].into(),
        review_on: "2026-07-01".parse().unwrap(),
    }
}

/// Somebody who may write the rows sends a message earlier.
pub(super) fn alter(world: &World, key: &RecordKey) {
    let place = RowKey { subject: key.subject, kind: key.kind.kind.clone(), id: key.id };
    let row = wait(world.store.rows(&[place])).unwrap().pop().unwrap().unwrap();
    let leaf = Leaf {
        at: Timestamp::MIN,
        actor: tacenda_core::ActorId::SYSTEM,
        action: Name::fixed("nothing"),
        purpose: None,
        subject: SubjectId::CONTROLLER,
        details: Vec::new(),
        policy: [0; 32],
        salt: [0; 16],
        rows: Vec::new(),
    };
    let leaf = NewLeaf { subject: leaf.subject, at: leaf.at, writes: false, bytes: leaf.encode() };
    let expect = Expect::Version(row.version);
    let due_at = row.due_at.map(|at| at.minus(Span::days(1)));
    let row = Row { due_at, version: row.version + 1, ..row };
    let change =
        Change { writes: vec![RowWrite { row, expect }], leaves: vec![leaf], ..Change::default() };
    wait(world.store.commit(change)).unwrap();
}
