//! The program that the README prints is the one that is built here, and it runs.

use std::fs;
use std::process::Command;

const README: &str = include_str!("../../README.md");
const PROGRAM: &str = include_str!("../sixty_seconds/main.rs");
const POLICY: &str = include_str!("../glpi-network-cloud/privacy.toml");

#[test]
fn the_readme_prints_the_program_to_the_letter() {
    let printed = README.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(printed == PROGRAM, "README.md and examples/sixty_seconds/main.rs differ");
}

#[test]
fn the_program_runs_in_a_folder_with_a_policy_and_once_more() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("privacy.toml"), POLICY).unwrap();
    let deps = std::env::current_exe().unwrap();
    let program = deps.ancestors().nth(2).unwrap().join("examples/sixty_seconds");
    assert!(program.exists(), "build it with `cargo build --examples`");
    for _ in 0..2 {
        let output = Command::new(&program).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
