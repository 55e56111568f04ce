//! Folders, keys and children for the tests beside this file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tacenda::{
    Actor, Builder, MasterKeySource, Name, RegisterRequest, Registered, Result, SubjectId, Tacenda,
    Timestamp, block_on,
};
use tacenda_core::seal::MasterKey;
use tacenda_testkit::StepClock;
pub(crate) use tacenda_testkit::world::{POLICY, staff};

/// The base64 of 32 bytes; nothing else is protected by it.
pub(crate) const MASTER: &str = "dGhpcyBpcyBhIG1hc3RlciBrZXkgb2YgdGVzdHMhISE=";
/// When the tests take place.
pub(crate) const NOW: &str = "2026-06-01T08:00:00Z";
/// The environment variable that tells a child its part.
pub(crate) const ROLE: &str = "TACENDA_TEST_ROLE";
/// The environment variable that tells it where.
pub(crate) const FOLDER: &str = "TACENDA_TEST_FOLDER";

/// A folder for the files of one test. In memory where there is such a place: a killed process
/// loses nothing that it has written, only a power cut does, and that is not tried here.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
        Self(folder.unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A folder in it, made if it is not there.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }
}

pub(crate) fn rows(folder: &Path) -> PathBuf {
    folder.join("customers.db")
}

pub(crate) fn safe(folder: &Path) -> PathBuf {
    folder.join("keys.db")
}

pub(crate) fn time(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

pub(crate) fn master() -> MasterKeySource {
    MasterKeySource::Given(MasterKey::parse(MASTER).unwrap())
}

/// Everything but the stores.
pub(crate) fn bare() -> Builder {
    Tacenda::builder()
        .policy_text(POLICY)
        .master_key(master())
        .clock(Arc::new(StepClock::standing(time(NOW))))
}

pub(crate) fn builder(folder: &Path) -> Builder {
    bare().sqlite(rows(folder), safe(folder))
}

pub(crate) fn try_open(folder: &Path) -> Result<Tacenda> {
    block_on(builder(folder).open())
}

pub(crate) fn open(folder: &Path) -> Tacenda {
    try_open(folder).unwrap_or_else(|error| panic!("{}", shown(&error)))
}

/// A paying customer of the tests' policy, with something in every class.
pub(crate) fn customer(t: &Tacenda, email: &str, note: &str) -> RegisterRequest {
    let items = [
        ("email", email),
        ("first_name", "Ada"),
        ("note", note),
        ("address", "ul. Prosta 1"),
        ("country", "PL"),
        ("card_last4", "4242"),
    ];
    RegisterRequest {
        items: items.iter().map(|(item, text)| t.customers().item(item, text).unwrap()).collect(),
        facts: [Name::fixed("paid offer"), Name::fixed("invoiced")].into(),
        ..RegisterRequest::default()
    }
}

pub(crate) fn register(t: &Tacenda, email: &str) -> SubjectId {
    let request = customer(t, email, "as registered");
    match block_on(t.customers().register(request, &staff("support"))).unwrap() {
        Registered::New(subject) => subject,
        Registered::Known(_) => panic!("nothing was imported"),
    }
}

/// The note of a customer.
pub(crate) fn note(t: &Tacenda, subject: SubjectId) -> Result<String> {
    let view = block_on(t.customers().read(subject, "account", &support()))?;
    Ok(view.get("note").unwrap_or_default().to_owned())
}

pub(crate) fn support() -> Actor {
    staff("support")
}

/// An error as a careless caller would print it: both forms, and all of its causes.
pub(crate) fn shown(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(one) = next {
        text.push_str(&format!("{one} {one:?} {one:#?}\n"));
        next = one.source();
    }
    text
}

/// A child that plays a part in the test of this name.
pub(crate) fn child(test: &str, role: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(ROLE, role).env(FOLDER, folder);
    command
}

/// The part that this process plays, and where; `None` in the test itself.
pub(crate) fn role() -> Option<(String, PathBuf)> {
    Some((std::env::var(ROLE).ok()?, std::env::var_os(FOLDER)?.into()))
}

/// The files of a folder that begin with a name (a database and what lies beside it), copied to
/// another folder. The shared memory of a write-ahead log is made anew by whoever opens it.
pub(crate) fn copy(from: &Path, name: &str, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        if file.starts_with(name) && !file.ends_with("-shm") {
            fs::copy(from.join(&file), to.join(&file)).unwrap();
        }
    }
}

/// The bytes of every file in a folder, but for the shared memory of a write-ahead log.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap())
        .filter(|file| file.file_type().unwrap().is_file())
        .map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap()))
        .filter(|(name, _)| !name.ends_with("-shm"))
        .collect()
}
