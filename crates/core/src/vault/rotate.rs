//! Changing the master key: the safe is wrapped anew, the data is not touched.

use super::codes::REWRAP_BLOCKED;
use super::journal::Draft;
use super::{Actor, Vault};
use crate::error::Result;
use crate::id::SubjectId;
use crate::ports::{Scrub, WrapRequest};

const PAGE: usize = 1000;

impl Vault {
    /// Wraps everything in the safe under the vault's master key, after it was opened with the
    /// former one beside it. Killed anywhere, the next call goes on where this one stopped;
    /// answers with how many keys it wrapped.
    ///
    /// # Errors
    /// `keys.wrong_master_key` if something lies under a third key, so that the rotation before this
    /// one has to be finished first, or if a later rotation has begun: nothing is turned back.
    /// [`REWRAP_BLOCKED`] if the safe's old pages are still read:
    /// everything is wrapped anew, and the next call finishes. The codes of the ports.
    pub async fn rotate_master_key(&self) -> Result<u64> {
        let kek = self.ports.kek.id();
        let former = self.ports.former_kek.as_ref().map_or(kek, |former| former.id());
        self.ports.keyring.begin_rotation(former, kek).await?;
        let mut wrapped = 0;
        loop {
            let page = self.ports.keyring.wrapped_otherwise(kek, PAGE).await?;
            if page.is_empty() {
                break;
            }
            wrapped += page.len() as u64;
            let old = page.iter().map(|(id, old)| (id.aad(), old.clone())).collect();
            let keys = self.unwrap(old).await?;
            let requests: Vec<_> = page
                .iter()
                .zip(keys)
                .map(|((id, _), key)| WrapRequest { aad: id.aad(), key })
                .collect();
            let new = self.ports.kek.wrap(&requests).await?;
            let changed =
                page.into_iter().zip(new).map(|((id, old), new)| (id, old, new)).collect();
            self.ports.keyring.rewrap(changed).await?;
        }
        // Pages that still hold keys wrapped under the former key leave the files too.
        if self.ports.keyring.scrub().await? == Scrub::Blocked {
            return REWRAP_BLOCKED.err();
        }
        let leaf = self
            .leaf(self.now(), &Actor::system(), "keys.rotated", SubjectId::CONTROLLER)
            .detail("keys", wrapped);
        let mut draft = Draft::new(0);
        draft.record(leaf, Vec::new(), &[]);
        self.commit(draft).await?;
        Ok(wrapped)
    }
}
