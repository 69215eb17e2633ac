//! `adopt`: the crate gets into repositories of all kinds, and leaves what they have of their own as it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::command::Xtask;
use super::said::Said;
use super::sandbox::{Sandbox, files_below};

const MEMBERS: &str = r#""xtask", "xtask/standins""#;
const PROFILE: &str = "
# A first `cargo xtask` waits for all of this: no debug information, no
# incremental bookkeeping, small output.
[profile.xtask]
inherits = \"dev\"
debug = false
incremental = false
strip = \"debuginfo\"

# What every run reads and searches with: optimized, `units` of 1 000 units takes
# half of the time. One codegen unit compiles in half of the time.
[profile.xtask.package]
aho-corasick = { opt-level = 2, codegen-units = 1 }
hcl-edit = { opt-level = 2, codegen-units = 1 }
memchr = { opt-level = 2, codegen-units = 1 }
rustls-pki-types = { opt-level = 2, codegen-units = 1 }
";

/// A repository without any Rust.
pub(super) fn plain() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.repo().join("Cargo.toml")).unwrap();
    sandbox
}

/// The same with these files.
fn with(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = plain();
    for (name, text) in files {
        fs::create_dir_all(sandbox.repo().join(name).parent().unwrap()).unwrap();
        sandbox.write(name, text);
    }
    sandbox
}

pub(super) fn adopt(sandbox: &Sandbox) -> Xtask<'_> {
    sandbox.xtask(["adopt".into(), "--into".into(), sandbox.repo()]).cwd(sandbox.top().join("home"))
}

/// Every file of the repository but git's and our state, with its bytes.
pub(super) fn contents(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let is_theirs = |path: &PathBuf| !path.starts_with(sandbox.repo().join(".xtask"));
    let files = files_below(&sandbox.repo()).into_iter().filter(is_theirs);
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// How many files a folder of the crate has changes from day to day.
fn without_counts(mut said: Said) -> Said {
    let is_count = |line: &&str| line.starts_with("xtask") || line.starts_with("@@ ") && line.contains("packages");
    said.out = said.out.lines().filter(|line| !is_count(line)).map(|line| format!("{line}\n")).collect();
    said
}

#[test]
fn repository_without_rust_is_shown_everything_and_then_has_it() {
    let sandbox = plain();
    let before = contents(&sandbox);
    let said = adopt(&sandbox).args(["--dry-run"]).run().exits(0);
    assert!(said.out.contains("\nxtask/src/tasks/  "), "{}", said.screen());
    without_counts(said).is("adopt-dry-run");
    assert_eq!(contents(&sandbox), before);
    without_counts(adopt(&sandbox).args(["--yes"]).run().exits(0)).is("adopt");
    assert!(before.iter().all(|(path, bytes)| fs::read(path).unwrap() == *bytes));
    let names: Vec<_> =
        files_below(&sandbox.repo().join("xtask")).into_iter().map(|path| path.display().to_string()).collect();
    let is_test = |name: &String| {
        ["/tests/", "/benches/", ".snap"]
            .iter()
            .any(|part| name[sandbox.repo().to_str().unwrap().len()..].contains(part))
    };
    assert_eq!(names.iter().filter(|name| is_test(name)).count(), 0, "tests stay behind");
    // Nothing of it looks like a unit.
    assert_eq!(sandbox.xtask(["units", "--format=json"]).run().json()["units"].as_array().unwrap().len(), 6);
}

#[test]
fn workspace_keeps_its_crates_and_how_they_are_built() {
    let text = "[workspace]\nresolver = \"2\"\nmembers = [\n    \"tools/*\", # all of ours\n]\n\n[profile.dev]\nopt-level = 1\n";
    let own = [
        ("Cargo.toml", text),
        ("tools/one/Cargo.toml", "[package]\nname = \"one\"\n"),
        ("Cargo.lock", "version = 4\n"),
    ];
    let sandbox = with(&own);
    adopt(&sandbox).args(["--yes"]).run().exits(0);
    let ours = "# all of ours\n    \"xtask\",\n    \"xtask/standins\",\n";
    assert_eq!(sandbox.read("Cargo.toml"), format!("{}{PROFILE}", text.replace("# all of ours\n", ours)));
    let config = "[alias]\nxtask = \"run --package xtask --profile xtask --bin xtask --\"\n";
    assert_eq!(sandbox.read(".cargo/config.toml"), config);
    assert_eq!(sandbox.read("Cargo.lock"), "version = 4\n");
}

#[test]
fn package_at_the_root_becomes_a_workspace() {
    let text = "[package]\nname = \"live\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n";
    let sandbox = with(&[("Cargo.toml", text)]);
    adopt(&sandbox).args(["--yes"]).run().exits(0);
    let workspace = format!("\n[workspace]\nmembers = [{MEMBERS}]\n");
    assert_eq!(sandbox.read("Cargo.toml"), format!("{text}{workspace}{PROFILE}"));
}

#[test]
fn alias_and_configuration_of_others_stay() {
    let config = "# ours\n[alias] # short\nb = \"build\"\n\n[net]\ngit-fetch-with-cli = true # vpn\n\n[build]\ntarget-dir = \"/scratch\"\n";
    for file in [".cargo/config.toml", ".cargo/config"] {
        let sandbox = with(&[(file, config), (".gitignore", "*.log\n.*\n")]);
        adopt(&sandbox).args(["--yes"]).run().exits(0);
        let alias = "b = \"build\"\nxtask = \"run --package xtask --bin xtask --\"\n";
        assert_eq!(sandbox.read(file), config.replace("b = \"build\"\n", alias));
        assert_eq!(sandbox.read(".gitignore"), "*.log\n.*\n", "what hides everything hides our state");
        assert_eq!(fs::read_dir(sandbox.repo().join(".cargo")).unwrap().count(), 1);
    }
}

#[test]
fn comments_everywhere_stay_to_the_byte() {
    let manifest = "\u{feff}# 1\r\n\r\n[workspace] # 2\r\n# 3\r\nmembers = [ # 4\r\n\t\"a\" , # 5\r\n\t# 6\r\n\t\"b\" # 7\r\n\t# 8\r\n] # 9\r\n# 10\r\n[workspace.metadata.other]\r\nx  =  1 # 11\r\n\r\n\r\n# 12\r\n[workspace.metadata.xtask] # 13\r\njobs = 4 # 14\r\n# 15";
    let config = "# 1\n\n[alias]\n# 2\n  # 3\n\n[build] # 4\njobs=2#5\n# 6\n";
    let ignored = "# 1\n*.log   \n\n# 2";
    let sandbox = with(&[("Cargo.toml", manifest), (".cargo/config.toml", config), (".gitignore", ignored)]);
    adopt(&sandbox).args(["--yes"]).run().exits(0);
    let lines = PROFILE.trim_end().replace('\n', "\r\n");
    let members = "\t\"b\", # 7\r\n\t# 8\r\n\t\"xtask\",\r\n\t\"xtask/standins\"\r\n";
    let expected = manifest.replace("\t\"b\" # 7\r\n\t# 8\r\n", members);
    assert_eq!(sandbox.read("Cargo.toml"), format!("{expected}\r\n{lines}"));
    let alias = "xtask = \"run --package xtask --profile xtask --bin xtask --\"\n";
    assert_eq!(sandbox.read(".cargo/config.toml"), config.replace("[alias]\n", &format!("[alias]\n{alias}")));
    assert_eq!(sandbox.read(".gitignore"), format!("{ignored}\n/.xtask/\n"));
}

#[test]
fn adopting_again_changes_nothing_until_there_is_a_new_release() {
    let sandbox = plain();
    adopt(&sandbox).args(["--yes"]).run().exits(0);
    sandbox.edit("Cargo.toml", "debug = false\n", "debug = true # mine\n");
    sandbox.write("Cargo.toml", sandbox.read("Cargo.toml") + "\n[workspace.metadata.xtask]\njobs = 2\n");
    sandbox.write("xtask/src/mine.rs", "// mine\n");
    let before = contents(&sandbox);
    adopt(&sandbox).args(["--yes"]).run().is("adopt-again");
    assert_eq!(contents(&sandbox), before);
    // As if another release had been adopted, of which a file is gone by now.
    let record = "xtask/adopted.json";
    let text = sandbox.read(record);
    sandbox.write("xtask/src/gone.rs", "// old\n");
    let gone = "dabb3a7e9ee9a6b5ce3d2b52e2b2ce2d1ba6a1ee9e5a9d1ef0f2b1ab7d1ab7a3";
    sandbox.write(
        record,
        text.replace("\"version\": \"", "\"version\": \"0.0.")
            .replace("\"files\": {", &format!("\"files\": {{\n    \"src/gone.rs\": \"{gone}\",")),
    );
    adopt(&sandbox).args(["--yes"]).run().exits(3).says("xtask/src/gone.rs").says("0.0.");
    sandbox.write(record, text.replace("\"version\": \"", "\"version\": \"0.0."));
    fs::remove_file(sandbox.repo().join("xtask/src/gone.rs")).unwrap();
    adopt(&sandbox).args(["--yes"]).run().exits(0).says("in place of 0.0.").says("Kept         xtask/src/mine.rs");
    assert_eq!(contents(&sandbox), before, "settings, profile and what was added are left alone");
}

#[test]
fn changed_files_of_the_crate_are_named_before_they_are_overwritten() {
    let sandbox = plain();
    adopt(&sandbox).args(["--yes"]).run().exits(0);
    let before = contents(&sandbox);
    sandbox.write("xtask/src/lib.rs", "// mine\n");
    fs::remove_file(sandbox.repo().join("xtask/src/main.rs")).unwrap();
    let changed = contents(&sandbox);
    adopt(&sandbox).args(["--yes"]).run().exits(3).prints_nothing().is("adopt-local-changes");
    assert_eq!(contents(&sandbox), changed);
    adopt(&sandbox).args(["--yes", "--allow", "local-changes"]).run().exits(0).says("Overwritten  xtask/src/main.rs");
    assert_eq!(contents(&sandbox), before);
    // The same for a crate that somebody copied by hand, as far as it differs.
    fs::remove_file(sandbox.repo().join("xtask/adopted.json")).unwrap();
    adopt(&sandbox).args(["--yes"]).run().exits(0);
    fs::remove_file(sandbox.repo().join("xtask/adopted.json")).unwrap();
    sandbox.write("xtask/src/lib.rs", "// mine\n");
    adopt(&sandbox).args(["--yes"]).run().exits(3).says("nothing tells whether").says("xtask/src/lib.rs");
}

#[test]
fn something_else_that_is_called_xtask_stays() {
    let package = "[package]\nname = \"xtask\"\nversion = \"0.1.0\"\n";
    let sandbox = with(&[("xtask/Cargo.toml", package)]);
    adopt(&sandbox).args(["--yes"]).run().exits(3).is("adopt-foreign-crate");
    let member = "[workspace]\nmembers = [\"tools/*\"]\n";
    let sandbox = with(&[("Cargo.toml", member), ("tools/tasks/Cargo.toml", package)]);
    adopt(&sandbox).args(["--yes"]).run().exits(3).says("tools/tasks/Cargo.toml");
    let sandbox = with(&[(".cargo/config.toml", "[alias]\nxtask = \"run --package tasks --\"\n")]);
    let before = contents(&sandbox);
    adopt(&sandbox).args(["--yes"]).run().exits(3).is("adopt-foreign-alias");
    assert_eq!(contents(&sandbox), before);
}

#[test]
fn nothing_is_written_without_consent_or_outside_of_a_root() {
    let sandbox = plain();
    let before = contents(&sandbox);
    adopt(&sandbox).run().exits(3).says("it was not confirmed").says("--yes");
    let into = |path: PathBuf| sandbox.xtask(["adopt".into(), "--yes".into(), "--into".into(), path]).run();
    into(sandbox.repo().join("dev")).exits(3).says("not the root of a repository");
    into(sandbox.top().join("home")).exits(3).says("this is no infrastructure-live repository");
    into(sandbox.top().join("nowhere")).exits(3).says("cannot open the repository");
    sandbox.xtask(["adopt", "--git", "https://example.com/x.git"]).run().exits(2);
    sandbox.xtask(["adopt"]).run().exits(2).says("--into");
    let from = ["--from".into(), sandbox.top().join("home")];
    adopt(&sandbox).args(["--yes"]).args(from).run().exits(3).says("no source of this project");
    assert_eq!(contents(&sandbox), before);
}

#[test]
fn broken_manifest_is_told_with_its_line() {
    let sandbox = with(&[("Cargo.toml", "[workspace]\nmembers = [\n")]);
    adopt(&sandbox).args(["--yes"]).run().exits(3).says("`Cargo.toml` is not valid TOML").says("--> Cargo.toml:");
    assert!(!sandbox.repo().join("xtask").exists());
}

#[test]
fn small_crate_depends_on_a_tag_and_can_be_exchanged_for_the_source_and_back() {
    let sandbox = plain();
    let git = ["--git", "https://example.com/xtask.git", "--tag", "v0.1.0", "--yes"];
    adopt(&sandbox).args(git).run().exits(0).is("adopt-git");
    let small = contents(&sandbox);
    adopt(&sandbox).args(["--yes"]).run().exits(0);
    assert!(sandbox.read("Cargo.toml").contains(MEMBERS) && sandbox.read("xtask/src/lib.rs").len() > 100);
    fs::remove_file(sandbox.repo().join("Cargo.lock")).unwrap();
    adopt(&sandbox).args(git).run().exits(0);
    assert_eq!(contents(&sandbox), small);
}

#[test]
fn the_one_pattern_of_profiles_becomes_a_setting() {
    let sandbox = plain();
    let names = ["dev", "logs", "prod", "security", "shared", "stage"].map(|name| format!("[profile acme-{name}]\n"));
    fs::create_dir_all(sandbox.top().join("home/.aws")).unwrap();
    fs::write(sandbox.top().join("home/.aws/config"), names.concat()).unwrap();
    let said = adopt(&sandbox).args(["--yes", "--format=json"]).run().exits(0).says("profile = \"acme-{account}\"");
    let files = said.json()["files"].as_array().unwrap().clone();
    assert!(files.contains(&serde_json::json!({ "file": ".xtask/local.toml", "change": "new" })), "{files:?}");
    assert_eq!(sandbox.read(".xtask/local.toml"), "profile = \"acme-{account}\"\n");
    assert!(!sandbox.read("Cargo.toml").contains("acme"), "what is a person's is not committed");
    assert!(!said.err.contains("git add .xtask"), "{}", said.screen());
}

#[test]
fn template_never_leads_into_an_account_that_is_not_the_repositorys() {
    let sandbox = plain();
    let names = ["dev", "logs", "prod", "security", "shared", "stage"];
    let config =
        names.map(|name| format!("[profile old-{name}]\nsso_account_id = 999999999999\nsso_role_name = Admin\n"));
    fs::create_dir_all(sandbox.top().join("home/.aws")).unwrap();
    fs::write(sandbox.top().join("home/.aws/config"), config.concat()).unwrap();
    adopt(&sandbox).args(["--yes"]).run().exits(0).says("none known on this machine").says_nothing_of("old-");
    assert!(!sandbox.repo().join(".xtask/local.toml").exists());
}

#[test]
fn what_git_ignores_of_the_crate_is_told() {
    let sandbox = with(&[(".gitignore", "/.xtask/\ntools/\n")]);
    adopt(&sandbox).args(["--yes"]).run().exits(0).says(".gitignore:2 keeps git from taking xtask/src/tools/");
}
