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
use crate::log::{self, Checkpoint, Continuation, Hash, Plan, Proof, SigningKey, VerifierKey};
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
        let uncovered = self.uncovered.load(Ordering::Relaxed);
        let head = self.continues().await?;
        let text = self.sign(head).await?;
        // Leaves that were counted meanwhile may lie behind the head.
        let rest = |now: u64| Some(now.saturating_sub(uncovered));
        let _ = self.uncovered.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
        self.covered_at.store(self.now().as_micros().cast_unsigned(), Ordering::Relaxed);
        self.owed.store(false, Ordering::Relaxed);
        Ok(text)
    }

    /// Counts leaves, and signs when it is time; what fails is owed.
    pub(super) async fn checkpoint_if_due(&self, leaves: u64, at: Timestamp) {
        let uncovered = self.uncovered.fetch_add(leaves, Ordering::Relaxed).saturating_add(leaves);
        let covered = Timestamp::from_micros(self.covered_at.load(Ordering::Relaxed).cast_signed());
        if (uncovered >= LEAVES || at >= covered.plus(INTERVAL)) && self.checkpoint().await.is_err()
        {
            self.owed.store(true, Ordering::Relaxed);
        }
    }

    /// Signs the checkpoint that was due and failed: until then nothing more is written.
    pub(super) async fn make_good(&self) -> Result<()> {
        if self.owed.load(Ordering::Relaxed) {
            self.checkpoint().await?;
        }
        Ok(())
    }

    async fn sign(&self, head: LogHead) -> Result<String> {
        let size = head.size;
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

    /// The last checkpoint in the safe, with its epoch.
    pub(super) async fn signed(&self) -> Result<Option<(u32, Checkpoint)>> {
        let safe = self.ports.keyring.status().await?;
        let Some((epoch, text)) = safe.and_then(|safe| safe.checkpoint) else { return Ok(None) };
        let checkpoint = Checkpoint::open(&text, &[self.verifier(epoch).await?])?;
        Ok(Some((epoch, checkpoint)))
    }

    /// INVARIANT: a log signs no checkpoint that is inconsistent with one it signed before. Answers
    /// with the log's head.
    pub(super) async fn continues(&self) -> Result<LogHead> {
        // The safe is asked first: what another process signed by then is in the log by now.
        let signed = self.signed().await?;
        let status = self.ports.store.status().await?.ok_or_else(|| NO_SUCH_LEAF.error())?;
        let head = status.head;
        let last = match signed {
            Some((epoch, last)) if epoch == head.epoch => last,
            Some((epoch, _)) if epoch > head.epoch => return FORKED.err(),
            _ => {
                return if self.is_ours(head.epoch).await? { Ok(head) } else { FORKED.err() };
            }
        };
        if last.size > head.size {
            return FORKED.err();
        }
        if last.size > 0 {
            let plan = log::consistency_plan(last.size, head.size)?;
            let proof = self.run(head.epoch, &plan).await?;
            let root = Hash::from(head.root);
            log::verify_consistency(last.size, head.size, &last.root, &root, &proof)
                .map_err(|_| FORKED.error())?;
        }
        Ok(head)
    }

    /// Whoever begins an epoch puts its signing key into the safe first: one without was begun by
    /// somebody who has the rows alone.
    pub(super) async fn is_ours(&self, epoch: u32) -> Result<bool> {
        Ok(self.ports.keyring.secret(&signing_key(epoch)).await?.is_some())
    }

    /// The receipt of a leaf, under a checkpoint signed now.
    ///
    /// # Errors
    /// [`NO_SUCH_LEAF`], [`PRUNED`], [`FORKED`]; `log.inclusion_failed` if the leaf is not the one
    /// that its hash in the log stands for; the codes of the ports.
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
        let key = self.verifier(epoch).await?;
        let signed = Checkpoint::open(&text, std::slice::from_ref(&key))?;
        let plan = log::inclusion_plan(index, signed.size)?;
        let hashes = self.run(epoch, &plan).await?;
        let proof = Proof { extra: Some(bytes), index, hashes, checkpoint: text };
        let text = proof.to_text();
        // No receipt is given that whoever gets it would find wrong.
        log::verify(&text, &[key])?;
        Ok(Receipt { text, leaf, position })
    }

    /// The proof, for whoever kept a checkpoint of this log, that a checkpoint signed now continues it:
    /// nothing that it held was taken out or changed. Its text is that of a
    /// [`Continuation`]; [`crate::log::verify_continuation`] checks it without us.
    ///
    /// # Errors
    /// As [`Checkpoint::open`] if the checkpoint is none that this log signed in its present epoch: a
    /// restored store begins a new one, and what that loses is told by the tombstones.
    /// [`FORKED`] if it did, and the log no longer continues it; `log.position_invalid` if it is of an
    /// empty log; the codes of the ports.
    pub async fn continuation(&self, earlier: &str) -> Result<String> {
        self.checkpoint().await?;
        let (epoch, text) = self
            .ports
            .keyring
            .status()
            .await?
            .and_then(|safe| safe.checkpoint)
            .ok_or_else(|| NO_SUCH_LEAF.error())?;
        let key = [self.verifier(epoch).await?];
        let (old, now) = (Checkpoint::open(earlier, &key)?, Checkpoint::open(&text, &key)?);
        if old.size > now.size {
            return FORKED.err();
        }
        let plan = log::consistency_plan(old.size, now.size)?;
        let hashes = self.run(epoch, &plan).await?;
        let proof = Continuation { old: old.size, hashes, checkpoint: text }.to_text();
        // No proof is given that whoever gets it would find wrong.
        log::verify_continuation(earlier, &proof, &key).map_err(|_| FORKED.error())?;
        Ok(proof)
    }

    /// Reads what a proof is made from.
    pub(super) async fn run(&self, epoch: u32, plan: &Plan) -> Result<Vec<Hash>> {
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
