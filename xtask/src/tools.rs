//! What the steps need, whether it is there, and how it gets there.

use std::path::PathBuf;

use crate::steps::Step;
use crate::table::table;
use crate::workspace::{Workspace, tools_root};
use crate::{python, sh};

// Versions that are installed where there is none; any version that is there is accepted, but for
// wasm-bindgen, whose tool must be of the version of the library.
const NEXTEST: &str = "0.9.151";
const DENY: &str = "0.20.2";

/// Something that a step needs on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    CCompiler,
    Rustfmt,
    Clippy,
    Nextest,
    Deny,
    WasmTarget,
    WasmBindgen,
    Node,
    Python,
    PythonPackages,
    Postgres,
}

impl Tool {
    const fn name(self) -> &'static str {
        match self {
            Self::CCompiler => "C compiler",
            Self::Rustfmt => "rustfmt",
            Self::Clippy => "clippy",
            Self::Nextest => "cargo-nextest",
            Self::Deny => "cargo-deny",
            Self::WasmTarget => "Rust for wasm32",
            Self::WasmBindgen => "wasm-bindgen",
            Self::Node => "node 18 or later",
            Self::Python => "python3 with venv",
            Self::PythonPackages => {
                "maturin, pytest, holidays, python-stdnum, schwifty, localstripe"
            }
            Self::Postgres => "PostgreSQL server",
        }
    }

    fn is_there(self, workspace: &Workspace) -> Result<bool, String> {
        let says = |program: &str, arguments: &[&str]| {
            sh::capture(workspace.command(program).args(arguments)).ok()
        };
        Ok(match self {
            Self::CCompiler => says("cc", &["--version"]).is_some(),
            Self::Rustfmt => says("cargo", &["fmt", "--version"]).is_some(),
            Self::Clippy => says("cargo", &["clippy", "--version"]).is_some(),
            Self::Nextest => says("cargo", &["nextest", "--version"]).is_some(),
            Self::Deny => says("cargo", &["deny", "--version"]).is_some(),
            Self::WasmTarget => says("rustc", &["--print", "sysroot"]).is_some_and(|sysroot| {
                let libraries = PathBuf::from(sysroot.trim()).join("lib").join("rustlib");
                libraries.join("wasm32-unknown-unknown").is_dir()
            }),
            Self::WasmBindgen => {
                let version = workspace.locked_version("wasm-bindgen")?;
                says("wasm-bindgen", &["--version"])
                    .is_some_and(|said| said.split_whitespace().nth(1) == Some(&version))
            }
            Self::Node => says("node", &["--version"]).is_some_and(|said| major(&said) >= 18),
            Self::Python => says("python3", &["-c", "import venv, ensurepip"]).is_some(),
            Self::PythonPackages => python::packages_are_there(workspace),
            Self::Postgres => has_postgres(says("pg_config", &["--bindir"])),
        })
    }

    /// Ways to install it, best first, each a line for a shell.
    fn ways(self, workspace: &Workspace) -> Result<Vec<String>, String> {
        Ok(match self {
            Self::CCompiler => apt("gcc libc6-dev"),
            Self::Rustfmt => vec!["rustup component add rustfmt".to_owned()],
            Self::Clippy => vec!["rustup component add clippy".to_owned()],
            Self::Nextest => cargo("cargo-nextest", NEXTEST),
            Self::Deny => cargo("cargo-deny", DENY),
            Self::WasmTarget => vec!["rustup target add wasm32-unknown-unknown".to_owned()],
            Self::WasmBindgen => {
                cargo("wasm-bindgen-cli", &workspace.locked_version("wasm-bindgen")?)
            }
            Self::Node => apt("nodejs"),
            Self::Python => apt("python3 python3-venv"),
            Self::PythonPackages => vec![python::install_line(workspace)],
            Self::Postgres => apt("postgresql"),
        })
    }

    /// Whether it goes into the build directory only, and so needs nobody's leave.
    const fn is_ours(self) -> bool {
        matches!(self, Self::PythonPackages)
    }

    fn install(self, workspace: &Workspace) -> Result<bool, String> {
        for way in self.ways(workspace)? {
            let mut command = workspace.command("sh");
            command.args(["-c", &way]);
            // Tools are run for seconds and built for minutes: build them fast, and apart.
            command
                .env("CARGO_INSTALL_ROOT", tools_root())
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                .env("DEBIAN_FRONTEND", "noninteractive")
                .env_remove("CARGO_TARGET_DIR")
                .env_remove("RUSTFLAGS");
            if sh::status(&mut command)? && self.is_there(workspace)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Sees to it that all tools of the steps are there: installs what is missing where it can, else
/// prints what is missing and how to install it, and returns `false`.
///
/// # Errors
/// When the workspace does not say which version of a tool it needs, or a shell cannot be started.
pub(crate) fn ensure(
    workspace: &Workspace,
    steps: &[&'static Step],
    install: bool,
) -> Result<bool, String> {
    let mut tools: Vec<Tool> = steps.iter().flat_map(|step| step.tools).copied().collect();
    tools.sort_unstable();
    tools.dedup();
    let may_install = install && is_debian_root();
    let mut missing = Vec::new();
    for tool in tools {
        if tool.is_there(workspace)? {
            continue;
        }
        // The Python packages need Python: without it, trying says nothing new.
        let hopeless = tool == Tool::PythonPackages && missing.contains(&Tool::Python);
        let allowed = may_install || (install && tool.is_ours());
        if hopeless || !allowed || !tool.install(workspace)? {
            missing.push(tool);
        }
    }
    if missing.is_empty() {
        return Ok(true);
    }
    let mut rows = vec![["missing", "needed by", "install with"].map(str::to_owned).to_vec()];
    for tool in &missing {
        let users: Vec<_> =
            steps.iter().filter(|s| s.tools.contains(tool)).map(|s| s.name).collect();
        let ways = tool.ways(workspace)?.join(" || ");
        rows.push(vec![tool.name().to_owned(), users.join(", "), ways]);
    }
    println!("\n{}\nnothing was run: install these first", table(&rows));
    Ok(false)
}

/// Whether the server is there: where `pg_config` says, or where Debian puts it.
fn has_postgres(told: Option<String>) -> bool {
    let told = told.map(|folder| PathBuf::from(folder.trim()));
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders = told.into_iter().chain(versions.map(|version| version.path().join("bin")));
    folders.any(|folder| folder.join("initdb").exists())
}

fn apt(packages: &str) -> Vec<String> {
    let install = format!("apt-get install -y --no-install-recommends {packages}");
    vec![format!("apt-get update && {install}")]
}

fn cargo(package: &str, version: &str) -> Vec<String> {
    let any = format!("cargo install {package}@{version}");
    vec![format!("cargo install --locked {package}@{version}"), any]
}

fn is_debian_root() -> bool {
    std::path::Path::new("/etc/debian_version").exists()
        && sh::capture(std::process::Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// The 20 of `v20.20.2`.
fn major(version: &str) -> u32 {
    let digits = version.trim().trim_start_matches('v');
    digits.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_are_read() {
        assert_eq!(major("v20.20.2\n"), 20);
        assert_eq!(major("v8.1"), 8);
        assert_eq!(major("what"), 0);
    }

    #[test]
    fn each_missing_tool_has_an_install_line() {
        let workspace = Workspace::open().unwrap();
        for tool in crate::steps::STEPS.iter().flat_map(|step| step.tools) {
            let ways = tool.ways(&workspace).unwrap();
            assert!(ways.iter().all(|way| !way.is_empty()) && !ways.is_empty(), "{tool:?}");
        }
    }
}
