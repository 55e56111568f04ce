//! The arrows between our crates are those of ARCHITECTURE.md, and no others.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::steps::Outcome;
use crate::workspace::Workspace;

/// What each crate below the top may use of ours. The top (bindings, examples, benches, fuzz) may
/// use all of these but testkit, and nothing uses the top; benches, which nobody ships, may use
/// testkit too, for its throw-away databases.
const ARROWS: &[(&str, &[&str])] = &[
    ("tacenda-core", &[]),
    ("tacenda-gdpr", &["tacenda-core"]),
    ("tacenda-payments", &["tacenda-core"]),
    ("tacenda-notify", &["tacenda-core"]),
    ("tacenda-store", &["tacenda-core"]),
    ("tacenda-testkit", &["tacenda-core"]),
    (
        "tacenda",
        &["tacenda-core", "tacenda-gdpr", "tacenda-payments", "tacenda-notify", "tacenda-store"],
    ),
    ("xtask", &[]),
];
const TOP: &[&str] =
    &["tacenda-python", "tacenda-wasm", "tacenda-examples", "tacenda-benches", "tacenda-fuzz"];
const TESTKIT: &str = "tacenda-testkit";

pub(crate) fn step(workspace: &Workspace) -> Result<Outcome, String> {
    let crates = read(workspace.metadata())?;
    let wrong = wrong_arrows(&crates);
    for arrow in &wrong {
        println!("{arrow}");
    }
    if wrong.is_empty() {
        let arrows: usize = crates.iter().map(|c| c.uses.len()).sum();
        println!("{} crates, {arrows} arrows between them, each as drawn", crates.len());
    }
    Ok(Outcome::of(wrong.is_empty()))
}

/// A crate of the workspace and what it uses of the workspace.
#[derive(Debug)]
struct Crate {
    name: String,
    uses: BTreeSet<Use>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    name: String,
    dev: bool,
}

/// Reads `cargo metadata --no-deps`: its packages are those of the workspace. Renamed, optional
/// and target-specific dependencies stand there under their own names like all others.
fn read(metadata: &Value) -> Result<Vec<Crate>, String> {
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .filter(|packages| !packages.is_empty())
        .ok_or("cargo metadata lists no packages")?;
    let ours =
        packages.iter().map(|package| text(package, "name")).collect::<Result<Vec<_>, _>>()?;
    let mut crates = Vec::new();
    for package in packages {
        let dependencies = package
            .get("dependencies")
            .and_then(Value::as_array)
            .ok_or("cargo metadata lists no dependencies")?;
        let mut uses = BTreeSet::new();
        for dependency in dependencies {
            let name = text(dependency, "name")?;
            if ours.contains(&name) {
                let dev = dependency.get("kind").and_then(Value::as_str) == Some("dev");
                uses.insert(Use { name: name.to_owned(), dev });
            }
        }
        crates.push(Crate { name: text(package, "name")?.to_owned(), uses });
    }
    Ok(crates)
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    value
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("cargo metadata has a package without `{key}`"))
}

fn wrong_arrows(crates: &[Crate]) -> Vec<String> {
    let mut wrong = Vec::new();
    for Crate { name, uses } in crates {
        let Some(allowed) = allowed_for(name) else {
            wrong.push(format!("{name} is not in the picture: draw it, then add it to arrows.rs"));
            continue;
        };
        for Use { name: used, dev } in uses {
            // A crate that is its own dependency in tests turns a feature of itself on there.
            let for_tests = *dev && (used == TESTKIT && name != "xtask" || used == name);
            if !for_tests && !allowed.contains(&used.as_str()) {
                let how = if *dev { "uses, for its tests," } else { "uses" };
                let list = if allowed.is_empty() {
                    "nothing of ours".to_owned()
                } else {
                    allowed.join(", ")
                };
                wrong.push(format!("{name} {how} {used}; it may use {list}"));
            }
        }
    }
    wrong
}

fn allowed_for(name: &str) -> Option<Vec<&'static str>> {
    if TOP.contains(&name) {
        let below = ARROWS.iter().map(|(below, _)| *below);
        let may_test = name == "tacenda-benches";
        let allowed = |below: &&str| (may_test || *below != TESTKIT) && *below != "xtask";
        return Some(below.filter(allowed).collect());
    }
    ARROWS.iter().find(|(below, _)| *below == name).map(|(_, allowed)| allowed.to_vec())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Metadata of a workspace in which each line is `crate: uses, uses(dev), …`.
    fn found(lines: &[&str]) -> Vec<String> {
        let packages: Vec<Value> = lines
            .iter()
            .map(|line| {
                let (name, uses) = line.split_once(':').unwrap();
                let uses = uses.split(',').map(str::trim).filter(|used| !used.is_empty());
                let dependencies: Vec<Value> = uses
                    .map(|used| match used.split_once('(') {
                        Some((used, kind)) => {
                            json!({ "name": used, "kind": kind.trim_end_matches(')') })
                        }
                        None => json!({ "name": used, "kind": null, "rename": "hidden" }),
                    })
                    .collect();
                json!({ "name": name, "dependencies": dependencies })
            })
            .collect();
        wrong_arrows(&read(&json!({ "packages": packages })).unwrap())
    }

    const CORE: &str = "tacenda-core: serde, tacenda-testkit(dev)";
    const TESTKIT: &str = "tacenda-testkit: tacenda-core";
    const STORE: &str = "tacenda-store: tacenda-core, rusqlite, tacenda-testkit(dev)";
    const GDPR: &str = "tacenda-gdpr: tacenda-core";

    #[test]
    fn the_picture_is_allowed() {
        let facade = "tacenda: tacenda-core, tacenda-store, tacenda-gdpr, tacenda-testkit(dev)";
        let top = "tacenda-wasm: tacenda, tacenda-core";
        let xtask = "xtask: serde_json";
        assert!(found(&[CORE, TESTKIT, STORE, GDPR, facade, top, xtask]).is_empty());
    }

    #[test]
    fn each_wrong_arrow_is_found() {
        for (wrong, used) in [
            ("tacenda-gdpr: tacenda-core, tacenda-store", "tacenda-store"),
            ("tacenda-gdpr: tacenda-store(dev)", "tacenda-store"),
            ("tacenda-payments: tacenda-store(build)", "tacenda-store"),
            ("tacenda-notify: tacenda-testkit", "tacenda-testkit"),
            ("tacenda-wasm: tacenda-testkit", "tacenda-testkit"),
            ("tacenda: tacenda-testkit", "tacenda-testkit"),
            ("xtask: tacenda-core", "tacenda-core"),
            ("xtask: tacenda-testkit(dev)", "tacenda-testkit"),
        ] {
            let messages = found(&[CORE, TESTKIT, STORE, wrong]);
            assert_eq!(messages.len(), 1, "{wrong}: {messages:?}");
            assert!(messages[0].contains(used), "{wrong}: {messages:?}");
        }
        assert_eq!(found(&["tacenda-core: tacenda-store", "tacenda-store:"]).len(), 1);
        assert_eq!(found(&["tacenda-core: tacenda-wasm", "tacenda-wasm:"]).len(), 1);
        assert_eq!(found(&["tacenda-benches: tacenda-examples", "tacenda-examples:"]).len(), 1);
    }

    #[test]
    fn a_crate_that_is_not_drawn_is_found() {
        assert_eq!(found(&["tacenda-extra: serde"]).len(), 1);
    }

    #[test]
    fn metadata_that_says_nothing_is_an_error() {
        for nothing in [json!({}), json!({ "packages": [] }), json!({ "packages": [{}] })] {
            assert!(read(&nothing).is_err(), "{nothing}");
        }
    }

    #[test]
    fn this_workspace_is_as_drawn() {
        let workspace = Workspace::open().unwrap();
        assert!(wrong_arrows(&read(workspace.metadata()).unwrap()).is_empty());
    }
}
