//! What a store holds, and how a change moves it.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::log::{Frontier, leaf_hash};
use crate::name::Name;
use crate::ports::check::{BAD_REQUEST, check_policy};
use crate::ports::store::{CONFLICT, NOT_UNIQUE};
use crate::ports::{
    Change, Committed, Expect, LeafId, LogHead, LogPosition, NewLeaf, PolicyMark, StoreInit,
    StoreStatus, StoredLeaf,
};
use crate::row::{Row, RowKey, Token};

/// A leaf as it is kept; without subject and bytes once pruned.
pub(super) struct KeptLeaf {
    pub(super) hash: [u8; 32],
    pub(super) subject: Option<SubjectId>,
    pub(super) writes: bool,
    pub(super) bytes: Option<Vec<u8>>,
}

impl KeptLeaf {
    pub(super) fn stored(&self, position: LogPosition) -> StoredLeaf {
        StoredLeaf {
            id: LeafId::at(position),
            position: Some(position),
            hash: self.hash,
            bytes: self.bytes.clone(),
        }
    }
}

/// A row that carries a token, and whether it alone may.
type Carrier = (RowKey, bool);

/// A node of an epoch's tree at a level above the leaves.
type NodePlace = (u32, u8, u64);

#[derive(Default)]
pub(super) struct State {
    pub(super) closed: bool,
    pub(super) init: Option<StoreInit>,
    pub(super) rows: BTreeMap<RowKey, Row>,
    pub(super) leases: BTreeMap<RowKey, Timestamp>,
    pub(super) lookups: BTreeMap<(Name, [u8; 16]), BTreeSet<Carrier>>,
    pub(super) leaves: BTreeMap<LogPosition, KeptLeaf>,
    pub(super) nodes: BTreeMap<NodePlace, [u8; 32]>,
    epoch: u32,
    frontier: Frontier,
    safe_sequence: u64,
    policy: Option<PolicyMark>,
    last_leaf_at: Option<Timestamp>,
}

impl State {
    pub(super) fn initialise(&mut self, init: StoreInit) -> Result<()> {
        if self.init.is_some() {
            return CONFLICT.err();
        }
        (self.init, self.epoch) = (Some(init), 1);
        Ok(())
    }

    pub(super) fn status(&self) -> Option<StoreStatus> {
        self.init.map(|init| StoreStatus {
            init,
            safe_sequence: self.safe_sequence,
            policy: self.policy.clone(),
            head: LogHead {
                epoch: self.epoch,
                size: self.frontier.size(),
                root: *self.frontier.root().as_bytes(),
            },
            last_leaf_at: self.last_leaf_at,
        })
    }

    /// Checks everything first, so that nothing is left to fail once it begins to write.
    pub(super) fn commit(&mut self, change: Change) -> Result<Committed> {
        change.check()?;
        if self.init.is_none() {
            return Err(BAD_REQUEST.error().with("reason", "store was never marked"));
        }
        check_policy(self.policy.as_ref(), change.under)?;
        self.check_expectations(&change)?;
        self.check_unique(&change)?;
        if let Some(epoch) = change.new_epoch {
            if self.epoch.checked_add(1) != Some(epoch) {
                return CONFLICT.err();
            }
            (self.epoch, self.frontier) = (epoch, Frontier::new());
        }
        for key in change.deletes.iter().map(|delete| &delete.key) {
            self.remove(key);
        }
        for write in change.writes {
            self.remove(&write.row.key);
            self.insert(write.row);
        }
        self.safe_sequence = self.safe_sequence.max(change.safe_sequence);
        self.policy = change.policy.or(self.policy.take());
        let leaves = change.leaves.into_iter().map(|leaf| self.append(leaf)).collect();
        Ok(Committed { leaves })
    }

    fn check_expectations(&self, change: &Change) -> Result<()> {
        let writes = change.writes.iter().map(|write| (&write.row.key, write.expect));
        let deletes = change.deletes.iter().map(|d| (&d.key, Expect::Version(d.version)));
        let requires = change.requires.iter().map(|(key, expect)| (key, *expect));
        for (key, expect) in requires.chain(deletes).chain(writes) {
            let is = self.rows.get(key).map_or(Expect::Absent, |row| Expect::Version(row.version));
            if is != expect {
                let conflict = CONFLICT.error().with("subject", key.subject);
                return Err(conflict.with("kind", &key.kind));
            }
        }
        let lost = |(key, end): &&(RowKey, Timestamp)| self.leases.get(key) != Some(end);
        match change.leased.iter().find(lost) {
            Some((key, _)) => {
                Err(CONFLICT.error().with("subject", key.subject).with("kind", &key.kind))
            }
            None => Ok(()),
        }
    }

    /// A unique token may be carried by a row of the change, or else by one that the change leaves
    /// alone.
    fn check_unique(&self, change: &Change) -> Result<()> {
        let changed: BTreeSet<&RowKey> = (change.writes.iter().map(|write| &write.row.key))
            .chain(change.deletes.iter().map(|delete| &delete.key))
            .collect();
        let mut taken: BTreeMap<(&Name, [u8; 16]), &RowKey> = BTreeMap::new();
        for row in change.writes.iter().map(|write| &write.row) {
            for token in row.tokens.iter().filter(|token| token.unique) {
                let here = taken.entry((&token.index, token.value)).or_insert(&row.key);
                let left = self.carriers(token).filter(|key| !changed.contains(key)).count();
                if left > 0 || *here != &row.key {
                    let loser = NOT_UNIQUE.error().with("subject", row.key.subject);
                    return Err(loser.with("index", &token.index));
                }
            }
        }
        Ok(())
    }

    /// The rows that carry this token as a unique one.
    fn carriers<'a>(&'a self, token: &'a Token) -> impl Iterator<Item = &'a RowKey> {
        let keys = self.lookups.get(&(token.index.clone(), token.value)).into_iter().flatten();
        keys.filter(|(_, unique)| *unique).map(|(key, _)| key)
    }

    fn remove(&mut self, key: &RowKey) {
        self.leases.remove(key);
        for token in self.rows.remove(key).into_iter().flat_map(|row| row.tokens) {
            if let Some(keys) = self.lookups.get_mut(&(token.index, token.value)) {
                keys.remove(&(key.clone(), token.unique));
            }
        }
    }

    fn insert(&mut self, row: Row) {
        for token in &row.tokens {
            let keys = self.lookups.entry((token.index.clone(), token.value)).or_default();
            keys.insert((row.key.clone(), token.unique));
        }
        self.rows.insert(row.key.clone(), row);
    }

    fn append(&mut self, leaf: NewLeaf) -> LeafId {
        let position = LogPosition { epoch: self.epoch, index: self.frontier.size() };
        let hash = leaf_hash(&leaf.bytes);
        let nodes = &mut self.nodes;
        self.frontier.append(hash, |node| {
            nodes.insert((position.epoch, node.level, node.index), *node.hash.as_bytes());
        });
        self.last_leaf_at = self.last_leaf_at.max(Some(leaf.at));
        let (subject, bytes) = (Some(leaf.subject), Some(leaf.bytes));
        let kept = KeptLeaf { hash: *hash.as_bytes(), subject, writes: leaf.writes, bytes };
        self.leaves.insert(position, kept);
        LeafId::at(position)
    }
}
