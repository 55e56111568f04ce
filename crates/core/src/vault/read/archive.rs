//! What is read of an archive.

use std::collections::BTreeSet;

use crate::error::Result;
use crate::name::Name;
use crate::row::Row;
use crate::seal::Body;
use crate::vault::Vault;

impl Vault {
    /// What a purpose may see now of an archived row of a class: each item until its law's day, and what
    /// is held, whatever a law says of it, for legal `claims`.
    ///
    /// # Law
    /// Art. 5(1)(b) GDPR: a hold keeps for its own ends, and not for those of a law that has ended.
    pub(super) fn archive_items(
        &self,
        purpose: &Name,
        class: &Name,
        row: &Row,
        claims: bool,
    ) -> Result<BTreeSet<Name>> {
        let (items, _) = Body::contents(&row.body)?;
        if claims && row.held {
            return Ok(items);
        }
        let zone = self.ports.zone.as_ref();
        Ok(self.policy.archive_items(purpose, class, &items, row.anchor_at, self.now(), zone))
    }
}
