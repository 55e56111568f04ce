//! Logging in: one Argon2id and one leaf for everybody, whoever they are.

use super::account::{Account, STATE_ITEM};
use super::codes::{NOT_FOUND, REFUSED};
use super::destroy::{Leaving, Tries};
use super::journal::{Draft, next_version};
use super::{Actor, Vault};
use crate::clock::{Span, Timestamp};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::password::{self, Password, Verdict, Verifier};
use crate::ports::keyring::DESTROYED;
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, RowWrite};
use crate::row::{Row, state};
use crate::seal::{Body, DataKey, Place};

/// A login that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login {
    /// Who logged in.
    pub subject: SubjectId,
}

/// How often an account is looked at again that changes while it logs in.
const ATTEMPTS: usize = 5;

/// Why a login was refused: stated in the leaf, never in the answer.
const UNKNOWN: &str = "unknown";
const CLOSED: &str = "closed";
const NO_PASSWORD: &str = "no_password";
const WRONG: &str = "wrong_password";

/// An account whose password can be tried.
pub(super) struct Candidate {
    pub(super) account: Account,
    pub(super) password: PasswordRow,
}

/// Where the verifier is sealed: in the account's row, or in one of its own.
#[expect(clippy::large_enum_variant, reason = "lives for one call, and never in a list")]
pub(super) enum PasswordRow {
    Account,
    Apart { row: Row, body: Body, key: DataKey },
}

impl Vault {
    /// Checks an address and a password.
    ///
    /// An account that is about to be erased is refused as if it were gone: what is due was so when
    /// the sweep entered the log. An unknown, closed or erased account costs one Argon2id at the
    /// policy's parameters, one leaf and as many calls of the ports as any other whose password is
    /// wrong. A login that is accepted moves the clocks of activity at most once a day, each that
    /// belongs to a row that is what the log states, and replaces a verifier of a legacy system or of
    /// lower parameters. If the password is changed meanwhile, what was typed is tried on the new one.
    ///
    /// # Law
    /// Art. 32(1) GDPR; RFC 9106 for Argon2id.
    ///
    /// # Errors
    /// [`REFUSED`]; the integrity codes of `vault` and `seal`; the codes of the ports.
    pub async fn login(&self, identifier: &str, password: &str) -> Result<Login> {
        for _ in 1..ATTEMPTS {
            match self.try_login(identifier, password).await {
                // The password was changed since it was tried.
                Err(error) if error.is(&CONFLICT) => {}
                done => return done,
            }
        }
        self.try_login(identifier, password).await
    }

    async fn try_login(&self, identifier: &str, password: &str) -> Result<Login> {
        let identifier_item = self.policy.identifier().name.clone();
        let subject = self.lookup(&identifier_item, identifier).await?;
        let candidate = match subject {
            Some(subject) => self.candidate(subject, false).await?,
            None => {
                self.nobody().await?;
                Err(UNKNOWN)
            }
        };
        let (candidate, verifier) = match candidate {
            Ok((candidate, verifier)) => (Ok(candidate), Some(verifier)),
            Err(why) => (Err(why), None),
        };
        let tried = verifier.as_ref().map(Verifier::encode);
        let params = self.params;
        let salt = crate::rng::generate(self.ports.rng.as_ref());
        // What cannot be a password is a wrong one, and costs as much.
        let (verifier, password) = match Password::parse(password) {
            Ok(password) => (verifier, password),
            Err(_) => (None, Password::parse("-")?),
        };
        let work = move |workspace: &mut password::Workspace| {
            let Some(verifier) = verifier else {
                password::dummy(&password, params, workspace)?;
                return Ok((Verdict::NoMatch, None));
            };
            let verdict = password::verify(&verifier, &password, params, workspace)?;
            let upgraded = match verdict {
                Verdict::Match { upgrade: true } => {
                    Some(password::hash(&password, params, salt, workspace)?)
                }
                _ => None,
            };
            Ok((verdict, upgraded))
        };
        let (verdict, upgraded) = password::perform(self.ports.passwords.as_ref(), work).await?;
        match (candidate, verdict) {
            (Ok(candidate), Verdict::Match { .. }) => {
                self.accept(candidate, &tried.unwrap_or_default(), upgraded).await
            }
            (Ok(candidate), Verdict::NoMatch) => {
                self.refuse(candidate.account.row.key.subject, WRONG).await
            }
            (Err(why), _) => self.refuse(subject.unwrap_or(SubjectId::CONTROLLER), why).await,
        }
    }

    /// Asks for somebody who is not there what [`Vault::candidate`] asks for those who are: store,
    /// safe and master key may be other machines, and how long they take is heard outside.
    async fn nobody(&self) -> Result<()> {
        let nobody = SubjectId::generate(self.now(), self.ports.rng.as_ref());
        let key = self.profile_key(nobody, self.policy.primary_class());
        // A look-up that finds somebody compares a row with the log, and the account is one more.
        for _ in 0..2 {
            self.checked(nobody, std::slice::from_ref(&key)).await?;
        }
        // Any key of the safe takes as long as another.
        self.index_key().await?;
        self.no_password(nobody).await
    }

    /// The same for the password alone, where it has a row of its own.
    async fn no_password(&self, subject: SubjectId) -> Result<()> {
        let Some(item) = self.policy.password_item() else { return Ok(()) };
        if item.class != *self.policy.primary_class() {
            self.checked(subject, &[self.profile_key(subject, &item.class)]).await?;
            self.index_key().await?;
        }
        Ok(())
    }

    /// The account and its verifier, or why there is nothing to try.
    pub(super) async fn candidate(
        &self,
        subject: SubjectId,
        closed_too: bool,
    ) -> Result<Result<(Candidate, Verifier), &'static str>> {
        let account = match self.account(subject).await {
            Ok(account) => account,
            // Erased between the look-up and now, its key gone, or restricted: none is told by the time.
            Err(error) if error.kind() == Kind::NotFound => {
                if error.is(&NOT_FOUND) {
                    self.index_key().await?;
                }
                self.no_password(subject).await?;
                return Ok(Err(UNKNOWN));
            }
            Err(error) => return Err(error),
        };
        if account.state.closed_at.is_some() && !closed_too {
            self.no_password(subject).await?;
            return Ok(Err(CLOSED));
        }
        let Some(item) = self.policy.password_item() else { return Ok(Err(NO_PASSWORD)) };
        let primary = self.policy.primary_class();
        let (password, sealed) = if item.class == *primary {
            let place = Place { row: &account.row.key, class: primary };
            let sealed = account.body.open(place, &item.name, &account.key.cipher())?;
            (PasswordRow::Account, sealed)
        } else {
            let key = self.profile_key(subject, &item.class);
            let row = self.checked(subject, std::slice::from_ref(&key)).await?.pop().flatten();
            let row = row.filter(|row| row.state == state::LIVE);
            let Some(row) = row else {
                self.index_key().await?;
                return Ok(Err(NO_PASSWORD));
            };
            let key = match self.row_key(&row).await {
                Ok(key) => key,
                // Its erasure is under way.
                Err(error) if error.is(&DESTROYED) => return Ok(Err(NO_PASSWORD)),
                Err(error) => return Err(error),
            };
            let body = Body::decode(&row.body)?;
            let place = Place { row: &row.key, class: &item.class };
            let sealed = body.open(place, &item.name, &key.cipher())?;
            (PasswordRow::Apart { row, body, key }, sealed)
        };
        let Some(sealed) = sealed else { return Ok(Err(NO_PASSWORD)) };
        let verifier = Verifier::decode(&sealed)?;
        Ok(Ok((Candidate { account, password }, verifier)))
    }

    async fn accept(
        &self,
        candidate: Candidate,
        tried: &[u8],
        upgraded: Option<Verifier>,
    ) -> Result<Login> {
        let subject = candidate.account.row.key.subject;
        let mut tries = Tries::new(ATTEMPTS.saturating_add(1));
        let mut done = self.try_accept(candidate, upgraded).await;
        loop {
            match &done {
                Err(error) if error.is(&CONFLICT) && tries.again(error) => {}
                _ => return done,
            }
            // Another change came first. A new verifier comes with the next login.
            let (candidate, verifier) = match self.candidate(subject, false).await? {
                Ok(found) => found,
                Err(why) => return self.refuse(subject, why).await,
            };
            if *verifier.encode() != *tried {
                return done;
            }
            done = self.try_accept(candidate, None).await;
        }
    }

    async fn try_accept(&self, candidate: Candidate, upgraded: Option<Verifier>) -> Result<Login> {
        let now = self.now();
        let Account { row, state, .. } = &candidate.account;
        let subject = row.key.subject;
        let mut tried_on = vec![(row.key.clone(), Expect::Version(row.version))];
        if let PasswordRow::Apart { row, .. } = &candidate.password {
            tried_on.push((row.key.clone(), Expect::Version(row.version)));
        }
        let moves = state.last_login_at.is_none_or(|last| now >= last.plus(Span::days(1)));
        let leaving = self.leaving(subject).await?;
        if leaving.takes(row) {
            return self.refuse(subject, UNKNOWN).await;
        }
        // Whoever comes after its keys are gone finds none either.
        if matches!(&candidate.password, PasswordRow::Apart { row, .. } if leaving.takes(row)) {
            return self.refuse(subject, NO_PASSWORD).await;
        }
        let mut draft = Draft::new(0);
        leaving.require(&mut draft);
        let moves = moves.then_some((now, &leaving));
        let writes = self.rewritten(candidate, upgraded, moves).await?;
        // Whoever was closed or erased, or has another password, since this one was tried is not let in.
        tried_on.retain(|(key, _)| !writes.iter().any(|write| write.row.key == *key));
        tried_on.into_iter().for_each(|(key, expect)| draft.require(key, expect));
        draft.record(self.accepted(subject, now), writes, &[]);
        self.commit(draft).await.map(|_| Login { subject })
    }

    fn accepted(&self, subject: SubjectId, now: Timestamp) -> Leaf {
        self.leaf(now, &Actor::subject(subject), "login.accepted", subject)
    }

    async fn refuse(&self, subject: SubjectId, why: &'static str) -> Result<Login> {
        let actor = Actor::subject(subject);
        let leaf = self.leaf(self.now(), &actor, "login.refused", subject).detail("why", why);
        let mut draft = Draft::new(0);
        draft.record(leaf, Vec::new(), &[]);
        self.commit(draft).await?;
        REFUSED.err()
    }

    /// The rows that an accepted login changes: the verifier and, if it `moves` clocks, the day of the
    /// last login, with the clock of every class that runs from it and is not leaving.
    async fn rewritten(
        &self,
        candidate: Candidate,
        upgraded: Option<Verifier>,
        moves: Option<(Timestamp, &Leaving)>,
    ) -> Result<Vec<RowWrite>> {
        let Candidate { account: Account { row, mut body, key, mut state }, password } = candidate;
        let item = self.policy.password_item();
        let rng = self.ports.rng.as_ref();
        let primary = self.policy.primary_class();
        let mut writes = Vec::new();
        let place = Place { row: &row.key, class: primary };
        let mut changed = false;
        if let Some((now, _)) = moves {
            state.last_login_at = Some(now);
            body.seal(place, &STATE_ITEM, &state.encode(), &key.cipher(), rng);
            changed = true;
        }
        match (upgraded, item, password) {
            (Some(verifier), Some(item), PasswordRow::Account) => {
                body.seal(place, &item.name, &verifier.encode(), &key.cipher(), rng);
                changed = true;
            }
            (Some(verifier), Some(item), PasswordRow::Apart { row, mut body, key }) => {
                let place = Place { row: &row.key, class: &item.class };
                body.seal(place, &item.name, &verifier.encode(), &key.cipher(), rng);
                writes.push(next_version(Row { body: body.encode(), ..row }));
            }
            _ => {}
        }
        if changed {
            let class = self.policy.classes.get(primary);
            let created = row.anchor_at.unwrap_or_else(|| self.now());
            let anchor_at = class.and_then(|class| state.anchor(class, created)).or(row.anchor_at);
            writes.push(next_version(Row { body: body.encode(), anchor_at, ..row.clone() }));
        }
        if let Some((_, leaving)) = moves {
            self.move_clocks(&state, row.key.subject, leaving, &mut writes).await?;
        }
        Ok(writes)
    }
}
