//! Look-ups held against the rows.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Vault;
use crate::error::Result;
use crate::name::Name;
use crate::row::{Row, Token};
use crate::vault::codes::ALTERED_LOOKUP;

/// How many look-ups the rows so far should have.
#[derive(Default)]
pub(super) struct Lookups(u64);

impl Vault {
    /// Every token of these rows is found under its index, and points to its row.
    pub(super) async fn compare_lookups(&self, rows: &[Row], lookups: &mut Lookups) -> Result<()> {
        let mut of_index: BTreeMap<&Name, Vec<([u8; 16], &Row)>> = BTreeMap::new();
        for row in rows {
            let tokens: BTreeSet<&Token> = row.tokens.iter().collect();
            lookups.0 = lookups.0.saturating_add(tokens.len() as u64);
            for token in tokens {
                of_index.entry(&token.index).or_default().push((token.value, row));
            }
        }
        for (index, carried) in of_index {
            let tokens: Vec<_> = carried.iter().map(|(token, _)| *token).collect();
            let found = self.ports.store.lookup(index, &tokens).await?;
            for ((_, row), found) in carried.iter().zip(found) {
                if !found.iter().any(|found| found.key == row.key) {
                    let error = ALTERED_LOOKUP.error().with("index", index);
                    return Err(error.with("subject", row.key.subject));
                }
            }
        }
        Ok(())
    }

    /// There is no look-up beside those of the rows. Answers with how many there are.
    pub(super) async fn compare_count(&self, Lookups(carried): Lookups) -> Result<u64> {
        let found = self.ports.store.count_lookups().await?;
        if found == carried {
            return Ok(found);
        }
        Err(ALTERED_LOOKUP.error().with("found", found).with("carried", carried))
    }
}
