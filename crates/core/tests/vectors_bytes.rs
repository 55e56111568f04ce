//! Runs the stored formats in `vectors/bytes`. Those of types that the crate keeps to itself
//! (accounts, erasure jobs) are run by their own unit tests, those of `breach` by its crate.

#[cfg(test)]
#[path = "../src/vectors.rs"]
mod vectors;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};
    use tacenda_core::leaf::{Leaf, RowStamp};
    use tacenda_core::log::{Frontier, Hash, leaf_hash};
    use tacenda_core::password::{self, Params, Password, Verifier, VerifierKind, Workspace};
    use tacenda_core::policy::Policy;
    use tacenda_core::ports::{Kek, KeyId, WrapId, WrapRequest};
    use tacenda_core::row::{Row, RowKey, Token};
    use tacenda_core::seal::{Body, DataKey, IndexKey, LocalKek, MasterKey, Place, fingerprint};
    use tacenda_core::{ActorId, Name, Result, Rng, RowId, SubjectId, Timestamp};
    use zeroize::Zeroizing;

    use super::vectors::{Case, array, cases, unhex};

    /// What random bytes are in these vectors: those of the case, each once.
    struct Given(Mutex<Vec<[u8; 12]>>);

    impl Given {
        fn new(nonces: impl IntoIterator<Item = [u8; 12]>) -> Self {
            Self(Mutex::new(nonces.into_iter().collect()))
        }
    }

    impl Rng for Given {
        fn fill(&self, out: &mut [u8]) {
            out.copy_from_slice(&self.0.lock().unwrap().remove(0));
        }
    }

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
        text.parse().unwrap()
    }

    fn time(text: &str) -> Timestamp {
        Timestamp::from_micros(number(text))
    }

    fn key(case: &Case) -> RowKey {
        RowKey {
            subject: SubjectId::from_bytes(case.array("subject")),
            kind: name(case.one("kind")),
            id: RowId::from_bytes(case.array("id")),
        }
    }

    /// Right cases are read, come out as the same bytes, and neither a prefix of them nor more than
    /// them is read; wrong cases fail with their code.
    fn run<T>(
        format: &str,
        decode: impl Fn(&[u8]) -> Result<T>,
        encode: impl Fn(&T) -> Vec<u8>,
        right: impl Fn(&Case, T),
    ) {
        for case in cases(format) {
            let bytes = case.hex("bytes");
            match (case.error(), decode(&bytes)) {
                (None, Ok(value)) => {
                    assert_eq!(encode(&value), bytes, "{}", case.name);
                    right(&case, value);
                    for end in 0..bytes.len() {
                        assert!(decode(&bytes[..end]).is_err(), "{}: {end}", case.name);
                    }
                    assert!(decode(&[&bytes[..], &[0]].concat()).is_err(), "{}", case.name);
                }
                (Some(code), Err(error)) => assert_eq!(error.code(), code, "{}", case.name),
                (None, Err(error)) => panic!("{}: {error}", case.name),
                (Some(code), Ok(_)) => panic!("{}: is read, expected {code}", case.name),
            }
        }
    }

    #[test]
    fn rows() {
        run("row", Row::decode, Row::encode, |case, decoded| {
            let token = |line: &&str| match line.split(" | ").collect::<Vec<_>>()[..] {
                [index, value, unique] => {
                    Token { index: name(index), value: array(value), unique: unique == "unique" }
                }
                _ => panic!("{}: {line}", case.name),
            };
            let row = Row {
                key: key(case),
                class: case.maybe("class").map(name),
                state: name(case.one("state")),
                held: case.one("held") == "1",
                anchor_at: case.maybe("anchor_at").map(time),
                due_at: case.maybe("due_at").map(time),
                version: number(case.one("version")),
                tokens: case.all("token").iter().map(token).collect(),
                body: case.hex("body"),
            };
            assert_eq!(decoded, row, "{}", case.name);
            assert_eq!(row.digest(), case.array("sha256"), "{}", case.name);
        });
    }

    #[test]
    fn leaves() {
        run("leaf", Leaf::decode, Leaf::encode, |case, decoded| {
            let detail = |line: &&str| {
                let (key, value) = line.split_once(" | ").unwrap();
                (key.to_owned(), value.to_owned())
            };
            let stamp = |line: &&str| match line.split(" | ").collect::<Vec<_>>()[..] {
                [kind, id, digest] => RowStamp {
                    kind: name(kind),
                    id: RowId::from_bytes(array(id)),
                    digest: (digest != "deleted").then(|| array(digest)),
                },
                _ => panic!("{}: {line}", case.name),
            };
            let leaf = Leaf {
                at: time(case.one("at")),
                actor: ActorId::from_bytes(case.array("actor")),
                action: name(case.one("action")),
                purpose: case.maybe("purpose").map(name),
                subject: SubjectId::from_bytes(case.array("subject")),
                details: case.all("detail").iter().map(detail).collect(),
                policy: case.array("policy"),
                salt: case.array("salt"),
                rows: case.all("row").iter().map(stamp).collect(),
            };
            assert_eq!(decoded, leaf, "{}", case.name);
            let hash = leaf_hash(&leaf.encode()).to_string();
            assert_eq!(hash, case.one("leaf_hash"), "{}", case.name);
        });
    }

    #[test]
    fn bodies() {
        run("body", Body::decode, Body::encode, |case, decoded| {
            let key_bytes = Zeroizing::new(case.array("key"));
            let cipher = DataKey::from_bytes(key_bytes, 1).cipher();
            let (row, class) = (key(case), name(case.one("class")));
            let place = Place { row: &row, class: &class };
            let mut body = Body::default();
            for (_, fields) in case.lines().filter(|(key, _)| *key == "item") {
                let [item, nonce, plain] = fields[..] else { panic!("{}: item", case.name) };
                let (item, plain) = (name(item), unhex(plain));
                body.seal(place, &item, &plain, &cipher, &Given::new([array(nonce)]));
                let opened = decoded.open(place, &item, &cipher).unwrap().unwrap();
                assert_eq!(opened.as_slice(), plain, "{}", case.name);
            }
            assert_eq!(decoded, body, "{}", case.name);
        });
    }

    #[test]
    fn associated_data_of_items() {
        for case in cases("item_aad") {
            let (row, class) = (key(&case), name(case.one("class")));
            let aad = Place { row: &row, class: &class }.aad(&name(case.one("item")));
            assert_eq!(aad, case.hex("bytes"), "{}", case.name);
        }
    }

    #[test]
    fn envelopes() {
        for case in cases("envelope") {
            let bytes = Zeroizing::new(case.array("key"));
            let cipher = DataKey::from_bytes(bytes, number(case.one("generation"))).cipher();
            let (aad, envelope) = (case.hex("aad"), case.hex("bytes"));
            let opened = cipher.open(&envelope, &aad);
            let Some(code) = case.error() else {
                let plain = case.hex("plain");
                assert_eq!(opened.unwrap().as_slice(), plain, "{}", case.name);
                let given = Given::new([case.array("nonce")]);
                assert_eq!(cipher.seal(&plain, &aad, &given), envelope, "{}", case.name);
                continue;
            };
            assert_eq!(opened.unwrap_err().code(), code, "{}", case.name);
        }
    }

    #[test]
    fn associated_data_of_keys() {
        for case in cases("key_aad") {
            let id = match case.maybe("secret") {
                Some(secret) => WrapId::Secret(name(secret)),
                None => WrapId::Key(KeyId {
                    subject: SubjectId::from_bytes(case.array("subject")),
                    class: name(case.one("class")),
                    number: number(case.one("number")),
                }),
            };
            assert_eq!(id.aad(), case.hex("bytes"), "{}", case.name);
        }
    }

    #[test]
    fn wrapped_keys() {
        for case in cases("wrapped_key") {
            let master = MasterKey::parse(&STANDARD.encode(case.hex("master"))).unwrap();
            let kek = LocalKek::new(&master, Arc::new(Given::new([case.array("nonce")])));
            assert_eq!(kek.id().0, case.array("kek"), "{}", case.name);
            let (aad, key) = (case.hex("aad"), Zeroizing::new(case.array("key")));
            let request = WrapRequest { aad: aad.clone(), key: key.clone() };
            let wrapped = pollster::block_on(kek.wrap(&[request])).unwrap().remove(0);
            assert_eq!(wrapped.bytes, case.hex("bytes"), "{}", case.name);
            let keys = pollster::block_on(kek.unwrap(&[(aad, wrapped)])).unwrap();
            assert_eq!(keys, [key], "{}", case.name);
        }
    }

    #[test]
    fn tokens_and_fingerprints() {
        let key = |case: &Case| IndexKey::from_bytes(Zeroizing::new(case.array("key")));
        for case in cases("token") {
            let token = key(&case).token(&name(case.one("index")), case.one("normal"));
            assert_eq!(token, case.array("bytes"), "{}", case.name);
        }
        for case in cases("fingerprint") {
            let print = fingerprint(&key(&case), &case.hex("record"));
            assert_eq!(print, case.array("bytes"), "{}", case.name);
        }
    }

    #[test]
    fn verifiers() {
        let encode = |verifier: &Verifier| verifier.encode().to_vec();
        run("verifier", Verifier::decode, encode, |case, decoded| {
            let mut workspace = Workspace::new();
            let typed = case.one("password");
            let legacy = Verifier::legacy_sha256(Sha256::digest(typed).into());
            let password = Password::parse(typed).unwrap();
            let cost = |name| number(case.one(name));
            let params = || Params::new(cost("memory_kib"), cost("passes"), cost("lanes")).unwrap();
            let (kind, made) = match case.one("kind") {
                "legacy_sha256" => (VerifierKind::LegacySha256, legacy),
                "argon2id" => {
                    let salt = case.array("salt");
                    let made = password::hash(&password, params(), salt, &mut workspace);
                    (VerifierKind::Argon2id, made.unwrap())
                }
                "wrapped_sha256" => {
                    let salt = case.array("salt");
                    let made = password::wrap(legacy, params(), salt, &mut workspace);
                    (VerifierKind::WrappedSha256, made.unwrap())
                }
                other => panic!("{}: {other}", case.name),
            };
            assert_eq!(decoded.kind(), kind, "{}", case.name);
            assert_eq!(encode(&made), encode(&decoded), "{}", case.name);
        });
    }

    #[test]
    fn frontiers() {
        run("frontier", Frontier::decode, Frontier::encode, |case, decoded| {
            let mut frontier = Frontier::new();
            for i in 0..number::<u64>(case.one("leaves")) {
                frontier.append(leaf_hash(format!("leaf {i}").as_bytes()), |_| {});
            }
            assert_eq!(decoded, frontier, "{}", case.name);
            assert_eq!(frontier.root(), Hash::new(case.array("root")), "{}", case.name);
        });
    }

    #[test]
    fn policies() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        for case in cases("policy") {
            let text = std::fs::read_to_string(root.join(case.one("file"))).unwrap();
            let policy = Policy::parse(&text).unwrap();
            assert_eq!(Hash::new(policy.digest()).to_string(), case.one("sha256"), "{}", case.name);
        }
    }

    #[test]
    fn every_file_is_run() {
        let run: BTreeSet<&str> = [
            "account",
            "body",
            "breach",
            "breach_person",
            // Run by the PostgreSQL store.
            "bucket",
            "destroy",
            "envelope",
            "fingerprint",
            "frontier",
            "grant",
            "hold",
            "in_force",
            "item_aad",
            "job",
            "key_aad",
            "leaf",
            "message",
            "message-values",
            "policy",
            "prune",
            "reply_to",
            "request",
            "reseal",
            "restriction",
            "row",
            "suppression",
            "token",
            "verifier",
            "wrapped_key",
        ]
        .into();
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/bytes");
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "txt") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let first = text.lines().next().and_then(|line| line.strip_prefix("format: "));
            found.insert(first.unwrap_or_else(|| panic!("{}", path.display())).to_owned());
        }
        assert!(found.iter().map(String::as_str).eq(run));
    }
}
