//! WebAssembly: what must compile to it, and the JavaScript package.

use crate::sh;
use crate::steps::{Outcome, run_tests};
use crate::tally::Runner;
use crate::workspace::Workspace;

const TARGET: &str = "wasm32-unknown-unknown";
/// Each is checked by itself, so that no other crate switches a feature on for it.
const CRATES: &[&str] =
    &["tacenda-core", "tacenda-gdpr", "tacenda-payments", "tacenda-notify", "tacenda"];

/// `cargo check` for wasm32 of all that promises to run there, without default features.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome, String> {
    let mut success = true;
    for package in CRATES {
        let mut command = workspace.cargo("check");
        command.args(["--target", TARGET, "--no-default-features", "--package", package]);
        success &= sh::status(&mut command)?;
    }
    Ok(Outcome::of(success))
}

/// Builds the JavaScript package for node and runs its tests on it.
pub(crate) fn test_bindings(workspace: &Workspace) -> Result<Outcome, String> {
    let package = workspace.target().join("wasm-bindgen");
    let mut build = workspace.cargo("build");
    build.args(["--target", TARGET, "--package", "tacenda-wasm"]);
    let mut bind = workspace.command("wasm-bindgen");
    bind.args(["--target", "nodejs", "--out-dir"]).arg(&package);
    bind.arg(workspace.target().join(TARGET).join("debug").join("tacenda_wasm.wasm"));
    if !sh::status(&mut build)? || !sh::status(&mut bind)? {
        return Ok(Outcome::of(false));
    }
    let mut test = workspace.command("node");
    test.args(["--test", "--test-reporter=tap"]).env("TACENDA_WASM", &package);
    test.args(test_files(workspace)?);
    run_tests(test, Runner::Node)
}

fn test_files(workspace: &Workspace) -> Result<Vec<std::path::PathBuf>, String> {
    let folder = workspace.root().join("bindings").join("wasm").join("tests");
    let entries = std::fs::read_dir(&folder)
        .map_err(|error| format!("bindings/wasm/tests cannot be read: {error}"))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err("bindings/wasm/tests has no *.test.mjs".to_owned());
    }
    Ok(files)
}
