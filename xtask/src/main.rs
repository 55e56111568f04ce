//! The project's chores: `cargo xtask test` runs every test, `cargo xtask STEP` runs one step.
//!
//! A new step is a function in [`steps`] (or a file of its own) and a line in [`steps::STEPS`]; a
//! tool that it needs is a variant of [`tools::Tool`].
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command-line tool talks to its terminal")]

mod arrows;
mod python;
mod sh;
mod steps;
mod table;
mod tally;
mod tools;
mod wasm;
mod workspace;

use std::process::ExitCode;

use crate::steps::{STEPS, Step};
use crate::workspace::Workspace;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = parse(&arguments).and_then(|request| match request {
        Request::Help => {
            println!("{}", help());
            Ok(true)
        }
        Request::Run { steps, install } => run(&steps, install),
        Request::WriteErrors => Workspace::open().and_then(|ws| steps::write_errors_page(&ws)),
        Request::Move(places) => Workspace::open().and_then(|ws| steps::move_store(&ws, &places)),
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            println!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the steps, after all that they need is there: nothing is half run for want of a tool.
fn run(steps: &[&'static Step], install: bool) -> Result<bool, String> {
    let workspace = Workspace::open()?;
    if !tools::ensure(&workspace, steps, install)? {
        return Ok(false);
    }
    steps::run_all(&workspace, steps)
}

/// What the command line asked for.
#[derive(Debug)]
enum Request {
    Help,
    Run { steps: Vec<&'static Step>, install: bool },
    WriteErrors,
    Move([String; 4]),
}

fn parse(arguments: &[String]) -> Result<Request, String> {
    let Some((command, rest)) = arguments.split_first() else { return Ok(Request::Help) };
    match command.as_str() {
        "help" | "--help" | "-h" => Ok(Request::Help),
        "errors" if rest.is_empty() => Ok(Request::WriteErrors),
        "move" => match rest {
            [rows, keys, url, keys_url] => {
                Ok(Request::Move([rows, keys, url, keys_url].map(Clone::clone)))
            }
            _ => Err(format!("`move` takes two files and two URLs\n\n{}", help())),
        },
        "test" => {
            let mut steps: Vec<&'static Step> = STEPS.iter().collect();
            let mut install = true;
            let mut rest = rest.iter();
            while let Some(flag) = rest.next() {
                match flag.as_str() {
                    "--only" => steps = find_all(rest.next())?,
                    "--skip" => {
                        let skipped = find_all(rest.next())?;
                        steps.retain(|step| skipped.iter().all(|s| s.name != step.name));
                    }
                    "--no-install" => install = false,
                    other => return Err(format!("`{other}` is not known\n\n{}", help())),
                }
            }
            Ok(Request::Run { steps, install })
        }
        name if rest.is_empty() => Ok(Request::Run { steps: vec![find(name)?], install: true }),
        _ => Err(format!("a step takes no arguments\n\n{}", help())),
    }
}

fn find_all(list: Option<&String>) -> Result<Vec<&'static Step>, String> {
    let list = list.ok_or("a list of steps is missing, as in `--only clippy,nextest`")?;
    list.split(',').map(find).collect()
}

fn find(name: &str) -> Result<&'static Step, String> {
    STEPS
        .iter()
        .find(|step| step.name == name)
        .ok_or_else(|| format!("there is no step `{name}`\n\n{}", help()))
}

fn help() -> String {
    let mut text = String::from(
        "cargo xtask test [--only STEP,…] [--skip STEP,…] [--no-install]\n\
         \x20   every step, or those chosen; what is missing is installed on Debian as root\n\
         cargo xtask STEP\n\
         \x20   one step\n\
         cargo xtask errors\n\
         \x20   writes docs/errors.md anew from the codes of all crates\n\
         cargo xtask move ROWS.db KEYS.db URL KEYS_URL\n\
         \x20   moves a store from SQLite to PostgreSQL and compares both; cut off, it is run again\n\n\
         steps:",
    );
    for step in STEPS {
        text.push_str(&format!("\n  {:<14}{}", step.name, step.about));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Vec<&'static str>, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match parse(&arguments)? {
            Request::Run { steps, .. } => Ok(steps.iter().map(|step| step.name).collect()),
            Request::Help | Request::WriteErrors | Request::Move(_) => Ok(Vec::new()),
        }
    }

    #[test]
    fn steps_are_chosen_by_name() {
        assert_eq!(parse_line("test").unwrap().len(), STEPS.len());
        assert_eq!(parse_line("test --only clippy,nextest").unwrap(), ["clippy", "nextest"]);
        assert_eq!(parse_line("arrows").unwrap(), ["arrows"]);
        assert!(!parse_line("test --skip deny").unwrap().contains(&"deny"));
    }

    #[test]
    fn what_is_not_known_is_an_error_and_never_an_empty_run() {
        for line in
            ["test --only clipy", "test --only", "test --fast", "tests", "arrows now", "move a b"]
        {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }
}
