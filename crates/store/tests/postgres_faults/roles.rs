//! The roles of `roles.sql` can do what they need and no more.

use std::fs;
use std::process::{Command, Stdio};

use tacenda_core::name::Name;
use tacenda_core::ports::store::ACCESS_REFUSED;
use tacenda_core::ports::{KekId, KeyId, Keyring, NewKeys, SafeInit, Scrub, Store, WrappedKey};
use tacenda_store::postgres::{DISTRIBUTE_SQL, PostgresKeyring, PostgresStore, ROLES_SQL};
use tacenda_testkit::{Cluster, Durability};

use crate::support::{INIT, change, check, open, options, subject, wait};

/// What the application may do to the tables besides reading and adding.
const MAY: [(&str, bool, bool); 13] = [
    ("tacenda_schema", false, false),
    ("log", true, false),
    ("heads", true, false),
    ("rows", true, true),
    ("lookups", false, true),
    ("leaves", false, false),
    ("marks", true, false),
    ("runs", false, false),
    ("nodes", false, false),
    ("keys", true, true),
    ("fingerprints", true, true),
    ("secrets", true, false),
    ("safe", true, false),
];

/// A cluster with a store and a safe in one schema, where both files were run.
fn cluster() -> Cluster {
    let cluster = Cluster::own(Durability::None);
    let url = cluster.url("postgres");
    let store = open(&url, "tacenda");
    wait(store.initialise(INIT)).unwrap();
    wait(store.close()).unwrap();
    let safe = wait(PostgresKeyring::open(&url, options("tacenda"))).unwrap();
    let secrets = Vec::new();
    let init = SafeInit { safe: [2; 16], store: [1; 16], kek: KekId([3; 8]), secrets };
    wait(safe.initialise(init)).unwrap();
    wait(safe.close()).unwrap();
    cluster.sql("postgres", "CREATE TABLE tacenda.of_the_host (n int)");
    let folder = tempfile::tempdir().unwrap();
    // Twice, as an operator would.
    for (name, text) in [("roles", ROLES_SQL), ("distribute", DISTRIBUTE_SQL)].repeat(2) {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-v", "schema=tacenda", "-v", "ON_ERROR_STOP=1", "-f"]);
        assert!(psql.arg(&file).arg(&url).status().unwrap().success(), "{name}");
    }
    for role in ["app", "auditor", "operator"] {
        let sql = format!("CREATE ROLE {role} LOGIN IN ROLE tacenda_{role}");
        cluster.sql("postgres", &sql);
    }
    cluster
}

fn url(cluster: &Cluster, role: &str) -> String {
    cluster.url("postgres").replace("postgres@", &format!("{role}@"))
}

fn may(cluster: &Cluster, role: &str, sql: &str) -> bool {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]).stderr(Stdio::null());
    psql.arg(url(cluster, role)).stdout(Stdio::null()).status().unwrap().success()
}

#[test]
fn each_role_can_do_what_it_needs_and_no_more() {
    let cluster = cluster();
    for (table, updates, deletes) in MAY {
        let first = if table == "tacenda_schema" { "name" } else { "bucket" };
        let update = format!("UPDATE tacenda.{table} SET {first} = {first} WHERE false");
        let delete = format!("DELETE FROM tacenda.{table} WHERE false");
        assert_eq!(may(&cluster, "app", &update), updates, "{update}");
        assert_eq!(may(&cluster, "app", &delete), deletes, "{delete}");
        for role in ["app", "auditor"] {
            assert!(!may(&cluster, role, &format!("TRUNCATE tacenda.{table}")), "{table}");
        }
        assert!(may(&cluster, "operator", &update), "{table}");
        let select = format!("SELECT count(*) FROM tacenda.{table}");
        assert!(may(&cluster, "app", &select), "{table}");
        let of_the_log = ["tacenda_schema", "log", "heads", "leaves", "marks", "runs", "nodes"];
        assert_eq!(may(&cluster, "auditor", &select), of_the_log.contains(&table), "{table}");
        assert!(!may(&cluster, "auditor", &update) && !may(&cluster, "auditor", &delete));
    }
    assert!(!may(&cluster, "app", "DROP TABLE tacenda.leaves"));
    assert!(!may(&cluster, "app", "CREATE TABLE tacenda.more (n int)"));
    assert!(!may(&cluster, "app", "SELECT count(*) FROM tacenda.of_the_host"));
    assert!(!may(&cluster, "operator", "SELECT count(*) FROM tacenda.of_the_host"));
}

#[test]
fn a_log_is_pruned_by_whoever_owns_it_and_another_is_told() {
    let cluster = cluster();
    let app = open(&url(&cluster, "app"), "tacenda");
    wait(app.commit(change(1, 0, 3))).unwrap();
    assert_eq!(check(&app, &[]).len(), 4);
    let told = wait(app.prune(1, 0, 2, &[])).unwrap_err();
    assert!(told.is(&ACCESS_REFUSED), "{told}");
    // The texts are gone for all who ask, and what is left of them is for the operator to remove.
    let leaves = wait(app.leaves(1, 0, 4)).unwrap();
    assert_eq!(leaves.iter().filter(|leaf| leaf.bytes.is_none()).count(), 2);
    let dead = "SELECT count(*) > 0 FROM (SELECT n_dead_tup FROM pg_stat_user_tables
        WHERE relname = 'leaves' AND n_dead_tup > 0 AND vacuum_count = 0) d";
    wait(app.close()).unwrap();
    let operator = open(&url(&cluster, "operator"), "tacenda");
    let pruned = wait(operator.prune(1, 0, 2, &[])).unwrap();
    assert_eq!((pruned.leaves, pruned.scrub), (0, Scrub::Done));
    wait(operator.close()).unwrap();
    assert_eq!(cluster.sql("postgres", dead), "f");
}

#[test]
fn an_application_destroys_keys_and_scrubs_them() {
    let cluster = cluster();
    let safe = wait(PostgresKeyring::open(&url(&cluster, "app"), options("tacenda"))).unwrap();
    let key = KeyId::first(subject(1, 1), Name::fixed("account"));
    let wrapped = WrappedKey { kek: KekId([3; 8]), bytes: vec![7; 60] };
    wait(safe.create(NewKeys { keys: vec![(key, wrapped)], ..NewKeys::default() })).unwrap();
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
    wait(safe.close()).unwrap();
    // Whoever migrates can do all of that too.
    let url = url(&cluster, "operator");
    let safe = wait(PostgresKeyring::open(&url, options("tacenda"))).unwrap();
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
    drop(wait(PostgresStore::open(&url, options("tacenda"))).unwrap());
}
