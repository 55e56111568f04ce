//! Pages in a row: while the rows of one are being committed, the next is checked and sealed.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;

use super::super::codes::NOT_UNIQUE;
use super::super::keys::FINGERPRINT_KEY;
use super::check::Checked;
use super::known::drop_claimed;
use super::write::Written;
use super::{Actor, RegisterRequest, Registered, Vault, put};
use crate::error::{Context, Error, Result};
use crate::ports::store::{CONFLICT, NOT_UNIQUE as STORE_NOT_UNIQUE};
use crate::ports::{Committed, Fingerprint};
use crate::row::Token;
use crate::seal::IndexKey;

/// Registers page after page. Made by [`Vault::registration`].
///
/// The keys of a page are durable before its rows commit, and a page commits after the one before
/// it. Dropped before [`Registration::finish`], the last page may be committed or not.
pub struct Registration<'a> {
    vault: &'a Vault,
    actor: &'a Actor,
    secrets: Secrets,
    under_way: Option<UnderWay<'a>>,
    /// How many commits there were with those of the page under way.
    commits: u64,
}

/// How many requests enter in one commit while others write: they wait for one such commit, and a
/// thousand requests take the disk too long.
const PIECE: usize = 125;

/// The index keys, for as long as one import runs.
pub(super) struct Secrets {
    pub(super) index: IndexKey,
    pub(super) fingerprints: IndexKey,
}

/// A page whose commit has begun.
struct UnderWay<'a> {
    results: Vec<Option<Result<Registered>>>,
    /// Records that stand in the page before, with the place of the first.
    repeats: Vec<(usize, usize)>,
    pieces: Vec<Piece<'a>>,
    /// What its requests claim: a later one that claims the same waits for the outcome.
    tokens: HashSet<Token>,
    fingerprints: HashSet<Fingerprint>,
}

/// The whole of a page, or a part, with the outcome of its commit.
struct Piece<'a> {
    written: Written,
    commit: Begun<'a, Result<Committed>>,
}

impl Vault {
    /// Begins to register pages in a row.
    ///
    /// # Errors
    /// `keys.missing`, the codes of the ports.
    pub async fn registration<'a>(&'a self, actor: &'a Actor) -> Result<Registration<'a>> {
        let secrets = Secrets {
            index: self.index_key().await?,
            fingerprints: IndexKey::from_bytes(self.secret(&FINGERPRINT_KEY).await?),
        };
        let commits = self.commits.load(Ordering::Relaxed);
        Ok(Registration { vault: self, actor, secrets, under_way: None, commits })
    }
}

impl<'a> Registration<'a> {
    /// Takes a page, and answers with the results of the page before it, in order: nothing at the
    /// first call. It enters in one commit, or in commits of 125 requests while others use the
    /// vault, so that they need not wait for all of it. Some 1,000 requests are a good page.
    ///
    /// # Errors
    /// Those of [`Vault::check_grant`]; the codes of the ports. Pages committed before the failure stay.
    pub async fn page(
        &mut self,
        requests: Vec<RegisterRequest>,
    ) -> Result<Vec<Result<Registered>>> {
        let (vault, now) = (self.vault, self.vault.now());
        // Of a long import too: what was revoked enters no further page.
        vault.check_grant(self.actor).await?;
        let mut results: Vec<_> = requests.iter().map(|_| None).collect();
        let mut checked = Vec::with_capacity(requests.len());
        for (at, request) in requests.into_iter().enumerate() {
            match vault.parse_request(at, request, now, &self.secrets).await {
                Ok(one) => checked.push(one),
                Err(error) => put(&mut results, at, Err(error)),
            }
        }
        let mut before = Vec::new();
        if self.under_way.as_ref().is_some_and(|page| page.claims_any_of(&checked)) {
            before = self.settle().await?;
        }
        let checked = vault.drop_known(checked, &mut results).await?;
        let (checked, repeats) = split_repeats(checked);
        // In this order: an erasure suppresses somebody before it sets the address free.
        let checked = vault.drop_taken(checked, &mut results).await?;
        let checked = vault.drop_suppressed(checked, &mut results).await?;
        let checked = drop_claimed(checked, &mut results);
        let tokens = checked.iter().flat_map(|one| one.tokens.iter().cloned()).collect();
        let fingerprints = checked.iter().filter_map(|one| one.fingerprint).collect();
        let written = vault.prepare(checked, now).await?;
        before.extend(self.settle().await?);
        let pieces = self.begin(written).await;
        self.under_way = Some(UnderWay { results, repeats, pieces, tokens, fingerprints });
        Ok(before)
    }

    /// Begins to commit a page: in pieces if others have committed since the last one.
    async fn begin(&mut self, written: Written) -> Vec<Piece<'a>> {
        let commits = self.vault.commits.load(Ordering::Relaxed);
        let alone = commits == self.commits;
        let most = if alone { usize::MAX } else { PIECE };
        let mut pieces = Vec::new();
        for written in written.into_pieces(most) {
            let commit = Box::pin(self.vault.write(&written, self.actor));
            pieces.push(Piece { commit: Begun::begin(commit).await, written });
        }
        self.commits = commits.saturating_add(pieces.len() as u64);
        pieces
    }

    /// Waits for the last page, and answers with its results.
    ///
    /// # Errors
    /// As [`Registration::page`].
    pub async fn finish(mut self) -> Result<Vec<Result<Registered>>> {
        self.settle().await
    }

    /// Waits for the page under way.
    async fn settle(&mut self) -> Result<Vec<Result<Registered>>> {
        let Some(page) = self.under_way.take() else { return Ok(Vec::new()) };
        let UnderWay { mut results, repeats, pieces, .. } = page;
        for piece in pieces {
            self.settle_piece(piece, &mut results).await?;
        }
        for (at, of) in repeats {
            let result = match results.get(of).and_then(Option::as_ref) {
                Some(Ok(first)) => Ok(Registered::Known(first.subject())),
                Some(Err(error)) => Err(error.again()),
                None => crate::codec::MALFORMED.err(),
            };
            put(&mut results, at, result);
        }
        Ok(results
            .into_iter()
            .map(|r| r.unwrap_or_else(|| crate::codec::MALFORMED.err()))
            .collect())
    }

    async fn settle_piece(
        &mut self,
        piece: Piece<'a>,
        results: &mut [Option<Result<Registered>>],
    ) -> Result<()> {
        let Piece { mut written, commit } = piece;
        let mut outcome = commit.finish().await.map(|_| ());
        while let Err(error) = outcome {
            // Keys that seal nothing were collected in between.
            if error.is(&CONFLICT) && self.vault.is_overtaken(&written).await? {
                written = self.vault.prepare_again(written).await?;
                self.commits = self.commits.saturating_add(1);
                outcome = self.vault.write(&written, self.actor).await.map(|_| ());
                continue;
            }
            // Somebody took a unique value in between: the piece goes on without the loser.
            let is_lost = error.is(&STORE_NOT_UNIQUE);
            let loser = is_lost.then(|| loser(&error, &written)).flatten();
            let Some(loser) = loser else { return Err(error) };
            let lost = written.prepared.swap_remove(loser);
            self.vault.forget_keys(&lost).await?;
            put(results, lost.at, Err(not_unique(error.context("index"))));
            outcome = if written.is_empty() {
                Ok(())
            } else {
                self.commits = self.commits.saturating_add(1);
                self.vault.write(&written, self.actor).await.map(|_| ())
            };
        }
        for one in written.prepared {
            if let Some(key) = one.suppressed() {
                // If this fails it ends with its period, and stands in nobody's way until then.
                let _ = self.vault.end_suppression(key, self.actor).await;
            }
            put(results, one.at, Ok(Registered::New(one.subject)));
        }
        Ok(())
    }
}

impl fmt::Debug for Registration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registration(page under way: {})", self.under_way.is_some())
    }
}

impl UnderWay<'_> {
    fn claims_any_of(&self, checked: &[Checked]) -> bool {
        checked.iter().any(|one| {
            one.tokens.iter().any(|token| self.tokens.contains(token))
                || one.fingerprint.is_some_and(|print| self.fingerprints.contains(&print))
        })
    }
}

/// Takes out records that stand in the page before: each shares the fate of the first, so that a
/// file has the same verdicts at every import.
fn split_repeats(checked: Vec<Checked>) -> (Vec<Checked>, Vec<(usize, usize)>) {
    let mut first: HashMap<Fingerprint, usize> = HashMap::new();
    let (mut fresh, mut repeats) = (Vec::with_capacity(checked.len()), Vec::new());
    for one in checked {
        match one.fingerprint.map(|print| *first.entry(print).or_insert(one.at)) {
            Some(of) if of != one.at => repeats.push((one.at, of)),
            _ => fresh.push(one),
        }
    }
    (fresh, repeats)
}

/// Which request of the page holds the token that somebody else took first.
fn loser(error: &Error, written: &Written) -> Option<usize> {
    let Some(Context::Subject(subject)) = error.context("subject") else { return None };
    written.prepared.iter().position(|one| one.subject == *subject)
}

fn not_unique(index: Option<&Context>) -> Error {
    let error = NOT_UNIQUE.error();
    match index {
        Some(index) => error.field_is(index.clone()),
        None => error,
    }
}

/// Work that was begun: polled once, so that whoever does it has it, and waited for later.
pub(super) enum Begun<'a, T> {
    Waiting(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
    Done(T),
}

impl<'a, T> Begun<'a, T> {
    pub(super) async fn begin(
        mut work: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    ) -> Begun<'a, T> {
        let first = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
        match first {
            Poll::Ready(value) => Self::Done(value),
            Poll::Pending => Self::Waiting(work),
        }
    }

    pub(super) async fn finish(self) -> T {
        match self {
            Self::Waiting(work) => work.await,
            Self::Done(value) => value,
        }
    }
}
