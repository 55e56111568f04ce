//! The jobs of the SDK.

use async_trait::async_trait;
use tacenda_core::clock::Span;
use tacenda_core::vault::Actor;
use tacenda_core::{Name, Result};
use tacenda_gdpr::erasure::Swept;

use super::{Job, JobReport};
use crate::Tacenda;

/// What every customer store needs now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standard {
    /// `erasures`: finishes those that a stopped process left. Every ten minutes.
    Erasures,
    /// `move-items`: moves what a changed policy had to leave where it was: rows that are mended or no
    /// longer restricted since. It fails as long as rows are altered. Every ten minutes.
    MoveItems,
    /// `settle`: ends consents and objections without an account, and notes which grants have run out, so
    /// that their retention begins; takes off marks that no hold is about any more. It looks at each that
    /// stands, and at each hold that is kept. Daily.
    Settle,
    /// `sweep`: erases what the policy no longer keeps, unless a person has to confirm it. Daily.
    Sweep,
    /// `prune`: removes the texts of old log entries. Daily.
    Prune,
    /// `collect-keys`: takes keys that seal nothing out of the safe. Daily.
    CollectKeys,
    /// `wrap-passwords`: wraps imported SHA-256 digests in Argon2id. Hourly.
    WrapPasswords,
    /// `rotate-keys`: finishes a rotation of the master key. Every ten minutes.
    RotateKeys,
}

impl Standard {
    pub(super) const ALL: [Self; 8] = [
        Self::Erasures,
        Self::MoveItems,
        Self::Settle,
        Self::Sweep,
        Self::Prune,
        Self::CollectKeys,
        Self::WrapPasswords,
        Self::RotateKeys,
    ];
}

#[async_trait]
impl Job for Standard {
    fn name(&self) -> Name {
        Name::fixed(match self {
            Self::Erasures => "erasures",
            Self::MoveItems => "move-items",
            Self::Settle => "settle",
            Self::Sweep => "sweep",
            Self::Prune => "prune",
            Self::CollectKeys => "collect-keys",
            Self::WrapPasswords => "wrap-passwords",
            Self::RotateKeys => "rotate-keys",
        })
    }

    fn every(&self) -> Span {
        match self {
            Self::Erasures | Self::MoveItems | Self::RotateKeys => Span::seconds(600),
            Self::WrapPasswords => Span::hours(1),
            Self::Settle | Self::Sweep | Self::Prune | Self::CollectKeys => Span::days(1),
        }
    }

    async fn run(&self, t: &Tacenda, actor: &Actor) -> Result<JobReport> {
        let done = match self {
            Self::Erasures => t.erasure().resume().await?.len() as u64,
            Self::MoveItems => t.vault.move_items().await?,
            Self::Settle => settle(t).await?,
            Self::Sweep => return Ok(t.retention().sweep(None, actor, &mut |_| {}).await?.into()),
            Self::Prune => t.log().prune().await?.leaves,
            Self::CollectKeys => {
                let collected = t.collect_keys(actor).await?;
                collected.forgotten.saturating_add(collected.destroyed)
            }
            Self::WrapPasswords => t.customers().wrap_legacy(&mut |_| {}).await?,
            Self::RotateKeys => rotate(t).await?,
        };
        Ok(done.into())
    }
}

impl From<Swept> for JobReport {
    fn from(swept: Swept) -> Self {
        let Swept { subjects, busy, refused, waiting, overdue, .. } = swept;
        Self { done: subjects, busy, refused, waiting, overdue }
    }
}

/// Each kind is looked through, whatever is wrong with another.
async fn settle(t: &Tacenda) -> Result<u64> {
    let holds = match t.holds() {
        Ok(holds) => holds.settle().await,
        Err(error) => Err(error),
    };
    let (consents, objections) = (t.consents().settle().await, t.objections().settle().await);
    let each = [consents, objections, t.staff().settle().await, holds];
    each.into_iter().sum()
}

/// A rotation is finished by whoever holds both keys, and only if one has begun or is asked for.
async fn rotate(t: &Tacenda) -> Result<u64> {
    let ports = t.vault.ports();
    let Some(safe) = ports.keyring.status().await? else { return Ok(0) };
    let is_asked = ports.former_kek.as_ref().is_some_and(|former| former.id() == safe.kek)
        && safe.kek != ports.kek.id();
    let is_under_way = safe.rotating && safe.kek == ports.kek.id();
    if is_asked || is_under_way { t.rotate_master_key().await } else { Ok(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_sweep_left_is_told() {
        let swept =
            Swept { subjects: 5, busy: 2, refused: 1, waiting: 3, overdue: 4, ..Swept::default() };
        let told = JobReport { done: 5, busy: 2, refused: 1, waiting: 3, overdue: 4 };
        assert_eq!(JobReport::from(swept), told);
    }
}
