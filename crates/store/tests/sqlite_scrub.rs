//! After a scrub, no byte of a destroyed key is in any file of the safe.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashSet;
use std::path::Path;

use pollster::block_on as wait;
use rusqlite::Connection;
use tacenda_core::Rng as _;
use tacenda_core::clock::Timestamp;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::{
    KekId, KeyId, KeyState, Keyring, LogPosition, NewKeys, SafeInit, Scrub, WrapId, WrappedKey,
};
use tacenda_store::sqlite::{SqliteKeyring, SqliteOptions};
use tacenda_testkit::SeededRng;

const KEYS: usize = 10_000;
const KEK: KekId = KekId([9; 8]);
const PIECE: usize = 10;
const POSITION: LogPosition = LogPosition { epoch: 1, index: 5 };

fn open(path: &Path) -> SqliteKeyring {
    // A small log, so that keys get into the file early and pages split in both.
    let options = SqliteOptions { checkpoint_pages: 50, ..SqliteOptions::default() };
    SqliteKeyring::open(path, options).unwrap()
}

fn filled(path: &Path) -> SqliteKeyring {
    let safe = open(path);
    let init = SafeInit { safe: [2; 16], store: [1; 16], kek: KEK, secrets: vec![] };
    wait(safe.initialise(init)).unwrap();
    safe
}

fn random_keys(rng: &SeededRng, count: usize) -> Vec<(KeyId, WrappedKey)> {
    let key = |_| {
        let mut subject = [0; 16];
        rng.fill(&mut subject);
        let mut bytes = vec![0; 60];
        rng.fill(&mut bytes);
        let subject = SubjectId::from_bytes(subject);
        let id = KeyId { subject, class: Name::fixed("account"), number: 0 };
        (id, WrappedKey { kek: KEK, bytes })
    };
    (0..count).map(key).collect()
}

/// Pieces of every key that overlap: a remnant of 13 bytes of a key counts.
fn pieces(keys: &[(KeyId, WrappedKey)]) -> HashSet<&[u8]> {
    keys.iter().flat_map(|(_, wrapped)| wrapped.bytes.windows(PIECE).step_by(4)).collect()
}

/// How many places in the safe's files hold a piece of a key.
fn remnants(path: &Path, pieces: &HashSet<&[u8]>) -> usize {
    let mut count = 0;
    for end in ["", "-wal", "-journal", "-shm"] {
        let file = format!("{}{end}", path.display());
        let bytes = std::fs::read(file).unwrap_or_default();
        count += bytes.windows(PIECE).filter(|window| pieces.contains(window)).count();
    }
    count
}

fn destroy(safe: &SqliteKeyring, keys: &[(KeyId, WrappedKey)], batch: usize) {
    let ids: Vec<KeyId> = keys.iter().map(|(id, _)| id.clone()).collect();
    for ids in ids.chunks(batch) {
        wait(safe.destroy(ids, POSITION, Timestamp::from_micros(1))).unwrap();
    }
}

/// Keys that are made in batches of this size, and destroyed in batches of that size.
fn make_and_destroy(made: usize, destroyed: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let keys = random_keys(&SeededRng::new(made as u64), KEYS);
    let pieces = pieces(&keys);
    let safe = filled(&path);
    for batch in keys.chunks(made) {
        let new = NewKeys { keys: batch.to_vec(), ..NewKeys::default() };
        wait(safe.create(new)).unwrap();
    }
    assert!(remnants(&path, &pieces) >= KEYS, "the search finds living keys");
    destroy(&safe, &keys, destroyed);
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
    assert_eq!(remnants(&path, &pieces), 0);
    assert_eq!(wait(safe.tombstones(None, KEYS + 1)).unwrap().len(), KEYS);
    wait(safe.close()).unwrap();
    assert_eq!(remnants(&path, &pieces), 0);
}

#[test]
fn keys_made_and_destroyed_in_large_batches_are_gone() {
    make_and_destroy(1_000, 1_000);
}

#[test]
fn keys_made_and_destroyed_in_small_batches_are_gone() {
    make_and_destroy(37, 11);
}

/// Half of the keys live on: the pages are shared with living keys, and those move about.
#[test]
fn keys_destroyed_among_living_ones_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let rng = SeededRng::new(3);
    let (gone, kept) = (random_keys(&rng, KEYS / 2), random_keys(&rng, KEYS / 2));
    let safe = filled(&path);
    let new = |keys: &[(KeyId, WrappedKey)]| NewKeys { keys: keys.to_vec(), ..NewKeys::default() };
    for (gone, kept) in gone.chunks(50).zip(kept.chunks(50)) {
        wait(safe.create(new(gone))).unwrap();
        wait(safe.create(new(kept))).unwrap();
        destroy(&safe, gone, 7);
    }
    let forgotten: Vec<KeyId> = kept.iter().take(1_000).map(|(id, _)| id.clone()).collect();
    wait(safe.forget(&forgotten)).unwrap();
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
    assert_eq!(remnants(&path, &pieces(&gone)), 0);
    assert_eq!(remnants(&path, &pieces(&kept[..1_000])), 0);
    let (id, wrapped) = &kept[1_000];
    let state = wait(safe.fetch(std::slice::from_ref(id))).unwrap();
    assert_eq!(state, [KeyState::Live(wrapped.clone())]);
}

/// A rotation writes each key anew, with an index for the time that it lasts.
#[test]
fn keys_rotated_before_they_were_destroyed_are_gone() {
    rotate_and_destroy(60);
}

/// Another kind of key above the keys may wrap them in more bytes.
#[test]
fn keys_that_a_rotation_made_longer_are_gone() {
    rotate_and_destroy(91);
}

fn rotate_and_destroy(length: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let rng = SeededRng::new(4);
    let old = random_keys(&rng, 3_000);
    let next = KekId([10; 8]);
    let renewed: Vec<(KeyId, WrappedKey)> = random_keys(&rng, 3_000)
        .into_iter()
        .zip(&old)
        .map(|((_, wrapped), (id, _))| {
            let bytes = wrapped.bytes.into_iter().cycle().take(length).collect();
            (id.clone(), WrappedKey { kek: next, bytes })
        })
        .collect();
    let safe = filled(&path);
    for batch in old.chunks(500) {
        wait(safe.create(NewKeys { keys: batch.to_vec(), ..NewKeys::default() })).unwrap();
    }
    wait(safe.begin_rotation(KEK, next)).unwrap();
    for (old, new) in old.chunks(300).zip(renewed.chunks(300)) {
        let changes = old.iter().zip(new);
        let changes = changes
            .map(|((id, old), (_, new))| (WrapId::Key(id.clone()), old.clone(), new.clone()));
        wait(safe.rewrap(changes.collect())).unwrap();
    }
    assert!(!wait(safe.status()).unwrap().unwrap().rotating);
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
    assert_eq!(remnants(&path, &pieces(&old)), 0, "what was wrapped under the old key is gone");
    assert!(remnants(&path, &pieces(&renewed)) >= 3_000);
    destroy(&safe, &renewed, 100);
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
    assert_eq!(remnants(&path, &pieces(&renewed)), 0);
}

#[test]
fn a_reader_blocks_the_scrub_until_it_has_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let keys = random_keys(&SeededRng::new(5), 100);
    let safe = filled(&path);
    wait(safe.create(NewKeys { keys: keys.clone(), ..NewKeys::default() })).unwrap();
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM keys").unwrap();
    destroy(&safe, &keys, 100);
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Blocked);
    assert!(remnants(&path, &pieces(&keys)) > 0, "the reader keeps the old pages alive");
    let (id, _) = &keys[0];
    let state = wait(safe.fetch(std::slice::from_ref(id))).unwrap();
    assert_eq!(state, [KeyState::Destroyed(POSITION)], "destroyed all the same");
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
    assert_eq!(remnants(&path, &pieces(&keys)), 0);
}
