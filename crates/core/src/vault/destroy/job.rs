//! What an erasure does, as its job row holds it: ids, classes, laws, dates; no personal data.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::codec::{Decoder, Encoder};
use crate::error::{Context, Result};
use crate::id::{ActorId, SubjectId};
use crate::leaf::Leaf;
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::ports::{KeyId, LogPosition};
use crate::row::Row;
use crate::vault::Seen;
use crate::vault::codes::UNDER_WAY;

const DOMAIN: &str = "tacenda/destroy/1";

/// Rows of a class that go, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedClass {
    /// The class.
    pub class: Name,
    /// The rule or right: `retention`, `request`, …
    pub reason: Name,
    /// The numbers of the keys that go, and with each the row that it seals. Empty for a class whose
    /// row holds nothing: then its keys go that seal none of the rows that the plan has seen.
    pub keys: BTreeSet<u16>,
}

impl ErasedClass {
    /// The keys that go.
    pub(super) fn ids(&self, subject: SubjectId) -> impl Iterator<Item = KeyId> + '_ {
        let id = move |number: &u16| {
            let first = KeyId::first(subject, self.class.clone());
            KeyId { number: *number, ..first }
        };
        self.keys.iter().map(id)
    }

    /// Says in a leaf which keys of a class went. Of most classes there was one key, and nothing more
    /// to say; a class of which no key went held nothing.
    pub(in crate::vault) fn told(&self, leaf: Leaf) -> Leaf {
        if self.keys.is_empty() {
            return leaf;
        }
        let leaf = leaf.detail("erased", &self.class).detail("reason", &self.reason);
        if self.keys.iter().eq([&0]) {
            return leaf;
        }
        self.keys.iter().fold(leaf, |leaf, key| leaf.detail("key", *key))
    }
}

/// A live row that laws keep, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedClass {
    /// The class.
    pub class: Name,
    /// The number of the key that seals the row.
    pub key: u16,
    /// The items that the laws ask for; the envelopes of all others leave the row.
    pub items: BTreeSet<Name>,
    /// The laws, the one that keeps longest first.
    pub laws: Vec<KeptUnder>,
}

/// A law that keeps something (Art. 17(3)(b) GDPR).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptUnder {
    /// The policy's name of the law.
    pub law: Name,
    /// How it is cited.
    pub citation: String,
    /// The first instant at which it keeps nothing any more; `None` if its clock has not started.
    pub until: Option<Timestamp>,
}

/// An archived row that goes on without some of its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReducedClass {
    /// The class.
    pub class: Name,
    /// The number of the key that seals the row.
    pub key: u16,
    /// Why: `retention`, …
    pub reason: Name,
    /// The items that go; at least one other stays.
    pub items: BTreeSet<Name>,
}

/// What happens to one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectPlan {
    /// Whose data.
    pub subject: SubjectId,
    /// What goes.
    pub erase: Vec<ErasedClass>,
    /// What stays, readable only for the purpose of the law.
    pub archive: Vec<ArchivedClass>,
    /// What was archived and loses items.
    pub reduce: Vec<ReducedClass>,
    /// The end of the account, from which laws count what they keep of rows whose clock started
    /// before, or never did.
    pub closed_at: Option<Timestamp>,
    /// The rows that the plan was made for, all of the classes of which something goes: if one of them
    /// changes before the intent is in the log, the plan is made again.
    pub seen: Vec<Seen>,
}

impl SubjectPlan {
    /// Whether rows of a class go.
    #[must_use]
    pub fn erases(&self, class: &Name) -> bool {
        self.erase.iter().any(|erased| erased.class == *class)
    }

    /// Whether the account itself goes, be it into an archive. What a law kept of its class outlives
    /// it, and when that ends nothing else goes: `archived` tells whether a key seals such a row.
    pub(super) fn ends_account(&self, primary: &Name, archived: impl Fn(u16) -> bool) -> bool {
        let is_kept = self.archive.iter().any(|kept| kept.class == *primary);
        let mut erased = self.erase.iter().filter(|erased| erased.class == *primary);
        is_kept || erased.any(|erased| !erased.keys.iter().any(|key| archived(*key)))
    }

    /// [`SubjectPlan::ends_account`], by the rows that the plan saw.
    pub(super) fn ends_account_seen(&self, primary: &Name) -> bool {
        self.ends_account(primary, |key| {
            let mut of_class = self.seen.iter().filter(|seen| seen.class == *primary);
            of_class.any(|seen| !seen.live && seen.key == Some(key))
        })
    }

    /// Adds keys that go, for the reason of what goes anyway, or else for this one.
    pub(super) fn erase_keys(&mut self, keys: Vec<KeyId>, or: Name) {
        let reason = self.erase.first().map_or(or, |one| one.reason.clone());
        for KeyId { class, number, .. } in keys {
            match self.erase.iter_mut().find(|erased| erased.class == class) {
                Some(erased) => erased.keys.extend([number]),
                None => {
                    let (reason, keys) = (reason.clone(), [number].into());
                    self.erase.push(ErasedClass { class, reason, keys });
                }
            }
        }
    }

    /// Whether both take something of a class.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.classes().any(|class| other.classes().any(|of_other| of_other == class))
    }

    fn classes(&self) -> impl Iterator<Item = &Name> {
        let erased = self.erase.iter().map(|erased| &erased.class);
        let archived = self.archive.iter().map(|kept| &kept.class);
        erased.chain(archived).chain(self.reduce.iter().map(|reduced| &reduced.class))
    }

    /// Whether rows of a class have to be what the log states before this is carried out: of records
    /// those that it names, and all others unless it names records alone.
    pub(super) fn concerns(&self, class: &Name) -> bool {
        if RecordKind::is_reserved(class) {
            return self.erases(class);
        }
        let own = self.erase.iter().any(|erased| !RecordKind::is_reserved(&erased.class));
        own || !self.archive.is_empty() || !self.reduce.is_empty()
    }

    /// What a leaf says of it and of rows that came `late`: enough to destroy the same keys again, and
    /// for a receipt.
    pub(super) fn told(&self, mut leaf: Leaf, late: &[ErasedClass]) -> Leaf {
        // A class is told once: where no key is named, it is the first alone.
        let mut told: Vec<ErasedClass> = Vec::new();
        for erased in late.iter().chain(&self.erase) {
            match told.iter_mut().find(|one| one.class == erased.class) {
                Some(one) => one.keys.extend(&erased.keys),
                None => told.push(erased.clone()),
            }
        }
        for erased in &told {
            leaf = erased.told(leaf);
        }
        for kept in &self.archive {
            leaf = leaf.detail("archived", &kept.class);
            for KeptUnder { citation, until, .. } in &kept.laws {
                leaf = leaf.detail("law", Context::published(citation));
                if let Some(until) = until {
                    leaf = leaf.detail("until", *until);
                }
            }
        }
        for reduced in &self.reduce {
            leaf = leaf.detail("reduced", &reduced.class).detail("reason", &reduced.reason);
            for item in &reduced.items {
                leaf = leaf.detail("item", item);
            }
        }
        leaf
    }
}

/// What was done to one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destroyed {
    /// Whose data it was.
    pub subject: SubjectId,
    /// The leaf that states it; [`receipt`](crate::vault::Vault::receipt) proves it.
    pub position: LogPosition,
}

/// A job as its row holds it. No personal data: ids, classes, laws, dates.
pub(super) struct Job {
    pub(super) row: Row,
    pub(super) actor: ActorId,
    pub(super) plans: Vec<SubjectPlan>,
    /// Where the leaf of its intent stands; once its rows are gone, where the leaf of each subject
    /// does.
    pub(super) at: Vec<LogPosition>,
}

impl Job {
    /// The subjects of its plans, in their order.
    pub(super) fn subjects(&self) -> Vec<SubjectId> {
        self.plans.iter().map(|plan| plan.subject).collect()
    }

    /// Where the leaf of its intent stands, while its rows are there.
    pub(super) fn intent(&self) -> Result<LogPosition> {
        self.at.first().copied().ok_or_else(|| UNDER_WAY.error())
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.raw(self.actor.as_bytes()).list(self.plans.len());
        for plan in &self.plans {
            e.raw(plan.subject.as_bytes()).time_opt(plan.closed_at).list(plan.erase.len());
            for erased in &plan.erase {
                e.text(erased.class.as_str()).text(erased.reason.as_str()).list(erased.keys.len());
                for key in &erased.keys {
                    e.u16(*key);
                }
            }
            e.list(plan.archive.len());
            for kept in &plan.archive {
                e.text(kept.class.as_str()).u16(kept.key).names(&kept.items).list(kept.laws.len());
                for law in &kept.laws {
                    e.text(law.law.as_str()).text(&law.citation).time_opt(law.until);
                }
            }
            e.list(plan.reduce.len());
            for reduced in &plan.reduce {
                e.text(reduced.class.as_str()).u16(reduced.key).text(reduced.reason.as_str());
                e.names(&reduced.items);
            }
        }
        e.finish()
    }

    pub(super) fn decode(row: Row, at: Vec<LogPosition>) -> Result<Self> {
        let mut d = Decoder::new(&row.body, DOMAIN)?;
        let actor = ActorId::from_bytes(d.raw()?);
        let plans = (0..d.list(29)?).map(|_| plan(&mut d)).collect::<Result<_>>()?;
        d.end()?;
        Ok(Self { row, actor, plans, at })
    }
}

fn plan(d: &mut Decoder<'_>) -> Result<SubjectPlan> {
    let (subject, closed_at) = (SubjectId::from_bytes(d.raw()?), d.time_opt()?);
    let erase = (0..d.list(14)?)
        .map(|_| {
            let (class, reason, mut keys) = (d.name()?, d.name()?, BTreeSet::new());
            for _ in 0..d.list(2)? {
                let key = d.u16()?;
                if keys.last().is_some_and(|last| *last >= key) {
                    return crate::codec::MALFORMED.err();
                }
                keys.insert(key);
            }
            Ok(ErasedClass { class, reason, keys })
        })
        .collect::<Result<_>>()?;
    let archive = (0..d.list(15)?)
        .map(|_| {
            let (class, key, items) = (d.name()?, d.u16()?, d.names()?);
            let law = |d: &mut Decoder<'_>| {
                let (law, citation) = (d.name()?, d.text()?.to_owned());
                Ok(KeptUnder { law, citation, until: d.time_opt()? })
            };
            let laws = (0..d.list(10)?).map(|_| law(d)).collect::<Result<_>>()?;
            Ok(ArchivedClass { class, key, items, laws })
        })
        .collect::<Result<_>>()?;
    let reduce = (0..d.list(16)?)
        .map(|_| {
            let (class, key, reason) = (d.name()?, d.u16()?, d.name()?);
            Ok(ReducedClass { class, key, reason, items: d.names()? })
        })
        .collect::<Result<_>>()?;
    Ok(SubjectPlan { subject, erase, archive, reduce, closed_at, seen: Vec::new() })
}
