//! The account behind a subject: when it began, whether it is open, which facts hold of it.

use std::collections::BTreeSet;

use super::codes::NOT_FOUND;
use super::{Vault, stance};
use crate::clock::Timestamp;
use crate::codec::{Decoder, Encoder};
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::{AnchorEvent, Class, Stance};
use crate::row::{Row, RowKey, state};
use crate::seal::{Body, DataKey, Place};

const DOMAIN: &str = "tacenda/account/1";
/// With a stance behind the rest. An account without one is written in the first form, so that each
/// state has one encoding.
const WITH_STANCE: &str = "tacenda/account/3";

/// The sealed item that holds the account's state. No item of a policy can have this name.
pub(super) const STATE_ITEM: Name = Name::fixed("tacenda.account");

/// What is known of an account besides its items. Sealed in the row of the primary class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccountState {
    pub(super) registered_at: Timestamp,
    pub(super) last_login_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) facts: BTreeSet<Name>,
    pub(super) stance: Stance,
}

impl AccountState {
    pub(super) fn encode(&self) -> Vec<u8> {
        let empty = self.stance.is_empty();
        let mut e = Encoder::new(if empty { DOMAIN } else { WITH_STANCE });
        e.i64(self.registered_at.as_micros());
        e.time_opt(self.last_login_at).time_opt(self.closed_at).names(&self.facts);
        if !empty {
            stance::encode(&mut e, &self.stance);
        }
        e.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let first = Decoder::new(bytes, DOMAIN);
        let has_stance = first.is_err();
        let mut d = first.or_else(|_| Decoder::new(bytes, WITH_STANCE))?;
        let registered_at = Timestamp::from_micros(d.i64()?);
        let (last_login_at, closed_at) = (d.time_opt()?, d.time_opt()?);
        let facts = d.names()?;
        let stance = if has_stance { stance::decode(&mut d)? } else { Stance::default() };
        d.end()?;
        Ok(Self { registered_at, last_login_at, closed_at, facts, stance })
    }

    /// When the clock of a class started, for a row made at `created`; `None` while it has not. For
    /// a row that is there already `created` is the clock that it has: nothing else tells when it was
    /// made, and it was made by then.
    pub(super) fn anchor(&self, class: &Class, created: Timestamp) -> Option<Timestamp> {
        let event =
            if self.closed_at.is_some() { class.anchors.closed } else { class.anchors.open };
        match event? {
            AnchorEvent::Registered => Some(self.registered_at),
            AnchorEvent::LastLogin => Some(self.last_login_at.unwrap_or(self.registered_at)),
            AnchorEvent::Closed => self.closed_at,
            AnchorEvent::Created => Some(created),
        }
    }

    /// [`AccountState::anchor`] of a row with this clock, under a policy that starts it otherwise. What
    /// was written after the closing goes on counting from then, where a law archives the class.
    pub(super) fn anchor_anew(
        &self,
        class: &Class,
        clock: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let is_archived = class.rules.iter().any(|rule| rule.archive);
        let later = clock.filter(|at| is_archived && self.closed_at.is_some_and(|end| *at > end));
        self.anchor(class, clock.unwrap_or(now)).max(later)
    }
}

/// What laws depend on in an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFacts {
    /// The facts that hold of it.
    pub facts: BTreeSet<Name>,
    /// When it was closed, if it was.
    pub closed_at: Option<Timestamp>,
}

/// The row of a subject's primary class, opened as far as the account's state.
pub(super) struct Account {
    pub(super) row: Row,
    pub(super) body: Body,
    pub(super) key: DataKey,
    pub(super) state: AccountState,
}

impl Vault {
    /// The kind of a class's profile rows.
    pub(super) fn kind(&self, class: &Name) -> Name {
        // INVARIANT: `open` has made a kind for every class of the policy.
        self.kinds.get(class).cloned().unwrap_or(Name::fixed("profile"))
    }

    pub(super) fn profile_key(&self, subject: SubjectId, class: &Name) -> RowKey {
        RowKey::only(subject, self.kind(class))
    }

    /// What laws depend on in a subject's account, in use or restricted; nothing if it has none. Nothing
    /// is shown of the subject's data.
    ///
    /// # Errors
    /// The integrity codes of `vault` and `seal`; the codes of the ports.
    pub async fn account_facts(&self, subject: SubjectId) -> Result<AccountFacts> {
        match self.account_in(subject, &[state::LIVE, state::RESTRICTED]).await {
            Ok(Account { state, .. }) => {
                Ok(AccountFacts { facts: state.facts, closed_at: state.closed_at })
            }
            Err(error) if error.is(&NOT_FOUND) => Ok(AccountFacts::default()),
            Err(error) => Err(error),
        }
    }

    /// The subject's account, if it is live.
    ///
    /// # Errors
    /// [`NOT_FOUND`], and the integrity codes of `rows` and `seal`.
    pub(super) async fn account(&self, subject: SubjectId) -> Result<Account> {
        self.account_in(subject, &[state::LIVE]).await
    }

    /// The subject's account, if it is in one of these states.
    pub(super) async fn account_in(&self, subject: SubjectId, states: &[Name]) -> Result<Account> {
        let class = self.policy.primary_class();
        let key = self.profile_key(subject, class);
        let row = self.checked(subject, std::slice::from_ref(&key)).await?.pop().flatten();
        let row = row.filter(|row| states.contains(&row.state));
        let row = row.ok_or_else(|| NOT_FOUND.error().with("subject", subject))?;
        let key = self.row_key(&row).await?;
        self.open_account(row, key)
    }

    pub(super) fn open_account(&self, row: Row, key: DataKey) -> Result<Account> {
        let class = self.policy.primary_class();
        let body = Body::decode(&row.body)?;
        let place = Place { row: &row.key, class };
        let sealed = body.open(place, &STATE_ITEM, &key.cipher())?;
        let state = AccountState::decode(&sealed.unwrap_or_default())?;
        Ok(Account { row, body, key, state })
    }
}

/// The only element of a list that has one.
pub(super) fn one<T>(mut list: Vec<T>) -> Result<T> {
    list.pop().ok_or_else(|| crate::codec::MALFORMED.error())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Consented, Told};

    #[test]
    fn reads_back_what_was_written() {
        let state = AccountState {
            registered_at: Timestamp::from_micros(5),
            last_login_at: None,
            closed_at: Some(Timestamp::from_micros(9)),
            facts: BTreeSet::from([Name::fixed("paid offer")]),
            stance: Stance::default(),
        };
        assert_eq!(AccountState::decode(&state.encode()).unwrap(), state);
        assert!(AccountState::decode(&state.encode()[1..]).is_err());
    }

    fn stance_of(case: &crate::vectors::Case) -> Stance {
        let name = |text: &str| Name::parse(text).unwrap();
        let record = |hex: &str| {
            let bytes = crate::vectors::unhex(hex);
            crate::id::RowId::from_bytes(bytes.try_into().unwrap())
        };
        let mut stance = Stance::default();
        for (line, fields) in case.lines() {
            match (line, &fields[..]) {
                ("consent", [purpose, text, version, proof]) => {
                    let version = version.parse().unwrap();
                    let given = Consented { text: name(text), version, record: record(proof) };
                    stance.consents.insert(name(purpose), given);
                }
                ("withdrawn", [purpose, at]) => {
                    let at = Timestamp::from_micros(at.parse().unwrap());
                    stance.withdrawn.insert(name(purpose), at);
                }
                ("marketing", [proof]) => stance.marketing = Some(record(proof)),
                ("objection", [purpose, proof]) => {
                    stance.objections.insert(name(purpose), record(proof));
                }
                ("told", [version, at, how]) => {
                    let (version, at) = (version.parse().unwrap(), at.parse().unwrap());
                    let at = Timestamp::from_micros(at);
                    stance.told = Some(Told { version, at, how: name(how) });
                }
                _ => {}
            }
        }
        stance
    }

    #[test]
    fn the_encoding_is_frozen() {
        let time = |text: &str| Timestamp::from_micros(text.parse().unwrap());
        for case in crate::vectors::cases("account") {
            let bytes = case.hex("bytes");
            let Some(code) = case.error() else {
                let state = AccountState {
                    registered_at: time(case.one("registered_at")),
                    last_login_at: case.maybe("last_login_at").map(time),
                    closed_at: case.maybe("closed_at").map(time),
                    facts: case.all("fact").iter().map(|f| Name::parse(f).unwrap()).collect(),
                    stance: stance_of(&case),
                };
                assert_eq!(state.encode(), bytes, "{}", case.name);
                assert_eq!(AccountState::decode(&bytes).unwrap(), state, "{}", case.name);
                continue;
            };
            let error = AccountState::decode(&bytes).unwrap_err();
            assert_eq!(error.code(), code, "{}", case.name);
        }
    }
}
