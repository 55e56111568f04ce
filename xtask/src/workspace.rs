//! Where the workspace and its build directory lie, and commands that run in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::sh;

/// The workspace that this program belongs to.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    metadata: Value,
    shared: Option<PathBuf>,
}

impl Workspace {
    /// Finds the workspace and checks the folder of shared test data, if one is named.
    ///
    /// # Errors
    /// When `cargo metadata` fails, or `TACENDA_SHARED` names no directory.
    pub(crate) fn open() -> Result<Self, String> {
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = here.parent().ok_or("xtask lies in no workspace")?.to_path_buf();
        let mut command = Command::new("cargo");
        command.args(["metadata", "--format-version", "1", "--no-deps"]).current_dir(&root);
        let text = sh::capture(&mut command)?;
        let metadata: Value = serde_json::from_str(&text)
            .map_err(|error| format!("cargo metadata cannot be read: {error}"))?;
        let target = metadata
            .get("target_directory")
            .and_then(Value::as_str)
            .map(PathBuf::from)
            .ok_or("cargo metadata names no target directory")?;
        let shared = match std::env::var_os("TACENDA_SHARED") {
            None => None,
            Some(path) => Some(shared_dir(Path::new(&path))?),
        };
        Ok(Self { root, target, metadata, shared })
    }

    /// The folder with `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The build directory.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The folder of shared test data, absolute, if `TACENDA_SHARED` names one.
    pub(crate) fn shared(&self) -> Option<&Path> {
        self.shared.as_deref()
    }

    /// What `cargo metadata --no-deps` says.
    pub(crate) const fn metadata(&self) -> &Value {
        &self.metadata
    }

    /// A program that runs at the root, with the tools that xtask installs in its path.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", path_with_tools());
        // `cargo run` describes xtask in these; a build script must not see another package.
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&key);
            }
        }
        if let Some(shared) = &self.shared {
            command.env("TACENDA_SHARED", shared);
        }
        command
    }

    /// A cargo command; in CI (`CI` is set) the lock file must be right as it is.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = self.command("cargo");
        command.arg(subcommand);
        if std::env::var_os("CI").is_some() {
            command.arg("--locked");
        }
        command
    }

    /// The version of a package in `Cargo.lock`.
    ///
    /// # Errors
    /// When the lock file cannot be read or has no such package.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String, String> {
        let text = std::fs::read_to_string(self.root.join("Cargo.lock"))
            .map_err(|error| format!("Cargo.lock cannot be read: {error}"))?;
        version_in_lock(&text, package)
            .ok_or_else(|| format!("Cargo.lock has no package `{package}`"))
    }
}

/// Where xtask installs cargo tools: outside the build directory, so that they survive `cargo
/// clean`, and outside `~/.cargo/bin`, so that nobody's own versions are replaced.
pub(crate) fn tools_root() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    cache.unwrap_or_else(std::env::temp_dir).join("tacenda").join("tools")
}

fn path_with_tools() -> std::ffi::OsString {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(tools_root().join("bin")).chain(std::env::split_paths(&old));
    std::env::join_paths(all).unwrap_or(old)
}

fn shared_dir(path: &Path) -> Result<PathBuf, String> {
    match path.canonicalize() {
        Ok(full) if full.is_dir() => Ok(full),
        _ => Err("TACENDA_SHARED is set, but names no directory; unset it to leave out the tests \
                  that read shared data"
            .to_owned()),
    }
}

fn version_in_lock(text: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = text.lines().skip_while(|line| *line != name);
    lines.next()?;
    let version = lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_by_the_whole_name() {
        let lock = "[[package]]\nname = \"ab-c\"\nversion = \"2.0.0\"\n\n\
                    [[package]]\nname = \"ab\"\nversion = \"1.2.3\"\n";
        assert_eq!(version_in_lock(lock, "ab").as_deref(), Some("1.2.3"));
        assert_eq!(version_in_lock(lock, "b"), None);
    }

    #[test]
    fn a_shared_folder_that_is_missing_is_an_error() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(shared_dir(&here.join("src")).is_ok());
        assert!(shared_dir(&here.join("no-such-folder")).is_err());
        assert!(shared_dir(&here.join("Cargo.toml")).is_err());
        assert!(shared_dir(Path::new("")).is_err());
    }
}
