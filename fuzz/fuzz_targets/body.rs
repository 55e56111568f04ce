//! A body has one encoding, and none of its envelopes opens unless this key sealed it there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::row::RowKey;
use tacenda_core::seal::{Body, DataKey, Place};
use tacenda_core::{Name, SubjectId};
use zeroize::Zeroizing;

fuzz_target!(|bytes: &[u8]| {
    let Ok(body) = Body::decode(bytes) else { return };
    assert_eq!(body.encode(), bytes);
    let row = RowKey::only(SubjectId::from_bytes([1; 16]), Name::fixed("profile.account"));
    let class = Name::fixed("account");
    let cipher = DataKey::from_bytes(Zeroizing::new([0xa5; 32]), 1).cipher();
    for item in body.items() {
        assert!(body.open(Place { row: &row, class: &class }, item, &cipher).is_err());
    }
});
