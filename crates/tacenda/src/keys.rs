//! Where the master key comes from.

use std::fs;
use std::io::Write as _;
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
            Self::File(path) => {
                only_owner(path)?;
                let text = fs::read_to_string(path).map_err(|_| BAD_KEY.error())?;
                MasterKey::parse(&Zeroizing::new(text))
            }
        }
    }

    /// A file that is made with a new random key, mode 0600, if it is not there.
    ///
    /// # Errors
    /// As [`MasterKeySource::load`] later; [`NO_KEY`] if the file cannot be written.
    pub fn file_or_new(path: impl Into<PathBuf>, rng: &dyn Rng) -> Result<Self> {
        let path = path.into();
        if !path.exists() {
            // EXPOSE: a new master key is stored by its owner once.
            let text = MasterKey::generate(rng).expose();
            write_new(&path, &text).map_err(|error| NO_KEY.error().caused_by(error))?;
        }
        Ok(Self::File(path))
    }
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
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
        let source = MasterKeySource::file_or_new(&path, &SystemRng).unwrap();
        let first = source.load().unwrap().expose();
        MasterKeySource::file_or_new(&path, &SystemRng).unwrap();
        assert_eq!(source.load().unwrap().expose(), first, "an existing key is never replaced");
        fs::write(&path, "short").unwrap();
        assert!(source.load().unwrap_err().is(&BAD_KEY));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            assert!(source.load().unwrap_err().is(&OPEN_TO_OTHERS));
        }
    }
}
