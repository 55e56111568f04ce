//! Runs the receipts in `vectors/log`.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use tacenda_core::Result;
    use tacenda_core::log::{
        self, Checkpoint, Frontier, Hash, Nodes, Proof, Read, SigningKey, Verified, inclusion_plan,
        leaf_hash, parse_vkeys,
    };

    struct Case {
        name: String,
        head: Vec<(String, String)>,
        receipt: String,
    }

    impl Case {
        fn all(&self, name: &str) -> Vec<&str> {
            self.head.iter().filter(|(key, _)| key == name).map(|(_, v)| v.as_str()).collect()
        }

        fn one(&self, name: &str) -> &str {
            let values = self.all(name);
            assert_eq!(values.len(), 1, "{}: {name}", self.name);
            values[0]
        }
    }

    fn cases() -> Vec<Case> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/log");
        let mut cases = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "txt") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let (head, receipt) = text.split_once("\n\n").unwrap();
            let head = head.lines().map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_owned(), value.trim_start().to_owned())
            });
            cases.push(Case {
                name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                head: head.collect(),
                receipt: receipt.to_owned(),
            });
        }
        cases
    }

    fn verify(case: &Case) -> Result<Verified> {
        log::verify(&case.receipt, &parse_vkeys(&case.all("vkey").join("\n"))?)
    }

    #[test]
    fn every_receipt_has_its_expected_outcome() {
        let cases = cases();
        for case in &cases {
            match (case.one("expect"), verify(case)) {
                ("ok", Ok(verified)) => {
                    let leaf: String = verified.leaf.iter().map(|b| format!("{b:02x}")).collect();
                    assert_eq!(leaf, case.one("leaf"), "{}", case.name);
                    assert_eq!(verified.index.to_string(), case.one("index"), "{}", case.name);
                    let Checkpoint { origin, size, .. } = verified.checkpoint;
                    assert_eq!(origin, case.one("origin"), "{}", case.name);
                    assert_eq!(size.to_string(), case.one("size"), "{}", case.name);
                    let again = Proof::parse(&case.receipt).unwrap().to_text();
                    assert_eq!(again, case.receipt, "{}", case.name);
                }
                (code, Err(error)) => assert_eq!(error.code(), code, "{}", case.name),
                (code, Ok(_)) => panic!("{}: verifies, expected {code}", case.name),
            }
        }
        // Every way a receipt can fail has a case: all codes but those of making a proof, and of a proof that
        // the log goes on.
        let seen: BTreeSet<&str> = cases.iter().map(|case| case.one("expect")).collect();
        let others = [
            "log.consistency_failed",
            "log.continuation_malformed",
            "log.position_invalid",
            "log.nodes_missing",
        ];
        for code in log::CODES.iter().filter(|code| !others.contains(&code.name)) {
            assert!(seen.contains(code.name), "no case for {}", code.name);
        }
        assert!(seen.contains("ok"));
    }

    struct Leaves(Vec<Hash>);

    impl Nodes for Leaves {
        fn read(&self, read: Read, out: &mut Vec<Hash>) -> Result<()> {
            assert_eq!(read.level, 0);
            out.extend(&self.0[read.start as usize..read.end as usize]);
            Ok(())
        }
    }

    #[test]
    fn the_plain_receipt_is_made_byte_by_byte() {
        let key = SigningKey::from_seed("log.example/tacenda", &[7; 32]).unwrap();
        let (mut frontier, mut leaves) = (Frontier::new(), Vec::new());
        for i in 0..5 {
            let hash = leaf_hash(format!("leaf {i}").as_bytes());
            frontier.append(hash, |_| {});
            leaves.push(hash);
        }
        let checkpoint = Checkpoint {
            origin: key.name().to_owned(),
            size: frontier.size(),
            root: frontier.root(),
        };
        let proof = Proof {
            extra: Some(b"leaf 2".to_vec()),
            index: 2,
            hashes: inclusion_plan(2, 5).unwrap().run(&Leaves(leaves)).unwrap(),
            checkpoint: checkpoint.sign(&key).unwrap(),
        };
        let cases = cases();
        let case = cases.iter().find(|case| case.name == "receipt").unwrap();
        assert_eq!(proof.to_text(), case.receipt);
        assert_eq!(key.verifier_key().to_string(), case.one("vkey"));
    }
}
