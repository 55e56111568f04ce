//! A request for erasure: decided by the plan, carried out, and its receipt noted in the file.

use tacenda_core::ports::LogPosition;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::vault::codes::{NOT_FOUND, UNDER_WAY};
use tacenda_core::vault::{Actor, MODEL, OpenedRecord, Outline, Receipt, RecordKey, Vault};
use tacenda_core::{Error, Name, Result, Timestamp};

use super::codes::{DECIDED_OTHERWISE, NO_ERASURE, NOT_THE_SUBJECT, PART_OF_ALL};
use super::decision::{Decision, Refusal};
use super::due::Calendar;
use super::file;
use super::intake::{Items, Scope};
use super::kept;
use super::rights::Right;
use super::state::{Event, Request, State};
use super::step::{enter, is_about, step};
use crate::case::Note;
use crate::erasure::{self, Erasure, ErasurePlan, Fate, Line};

/// How often it is decided again where something else comes in between.
const ATTEMPTS: usize = 5;

const ALL_KEPT: &str = "Nothing was erased: laws keep all that is held.";
const ALL_STANDS: &str = "Nothing was erased: laws, holds or restrictions keep all that is stored.";

/// What was decided about a request for erasure, and what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// Granted, or refused as far as laws, holds or restrictions keep something.
    pub decision: Decision,
    /// How it was carried out.
    pub carried: Carried,
}

/// How a decision to erase was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// By this call, as planned, with the receipt.
    Out(Erasure),
    /// Before, since the request was received: by a call that was stopped, or in another way.
    Before(Receipt),
    /// Nothing is left to erase: laws, holds and restrictions keep all that is stored, as this plan has
    /// it.
    Nothing(ErasurePlan),
}

impl Erased {
    /// The receipt, if something went.
    #[must_use]
    pub const fn receipt(&self) -> Option<&Receipt> {
        match &self.carried {
            Carried::Out(Erasure { receipt, .. }) | Carried::Before(receipt) => Some(receipt),
            Carried::Nothing(_) => None,
        }
    }
}

/// Decides a request for erasure by the plan of the erasure, carries that plan out, and notes in the
/// file where the log has its receipt. What a law keeps is a partial refusal, item by item, each with the
/// laws that keep it and their last days; what is held or restricted is one, class by class, and
/// everything else goes. The answer is to be sent then.
///
/// The decision is durable before anything goes; if something changes in between, it is decided again.
/// Whoever was stopped calls it again: what has not gone is decided anew by what is there then, and of
/// what has gone the receipt is found in the log and noted.
///
/// It erases everything, or the classes that the request names. The account is everything: with its class
/// every other goes, so that a request for it has to name all that are there. A request about the person
/// is one about everything where nothing that it names is about an organisation; no operation erases items
/// of a class alone.
///
/// # Law
/// Art. 17(1) and (3)(b) and (e), 18(2), 12(4) GDPR.
///
/// # Errors
/// `requests.not_the_subject` for a subject, `policy.unknown_role`, `policy.role_without_records`: then
/// nothing is told of what is held. `requests.no_erasure` for another right; `requests.part_of_all` if more
/// would go than it is about; `requests.decided_otherwise` if it was decided already, for a fee, as a
/// refusal, or with a refusal of a part that nothing keeps: it is decided anew first, by
/// [`step`]; `erasure.under_way`; `vault.not_found` if nothing is held and nothing was
/// erased since it was received; `erasure.scrub_blocked`: all is done but the receipt, which a later call
/// notes; those of [`step`]; the codes of the ports.
pub async fn erase(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    actor: &Actor,
) -> Result<Erased> {
    // What stands in the way is told to nobody who may not decide.
    if file::is_a_subject(actor) {
        return NOT_THE_SUBJECT.err();
    }
    file::check_role(vault, actor)?;
    let opened = |record: &OpenedRecord| Opened::of(&file::of(record)?);
    let opened = vault.consult_record(key, &[MODEL], opened).await?;
    let mut blocked = None;
    if opened.decision.is_some() {
        // A call that was stopped may have left something to finish.
        blocked = vault.resume_each().await?.blocked;
    }
    let work = Work { vault, calendar, key, actor, blocked };
    for _ in 1..ATTEMPTS {
        match work.decide_and_carry_out(&opened).await {
            Err(error) if error.is(&CONFLICT) => {}
            other => return other,
        }
    }
    work.decide_and_carry_out(&opened).await
}

/// What is to be known of the file before anything is planned.
struct Opened {
    received: Timestamp,
    scope: Scope,
    decision: Option<Decision>,
    notes: Vec<String>,
}

impl Opened {
    fn of(request: &Request) -> Result<Self> {
        if request.right() != Right::Erasure {
            return Err(NO_ERASURE.error().with("right", request.right().as_str()));
        }
        let decision = match request.state() {
            State::Decided { decision, .. } => Some(decision.clone()),
            _ => None,
        };
        let notes = request.entries().iter().filter_map(|entry| match &entry.event {
            Event::Remarked(note) => Some(note.as_text().to_owned()),
            _ => None,
        });
        let (received, scope) = (request.recorded_at(), request.scope().clone());
        Ok(Self { received, scope, decision, notes: notes.collect() })
    }
}

/// Who works on which file.
struct Work<'a> {
    vault: &'a Vault,
    calendar: &'a Calendar<'a>,
    key: &'a RecordKey,
    actor: &'a Actor,
    /// That somebody still reads the safe's old pages, if so: of whom something went before gets no receipt
    /// until then, and nobody else has to wait.
    blocked: Option<Error>,
}

impl Work<'_> {
    async fn decide_and_carry_out(&self, opened: &Opened) -> Result<Erased> {
        let subject = self.key.subject;
        let mut plan = match erasure::plan_now(self.vault, subject, self.actor).await {
            Err(error) if error.is(&NOT_FOUND) => {
                return self.carried_before(opened).await?.ok_or(error);
            }
            Err(error) if error.is(&UNDER_WAY) => {
                if self.is_about_account(&opened.scope) {
                    erasure::suppress_leaving(self.vault, subject, self.actor).await?;
                }
                return Err(error);
            }
            plan => plan?,
        };
        let rows = kept::rows(self.vault, &plan).await?;
        self.narrow(&mut plan, &opened.scope, &rows)?;
        kept::end(self.vault, &mut plan, &rows);
        let goes = plan.takes_something();
        if !goes && let Some(erased) = self.carried_before(opened).await? {
            return Ok(erased);
        }
        if plan.lines.is_empty() {
            return Err(NOT_FOUND.error().with("subject", subject));
        }
        let decision = kept::decision(self.vault, self.calendar, &plan, &rows).await?;
        self.decide(&decision, opened).await?;
        if !goes {
            let stands = plan.is_held() || plan.is_restricted();
            let text = if stands { ALL_STANDS } else { ALL_KEPT };
            self.note(opened, text).await?;
            return Ok(Erased { decision, carried: Carried::Nothing(plan) });
        }
        let erasure = erasure::carry_out(self.vault, plan, self.actor).await?;
        self.note_receipt(opened, &erasure.receipt).await?;
        Ok(Erased { decision, carried: Carried::Out(erasure) })
    }

    async fn decide(&self, decision: &Decision, opened: &Opened) -> Result<()> {
        let check = |request: &Request| {
            // Nobody erases by what it was about before it was restated.
            if request.right() != Right::Erasure || *request.scope() != opened.scope {
                return CONFLICT.err();
            }
            is_not_decided_otherwise(request, decision)
        };
        let event = Event::Decided(decision.clone());
        enter(self.vault, self.calendar, self.key, &event, self.actor, check).await.map(drop)
    }

    /// Whether the account goes with what a request is about.
    fn is_about_account(&self, scope: &Scope) -> bool {
        scope.classes.is_empty() || scope.classes.contains(self.vault.policy().primary_class())
    }

    /// Leaves in a plan what a request is about.
    fn narrow(&self, plan: &mut ErasurePlan, scope: &Scope, rows: &[Outline]) -> Result<()> {
        let policy = self.vault.policy();
        let asked = |class: &Name| scope.classes.is_empty() || scope.classes.contains(class);
        let mut rows = rows.iter().filter(|row| asked(&row.class));
        let about =
            |row: &Outline| row.items.iter().all(|item| is_about(policy, item, scope.items));
        let all = scope.items == Items::Both || scope.items == Items::Person && rows.all(about);
        let is_account = |line: &Line| line.class == *policy.primary_class() && !line.archived;
        let whole = plan.lines.iter().any(|line| is_account(line) && asked(&line.class));
        let rest = plan.lines.iter().any(|line| line.fate != Fate::Kept && !asked(&line.class));
        if !all || whole && rest {
            return PART_OF_ALL.err();
        }
        plan.lines.retain(|line| asked(&line.class));
        Ok(())
    }

    /// What was decided is carried out already, if the log says so: its receipt is noted, unless it was.
    async fn carried_before(&self, opened: &Opened) -> Result<Option<Erased>> {
        let Some(decision @ (Decision::Granted(None) | Decision::PartlyRefused(_))) =
            opened.decision.clone()
        else {
            return Ok(None);
        };
        let found = self.vault.latest_erasure(self.key.subject, opened.received).await?;
        let Some(position) = found else { return Ok(None) };
        if let Some(blocked) = &self.blocked {
            return Err(blocked.again());
        }
        let receipt = self.vault.receipt(position).await?;
        self.note_receipt(opened, &receipt).await?;
        Ok(Some(Erased { decision, carried: Carried::Before(receipt) }))
    }

    async fn note_receipt(&self, opened: &Opened, receipt: &Receipt) -> Result<()> {
        let LogPosition { epoch, index } = receipt.position;
        let text = format!("Erased. The receipt is entry {index} of epoch {epoch} of the log.");
        self.note(opened, &text).await
    }

    /// Once.
    async fn note(&self, opened: &Opened, text: &str) -> Result<()> {
        if opened.notes.iter().any(|note| note == text) {
            return Ok(());
        }
        let event = Event::Remarked(Note::parse(text)?);
        step(self.vault, self.calendar, self.key, event, self.actor).await.map(drop)
    }
}

/// What was decided before is not overruled: it was granted, or nothing was refused that is not refused
/// now.
fn is_not_decided_otherwise(request: &Request, now: &Decision) -> Result<()> {
    let State::Decided { decision: before, .. } = request.state() else { return Ok(()) };
    let still = |one: &Refusal| {
        let same = |other: &Refusal| {
            (&other.class, &other.item, other.ground) == (&one.class, &one.item, one.ground)
        };
        now.grounds().iter().any(same)
    };
    let follows = match before {
        Decision::Granted(charge) => charge.is_none(),
        Decision::PartlyRefused(part) => part.grounds().iter().all(still),
        Decision::Refused(..) | Decision::NothingHeld | Decision::ErasedBefore(_) => false,
    };
    if follows { Ok(()) } else { DECIDED_OTHERWISE.err() }
}
