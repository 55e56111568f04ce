//! A room as small as a room can be: requests that are open in one state and then closed.

use pollster::block_on as wait;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{
    Effects, Entry, MODEL, NewRecord, OpenedRecord, RecordChange, RecordItems, RecordKey,
    RecordOutline, Standing, Vault,
};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_testkit::world::staff;

pub(super) const OPEN: Name = Name::fixed("received");
pub(super) const REPLY_TO: Name = Name::fixed("reply_to");
pub(super) const WORDS: Name = Name::fixed("words");

pub(super) fn at(rfc3339: &str) -> Timestamp {
    Timestamp::parse_rfc3339(rfc3339).unwrap()
}

pub(super) fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

pub(super) const fn open(due_at: Option<Timestamp>) -> Standing {
    Standing::Open { state: OPEN, due_at }
}

/// A request with an address to answer to and somebody's words.
pub(super) fn new(subject: Option<SubjectId>, due_at: Option<Timestamp>) -> NewRecord {
    let items = RecordItems::default()
        .with(MODEL, b"access".to_vec())
        .with(REPLY_TO, b"ada@example.net".to_vec())
        .with_words(WORDS, "what do you hold about me?");
    NewRecord {
        subject,
        standing: open(due_at),
        items,
        entry: Entry::new("request.opened").detail("right", "access"),
        effects: Effects::default(),
    }
}

pub(super) fn add(vault: &Vault, subject: Option<SubjectId>) -> Result<RecordKey> {
    wait(vault.add_record(&REQUESTS, new(subject, None), &staff("support")))
}

/// A step that leaves the record as it stands.
pub(super) fn step(opened: &OpenedRecord, action: &'static str) -> RecordChange {
    RecordChange {
        standing: opened.outline.standing.clone(),
        set: RecordItems::default(),
        remove: [].into(),
        entry: Entry::new(action),
        effects: Effects::default(),
    }
}

/// Answers a request: its model says so, and the address to answer to goes.
pub(super) fn close(vault: &Vault, key: &RecordKey, since: Timestamp) -> Result<RecordOutline> {
    wait(vault.change_record(key, &[MODEL], &staff("support"), |opened| {
        let model = [opened.items.get(&MODEL).unwrap(), b", answered"].concat();
        Ok(RecordChange {
            standing: Standing::Closed { at: since },
            set: RecordItems::default().with(MODEL, model),
            remove: [REPLY_TO].into(),
            ..step(opened, "request.closed")
        })
    }))
}

/// Does something to the subject's data, by a step of a record.
pub(super) fn affect(vault: &Vault, key: &RecordKey, effects: &Effects) -> Result<RecordOutline> {
    wait(vault.change_record(key, &[], &staff("support"), |opened| {
        Ok(RecordChange { effects: effects.clone(), ..step(opened, "request.held") })
    }))
}

/// What an item of a record says, to the support.
pub(super) fn item(vault: &Vault, key: &RecordKey, item: &Name) -> Option<String> {
    let purpose = Name::fixed("account");
    let read =
        wait(vault.read_record(key, std::slice::from_ref(item), &purpose, &staff("support")))
            .unwrap();
    read.items.words(item).map(str::to_owned)
}
