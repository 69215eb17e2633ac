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
