//! A webhook that nobody signed never passes, whatever header and body; a body that is an event holds
//! no card number and is read alike twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::clock::Timestamp;
use tacenda_payments::events::Kept;
use tacenda_payments::stripe::{EndpointSecret, Webhook, event};

fuzz_target!(|input: (&str, &[u8])| {
    let (header, body) = input;
    let secret = EndpointSecret::parse("whsec_of_the_fuzz_target").expect("a secret");
    let endpoint = Webhook::new([secret]).expect("an endpoint").any_age();
    assert!(endpoint.verify(header, body, Timestamp::from_micros(0)).is_err());
    let read = || event::read(body, Kept::declared(|_| true));
    let (Ok(first), Ok(second)) = (read(), read()) else { return };
    assert!(first == second);
    assert!(first.last_four().is_none_or(|four| four.len() == 4));
    let least = event::read(body, Kept::NOTHING).expect("what is kept decides no verdict");
    assert!(least.decline_code().is_none());
});
