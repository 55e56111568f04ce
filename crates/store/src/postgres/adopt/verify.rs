//! Whether what arrived is what was sent: every row, leaf and key, in both places.

use tacenda_core::error::Result;
use tacenda_core::ports::store::CORRUPT;
use tacenda_core::ports::{KeyState, Keyring, Scan, Store};
use tacenda_core::row::RowKey;

use super::{Adopted, From, PAGE, PostgresKeyring, PostgresStore};

/// Compares everything, and answers with how much that was.
pub(super) async fn compare(
    from: &From,
    store: &PostgresStore,
    keyring: &PostgresKeyring,
) -> Result<Adopted> {
    let mut adopted = Adopted::default();
    same(store.status().await? == Some(from.store.clone()), "store")?;
    same(keyring.status().await? == Some(from.safe.clone()), "safe")?;
    rows(from, store, &mut adopted).await?;
    leaves(from, store, &mut adopted).await?;
    keys(from, keyring, &mut adopted).await?;
    Ok(adopted)
}

fn same(is: bool, what: &'static str) -> Result<()> {
    if is { Ok(()) } else { Err(CORRUPT.error().with("reason", what)) }
}

async fn rows(from: &From, to: &PostgresStore, adopted: &mut Adopted) -> Result<()> {
    let (scan, mut after) = (Scan::All { kind: None }, None);
    loop {
        let page = from.origin.store.scan(&scan, after.as_ref(), PAGE).await?;
        let keys: Vec<RowKey> = page.rows.iter().map(|row| row.key.clone()).collect();
        let arrived = to.rows(&keys).await?;
        same(page.rows.iter().map(Some).eq(arrived.iter().map(Option::as_ref)), "rows")?;
        adopted.rows = adopted.rows.saturating_add(keys.len() as u64);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    same(to.count(&scan, u64::MAX >> 1).await? == adopted.rows, "rows")?;
    adopted.lookups = from.origin.store.count_lookups().await?;
    same(to.count_lookups().await? == adopted.lookups, "lookups")
}

async fn leaves(from: &From, to: &PostgresStore, adopted: &mut Adopted) -> Result<()> {
    for epoch in 1..=from.store.head.epoch {
        let mut place = 0u64;
        loop {
            let end = place.saturating_add(PAGE as u64);
            let sent = from.origin.store.leaves(epoch, place, end).await?;
            let arrived = to.leaves(epoch, place, end).await?;
            let alike = sent
                .iter()
                .zip(&arrived)
                .all(|(a, b)| (a.position, a.hash, &a.bytes) == (b.position, b.hash, &b.bytes));
            same(alike && sent.len() == arrived.len(), "leaves")?;
            place = place.saturating_add(sent.len() as u64);
            if sent.len() < PAGE {
                break;
            }
        }
        adopted.leaves = adopted.leaves.saturating_add(place);
    }
    Ok(())
}

async fn keys(from: &From, to: &PostgresKeyring, adopted: &mut Adopted) -> Result<()> {
    let origin = &from.origin.keyring;
    same(origin.secrets().await? == to.secrets().await?, "secrets")?;
    let mut after = None;
    loop {
        let ids = origin.live_keys(after.as_ref(), PAGE).await?;
        same(origin.fetch(&ids).await? == to.fetch(&ids).await?, "keys")?;
        adopted.keys = adopted.keys.saturating_add(ids.len() as u64);
        if ids.len() < PAGE {
            break;
        }
        after = ids.into_iter().last();
    }
    let mut after = None;
    loop {
        let page = origin.tombstones(after.as_ref(), PAGE).await?;
        let ids: Vec<_> = page.iter().map(|one| one.key.clone()).collect();
        let states = page.iter().map(|one| KeyState::Destroyed(one.position));
        same(states.eq(to.fetch(&ids).await?), "tombstones")?;
        adopted.tombstones = adopted.tombstones.saturating_add(page.len() as u64);
        if page.len() < PAGE {
            break;
        }
        after = ids.into_iter().last();
    }
    let mut after = None;
    loop {
        let page = origin.fingerprints_after(after, PAGE).await?;
        let prints: Vec<_> = page.iter().map(|(print, ..)| *print).collect();
        let subjects = page.iter().map(|(_, subject, _)| Some(*subject));
        same(subjects.eq(to.fingerprints(&prints).await?), "fingerprints")?;
        adopted.fingerprints = adopted.fingerprints.saturating_add(page.len() as u64);
        if page.len() < PAGE {
            return Ok(());
        }
        after = prints.last().copied();
    }
}
