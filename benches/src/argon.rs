//! Argon2id at the policy's default cost, against libargon2 in the Python package `argon2-cffi`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use tacenda::SystemRng;
use tacenda_core::password::{Params, Password, Workspace, hash};
use tacenda_core::rng;

use crate::Size;
use crate::measure::{Required, Result, Watch, median};

/// Hashes for as long as numbers come in, and answers each with the median in milliseconds.
const PEER: &str = "
import sys, time
from argon2.low_level import hash_secret_raw, Type
for line in sys.stdin:
    times = []
    for n in range(int(line)):
        salt = n.to_bytes(16, 'big')
        start = time.perf_counter()
        hash_secret_raw(b'correct horse battery staple', salt, 2, 19456, 1, 32, Type.ID)
        times.append((time.perf_counter() - start) * 1e3)
    print(sorted(times)[len(times) // 2], flush=True)
";

pub(crate) fn run(size: Size) -> Result<()> {
    let (hashes, rounds) = (size.pick(20, 5) as usize, size.pick(9, 2));
    let python = match peer() {
        Ok(python) => Some(python),
        Err(error) => {
            println!("  libargon2 was not run: {error}");
            None
        }
    };
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    let mut workspace = Workspace::new();
    for _ in 0..rounds {
        if let Some(python) = &python {
            floor.push(libargon2(python, hashes)?);
        }
        ours.push(our_median(hashes, &mut workspace)?);
    }
    let ours = median(&ours);
    println!("  m=19456 KiB, t=2, p=1: ours {ours:.1} ms");
    if python.is_some() {
        let floor = median(&floor);
        println!("  libargon2: {floor:.1} ms");
        Required::AtMost(0.8).report("argon, time to libargon2", ours / floor);
    }
    Ok(())
}

fn our_median(hashes: usize, workspace: &mut Workspace) -> Result<f64> {
    let password = Password::parse("correct horse battery staple")?;
    let params = Params::new(19_456, 2, 1)?;
    let mut times = Vec::with_capacity(hashes);
    for _ in 0..hashes {
        let watch = Watch::start();
        hash(&password, params, rng::generate(&SystemRng), workspace)?;
        times.push(watch.seconds() * 1e3);
    }
    Ok(median(&times))
}

fn libargon2(python: &Path, hashes: usize) -> Result<f64> {
    use std::io::Write as _;
    let mut child = Command::new(python)
        .args(["-c", PEER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // The first answer warms it up.
        write!(stdin, "2\n{hashes}\n")?;
    }
    let output = child.wait_with_output()?;
    let answer = String::from_utf8(output.stdout)?;
    Ok(answer.lines().nth(1).ok_or("libargon2 did not answer")?.trim().parse()?)
}

/// A Python that has `argon2-cffi`: a virtual environment in the target folder, made if it is not
/// there.
fn peer() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("the program is in no target folder")?;
    let venv = target.join("benches-argon2");
    let python = venv.join("bin").join("python");
    let ready = |python: &Path| {
        let check = Command::new(python)
            .args(["-c", "import argon2.low_level"])
            .stderr(Stdio::null())
            .status();
        check.is_ok_and(|status| status.success())
    };
    if ready(&python) {
        return Ok(python);
    }
    fs::create_dir_all(&venv)?;
    let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).output()?;
    if !made.status.success() {
        return Err("python3 cannot make a virtual environment".into());
    }
    let pip = ["-m", "pip", "install", "--quiet", "argon2-cffi"];
    let installed = Command::new(&python).args(pip).output()?;
    if installed.status.success() && ready(&python) {
        Ok(python)
    } else {
        Err("pip cannot install argon2-cffi".into())
    }
}
