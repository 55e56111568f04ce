//! Checkpoints, receipts and the keys that verify them.

use std::fmt;
use std::sync::atomic::Ordering;

use zeroize::Zeroizing;

use super::Vault;
use super::codes::{FORKED, NO_SUCH_LEAF, PRUNED};
use super::keys::signing_key;
use crate::clock::{Span, Timestamp};
use crate::error::Result;
use crate::leaf::Leaf;
use crate::log::{self, Checkpoint, Hash, Plan, Proof, SigningKey, VerifierKey};
use crate::ports::{LogHead, LogPosition};

/// A checkpoint is signed at the latest after so many leaves…
const LEAVES: u64 = 10_000;
/// … or so much time, whichever comes first.
const INTERVAL: Span = Span::seconds(60);

/// A proof, to be kept by whom it concerns, that a leaf is in the log: a C2SP `tlog-proof` whose
/// `extra` line is the leaf. [`crate::log::verify`] checks it without us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The text of the proof.
    pub text: String,
    /// What the leaf states.
    pub leaf: Leaf,
    /// Where it stands.
    pub position: LogPosition,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Vault {
    /// Signs a checkpoint over the whole log and keeps it in the safe.
    ///
    /// # Errors
    /// [`FORKED`] if the log does not continue the one that was last signed; the codes of the
    /// ports.
    pub async fn checkpoint(&self) -> Result<String> {
        let Some(status) = self.ports.store.status().await? else {
            return NO_SUCH_LEAF.err();
        };
        let text = self.sign(status.head).await?;
        self.uncovered.store(0, Ordering::Relaxed);
        self.covered_at.store(self.now().as_micros().cast_unsigned(), Ordering::Relaxed);
        Ok(text)
    }

    /// Counts leaves, and signs when it is time.
    pub(super) async fn checkpoint_if_due(&self, leaves: u64, at: Timestamp) -> Result<()> {
        let uncovered = self.uncovered.fetch_add(leaves, Ordering::Relaxed).saturating_add(leaves);
        let covered = Timestamp::from_micros(self.covered_at.load(Ordering::Relaxed).cast_signed());
        if uncovered >= LEAVES || at >= covered.plus(INTERVAL) {
            self.checkpoint().await?;
        }
        Ok(())
    }

    async fn sign(&self, head: LogHead) -> Result<String> {
        self.epoch.store(u64::from(head.epoch), Ordering::Relaxed);
        let size = head.size;
        self.continues(head).await?;
        let key = self.signer(head.epoch).await?;
        let checkpoint =
            Checkpoint { origin: key.name().to_owned(), size, root: Hash::from(head.root) };
        let text = checkpoint.sign(&key)?;
        // The safe is told of the last leaf that the checkpoint covers; a log without one is not
        // worth keeping a checkpoint of.
        if let Some(index) = size.checked_sub(1) {
            let last = LogPosition { epoch: head.epoch, index };
            self.ports.keyring.keep_checkpoint(last, &text).await?;
        }
        Ok(text)
    }

    /// INVARIANT: a log signs no checkpoint that is inconsistent with one it signed before.
    pub(super) async fn continues(&self, head: LogHead) -> Result<()> {
        let Some(safe) = self.ports.keyring.status().await? else { return Ok(()) };
        let Some((epoch, text)) = safe.checkpoint else { return Ok(()) };
        if epoch != head.epoch {
            return if epoch < head.epoch { Ok(()) } else { FORKED.err() };
        }
        let last = Checkpoint::open(&text, &[self.verifier(epoch).await?])?;
        // Another process may have signed a longer log since the head was read: nothing to prove.
        if last.size == 0 || last.size > head.size {
            return Ok(());
        }
        let plan = log::consistency_plan(last.size, head.size)?;
        let proof = self.run(epoch, &plan).await?;
        let root = Hash::from(head.root);
        log::verify_consistency(last.size, head.size, &last.root, &root, &proof)
            .map_err(|_| FORKED.error())
    }

    /// The receipt of a leaf, under a checkpoint signed now.
    ///
    /// # Errors
    /// [`NO_SUCH_LEAF`], [`PRUNED`], [`FORKED`]; the codes of the ports.
    pub async fn receipt(&self, position: LogPosition) -> Result<Receipt> {
        let LogPosition { epoch, index } = position;
        let stored = self.ports.store.leaves(epoch, index, index.saturating_add(1)).await?;
        let stored = stored.into_iter().next().ok_or_else(|| NO_SUCH_LEAF.error())?;
        let bytes = stored.bytes.ok_or_else(|| PRUNED.error())?;
        let leaf = Leaf::decode(&bytes)?;
        self.checkpoint().await?;
        let (signed_epoch, text) = self
            .ports
            .keyring
            .status()
            .await?
            .and_then(|safe| safe.checkpoint)
            .ok_or_else(|| NO_SUCH_LEAF.error())?;
        // INVARIANT: receipts of an epoch that has ended were given before it ended.
        if signed_epoch != epoch {
            return NO_SUCH_LEAF.err();
        }
        let signed = Checkpoint::open(&text, &[self.verifier(epoch).await?])?;
        let plan = log::inclusion_plan(index, signed.size)?;
        let hashes = self.run(epoch, &plan).await?;
        let proof = Proof { extra: Some(bytes), index, hashes, checkpoint: text };
        Ok(Receipt { text: proof.to_text(), leaf, position })
    }

    async fn run(&self, epoch: u32, plan: &Plan) -> Result<Vec<Hash>> {
        let mut hashes = Vec::new();
        for read in plan.reads() {
            let found = self.ports.store.hashes(epoch, read.level, read.start, read.end).await?;
            hashes.extend(found.into_iter().map(Hash::from));
        }
        plan.finish(&hashes)
    }

    /// The origin of the log's checkpoints in an epoch: the policy's, then with `/2`, `/3`, …
    pub(super) fn origin(&self, epoch: u32) -> String {
        let origin = &self.policy.log.origin;
        if epoch <= 1 { origin.clone() } else { format!("{origin}/{epoch}") }
    }

    pub(super) async fn signer(&self, epoch: u32) -> Result<SigningKey> {
        let seed: Zeroizing<[u8; 32]> = self.secret(&signing_key(epoch)).await?;
        SigningKey::from_seed(&self.origin(epoch), &seed)
    }

    pub(super) async fn verifier(&self, epoch: u32) -> Result<VerifierKey> {
        Ok(self.signer(epoch).await?.verifier_key().clone())
    }

    /// The log's public keys as C2SP verifier keys, one line per epoch: the file `log.vkey`. An
    /// epoch whose key was lost with a safe has none; its line is in the file of an earlier day.
    ///
    /// # Errors
    /// The codes of the ports.
    pub async fn verifier_keys(&self) -> Result<String> {
        let epochs = self.ports.store.status().await?.map_or(1, |status| status.head.epoch);
        let mut text = String::new();
        for epoch in 1..=epochs {
            if self.ports.keyring.secret(&signing_key(epoch)).await?.is_none() {
                continue;
            }
            text.push_str(&self.verifier(epoch).await?.to_string());
            text.push('\n');
        }
        Ok(text)
    }
}
