//! The log: receipts that anybody can check without us.

use tacenda_core::Result;
use tacenda_core::leaf::Leaf;
use tacenda_core::log::{self, Checkpoint};
use tacenda_core::ports::LogPosition;
use tacenda_core::vault::{Audit, Changes, Pruned, Receipt, Vault};

/// The log of a [`crate::Tacenda`].
#[derive(Debug, Clone, Copy)]
pub struct Log<'a> {
    pub(crate) vault: &'a Vault,
}

impl Log<'_> {
    /// Signs a checkpoint over the whole log.
    ///
    /// # Errors
    /// As [`Vault::checkpoint`].
    pub async fn checkpoint(&self) -> Result<String> {
        self.vault.checkpoint().await
    }

    /// The receipt of a leaf.
    ///
    /// # Errors
    /// As [`Vault::receipt`].
    pub async fn receipt(&self, position: LogPosition) -> Result<Receipt> {
        self.vault.receipt(position).await
    }

    /// The proof that the log continues a checkpoint that somebody kept; [`verify_continuation`] checks it.
    ///
    /// # Errors
    /// As [`Vault::continuation`].
    pub async fn continuation(&self, earlier: &str) -> Result<String> {
        self.vault.continuation(earlier).await
    }

    /// The public keys, a line per epoch: the file `log.vkey`.
    ///
    /// # Errors
    /// As [`Vault::verifier_keys`].
    pub async fn verifier_keys(&self) -> Result<String> {
        self.vault.verifier_keys().await
    }

    /// The rows that changed, from a place of the log on: a feed for caches and search indexes. Begin
    /// at [`Log::begins`], keep [`Changes::next`], and ask again from there.
    ///
    /// # Errors
    /// As [`Vault::changes_since`].
    pub async fn changes_since(&self, from: LogPosition, limit: usize) -> Result<Changes> {
        self.vault.changes_since(from, limit).await
    }

    /// The first place of the log.
    #[must_use]
    pub const fn begins() -> LogPosition {
        Vault::log_begins()
    }

    /// Holds the whole store against the whole log.
    ///
    /// # Errors
    /// As [`Vault::audit`].
    pub async fn audit(&self) -> Result<Audit> {
        self.vault.audit().await
    }

    /// Removes the texts of log entries that are older than `[log] keep` of the policy: who did what
    /// to whose data is data about both. Their hashes stay, so that every receipt that was given
    /// still verifies; a receipt of such an entry can no longer be given.
    ///
    /// Nothing else calls it, the sweep neither: run it as often as the sweep, after it. A sweep
    /// takes what the policy no longer keeps of customers, and asks a person when that is much; this
    /// takes the record of what was done, which has its own period and needs nobody's consent.
    /// Killed at any point, the next call goes on; several processes may call it at once.
    ///
    /// # Errors
    /// As [`Vault::prune_log`].
    pub async fn prune(&self) -> Result<Pruned> {
        self.vault.prune_log().await
    }
}

/// What a receipt proves.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct VerifiedReceipt {
    /// What the leaf states.
    pub leaf: Leaf,
    /// Its place in the log.
    pub index: u64,
    /// The signed state of the log that holds it.
    pub checkpoint: Checkpoint,
}

/// Verifies a receipt offline with the log's public keys (`log.vkey`).
///
/// # Errors
/// The `log.*` codes of [`log::verify`]; `codec.malformed` if what is proven is no leaf of ours.
pub fn verify_receipt(receipt: &str, verifier_keys: &str) -> Result<VerifiedReceipt> {
    let keys = log::parse_vkeys(verifier_keys)?;
    let verified = log::verify(receipt, &keys)?;
    let leaf = Leaf::decode(&verified.leaf)?;
    Ok(VerifiedReceipt { leaf, index: verified.index, checkpoint: verified.checkpoint })
}

/// Verifies offline, with the log's public keys (`log.vkey`), that it continues a checkpoint that
/// somebody kept: what [`Log::checkpoint`] gave then and what [`Log::continuation`] gives now. Answers
/// with the later checkpoint.
///
/// # Errors
/// As [`log::verify_continuation`].
pub fn verify_continuation(earlier: &str, proof: &str, verifier_keys: &str) -> Result<Checkpoint> {
    log::verify_continuation(earlier, proof, &log::parse_vkeys(verifier_keys)?)
}
