//! Who pays: the stored form of a payer, `tacenda/payer/1`, and how its record stands.
//!
//! See `docs/decisions/0002-bytes.md`. A row seals the bytes.

use std::fmt;

use tacenda_core::clock::{Span, Timestamp};
use tacenda_core::codec::{Decoder, Encoder, MALFORMED};
use tacenda_core::error::Result;
use tacenda_core::rng::{Rng, generate};
use tacenda_core::vault::{FoundBy, MODEL, OpenedRecord, Standing};
use tacenda_core::{Name, SubjectId};

use super::codec as c;
use super::{letters, number};
use crate::events::{Kept, Means};
use crate::provider::{IdempotencyKey, Reference, Setting};

const DOMAIN: &str = "tacenda/payer/1";
/// How often is looked whether the account of a payer is still there.
const LOOKED_AT: Span = Span::days(30);

/// The state of a payer.
pub(super) const ACTIVE: Name = Name::fixed("active");
/// The state of one that is to be deleted at the provider.
pub(super) const LEAVING: Name = Name::fixed("leaving");
/// The state of one of whom a person has to see to it.
pub(super) const MANUAL: Name = Name::fixed("manual");

/// A means of payment as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayerMethod {
    /// The provider's reference.
    pub method: Reference,
    /// What it is.
    pub setting: Setting,
    /// The last four and what the policy declares, once it is attached.
    pub means: Option<Means>,
    /// Whether the provider said that it can be debited no more.
    pub inactive: bool,
}

/// A customer at the payment provider, by its references alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Payer {
    /// What the provider is told of the account: letters that mean nothing.
    pub(super) account: Reference,
    /// Set-ups that may have been started, under these keys.
    pub(super) pending: Vec<Pending>,
    /// The customer at the provider.
    pub(super) customer: Option<Reference>,
    /// Customers from before, deleted there: disputes about their debits may still come.
    pub(super) former: Vec<Reference>,
    /// Set-ups that were started.
    pub(super) setups: Vec<Reference>,
    /// Means of payment that may be attached.
    pub(super) methods: Vec<PayerMethod>,
    /// Where it stands.
    pub(super) stage: Stage,
}

/// A set-up that may have been started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    pub key: IdempotencyKey,
    pub setting: Setting,
    pub since: Timestamp,
}

/// Where a payer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Pays.
    Active,
    /// Is to be deleted at the provider; tried so often, and again then.
    Leaving { tries: u32, at: Timestamp },
    /// A person has to see to it.
    Manual { tries: u32 },
    /// Is not there any more.
    Gone { at: Timestamp },
}

impl Payer {
    pub(super) fn new(rng: &dyn Rng) -> Result<Self> {
        Ok(Self {
            account: Reference::parse(&letters(&generate::<16>(rng))?)?,
            pending: Vec::new(),
            customer: None,
            former: Vec::new(),
            setups: Vec::new(),
            methods: Vec::new(),
            stage: Stage::Active,
        })
    }

    /// The customer at the provider, while there is one.
    #[must_use]
    pub const fn customer(&self) -> Option<&Reference> {
        self.customer.as_ref()
    }

    /// The means of payment.
    #[must_use]
    pub fn methods(&self) -> &[PayerMethod] {
        &self.methods
    }

    /// Whether it is being deleted at the provider, or a person has to see to that.
    #[must_use]
    pub const fn is_leaving(&self) -> bool {
        matches!(self.stage, Stage::Leaving { .. } | Stage::Manual { .. })
    }

    /// Whether it was deleted at the provider.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Gone { .. })
    }

    /// Without what the policy does not declare.
    pub(super) fn only(mut self, kept: Kept) -> Self {
        for method in &mut self.methods {
            if let Some(Means::Card(card)) = method.means.take_if(|m| matches!(m, Means::Card(_))) {
                method.means = Some(Means::Card(kept.card(card)));
            }
        }
        self
    }

    /// It is there no more: what an event may name later is left, and nothing else.
    pub(super) fn gone(mut self, at: Timestamp) -> Self {
        self.former.extend(self.customer.take());
        self.pending.clear();
        self.setups.clear();
        self.methods.clear();
        self.stage = Stage::Gone { at };
        self
    }

    pub(super) fn of(opened: &OpenedRecord) -> Result<Self> {
        Self::decode(opened.items.get(&MODEL).unwrap_or_default())
    }

    pub(super) fn standing(&self, now: Timestamp) -> Standing {
        let open = |state, due_at| Standing::Open { state, due_at };
        match self.stage {
            Stage::Active => open(ACTIVE, Some(now.plus(LOOKED_AT))),
            Stage::Leaving { at, .. } => open(LEAVING, Some(at)),
            // Due at once, so that a list shows it.
            Stage::Manual { .. } => open(MANUAL, Some(now)),
            Stage::Gone { at } => Standing::Closed { at: at.min(now) },
        }
    }

    /// By whose it is, and by whatever an event names.
    pub(super) fn found_by(&self, subject: SubjectId) -> FoundBy {
        let customers = self.customer.iter().chain(&self.former).map(of_customer);
        let methods = self.methods.iter().map(|method| of_method(&method.method));
        let first = FoundBy::default().number(of_subject(subject));
        customers.chain(methods).fold(first, FoundBy::number)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let Self { account, pending, customer, former, setups, methods, stage } = self;
        let mut e = Encoder::new(DOMAIN);
        c::reference(&mut e, account);
        e.list(pending.len());
        for Pending { key, setting, since } in pending {
            c::key(&mut e, key);
            c::setting(&mut e, *setting);
            c::time(&mut e, *since);
        }
        c::option(&mut e, customer.as_ref(), c::reference);
        c::references(&mut e, former);
        c::references(&mut e, setups);
        e.list(methods.len());
        for PayerMethod { method, setting, means, inactive } in methods {
            c::reference(&mut e, method);
            c::setting(&mut e, *setting);
            c::option(&mut e, means.as_ref(), c::means);
            c::flag(&mut e, *inactive);
        }
        match *stage {
            Stage::Active => {
                e.text("active");
            }
            Stage::Leaving { tries, at } => c::time(e.text("leaving").u32(tries), at),
            Stage::Manual { tries } => {
                e.text("manual").u32(tries);
            }
            Stage::Gone { at } => c::time(e.text("gone"), at),
        }
        e.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let account = c::read_reference(&mut d)?;
        let mut pending = Vec::new();
        for _ in 0..d.list(32)? {
            let (key, setting) = (c::read_key(&mut d)?, c::read_setting(&mut d)?);
            pending.push(Pending { key, setting, since: c::read_time(&mut d)? });
        }
        let customer = c::read_option(&mut d, c::read_reference)?;
        let (former, setups) = (c::read_references(&mut d)?, c::read_references(&mut d)?);
        let mut methods = Vec::new();
        for _ in 0..d.list(10)? {
            methods.push(PayerMethod {
                method: c::read_reference(&mut d)?,
                setting: c::read_setting(&mut d)?,
                means: c::read_option(&mut d, c::read_means)?,
                inactive: d.flag()?,
            });
        }
        let stage = match d.text()? {
            "active" => Stage::Active,
            "leaving" => Stage::Leaving { tries: d.u32()?, at: c::read_time(&mut d)? },
            "manual" => Stage::Manual { tries: d.u32()? },
            "gone" => Stage::Gone { at: c::read_time(&mut d)? },
            _ => return MALFORMED.err(),
        };
        d.end()?;
        Ok(Self { account, pending, customer, former, setups, methods, stage })
    }
}

impl fmt::Debug for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payer").field("stage", &self.stage).finish_non_exhaustive()
    }
}

/// The number of the payer of a subject.
pub(super) fn of_subject(subject: SubjectId) -> [u8; 16] {
    number("payer", subject.as_bytes())
}

/// The number of the payer that is this customer at the provider.
pub(super) fn of_customer(customer: &Reference) -> [u8; 16] {
    number("customer at the provider", customer.expose().as_bytes())
}

/// The number of the payer that has this means of payment.
pub(super) fn of_method(method: &Reference) -> [u8; 16] {
    number("method at the provider", method.expose().as_bytes())
}
