//! Our verdicts on random identifiers against python-stdnum and schwifty, in an environment of its own
//! in the build directory.

use std::path::PathBuf;

use crate::sh;
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// Whether the environment has both.
pub(crate) fn packages_are_there(workspace: &Workspace) -> bool {
    sh::works(&python(workspace).to_string_lossy(), &["-c", "import schwifty, stdnum"])
}

/// Makes the environment and installs into it; versions that the comparison was made with.
pub(crate) fn install_line(workspace: &Workspace) -> String {
    let (folder, python) = (environment(workspace), python(workspace));
    let (folder, python) = (folder.display(), python.display());
    format!(
        "python3 -m venv '{folder}' && \
         '{python}' -m pip install -q python-stdnum==2.2 schwifty==2026.10.1"
    )
}

/// Builds the program that gives our verdicts and compares them.
pub(crate) fn compare(workspace: &Workspace) -> Result<Outcome, String> {
    let mut build = workspace.cargo("build");
    build.args(["--quiet", "-p", "tacenda-payments", "--example", "verdicts"]);
    if !sh::status(&mut build)? {
        return Ok(Outcome::of(false));
    }
    let program = workspace.target().join("debug").join("examples").join("verdicts");
    let mut command = workspace.command(&python(workspace).to_string_lossy());
    command.arg("crates/payments/tests/oracles/compare.py").arg(program);
    sh::status(&mut command).map(Outcome::of)
}

fn environment(workspace: &Workspace) -> PathBuf {
    workspace.target().join("oracles")
}

fn python(workspace: &Workspace) -> PathBuf {
    environment(workspace).join("bin").join("python")
}
