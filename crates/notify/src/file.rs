//! Letters as files, one each, for development and for mail systems that collect from a folder.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use lettre::Transport as _;
use tacenda_core::error::Retry;
use tacenda_core::{Code, Kind, Result};

use crate::letter::{Letter, Transport};

/// A letter could not be written to its folder.
pub static NOT_WRITTEN: Code =
    Code::new("notify.not_written", Kind::Unavailable, "the letter could not be written to a file")
        .retry(Retry::Unknown);

/// Writes each letter as an `.eml` file (RFC 5322) with a random name.
///
/// The files hold an address and a text in clear: the folder is to be read by its owner alone, and
/// to be emptied by whoever collects from it. It is no place to keep letters.
#[derive(Debug, Clone)]
pub struct FileTransport {
    folder: PathBuf,
    inner: lettre::FileTransport,
}

impl FileTransport {
    /// A transport that writes into a folder, which is made if it is missing; on Unix only its
    /// owner may then read it.
    ///
    /// # Errors
    /// [`NOT_WRITTEN`].
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|error| NOT_WRITTEN.error().caused_by(error))?;
        Ok(Self { folder: folder.to_owned(), inner: lettre::FileTransport::new(folder) })
    }

    /// Writes a letter and tells its file.
    ///
    /// # Errors
    /// [`crate::BAD_LETTER`], [`NOT_WRITTEN`].
    pub fn write(&self, letter: &Letter) -> Result<PathBuf> {
        let message = letter.to_message()?;
        let id = self.inner.send(&message).map_err(|error| NOT_WRITTEN.error().caused_by(error))?;
        Ok(self.folder.join(id).with_extension("eml"))
    }
}

#[async_trait]
impl Transport for FileTransport {
    async fn deliver(&self, letter: &Letter) -> Result<()> {
        self.write(letter).map(|_| ())
    }
}
