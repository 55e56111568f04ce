//! Runs the reference vectors for trees and signed notes that lie outside the repository.

#[cfg(test)]
mod tests {
    use std::path::Path;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value;
    use tacenda_core::log::tree::{verify_subtree_consistency, verify_subtree_inclusion};
    use tacenda_core::log::{
        Frontier, Hash, NOTE_MALFORMED, Note, SIGNATURE_INVALID, SigningKey, UNKNOWN_KEY,
        VerifierKey, leaf_hash, verify_consistency, verify_inclusion,
    };

    fn shared(file: &str) -> Value {
        let folder = std::env::var("TACENDA_SHARED").expect("TACENDA_SHARED names the folder");
        let path = Path::new(&folder).join("data/reference").join(file);
        serde_json::from_str(&std::fs::read_to_string(&path).expect(file)).expect(file)
    }

    fn number(probe: &Value, key: &str) -> u64 {
        probe[key].as_u64().unwrap_or_else(|| panic!("{key} in {}", probe["file"]))
    }

    /// A hash, or for bytes that are none some hash made from them: our types cannot hold a hash of
    /// another length, and such a probe is to be tried as far as it can be stated.
    fn hash(value: &Value) -> Option<Hash> {
        let bytes = STANDARD.decode(value.as_str()?).unwrap();
        if bytes.is_empty() {
            return None;
        }
        Some(<[u8; 32]>::try_from(&bytes[..]).map_or_else(|_| leaf_hash(&bytes), Hash::new))
    }

    fn proof(probe: &Value) -> Vec<Hash> {
        let hashes = probe["proof"].as_array().map_or(&[][..], Vec::as_slice);
        hashes.iter().map(|value| hash(value).unwrap_or_else(|| leaf_hash(b"garbage"))).collect()
    }

    fn run(file: &str, count: usize, holds: impl Fn(&Value) -> Option<bool>) {
        let probes = shared(file);
        let probes = probes.as_array().unwrap();
        assert_eq!(probes.len(), count);
        for probe in probes {
            let wrong = probe["wantErr"].as_bool().unwrap();
            assert_eq!(holds(probe).unwrap_or(false), !wrong, "{}", probe["file"]);
        }
        assert!(probes.iter().any(|probe| holds(probe) == Some(true)));
    }

    #[test]
    #[ignore = "needs TACENDA_SHARED"]
    fn roots_of_rfc_6962() {
        let facts = shared("merkle/rfc6962_roots.json");
        let hex = |value: &Value| value.as_str().unwrap().to_owned();
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root().to_string(), hex(&facts["empty_root"]));
        assert_eq!(leaf_hash(b"L123456").to_string(), hex(&facts["leaf_hash_of_L123456"]));
        let inputs = facts["leaf_inputs_hex"].as_array().unwrap();
        let roots = facts["roots_hex_by_size_1_to_8"].as_array().unwrap();
        assert_eq!((inputs.len(), roots.len()), (8, 8));
        for (input, root) in inputs.iter().zip(roots) {
            let input = hex(input);
            let bytes: Vec<u8> = (0..input.len() / 2)
                .map(|i| u8::from_str_radix(&input[2 * i..2 * i + 2], 16).unwrap())
                .collect();
            frontier.append(leaf_hash(&bytes), |_| {});
            assert_eq!(frontier.root().to_string(), hex(root));
        }
    }

    #[test]
    #[ignore = "needs TACENDA_SHARED"]
    fn inclusion_probes() {
        run("merkle/inclusion_probes.json", 98, |probe| {
            let (leaf, root) = (hash(&probe["leafHash"])?, hash(&probe["root"])?);
            let (index, size) = (number(probe, "leafIdx"), number(probe, "treeSize"));
            Some(verify_inclusion(index, size, &leaf, &proof(probe), &root).is_ok())
        });
    }

    #[test]
    #[ignore = "needs TACENDA_SHARED"]
    fn consistency_probes() {
        run("merkle/consistency_probes.json", 98, |probe| {
            let (root1, root2) = (hash(&probe["root1"])?, hash(&probe["root2"])?);
            let (size1, size2) = (number(probe, "size1"), number(probe, "size2"));
            Some(verify_consistency(size1, size2, &root1, &root2, &proof(probe)).is_ok())
        });
    }

    #[test]
    #[ignore = "needs TACENDA_SHARED"]
    fn subtree_inclusion_probes() {
        run("merkle/subtreeinclusion_probes.json", 204, |probe| {
            let (leaf, root) = (hash(&probe["leafHash"])?, hash(&probe["root"])?);
            let (start, end) = (number(probe, "start"), number(probe, "end"));
            let (index, path) = (number(probe, "leafIdx"), proof(probe));
            Some(verify_subtree_inclusion(index, start, end, &leaf, &path, &root).is_ok())
        });
    }

    #[test]
    #[ignore = "needs TACENDA_SHARED"]
    fn subtree_consistency_probes() {
        run("merkle/subtreeconsistency_probes.json", 118, |probe| {
            let (subtree, root) = (hash(&probe["root1"])?, hash(&probe["root2"])?);
            let (start, end) = (number(probe, "start"), number(probe, "end"));
            let (size, path) = (number(probe, "size"), proof(probe));
            Some(verify_subtree_consistency(start, end, size, &subtree, &root, &path).is_ok())
        });
    }

    #[test]
    #[ignore = "needs TACENDA_SHARED"]
    fn signed_notes() {
        let facts = shared("checkpoint/signed_note_vectors.json");
        let field = |key: &str| facts[key].as_str().expect(key).to_owned();
        let one = VerifierKey::parse(&field("vkey")).unwrap();
        let two = VerifierKey::parse(&field("vkey2")).unwrap();
        assert_eq!(one.to_string(), field("vkey"));

        // The secret key of Go's note package ends in base64 of one byte for the type and the seed.
        let secret = field("skey");
        let encoded = secret.splitn(5, '+').last().unwrap();
        let seed = STANDARD.decode(encoded).unwrap();
        let key = SigningKey::from_seed(one.name(), seed[1..].try_into().unwrap()).unwrap();
        assert_eq!(key.verifier_key(), &one);
        assert_eq!(Note::sign(&field("text"), &key).unwrap().to_text(), field("signed_note"));

        let known = [one, two];
        let note = Note::parse(&field("signed_note")).unwrap();
        assert_eq!(note.text(), field("text"));
        assert_eq!(note.verify(&known).unwrap(), [&known[0]]);
        assert!(note.verify(&known[1..]).unwrap_err().is(&UNKNOWN_KEY));
        let both = Note::parse(&field("signed_note_two")).unwrap();
        assert_eq!(both.verify(&known).unwrap(), [&known[0], &known[1]]);
        let changed = field("signed_note_two").replacen("cryptography", "Cryptography", 1);
        let changed = Note::parse(&changed).unwrap().verify(&known);
        assert!(changed.unwrap_err().is(&SIGNATURE_INVALID));

        let malformed = facts["malformed"].as_array().unwrap();
        assert_eq!(malformed.len(), 7);
        for case in malformed {
            let error = Note::parse(case["note"].as_str().unwrap()).unwrap_err();
            assert!(error.is(&NOTE_MALFORMED), "{}", case["why"]);
        }
        for bad in facts["bad_vkeys"].as_array().unwrap() {
            assert!(VerifierKey::parse(bad.as_str().unwrap()).is_err(), "{bad}");
        }
    }
}
