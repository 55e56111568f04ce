use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use pollster::block_on;
use proptest::prelude::*;

use super::*;
use crate::card::LastFour;
use crate::events::{Card, Dispute, DisputeState, Means, PaymentFailed, What};
use crate::memory::{Bank, Fault, MemoryProvider};
use crate::provider::{
    AttachRequest, Currency, DeclineCode, Failure, PaymentProvider, SetupRequest,
};

const DAY: Span = Span::hours(24);

/// Different bytes each time.
#[derive(Default)]
struct Counting(AtomicU64);

impl tacenda_core::rng::Rng for Counting {
    fn fill(&self, out: &mut [u8]) {
        let n = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (to, from) in out.iter_mut().zip(n.iter().cycle()) {
            *to = *from;
        }
    }
}

/// When a write goes wrong: before it is durable, or after.
#[derive(Debug, Clone, Copy)]
enum Crash {
    Before,
    After,
}

#[derive(Default)]
struct MemoryBook {
    entries: Mutex<BTreeMap<Reference, Entry>>,
    crashes: Mutex<VecDeque<Option<Crash>>>,
}

#[async_trait]
impl Book for MemoryBook {
    async fn put(&self, entry: &Entry) -> Result<()> {
        let crash = self.crashes.lock().unwrap().pop_front().flatten();
        if matches!(crash, Some(Crash::Before)) {
            return LEDGER_UNAVAILABLE.err();
        }
        let mut entries = self.entries.lock().unwrap();
        let stored = entries.get(&entry.order.reference).map_or(0, |entry| entry.version);
        if stored + 1 != entry.version {
            return LEDGER_CONFLICT.err();
        }
        entries.insert(entry.order.reference.clone(), entry.clone());
        if crash.is_some() { LEDGER_UNAVAILABLE.err() } else { Ok(()) }
    }

    async fn find(&self, reference: &Reference) -> Result<Option<Entry>> {
        Ok(self.entries.lock().unwrap().get(reference).cloned())
    }
}

fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn euros(minor: u64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

/// An order to debit a customer whose bank answers so.
fn order(provider: &MemoryProvider, bank: Bank) -> Order {
    let key = |text: &str| IdempotencyKey::parse(&format!("key-of-the-{text}-of-a-test")).unwrap();
    let last_four = LastFour::parse("4242").unwrap();
    let card = Card { last_four, brand: None, expiry: None, country: None, fingerprint: None };
    let account = reference("account-1");
    let setting = Setting::Card;
    let setup = SetupRequest { account, customer: None, setting, key: key("setup") };
    let customer = block_on(provider.start_setup(&setup)).unwrap().customer;
    let method = provider.browser_makes(Means::Card(card), bank).unwrap();
    let attach = AttachRequest {
        method: method.clone(),
        customer: customer.clone(),
        key: key("attachment"),
    };
    block_on(provider.attach(&attach)).unwrap();
    Order {
        reference: reference("invoice-1"),
        purpose: Name::fixed("billing"),
        customer,
        method,
        setting,
        money: euros(1999),
        off_session: true,
    }
}

/// An entry whose debit succeeded.
fn succeeded() -> Entry {
    let (provider, book) = (MemoryProvider::new(), MemoryBook::default());
    let order = order(&provider, Bank::Pays);
    let (rng, now) = (Counting::default(), Timestamp::from_micros(0));
    block_on(charge(&book, &provider, order, &rng, now)).unwrap().0
}

#[test]
fn the_key_is_written_before_the_call() {
    let (provider, book) = (MemoryProvider::new(), MemoryBook::default());
    let order = order(&provider, Bank::Pays);
    book.crashes.lock().unwrap().push_back(Some(Crash::Before));
    let (rng, now) = (Counting::default(), Timestamp::from_micros(0));
    let again = || block_on(charge(&book, &provider, order.clone(), &rng, now));
    assert!(again().unwrap_err().is(&LEDGER_UNAVAILABLE));
    // No key, no call.
    assert_eq!(provider.debits_of(&order.reference), 0);
    let (entry, _) = again().unwrap();
    assert!(matches!(entry.state, State::Succeeded { .. }));
    let other = Order { money: euros(1), ..order.clone() };
    let error = block_on(charge(&book, &provider, other, &rng, now)).unwrap_err();
    assert!(error.is(&LEDGER_MISMATCH));
}

#[test]
fn a_declined_debit_is_tried_again_under_another_key_and_no_other_is() {
    let (provider, book) = (MemoryProvider::new(), MemoryBook::default());
    let code = DeclineCode::parse("insufficient_funds").unwrap();
    let order = order(&provider, Bank::Declines(code.clone()));
    let (rng, now) = (Counting::default(), Timestamp::from_micros(0));
    let (entry, failure) = block_on(charge(&book, &provider, order.clone(), &rng, now)).unwrap();
    assert_eq!(failure, None);
    assert!(matches!(&entry.state, State::Declined { code: Some(why), .. } if *why == code));
    let again = entry.clone().again(&rng, now).unwrap();
    assert_eq!((again.next(now), again.version), (Next::Call, 3));
    assert_eq!(entry.give_up().unwrap().state, State::GivenUp);
    let written = Entry::write(order, &rng, now);
    for entry in [succeeded(), written] {
        assert!(entry.clone().again(&rng, now).unwrap_err().is(&LEDGER_ORDER));
        assert!(entry.give_up().unwrap_err().is(&LEDGER_ORDER));
    }
}

#[test]
fn a_key_that_may_be_forgotten_is_looked_for_first() {
    let (provider, book) = (MemoryProvider::new(), MemoryBook::default());
    let order = order(&provider, Bank::PaysLater);
    let (rng, start) = (Counting::default(), Timestamp::from_micros(0));
    provider.fail_next([Some(Fault::After)]);
    let (entry, failure) = block_on(charge(&book, &provider, order.clone(), &rng, start)).unwrap();
    assert_eq!(failure, Some(Failure::UnknownOutcome));
    assert_eq!(entry.next(start.plus(Span::hours(22))), Next::Call);
    assert_eq!(entry.next(start.plus(KEY_LIFE)), Next::Look);
    assert_eq!(entry.next(start.minus(Span::hours(1))), Next::Look);
    provider.forget_keys();
    // While the list fails, nothing is called.
    provider.fail_next([Some(Fault::Before)]);
    let later = start.plus(DAY);
    let (entry, failure) = block_on(charge(&book, &provider, order.clone(), &rng, later)).unwrap();
    assert_eq!((failure, entry.version), (Some(Failure::Temporary), 1));
    let (entry, _) = block_on(charge(&book, &provider, order.clone(), &rng, later)).unwrap();
    assert!(matches!(entry.state, State::Processing { .. }));
    assert_eq!(provider.debits_of(&order.reference), 1);
}

#[test]
fn events_settle_a_debit_in_any_order_and_however_often() {
    let entry = succeeded();
    let ours = entry.debit().unwrap().clone();
    let event = |state| {
        What::Dispute(Dispute {
            dispute: reference("dp_1"),
            charge: reference("ch_1"),
            debit: Some(ours.clone()),
            money: euros(1999),
            state,
        })
    };
    let paid = |minor| What::PaymentSucceeded { debit: ours.clone(), money: euros(minor) };
    let back = |minor| What::Refunded { debit: ours.clone(), money: euros(minor) };
    let hear = |entry: &Entry, what: &What| entry.clone().heard(what).unwrap();

    assert_eq!(hear(&entry, &paid(1999)), entry);
    assert!(entry.clone().heard(&paid(1998)).unwrap_err().is(&LEDGER_MISMATCH));
    let part = hear(&entry, &back(500));
    assert_eq!((hear(&part, &back(500)), hear(&part, &back(400))), (part.clone(), part.clone()));
    assert!(part.clone().heard(&back(2000)).unwrap_err().is(&LEDGER_MISMATCH));

    let disputed = hear(&part, &event(DisputeState::UnderReview));
    assert!(matches!(disputed.state, State::Disputed { .. }));
    assert_eq!(hear(&disputed, &event(DisputeState::Won)).state, part.state);
    let lost = hear(&disputed, &event(DisputeState::Lost));
    assert_eq!(lost.state, State::ChargedBack { debit: ours.clone() });
    // What comes late brings nothing back.
    assert_eq!(hear(&lost, &event(DisputeState::UnderReview)), lost);
    assert_eq!(hear(&lost, &paid(1999)), lost);

    // A direct debit that bounced after it had arrived.
    let bounced = What::PaymentFailed(PaymentFailed {
        debit: ours.clone(),
        customer: None,
        money: None,
        means: Means::Other,
        decline: None,
    });
    assert_eq!(hear(&entry, &bounced).state, State::ChargedBack { debit: ours.clone() });
    // Somebody else's.
    let theirs = What::PaymentSucceeded { debit: reference("pi_other"), money: euros(1) };
    assert_eq!(hear(&entry, &theirs), entry);
}

#[derive(Debug, Clone)]
enum Step {
    /// The order is charged; so go the calls to the provider and the writes of the book.
    Charge(Vec<Option<Fault>>, Vec<Option<Crash>>),
    /// Hours pass; after a day the provider has forgotten the keys.
    Hours(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fault = prop_oneof![
        Just(None),
        Just(Some(Fault::Before)),
        Just(Some(Fault::After)),
        Just(Some(Fault::TooMany)),
    ];
    let crash = prop_oneof![Just(None), Just(Some(Crash::Before)), Just(Some(Crash::After))];
    let faults = prop::collection::vec(fault, 0..4);
    let crashes = prop::collection::vec(crash, 0..4);
    let step = prop_oneof![
        3 => (faults, crashes).prop_map(|(faults, crashes)| Step::Charge(faults, crashes)),
        1 => (1..60i64).prop_map(Step::Hours),
    ];
    prop::collection::vec(step, 1..12)
}

proptest! {
    #[test]
    fn an_order_takes_money_once_wherever_it_fails(steps in steps(), later: bool) {
        let (provider, book) = (MemoryProvider::new(), MemoryBook::default());
        let bank = if later { Bank::PaysLater } else { Bank::Pays };
        let (order, rng) = (order(&provider, bank), Counting::default());
        let (mut now, mut forgotten) = (Timestamp::from_micros(0), Timestamp::from_micros(0));
        for step in steps {
            match step {
                Step::Charge(faults, crashes) => {
                    provider.fail_next(faults);
                    *book.crashes.lock().unwrap() = crashes.into();
                    // An error is a process that was killed: the next one takes up what it left.
                    let _killed = block_on(charge(&book, &provider, order.clone(), &rng, now));
                }
                Step::Hours(hours) => {
                    now = now.plus(Span::hours(hours));
                    // Keys are known for a day at least; those of before are forgotten here.
                    let written = block_on(book.find(&order.reference)).unwrap();
                    let since = written.and_then(|entry| match entry.state {
                        State::Written { since, .. } => Some(since),
                        _ => None,
                    });
                    if since.is_some_and(|since| now >= since.plus(DAY)) {
                        provider.forget_keys();
                        forgotten = now;
                    }
                }
            }
            prop_assert!(provider.debits_of(&order.reference) <= 1, "forgotten at {}", forgotten);
        }
        book.crashes.lock().unwrap().clear();
        // Faults that are left over run out.
        for _ in 0..64 {
            let _tried = block_on(charge(&book, &provider, order.clone(), &rng, now)).unwrap();
        }
        let (entry, failure) = block_on(charge(&book, &provider, order.clone(), &rng, now)).unwrap();
        prop_assert_eq!(failure, None);
        prop_assert!(entry.debit().is_some());
        prop_assert_eq!(provider.debits_of(&order.reference), 1);
    }
}
