//! After a pruning no byte of a text is in any file of the store.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]
#![expect(clippy::disallowed_methods, reason = "how long the store waits; no clock of the data")]

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use pollster::block_on as wait;
use rusqlite::Connection;
use tacenda_core::Rng as _;
use tacenda_core::clock::Timestamp;
use tacenda_core::id::SubjectId;
use tacenda_core::ports::{Change, NewLeaf, PrunedTexts, Scrub, Store, StoreInit};
use tacenda_store::sqlite::{SqliteOptions, SqliteStore};
use tacenda_testkit::SeededRng;

const PIECE: usize = 8;
/// Far less than the busy timeout, and far more than the store waits for readers.
const A_MOMENT: Duration = Duration::from_secs(3);

const fn done(leaves: u64) -> PrunedTexts {
    PrunedTexts { leaves, scrub: Scrub::Done }
}

fn filled(path: &Path) -> SqliteStore {
    // A small log, so that texts get into the file early.
    let options = SqliteOptions { checkpoint_pages: 50, ..SqliteOptions::default() };
    let store = SqliteStore::open(path, options).unwrap();
    wait(store.initialise(StoreInit { store: [1; 16], safe: [2; 16] })).unwrap();
    store
}

/// Random texts of these lengths, one after the other.
fn append(store: &SqliteStore, rng: &SeededRng, count: usize, lengths: &[usize]) -> Vec<Vec<u8>> {
    let texts: Vec<Vec<u8>> = (lengths.iter().cycle().take(count))
        .map(|length| {
            let mut bytes = vec![0; *length];
            rng.fill(&mut bytes);
            bytes
        })
        .collect();
    let leaf = |(n, bytes): (usize, &Vec<u8>)| {
        let mut subject = [0; 16];
        subject[..2].copy_from_slice(&u16::try_from(n % 300).unwrap().to_be_bytes());
        let (subject, at) = (SubjectId::from_bytes(subject), Timestamp::from_micros(1));
        NewLeaf { subject, at, writes: n % 3 == 0, bytes: bytes.clone() }
    };
    for (n, page) in texts.chunks(70).enumerate() {
        let leaves = page.iter().enumerate().map(|(m, text)| leaf((n * 70 + m, text))).collect();
        wait(store.commit(Change { leaves, ..Change::default() })).unwrap();
    }
    texts
}

/// How many places in the store's files hold a piece of a text: pieces overlap, so that a remnant of
/// 12 bytes counts.
fn remnants(path: &Path, texts: &[Vec<u8>]) -> usize {
    let number = |piece: &[u8]| u64::from_be_bytes(piece.try_into().unwrap());
    let pieces = texts.iter().flat_map(|text| text.windows(PIECE).step_by(5));
    let mut pieces: Vec<u64> = pieces.map(number).collect();
    pieces.sort_unstable();
    // Most places are told by two bytes that no piece begins with.
    let mut begins = vec![false; 1 << 16];
    pieces.iter().for_each(|piece| begins[(piece >> 48) as usize] = true);
    let mut count = 0;
    for end in ["", "-wal", "-journal", "-shm"] {
        let file = format!("{}{end}", path.display());
        let bytes = std::fs::read(file).unwrap_or_default();
        count += bytes
            .windows(PIECE)
            .map(number)
            .filter(|piece| begins[(piece >> 48) as usize] && pieces.binary_search(piece).is_ok())
            .count();
    }
    count
}

/// Prunes a log that grows, a part at a time, up to the end and in the middle of pages.
fn grow_and_prune(lengths: &[usize], tenth: bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.db");
    let (store, rng) = (filled(&path), SeededRng::new(lengths[0] as u64));
    let part = if tenth { 10 } else { 1 };
    let mut texts = append(&store, &rng, 2_000 / part, lengths);
    let mut from = 0;
    for (to, more) in [(700, 900), (710, 30), (1_530, 500), (1_600, 10), (3_300, 100)] {
        let (to, more) = (to / part, more / part);
        assert!(remnants(&path, &texts[from..to]) > to - from, "the search finds them");
        // Some in the middle stay.
        let keep = [from as u64 + 3, to as u64 - 1];
        let pruned = wait(store.prune(1, from as u64, to as u64, &keep)).unwrap();
        let kept = if keep[0] < to as u64 - 1 { 2 } else { 1 };
        assert_eq!(pruned, done((to - from - kept) as u64));
        let gone: Vec<_> = (from..to).filter(|n| !keep.contains(&(*n as u64))).collect();
        let gone: Vec<_> = gone.into_iter().map(|n| texts[n].clone()).collect();
        assert_eq!(remnants(&path, &gone), 0, "{from}..{to}");
        let left = wait(store.leaves(1, 0, u64::MAX)).unwrap();
        let live = left.iter().skip(to).zip(&texts[to..]);
        assert!(live.into_iter().all(|(leaf, text)| leaf.bytes.as_ref() == Some(text)));
        let kept = left[to - 1].bytes.as_ref();
        assert_eq!(kept, Some(&texts[to - 1]));
        texts.extend(append(&store, &rng, more, lengths));
        // Nor later, when pages are filled and moved that lie beside them.
        assert_eq!(remnants(&path, &gone), 0, "{from}..{to}");
        from = to;
    }
    wait(store.close()).unwrap();
    let gone: Vec<_> = texts[..69].iter().skip(4).cloned().collect();
    assert_eq!(remnants(&path, &gone), 0);
}

#[test]
fn texts_of_the_usual_length_are_gone() {
    grow_and_prune(&[180, 230, 150, 420], false);
}

#[test]
fn short_texts_are_gone() {
    grow_and_prune(&[41, 120, 50], false);
}

#[test]
fn texts_of_several_pages_are_gone() {
    grow_and_prune(&[200, 300, 9_000, 180, 12_345], true);
}

/// The space of texts is used again, but for those at the end.
#[test]
fn what_is_pruned_takes_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.db");
    let (store, rng) = (filled(&path), SeededRng::new(9));
    append(&store, &rng, 12_000, &[300]);
    wait(store.prune(1, 0, 12_000, &[])).unwrap();
    wait(store.close()).unwrap();
    let connection = Connection::open(&path).unwrap();
    let used = |what: &str| -> i64 {
        connection.query_row(&format!("PRAGMA {what}"), [], |row| row.get(0)).unwrap()
    };
    let (pages, free) = (used("page_count"), used("freelist_count"));
    assert!(free * 2 > pages, "{free} of {pages} pages are free");
}

/// Somebody who reads keeps old pages: the store says so at once, holds no writer up for it, and is
/// done when it is asked again.
#[test]
fn a_reader_keeps_old_pages_only_as_long_as_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.db");
    let (store, rng) = (filled(&path), SeededRng::new(5));
    let texts = append(&store, &rng, 200, &[200]);
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM leaves").unwrap();
    let begun = Instant::now();
    let blocked = PrunedTexts { leaves: 100, scrub: Scrub::Blocked };
    assert_eq!(wait(store.prune(1, 0, 100, &[])).unwrap(), blocked);
    assert!(begun.elapsed() < A_MOMENT, "the writer waited {:?}", begun.elapsed());
    assert!(remnants(&path, &texts[..100]) > 0);
    let blocked = PrunedTexts { leaves: 0, ..blocked };
    assert_eq!(wait(store.prune(1, 0, 100, &[])).unwrap(), blocked);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(wait(store.prune(1, 0, 100, &[])).unwrap(), done(0));
    assert_eq!(remnants(&path, &texts[..100]), 0);
    // The writer is as patient with other writers as it was.
    reader.execute_batch("BEGIN IMMEDIATE").unwrap();
    thread::scope(|scope| {
        let commit = scope.spawn(|| append(&store, &rng, 1, &[200]));
        thread::sleep(Duration::from_millis(400));
        reader.execute_batch("ROLLBACK").unwrap();
        commit.join().unwrap();
    });
}

/// Nor does closing wait for somebody who reads: the log is copied at the next opening.
#[test]
fn closing_does_not_wait_for_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.db");
    let (store, rng) = (filled(&path), SeededRng::new(5));
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM leaves").unwrap();
    append(&store, &rng, 200, &[200]);
    let begun = Instant::now();
    wait(store.close()).unwrap();
    assert!(begun.elapsed() < A_MOMENT, "closing waited {:?}", begun.elapsed());
    drop(reader);
    let again = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    assert_eq!(wait(again.leaves(1, 0, u64::MAX)).unwrap().len(), 200);
}

/// Texts that one pruning keeps and the next does not: their pages were rebuilt in between, if the
/// store is careless.
#[test]
fn texts_that_were_kept_for_a_while_are_gone() {
    for seed in 7..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.db");
        let (store, rng) = (filled(&path), SeededRng::new(seed));
        let mut lengths = [0; 80];
        rng.fill(&mut lengths);
        let lengths = lengths.chunks(2).map(|two| usize::from(two[0]) * 3 + usize::from(two[1]));
        let lengths: Vec<usize> = lengths.map(|length| 45 + length % 700).collect();
        let mut texts = append(&store, &rng, 3_000, &lengths);
        let mut gone = BTreeSet::new();
        for _ in 0..10 {
            let mut bits = vec![0; 2_000];
            rng.fill(&mut bits);
            let keep: Vec<u64> = (0..2_000).filter(|n| bits[*n as usize] > 60).collect();
            let ends = [u64::from(bits[0]) * 7, u64::from(bits[1]) * 8];
            let part = ends[0].min(ends[1])..ends[0].max(ends[1]).min(2_000);
            wait(store.prune(1, part.start, part.end, &keep)).unwrap();
            gone.extend(part.filter(|n| !keep.contains(n)));
            texts.extend(append(&store, &rng, 100, &lengths));
        }
        assert!(gone.len() > 500, "{}", gone.len());
        let gone: Vec<_> = gone.into_iter().map(|n| texts[n as usize].clone()).collect();
        assert_eq!(remnants(&path, &gone), 0, "seed {seed}");
    }
}
