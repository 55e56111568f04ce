//! What an erasure does, as its job row holds it: ids, classes, laws, dates; no personal data.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::codec::{Decoder, Encoder};
use crate::error::Result;
use crate::id::{ActorId, SubjectId};
use crate::name::Name;
use crate::ports::LogPosition;
use crate::row::Row;
use crate::vault::Seen;
use crate::vault::codes::UNDER_WAY;

const DOMAIN: &str = "tacenda/destroy/1";

/// A class whose rows go, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedClass {
    /// The class.
    pub class: Name,
    /// The rule or right: `retention`, `request`, …
    pub reason: Name,
}

/// A class that a law keeps, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedClass {
    /// The class.
    pub class: Name,
    /// The policy's name of the law (Art. 17(3)(b) GDPR).
    pub law: Name,
    /// How the law is cited.
    pub citation: String,
    /// The items that the law asks for; the envelopes of all others leave the row.
    pub items: BTreeSet<Name>,
    /// The day it ends; `None` if its clock has not started.
    pub until: Option<Timestamp>,
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
    /// Start of retention for rows whose clock an erasure starts: the closing of the account.
    pub closed_at: Option<Timestamp>,
    /// The rows that the plan was made for: if one of them changes before the intent is in the
    /// log, the plan is made again.
    pub seen: Vec<Seen>,
}

impl SubjectPlan {
    /// Whether the live rows of a class go.
    #[must_use]
    pub fn erases(&self, class: &Name) -> bool {
        self.erase.iter().any(|erased| erased.class == *class)
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
                e.text(erased.class.as_str()).text(erased.reason.as_str());
            }
            e.list(plan.archive.len());
            for kept in &plan.archive {
                e.text(kept.class.as_str()).text(kept.law.as_str()).text(&kept.citation);
                e.time_opt(kept.until).names(&kept.items);
            }
        }
        e.finish()
    }

    pub(super) fn decode(row: Row, at: Vec<LogPosition>) -> Result<Self> {
        let mut d = Decoder::new(&row.body, DOMAIN)?;
        let actor = ActorId::from_bytes(d.raw()?);
        let plans = (0..d.list(25)?)
            .map(|_| {
                let (subject, closed_at) = (SubjectId::from_bytes(d.raw()?), d.time_opt()?);
                let erase = (0..d.list(10)?)
                    .map(|_| Ok(ErasedClass { class: d.name()?, reason: d.name()? }))
                    .collect::<Result<_>>()?;
                let archive = (0..d.list(15)?)
                    .map(|_| {
                        let (class, law) = (d.name()?, d.name()?);
                        let (citation, until) = (d.text()?.to_owned(), d.time_opt()?);
                        Ok(ArchivedClass { class, law, citation, items: d.names()?, until })
                    })
                    .collect::<Result<_>>()?;
                Ok(SubjectPlan { subject, erase, archive, closed_at, seen: Vec::new() })
            })
            .collect::<Result<_>>()?;
        d.end()?;
        Ok(Self { row, actor, plans, at })
    }
}
