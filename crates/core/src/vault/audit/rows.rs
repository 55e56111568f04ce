//! Rows and look-ups held against what the leaves say.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Vault;
use super::PAGE;
use super::stated::Stated;
use crate::error::Result;
use crate::name::Name;
use crate::ports::Scan;
use crate::row::{Row, Token};

impl Vault {
    /// Goes through all rows once.
    pub(super) async fn meet_all(&self, stated: &mut Stated) -> Result<()> {
        let mut cursor = None;
        loop {
            let scan = Scan::All { kind: None };
            let page = self.ports.store.scan(&scan, cursor.as_ref(), PAGE).await?;
            self.compare(&page.rows, stated).await?;
            cursor = page.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Reads again what was not met as it is stated now.
    pub(super) async fn meet_again(&self, stated: &mut Stated) -> Result<()> {
        for keys in stated.open().chunks(PAGE) {
            let rows = self.ports.store.rows(keys).await?;
            for (key, _) in keys.iter().zip(&rows).filter(|(_, row)| row.is_none()) {
                stated.absent(key);
            }
            let rows: Vec<Row> = rows.into_iter().flatten().collect();
            self.compare(&rows, stated).await?;
        }
        Ok(())
    }

    /// Compares rows with what the leaves say, and looks each up by every token that it carries.
    async fn compare(&self, rows: &[Row], stated: &mut Stated) -> Result<()> {
        let mut of_index: BTreeMap<&Name, Vec<([u8; 16], &Row)>> = BTreeMap::new();
        for row in rows {
            let tokens: BTreeSet<&Token> = row.tokens.iter().collect();
            stated.present(&row.key, &row.digest(), tokens.len() as u64);
            for token in tokens {
                of_index.entry(&token.index).or_default().push((token.value, row));
            }
        }
        for (index, carried) in of_index {
            let tokens: Vec<_> = carried.iter().map(|(token, _)| *token).collect();
            let found = self.ports.store.lookup(index, &tokens).await?;
            for ((_, row), found) in carried.iter().zip(found) {
                if !found.iter().any(|found| found.key == row.key) {
                    stated.unfound(&row.key, index);
                }
            }
        }
        Ok(())
    }
}
