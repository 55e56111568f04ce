//! A customer's life on a Citus cluster, given the URL of one; the safe lies in a cluster of its own, as it
//! should. See `crates/store/tests/citus.rs` for when this runs.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::process::Command;

use tacenda::store::postgres::{DISTRIBUTE_SQL, PostgresOptions, PostgresStore};
use tacenda::{
    Actor, ActorId, MasterKeySource, Name, NewPassword, RegisterRequest, Tacenda, block_on,
    verify_continuation, verify_receipt,
};
use tacenda_core::ports::Store as _;
use tacenda_testkit::Cluster;

const POLICY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/glpi-network-cloud/privacy.toml");
const CUSTOMERS: u32 = 40;

fn psql(url: &str, sql: &str) -> String {
    let output = Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .arg(url)
        .output()
        .expect("psql");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn request(t: &Tacenda, n: u32) -> RegisterRequest {
    let item = |name, value: &str| t.customers().item(name, value).unwrap();
    RegisterRequest {
        items: vec![item("email", &format!("c{n}@example.org")), item("first_name", "Ada")],
        password: Some(NewPassword::plain("a long sentence that nobody guesses").unwrap()),
        facts: [Name::fixed("paid offer")].into(),
        ..RegisterRequest::default()
    }
}

#[test]
fn customers_are_registered_read_erased_and_proven_gone() {
    let url = std::env::var("TACENDA_TEST_CITUS_URL").expect("TACENDA_TEST_CITUS_URL");
    let schema = format!("life{}", std::process::id());
    let options = PostgresOptions { schema: schema.clone(), ..PostgresOptions::default() };
    let store = block_on(PostgresStore::open(&url, options.clone())).unwrap();
    block_on(store.close()).unwrap();
    psql(&url, &format!("SET tacenda.schema = '{schema}'; {DISTRIBUTE_SQL}"));
    let folder = tempfile::tempdir().unwrap();
    let keys = Cluster::shared().database();
    let open = || {
        let key = folder.path().join("master.key");
        let key = MasterKeySource::FileOrNew(key);
        let builder = Tacenda::builder().policy_file(POLICY).master_key(key);
        block_on(builder.postgres_with(&url, &keys, options.clone()).open()).unwrap()
    };
    let t = open();
    let me = Actor::staff(ActorId::from_bytes([7; 16]), Name::fixed("billing"));
    let kept = block_on(t.log().checkpoint()).unwrap();
    let register = |n| block_on(t.customers().register(request(&t, n), &me)).unwrap().subject();
    let subjects: Vec<_> = (0..CUSTOMERS).map(register).collect();
    let spread = format!(
        "SELECT count(DISTINCT nodename || nodeport) FROM citus_shards
        WHERE table_name = '{schema}.rows'::regclass AND shard_size > 0"
    );
    assert!(psql(&url, &spread).trim().parse::<u32>().unwrap() > 1);
    let views = block_on(t.customers().read_many(&subjects, "billing", &me)).unwrap();
    assert!(views.iter().all(|view| view.as_ref().unwrap().get("first_name") == Some("Ada")));
    for subject in subjects.iter().take(10) {
        let erased = block_on(t.erasure().erase(*subject, &me)).unwrap();
        let known = block_on(t.log().verifier_keys()).unwrap();
        let proven = verify_receipt(&erased.receipt.text, &known).unwrap();
        assert_eq!(proven.leaf.subject, *subject);
    }
    let proof = block_on(t.log().continuation(&kept)).unwrap();
    let known = block_on(t.log().verifier_keys()).unwrap();
    assert!(verify_continuation(&kept, &proof, &known).unwrap().size > u64::from(CUSTOMERS));
    let audit = block_on(t.log().audit()).unwrap();
    assert!(audit.rows >= 60, "{audit:?}");
    block_on(t.close()).unwrap();
    let t = open();
    assert!(!t.recovery().rows_restored && !t.recovery().safe_restored);
    block_on(t.close()).unwrap();
    psql(&url, &format!("DROP SCHEMA {schema} CASCADE"));
}
