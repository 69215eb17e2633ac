//! Hooks and `run_cmd` are found in every file that terragrunt parses for a unit.

use super::Tree;
use crate::repo::{Repository, commands};

const ACCOUNTS: &str = r#"{"dev": "100000000004", "prod": "100000000006"}"#;

fn unit(account: &str) -> String {
    format!("{account}/us-east-1/mgmt/ecs-deploy-runner")
}

fn of(repo: &Repository, account: &str) -> Vec<String> {
    let units: Vec<_> = repo.units.iter().filter(|it| it.path.as_str() == unit(account)).collect();
    commands::of_units(repo, &units).remove(0)
}

#[test]
fn hooks_and_run_cmd_are_named_with_their_place() {
    let [dev, prod] = ["dev", "prod"].map(|account| format!("{}/terragrunt.hcl", unit(account)));
    let hooks = "terraform {\n  before_hook \"package\" {\n    commands = [\"plan\"]\n    execute  = [\"sh\", \"package.sh\"]\n  }\n}\n\
                 locals {\n  who = { for it in [\"a\"] : it => upper(\"${run_cmd(\"whoami\")}\") }\n}\n";
    let include = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
    let repo = Tree::new(&[
        ("accounts.json", ACCOUNTS),
        ("root.hcl", "locals {\n  all = run_cmd(\"date\")\n}\n"),
        (&dev, &format!("{include}{hooks}")),
        (&prod, include),
    ]);
    let repository = repo.open();
    assert_eq!(
        of(&repository, "dev"),
        [
            "`run_cmd(\"date\")`, root.hcl:2".to_owned(),
            format!("before_hook \"package\" `[\"sh\", \"package.sh\"]`, {dev}:5"),
            format!("`run_cmd(\"whoami\")`, {dev}:11"),
        ]
    );
    assert_eq!(of(&repository, "prod"), ["`run_cmd(\"date\")`, root.hcl:2"]);
}

/// A file that runs a command by this name.
fn running(name: &str) -> String {
    format!("locals {{\n  it = run_cmd(\"{name}\")\n}}\n")
}

#[test]
fn commands_of_units_that_are_depended_on_and_of_files_of_any_name_and_place_are_named() {
    let outside = Tree::new(&[("above.hcl", &running("above"))]);
    let dev = format!("{}/terragrunt.hcl", unit("dev"));
    let text = format!(
        "{}include \"above\" {{\n  path = \"{}/above.hcl\"\n}}\nlocals {{\n  more = read_terragrunt_config(\"more.conf\")\n  \
         none = read_terragrunt_config(\"missing.hcl\", {{}})\n}}\ndependency \"near\" {{\n  config_path = \"../near\"\n}}\n",
        running("own"),
        outside.path().display()
    );
    let hooks = |command: &str| {
        format!(
            "terraform {{\n  after_hook \"{command}\" {{\n    commands = [\"{command}\"]\n    execute = [\"x\"]\n  }}\n}}\n"
        )
    };
    let below = |name: &str| format!("dev/us-east-1/mgmt/{name}");
    let near = format!(
        "{}dependencies {{\n  paths = [\"../far\"]\n}}\ninclude \"env\" {{\n  path = \"../env.hcl\"\n}}\n{}",
        running("near"),
        hooks("output"),
    );
    let far = format!("{}dependency \"back\" {{\n  config_path = \"../near\"\n}}\n{}", running("far"), hooks("apply"));
    let repo = Tree::new(&[
        ("accounts.json", ACCOUNTS),
        (&dev, &text),
        (&format!("{}/more.conf", unit("dev")), &format!("{}{}", running("conf"), hooks("plan"))),
        (&below("near/terragrunt.hcl"), &near),
        (&below("env.hcl"), &running("env")),
        (&below("far/terragrunt.hcl"), &far),
    ]);
    let found = of(&repo.open(), "dev");
    let told: Vec<_> = found.iter().map(|it| it.split(',').next().unwrap().to_owned()).collect();
    let call = |name: &str| format!("`run_cmd(\"{name}\")`");
    assert_eq!(
        told,
        [
            call("above"),
            call("own"),
            call("conf"),
            call("env"),
            "after_hook \"output\" `[\"x\"]`".to_owned(),
            call("near"),
            call("far")
        ]
    );
    assert!(found[0].ends_with(&format!("{}/above.hcl:2", outside.path().display())), "{found:?}");
}

#[test]
fn what_cannot_be_followed_is_told_as_such() {
    let dev = format!("{}/terragrunt.hcl", unit("dev"));
    let text = "locals {\n  name = run_cmd(\"name\")\n  more = read_terragrunt_config(local.name)\n}\n\
                dependency \"json\" {\n  config_path = \"../json/terragrunt.hcl.json\"\n}\n\
                dependency \"gone\" {\n  config_path = \"../gone\"\n}\n";
    let json = "dev/us-east-1/mgmt/json/terragrunt.hcl.json";
    let repo = Tree::new(&[("accounts.json", ACCOUNTS), (&dev, text), (json, "{}")]);
    let found = of(&repo.open(), "dev");
    let gone = "whatever this file runs, dev/us-east-1/mgmt/gone/terragrunt.hcl, which can't be followed: cannot read";
    assert!(found[3].starts_with(gone), "{found:?}");
    assert_eq!(
        found[..3],
        [
            format!("`run_cmd(\"name\")`, {dev}:2"),
            format!(
                "whatever runs in what `local.name` names, {dev}:3, which can't be followed: `run_cmd` runs a program"
            ),
            format!(
                "whatever this file runs, {json}, which can't be followed: configuration written in JSON is not worked out"
            ),
        ]
    );
}
