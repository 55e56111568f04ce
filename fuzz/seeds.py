#!/usr/bin/env python3
"""Fills fuzz/corpus with the vectors and the policies of this repository."""

import hashlib
import pathlib

FUZZ = pathlib.Path(__file__).resolve().parent
ROOT = FUZZ.parent


def seed(target: str, data: bytes) -> None:
    folder = FUZZ / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


for path in sorted((ROOT / "vectors" / "bytes").glob("*.txt")):
    lines = dict(line.split(":", 1) for line in path.read_text("utf-8").splitlines())
    target = lines["format"].strip()
    # One target reads both.
    target = target.removesuffix("-values")
    if (FUZZ / "fuzz_targets" / f"{target}.rs").exists() and "bytes" in lines:
        seed(target, bytes.fromhex(lines["bytes"].strip()))
    if "phc" in lines:
        seed("phc", lines["phc"].strip().encode())

for path in sorted((ROOT / "vectors" / "log").glob("*.txt")):
    head, _, receipt = path.read_bytes().partition(b"\n\n")
    seed("proof", receipt)
    seed("note", receipt.partition(b"\n\n")[2])
    for line in receipt.split(b"\n\n")[1:2]:
        seed("checkpoint", line + b"\n")
    for line in head.split(b"\n"):
        if line.startswith(b"vkey: "):
            seed("vkey", line[6:])

for path in sorted((ROOT / "vectors" / "guard").glob("*.txt")):
    for line in path.read_bytes().splitlines():
        seed("guard", line)
        seed("guard_stream", b"\x07" + line)

for path in [
    *ROOT.glob("examples/*/privacy.toml"),
    ROOT / "crates" / "testkit" / "src" / "world.toml",
    *ROOT.glob("crates/core/src/policy/tests/**/*.toml"),
]:
    seed("policy", path.read_bytes())

for target, texts in {
    "email": ["Jan@Żółw.example", "a.b+c@xn--w-uga1v8h.example", "ß@example.org"],
    "vat": ["PL 526-104-08-28", "BE 403.019.261", "EL094014201", "ESX0000000T", "EU372000041"],
    "creditor": ["DE98ZZZ09999999999", "fr72zzz123456", "IT66ZZZA1B2C3D4E5F6G7H8"],
    "iban": ["PL61 1090 1014 0000 0712 1981 2874", "de89370400440532013000", "NO9386011117947"],
}.items():
    for text in texts:
        seed(target, text.encode())
