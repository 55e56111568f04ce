//! Whoever reads the example's output may stop at any line.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The example, which cargo builds beside this test.
fn lifecycle() -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    let program = deps.ancestors().nth(2).unwrap().join("examples/lifecycle");
    assert!(program.exists(), "build it with `cargo build --examples`");
    program
}

/// Reads so many lines and goes; answers with the exit code and what was complained of.
fn read_and_go(lines: usize) -> (Option<i32>, String) {
    let data = tempfile::tempdir().unwrap();
    let mut command = Command::new(lifecycle());
    command.arg("--data").arg(data.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..lines {
        output.read_line(&mut String::new()).unwrap();
    }
    drop(output);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

#[test]
fn it_ends_quietly_when_nobody_reads_any_more() {
    for lines in [0, 1] {
        let (code, said) = read_and_go(lines);
        assert_eq!(code, Some(141), "{said}");
        assert!(!said.contains("panicked") && !said.contains("failed"), "{said}");
    }
}

#[test]
fn it_succeeds_when_everything_is_read() {
    let (code, said) = read_and_go(1000);
    assert_eq!(code, Some(0), "{said}");
}
