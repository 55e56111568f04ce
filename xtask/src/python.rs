//! The Python package: built by maturin into an environment in the build directory, then tested.

use std::path::PathBuf;

use crate::sh;
use crate::steps::{Outcome, run_tests};
use crate::tally::Runner;
use crate::workspace::Workspace;

/// Whether the environment has all that the build and the tests need.
pub(crate) fn packages_are_there(workspace: &Workspace) -> bool {
    let program = |name: &str| environment(workspace).join("bin").join(name);
    sh::works(&program("maturin").to_string_lossy(), &["--version"])
        && sh::works(&program("python").to_string_lossy(), &["-m", "pytest", "--version"])
        && sh::works(
            &program("python").to_string_lossy(),
            &["-c", "import holidays, localstripe, schwifty, stdnum"],
        )
}

/// Makes the environment and installs into it.
pub(crate) fn install_line(workspace: &Workspace) -> String {
    let environment = environment(workspace);
    let path = environment.display();
    // What is compared is compared with one release: the next may know of a decree that ours do not.
    let packages = "'maturin>=1.9,<2' 'pytest>=8,<10' 'holidays==0.109' 'python-stdnum==2.2' \
        'schwifty==2026.10.1' 'localstripe==1.15.10'";
    format!("python3 -m venv '{path}' && '{path}/bin/python' -m pip install -q {packages}")
}

/// Builds the package into the environment and runs its tests.
pub(crate) fn test_bindings(workspace: &Workspace) -> Result<Outcome, String> {
    let environment = environment(workspace);
    let bin = environment.join("bin");
    let folder = workspace.root().join("bindings").join("python");
    let mut build = workspace.command(&bin.join("maturin").to_string_lossy());
    build.args(["develop", "--quiet"]).current_dir(&folder).env("VIRTUAL_ENV", &environment);
    if std::env::var_os("CI").is_some() {
        build.arg("--locked");
    }
    if !sh::status(&mut build)? {
        return Ok(Outcome::of(false));
    }
    let mut test = workspace.command(&bin.join("python").to_string_lossy());
    test.args(["-m", "pytest", "-q", "tests"]).current_dir(&folder);
    run_tests(test, Runner::Pytest)
}

/// Compares the tables of public holidays with those of a Python package.
pub(crate) fn compare_holidays(workspace: &Workspace) -> Result<Outcome, String> {
    let mut test = workspace.command("cargo");
    test.args(["nextest", "run", "-p", "tacenda-core", "--test", ORACLE, "--run-ignored", "all"]);
    test.env("TACENDA_HOLIDAYS_PYTHON", environment(workspace).join("bin").join("python"));
    run_tests(test, Runner::Nextest)
}

/// Compares verdicts on account numbers, creditor identifiers and VAT numbers with those of two Python
/// packages.
pub(crate) fn compare_identifiers(workspace: &Workspace) -> Result<Outcome, String> {
    let mut build = workspace.cargo("build");
    build.args(["--quiet", "-p", "tacenda-payments", "--example", "verdicts"]);
    if !sh::status(&mut build)? {
        return Ok(Outcome::of(false));
    }
    let python = environment(workspace).join("bin").join("python");
    let mut compare = workspace.command(&python.to_string_lossy());
    compare
        .arg("crates/payments/tests/oracles/compare.py")
        .arg(workspace.target().join("debug").join("examples").join("verdicts"));
    sh::status(&mut compare).map(Outcome::of)
}

/// Calls a server of Stripe's API on this machine.
pub(crate) fn call_localstripe(workspace: &Workspace) -> Result<Outcome, String> {
    let mut test = workspace.command("cargo");
    test.args(["nextest", "run", "-p", "tacenda-payments", "--test", LOCALSTRIPE]);
    test.args(["--run-ignored", "all"]);
    test.env("TACENDA_LOCALSTRIPE", environment(workspace).join("bin").join("python"));
    run_tests(test, Runner::Nextest)
}

/// The tests that need a Python package, and so a step of their own.
pub(crate) const ORACLE: &str = "oracle_holidays";
pub(crate) const LOCALSTRIPE: &str = "localstripe";

fn environment(workspace: &Workspace) -> PathBuf {
    workspace.target().join("python")
}
