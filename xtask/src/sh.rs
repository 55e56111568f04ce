//! Running other programs: quietly, in the open, or in the open while keeping what they say.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

/// Runs a program and returns whether it succeeded; its output goes to ours.
///
/// # Errors
/// When the program cannot be started.
pub(crate) fn status(command: &mut Command) -> Result<bool, String> {
    announce(command);
    command.status().map(|status| status.success()).map_err(|error| cannot_start(command, &error))
}

/// Runs a program silently and returns its standard output, if it succeeded.
///
/// # Errors
/// When the program cannot be started or fails; the message ends with what it said.
pub(crate) fn capture(command: &mut Command) -> Result<String, String> {
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| cannot_start(command, &error))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{} failed: {}", program(command), said.trim()))
    }
}

/// Runs a program with its output shown and kept: whether it succeeded, and all that it said.
///
/// # Errors
/// When the program cannot be started.
pub(crate) fn tee(command: &mut Command) -> Result<(bool, String), String> {
    announce(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_start(command, &error))?;
    let out = child.stdout.take().map(|pipe| thread::spawn(move || copy(pipe, std::io::stdout())));
    let err = child.stderr.take().map(|pipe| thread::spawn(move || copy(pipe, std::io::stderr())));
    let status = child.wait().map_err(|error| cannot_start(command, &error))?;
    let mut said = String::new();
    for thread in [out, err].into_iter().flatten() {
        said.push_str(&thread.join().unwrap_or_default());
    }
    Ok((status.success(), said))
}

/// Whether a program starts and succeeds, with nothing shown.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn announce(command: &Command) {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    println!("$ {} {}", program(command), words.join(" "));
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("{} cannot be run: {error}", program(command))
}

fn copy(pipe: impl Read, mut to: impl Write) -> String {
    let mut said = String::new();
    let mut lines = BufReader::new(pipe);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        // A closed terminal is no reason to stop a test run; the outcome is what counts.
        drop(to.write_all(&line).and_then(|()| to.flush()));
        said.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_kept_and_failure_is_seen() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; exit 3"]);
        let (success, said) = tee(&mut command).unwrap();
        assert!(!success);
        assert!(said.contains("one\n") && said.contains("two\n"));
        assert!(capture(Command::new("sh").args(["-c", "echo no >&2; exit 1"])).is_err());
        assert!(tee(&mut Command::new("no-such-program-here")).is_err());
        assert!(!works("no-such-program-here", &[]));
    }
}
