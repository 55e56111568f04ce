//! An envelope opens to what was sealed, and to nothing once a byte of it or of its place changed;
//! what this key never sealed does not open.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::Rng;
use tacenda_core::seal::DataKey;
use zeroize::Zeroizing;

struct Repeated(u8);

impl Rng for Repeated {
    fn fill(&self, out: &mut [u8]) {
        out.fill(self.0);
    }
}

fuzz_target!(|input: (u8, u16, u8, &[u8], &[u8])| {
    let (nonce, at, flip, aad, plain) = input;
    let cipher = DataKey::from_bytes(Zeroizing::new([7; 32]), 1).cipher();
    assert!(cipher.open(plain, aad).is_err());
    let sealed = cipher.seal(plain, aad, &Repeated(nonce));
    assert_eq!(sealed.len(), plain.len() + 34);
    assert_eq!(cipher.open(&sealed, aad).expect("opens in its place").as_slice(), plain);
    assert!(cipher.open(&sealed, &[aad, &[0]].concat()).is_err());
    assert!(cipher.open(&[&sealed[..], &[0]].concat(), aad).is_err());
    assert!(cipher.open(&sealed[..usize::from(at) % sealed.len()], aad).is_err());
    if flip != 0 {
        let mut altered = sealed;
        let at = usize::from(at) % altered.len();
        altered[at] ^= flip;
        assert!(cipher.open(&altered, aad).is_err());
    }
});
