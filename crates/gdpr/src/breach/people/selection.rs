//! Who is affected: by what is kept of them, or by what the log says was done with it.

use std::collections::{BTreeSet, VecDeque};

use tacenda_core::leaf::Leaf;
use tacenda_core::policy::records::{BREACHES, GRANTS, RESERVED};
use tacenda_core::ports::{Cursor, LogPosition};
use tacenda_core::vault::codes::{NOT_DECLARED, UNDECLARED_CLASS};
use tacenda_core::vault::{MODEL, RecordKey, Vault};
use tacenda_core::{ActorId, Name, Result, SubjectId, Timestamp};

use super::super::state::{Breach, Occurrence};
use crate::case::watch;
use crate::staff::{Grant, State};

/// How many rows or leaves are looked at at once.
const PAGE: usize = 512;

/// Whom a breach affects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Everybody of whom something of a class of the policy is kept, also archived: the store, a backup or a key
    /// is in other hands. And whoever was erased since the breach began. Of whom records alone are left is not.
    Everyone,
    /// Everybody of whom something of these classes is kept, or was when the breach began.
    Classes(BTreeSet<Name>),
    /// Whoever's data an actor has read, found, written or passed on in a time, as the log has it. It is a
    /// floor: what was read past the SDK, the log does not know.
    ReadBy {
        /// Who.
        actor: ActorId,
        /// From when on.
        from: Timestamp,
        /// Until when, this instant too.
        until: Timestamp,
    },
    /// The same of the person of a grant, for as long as the grant counted: what did this stolen
    /// certificate read?
    UnderGrant(RecordKey),
    /// Whoever's data went to a processor in a time, as the log has it.
    DisclosedTo {
        /// To whom.
        processor: Name,
        /// From when on.
        from: Timestamp,
        /// Until when, this instant too.
        until: Timestamp,
    },
    /// These.
    People(Vec<SubjectId>),
}

/// Which leaves tell of somebody who is affected.
#[derive(Debug)]
enum Sign {
    Act(ActorId, Timestamp, Timestamp),
    Disclosure(Name, Timestamp, Timestamp),
    Erasure(Option<BTreeSet<Name>>, Timestamp),
}

#[derive(Debug)]
enum Source {
    Rows(Name, Option<Cursor>),
    Log(LogPosition, Sign),
    Given(Vec<SubjectId>),
}

/// Finds whom a selection means, a page at a time.
#[derive(Debug)]
pub(super) struct Finder {
    sources: VecDeque<Source>,
    seen: BTreeSet<SubjectId>,
    /// How many leaves had lost their text: what they told is known no more.
    pub(super) texts_gone: u64,
}

impl Finder {
    pub(super) async fn new(vault: &Vault, breach: &Breach, selection: &Selection) -> Result<Self> {
        let mut sources = VecDeque::new();
        match selection {
            Selection::Everyone => {
                let classes = vault.policy().classes.keys();
                sources.extend(classes.map(|class| Source::Rows(class.clone(), None)));
                sources.push_back(log(Sign::Erasure(None, began(breach))));
            }
            Selection::Classes(classes) => {
                let declared = |class| vault.policy().classes.contains_key(class);
                if classes.is_empty() || !classes.iter().all(declared) {
                    return UNDECLARED_CLASS.err();
                }
                sources.extend(classes.iter().map(|class| Source::Rows(class.clone(), None)));
                sources.push_back(log(Sign::Erasure(Some(classes.clone()), began(breach))));
            }
            Selection::ReadBy { actor, from, until } => {
                sources.push_back(log(Sign::Act(*actor, *from, *until)));
            }
            Selection::UnderGrant(key) => sources.push_back(log(under(vault, key).await?)),
            Selection::DisclosedTo { processor, from, until } => {
                if !vault.policy().processors.contains_key(processor) {
                    return NOT_DECLARED.err();
                }
                sources.push_back(log(Sign::Disclosure(processor.clone(), *from, *until)));
            }
            Selection::People(people) => sources.push_back(Source::Given(people.clone())),
        }
        Ok(Self { sources, seen: BTreeSet::new(), texts_gone: 0 })
    }

    /// The next of them, each once; `None` behind the last.
    pub(super) async fn page(&mut self, vault: &Vault) -> Result<Option<Vec<SubjectId>>> {
        let Some(source) = self.sources.pop_front() else { return Ok(None) };
        let found = match source {
            Source::Given(people) => people,
            Source::Rows(class, after) => {
                let (page, next) = vault.subjects_of(&class, after.as_ref(), PAGE).await?;
                if let Some(next) = next {
                    self.sources.push_front(Source::Rows(class, Some(next)));
                }
                page
            }
            Source::Log(from, sign) => {
                if from == Vault::log_begins() {
                    // What was read a moment ago is in the log once it has its place there.
                    vault.ports().store.settle().await?;
                }
                let page = vault.leaves_since(from, PAGE).await?;
                let gone = page.leaves.iter().filter(|(_, leaf)| leaf.is_none()).count();
                self.texts_gone = self.texts_gone.saturating_add(gone as u64);
                let leaves = page.leaves.iter().filter_map(|(_, leaf)| leaf.as_ref());
                let found = leaves.filter(|leaf| sign.is_in(leaf)).map(|leaf| leaf.subject);
                let found = found.collect();
                if !page.is_end {
                    self.sources.push_front(Source::Log(page.next, sign));
                }
                found
            }
        };
        Ok(Some(found.into_iter().filter(|subject| self.seen.insert(*subject)).collect()))
    }
}

const fn log(sign: Sign) -> Source {
    Source::Log(Vault::log_begins(), sign)
}

/// Since when data was in other hands; from the beginning where nobody knows.
const fn began(breach: &Breach) -> Timestamp {
    match breach.facts().occurred {
        Occurrence::At(at) | Occurrence::Between(at, _) | Occurrence::Since(at) => at,
        Occurrence::Unknowable | Occurrence::Open => Timestamp::MIN,
    }
}

/// What the person of a grant did while it counted.
async fn under(vault: &Vault, key: &RecordKey) -> Result<Sign> {
    if *key.kind != GRANTS {
        return tacenda_core::vault::codes::NO_SUCH_RECORD.err();
    }
    let read = |record: &tacenda_core::vault::OpenedRecord| {
        Grant::decode(record.items.get(&MODEL).unwrap_or_default())
    };
    let grant = vault.consult_record(key, &[MODEL], read).await?;
    let from = grant.entries().first().map_or(Timestamp::MIN, |entry| entry.at);
    let until = match grant.state() {
        State::Revoked => grant.entries().last().map_or(Timestamp::MAX, |entry| entry.at),
        State::Granted | State::RanOut => watch::after(vault, grant.terms().until),
    };
    Ok(Sign::Act(ActorId::from(key.subject.as_uuid()), from, until))
}

impl Sign {
    fn is_in(&self, leaf: &Leaf) -> bool {
        if leaf.subject == SubjectId::CONTROLLER {
            return false;
        }
        match self {
            Self::Act(actor, from, until) => {
                let refused = leaf.action.as_str().contains("refused");
                leaf.actor == *actor
                    && (from..=until).contains(&&leaf.at)
                    && !refused
                    && is_of_people(leaf)
            }
            Self::Disclosure(processor, from, until) => {
                let given = ["data.disclosed", "message.addressed"].contains(&leaf.action.as_str());
                let to = leaf.find("processor") == Some(processor.as_str());
                given && to && (from..=until).contains(&&leaf.at)
            }
            Self::Erasure(classes, since) => {
                let of_class = |class: &str| match classes {
                    Some(classes) => classes.iter().any(|one| one.as_str() == class),
                    None => !class.starts_with(RESERVED),
                };
                let mut details = leaf.details.iter();
                let own = details.any(|(key, class)| key == "erased" && of_class(class));
                let done = ["erasure.done", "erasure.replayed"].contains(&leaf.action.as_str());
                done && own && leaf.at >= *since
            }
        }
    }
}

/// Whether a leaf is about somebody, and not about a breach.
fn is_of_people(leaf: &Leaf) -> bool {
    let breach = BREACHES.kind.as_str();
    leaf.find("kind") != Some(breach) && leaf.rows.iter().all(|row| row.kind.as_str() != breach)
}
