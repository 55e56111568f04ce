//! Work that takes many steps, cut at each of them over files, and gone on with after a new start.

use std::path::Path;
use std::sync::Arc;

use tacenda::store::sqlite::{SqliteKeyring, SqliteOptions, SqliteStore};
use tacenda::{Builder, MasterKeySource, Result, SubjectId, Tacenda, block_on};
use tacenda_core::ports::{Keyring, Store};
use tacenda_core::seal::MasterKey;
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults, SeededRng};

use super::support::{
    Home, bare, builder, copy, customer, master, open, rows, safe, shown, staff, support,
};

pub(crate) const OTHER_MASTER: &str = "YW5vdGhlciBtYXN0ZXIga2V5IG9mIHRlc3RzISEhISE=";

pub(crate) fn other_master() -> MasterKeySource {
    MasterKeySource::Given(MasterKey::parse(OTHER_MASTER).unwrap())
}

/// The policy of the next version, in which the address is in the account's class.
pub(crate) fn moved() -> String {
    let edits = [
        ("version = 1", "version = 2"),
        (
            r#""password", "first_name", "note"]
clock"#,
            r#""password", "address", "note"]
clock"#,
        ),
        (
            "[classes.billing]\nitems = [\"address\", \"country\"]",
            "[classes.billing]\nitems = [\"first_name\", \"country\"]",
        ),
        (
            r#"items = ["address"]
archive_of"#,
            r#"items = ["country"]
archive_of"#,
        ),
        (r#""country", "card_last4"]"#, r#""country", "card_last4", "first_name"]"#),
    ];
    edits.iter().fold(super::support::POLICY.to_owned(), |policy, (from, to)| {
        assert_eq!(policy.matches(from).count(), 1, "{from}");
        policy.replace(from, to)
    })
}

/// Two customers with something in every class.
fn prepare(folder: &Path) -> Vec<SubjectId> {
    let t = open(folder);
    let register = |email| {
        let request = customer(&t, email, "as registered");
        block_on(t.customers().register(request, &support())).unwrap().subject()
    };
    let subjects = ["ada@example.org", "bob@example.org"].map(register).to_vec();
    block_on(t.close()).unwrap();
    subjects
}

/// Both files opened behind a plan of faults.
fn cut_over(folder: &Path, builder: Builder, faults: &Faults) -> Result<Tacenda> {
    let store = Arc::new(SqliteStore::open(rows(folder), SqliteOptions::default())?);
    let keyring = Arc::new(SqliteKeyring::open(safe(folder), SqliteOptions::default())?);
    let store: Arc<dyn Store> = Arc::new(FailingStore::new(store, faults.clone()));
    let keyring: Arc<dyn Keyring> = Arc::new(FailingKeyring::new(keyring, faults.clone()));
    block_on(builder.rng(Arc::new(SeededRng::new(3))).stores(store, keyring).open())
}

/// Everything of everybody, as `billing` sees it, and the whole log.
fn everything_is_there(t: &Tacenda, subjects: &[SubjectId]) {
    for subject in subjects {
        let read = block_on(t.customers().read(*subject, "billing", &staff("billing")));
        let view = read.unwrap_or_else(|error| panic!("{}", shown(&error)));
        let seen = ["address", "country", "card_last4"].map(|item| view.get(item));
        assert_eq!(seen, [Some("ul. Prosta 1"), Some("PL"), Some("4242")]);
    }
    block_on(t.log().audit()).unwrap_or_else(|error| panic!("{}", shown(&error)));
}

/// Cuts `act` at every operation, before and after it, and hands the files to `check`.
fn everywhere(
    act: impl Fn(&Path, &Faults) -> Result<()>,
    check: impl Fn(&Path, &[SubjectId]),
) -> u64 {
    let home = Home::new();
    let start = home.folder("start");
    let subjects = prepare(&start);
    let count = {
        let (folder, faults) = (home.folder("whole"), Faults::none());
        copy(&start, "", &folder);
        act(&folder, &faults).unwrap_or_else(|error| panic!("{}", shown(&error)));
        check(&folder, &subjects);
        faults.operations()
    };
    for operation in 0..count {
        for cut in [Cut::Before, Cut::After] {
            let folder = home.folder(&format!("{operation}-{cut:?}"));
            copy(&start, "", &folder);
            let faults = Faults::cut(operation, cut, After::StaysDown);
            let _ = act(&folder, &faults);
            assert!(faults.tripped(), "operation {operation} was never reached");
            check(&folder, &subjects);
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
    count
}

pub(crate) fn both_keys() -> Builder {
    bare().master_key(other_master()).former_master_key(master())
}

#[test]
fn a_rotation_of_the_master_key_is_finished_by_the_next_start() {
    let operations = everywhere(
        |folder, faults| {
            let t = cut_over(folder, both_keys(), faults)?;
            block_on(t.rotate_master_key()).map(|_| ())
        },
        |folder, subjects| {
            let t = block_on(both_keys().sqlite(rows(folder), safe(folder)).open()).unwrap();
            everything_is_there(&t, subjects);
            block_on(t.rotate_master_key()).unwrap();
            block_on(t.close()).unwrap();
            let new = bare().master_key(other_master()).sqlite(rows(folder), safe(folder));
            let t = block_on(new.open()).unwrap();
            everything_is_there(&t, subjects);
            block_on(t.close()).unwrap();
            let old = block_on(builder(folder).open()).unwrap_err();
            assert_eq!(old.code(), "keys.wrong_master_key");
        },
    );
    assert!(operations > 15, "{operations}");
}

#[test]
fn items_that_move_are_all_moved_by_the_next_start() {
    let operations = everywhere(
        |folder, faults| cut_over(folder, bare().policy_text(moved()), faults).map(|_| ()),
        |folder, subjects| {
            let t = block_on(builder(folder).policy_text(moved()).open());
            let t = t.unwrap_or_else(|error| panic!("{}", shown(&error)));
            everything_is_there(&t, subjects);
            for subject in subjects {
                let account = block_on(t.customers().read(*subject, "billing", &staff("billing")));
                assert_eq!(account.unwrap().get("first_name"), Some("Ada"));
                let leaves = block_on(t.vault().history(*subject, 99)).unwrap();
                let resealed = leaves.iter().filter(|leaf| leaf.action == *"policy.resealed");
                assert_eq!(resealed.count(), 1);
            }
            block_on(t.close()).unwrap();
        },
    );
    assert!(operations > 20, "{operations}");
}
