//! The memory that Argon2id runs in.

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Version};
use zeroize::Zeroize;

use super::params::{BAD_PARAMS, Params};
use crate::error::{Code, Kind, Result, Retry};

/// The memory for one Argon2id could not be had.
pub static NO_MEMORY: Code =
    Code::new("password.memory", Kind::Unavailable, "no memory for argon2id").retry(Retry::Safe);

/// The memory that Argon2id runs in: taken at the first call, used again by the next, all zero
/// between calls, so that no call waits for fresh pages.
///
/// It keeps the size of the largest call so far, until [`Workspace::release`].
#[derive(Default)]
pub struct Workspace {
    // INVARIANT: every block is zero whenever no call is under way.
    blocks: Vec<Block>,
    calls: u64,
    kib_filled: u64,
}

impl Workspace {
    /// A workspace that has no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { blocks: Vec::new(), calls: 0, kib_filled: 0 }
    }

    /// How many Argon2id were computed in it.
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.calls
    }

    /// How much memory all of them filled, pass by pass, in KiB.
    #[must_use]
    pub const fn kib_filled(&self) -> u64 {
        self.kib_filled
    }

    /// Gives the memory back to the system.
    pub fn release(&mut self) {
        self.blocks = Vec::new();
    }

    /// One Argon2id: the tag fills `out`, whose length enters into it.
    pub(super) fn argon2id(
        &mut self,
        input: &[u8],
        salt: &[u8],
        params: Params,
        out: &mut [u8],
    ) -> Result<()> {
        let (m, t, p) = (params.memory_kib(), params.passes(), params.lanes());
        self.kib_filled = self.kib_filled.saturating_add(params.kib_filled());
        let params =
            argon2::Params::new(m, t, p, Some(out.len())).map_err(|_| BAD_PARAMS.error())?;
        self.run(&Argon2::new(Algorithm::Argon2id, Version::V0x13, params), input, salt, out)
    }

    fn run(
        &mut self,
        argon2: &Argon2<'_>,
        input: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        let count = argon2.params().block_count();
        self.grow(count)?;
        self.calls = self.calls.saturating_add(1);
        let blocks = self.blocks.get_mut(..count).ok_or_else(|| NO_MEMORY.error())?;
        let outcome = argon2.hash_password_into_with_memory(input, salt, out, &mut *blocks);
        blocks.iter_mut().for_each(Zeroize::zeroize);
        outcome.map_err(|_| BAD_PARAMS.error())
    }

    fn grow(&mut self, count: usize) -> Result<()> {
        if self.blocks.len() < count {
            self.release();
            self.blocks.try_reserve_exact(count).map_err(|_| NO_MEMORY.error())?;
            self.blocks.resize(count, Block::new());
        }
        Ok(())
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.blocks.zeroize();
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kib = self.blocks.len();
        f.debug_struct("Workspace").field("kib", &kib).field("calls", &self.calls).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::{AssociatedData, ParamsBuilder};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_vector_of_rfc_9106_section_5_3() {
        let mut builder = ParamsBuilder::new();
        builder.m_cost(32).t_cost(3).p_cost(4).output_len(32);
        builder.data(AssociatedData::new(&[4; 12]).unwrap());
        let params = builder.build().unwrap();
        let argon2 =
            Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut workspace = Workspace::new();
        // Twice: used memory leaves no trace in the next tag.
        for calls in 1..=2 {
            let mut tag = [0u8; 32];
            workspace.run(&argon2, &[1; 32], &[2; 16], &mut tag).unwrap();
            assert_eq!(
                hex(&tag),
                "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
            );
            assert_eq!(workspace.calls(), calls);
        }
    }

    #[test]
    fn memory_is_used_again_and_wiped() {
        let (small, large) = (Params::new(8, 1, 1).unwrap(), Params::new(64, 2, 2).unwrap());
        let mut workspace = Workspace::new();
        let mut first = [0u8; 32];
        workspace.argon2id(b"password", b"saltsalt", small, &mut first).unwrap();
        let mut tag = [0u8; 32];
        workspace.argon2id(b"password", b"saltsalt", large, &mut tag).unwrap();
        let place = workspace.blocks.as_ptr();
        let mut again = [0u8; 32];
        workspace.argon2id(b"password", b"saltsalt", small, &mut again).unwrap();
        assert_eq!(workspace.blocks.as_ptr(), place);
        assert_eq!((first, workspace.calls(), workspace.blocks.len()), (again, 3, 64));
        let words = workspace.blocks.iter().flat_map(|block| block.as_ref().iter());
        assert!(words.clone().count() == 64 * 128 && words.clone().all(|word| *word == 0));
        assert_eq!(format!("{workspace:?}"), "Workspace { kib: 64, calls: 3 }");
        workspace.release();
        assert_eq!(workspace.blocks.capacity(), 0);
    }
}
