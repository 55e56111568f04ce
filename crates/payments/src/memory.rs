//! A provider in memory, which fails when it is told to: the reference for others, and for tests.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::events::Means;
use crate::provider::{
    AttachRequest, ClientSecret, Debit, DebitRequest, DeclineCode, Failure, IdempotencyKey, Method,
    PaymentProvider, Progress, Reference, Refund, RefundRequest, Setup, SetupRequest,
};

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not reach the provider: [`Failure::Temporary`].
    Before,
    /// It happens and its answer is lost: [`Failure::UnknownOutcome`].
    After,
    /// It is turned away: [`Failure::RateLimited`].
    TooMany,
    /// It is refused, as with a key of ours that does not count any more: [`Failure::Refused`].
    Refuses,
}

/// How the bank answers when a method is debited.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Bank {
    /// The money comes at once.
    #[default]
    Pays,
    /// The money comes in days.
    PaysLater,
    /// It says no.
    Declines(DeclineCode),
    /// It wants to ask the customer.
    Asks,
}

/// The provider.
#[derive(Default)]
pub struct MemoryProvider(Mutex<State>);

#[derive(Default)]
struct State {
    /// What the references that it makes have in common.
    mark: String,
    made: u64,
    customers: BTreeMap<Reference, Reference>,
    /// Which customer was made for an account, as long as keys are known.
    accounts: BTreeMap<Reference, Reference>,
    methods: BTreeMap<Reference, Kept>,
    debits: Vec<(Reference, Debit)>,
    refunds: BTreeMap<Reference, u64>,
    answers: BTreeMap<IdempotencyKey, (String, Answer)>,
    faults: VecDeque<Option<Fault>>,
}

struct Kept {
    means: Means,
    bank: Bank,
    customer: Option<Reference>,
}

/// What was answered to a key.
#[derive(Clone)]
enum Answer {
    Setup(Setup),
    Method(Method),
    Debit(Result<Debit, Failure>),
    Refund(Result<Refund, Failure>),
}

impl MemoryProvider {
    /// An empty provider.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty provider, of which the references are unlike those of any other with another mark.
    #[must_use]
    pub fn marked(mark: &str) -> Self {
        Self(Mutex::new(State { mark: mark.to_owned(), ..State::default() }))
    }

    /// The next calls go wrong in this way, one after the other; `None` is a call that goes well.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.state().faults.extend(faults);
    }

    /// What the browser does: makes a method that no customer has yet.
    ///
    /// # Errors
    /// Never as long as fewer than 2^64 things were made.
    pub fn browser_makes(&self, means: Means, bank: Bank) -> Result<Reference, Failure> {
        let mut state = self.state();
        let method = state.make("pm")?;
        state.methods.insert(method.clone(), Kept { means, bank, customer: None });
        Ok(method)
    }

    /// How many debits of a reference took money, or will.
    #[must_use]
    pub fn debits_of(&self, reference: &Reference) -> usize {
        let took = |debit: &Debit| {
            matches!(debit.progress, Progress::Succeeded | Progress::Processing)
                && debit.reference.as_ref() == Some(reference)
        };
        self.state().debits.iter().filter(|(_, debit)| took(debit)).count()
    }

    /// Forgets all keys of idempotency, as a provider does after a day.
    pub fn forget_keys(&self) {
        let mut state = self.state();
        state.answers.clear();
        state.accounts.clear();
    }

    /// What a debit that was under way came to.
    pub fn settle(&self, debit: &Reference, progress: &Progress) {
        for (_, known) in &mut self.state().debits {
            if known.debit == *debit && known.progress == Progress::Processing {
                known.progress = progress.clone();
            }
        }
    }

    /// How many customers and attached methods there are.
    #[must_use]
    pub fn holds(&self) -> (usize, usize) {
        let state = self.state();
        let attached = state.methods.values().filter(|kept| kept.customer.is_some()).count();
        (state.customers.len(), attached)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call, with what was planned to go wrong.
    fn call<T>(&self, work: impl FnOnce(&mut State) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut state = self.state();
        match state.faults.pop_front().flatten() {
            Some(Fault::Before) => Err(Failure::Temporary),
            Some(Fault::TooMany) => Err(Failure::RateLimited),
            Some(Fault::Refuses) => Err(Failure::Refused),
            Some(Fault::After) => {
                let _lost = work(&mut state);
                Err(Failure::UnknownOutcome)
            }
            None => work(&mut state),
        }
    }
}

impl State {
    fn make(&mut self, prefix: &str) -> Result<Reference, Failure> {
        self.made = self.made.checked_add(1).ok_or(Failure::Temporary)?;
        let reference = format!("{prefix}_{}{:x}", self.mark, self.made);
        Reference::parse(&reference).map_err(|_| Failure::Temporary)
    }

    fn customer(&mut self, account: &Reference) -> Result<Reference, Failure> {
        let customer = self.make("cus")?;
        self.accounts.insert(account.clone(), customer.clone());
        self.customers.insert(customer.clone(), account.clone());
        Ok(customer)
    }

    /// What was answered to this key; a key that was used for another call is refused.
    fn answered(&self, key: &IdempotencyKey, call: &str) -> Result<Option<Answer>, Failure> {
        match self.answers.get(key) {
            None => Ok(None),
            Some((before, answer)) if before == call => Ok(Some(answer.clone())),
            Some(_) => Err(Failure::KeyReused),
        }
    }

    fn debit(&mut self, request: &DebitRequest) -> Result<Debit, Failure> {
        let method = self.methods.get(&request.method).ok_or(Failure::NotFound)?;
        if method.customer.as_ref() != Some(&request.customer) {
            return Err(Failure::Refused);
        }
        let progress = match &method.bank {
            Bank::Pays => Progress::Succeeded,
            Bank::PaysLater => Progress::Processing,
            Bank::Asks => Progress::NeedsAuthentication,
            Bank::Declines(code) => Progress::Declined { code: Some(code.clone()) },
        };
        let debit = Debit {
            debit: self.make("pi")?,
            reference: Some(request.reference.clone()),
            money: request.money,
            progress,
        };
        self.debits.push((request.customer.clone(), debit.clone()));
        let id = Some(debit.debit.clone());
        match &debit.progress {
            Progress::Declined { code } => Err(Failure::Declined { debit: id, code: code.clone() }),
            Progress::NeedsAuthentication if request.off_session => {
                Err(Failure::NeedsAuthentication { debit: id })
            }
            _ => Ok(debit),
        }
    }

    fn refund(&mut self, request: &RefundRequest) -> Result<Refund, Failure> {
        let known = self.debits.iter().find(|(_, debit)| debit.debit == request.debit);
        let (_, debit) = known.ok_or(Failure::NotFound)?;
        let before = self.refunds.get(&request.debit).copied().unwrap_or(0);
        let after = before.saturating_add(request.money.minor());
        let fits = debit.progress == Progress::Succeeded
            && request.money.currency() == debit.money.currency()
            && after <= debit.money.minor();
        if !fits {
            return Err(Failure::Refused);
        }
        self.refunds.insert(request.debit.clone(), after);
        Ok(Refund { refund: self.make("re")?, money: request.money, is_done: true })
    }
}

#[async_trait]
impl PaymentProvider for MemoryProvider {
    async fn start_setup(&self, request: &SetupRequest) -> Result<Setup, Failure> {
        self.call(|state| {
            let known = request.customer.as_ref().or_else(|| state.accounts.get(&request.account));
            let customer = match known.cloned() {
                Some(customer) => customer,
                None => state.customer(&request.account)?,
            };
            let call = format!(
                "setup {} {} {:?}",
                request.account.expose(),
                customer.expose(),
                request.setting
            );
            if let Some(Answer::Setup(setup)) = state.answered(&request.key, &call)? {
                return Ok(setup);
            }
            if !state.customers.contains_key(&customer) {
                return Err(Failure::NotFound);
            }
            let setup = state.make("seti")?;
            let secret = ClientSecret::parse(&format!("{}_secret", setup.expose()))
                .map_err(|_| Failure::Temporary)?;
            let setup = Setup { setup, customer, secret };
            state.answers.insert(request.key.clone(), (call, Answer::Setup(setup.clone())));
            Ok(setup)
        })
    }

    async fn cancel_setup(&self, _: &Reference) -> Result<(), Failure> {
        self.call(|_| Ok(()))
    }

    async fn attach(&self, request: &AttachRequest) -> Result<Method, Failure> {
        self.call(|state| {
            let (method, customer) = (&request.method, &request.customer);
            let call = format!("attach {} {}", method.expose(), customer.expose());
            if let Some(Answer::Method(method)) = state.answered(&request.key, &call)? {
                return Ok(method);
            }
            if !state.customers.contains_key(customer) {
                return Err(Failure::NotFound);
            }
            let kept = state.methods.get_mut(method).ok_or(Failure::NotFound)?;
            kept.customer = Some(customer.clone());
            let method = Method { method: method.clone(), means: kept.means.clone() };
            state.answers.insert(request.key.clone(), (call, Answer::Method(method.clone())));
            Ok(method)
        })
    }

    async fn debit(&self, request: &DebitRequest) -> Result<Debit, Failure> {
        self.call(|state| {
            let call = format!(
                "debit {} {} {} {:?} {}",
                request.reference.expose(),
                request.customer.expose(),
                request.method.expose(),
                request.money,
                request.off_session
            );
            if let Some(Answer::Debit(answer)) = state.answered(&request.key, &call)? {
                return answer;
            }
            let answer = state.debit(request);
            state.answers.insert(request.key.clone(), (call, Answer::Debit(answer.clone())));
            answer
        })
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refund, Failure> {
        self.call(|state| {
            let call = format!("refund {} {:?}", request.debit.expose(), request.money);
            if let Some(Answer::Refund(answer)) = state.answered(&request.key, &call)? {
                return answer;
            }
            let answer = state.refund(request);
            state.answers.insert(request.key.clone(), (call, Answer::Refund(answer.clone())));
            answer
        })
    }

    async fn detach(&self, method: &Reference) -> Result<(), Failure> {
        self.call(|state| {
            state.methods.remove(method);
            Ok(())
        })
    }

    async fn delete_customer(&self, customer: &Reference) -> Result<(), Failure> {
        self.call(|state| {
            state.customers.remove(customer);
            state.methods.retain(|_, kept| kept.customer.as_ref() != Some(customer));
            Ok(())
        })
    }

    async fn list(
        &self,
        customer: &Reference,
        reference: &Reference,
    ) -> Result<Vec<Debit>, Failure> {
        self.call(|state| {
            let of = |(whose, debit): &&(Reference, Debit)| {
                whose == customer && debit.reference.as_ref() == Some(reference)
            };
            Ok(state.debits.iter().rev().filter(of).map(|(_, debit)| debit.clone()).collect())
        })
    }
}

impl fmt::Debug for MemoryProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryProvider")
    }
}

#[cfg(test)]
mod tests;
