//! Stored forms: what is written is read again, and nothing else is.

use proptest::prelude::*;
use tacenda_core::clock::Timestamp;
use tacenda_core::name::Name;
use tacenda_core::pii::Country;

use super::entry::Stored;
use super::event;
use super::payer::{Payer, PayerMethod, Pending, Stage};
use crate::card::{Brand, Expiry, LastFour};
use crate::events::{Card, CardExpiring, Dispute, DisputeState, Event, Means, PaymentFailed, What};
use crate::ledger::{Entry, Order, State};
use crate::provider::{Currency, DeclineCode, IdempotencyKey, Money, Reference, Setting};
use crate::sepa::IbanTail;

fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn euros(minor: u64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

fn card() -> Card {
    Card {
        last_four: LastFour::parse("4242").unwrap(),
        brand: Some(Brand::Visa),
        expiry: Some(Expiry::parse("04/2031").unwrap()),
        country: Some(Country::parse("PL").unwrap()),
        fingerprint: Some(reference("fp_1")),
    }
}

fn all_means() -> [Means; 3] {
    [Means::Card(card()), Means::Account(IbanTail::parse("PL", "2874").unwrap()), Means::Other]
}

fn states() -> Vec<State> {
    let debit = || reference("pi_1");
    let key = IdempotencyKey::parse("aabbccddeeffgghh").unwrap();
    let by = Some(Timestamp::from_micros(5));
    vec![
        State::Written { key, since: Timestamp::from_micros(-1) },
        State::Processing { debit: debit() },
        State::NeedsAuthentication { debit: None },
        State::NeedsAuthentication { debit: Some(debit()) },
        State::Succeeded { debit: debit(), refunded: Some(euros(5)) },
        State::Declined { debit: None, code: DeclineCode::parse("lost_card").ok() },
        State::Disputed {
            debit: debit(),
            dispute: DisputeState::NeedsResponse { by },
            refunded: None,
        },
        State::Disputed { debit: debit(), dispute: DisputeState::UnderReview, refunded: None },
        State::ChargedBack { debit: debit() },
        State::GivenUp,
    ]
}

fn stored(state: State, means: Means) -> Stored {
    let order = Order {
        reference: reference("invoice-1"),
        purpose: Name::fixed("billing"),
        customer: reference("cus_1"),
        method: reference("pm_1"),
        setting: Setting::SepaDebit,
        money: euros(1999),
        off_session: true,
    };
    Stored { entry: Entry { order, state, version: 7 }, means }
}

fn events() -> Vec<Event> {
    let failed = PaymentFailed {
        debit: reference("pi_1"),
        customer: Some(reference("cus_1")),
        money: Some(euros(1)),
        means: Means::Card(card()),
        decline: DeclineCode::parse("lost_card").ok(),
    };
    let method = reference("pm_1");
    let dispute = Dispute {
        dispute: reference("dp_1"),
        charge: reference("ch_1"),
        debit: None,
        money: euros(1),
        state: DisputeState::Lost,
    };
    let whats = vec![
        What::PaymentFailed(failed),
        What::CardExpiring(CardExpiring { method: method.clone(), customer: None, card: card() }),
        What::MandateInactive { mandate: reference("mandate_1"), method: Some(method) },
        What::Dispute(dispute),
    ];
    let event = |what| Event { id: reference("evt_1"), at: Timestamp::MIN, live: false, what };
    whats.into_iter().map(event).collect()
}

fn payers() -> Vec<Payer> {
    let at = Timestamp::from_micros(9);
    let stages = [
        Stage::Active,
        Stage::Leaving { tries: 3, at },
        Stage::Manual { tries: 4 },
        Stage::Gone { at },
    ];
    let payer = |stage| Payer {
        account: reference("aabbccddeeffgghhiijjkkllmmnnoopp"),
        pending: vec![Pending {
            key: IdempotencyKey::parse("aabbccddeeffgghh").unwrap(),
            setting: Setting::Card,
            since: at,
        }],
        customer: Some(reference("cus_2")),
        former: vec![reference("cus_1")],
        setups: vec![reference("seti_1"), reference("seti_2")],
        methods: all_means()
            .into_iter()
            .map(|means| PayerMethod {
                method: reference("pm_1"),
                setting: Setting::SepaDebit,
                means: Some(means),
                inactive: true,
            })
            .collect(),
        stage,
    };
    stages.into_iter().map(payer).collect()
}

#[test]
fn what_is_written_is_read_again() {
    for means in all_means() {
        for state in states() {
            let stored = stored(state, means.clone());
            assert_eq!(Stored::decode(&stored.encode()).unwrap(), stored);
        }
    }
    for one in events() {
        assert_eq!(event::decode(&event::encode(&one)).unwrap(), one);
    }
    for payer in payers() {
        assert_eq!(Payer::decode(&payer.encode()).unwrap(), payer);
        assert_eq!(format!("{payer:?}"), format!("Payer {{ stage: {:?}, .. }}", payer.stage));
    }
}

proptest! {
    #[test]
    fn reading_never_panics_and_has_one_form(
        bytes in prop::collection::vec(any::<u8>(), 0..80), at in 0usize..200,
    ) {
        let forms = [
            stored(State::GivenUp, Means::Card(card())).encode(),
            event::encode(&events()[0]),
            payers()[1].encode(),
        ];
        for mut form in forms {
            for (to, from) in form.iter_mut().skip(at).zip(&bytes) {
                *to ^= from;
            }
            if let Ok(read) = Stored::decode(&form) {
                prop_assert_eq!(read.encode(), form.clone());
            }
            if let Ok(read) = event::decode(&form) {
                prop_assert_eq!(event::encode(&read), form.clone());
            }
            if let Ok(read) = Payer::decode(&form) {
                prop_assert_eq!(read.encode(), form);
            }
        }
    }
}
