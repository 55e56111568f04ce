//! What the steps of a breach say: awareness, judgement, notices, what people were told, the end.

use std::collections::BTreeSet;

use tacenda_core::policy::{BreachPromise, PromiseChannel, PromiseNature, PromiseTrigger};
use tacenda_core::{ActorId, Name, Timestamp};

use super::super::clock::Deadline;
use super::super::severity::{Risk, Severity};
use super::facts::Facts;
use crate::case::{Note, choice};

/// A promise that is about this breach, as it stood in the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// From which step on it binds.
    pub trigger: PromiseTrigger,
    /// Which breaches it is about.
    pub nature: PromiseNature,
    /// By which way customers are told.
    pub channel: PromiseChannel,
    /// Whose data it is about.
    pub classes: BTreeSet<Name>,
}

impl Promise {
    /// The promise of a policy, if it is about such facts.
    #[must_use]
    pub fn about(facts: &Facts, stated: Option<&BreachPromise>) -> Option<Self> {
        let stated = stated?;
        let promise = Self {
            trigger: stated.trigger,
            nature: stated.nature,
            channel: stated.channel,
            classes: stated.classes.clone(),
        };
        promise.concerns(facts).then_some(promise)
    }

    /// Whether it is about such facts. While no class is known, every class may be concerned.
    #[must_use]
    pub fn concerns(&self, facts: &Facts) -> bool {
        let theirs = facts.classes.is_empty() || !facts.classes.is_disjoint(&self.classes);
        facts.nature.matches(self.nature) && theirs
    }
}

/// A reasonable degree of certainty that personal data was compromised: the clocks start.
///
/// # Law
/// Art. 33(1), (2) GDPR; the degree of certainty is that of EDPB Guidelines 9/2022.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awareness {
    /// Since when.
    pub since: Timestamp,
    /// On what it rests.
    pub grounds: Note,
    /// The clocks that run, as the law and the policy had them.
    pub deadlines: Vec<Deadline>,
}

/// The risk, as a person has judged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The risk.
    pub risk: Risk,
    /// Why.
    pub reasons: Note,
    /// What the method suggested.
    pub suggested: Severity,
}

impl Judgement {
    /// Whether the person decided otherwise than the method suggests.
    #[must_use]
    pub fn overrides(&self) -> bool {
        self.risk != self.suggested.band().indicates()
    }
}

choice! {
    /// What sort of notice.
    NoticeKind {
        /// The first.
        Initial = "initial",
        /// What was not known before (Art. 33(4) GDPR).
        Complementary = "complementary",
        /// There was no breach after all.
        Withdrawal = "withdrawal",
    }

    /// By which way people were told.
    Means {
        /// By e-mail at the address of the account.
        AccountEmail = "account e-mail",
        /// Each, by another way.
        Individual = "individual",
        /// All, in public (Art. 34(3)(c) GDPR).
        Public = "public",
    }

    /// On what ground people are not told in spite of a high risk.
    ///
    /// # Law
    /// Art. 34(3) GDPR.
    Ground {
        /// (a) the data is unintelligible to whoever has it.
        Unintelligible = "unintelligible",
        /// (b) what was done since keeps the high risk from coming true.
        Mitigated = "mitigated",
        /// (c) telling each would take a disproportionate effort; the public is told instead.
        Disproportionate = "disproportionate",
    }
}

/// A notice to the authority, to controllers, or to another recipient of a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who was told.
    pub recipient: Name,
    /// What sort.
    pub kind: NoticeKind,
    /// Whether it says all that is asked for, so that no further one is owed.
    pub complete: bool,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Why it is late, if it is.
    pub delay: Option<Note>,
    /// The recipient's reference and what else is worth keeping.
    pub remark: Option<Note>,
}

/// Why the recipients of the clocks are settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notices {
    /// All that the risk and the roles ask for were made.
    Made,
    /// None is asked for, and why.
    NotRequired(Note),
}

/// What people were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// By which way.
    pub means: Means,
    /// When it began.
    pub began_at: Timestamp,
    /// How many were told.
    pub told: u64,
    /// How many could not be reached, those already erased among them.
    pub unreachable: u64,
    /// Whether everybody who can be reached this way has been.
    pub complete: bool,
    /// What they were told (Art. 34(2) GDPR).
    pub content: Note,
}

/// That the keys to the data lie outside the breach.
///
/// # Law
/// Art. 34(3)(a) GDPR speaks of measures such as encryption: they protect nobody once a key, the
/// master key, a copy of the safe or an access that was live at the time is in the same hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeysOutside {
    /// The data keys, in the safe.
    pub keys: bool,
    /// The master key.
    pub master_key: bool,
    /// The mirror of the safe.
    pub safe_mirror: bool,
    /// Every grant that was live at the time, and the certificates behind it.
    pub live_grants: bool,
}

impl KeysOutside {
    /// The first that is not stated to lie outside.
    #[must_use]
    pub fn inside(self) -> Option<&'static str> {
        let all = [
            (self.keys, "keys"),
            (self.master_key, "master_key"),
            (self.safe_mirror, "safe_mirror"),
            (self.live_grants, "live_grants"),
        ];
        all.into_iter().find(|(outside, _)| !outside).map(|(_, name)| name)
    }
}

/// Why the people whose data it is are settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeopleAnswer {
    /// They have been told.
    Told,
    /// They need not be told, and why.
    NotRequired(Note),
    /// They need not be told in spite of a high risk, and on what evidence.
    Exempt(Exemption),
}

/// An exemption from telling people, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exemption {
    /// Art. 34(3)(a), with where the keys are.
    Unintelligible(KeysOutside, Note),
    /// Art. 34(3)(b), with what was done.
    Mitigated(Note),
    /// Art. 34(3)(c), with what the effort would be.
    Disproportionate(Note),
}

impl Exemption {
    /// Its ground.
    #[must_use]
    pub const fn ground(&self) -> Ground {
        match self {
            Self::Unintelligible(..) => Ground::Unintelligible,
            Self::Mitigated(_) => Ground::Mitigated,
            Self::Disproportionate(_) => Ground::Disproportionate,
        }
    }

    /// Its evidence, in words.
    #[must_use]
    pub const fn evidence(&self) -> &Note {
        let (Self::Unintelligible(_, note) | Self::Mitigated(note) | Self::Disproportionate(note)) =
            self;
        note
    }
}

/// What the register documents at the end.
///
/// # Law
/// Art. 33(5) GDPR: the facts, the effects and the remedial action taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What it led to.
    pub effects: Note,
    /// What was done about it.
    pub taken: Note,
    /// What keeps it from happening again.
    pub prevention: Note,
}

/// That a suspicion was unfounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfounded {
    /// Why.
    pub reason: Note,
    /// Who approved it besides the one who entered it.
    pub approved_by: Option<ActorId>,
}
