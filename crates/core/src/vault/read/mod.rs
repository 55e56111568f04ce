//! Reading for a purpose: the policy decides, the leaf is durable, then the envelopes open.

mod archive;
mod by;
mod find;
mod pages;
mod restricted;
mod uses;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use super::account::{Account, one};
use super::codes::{NOT_FOUND, REFUSED_STATE};
use super::grants::{Under, refusal, require};
use super::journal::Draft;
use super::keys::number_of;
use super::{Actor, Vault};
use crate::error::{Error, Result};
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::name::Name;
use crate::policy::{Purpose, Stance};
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, KeyId, KeyState};
use crate::row::{Row, RowKey, state};
use crate::seal::{Body, Place};

pub use restricted::RestrictedUse;
pub use uses::ItemUse;
pub use view::{Kept, View, ViewPage};

/// The role of an actor that has none; no policy can declare it.
static NO_ROLE: Name = Name::NONE;

/// How often a read is decided again after the account of somebody changed in between.
const ATTEMPTS: usize = 5;

/// A subject's rows, fetched and checked, but not opened.
struct Fetched {
    subject: SubjectId,
    account: Option<Account>,
    /// The state of the account where that is restricted, and read on no ground: what is archived
    /// beside it is asked for by it, and nothing of it is opened.
    beside: Option<Account>,
    /// The account as the purpose was decided by it, where the person may withdraw or object.
    decided_by: Option<(RowKey, Expect)>,
    rows: Vec<Row>,
    /// The keys of all of them, as the safe has them.
    keys: BTreeMap<KeyId, KeyState>,
    /// Whether what a hold keeps beyond its law is read for legal claims.
    claims: bool,
}

impl Fetched {
    /// Makes the leaf of a read depend on the account as it was decided by.
    fn require(&self, draft: &mut Draft) {
        if let Some((key, expect)) = &self.decided_by {
            draft.require(key.clone(), *expect);
        }
    }
}

impl Vault {
    /// Reads what a purpose may see of a subject.
    ///
    /// A read names its purpose:
    ///
    /// ```no_run
    /// # async fn f(vault: tacenda_core::vault::Vault, ada: tacenda_core::SubjectId,
    /// #     billing: tacenda_core::Name, me: tacenda_core::vault::Actor) {
    /// vault.read(ada, &billing, &me).await;
    /// # }
    /// ```
    ///
    /// Without one it does not compile:
    ///
    /// ```compile_fail,E0061
    /// # async fn f(vault: tacenda_core::vault::Vault, ada: tacenda_core::SubjectId,
    /// #     billing: tacenda_core::Name, me: tacenda_core::vault::Actor) {
    /// vault.read(ada, &me).await;
    /// # }
    /// ```
    ///
    /// # Law
    /// Art. 5(1)(b) and (f) GDPR. A refusal is logged like a read.
    ///
    /// # Errors
    /// `policy.unknown_purpose`, `policy.role_not_allowed`, `policy.condition_not_met`,
    /// `policy.objected`, `policy.no_consent`, `policy.not_informed`; those of
    /// [`Vault::check_grant`];
    /// `vault.not_live`, `vault.not_found`; the integrity codes of this room and of `seal`; the
    /// codes of the ports.
    pub async fn read(&self, subject: SubjectId, purpose: &Name, actor: &Actor) -> Result<View> {
        let mut views = self.read_many(&[subject], purpose, actor).await?;
        views.pop().unwrap_or_else(|| NOT_FOUND.err())
    }

    /// Reads many subjects for one purpose: a leaf each, one commit, one result per subject.
    ///
    /// # Properties
    /// Nobody is read of after the log says that they withdrew or objected: if a person does so between
    /// decision and leaf, it is decided again.
    ///
    /// # Errors
    /// The codes of the ports; `store.conflict` if others keep coming first. Then nothing was opened.
    pub async fn read_many(
        &self,
        subjects: &[SubjectId],
        purpose: &Name,
        actor: &Actor,
    ) -> Result<Vec<Result<View>>> {
        for _ in 1..ATTEMPTS {
            match self.try_read_many(subjects, purpose, actor).await {
                Err(error) if error.is(&CONFLICT) => {}
                other => return other,
            }
        }
        self.try_read_many(subjects, purpose, actor).await
    }

    async fn try_read_many(
        &self,
        subjects: &[SubjectId],
        purpose: &Name,
        actor: &Actor,
    ) -> Result<Vec<Result<View>>> {
        let mut decided = Vec::with_capacity(subjects.len());
        let mut draft = Draft::new(0);
        // Once for all of them, and never from the read before.
        let may = self.acting(actor).await?;
        if let Ok(under) = &may {
            require(under.as_ref(), &mut draft);
        }
        for subject in subjects {
            let decision = match &may {
                Ok(_) => self.decide(*subject, purpose, actor, None).await,
                Err(code) => Err(refusal(code, actor)),
            };
            let leaf = match &decision {
                Ok((fetched, _)) => {
                    fetched.require(&mut draft);
                    self.grant(*subject, purpose, actor)
                }
                Err(error) => self.refusal(*subject, purpose, actor, error),
            };
            draft.record(leaf, Vec::new(), &[]);
            decided.push(decision);
        }
        // INVARIANT 5: no leaf, no read. The envelopes open only after this.
        self.record_read(draft).await?;
        let mut views = Vec::with_capacity(decided.len());
        for decision in decided {
            views.push(match decision {
                Ok((fetched, items)) => self.open_items(fetched, purpose, &items).await,
                Err(error) => Err(error),
            });
        }
        Ok(views)
    }

    /// The items that this actor may see for this purpose of whoever meets its condition.
    fn may_ask(&self, purpose: &Name, actor: &Actor) -> Result<BTreeSet<Name>> {
        Ok(self.policy.may_ask(purpose, role_of(actor))?)
    }

    /// [`Vault::may_ask`] of somebody who may act in that role now.
    async fn may_ask_now(&self, purpose: &Name, actor: &Actor) -> Result<Option<Under>> {
        let under = self.under_grant(actor).await?;
        self.may_ask(purpose, actor).map(|_| under)
    }

    /// May this actor, for this purpose, see items of this subject? Which? What is restricted, or held
    /// beyond its law, only on a ground that the caller has.
    async fn decide(
        &self,
        subject: SubjectId,
        purpose: &Name,
        actor: &Actor,
        ground: Option<RestrictedUse>,
    ) -> Result<(Fetched, BTreeSet<Name>)> {
        // What fails whatever the account's facts are, fails before anything is fetched.
        let items = self.may_ask(purpose, actor)?;
        let (restricted, claims) = (ground.is_some(), ground == Some(RestrictedUse::Claims));
        let of_law = self.policy.purpose(purpose).is_some_and(|p| !p.archive_of.is_empty());
        let archive = of_law || claims;
        let Fetched { account, beside, rows, keys, .. } =
            self.fetch(subject, &items, archive, restricted).await?;
        let found = account.is_some() || !rows.is_empty();
        // Without a live account nothing else of it is live, whatever a restored row says of itself.
        let live = account.is_some();
        // What is restricted or held outlives its account, and with that its facts and consents: it is
        // read for what needs none.
        let asked =
            || self.policy.ask(purpose, role_of(actor), &BTreeSet::new(), &Stance::default());
        let outlives = restricted && !live && asked().is_ok();
        let claims = claims && (live || outlives);
        let may_open = |row: &Row| match &row.class {
            Some(class) if row.state == state::ARCHIVED => {
                let lawful = self.archive_items(purpose, class, row, claims);
                lawful.is_ok_and(|items| !items.is_empty())
            }
            _ => live && in_use(row, restricted) || outlives && row.state == state::RESTRICTED,
        };
        let rows: Vec<_> = rows.into_iter().filter(may_open).collect();
        if account.is_none() && rows.is_empty() {
            let code = if found { &REFUSED_STATE } else { &NOT_FOUND };
            return Err(code.error().with("subject", subject));
        }
        // What is archived outlives the account and its facts: the law's purpose alone decides then.
        let asked = account.as_ref().or(beside.as_ref());
        let items = match asked {
            Some(Account { state, .. }) => {
                self.policy.ask(purpose, role_of(actor), &state.facts, &state.stance)?
            }
            None => items,
        };
        let free = self.policy.purpose(purpose).is_some_and(Purpose::is_up_to_the_person);
        let decided_by = asked
            .filter(|_| free)
            .map(|account| (account.row.key.clone(), Expect::Version(account.row.version)));
        Ok((Fetched { subject, account, beside, decided_by, rows, keys, claims }, items))
    }

    /// The rows that hold these items, checked against the log, those that made room only for an
    /// `archive`'s purpose; the live account opened as far as its state.
    async fn fetch(
        &self,
        subject: SubjectId,
        items: &BTreeSet<Name>,
        archive: bool,
        restricted: bool,
    ) -> Result<Fetched> {
        let primary = self.policy.primary_class();
        let classes: BTreeSet<_> = items
            .iter()
            .filter_map(|item| self.policy.class_of(item))
            .map(|class| &class.name)
            .filter(|class| *class != primary)
            .collect();
        let is_primary = self.profile_key(subject, primary);
        let rows = if archive {
            // An item may have moved since a row was archived, which stays in the class of then: any
            // class may have one. In the order of their keys, and so of the class's: those that
            // made room by the number of their key, then the profile's.
            let mut rows = self.checked_all(subject).await?;
            rows.retain(|row| {
                let now = |class: &Name| class == primary || classes.contains(class);
                row.class.as_ref().is_some_and(|of| row.state == state::ARCHIVED || now(of))
            });
            rows
        } else {
            let others = classes.iter().map(|class| self.profile_key(subject, class));
            let keys: Vec<_> = std::iter::once(is_primary.clone()).chain(others).collect();
            self.checked(subject, &keys).await?.into_iter().flatten().collect()
        };
        let at = rows.iter().position(|row| row.key == is_primary && in_use(row, true));
        let keys = self.wrapped_keys(&rows).await?;
        let (account, beside, decided_by, claims) = (None, None, None, false);
        let mut fetched = Fetched { subject, account, beside, decided_by, rows, keys, claims };
        let Some(at) = at else { return Ok(fetched) };
        let row = fetched.rows.get(at).cloned();
        let row = row.ok_or_else(|| NOT_FOUND.error().with("subject", subject))?;
        let usable = in_use(&row, restricted);
        let key = self.open_row_keys(std::slice::from_ref(&row), &fetched.keys).await?;
        let account = self.open_account(row, one(key)?)?;
        if usable {
            fetched.rows.remove(at);
            fetched.account = Some(account);
        } else {
            fetched.beside = Some(account);
        }
        Ok(fetched)
    }

    async fn open_items(
        &self,
        fetched: Fetched,
        purpose: &Name,
        items: &BTreeSet<Name>,
    ) -> Result<View> {
        let mut view = View::new(fetched.subject);
        let wanted = |class: &Name| {
            items
                .iter()
                .filter(|item| self.policy.class_of(item).is_some_and(|of| of.name == *class))
                .cloned()
                .collect::<Vec<_>>()
        };
        if let Some(account) = &fetched.account {
            let class = self.policy.primary_class();
            let cipher = account.key.cipher();
            let place = Place { row: &account.row.key, class };
            for item in wanted(class) {
                let opened = account.body.open(place, &item, &cipher)?;
                view.insert(&item, &account.row, opened)?;
            }
        }
        let rows: Vec<_> =
            fetched.rows.into_iter().filter(|row| number_of(row).is_some()).collect();
        let keys = self.open_row_keys(&rows, &fetched.keys).await?;
        for (row, key) in rows.iter().zip(keys) {
            let Some(class) = &row.class else { continue };
            let (body, cipher) = (Body::decode(&row.body)?, key.cipher());
            // What is archived lies where the law found it, wherever an item belongs now.
            let wanted = if row.state == state::ARCHIVED {
                let lawful = self.archive_items(purpose, class, row, fetched.claims)?;
                lawful.intersection(items).cloned().collect()
            } else {
                wanted(class)
            };
            for item in wanted {
                let place = Place { row: &row.key, class };
                view.insert(&item, row, body.open(place, &item, &cipher)?)?;
            }
        }
        Ok(view)
    }

    fn grant(&self, subject: SubjectId, purpose: &Name, actor: &Actor) -> Leaf {
        let mut leaf = self.leaf(self.now(), actor, "subject.read", subject);
        leaf.purpose = Some(purpose.clone());
        leaf
    }

    fn refusal(&self, subject: SubjectId, purpose: &Name, actor: &Actor, error: &Error) -> Leaf {
        let mut leaf = self.leaf(self.now(), actor, "subject.read_refused", subject);
        // INVARIANT 1: what nobody declared, anybody may have typed.
        leaf.purpose = self.policy.purpose(purpose).map(|purpose| purpose.name.clone());
        leaf.detail("code", error.code())
    }

    async fn record_read(&self, draft: Draft) -> Result<()> {
        if draft.is_empty() { Ok(()) } else { self.commit(draft).await.map(|_| ()) }
    }
}

fn in_use(row: &Row, restricted: bool) -> bool {
    row.state == state::LIVE || restricted && row.state == state::RESTRICTED
}

fn role_of(actor: &Actor) -> &Name {
    actor.role.as_ref().unwrap_or(&NO_ROLE)
}
