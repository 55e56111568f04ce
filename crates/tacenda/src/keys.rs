//! Where the master key comes from.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tacenda_core::ports::kek::BAD_KEY;
use tacenda_core::seal::MasterKey;
use tacenda_core::{Code, Kind, Result, Rng};
use zeroize::Zeroizing;

/// There is no master key where it was looked for.
pub static NO_KEY: Code = Code::new(
    "keys.no_master_key",
    Kind::Configuration,
    "there is no master key: set TACENDA_MASTER_KEY, or name a file that holds one",
);
/// The key file can be read by others than its owner.
pub static OPEN_TO_OTHERS: Code = Code::new(
    "keys.open_to_others",
    Kind::Configuration,
    "the key file can be read by others than its owner; its mode must be 0600",
);

/// The environment variable that holds the base64 of 32 bytes.
pub const MASTER_KEY_VARIABLE: &str = "TACENDA_MASTER_KEY";

/// Where the master key comes from.
#[derive(Debug, Clone, Default)]
pub enum MasterKeySource {
    /// The environment variable `TACENDA_MASTER_KEY`.
    #[default]
    Environment,
    /// A file that only its owner may read.
    File(PathBuf),
    /// As [`MasterKeySource::File`], and made with a new random key, mode 0600, when a safe begins and the
    /// file is not there. Beside a safe that has begun, a lost file is missed and not replaced: a new key
    /// would open nothing.
    ///
    /// Of several processes that begin at once one makes it, and all read the same. The key is whole on
    /// disk before the file has its name, so that a process that is killed leaves no half of one; what
    /// it may leave is a temporary file beside it, which nothing reads. The file system must know hard
    /// links.
    FileOrNew(PathBuf),
    /// A key that the caller already has.
    Given(MasterKey),
}

impl MasterKeySource {
    /// The key.
    ///
    /// # Errors
    /// [`NO_KEY`], [`OPEN_TO_OTHERS`], `keys.bad_master_key` for anything but the base64 of 32
    /// bytes.
    pub fn load(&self) -> Result<MasterKey> {
        match self {
            Self::Given(key) => Ok(key.clone()),
            Self::Environment => {
                let text = std::env::var(MASTER_KEY_VARIABLE).map_err(|_| NO_KEY.error())?;
                MasterKey::parse(&Zeroizing::new(text))
            }
            Self::File(path) | Self::FileOrNew(path) => {
                only_owner(path)?;
                let text = fs::read_to_string(path).map_err(|_| BAD_KEY.error())?;
                MasterKey::parse(&Zeroizing::new(text))
            }
        }
    }

    /// Whether there is no key yet, and one may be made.
    pub(crate) fn is_to_be_made(&self) -> bool {
        matches!(self, Self::FileOrNew(path) if !path.exists())
    }

    /// Makes the file of a key that is to be made; `begun` tells whether the safe has begun under another.
    ///
    /// # Errors
    /// [`NO_KEY`] if it has, or if the file cannot be made. A file that is there is never written to,
    /// whatever is in it: [`MasterKeySource::load`] says what is wrong with it.
    pub(crate) fn make(&self, begun: bool, rng: &dyn Rng) -> Result<()> {
        match self {
            // Another process may have made it since, and begun.
            Self::FileOrNew(path) if begun && !path.exists() => NO_KEY.err(),
            Self::FileOrNew(path) if !path.exists() => {
                make(path, rng).map_err(|error| NO_KEY.error().caused_by(error))
            }
            _ => Ok(()),
        }
    }
}

/// Makes a key file, unless somebody else does so first.
fn make(path: &Path, rng: &dyn Rng) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut temporary = name.to_owned();
    temporary.push(format!(".{:032x}.new", random(rng)));
    let temporary = path.with_file_name(temporary);
    // EXPOSE: a new master key is stored by its owner once.
    let text = MasterKey::generate(rng).expose();
    let mut file = create(&temporary)?;
    let made = write(&mut file, &text).and_then(|()| fs::hard_link(&temporary, path));
    let gone = fs::remove_file(&temporary);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other.and(gone)?,
    }
    sync_folder(path)
}

fn random(rng: &dyn Rng) -> u128 {
    let mut bytes = [0; 16];
    rng.fill(&mut bytes);
    u128::from_be_bytes(bytes)
}

fn create(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write(file: &mut fs::File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// Makes the names in the folder of a file durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn only_owner(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let found = fs::metadata(path).map_err(|_| NO_KEY.error())?;
    if found.permissions().mode() & 0o077 == 0 { Ok(()) } else { OPEN_TO_OTHERS.err() }
}

#[cfg(not(unix))]
fn only_owner(path: &Path) -> Result<()> {
    fs::metadata(path).map(|_| ()).map_err(|_| NO_KEY.error())
}

#[cfg(all(test, feature = "system"))]
mod tests {
    use super::*;
    use crate::SystemRng;

    #[test]
    fn a_key_file_is_made_once_and_read_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(MasterKeySource::File(path.clone()).load().unwrap_err().is(&NO_KEY));
        let source = made(&path);
        let first = source.load().unwrap().expose();
        made(&path);
        assert_eq!(source.load().unwrap().expose(), first, "an existing key is never replaced");
        assert_eq!(names(&folder), ["master.key"], "nothing else is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            assert!(source.load().unwrap_err().is(&OPEN_TO_OTHERS));
        }
    }

    #[test]
    fn beside_a_safe_that_has_begun_none_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let source = MasterKeySource::FileOrNew(folder.path().join("master.key"));
        assert!(source.is_to_be_made());
        assert!(source.make(true, &SystemRng).unwrap_err().is(&NO_KEY));
        assert!(names(&folder).is_empty());
        source.make(false, &SystemRng).unwrap();
        assert!(!source.is_to_be_made());
        source.make(true, &SystemRng).unwrap();
    }

    #[expect(clippy::unwrap_used, reason = "a helper of tests")]
    fn made(path: &Path) -> MasterKeySource {
        let source = MasterKeySource::FileOrNew(path.to_owned());
        source.make(false, &SystemRng).unwrap();
        source
    }

    #[expect(clippy::unwrap_used, reason = "a helper of tests")]
    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_that_is_no_key_is_said_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        for content in ["", "short", "AAAA\n"] {
            let _ = fs::remove_file(&path);
            write(&mut create(&path).unwrap(), content).unwrap();
            let source = made(&path);
            assert!(source.load().unwrap_err().is(&BAD_KEY));
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{content}\n"));
        }
    }

    #[test]
    fn what_a_killed_process_left_does_not_stand_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        // With these bytes the temporary file has the name of the one that is left.
        struct Zeros;
        impl Rng for Zeros {
            fn fill(&self, out: &mut [u8]) {
                out.fill(0);
            }
        }
        let left = format!("master.key.{:032x}.new", 0);
        create(&folder.path().join(&left)).unwrap();
        let source = MasterKeySource::FileOrNew(path.clone());
        let error = source.make(false, &Zeros).unwrap_err();
        assert!(error.is(&NO_KEY) && !path.exists(), "somebody may still be writing that one");
        made(&path).load().unwrap();
        assert_eq!(names(&folder).len(), 2);
    }

    #[test]
    fn all_who_start_at_once_read_the_same_key() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("master.key");
            let start = std::sync::Barrier::new(8);
            let keys: Vec<_> = std::thread::scope(|scope| {
                let one = || {
                    start.wait();
                    let source = made(&path);
                    source.load().unwrap().expose().to_string()
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(keys.iter().all(|key| *key == keys[0]));
            assert_eq!(names(&folder), ["master.key"]);
        }
    }
}
