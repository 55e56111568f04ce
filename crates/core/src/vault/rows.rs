//! Rows on their way out: compared with what the log says was written.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Vault;
use super::codes::{ALTERED_ROW, MISSING_ROW};
use super::keys::number_of;
use crate::error::Result;
use crate::id::{RowId, SubjectId};
use crate::leaf::Leaf;
use crate::log::leaf_hash;
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::ports::store::CONFLICT;
use crate::ports::{Holding, Scan, StoredLeaf};
use crate::row::{Row, RowKey};

/// What the log says of a subject's rows: the digest of each as last written, `None` if deleted.
pub(super) type Stamps = BTreeMap<(Name, RowId), Option<[u8; 32]>>;

const PAGE: usize = 16;
const SCAN_PAGE: usize = 256;

/// How often rows are read again that change while they are compared.
const ATTEMPTS: usize = 8;

impl Vault {
    /// The rows with these keys, all of one subject, each checked against the log.
    pub(super) async fn checked(
        &self,
        subject: SubjectId,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Row>>> {
        let first = self.ports.store.rows_with_leaves(subject, keys, PAGE).await?;
        let (mut rows, mut latest) = (first.0, Some(first.1));
        let mut again = true;
        for _ in 0..ATTEMPTS {
            let stamps = self.stamps(subject, keys, latest.take()).await?;
            let found =
                keys.iter().zip(&rows).try_for_each(|(key, row)| check(key, row.as_ref(), &stamps));
            let Err(error) = found else { return Ok(rows) };
            // Rows and log are read one after the other: a change in between is no tampering, and
            // moves the rows on. So is a pruning between two pages of leaves, which moves nothing
            // but what was stated.
            let now = self.ports.store.rows(keys).await?;
            if now == rows && !std::mem::take(&mut again) {
                return Err(error);
            }
            rows = now;
        }
        Err(CONFLICT.error().with("subject", subject))
    }

    /// Whether the log says of a row that it was written and is not gone, whatever the store has.
    ///
    /// # Errors
    /// The integrity codes, if a leaf of the subject is altered; the codes of the store.
    pub(super) async fn stated_alive(&self, key: &RowKey) -> Result<bool> {
        let stamps = self.stamps(key.subject, std::slice::from_ref(key), None).await?;
        Ok(stamped(key, &stamps).is_some())
    }

    /// All rows of a subject, each checked against the log; one of its profile or of an archive
    /// that is gone is missed.
    pub(super) async fn checked_all(&self, subject: SubjectId) -> Result<Vec<Row>> {
        self.checked_where(subject, |_| true).await
    }

    /// The rows of a subject that belong to some classes, or to none, as [`Vault::checked_all`].
    pub(super) async fn checked_where(
        &self,
        subject: SubjectId,
        wanted: impl Fn(&Name) -> bool + Send + Sync,
    ) -> Result<Vec<Row>> {
        let mut found = self.as_they_stand(subject).await?;
        found.retain(|row| class_of(row).is_none_or(|class| wanted(&class)));
        self.checked_found(subject, found, wanted).await
    }

    /// All rows of a subject, compared with nothing.
    pub(super) async fn as_they_stand(&self, subject: SubjectId) -> Result<Vec<Row>> {
        let (mut rows, mut cursor) = (Vec::new(), None);
        loop {
            let scan = Scan::Subject(subject);
            let page = self.ports.store.scan(&scan, cursor.as_ref(), SCAN_PAGE).await?;
            rows.extend(page.rows);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }

    /// [`Vault::checked_where`] for rows of these classes that were `found`.
    pub(super) async fn checked_found(
        &self,
        subject: SubjectId,
        found: Vec<Row>,
        wanted: impl Fn(&Name) -> bool + Send + Sync,
    ) -> Result<Vec<Row>> {
        let classes = self.policy.classes.keys().filter(|class| wanted(class));
        let mut keys: BTreeSet<_> = classes.map(|class| self.profile_key(subject, class)).collect();
        keys.extend(self.expected_archives(subject, &found, wanted).await?);
        keys.extend(found.into_iter().map(|row| row.key));
        let keys: Vec<_> = keys.into_iter().collect();
        Ok(self.checked(subject, &keys).await?.into_iter().flatten().collect())
    }

    /// [`Vault::checked_where`] for many subjects, in order, with the classes that are wanted of each by
    /// its place among them; what is wrong with one subject's rows is its own result.
    pub(super) async fn checked_each(
        &self,
        subjects: &[SubjectId],
        wanted: impl Fn(usize, &Name) -> bool + Send + Sync,
    ) -> Result<Vec<Result<Vec<Row>>>> {
        let holdings = self.ports.store.holdings(subjects, PAGE).await?;
        let mut all = Vec::with_capacity(subjects.len());
        for (n, (subject, holding)) in subjects.iter().zip(holdings).enumerate() {
            let wanted = |class: &Name| wanted(n, class);
            all.push(match self.vouched(*subject, holding) {
                Some(mut rows) => {
                    rows.retain(|row| class_of(row).is_none_or(|class| wanted(&class)));
                    Ok(rows)
                }
                // Its leaves are many, its rows just change, or something is wrong.
                None => self.checked_where(*subject, wanted).await,
            });
        }
        Ok(all)
    }

    /// The rows, if the leaves beside them state all of them, and no row that is gone.
    fn vouched(&self, subject: SubjectId, holding: Holding) -> Option<Vec<Row>> {
        let Holding { rows, leaves } = holding;
        let mut stamps = Stamps::new();
        for stored in &leaves {
            collect(&mut stamps, stated(subject, stored).ok()?);
        }
        let found = |(kind, id): &(Name, RowId)| {
            rows.iter().any(|row| row.key.kind == *kind && row.key.id == *id)
        };
        if stamps.iter().any(|(key, digest)| digest.is_some() && !found(key)) {
            return None;
        }
        // Older leaves may state rows that are gone, unless each class is there and has had no
        // other row: then all is at hand that a subject can have.
        let is_first = |class: &Name| {
            let key = self.profile_key(subject, class);
            rows.iter().any(|row| row.key == key && number_of(row) == Some(0))
        };
        if leaves.len() >= PAGE && !self.policy.classes.keys().all(is_first) {
            return None;
        }
        let stands =
            |row: &Row| row.key.subject == subject && check(&row.key, Some(row), &stamps).is_ok();
        rows.iter().all(stands).then_some(rows)
    }

    /// Reads the subject's leaves back until each of the keys was met, or there are no more;
    /// `latest` are the last [`PAGE`] of them, if they are at hand.
    async fn stamps(
        &self,
        subject: SubjectId,
        keys: &[RowKey],
        mut latest: Option<Vec<StoredLeaf>>,
    ) -> Result<Stamps> {
        let mut stamps = Stamps::new();
        let mut before = None;
        loop {
            let leaves = match latest.take() {
                Some(leaves) => leaves,
                None => self.ports.store.leaves_of(subject, true, before, PAGE).await?,
            };
            let last = leaves.len() < PAGE;
            for stored in leaves {
                before = Some(stored.id);
                collect(&mut stamps, stated(subject, &stored)?);
            }
            let met = keys.iter().all(|key| stamps.contains_key(&(key.kind.clone(), key.id)));
            if last || met {
                return Ok(stamps);
            }
        }
    }
}

/// The class of a row, as its place tells it: that is what the log is asked about, and whoever may
/// write the rows can call one whatever they like. What has a place of another release has the class
/// that it is called.
pub(super) fn class_of(row: &Row) -> Option<Cow<'_, Name>> {
    if let Some(record) = RecordKind::of_rows(&row.key.kind) {
        return Some(Cow::Borrowed(&record.class));
    }
    let kind = row.key.kind.as_str();
    let own = ["profile.", "archive."].iter().find_map(|of| kind.strip_prefix(of));
    match (own, &row.class) {
        (Some(own), called) if called.as_ref().is_none_or(|class| class.as_str() != own) => {
            Name::parse(own).ok().map(Cow::Owned)
        }
        (_, called) => called.as_ref().map(Cow::Borrowed),
    }
}

/// What a leaf of a subject says, if it is the one in the tree. A leaf that was pruned is no longer
/// found among its subject's: one that is and lacks its text was tampered with.
pub(super) fn stated(subject: SubjectId, stored: &StoredLeaf) -> Result<Leaf> {
    let altered = || ALTERED_ROW.error().with("subject", subject);
    let bytes = stored.bytes.as_deref().ok_or_else(altered)?;
    if *leaf_hash(bytes).as_bytes() != stored.hash {
        return Err(altered());
    }
    let leaf = Leaf::decode(bytes)?;
    if leaf.subject == subject { Ok(leaf) } else { Err(altered()) }
}

/// Takes up what an older leaf says, where no newer one has spoken.
fn collect(stamps: &mut Stamps, leaf: Leaf) {
    for row in leaf.rows {
        stamps.entry((row.kind, row.id)).or_insert(row.digest);
    }
}

fn stamped(key: &RowKey, stamps: &Stamps) -> Option<[u8; 32]> {
    stamps.get(&(key.kind.clone(), key.id)).copied().flatten()
}

/// INVARIANT 3: a moved, swapped, rolled-back or altered row is found before it is opened.
pub(super) fn check(key: &RowKey, row: Option<&Row>, stamps: &Stamps) -> Result<()> {
    let stated = stamped(key, stamps);
    let code = match (row, stated) {
        (None, None) => return Ok(()),
        (Some(row), Some(digest)) if row.key == *key && row.digest() == digest => return Ok(()),
        (None, Some(_)) => &MISSING_ROW,
        (Some(_), _) => &ALTERED_ROW,
    };
    Err(code.error().with("subject", key.subject).with("kind", &key.kind))
}
