//! A customer store from the first registration to a proven erasure.
//!
//! It holds no rule of its own: what is accepted, shown, refused and erased is decided by the
//! policy and the library. It exits with 0 only if everything it printed is true.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod args;
mod run;

use std::process::ExitCode;

use args::{Command, USAGE};

fn main() -> ExitCode {
    let outcome = match args::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(Command::Verify { receipt, keys, json }) => run::verify(&receipt, &keys, json),
        Ok(Command::Run(options)) => tacenda::block_on(run::run(&options)),
        Err(wrong) => {
            eprintln!("{wrong}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nfailed: {error}");
            let mut cause = error.source();
            while let Some(next) = cause {
                eprintln!("{next}");
                cause = next.source();
            }
            ExitCode::FAILURE
        }
    }
}
