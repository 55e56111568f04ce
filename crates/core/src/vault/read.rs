//! Reading for a purpose: the policy decides, the leaf is durable, then the envelopes open.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use zeroize::Zeroizing;

use super::account::{Account, one};
use super::codes::{ALTERED_ROW, NOT_FOUND, REFUSED_STATE};
use super::journal::Draft;
use super::keys::number_of;
use super::{Actor, Vault};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::name::Name;
use crate::ports::{Found, KeyId, KeyState};
use crate::row::{Row, Token, state};
use crate::seal::{Body, Place};

/// The role of an actor that has none; no policy can declare it.
static NO_ROLE: Name = Name::fixed("");

/// What a purpose may see of a subject. Values wipe themselves and do not print.
pub struct View {
    /// Whose data it is.
    pub subject: SubjectId,
    items: BTreeMap<Name, Vec<Kept>>,
}

/// A value of an item, from one of the rows that hold it.
pub struct Kept {
    text: Zeroizing<String>,
    /// Whether a law keeps it; else it is in use.
    pub archived: bool,
    /// When the retention clock of its row started.
    pub anchor_at: Option<Timestamp>,
}

impl Kept {
    /// The value as it was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        // EXPOSE: what the policy gives this purpose is what the caller asked for.
        &self.text
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.archived { "Kept(archived)" } else { "Kept" })
    }
}

impl View {
    /// The value of an item as it was typed; `None` if the subject has none, or if the purpose may
    /// not see it.
    ///
    /// `None` also where there is no *one* value: the purpose of a law sees what was archived beside
    /// what is in use, and where they differ neither is the right one without a look at
    /// [`View::all`]. Any other purpose sees only what is in use.
    #[must_use]
    pub fn get(&self, item: &str) -> Option<&str> {
        let (first, others) = self.items.get(item)?.split_first()?;
        let same = others.iter().all(|other| other.text == first.text);
        same.then(|| first.text())
    }

    /// Every value of an item, oldest first: what laws keep in the order in which it was in use, what
    /// is in use last.
    pub fn all(&self, item: &str) -> impl Iterator<Item = &Kept> {
        self.items.get(item).into_iter().flatten()
    }

    /// The items that the view holds, in the order of their names.
    pub fn items(&self) -> impl Iterator<Item = &Name> {
        self.items.keys()
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "View({}, {} items)", self.subject, self.items.len())
    }
}

/// A page of a listing.
#[derive(Debug)]
pub struct ViewPage {
    /// Each subject of the page with what the purpose may see of it, or why it may not.
    pub views: Vec<(SubjectId, Result<View>)>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<SubjectId>,
}

/// A subject's rows, fetched and checked, but not opened.
struct Fetched {
    subject: SubjectId,
    account: Option<Account>,
    rows: Vec<Row>,
    /// The keys of all of them, as the safe has them.
    keys: BTreeMap<KeyId, KeyState>,
}

impl Vault {
    /// Reads what a purpose may see of a subject.
    ///
    /// A read without a purpose does not compile:
    ///
    /// ```compile_fail
    /// # async fn f(vault: tacenda_core::vault::Vault, ada: tacenda_core::SubjectId,
    /// #     me: tacenda_core::vault::Actor) {
    /// vault.read(ada, &me).await;
    /// # }
    /// ```
    ///
    /// # Law
    /// Art. 5(1)(b) and (f) GDPR. A refusal is logged like a read.
    ///
    /// # Errors
    /// `policy.unknown_purpose`, `policy.role_not_allowed`, `policy.condition_not_met`,
    /// `vault.not_live`, `vault.not_found`; the integrity codes of this room and of `seal`; the
    /// codes of the ports.
    pub async fn read(&self, subject: SubjectId, purpose: &Name, actor: &Actor) -> Result<View> {
        let mut views = self.read_many(&[subject], purpose, actor).await?;
        views.pop().unwrap_or_else(|| NOT_FOUND.err())
    }

    /// Reads the subject that has this value of a unique item: an e-mail address, in any case and
    /// either form of its domain.
    ///
    /// # Errors
    /// As [`Vault::read`]; `vault.not_found` if nobody has it, or if it is no such value at all.
    pub async fn read_by(
        &self,
        item: &Name,
        text: &str,
        purpose: &Name,
        actor: &Actor,
    ) -> Result<View> {
        match self.lookup(item, text).await? {
            Some(subject) => self.read(subject, purpose, actor).await,
            None => {
                let error = NOT_FOUND.error();
                let leaf = self.refusal(SubjectId::CONTROLLER, purpose, actor, &error);
                self.record_read(vec![leaf]).await?;
                Err(error)
            }
        }
    }

    /// Reads many subjects for one purpose: a leaf each, one commit, one result per subject.
    ///
    /// # Errors
    /// The codes of the ports; then nothing was opened.
    pub async fn read_many(
        &self,
        subjects: &[SubjectId],
        purpose: &Name,
        actor: &Actor,
    ) -> Result<Vec<Result<View>>> {
        let now = self.now();
        let mut decided = Vec::with_capacity(subjects.len());
        let mut leaves = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let decision = self.decide(*subject, purpose, actor).await;
            leaves.push(match &decision {
                Ok(_) => {
                    let mut leaf = self.leaf(now, actor, "subject.read", *subject);
                    leaf.purpose = Some(purpose.clone());
                    leaf
                }
                Err(error) => self.refusal(*subject, purpose, actor, error),
            });
            decided.push(decision);
        }
        // INVARIANT 5: no leaf, no read. The envelopes open only after this.
        self.record_read(leaves).await?;
        let mut views = Vec::with_capacity(decided.len());
        for decision in decided {
            views.push(match decision {
                Ok((fetched, items)) => self.open_items(fetched, &items).await,
                Err(error) => Err(error),
            });
        }
        Ok(views)
    }

    /// The subject that has this value of a unique item. A look-up is believed only if the row that
    /// it points to carries the token, and the log vouches for the row.
    pub(super) async fn lookup(&self, item: &Name, text: &str) -> Result<Option<SubjectId>> {
        let Ok(value) = self.item(item, text) else { return Ok(None) };
        let key = self.index_key().await?;
        // EXPOSE: the normal form is hashed under the index key.
        let token = key.token(item, value.value.normal());
        let mut wrong = None;
        // An amendment between look-up and row is no tampering: it has moved the look-up too.
        for _ in 0..2 {
            let found = self.ports.store.lookup(item, &[token]).await?;
            let mut found = found.into_iter().flatten();
            let Some(Found { key }) = found.next() else { return Ok(None) };
            let row = self.checked(key.subject, std::slice::from_ref(&key)).await?.pop().flatten();
            let carries = |t: &Token| t.index == *item && t.value == token;
            if found.next().is_none() && row.is_some_and(|row| row.tokens.iter().any(carries)) {
                return Ok(Some(key.subject));
            }
            wrong = Some(key);
        }
        let subject = wrong.map_or(SubjectId::CONTROLLER, |key| key.subject);
        Err(ALTERED_ROW.error().with("subject", subject).with("index", item))
    }

    /// May this actor, for this purpose, see items of this subject? Which?
    async fn decide(
        &self,
        subject: SubjectId,
        purpose: &Name,
        actor: &Actor,
    ) -> Result<(Fetched, BTreeSet<Name>)> {
        let role = actor.role.as_ref().unwrap_or(&NO_ROLE);
        let every: BTreeSet<_> = self.policy.facts.keys().cloned().collect();
        // What fails whatever the account's facts are, fails before anything is fetched.
        let items = self.policy.ask(purpose, role, &every)?;
        let archive = self.policy.purpose(purpose).is_some_and(|p| !p.archive_of.is_empty());
        let Fetched { account, rows, keys, .. } = self.fetch(subject, &items, archive).await?;
        let found = account.is_some() || !rows.is_empty();
        // Without a live account nothing else of it is live, whatever a restored row says of itself.
        let live = account.is_some();
        let rows: Vec<_> = rows
            .into_iter()
            .filter(|row| {
                (live && row.state == state::LIVE) || (archive && row.state == state::ARCHIVED)
            })
            .collect();
        if account.is_none() && rows.is_empty() {
            let code = if found { &REFUSED_STATE } else { &NOT_FOUND };
            return Err(code.error().with("subject", subject));
        }
        // What is archived outlives the account and its facts: the law's purpose alone decides.
        let items = match &account {
            Some(account) => self.policy.ask(purpose, role, &account.state.facts)?,
            None => items,
        };
        Ok((Fetched { subject, account, rows, keys }, items))
    }

    /// The rows that hold these items, checked against the log, those that made room only for an
    /// `archive`'s purpose; the live account opened as far as its state.
    async fn fetch(
        &self,
        subject: SubjectId,
        items: &BTreeSet<Name>,
        archive: bool,
    ) -> Result<Fetched> {
        let primary = self.policy.primary_class();
        let classes: BTreeSet<_> = items
            .iter()
            .filter_map(|item| self.policy.class_of(item))
            .map(|class| &class.name)
            .filter(|class| *class != primary)
            .collect();
        let is_primary = self.profile_key(subject, primary);
        let mut rows = if archive {
            let wanted = |class: &Name| class == primary || classes.contains(class);
            let mut rows = self.checked_where(subject, wanted).await?;
            // In the order of their keys, and so of the class's: those that made room by the number of
            // their key, then the profile's.
            rows.retain(|row| row.class.is_some());
            rows
        } else {
            let others = classes.iter().map(|class| self.profile_key(subject, class));
            let keys: Vec<_> = std::iter::once(is_primary.clone()).chain(others).collect();
            self.checked(subject, &keys).await?.into_iter().flatten().collect()
        };
        let at = rows.iter().position(|row| row.key == is_primary && row.state == state::LIVE);
        let keys = self.wrapped_keys(&rows).await?;
        let Some(at) = at else { return Ok(Fetched { subject, account: None, rows, keys }) };
        let row = rows.remove(at);
        let key = self.open_row_keys(std::slice::from_ref(&row), &keys).await?;
        let account = Some(self.open_account(row, one(key)?)?);
        Ok(Fetched { subject, account, rows, keys })
    }

    async fn open_items(&self, fetched: Fetched, items: &BTreeSet<Name>) -> Result<View> {
        let mut view = View { subject: fetched.subject, items: BTreeMap::new() };
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
                insert(&mut view, &item, &account.row, opened)?;
            }
        }
        let rows: Vec<_> =
            fetched.rows.into_iter().filter(|row| number_of(row).is_some()).collect();
        let keys = self.open_row_keys(&rows, &fetched.keys).await?;
        for (row, key) in rows.iter().zip(keys) {
            let Some(class) = &row.class else { continue };
            let (body, cipher) = (Body::decode(&row.body)?, key.cipher());
            for item in wanted(class) {
                let place = Place { row: &row.key, class };
                insert(&mut view, &item, row, body.open(place, &item, &cipher)?)?;
            }
        }
        Ok(view)
    }

    fn refusal(&self, subject: SubjectId, purpose: &Name, actor: &Actor, error: &Error) -> Leaf {
        let mut leaf = self.leaf(self.now(), actor, "subject.read_refused", subject);
        leaf.purpose = Some(purpose.clone());
        leaf.detail("code", error.code())
    }

    async fn record_read(&self, leaves: Vec<Leaf>) -> Result<()> {
        let mut draft = Draft::new(0);
        for leaf in leaves {
            draft.record(leaf, Vec::new(), &[]);
        }
        if draft.is_empty() { Ok(()) } else { self.commit(draft).await.map(|_| ()) }
    }

    /// Reads a page of the subjects that have an account for one purpose, by id: a leaf each, one
    /// commit. A limit of 0 counts as 1.
    ///
    /// # Errors
    /// The codes of the ports; then nothing was opened.
    pub async fn read_page(
        &self,
        after: Option<SubjectId>,
        limit: usize,
        purpose: &Name,
        actor: &Actor,
    ) -> Result<ViewPage> {
        let limit = limit.max(1);
        let subjects = self.subjects(after, limit).await?;
        let next = if subjects.len() < limit { None } else { subjects.last().copied() };
        let views = self.read_many(&subjects, purpose, actor).await?;
        Ok(ViewPage { views: subjects.into_iter().zip(views).collect(), next })
    }

    /// A page of the subjects that have an account, by id. It shows ids alone, which tell the day
    /// of registration and nothing else, opens nothing and leaves no leaf;
    /// [`Vault::read_page`] shows data.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn subjects(&self, after: Option<SubjectId>, limit: usize) -> Result<Vec<SubjectId>> {
        let kind = self.kind(self.policy.primary_class());
        let cursor = after.map(|subject| crate::ports::Cursor {
            at: None,
            key: crate::row::RowKey::only(subject, kind.clone()),
        });
        let scan = crate::ports::Scan::All { kind: Some(kind) };
        let page = self.ports.store.scan(&scan, cursor.as_ref(), limit).await?;
        Ok(page.rows.into_iter().map(|row| row.key.subject).collect())
    }

    /// When something happened to a subject's data, by whom, for what: its leaves, latest first.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn history(&self, subject: SubjectId, limit: usize) -> Result<Vec<Leaf>> {
        let stored = self.ports.store.leaves_of(subject, false, None, limit).await?;
        stored.iter().filter_map(|leaf| leaf.bytes.as_deref()).map(Leaf::decode).collect()
    }
}

fn insert(
    view: &mut View,
    item: &Name,
    row: &Row,
    opened: Option<Zeroizing<Vec<u8>>>,
) -> Result<()> {
    if let Some(bytes) = opened {
        // EXPOSE: opened for the purpose that the leaf names.
        let text = std::str::from_utf8(&bytes).map_err(|_| crate::codec::MALFORMED.error())?;
        let (archived, anchor_at) = (row.state == state::ARCHIVED, row.anchor_at);
        let kept = Kept { text: Zeroizing::new(text.to_owned()), archived, anchor_at };
        view.items.entry(item.clone()).or_default().push(kept);
    }
    Ok(())
}
