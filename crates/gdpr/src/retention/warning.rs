//! Warnings before data is erased for want of use: once per dormancy, and long enough before.

use sha2::{Digest as _, Sha256};
use tacenda_core::calendar::{self, EndRule, Period, Rule, StartRule, Zone};
use tacenda_core::outbox::{self, Failure, Message, Progress, Values};
use tacenda_core::policy::Policy;
use tacenda_core::ports::Cursor;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Numbered, Vault};
use tacenda_core::{Error, Kind, Name, Result, SubjectId, Timestamp};

use super::rules::schedule;

/// What a warning says where the whole account goes; its value is `date`.
pub const ACCOUNT_EXPIRING: Name = Name::fixed("account_expiring");
/// What a warning says where some data goes and the account stays; its value is `date`.
pub const DATA_EXPIRING: Name = Name::fixed("data_expiring");
const DATE: Name = Name::fixed("date");

/// How many rows are looked at at once.
const PAGE: usize = 512;

/// A class of which nobody loses data for want of use without a warning.
pub(crate) struct Warning {
    /// How long before.
    before: Rule,
    /// What keeps the class.
    rules: Vec<Rule>,
    says: Name,
}

impl Warning {
    /// The warning that the policy promises for a class in a state, if it does. Of several rules the
    /// earliest warning holds.
    pub(crate) fn of(policy: &Policy, class: &Name, row_state: &Name) -> Option<Self> {
        if *row_state != state::LIVE {
            return None;
        }
        let rule = |keep: Period| Rule { keep, start: StartRule::Event, end: EndRule::SameDay };
        let length = |period: &Period| {
            calendar::due(Timestamp::from_micros(0), &[rule(*period)], &calendar::Utc)
        };
        let before = policy.live_rules(class).filter_map(|rule| rule.warn_before);
        let before = rule(before.max_by_key(length)?);
        let account = class == policy.primary_class();
        let says = if account { ACCOUNT_EXPIRING } else { DATA_EXPIRING };
        Some(Self { before, rules: schedule(policy, class, row_state), says })
    }

    /// The latest anchor of which a warning is due.
    fn cutoff(&self, now: Timestamp, zone: &dyn Zone) -> Option<Timestamp> {
        calendar::cutoff(self.from(now, zone), &self.rules, zone)
    }

    /// The first instant at which whoever was warned at a time has had it long enough.
    fn from(&self, warned_at: Timestamp, zone: &dyn Zone) -> Timestamp {
        calendar::due(warned_at, &[self.before], zone)
    }

    /// When data ends whose clock started at `anchor`, warned of or not.
    fn due(&self, anchor: Timestamp, zone: &dyn Zone) -> Timestamp {
        calendar::due(anchor, &self.rules, zone)
    }
}

/// How often somebody is warned anew of one end because a letter could not be sent. Whom none reaches
/// loses nothing for want of use.
const LETTERS: u8 = 32;

/// The number of the message about a subject's data that ends then: one for each dormancy, since a
/// login moves the end, one for all classes that end together and of which it says the same, and one
/// for each letter after one that was never sent.
fn number(subject: SubjectId, due: Timestamp, letter: u8, says: &Name) -> [u8; 16] {
    let mut hasher = Sha256::new_with_prefix(b"tacenda/warning/1");
    hasher.update(subject.as_bytes());
    hasher.update(due.as_micros().to_be_bytes());
    hasher.update([letter]);
    hasher.update(says.as_str());
    let full: [u8; 32] = hasher.finalize().into();
    let mut number = [0; 16];
    for (to, from) in number.iter_mut().zip(full) {
        *to = from;
    }
    number
}

/// What somebody was told of an end.
enum Told {
    /// Nothing yet, or nothing that was ever sent: the number of the letter to come.
    Nothing([u8; 16]),
    /// A letter is on its way, or was taken back.
    Waits,
    /// The warning went then, or there is nobody any more whom it could reach.
    At(Timestamp),
}

/// What a subject was told of data that ends then. That the account goes says that its data goes.
async fn told(
    vault: &Vault,
    warning: &Warning,
    subject: SubjectId,
    due: Timestamp,
) -> Result<Told> {
    if warning.says != ACCOUNT_EXPIRING {
        let of_account = told_in(vault, subject, due, &ACCOUNT_EXPIRING).await?;
        if !matches!(of_account, Told::Nothing(_)) {
            return Ok(of_account);
        }
    }
    told_in(vault, subject, due, &warning.says).await
}

async fn told_in(vault: &Vault, subject: SubjectId, due: Timestamp, says: &Name) -> Result<Told> {
    for letter in 0..LETTERS {
        let number = number(subject, due, letter, says);
        match outbox::progress_of(vault, &number).await? {
            None => return Ok(Told::Nothing(number)),
            Some(Progress::Sent { at }) => return Ok(Told::At(at)),
            Some(Progress::Queued { .. }) => return Ok(Told::Waits),
            Some(Progress::GivenUp { failure, at }) => match failure {
                // The address takes no letters, or there is none.
                Failure::Refused | Failure::Gone => return Ok(Told::At(at)),
                Failure::Cancelled => return Ok(Told::Waits),
                // It was not the person whom it failed for: a letter is owed still.
                _ => {}
            },
        }
    }
    Ok(Told::Waits)
}

/// Whether data whose clock started at `anchor` may go now as far as its warning is concerned: it was
/// sent, or the address takes none, at least as long ago as the policy says. Who closed the account
/// knows, and is owed none.
pub(crate) async fn was_warned(
    vault: &Vault,
    warning: &Warning,
    subject: SubjectId,
    anchor: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let zone = vault.ports().zone.as_ref();
    match told(vault, warning, subject, warning.due(anchor, zone)).await? {
        Told::At(at) if warning.from(at, zone) <= now => Ok(true),
        _ => is_closed(vault, subject).await,
    }
}

async fn is_closed(vault: &Vault, subject: SubjectId) -> Result<bool> {
    Ok(vault.account_facts(subject).await?.closed_at.is_some())
}

/// How many of the rows of a class that are due wait for their warning; those of which rows were
/// altered among them.
pub(super) async fn waiting(
    vault: &Vault,
    class: &Name,
    warning: &Warning,
    cutoff: Timestamp,
    now: Timestamp,
) -> Result<u64> {
    let (mut count, mut after) = (0u64, None);
    loop {
        let page = vault.anchored(class, &state::LIVE, cutoff, after.as_ref(), PAGE).await?;
        for Cursor { at, key } in &page {
            let anchor = at.unwrap_or(Timestamp::MAX);
            match was_warned(vault, warning, key.subject, anchor, now).await {
                Ok(true) => {}
                Ok(false) => count = count.saturating_add(1),
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                // The sweep counts it as refused; or its erasure is under way.
                Err(_) => {}
            }
        }
        if page.len() < PAGE {
            return Ok(count);
        }
        after = page.into_iter().next_back();
    }
}

/// Puts a warning into the outbox for everybody whose data would be erased for want of use within the
/// time that the policy says (`warn_before`), and who has none for this dormancy yet; answers with how
/// many. A login makes the next dormancy another. Whose account is closed is owed none. A sweep does so
/// first; it may be done as often as one likes.
///
/// # Law
/// Art. 5(1)(a) GDPR: whoever was promised a warning gets one.
///
/// # Properties
/// Its cost grows with whose warning is due and who waits for the end after it, not with what is kept.
///
/// # Errors
/// The codes of the ports.
pub async fn warn(vault: &Vault, actor: &Actor) -> Result<u64> {
    each_to_warn(vault, Some(actor)).await
}

/// How many people [`warn`] would warn now.
pub(super) async fn to_warn(vault: &Vault) -> Result<u64> {
    each_to_warn(vault, None).await
}

async fn each_to_warn(vault: &Vault, actor: Option<&Actor>) -> Result<u64> {
    let policy = vault.policy();
    let Some(purpose) = &policy.sweep.warn_for else { return Ok(0) };
    // Of what ends together the account says the most, so that it comes first.
    let primary = policy.primary_class();
    let others = policy.classes.keys().filter(|class| *class != primary);
    let mut warned = 0u64;
    let mut counted = std::collections::BTreeSet::new();
    for class in std::iter::once(primary).chain(others) {
        let Some(warning) = Warning::of(policy, class, &state::LIVE) else { continue };
        let zone = vault.ports().zone.as_ref();
        let Some(cutoff) = warning.cutoff(vault.now(), zone) else { continue };
        let mut after = None;
        loop {
            let page = vault.anchored(class, &state::LIVE, cutoff, after.as_ref(), PAGE).await?;
            for Cursor { at, key } in &page {
                let due = warning.due(at.unwrap_or(Timestamp::MAX), zone);
                let owed = is_owed(vault, &warning, key.subject, due).await?;
                let Some(number) = owed else { continue };
                let Some(actor) = actor else {
                    warned = warned.saturating_add(u64::from(counted.insert(number)));
                    continue;
                };
                // Whoever is warned late has the time all the same.
                let day = zone.local_date(due.max(warning.from(vault.now(), zone)));
                let values = Values::default().with(DATE, &day.to_string());
                let message = Message::to_account(warning.says.clone(), purpose.clone());
                let message = Message { values, ..message };
                let once = outbox::enqueue_once(vault, &number, Some(key.subject), &message, actor);
                match once.await {
                    Ok(Numbered::Added(_)) => warned = warned.saturating_add(1),
                    // One person's account keeps nobody else's warning.
                    Err(error) if !is_of_one(&error) => return Err(error),
                    Ok(Numbered::There(_)) | Err(_) => {}
                }
            }
            if page.len() < PAGE {
                break;
            }
            after = page.into_iter().next_back();
        }
    }
    Ok(warned)
}

/// Whether it says something of one person alone.
fn is_of_one(error: &Error) -> bool {
    matches!(error.kind(), Kind::Integrity | Kind::NotFound | Kind::Conflict)
}

/// The number of the warning that somebody is owed and has not got. Nobody is whose data cannot be
/// looked at: a sweep erases none of it either.
async fn is_owed(
    vault: &Vault,
    warning: &Warning,
    subject: SubjectId,
    due: Timestamp,
) -> Result<Option<[u8; 16]>> {
    let owed = match told(vault, warning, subject, due).await {
        Ok(Told::Nothing(number)) => {
            is_closed(vault, subject).await.map(|closed| (!closed).then_some(number))
        }
        Ok(_) => Ok(None),
        Err(error) => Err(error),
    };
    match owed {
        Err(error) if error.kind() == Kind::Unavailable => Err(error),
        owed => Ok(owed.unwrap_or_default()),
    }
}
