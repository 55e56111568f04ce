//! Argon2id against the vectors of its reference implementation (P-H-C/phc-winner-argon2).
#![expect(clippy::expect_used, reason = "a test reads its data or fails")]

use std::path::PathBuf;

use serde_json::Value;
use tacenda_core::password::{Params, Password, Verdict, Verifier, Workspace, verify};

fn vectors() -> Value {
    let root = std::env::var("TACENDA_SHARED").expect("TACENDA_SHARED is the shared folder");
    let path = PathBuf::from(root).join("data/reference/argon2/argon2_vectors.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the vectors")).expect("JSON")
}

fn ask(encoded: &str, password: &str, workspace: &mut Workspace) -> Option<Verdict> {
    let verifier = Verifier::from_phc(encoded).ok()?;
    let password = Password::parse(password).expect("a password");
    Some(verify(&verifier, &password, Params::FLOOR, workspace).expect("memory"))
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn encoded_hashes_of_the_reference_implementation_verify() {
    let mut workspace = Workspace::new();
    let (mut taken, mut refused, mut topped_up) = (0, 0, 0);
    for case in vectors()["phc_hashtest"].as_array().expect("a list") {
        let (encoded, password) =
            (case["encoded"].as_str().expect("text"), case["password"].as_str().expect("text"));
        let number = |key: &str| case[key].as_u64().expect("a number");
        let ours = case["type"] == "argon2id" && number("version") == 19;
        match ask(encoded, password, &mut workspace) {
            Some(verdict) => {
                assert!(ours, "{encoded}");
                assert!(matches!(verdict, Verdict::Match { .. }), "{encoded}");
                let wrong = ask(encoded, &format!("{password}x"), &mut workspace);
                assert_eq!(wrong, Some(Verdict::NoMatch), "{encoded}");
                let cost = |name| {
                    let mut parts = encoded.split(['$', ',']);
                    let cost = parts.find_map(|part| part.strip_prefix(name)).expect("its cost");
                    cost.parse::<u64>().expect("a number")
                };
                // A wrong password costs the rest up to today's cost.
                topped_up += u64::from(cost("m=") * cost("t=") < Params::FLOOR.kib_filled());
                taken += 1;
            }
            None => {
                assert!(!ours, "{encoded}");
                refused += 1;
            }
        }
    }
    assert_eq!((taken, refused), (8, 18));
    assert!(topped_up > 0, "{topped_up}");
    assert_eq!(workspace.calls(), 16 + topped_up);
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn other_algorithms_and_broken_encodings_are_refused() {
    let mut workspace = Workspace::new();
    let vectors = vectors();
    let cases = vectors["phc_encoded_verify"].as_array().expect("a list");
    assert_eq!(cases.len(), 8);
    for case in cases {
        // All eight are Argon2i, valid or not.
        let encoded = case["encoded"].as_str().expect("text");
        assert_eq!(ask(encoded, "password", &mut workspace), None, "{encoded}");
        // The same text under the name of the one algorithm taken: only what is well-formed is
        // read, and then no tag of Argon2i is a tag of Argon2id.
        let renamed = encoded.replacen("$argon2i$", "$argon2id$", 1);
        let verdict = ask(&renamed, "password", &mut workspace);
        assert!(matches!(verdict, None | Some(Verdict::NoMatch)), "{renamed}");
    }
}
