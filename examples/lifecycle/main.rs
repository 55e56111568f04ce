//! A customer store from the first registration to a proven erasure.
//!
//! It holds no rule of its own: what is accepted, shown, refused and erased is decided by the
//! policy and the library. It exits with 0 only if everything it printed is true.

mod args;
mod breach;
mod dated;
mod hold;
mod intake;
mod objection;
mod payment;
mod request;
mod run;
mod warning;

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use args::{Command, USAGE};

/// How a shell shows a program that was ended because nobody read its output: 128 + SIGPIPE.
const NOBODY_READS: u8 = 141;
/// The sweep waits for a person; all else was done.
const WAITS: u8 = 3;

fn main() -> ExitCode {
    let outcome = match args::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => writeln!(io::stdout(), "{USAGE}").map_err(Into::into),
        Ok(Command::Verify { receipt, keys, json }) => run::verify(&receipt, &keys, json),
        Ok(Command::Run(options)) => tacenda::block_on(run::run(&options)),
        Err(wrong) => {
            complain(&format!("{wrong}\n\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::from(NOBODY_READS),
        Err(error) if error.is::<run::Waits>() => {
            complain(&format!("\n{error}"));
            ExitCode::from(WAITS)
        }
        Err(error) => {
            complain(&format!("\nfailed: {error}"));
            let mut cause = error.source();
            while let Some(next) = cause {
                complain(&next.to_string());
                cause = next.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Says what went wrong, to whoever still listens.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
