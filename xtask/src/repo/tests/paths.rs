//! Where a repository and its units are.

use std::path::Path;

use super::{Tree, account, open, texts};

const ACCOUNTS: (&str, &str) = ("accounts.json", r#"{"dev": "100000000004", "prod": "100000000006"}"#);

fn units(tree: &Tree) -> Vec<String> {
    tree.open().units.iter().map(|unit| unit.path.to_string()).collect()
}

#[test]
fn units_are_found_at_any_depth_and_in_any_region() {
    let tree = Tree::new(&[
        ACCOUNTS,
        ("prod/us-east-2/prod/cicd/ecs-deploy-runner/terragrunt.hcl", ""),
        ("dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
        ("dev/eu-west-1/mgmt/ecs-deploy-runner/terragrunt.hcl", ""),
        ("dev/eu-west-1/mgmt/vpc/terragrunt.hcl", ""),
        ("dev/eu-west-1/mgmt/ecs-deploy-runner/README.md", ""),
    ]);
    let expected = [
        "dev/eu-west-1/mgmt/ecs-deploy-runner",
        "dev/us-east-1/ecs-deploy-runner",
        "prod/us-east-2/prod/cicd/ecs-deploy-runner",
    ];
    assert_eq!(units(&tree), expected);
}

#[test]
fn caches_and_folders_that_are_ignored_or_excluded_are_not_looked_into() {
    let exclude = "[workspace.metadata.xtask]\nexclude = ['/examples/', 'sandbox-*']\n";
    let tree = Tree::new(&[
        ACCOUNTS,
        (".gitignore", "/scratch/\n"),
        ("Cargo.toml", exclude),
        ("dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
        ("dev/us-east-1/.terragrunt-cache/x/ecs-deploy-runner/terragrunt.hcl", ""),
        ("dev/us-east-1/.hidden/ecs-deploy-runner/terragrunt.hcl", ""),
        ("dev/node_modules/ecs-deploy-runner/terragrunt.hcl", ""),
        ("_envcommon/dev/ecs-deploy-runner/terragrunt.hcl", ""),
        ("scratch/dev/ecs-deploy-runner/terragrunt.hcl", ""),
        ("examples/accounts.json", "{}"),
        ("examples/dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
        ("dev/us-east-1/sandbox-x/ecs-deploy-runner/terragrunt.hcl", ""),
    ]);
    assert_eq!(units(&tree), ["dev/us-east-1/ecs-deploy-runner"]);
}

#[test]
fn the_root_is_found_from_any_folder_in_it_and_from_the_checkout_around_it() {
    let tree = Tree::new(&[
        ("live/accounts.json", ACCOUNTS.1),
        ("live/common.hcl", ""),
        ("live/dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
    ]);
    let root = tree.path().canonicalize().expect("it exists").join("live");
    for start in ["", "live", "live/dev/us-east-1", "live/dev/us-east-1/ecs-deploy-runner"] {
        let repo = open(&tree.path().join(start)).expect("it opens");
        assert_eq!((repo.root.as_path(), repo.units.len()), (root.as_path(), 1), "{start}");
    }
}

#[test]
fn what_is_excluded_is_said_from_the_folder_of_the_settings() {
    let exclude = "[workspace.metadata.xtask]\nexclude = ['live/dev']\n";
    let tree = Tree::new(&[
        ("live/accounts.json", ACCOUNTS.1),
        ("Cargo.toml", exclude),
        ("live/dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
        ("live/prod/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
    ]);
    assert_eq!(units(&tree), ["prod/us-east-1/ecs-deploy-runner"]);
}

#[test]
fn a_folder_without_a_repository_is_told_from_one_without_accounts() {
    let what = |tree: &Tree| texts(open(tree.path()).expect_err("it must not open").iter());
    for empty in [&[][..], &[("common.hcl", "")], &[("dev/vpc/terragrunt.hcl", "")]] {
        assert!(what(&Tree::new(empty)).starts_with("this is no infrastructure-live repository\n"), "{empty:?}");
    }
    assert!(open(Path::new("/missing")).is_err());
    let unit = ("dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", "");
    let repo = Tree::new(&[unit]).open();
    assert_eq!(texts(repo.problems.iter()), "");
    assert!(repo.units[0].account.reason().is_some(), "{:?}", repo.units[0].account);
}

const TWO: [(&str, &str); 4] = [
    ("a/accounts.json", r#"{"dev": "100000000004", "qa": "100000000007"}"#),
    ("a/dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
    ("b/accounts.json", r#"{"prod": "100000000006", "qa": "100000000017"}"#),
    ("b/prod/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
];

#[test]
fn several_roots_are_opened_together_from_above_and_alone_from_inside() {
    let tree = Tree::new(&TWO);
    let both = ["a/dev/us-east-1/ecs-deploy-runner", "b/prod/us-east-1/ecs-deploy-runner"];
    let repo = tree.open();
    assert_eq!(units(&tree), both);
    let roots: Vec<_> = repo.units.iter().map(|unit| unit.root.file_name().expect("a name").to_owned()).collect();
    assert_eq!(roots, ["a", "b"]);
    let names: Vec<_> = repo.accounts.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["100000000004 dev", "100000000006 prod", "100000000007 qa", "100000000017 qa"]);
    assert_eq!(texts(repo.all_problems()), "", "no unit is in an account whose name has two meanings");
    let alone = open(&tree.path().join("b/prod")).expect("it opens");
    assert_eq!(
        alone.units.iter().map(|unit| unit.path.as_str()).collect::<Vec<_>>(),
        ["prod/us-east-1/ecs-deploy-runner"]
    );
}

#[test]
fn a_name_that_two_roots_give_to_different_accounts_is_refused_where_both_have_units() {
    let a = ("a/qa/us-east-1/ecs-deploy-runner/terragrunt.hcl", "");
    let b = ("b/qa/us-east-1/ecs-deploy-runner/terragrunt.hcl", "");
    let tree = Tree::new(&[TWO[0], TWO[2], a, b]);
    let repo = tree.open();
    let problems = texts(repo.all_problems());
    let expected = "two accounts are called `qa`\n  --> a/accounts.json:1\n  --> b/accounts.json:1\n  \
                    100000000007 and 100000000017\nhint: work in one root at a time, with `--repo FOLDER`\n";
    assert!(problems.starts_with(expected), "{problems}");
    let ids: Vec<_> = repo.units.iter().map(|unit| account(unit).id.as_str()).collect();
    assert_eq!(ids, ["100000000007", "100000000017"]);
    assert_eq!(texts(open(&tree.path().join("a")).expect("it opens").all_problems()), "");
}

#[test]
fn two_accounts_called_alike_are_told_apart_by_the_line_that_the_hint_names() {
    let id = |id: &str, name: &str| format!("locals {{\n  account_id = \"{id}\"\n{name}}}\n");
    let one = id("100000000004", "");
    let problems = |name: &str| {
        let other = id("100000000005", name);
        let tree = Tree::new(&[
            (".git/HEAD", ""),
            ("org1/dev/account.hcl", &one),
            ("org1/dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
            ("org2/dev/account.hcl", &other),
            ("org2/dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
        ]);
        texts(tree.open().all_problems())
    };
    let told = problems("");
    let hint = "give one of them a name of its own, in the locals of org2/dev/account.hcl: account_name = \"org2-dev\"";
    assert!(told.starts_with("two accounts are called `dev`\n") && told.contains(hint), "{told}");
    assert_eq!(problems("  account_name = \"org2-dev\"\n"), "");
}

#[test]
fn a_root_nested_in_another_has_its_own_accounts_and_may_itself_be_named_after_one() {
    let tree = Tree::new(&[
        ("accounts.json", r#"{"dev": "100000000004"}"#),
        ("dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
        ("Tenant-B/accounts.json", r#"{"Tenant-B": "100000000021", "dev": "100000000024"}"#),
        ("Tenant-B/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl", ""),
    ]);
    let shown: Vec<_> = tree.open().units.iter().map(|unit| format!("{} {}", unit.path, account(unit))).collect();
    let nested = "Tenant-B/us-east-1/mgmt/ecs-deploy-runner 100000000021 Tenant-B";
    assert_eq!(shown, [nested, "dev/us-east-1/ecs-deploy-runner 100000000004 dev"]);
}

#[test]
fn an_account_whose_id_is_wrong_is_reported_once() {
    let spoilt = ("accounts.json", r#"{"dev": "4", "prod": "100000000006"}"#);
    let repo = Tree::new(&[spoilt, ("dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", "")]).open();
    let expected =
        "the id of account `dev` is wrong: `4` is not an AWS account id (twelve digits)\n  --> accounts.json:1\n";
    assert_eq!(texts(repo.all_problems()), expected);
}

#[test]
fn settings_are_read_from_the_root_or_from_above_up_to_the_git_root() {
    let table = "[workspace.metadata.xtask]\njobs = 3\n";
    let above = Tree::new(&[("live/accounts.json", ACCOUNTS.1), ("Cargo.toml", table)]);
    assert_eq!(above.open().settings.jobs(), Some(3));
    let nearer = ("live/Cargo.toml", "[workspace.metadata.xtask]\njobs = 5\n");
    let both = Tree::new(&[("live/accounts.json", ACCOUNTS.1), nearer, ("Cargo.toml", table)]);
    assert_eq!(both.open().settings.jobs(), Some(5));
    assert_eq!(Tree::new(&[ACCOUNTS]).open().settings.jobs(), None);
}

#[test]
fn wrong_settings_and_wrong_accounts_are_reported_together() {
    let table = ("Cargo.toml", "[workspace.metadata.xtask]\njobs = 0\n");
    let tree = Tree::new(&[("accounts.json", r#"{"dev": 4}"#), table]);
    let failures = open(tree.path()).expect_err("there is no account");
    assert_eq!(failures.iter().count(), 2);
}

#[test]
fn runners_beside_the_only_folder_with_accounts_are_opened_with_it() {
    let live = [("live/accounts.json", ACCOUNTS.1), ("live/dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", "")];
    let beside = [
        ("envs/qa/account.hcl", "locals {\n  account_id = \"100000000007\"\n}\n"),
        ("envs/qa/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
    ];
    assert_eq!(units(&Tree::new(&live)), ["dev/us-east-1/ecs-deploy-runner"]);
    let tree = Tree::new(&[live, beside].concat());
    let shown = |start: &str| {
        let repo = open(&tree.path().join(start)).expect("it opens");
        assert_eq!(texts(repo.all_problems()), "", "{start}");
        repo.units.iter().map(|unit| format!("{} {}", unit.path, account(unit))).collect::<Vec<_>>()
    };
    let both = [
        "envs/qa/us-east-1/ecs-deploy-runner 100000000007 qa",
        "live/dev/us-east-1/ecs-deploy-runner 100000000004 dev",
    ];
    assert_eq!(shown(""), both);
    assert_eq!(shown("envs/qa/us-east-1/ecs-deploy-runner"), both);
    assert_eq!(shown("live"), ["dev/us-east-1/ecs-deploy-runner 100000000004 dev"]);
    tree.write("live/Cargo.toml", b"[workspace.metadata.xtask]\njobs = 3\n");
    let problems = texts(tree.open().all_problems());
    let said = "the settings in `live/Cargo.toml` are for that folder alone, and there are runners beside it\n  \
                --> live/Cargo.toml\n  --> envs/qa/us-east-1/ecs-deploy-runner\n";
    assert!(problems.starts_with(said), "{problems}");
    tree.write("Cargo.toml", b"[workspace.metadata.xtask]\nexclude = ['/envs/']\n");
    assert_eq!(shown(""), ["dev/us-east-1/ecs-deploy-runner 100000000004 dev"]);
}

#[test]
fn what_cannot_be_read_beside_the_only_folder_with_accounts_is_told() {
    let live = [("live/accounts.json", ACCOUNTS.1), ("live/dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", "")];
    let beside = [("envs/qa/ecs-deploy-runner/terragrunt.hcl.json", "{}")];
    let repo = Tree::new(&[&live[..], &beside].concat()).open();
    let problems = texts(repo.all_problems());
    assert!(problems.contains("is written in JSON") && problems.contains("--> envs/qa/"), "{problems}");
}
