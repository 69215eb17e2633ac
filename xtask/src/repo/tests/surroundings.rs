//! Where a unit's account and region are stated: files that it reads, what it includes, and its providers.

use super::{Tree, texts};
use crate::repo::Unit;

const UNIT: &str = "staging/runner/ecs-deploy-runner/terragrunt.hcl";

fn told(files: &[(&str, &str)]) -> (String, String) {
    let repo = Tree::new(files).open();
    assert_eq!(texts(repo.all_problems()), "");
    let unit: &Unit = &repo.units[0];
    let account = unit.account.value().map_or_else(|| "?".to_owned(), |it| format!("{} {}", it.id, it.evidence[0]));
    let region = unit.region.value().map_or_else(|| "?".to_owned(), ToString::to_string);
    (format!("{account} {region}"), texts(unit.notes.iter()))
}

#[test]
fn account_and_region_come_from_whatever_file_the_locals_read() {
    let read = "locals {\n  env = read_terragrunt_config(find_in_parent_folders(\"env.hcl\"))\n}\n";
    let env = "locals {\n  aws_account_id = \"100000000004\"\n  aws_region     = \"us-west-2\"\n}\n";
    assert_eq!(told(&[("staging/env.hcl", env), (UNIT, read)]).0, "100000000004 staging/env.hcl:2 us-west-2");
    let own = "locals {\n  account_id = \"100000000005\"\n}\n";
    assert_eq!(told(&[(UNIT, own)]).0, format!("100000000005 {UNIT}:2 ?"));
    let two = read.replace("}\n", "  account_id = \"100000000005\"\n}\n");
    assert_eq!(told(&[("staging/env.hcl", env), (UNIT, &two)]).0, "? us-west-2", "two statements are none");
}

#[test]
fn account_comes_from_the_inputs_of_a_parent() {
    let root = "inputs = {\n  aws_account_id = \"100000000006\"\n}\n";
    let unit = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
    assert_eq!(told(&[("root.hcl", root), (UNIT, unit)]).0, "100000000006 root.hcl:2 ?");
}

#[test]
fn id_in_a_file_that_other_accounts_read_too_says_nothing_of_any_one_of_them() {
    let unit = "dev/us-east-1/ecs-deploy-runner/terragrunt.hcl";
    let read =
        |file: &str| format!("locals {{\n  common = read_terragrunt_config(\"${{get_repo_root()}}/{file}\")\n}}\n");
    let id = "locals {\n  account_id = \"100000000002\"\n}\n";
    let account = |file: &str, text: &str, of: &str| {
        let repo = Tree::new(&[(file, text), (unit, of)]).open();
        repo.units[0].account.as_result().map_or_else(ToString::to_string, |account| account.id.to_string())
    };
    let alike = "common.hcl:2 states 100000000002 for whatever reads it, and nothing states it for this unit";
    assert_eq!(account("common.hcl", id, &read("common.hcl")), alike);
    let passed = format!("{}inputs = {{\n  aws_account_id = local.common.locals.account_id\n}}\n", read("common.hcl"));
    assert!(account("common.hcl", id, &passed).contains("states 100000000002 for whatever reads it"));
    // What is the account's own, by its folder, by its name or by a key, does.
    for file in ["dev/env.hcl", "accounts/dev.hcl"] {
        assert_eq!(account(file, id, &read(file)), "100000000002", "{file}");
    }
    let ids = "locals {\n  ids = { dev = \"100000000004\", prod = \"100000000006\" }\n}\n";
    let looked_up =
        format!("{}inputs = {{\n  aws_account_id = local.common.locals.ids[\"dev\"]\n}}\n", read("common.hcl"));
    assert_eq!(account("common.hcl", ids, &looked_up), "100000000004");
}

#[test]
fn region_of_the_generated_provider_wins_over_that_of_the_folder_and_that_is_said() {
    let accounts = ("accounts.json", r#"{"dev": "100000000004"}"#);
    let unit = "dev/us-east-1/ecs-deploy-runner/terragrunt.hcl";
    let provider = |rest: &str| {
        format!(
            "generate \"provider\" {{\n  path = \"p.tf\"\n  contents = <<EOT\nprovider \"aws\" {{\n{rest}}}\nEOT\n}}\n"
        )
    };
    let (known, notes) = told(&[accounts, (unit, &provider("  region = \"eu-west-1\"\n"))]);
    assert_eq!(known, "100000000004 accounts.json:1 eu-west-1");
    let said = "the region of `dev/us-east-1/ecs-deploy-runner` is eu-west-1 by its provider, and us-east-1 by its folder or `region.hcl`";
    assert!(notes.starts_with(said), "{notes}");
    let (known, notes) = told(&[accounts, (unit, &provider("  alias = \"b\"\n  region = \"eu-west-1\"\n"))]);
    assert_eq!((known.as_str(), notes.as_str()), ("100000000004 accounts.json:1 us-east-1", ""));
}

const BOTH: (&str, &str) =
    ("accounts.json", r#"{"dev": "100000000004", "prod": "100000000006", "shared": "100000000002"}"#);

/// The id that a unit in this folder gets with these files above it, and what is wrong with it.
fn account_of(unit: &str, files: &[(&str, &str)]) -> (String, String) {
    let file = format!("{unit}/terragrunt.hcl");
    let repo = Tree::new(&[files, &[BOTH, (&file, "inputs = {}\n")]].concat()).open();
    let id = repo.units[0].account.as_result().map_or_else(ToString::to_string, |account| account.id.to_string());
    (id, texts(repo.all_problems()))
}

#[test]
fn account_file_decides_between_folders_that_are_named_after_accounts_and_against_none() {
    let unit = "shared/dev/us-east-1/mgmt/ecs-deploy-runner";
    let id = ("shared/dev/account.hcl", "locals {\n  account_id = \"100000000004\"\n}\n");
    let name = ("shared/dev/account.hcl", "locals {\n  account_name = \"dev\"\n}\n");
    for stated in [id, name] {
        assert_eq!(account_of(unit, &[stated]), ("100000000004".to_owned(), String::new()));
    }
    let (disputed, problems) = account_of(unit, &[]);
    assert_eq!(disputed, "the places that state it do not agree");
    assert!(problems.contains("name two accounts") && problems.contains("put `account_id` into"), "{problems}");
    // One that no folder is named after is a contradiction, not a choice.
    let other = ("shared/dev/account.hcl", "locals {\n  account_id = \"100000000006\"\n}\n");
    let (disputed, problems) = account_of(unit, &[other]);
    assert_eq!(disputed, "the places that state it do not agree");
    assert!(problems.contains("two places name different accounts"), "{problems}");
    let copied = ("prod/account.hcl", "locals {\n  account_id = \"100000000004\"\n}\n");
    let (_, problems) = account_of("prod/us-east-1/mgmt/ecs-deploy-runner", &[copied]);
    assert!(problems.contains("two places name different accounts"), "{problems}");
}

#[test]
fn account_that_places_dispute_is_not_said_to_be_without_a_runner() {
    let other = ("dev/account.hcl", "locals {\n  account_id = \"100000000006\"\n}\n");
    let repo =
        Tree::new(&[BOTH, other, ("dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl", "inputs = {}\n")]).open();
    assert_eq!(repo.units[0].account.value(), None);
    let notices = texts(repo.notices.iter());
    assert!(notices.starts_with("no runner found in prod, shared\n"), "{notices}");
}

#[test]
fn account_and_region_come_from_yaml_and_json_that_the_locals_read() {
    let read = "locals {\n  account = yamldecode(file(find_in_parent_folders(\"account.yaml\")))\n  \
                region = jsondecode(file(find_in_parent_folders(\"region.json\")))\n}\n";
    let region = ("staging/region.json", "{\n  \"aws_region\": \"us-west-2\"\n}\n");
    for id in ["\"100000000004\"", "100000000004"] {
        let account = format!("account_name: staging\naws_account_id: {id}\n");
        let known = told(&[("staging/account.yaml", &account), region, (UNIT, read)]).0;
        assert_eq!(known, "100000000004 staging/account.yaml:2 us-west-2", "{id}");
    }
}

#[test]
fn name_of_an_account_comes_from_yaml_and_json_that_the_locals_read() {
    let read = |file: &str| {
        let decode = if file.ends_with("json") { "jsondecode" } else { "yamldecode" };
        format!("locals {{\n  account = {decode}(file(find_in_parent_folders(\"{file}\")))\n}}\n")
    };
    let id = ("org2/dev/id.hcl", "");
    for (file, text) in [
        ("account.yaml", "account_id: \"100000000004\"\naccount_name: staging\n"),
        ("account.json", r#"{"account_id": "100000000004", "account_name": "staging"}"#),
    ] {
        let place = format!("org2/dev/{file}");
        let unit = ("org2/dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", &*read(file));
        let repo = Tree::new(&[(&place, text), id, unit]).open();
        assert_eq!(repo.units[0].account.value().map(ToString::to_string).as_deref(), Some("100000000004 staging"));
        // A listed account is found by its name, and another one's name is a contradiction.
        let list = ("accounts.json", r#"{"staging": "100000000004", "prod": "100000000006"}"#);
        let named = if file.ends_with("json") { r#"{"account_name": "staging"}"# } else { "account_name: staging\n" };
        let repo = Tree::new(&[(&place, named), list, unit]).open();
        assert_eq!(repo.units[0].account.value().map(ToString::to_string).as_deref(), Some("100000000004 staging"));
        let other = text.replace("staging", "prod");
        let repo = Tree::new(&[(&place, &other), list, unit]).open();
        assert!(texts(repo.all_problems()).starts_with("two places name different accounts"), "{file}");
    }
    // What all units read names the account of none.
    let common = ("common.yaml", "account_name: staging\n");
    let own = ("dev/account.hcl", "locals {\n  account_id = \"100000000004\"\n}\n");
    let unit = ("dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", &*read("common.yaml"));
    let repo = Tree::new(&[common, own, unit]).open();
    assert_eq!(repo.units[0].account.value().map(ToString::to_string).as_deref(), Some("100000000004 dev"));
}

#[test]
fn yaml_that_units_of_all_accounts_read_states_the_account_of_none() {
    let common = ("common.yaml", "account_id: \"100000000002\"\n");
    let read = "locals {\n  common = yamldecode(file(find_in_parent_folders(\"common.yaml\")))\n}\n";
    let input = "inputs = {\n  aws_account_id = local.common.account_id\n}\n";
    for unit in [read.to_owned(), format!("{read}{input}")] {
        let repo = Tree::new(&[common, ("dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", &unit)]).open();
        let reason = "common.yaml:1 states 100000000002 for whatever reads it, and nothing states it for this unit";
        assert_eq!(repo.units[0].account.reason(), Some(reason), "{unit}");
    }
    // What is looked up by the name of an account is another id for each.
    let all = ("all.yaml", "dev:\n  account_id: \"100000000004\"\n");
    let read = "locals {\n  own = yamldecode(file(find_in_parent_folders(\"all.yaml\")))[\"dev\"]\n}\n";
    let repo = Tree::new(&[all, ("dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", read)]).open();
    assert_eq!(repo.units[0].account.value().map(|it| it.id.as_str()), Some("100000000004"));
}

#[test]
fn provider_with_an_alias_says_nothing_of_the_units_account() {
    let provider = |alias: &str| {
        format!(
            "generate \"provider\" {{\n  path = \"provider.tf\"\n  if_exists = \"overwrite\"\n  contents = <<EOF\n\
             provider \"aws\" {{\n  region = \"us-east-1\"\n  allowed_account_ids = [\"100000000004\"]\n}}\n\
             provider \"aws\" {{\n  {alias}\n  allowed_account_ids = [\"100000000002\"]\n}}\nEOF\n}}\n"
        )
    };
    let problems = |alias: &str| {
        let unit = ("dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl", &*provider(alias));
        texts(Tree::new(&[BOTH, unit]).open().all_problems())
    };
    assert_eq!(problems("alias = \"shared\""), "");
    assert!(problems("").contains("two places name different accounts"));
}

#[test]
fn unit_of_an_account_that_is_listed_wrongly_is_listed_all_the_same() {
    let twice = ("accounts.json", "{\n  \"dev\": \"100000000004\",\n  \"prod\": \"100000000004\"\n}\n");
    let unit = |account: &str| format!("{account}/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl");
    let repo = Tree::new(&[twice, (&unit("dev"), "inputs = {}\n"), (&unit("prod"), "inputs = {}\n")]).open();
    let accounts: Vec<_> = repo.units.iter().map(|unit| unit.account.as_result().map(|it| it.name.as_str())).collect();
    assert_eq!(accounts, [Ok("dev"), Err("what the accounts file says of it is wrong")]);
    let problems = texts(repo.all_problems());
    assert!(problems.contains("have the same id") && problems.contains("hint: write the id of each"), "{problems}");
    let broken = Tree::new(&[("accounts.json", "dev = 1\n"), (&unit("dev"), "inputs = {}\n")]).open();
    let problems = texts(broken.all_problems());
    assert!(
        problems.contains("cannot parse the accounts file") && problems.contains("hint: it has the name of each"),
        "{problems}"
    );
}
