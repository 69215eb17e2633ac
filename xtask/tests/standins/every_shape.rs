//! Every shape of repository under `tests/fixtures` by every command that reads or changes its files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use super::rehearse::rehearse;
use super::said::Said;
use super::sandbox::{Sandbox, files_below};

/// What a shape does otherwise than all others, each on purpose.
#[derive(Clone, Copy, Default)]
struct Otherwise {
    /// Options without which the move of tags is refused.
    bump_with: &'static [&'static str],
    /// Why tags don't move at all.
    stays: Option<&'static str>,
    /// What ends a rehearsal, and with which exit code.
    rehearsal: Option<(i32, &'static str)>,
}

/// Its modules are too old for the new images.
const OLD: &[&str] = &["--allow", "old-module"];
/// Both images lie in one ECR repository.
const APART: &[&str] =
    &["--set", "deploy-runner=runner-v1.3.0", "--set", "kaniko=kaniko-v1.3.0", "--allow", "old-module"];
const OLD_KANIKO: (i32, &str) = (3, "can't build v1.3.0: from v0.50.12 on a build needs `--env-secret`");
const AS_ONE: (i32, &str) = (3, "would be pushed as one");
/// The account of the registry is no part of the repository.
const ELSEWHERE: (i32, &str) = (3, "which is not in the accounts file");
const FOREIGN_BUILDER: (i32, &str) = (3, "would be pushed into another account than the one that builds it");

fn otherwise(name: &str) -> Otherwise {
    let otherwise = Otherwise::default();
    match name {
        "container-images" | "drifted" | "self-contained" | "two-roots" => {
            Otherwise { bump_with: OLD, rehearsal: Some(OLD_KANIKO), ..otherwise }
        }
        "one-repository" | "standalone-images-map" => {
            Otherwise { bump_with: APART, rehearsal: Some(AS_ONE), ..otherwise }
        }
        "custom-images" => {
            Otherwise { stays: Some("which is not a plain string"), rehearsal: Some(FOREIGN_BUILDER), ..otherwise }
        }
        "standalone-unknown" => Otherwise {
            stays: Some("the variable `tag` has no default, and no tfvars file sets it"),
            rehearsal: Some((3, "is an output of another module")),
            ..otherwise
        },
        "features" | "override" | "stacks" | "tfvars-file" | "values" => {
            Otherwise { rehearsal: Some(ELSEWHERE), ..otherwise }
        }
        "standalone-own-names" => Otherwise {
            stays: Some("nothing says which of the two it is"),
            rehearsal: Some((3, "nothing says which of the two it is")),
            ..otherwise
        },
        "standalone-wrapper" => Otherwise { rehearsal: Some(FOREIGN_BUILDER), ..otherwise },
        "standalone-order" => Otherwise { rehearsal: Some(OLD_KANIKO), ..otherwise },
        "guide" => Otherwise { rehearsal: Some((3, "`dependency.ecr.outputs.url` is an output")), ..otherwise },
        "standalone-tofu" => Otherwise { rehearsal: Some((3, "has a file that only OpenTofu reads")), ..otherwise },
        "surroundings" => Otherwise { rehearsal: Some((3, "nothing tells which account is production")), ..otherwise },
        // The stand-ins make no task definition of an image beside the two.
        "steampipe" => Otherwise { rehearsal: Some((3, "no task definition has")), ..otherwise },
        _ => otherwise,
    }
}

/// The names of all fixtures.
pub(super) fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A fixture laid out as somebody's checkout.
struct Shape<'s> {
    sandbox: &'s Sandbox,
    name: &'s str,
    root: PathBuf,
}

impl<'s> Shape<'s> {
    fn laid_out(sandbox: &'s Sandbox, name: &'s str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        let root = sandbox.top().join("home").join(name);
        for file in files_below(&source).iter().filter(|file| file.extension().is_some_and(|ending| ending == "in")) {
            let to = root.join(file.strip_prefix(&source).unwrap()).with_extension("");
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(file, to).unwrap();
        }
        fs::create_dir(root.join(".git")).unwrap();
        Self { sandbox, name, root }
    }

    fn at(&self) -> [&str; 2] {
        ["--repo", self.root.to_str().unwrap()]
    }

    fn run(&self, args: &[&str], code: i32) -> Said {
        let said = self.sandbox.xtask(self.at().iter().chain(args).copied()).cwd(self.sandbox.top().join("home")).run();
        assert_eq!(said.code, Some(code), "{} {args:?}\n{}", self.name, said.screen());
        said
    }

    fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--format", "json"]].concat(), 0).json()
    }

    fn goes_through_all_commands(&self) {
        let Otherwise { bump_with, stays, rehearsal } = otherwise(self.name);
        self.run(&["units"], 0);
        self.run(&["status"], 0);
        self.run(&["status", "--check", "v1.3.0"], 5);
        for unit in self.is_one_family() {
            let why = self.run(&["why", &unit], 0);
            assert!(stays.is_some() || why.out.contains("<- pin"), "{}: {}", self.name, why.out);
        }
        let adopt = ["adopt", "--dry-run", "--into", self.at()[1]];
        self.sandbox.xtask(adopt).cwd(self.sandbox.top().join("home")).run().exits(0);
        let (code, told) = rehearsal.unwrap_or((0, "Rehearsing"));
        let said = rehearse(self.sandbox).args(self.at()).run();
        assert_eq!(said.code, Some(code), "{}: {}", self.name, said.screen());
        assert!(said.err.contains(told), "{}: {}", self.name, said.screen());
        let bump: Vec<_> = ["bump-tags", "v1.3.0", "--offline"].iter().chain(bump_with).copied().collect();
        let check: Vec<_> = bump.iter().chain(&["--check"]).copied().collect();
        if let Some(why) = stays {
            return drop(self.run(&check, 3).says(why));
        }
        if !bump_with.is_empty() {
            self.run(&bump[..3], 3);
        }
        self.run(&check, 5);
        self.run(&bump, 0);
        self.run(&check, 0);
        let is_apart = bump_with.contains(&"--set");
        self.run(&["status", "--check", "v1.3.0"], if is_apart { 5 } else { 0 });
        assert!(self.sandbox.log().nothing_worked(), "{}", self.name);
    }

    /// `units`, `status` and `why` write the same units and pins; gives the paths.
    fn is_one_family(&self) -> Vec<String> {
        let [units, status] = ["units", "status"].map(|command| self.json(&[command]));
        assert_eq!([&units["schema"], &units["root"]], [&status["schema"], &status["root"]], "{}", self.name);
        assert_eq!(units["pins"], status["pins"], "{}", self.name);
        let mut paths = Vec::new();
        for (unit, other) in units["units"].as_array().unwrap().iter().zip(status["units"].as_array().unwrap()) {
            let path = unit["path"].as_str().unwrap();
            let why = self.json(&["why", path]);
            assert_eq!([&why["schema"], &why["root"]], [&units["schema"], &units["root"]], "{}", self.name);
            let own = units["pins"].as_array().unwrap().iter();
            let own: Vec<_> =
                own.filter(|pin| pin["decides"].as_array().unwrap().iter().any(|unit| unit == path)).collect();
            assert_eq!(why["pins"].as_array().unwrap().iter().collect::<Vec<_>>(), own, "{} {path}", self.name);
            let mut shared = unit.clone();
            ["profile", "profile_from"].iter().for_each(|name| drop(shared.as_object_mut().unwrap().remove(*name)));
            without(&mut shared, "profile");
            assert_eq!(shared, *other, "{} {path}", self.name);
            let mut explained = why["units"][0].clone();
            ["trail", "not_used"].iter().for_each(|name| without(&mut explained, name));
            assert_eq!(explained, *other, "{} {path}", self.name);
            paths.push(path.to_owned());
        }
        assert_eq!(units["units"].as_array().unwrap().len(), paths.len());
        paths
    }
}

/// Takes a field out wherever it is.
fn without(value: &mut Value, name: &str) {
    match value {
        Value::Object(fields) => {
            fields.remove(name);
            fields.values_mut().for_each(|value| without(value, name));
            let is_empty = fields.get("unresolved").is_some_and(|it| it.as_object().is_some_and(|it| it.is_empty()));
            if is_empty {
                fields.remove("unresolved");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|value| without(value, name)),
        _ => {}
    }
}

#[test]
fn every_shape_goes_through_every_command() {
    let names = names();
    assert!(names.len() >= 36, "{names:?}");
    let left = Mutex::new(names.iter());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let sandbox = Sandbox::new();
                loop {
                    let Some(name) = left.lock().unwrap().next() else { return };
                    Shape::laid_out(&sandbox, name).goes_through_all_commands();
                }
            });
        }
    });
}

#[test]
fn units_of_stacks_are_generated_in_a_rehearsal() {
    let sandbox = Sandbox::new();
    let shape = Shape::laid_out(&sandbox, "stacks");
    let accounts = shape.root.join("accounts.json");
    let text = fs::read_to_string(&accounts).unwrap();
    let shared = "{\n  \"shared\": { \"id\": \"100000000002\" },";
    fs::write(&accounts, text.replacen('{', shared, 1)).unwrap();
    let said = rehearse(&sandbox).args(shape.at()).run().exits(0);
    said.says("Generated    3 stacks").says("Rehearsed    the update to v1.3.0");
}
