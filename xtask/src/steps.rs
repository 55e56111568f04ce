//! The steps of `cargo xtask test`, and running them.

use std::time::Instant;

use crate::table::table;
use crate::tally::{Runner, Tally};
use crate::tools::Tool;
use crate::workspace::Workspace;
use crate::{arrows, python, sh, wasm};

/// One step.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) tools: &'static [Tool],
    run: fn(&Workspace) -> Result<Outcome, String>,
}

/// How a step ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) success: bool,
    pub(crate) tally: Tally,
    pub(crate) note: String,
}

impl Outcome {
    /// The outcome of a step that counts no tests.
    pub(crate) fn of(success: bool) -> Self {
        Self { success, tally: Tally::default(), note: String::new() }
    }
}

/// All steps, the quick ones first.
pub(crate) static STEPS: &[Step] = &[
    Step { name: "fmt", about: "formatting", tools: &[Tool::Rustfmt], run: fmt },
    Step { name: "arrows", about: "which crate may use which", tools: &[], run: arrows::step },
    Step {
        name: "clippy",
        about: "lints, in every crate and target, and in the facade feature by feature",
        tools: &[Tool::CCompiler, Tool::Clippy, Tool::Python],
        run: clippy,
    },
    Step {
        name: "nextest",
        about: "unit and integration tests; those on shared data if TACENDA_SHARED is set",
        tools: &[Tool::CCompiler, Tool::Nextest, Tool::Postgres],
        run: nextest,
    },
    Step {
        name: "citus",
        about: "the PostgreSQL store and safe on a Citus cluster, if TACENDA_TEST_CITUS_URL names one",
        tools: &[Tool::CCompiler, Tool::Nextest, Tool::Postgres],
        run: citus,
    },
    Step {
        name: "doctest",
        about: "examples in the documentation",
        tools: &[Tool::CCompiler],
        run: doctest,
    },
    Step {
        name: "doc",
        about: "the documentation builds without a warning",
        tools: &[Tool::CCompiler, Tool::Python],
        run: doc,
    },
    Step {
        name: "wasm",
        about: "core, rooms and facade compile to wasm32",
        tools: &[Tool::WasmTarget],
        run: wasm::check,
    },
    Step {
        name: "wasm-bindings",
        about: "the JavaScript package, tested in node",
        tools: &[Tool::WasmTarget, Tool::WasmBindgen, Tool::Node],
        run: wasm::test_bindings,
    },
    Step {
        name: "python",
        about: "the Python package, tested with pytest",
        tools: &[Tool::CCompiler, Tool::Python, Tool::PythonPackages],
        run: python::test_bindings,
    },
    Step {
        name: "holidays",
        about: "public holidays from 2000 to 2100, compared with a Python package",
        tools: &[Tool::CCompiler, Tool::Nextest, Tool::Python, Tool::PythonPackages],
        run: python::compare_holidays,
    },
    Step {
        name: "identifiers",
        about: "verdicts on random identifiers, compared with two Python packages",
        tools: &[Tool::CCompiler, Tool::Python, Tool::PythonPackages],
        run: python::compare_identifiers,
    },
    Step {
        name: "localstripe",
        about: "the Stripe provider against a server of its API on this machine",
        tools: &[Tool::CCompiler, Tool::Nextest, Tool::Python, Tool::PythonPackages],
        run: python::call_localstripe,
    },
    Step {
        name: "deny",
        about: "licences, bans and sources of dependencies",
        tools: &[Tool::Deny],
        run: deny,
    },
];

/// Runs steps one after the other, all of them even if one fails, and prints how each ended.
///
/// # Errors
/// Never at present; a step that cannot run is a failed step.
pub(crate) fn run_all(workspace: &Workspace, steps: &[&'static Step]) -> Result<bool, String> {
    let mut rows = vec![["step", "result", "seconds", "tests", ""].map(str::to_owned).to_vec()];
    let mut total = Tally::default();
    let mut all_good = !steps.is_empty();
    for step in steps {
        println!("\n== {}: {}", step.name, step.about);
        let start = now();
        let outcome = (step.run)(workspace).unwrap_or_else(|message| {
            println!("{message}");
            Outcome::of(false)
        });
        all_good &= outcome.success;
        total += outcome.tally;
        rows.push(vec![
            step.name.to_owned(),
            if outcome.success { "ok" } else { "FAILED" }.to_owned(),
            format!("{:.1}", start.elapsed().as_secs_f64()),
            if outcome.tally == Tally::default() { String::new() } else { words(outcome.tally) },
            outcome.note,
        ]);
    }
    println!("\n{}", table(&rows));
    if total != Tally::default() {
        println!("{}", words(total));
    }
    Ok(all_good)
}

/// Runs a test runner and counts its tests; a runner that counts none has failed.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn run_tests(
    mut command: std::process::Command,
    runner: Runner,
) -> Result<Outcome, String> {
    let (success, said) = sh::tee(&mut command)?;
    Ok(match runner.count(&said) {
        Some(tally) => {
            Outcome { success: success && tally.failed == 0, tally, note: String::new() }
        }
        None => Outcome { note: "no tests were counted".to_owned(), ..Outcome::of(false) },
    })
}

/// Writes `docs/errors.md` anew; the test that compares it does the writing.
///
/// # Errors
/// When cargo cannot be started.
pub(crate) fn write_errors_page(workspace: &Workspace) -> Result<bool, String> {
    let mut command = workspace.cargo("test");
    command.args(["--quiet", "-p", "tacenda", "--test", "errors_page"]).env("TACENDA_BLESS", "1");
    sh::status(&mut command)
}

/// Moves a store from SQLite to PostgreSQL. The URLs, which may hold passwords, are not shown.
///
/// # Errors
/// When cargo cannot be started.
pub(crate) fn move_store(workspace: &Workspace, places: &[String; 4]) -> Result<bool, String> {
    let mut command = workspace.cargo("run");
    command.args(["--release", "-p", "tacenda-store", "--features", "postgres"]);
    command.args(["--example", "move_to_postgres", "--"]).args(places);
    let status = command.status().map_err(|error| format!("cargo cannot be started: {error}"))?;
    Ok(status.success())
}

fn fmt(workspace: &Workspace) -> Result<Outcome, String> {
    sh::status(workspace.command("cargo").args(["fmt", "--all", "--check"])).map(Outcome::of)
}

/// Features of the facade that are built together everywhere else.
const FEATURES: [&str; 5] = ["postgres", "smtp", "sqlite", "stripe", "tracing"];

fn clippy(workspace: &Workspace) -> Result<Outcome, String> {
    let mut command = workspace.cargo("clippy");
    command.args(["--workspace", "--all-targets", "--", "-D", "warnings"]);
    let mut success = sh::status(&mut command)?;
    for feature in FEATURES {
        let mut command = workspace.cargo("clippy");
        command.args(["-p", "tacenda", "--lib", "--no-default-features", "--features", feature]);
        command.args(["--", "-D", "warnings"]);
        success &= sh::status(&mut command)?;
    }
    Ok(Outcome::of(success))
}

fn nextest(workspace: &Workspace) -> Result<Outcome, String> {
    let mut command = workspace.command("cargo");
    command.args(["nextest", "run", "--workspace", "--exclude", "tacenda-python"]);
    if workspace.shared().is_some() {
        let own = format!("not (binary({}) | binary({}))", python::ORACLE, python::LOCALSTRIPE);
        command.args(["--run-ignored", "all", "-E", &own]);
    }
    let mut outcome = run_tests(command, Runner::Nextest)?;
    if workspace.shared().is_none() {
        let count = outcome.tally.skipped;
        outcome.note = format!("TACENDA_SHARED is not set: {count} tests were not run");
    }
    Ok(outcome)
}

/// Citus is in no package registry, so that nothing here can start it. One case after the other: a scrub
/// waits for whoever reads in the same database.
fn citus(workspace: &Workspace) -> Result<Outcome, String> {
    const URL: &str = "TACENDA_TEST_CITUS_URL";
    if std::env::var_os(URL).is_none() {
        let note = format!("{URL} is not set: not run");
        return Ok(Outcome { note, ..Outcome::of(true) });
    }
    let mut command = workspace.command("cargo");
    command.args(["nextest", "run", "-p", "tacenda-store", "-p", "tacenda", "--test", "citus"]);
    command.args(["--features", "tacenda/postgres", "--ignore-default-filter"]);
    command.args(["--test-threads", "1"]);
    run_tests(command, Runner::Nextest)
}

fn doctest(workspace: &Workspace) -> Result<Outcome, String> {
    let mut command = workspace.cargo("test");
    command.args(["--doc", "--workspace", "--exclude", "tacenda-python"]);
    run_tests(command, Runner::Libtest)
}

fn doc(workspace: &Workspace) -> Result<Outcome, String> {
    let mut command = workspace.cargo("doc");
    command
        .args([
            "--workspace",
            "--no-deps",
            "--features",
            "tacenda/postgres,tacenda/smtp,tacenda/stripe,tacenda/tracing",
        ])
        .env("RUSTDOCFLAGS", "-D warnings");
    sh::status(&mut command).map(Outcome::of)
}

fn deny(workspace: &Workspace) -> Result<Outcome, String> {
    let mut command = workspace.command("cargo");
    // Advisories need the network; they are looked at by hand (CONTRIBUTING.md).
    command.args(["deny", "--workspace", "check", "--hide-inclusion-graph"]);
    command.args(["licenses", "bans", "sources"]);
    sh::status(&mut command).map(Outcome::of)
}

fn words(tally: Tally) -> String {
    let Tally { passed, failed, skipped } = tally;
    format!("{passed} passed, {failed} failed, {skipped} skipped")
}

#[expect(clippy::disallowed_methods, reason = "measures the chores, not the product")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(script: &str) -> std::process::Command {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_runner_must_succeed_and_count_its_tests() {
        let summary = "echo 'Summary [ 0.1s] 1 test run: 1 passed, 2 skipped'";
        let good = run_tests(runner(summary), Runner::Nextest).unwrap();
        assert!(good.success);
        assert_eq!(good.tally, Tally { passed: 1, failed: 0, skipped: 2 });
        let crashed = run_tests(runner(&format!("{summary}; exit 1")), Runner::Nextest).unwrap();
        assert!(!crashed.success);
        assert!(!run_tests(runner("true"), Runner::Nextest).unwrap().success);
    }

    #[test]
    fn step_names_are_unique() {
        let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
