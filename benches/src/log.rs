//! The log: appending leaves, and verifying them all, against plain inserts of entries with their
//! hashes and plain reading and hashing.

use std::ops::Range;
use std::path::Path;

use rusqlite::params;
use sha2::{Digest as _, Sha256};
use tacenda::{Name, SubjectId, Timestamp, block_on};
use tacenda_core::log::{Frontier, leaf_hash};
use tacenda_core::ports::{Change, Expect, NewLeaf, RowWrite, Store, StoreInit};
use tacenda_core::row::{Row, RowKey, state};
use tacenda_store::sqlite::{SqliteOptions, SqliteStore};

use crate::Size;
use crate::measure::{Cost, Required, Result, cost, medians};
use crate::people::mix;
use crate::plain::Plain;

const BATCH: usize = 1000;
const ENTRY: usize = 128;

pub(crate) fn run(size: Size) -> Result<()> {
    let (count, rounds) = (size.pick(300_000, 20_000), size.pick(5, 1));
    let entries: Vec<[u8; ENTRY]> = (0..count).map(entry).collect();
    let mut times: [Vec<Cost>; 5] = Default::default();
    for _ in 0..rounds {
        let folder = tempfile::tempdir()?;
        let (append, verify) = floor(&folder.path().join("plain.db"), &entries)?;
        let (our_append, our_verify) = ours(&folder.path().join("log.db"), &entries, false)?;
        let writing = ours(&folder.path().join("writing.db"), &entries, true)?.0;
        let round = [append, verify, our_append, our_verify, writing];
        for (times, time) in times.iter_mut().zip(round) {
            times.push(time);
        }
    }
    let medians = times.each_ref().map(|costs| medians(costs));
    let rates = medians.map(|cost| count as f64 / cost.wall);
    let [append, verify, our_append, our_verify, writing] = rates;
    let names = [
        "floor, append",
        "floor, read back and hash",
        "ours, append",
        "ours, verify",
        "ours, append of leaves that wrote rows",
    ];
    for (name, cost) in names.iter().zip(medians) {
        let (rate, used) = (count as f64 / cost.wall, cost.cpu * 1e6 / count as f64);
        println!("  {name}: {rate:.0} leaves of {ENTRY} bytes/s, {used:.2} µs CPU each");
    }
    Required::AtLeast(0.5).report("log append, rate to the floor", our_append / append);
    println!("  log append of leaves that wrote rows, to the floor: {:.3}", writing / append);
    Required::AtLeast(0.7).report("log verify, rate to the floor", our_verify / verify);
    Ok(())
}

fn entry(number: u64) -> [u8; ENTRY] {
    let mut bytes = [0u8; ENTRY];
    for (n, chunk) in bytes.chunks_mut(8).enumerate() {
        chunk.copy_from_slice(&mix(number.wrapping_mul(31).wrapping_add(n as u64)).to_be_bytes());
    }
    bytes
}

/// Entries with their leaf hashes in a table, and the tree's edge in memory; then all of them read
/// back and hashed to the root.
fn floor(path: &Path, entries: &[[u8; ENTRY]]) -> Result<(Cost, Cost)> {
    let mut plain = Plain::open(path)?;
    let mut tree = Tree::default();
    let append = || -> Result<()> {
        let mut place = 0i64;
        for batch in entries.chunks(BATCH) {
            let transaction = plain.0.transaction()?;
            {
                let sql = "INSERT INTO log (place, hash, bytes) VALUES (?1, ?2, ?3)";
                let mut statement = transaction.prepare_cached(sql)?;
                for entry in batch {
                    let hash = hash(&[&[0], entry]);
                    tree.append(hash);
                    statement.execute(params![place, hash, entry])?;
                    place += 1;
                }
            }
            transaction.commit()?;
        }
        Ok(())
    };
    let append = cost(append)?.0;
    let verify = || -> Result<()> {
        let mut again = Tree::default();
        let mut statement = plain.0.prepare("SELECT hash, bytes FROM log ORDER BY place")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let found = hash(&[&[0], row.get_ref(1)?.as_blob()?]);
            if row.get_ref(0)?.as_blob()? != found {
                return Err("a hash is wrong".into());
            }
            again.append(found);
        }
        if again.peaks == tree.peaks { Ok(()) } else { Err("the root is wrong".into()) }
    };
    Ok((append, cost(verify)?.0))
}

/// The same leaves in our store, about reads or about written rows of customers, which it finds by
/// subject in two ways; then read back, hashed, and held against the store's root.
fn ours(path: &Path, entries: &[[u8; ENTRY]], writes: bool) -> Result<(Cost, Cost)> {
    let store = SqliteStore::open(path, SqliteOptions::default())?;
    block_on(store.initialise(StoreInit { store: [1; 16], safe: [2; 16] }))?;
    let count = entries.len() as u64;
    if writes {
        for from in (0..count).step_by(BATCH) {
            block_on(store.commit(registered(from..count.min(from + BATCH as u64))))?;
        }
    }
    let before = block_on(store.status())?.ok_or("no head")?.head.size;
    let append = || -> Result<()> {
        for (n, batch) in entries.chunks(BATCH).enumerate() {
            let leaves = batch.iter().enumerate().map(|(m, entry)| NewLeaf {
                // Not in the order in which they came.
                subject: subject((n * BATCH + m) as u64 * 7_919 % count),
                at: Timestamp::from_micros(1),
                writes,
                bytes: entry.to_vec(),
            });
            let change = Change { leaves: leaves.collect(), ..Change::default() };
            block_on(store.commit(change))?;
        }
        Ok(())
    };
    let append = cost(append)?.0;
    let verify = || -> Result<()> {
        let head = block_on(store.status())?.ok_or("no head")?.head;
        let mut tree = Frontier::new();
        while tree.size() < head.size {
            let to = tree.size() + BATCH as u64;
            for stored in block_on(store.leaves(head.epoch, tree.size(), to))? {
                let hash = leaf_hash(&stored.bytes.ok_or("a leaf is pruned")?);
                if *hash.as_bytes() != stored.hash {
                    return Err("a hash is wrong".into());
                }
                tree.append(hash, |_| {});
            }
        }
        if head.size != before + count {
            return Err("leaves are missing".into());
        }
        if *tree.root().as_bytes() == head.root { Ok(()) } else { Err("the root is wrong".into()) }
    };
    Ok((append, cost(verify)?.0))
}

fn subject(number: u64) -> SubjectId {
    SubjectId::from_bytes(u128::from(mix(number)).to_be_bytes())
}

/// Customers with a small row each.
fn registered(numbers: Range<u64>) -> Change {
    let mut change = Change::default();
    for subject in numbers.map(subject) {
        let row = Row {
            key: RowKey::only(subject, Name::fixed("profile.account")),
            class: None,
            state: state::LIVE,
            held: false,
            anchor_at: None,
            due_at: None,
            version: 1,
            tokens: Vec::new(),
            body: vec![7; 40],
        };
        change.writes.push(RowWrite { row, expect: Expect::Absent });
        let (at, bytes) = (Timestamp::from_micros(1), vec![7; ENTRY]);
        change.leaves.push(NewLeaf { subject, at, writes: true, bytes });
    }
    change
}

/// The edge of an RFC 6962 tree, as few lines as it takes.
#[derive(Default)]
struct Tree {
    size: u64,
    peaks: Vec<[u8; 32]>,
}

impl Tree {
    fn append(&mut self, leaf: [u8; 32]) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().unwrap_or_default();
            node = hash(&[&[1], &left, &node]);
        }
        self.peaks.push(node);
        self.size += 1;
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}
