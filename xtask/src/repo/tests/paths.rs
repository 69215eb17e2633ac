//! Where a repository and its units are.

use super::{Tree, open, texts};

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
fn caches_ignored_folders_and_other_roots_are_not_looked_into() {
    let tree = Tree::new(&[
        ACCOUNTS,
        (".gitignore", "/scratch/\n"),
        ("dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
        ("dev/us-east-1/.terragrunt-cache/x/ecs-deploy-runner/terragrunt.hcl", ""),
        ("dev/us-east-1/.hidden/ecs-deploy-runner/terragrunt.hcl", ""),
        ("dev/node_modules/ecs-deploy-runner/terragrunt.hcl", ""),
        ("_envcommon/dev/ecs-deploy-runner/terragrunt.hcl", ""),
        ("scratch/dev/ecs-deploy-runner/terragrunt.hcl", ""),
        ("examples/accounts.json", "{}"),
        ("examples/dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
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
fn a_folder_without_a_repository_a_root_without_accounts_and_two_roots_are_told_apart() {
    let what = |tree: &Tree| texts(open(tree.path()).expect_err("it must not open").iter());
    assert!(what(&Tree::new(&[])).starts_with("this is no infrastructure-live repository\n"));
    assert!(what(&Tree::new(&[("common.hcl", "")])).starts_with("there is no accounts file `accounts.json`\n"));
    let yml = what(&Tree::new(&[("accounts.yml", "")]));
    assert!(yml.contains("`accounts.yml` is not read yet"), "{yml}");
    let two = Tree::new(&[("a/accounts.json", "{}"), ("b/accounts.json", "{}")]);
    assert!(what(&two).starts_with("several folders below could be the root\n"));
    assert!(open(&two.path().join("missing")).is_err());
}

#[test]
fn an_account_that_is_not_listed_is_a_problem() {
    let repo = Tree::new(&[ACCOUNTS, ("qa/us-east-1/ecs-deploy-runner/terragrunt.hcl", "")]).open();
    assert!(repo.units.is_empty());
    assert_eq!(
        texts(repo.all_problems()),
        "the account of `qa/us-east-1/ecs-deploy-runner` is not listed\n  \
         --> qa/us-east-1/ecs-deploy-runner/terragrunt.hcl\n\
         hint: add the account to `accounts.json`, under the name of its folder\n"
    );
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
