//! How fast Tacenda is, as ratios to a floor: plain SQLite or plain hashing, measured in the same
//! run with the same settings, in turns.
//!
//! `cargo run --release -p tacenda-benches -- import|meanwhile|read|sweep|keeps|lists|erase|log|login|
//! argon|guard|identifiers|webhook|all [--quick]`; with `--features postgres` also `pg-import` and the
//! like.
//! A bench is a file with a `run`; it prints medians, the ratio, and what is required. Nothing
//! fails by being slow.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "printing figures is what a bench is for")]

mod argon;
mod erase;
mod guard;
mod identifiers;
mod import;
mod keeps;
mod lists;
mod log;
mod login;
mod meanwhile;
mod measure;
mod people;
mod plain;
#[cfg(feature = "postgres")]
mod postgres;
mod read;
mod sweep;
mod webhook;
mod world;

use std::process::ExitCode;

use measure::Result;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// A smoke run: a tenth of the rows, few rounds; its ratios say little.
    pub(crate) quick: bool,
    /// How many rows the large import has, if it is asked for.
    pub(crate) big: Option<u64>,
}

impl Size {
    /// The first for a whole run, the second for a quick one.
    pub(crate) const fn pick(self, whole: u64, quick: u64) -> u64 {
        if self.quick { quick } else { whole }
    }
}

type Bench = fn(Size) -> Result<()>;

const BENCHES: &[(&str, Bench)] = &[
    ("import", import::run),
    ("meanwhile", meanwhile::run),
    ("read", read::run),
    ("sweep", sweep::run),
    ("keeps", keeps::run),
    ("lists", lists::run),
    ("erase", erase::run),
    ("log", log::run),
    ("login", login::run),
    ("argon", argon::run),
    ("guard", guard::run),
    ("identifiers", identifiers::run),
    ("webhook", webhook::run),
    #[cfg(feature = "postgres")]
    ("pg-import", postgres::import::run),
    #[cfg(feature = "postgres")]
    ("pg-scale", postgres::scale::run),
    #[cfg(feature = "postgres")]
    ("pg-claims", postgres::claims::run),
    #[cfg(feature = "postgres")]
    ("pg-read", postgres::read::run),
    #[cfg(feature = "postgres")]
    ("pg-sweep", postgres::sweep::run),
];

fn main() -> ExitCode {
    let Err(error) = try_main() else { return ExitCode::SUCCESS };
    println!("{error}");
    let mut cause = error.source();
    while let Some(next) = cause {
        println!("  because: {next}");
        cause = next.source();
    }
    ExitCode::FAILURE
}

fn try_main() -> Result<()> {
    let mut size = Size { quick: false, big: None };
    let mut asked = Vec::new();
    for argument in std::env::args().skip(1) {
        if argument == "--quick" {
            size.quick = true;
        } else if let Some(rows) = argument.strip_prefix("--big") {
            size.big = Some(rows.strip_prefix('=').map_or(Ok(5_000_000), str::parse)?);
        } else {
            asked.push(argument);
        }
    }
    let known =
        |word: &String| word == "all" || BENCHES.iter().any(|(name, _)| *name == word.as_str());
    if asked.is_empty() || !asked.iter().all(known) {
        return Err(
            "usage: import|meanwhile|read|sweep|keeps|lists|erase|log|login|argon|guard|identifiers|\
             webhook|all [--quick] [--big[=ROWS]]; with the feature postgres also \
             pg-import|pg-scale|pg-claims|pg-read|pg-sweep"
                .into(),
        );
    }
    for (name, bench) in BENCHES {
        if asked.iter().any(|word| word == name || word == "all") {
            println!("{name}");
            bench(size)?;
        }
    }
    Ok(())
}
