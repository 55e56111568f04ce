//! Passwords of another system: bare SHA-256 digests are wrapped in Argon2id, and counted.
//!
//! The job needs no row of its own, because each account tells by itself whether it is done: a bare
//! digest is the only verifier of its length, and the length of a value shows in its envelope. So
//! the job finds what is left without opening anything else, and one that was killed begins again
//! at no cost but a walk over the rows.

use super::codes::UNDECLARED;
use super::journal::{Draft, next_version};
use super::login::{Candidate, PasswordRow};
use super::{Actor, Vault};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::password::{self, Verifier, VerifierKind};
use crate::ports::store::CONFLICT;
use crate::ports::{Cursor, Scan};
use crate::row::{Row, RowKey, state};
use crate::seal::{Body, Place};

/// How many rows a page has.
const PAGE: usize = 256;

/// How the passwords of all accounts are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PasswordCounts {
    /// Bare SHA-256 digests of another system.
    pub bare: u64,
    /// Such digests, wrapped in Argon2id until the next login.
    pub wrapped: u64,
    /// Argon2id of the password itself.
    pub current: u64,
    /// Verifiers that cannot be opened, because a row is not what the log states.
    pub unreadable: u64,
}

impl Vault {
    /// Wraps every imported SHA-256 digest in Argon2id, one after the other; answers with how many
    /// it wrapped. `progress` is told after each.
    ///
    /// Each digest is wrapped in a commit with a leaf. Killed anywhere, the next call wraps what is
    /// left. Several processes at once do no harm, and no good: they may compute the same twice. A
    /// login in between simply comes first. One Argon2id per digest on one thread.
    ///
    /// # Law
    /// Art. 32(1) GDPR.
    ///
    /// # Errors
    /// As [`Vault::login`], without its refusal; what was wrapped before stays.
    pub async fn wrap_legacy(&self, progress: &mut (dyn FnMut(u64) + Send)) -> Result<u64> {
        let (mut wrapped, mut after) = (0, None);
        loop {
            let (bare, next) = self.bare_page(after, PAGE).await?;
            for subject in bare {
                if self.wrap_one(subject).await? {
                    wrapped += 1;
                    progress(wrapped);
                }
            }
            after = next;
            if after.is_none() {
                return Ok(wrapped);
            }
        }
    }

    /// Wraps the bare digests among so many rows, from behind a subject on; answers with how many
    /// it wrapped and where the next page begins. For a caller with little time at once.
    ///
    /// # Errors
    /// As [`Vault::wrap_legacy`].
    pub async fn wrap_legacy_page(
        &self,
        after: Option<SubjectId>,
        limit: usize,
    ) -> Result<(u64, Option<SubjectId>)> {
        let (bare, next) = self.bare_page(after, limit).await?;
        let mut wrapped = 0;
        for subject in bare {
            wrapped += u64::from(self.wrap_one(subject).await?);
        }
        Ok((wrapped, next))
    }

    /// How many passwords are still bare digests of another system. It reads each row that can hold
    /// a password and opens none.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn bare_passwords(&self) -> Result<u64> {
        let (mut count, mut after) = (0, None);
        loop {
            let (bare, next) = self.bare_page(after, PAGE).await?;
            count += bare.len() as u64;
            after = next;
            if after.is_none() {
                return Ok(count);
            }
        }
    }

    /// How the passwords of all accounts are kept. Wrapped and current ones differ under their seal
    /// alone, so this opens every account's verifier: for a report now and then. Nothing of it is
    /// shown to anybody, so it leaves no leaf. [`Vault::bare_passwords`] costs far less.
    ///
    /// # Errors
    /// The codes of the ports.
    pub async fn count_passwords(&self) -> Result<PasswordCounts> {
        let (mut counts, mut after) = (PasswordCounts::default(), None);
        loop {
            let page = self.subjects(after, PAGE).await?;
            for subject in &page {
                let verifier = match self.candidate(*subject, true).await {
                    Ok(Ok((_, verifier))) => verifier,
                    Ok(Err(_)) => continue,
                    Err(error) if error.kind() == Kind::Integrity => {
                        counts.unreadable += 1;
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                match verifier.kind() {
                    VerifierKind::LegacySha256 => counts.bare += 1,
                    VerifierKind::WrappedSha256 => counts.wrapped += 1,
                    VerifierKind::Argon2id => counts.current += 1,
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = Some(*last),
                _ => return Ok(counts),
            }
        }
    }

    /// The subjects among so many rows whose verifier is a bare digest, and where the next page
    /// begins.
    async fn bare_page(
        &self,
        after: Option<SubjectId>,
        limit: usize,
    ) -> Result<(Vec<SubjectId>, Option<SubjectId>)> {
        let Some(item) = self.policy.password_item() else { return Ok((Vec::new(), None)) };
        let kind = self.kind(&item.class);
        let after =
            after.map(|subject| Cursor { at: None, key: RowKey::only(subject, kind.clone()) });
        let scan = Scan::All { kind: Some(kind) };
        let page = self.ports.store.scan(&scan, after.as_ref(), limit.max(1)).await?;
        let bare = page.rows.iter().filter(|row| is_bare(row, &item.name));
        let bare = bare.map(|row| row.key.subject).collect();
        Ok((bare, page.next.map(|cursor| cursor.key.subject)))
    }

    /// Wraps the digest of one account; whether it was there to be wrapped.
    async fn wrap_one(&self, subject: SubjectId) -> Result<bool> {
        let found = match self.candidate(subject, true).await {
            // One row that is not what the log states does not keep the others bare.
            Err(error) if error.kind() == Kind::Integrity => return Ok(false),
            found => found?,
        };
        let Ok((candidate, verifier)) = found else { return Ok(false) };
        if verifier.kind() != VerifierKind::LegacySha256 {
            return Ok(false);
        }
        let params = self.params;
        let salt = crate::rng::generate(self.ports.rng.as_ref());
        let verifier = password::perform(self.ports.passwords.as_ref(), move |workspace| {
            password::wrap(verifier, params, salt, workspace)
        })
        .await?;
        let item = self.policy.password_item().ok_or_else(|| UNDECLARED.error())?;
        let Candidate { account, password } = candidate;
        let (row, mut body, key) = match password {
            PasswordRow::Account => (account.row, account.body, account.key),
            PasswordRow::Apart { row, body, key } => (row, body, key),
        };
        let place = Place { row: &row.key, class: &item.class };
        let rng = self.ports.rng.as_ref();
        body.seal(place, &item.name, &verifier.encode(), &key.cipher(), rng);
        let mut draft = Draft::new(0);
        let leaf = self.leaf(self.now(), &Actor::system(), "password.wrapped", subject);
        draft.record(leaf, vec![next_version(Row { body: body.encode(), ..row })], &[]);
        match self.commit(draft).await {
            Ok(_) => Ok(true),
            // A login came first, or another process.
            Err(error) if error.is(&CONFLICT) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether a row holds a bare digest, told by its length.
fn is_bare(row: &Row, item: &Name) -> bool {
    let length = |body: Body| body.plain_len(item) == Some(Verifier::LEGACY_BYTES);
    row.state == state::LIVE && Body::decode(&row.body).is_ok_and(length)
}
