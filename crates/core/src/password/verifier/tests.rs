use super::*;
use proptest::prelude::*;

const SALT: [u8; 16] = [9; 16];

fn cheap() -> Params {
    Params::new(16, 1, 1).unwrap()
}

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

fn legacy(text: &str) -> Verifier {
    Verifier::legacy_sha256(*sha256(text.as_bytes()))
}

/// One verifier of `text` in each state.
fn all(text: &str, workspace: &mut Workspace) -> [Verifier; 3] {
    [
        hash(&password(text), cheap(), SALT, workspace).unwrap(),
        legacy(text),
        wrap(legacy(text), cheap(), SALT, workspace).unwrap(),
    ]
}

#[test]
fn the_right_password_matches_in_every_state_and_no_other_does() {
    let mut workspace = Workspace::new();
    let [plain, legacy, wrapped] = all("correct horse", &mut workspace);
    assert_eq!(wrapped.kind(), VerifierKind::WrappedSha256);
    for (verifier, upgrade) in [(&plain, false), (&legacy, true), (&wrapped, true)] {
        let mut ask = |text| verify(verifier, &password(text), cheap(), &mut workspace).unwrap();
        assert_eq!(ask("correct horse"), Verdict::Match { upgrade });
        for wrong in ["Correct horse", "correct horse ", "correct hors", "x"] {
            assert_eq!(ask(wrong), Verdict::NoMatch);
        }
    }
    // Who has stolen the digest cannot log in with it.
    let hex: String = sha256(b"correct horse").iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(
        verify(&wrapped, &password(&hex), cheap(), &mut workspace).unwrap(),
        Verdict::NoMatch
    );
}

#[test]
fn sha_256_of_the_bytes_as_typed_is_what_an_older_system_kept() {
    // FIPS 180-2, appendix B.1: the digest of `abc`.
    let abc = [
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22,
        0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00,
        0x15, 0xad,
    ];
    let mut workspace = Workspace::new();
    let verifier = Verifier::legacy_sha256(abc);
    let verdict = verify(&verifier, &password("abc"), cheap(), &mut workspace).unwrap();
    assert_eq!(verdict, Verdict::Match { upgrade: true });
    let decomposed = legacy("cafe\u{301}");
    let verdict = verify(&decomposed, &password("cafe\u{301}"), cheap(), &mut workspace).unwrap();
    assert_eq!(verdict, Verdict::Match { upgrade: true });
}

#[test]
fn every_login_costs_one_argon2id() {
    let mut workspace = Workspace::new();
    let verifiers = all("correct horse", &mut workspace);
    for text in ["correct horse", "wrong"] {
        let before = workspace.calls();
        dummy(&password(text), cheap(), &mut workspace).unwrap();
        assert_eq!(workspace.calls() - before, 1);
        for verifier in &verifiers {
            let before = workspace.calls();
            verify(verifier, &password(text), cheap(), &mut workspace).unwrap();
            assert_eq!(workspace.calls() - before, 1, "{verifier:?}");
        }
    }
}

#[test]
fn a_wrong_password_costs_as_much_as_an_unknown_account_after_the_cost_rose() {
    let mut workspace = Workspace::new();
    let verifiers = all("p", &mut workspace);
    for (m, t, p) in [(16, 1, 1), (20, 1, 1), (64, 1, 1), (64, 3, 1), (256, 2, 4), (16, 5, 1)] {
        let current = Params::new(m, t, p).unwrap();
        let before = workspace.kib_filled();
        dummy(&password("x"), current, &mut workspace).unwrap();
        let unknown = workspace.kib_filled() - before;
        assert_eq!(unknown, u64::from(m * t));
        for verifier in &verifiers {
            let before = workspace.kib_filled();
            verify(verifier, &password("x"), current, &mut workspace).unwrap();
            let wrong = workspace.kib_filled() - before;
            assert!(unknown - wrong <= u64::from(8 * p * t), "{unknown} {wrong}");
            assert!(unknown - wrong <= unknown / 4, "{unknown} {wrong}");
        }
    }
}

#[test]
fn a_higher_cost_asks_for_an_upgrade_and_a_lower_one_does_not() {
    let mut workspace = Workspace::new();
    let verifier = hash(&password("p"), cheap(), SALT, &mut workspace).unwrap();
    for (m, t, upgrade) in [(16, 1, false), (8, 1, false), (32, 1, true), (16, 2, true)] {
        let current = Params::new(m, t, 1).unwrap();
        let verdict = verify(&verifier, &password("p"), current, &mut workspace).unwrap();
        assert_eq!(verdict, Verdict::Match { upgrade });
    }
}

#[test]
fn wrapping_twice_changes_nothing_and_costs_nothing() {
    let mut workspace = Workspace::new();
    for verifier in
        all("p", &mut workspace).into_iter().filter(|v| v.kind() != VerifierKind::LegacySha256)
    {
        let (calls, bytes) = (workspace.calls(), verifier.encode());
        let again = wrap(verifier, cheap(), [1; 16], &mut workspace).unwrap();
        assert_eq!((workspace.calls(), again.encode()), (calls, bytes));
    }
}

#[test]
fn salts_make_equal_passwords_differ() {
    let mut workspace = Workspace::new();
    let one = hash(&password("p"), cheap(), [1; 16], &mut workspace).unwrap();
    let two = hash(&password("p"), cheap(), [2; 16], &mut workspace).unwrap();
    assert_ne!(one.encode(), two.encode());
}

#[test]
fn bytes_come_back_and_nothing_is_printed() {
    let mut workspace = Workspace::new();
    for verifier in all("correct horse", &mut workspace) {
        let bytes = verifier.encode();
        let back = Verifier::decode(&bytes).unwrap();
        assert_eq!((back.kind(), back.encode()), (verifier.kind(), bytes.clone()));
        assert_eq!(format!("{back:?}"), format!("Verifier({:?}, redacted)", back.kind()));
        let mut longer = bytes.to_vec();
        longer.push(0);
        for wrong in [&bytes[..bytes.len() - 1], &longer, &[]] {
            assert!(Verifier::decode(wrong).unwrap_err().is(&codec::MALFORMED));
        }
    }
    assert_eq!(legacy("x").encode().len(), 4 + DOMAIN.len() + 1 + 32);
    let forged = "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA";
    let mut encoder = Encoder::new(DOMAIN);
    encoder.u8(1).text(forged);
    assert!(Verifier::decode(encoder.as_bytes()).unwrap_err().is(&codec::MALFORMED));
    assert!(Verifier::from_phc(forged).unwrap_err().is(&crate::password::BAD_PHC));
}

proptest! {
    #[test]
    fn decoding_never_panics(tail in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut encoder = Encoder::new(DOMAIN);
        encoder.raw(&tail);
        for bytes in [encoder.as_bytes(), &tail] {
            if let Ok(verifier) = Verifier::decode(bytes) {
                let encoded = verifier.encode();
                prop_assert_eq!(encoded.as_slice(), bytes);
            }
        }
    }

    #[test]
    fn only_the_same_password_matches(a in "[a-c]{1,3}", b in "[a-c]{1,3}") {
        let mut workspace = Workspace::new();
        for verifier in all(&a, &mut workspace) {
            let verdict = verify(&verifier, &password(&b), cheap(), &mut workspace).unwrap();
            prop_assert_eq!(verdict != Verdict::NoMatch, a == b);
        }
    }
}
