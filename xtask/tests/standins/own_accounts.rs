//! Each unit gets the session of its own account and region: what `units` shows is what is verified and used.

use std::fs;

use serde_json::Value;

use super::said::Said;
use super::sandbox::{ACCOUNTS, Sandbox, unit};

/// Two environments in one AWS account, each with an `account.hcl` and a profile of its own; no accounts file.
fn in_one_account() -> Sandbox {
    let sandbox = Sandbox::bumped();
    fs::rename(sandbox.repo().join("accounts.json"), sandbox.repo().join("ids.json")).unwrap();
    for (name, _) in ACCOUNTS.iter().filter(|(name, _)| !["dev", "stage"].contains(name)) {
        fs::remove_dir_all(sandbox.repo().join(name)).unwrap();
    }
    sandbox.edit("common.hcl", "accounts.json", "ids.json");
    sandbox.edit("ids.json", "\"stage\"", "\"qa\"");
    sandbox.edit("ids.json", "100000000005", "100000000004");
    sandbox.edit("stage/account.hcl", "\"stage\"", "\"qa\"");
    sandbox.edit("stage/account.hcl", "100000000005", "100000000004");
    sandbox
        .setting("profile", "\"acme-{account}\"")
        .setting("environments", "{ dev = \"development\", qa = \"production\" }")
        .vault_profile("acme-dev", "100000000004")
        .vault_profile("acme-qa", "100000000004")
}

/// A runner in a second region of dev, and profiles that are named by account and region.
fn in_two_regions() -> Sandbox {
    let sandbox = Sandbox::bumped();
    let second = sandbox.repo().join("dev/eu-west-1/mgmt/ecs-deploy-runner");
    fs::create_dir_all(&second).unwrap();
    fs::copy(sandbox.repo().join(unit("dev")).join("terragrunt.hcl"), second.join("terragrunt.hcl")).unwrap();
    sandbox.write("dev/eu-west-1/region.hcl", "locals {\n  aws_region = \"eu-west-1\"\n}\n");
    sandbox
        .setting("profile", "\"acme-{account}-{region}\"")
        .vault_profile("acme-dev-eu-west-1", "100000000004")
        .vault_profile("acme-dev-us-east-1", "100000000004")
        .vault_profile("acme-shared-us-east-1", "100000000002")
}

/// The units with their profiles.
fn shown(sandbox: &Sandbox, args: &[&str]) -> Vec<(String, String)> {
    let json: Value = sandbox.xtask(["units", "--format", "json"]).args(args).run().json();
    let text = |unit: &Value, key: &str| unit[key].as_str().unwrap_or("?").to_owned();
    json["units"].as_array().unwrap().iter().map(|unit| (text(unit, "path"), text(unit, "profile"))).collect()
}

/// The profiles that aws-vault was started for, each once.
fn opened(sandbox: &Sandbox) -> Vec<String> {
    let mut profiles: Vec<_> = sandbox.log().of("aws-vault").iter().map(|call| call.argv()[1].to_owned()).collect();
    profiles.sort();
    profiles.dedup();
    profiles
}

/// What `doctor` finds offline, without its line breaks.
#[track_caller]
fn doctor(sandbox: &Sandbox, code: i32) -> String {
    let said = sandbox.xtask(["doctor", "--offline"]).run().exits(code);
    said.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every command in the folder of a unit takes the profile that is shown for it, which is verified before.
#[track_caller]
fn each_uses_its_own(dry: &Said, shown: &[(String, String)]) {
    assert!(!dry.raw_out.contains("{profile}"), "{}", dry.raw_out);
    for (path, profile) in shown {
        let with = format!(" aws-vault exec {profile} -- ");
        let lines: Vec<_> = dry.raw_out.lines().filter(|line| line.starts_with("cd ")).collect();
        assert!(lines.iter().any(|line| line.contains(&with) && line.contains(".identity'")), "{profile}");
        let own: Vec<_> = lines.iter().filter(|line| line.contains(&format!("/{path} && "))).collect();
        assert!(own.len() > 2, "{path}: {}", dry.raw_out);
        own.iter().for_each(|line| assert!(line.contains(&with), "{path}: {line}"));
    }
}

#[test]
fn two_names_of_one_account_have_a_profile_and_a_session_each() {
    let sandbox = in_one_account();
    let units = shown(&sandbox, &[]);
    assert_eq!(units, [(unit("dev"), "acme-dev".to_owned()), (unit("stage"), "acme-qa".to_owned())]);
    sandbox.xtask(["identity"]).run().exits(0).says("2 of 2 sessions verified");
    assert_eq!(opened(&sandbox), ["acme-dev", "acme-qa"]);
    let dry = sandbox.xtask(["apply-all", "--dry-run", "--verbose"]).run().exits(0);
    each_uses_its_own(&dry, &units);
    assert!(doctor(&sandbox, 0).contains("ok profiles dev acme-dev, qa acme-qa by Cargo.toml"));
}

#[test]
fn name_of_an_account_selects_its_units_alone_and_the_id_those_of_all_its_names() {
    let sandbox = in_one_account();
    assert_eq!(shown(&sandbox, &["--account", "qa"]), [(unit("stage"), "acme-qa".to_owned())]);
    assert_eq!(shown(&sandbox, &["--account", "dev"]), [(unit("dev"), "acme-dev".to_owned())]);
    assert_eq!(shown(&sandbox, &["--account", "100000000004"]).len(), 2);
}

#[test]
fn profile_that_is_named_by_region_is_the_one_of_the_units_region() {
    let sandbox = in_two_regions();
    let units = shown(&sandbox, &["--account", "dev"]);
    let profiles: Vec<_> = units.iter().map(|(_, profile)| profile.as_str()).collect();
    assert_eq!(profiles, ["acme-dev-eu-west-1", "acme-dev-us-east-1"]);
    let dry = sandbox.xtask(["apply-all", "--dry-run", "--verbose", "--account", "dev"]).run().exits(0);
    each_uses_its_own(&dry, &units);
    let both = "dev eu-west-1 acme-dev-eu-west-1, dev us-east-1 acme-dev-us-east-1, ";
    assert!(doctor(&sandbox, 0).contains(both));
}

#[test]
fn profile_of_each_region_is_verified_before_anything_is_planned() {
    let sandbox = in_two_regions().vault_profile("acme-dev-us-east-1", "100000000006");
    let said = sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).run().exits(3);
    said.says("the credentials for account `dev` belong to another account").says("profile `acme-dev-us-east-1`");
    assert!(sandbox.log().of("terragrunt").iter().all(|call| call.argv() == ["--version"]));
}

#[test]
fn option_with_the_profile_of_an_account_is_no_template() {
    let sandbox = Sandbox::bumped();
    let args = ["apply-all", "--yes", "--account", "dev", "--profile", "dev=acme-{region}"];
    sandbox.xtask(args).run().exits(2).says("it takes the name of a profile, not a template");
    assert!(sandbox.log().calls().is_empty());
}

/// The sample, where the provider of all units takes a role.
fn with_role(role: &str) -> Sandbox {
    let sandbox = Sandbox::bumped();
    let block = format!("  assume_role {{\n    role_arn = \"{role}\"\n  }}\n}}\nEOF");
    sandbox.edit("terragrunt.hcl", "}\nEOF", &block);
    sandbox
}

#[test]
fn role_of_the_default_provider_in_another_account_is_a_disagreement_also_where_it_is_declared() {
    let role = "arn:aws:iam::100000000006:role/deploy";
    let sandbox = with_role(role).setting("assumed-roles", &format!("[\"{role}\"]"));
    let commands: [&[&str]; 3] =
        [&["units", "--account", "dev"], &["status", "--account", "dev"], &["apply-all", "--yes", "--account", "dev"]];
    for command in commands {
        let said = sandbox.xtask(command).run().exits(3);
        said.says("two places name different accounts for `dev/").says("100000000006 by the first of them");
    }
    sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).run().exits(3).says_nothing_of("`assumed-roles`");
    assert!(sandbox.log().calls().is_empty());
    // Units of that very account work as before.
    sandbox.xtask(["apply-all", "--dry-run", "--account", "prod"]).run().exits(0);
}

#[test]
fn role_of_a_provider_with_an_alias_is_declared_and_no_disagreement() {
    let role = "arn:aws:iam::100000000002:role/dns";
    let sandbox = Sandbox::bumped().setting("assumed-roles", &format!("[\"{role}\"]"));
    let block = format!(
        "}}\nprovider \"aws\" {{\n  alias = \"dns\"\n  assume_role {{\n    role_arn = \"{role}\"\n  }}\n}}\nEOF"
    );
    sandbox.edit("terragrunt.hcl", "}\nEOF", &block);
    sandbox.xtask(["apply-all", "--dry-run", "--account", "dev"]).run().exits(0);
}

/// The AWS config of a person in which the profiles of dev and prod are mixed up.
fn with_a_swap(sandbox: &Sandbox) {
    let config = "[profile your-dev]\nrole_arn = arn:aws:iam::100000000006:role/Admin\n\
                  [profile your-prod]\nrole_arn = arn:aws:iam::100000000004:role/Admin\n";
    fs::create_dir_all(sandbox.top().join("home/.aws")).unwrap();
    fs::write(sandbox.top().join("home/.aws/config"), config).unwrap();
}

#[test]
fn named_profile_that_leads_into_another_account_is_an_error_before_anybody_signs_in() {
    let sandbox = Sandbox::bumped();
    with_a_swap(&sandbox);
    let commands: [&[&str]; 3] = [
        &["units", "--account=dev"],
        &["apply-all", "--yes", "--account=dev"],
        &["apply-all", "--yes", "--account=dev", "--profile=dev=your-dev"],
    ];
    for command in commands {
        let said = sandbox.xtask(command).run().exits(3);
        said.says("profile `your-dev`, named for account `dev`, leads into another account\n  --> ~/.aws/config:1")
            .says("expected  100000000004 dev, named by ")
            .says("found     100000000006 prod, by `role_arn`")
            .says("hint: `your-prod` leads into 100000000004");
    }
    assert!(sandbox.log().calls().is_empty());
    let told = doctor(&sandbox, 5);
    assert!(told.contains("fail profiles 2 profiles by Cargo.toml:"), "{told}");
    assert!(told.contains("dev your-dev leads into 100000000006 prod, by `role_arn`"), "{told}");
    assert!(told.contains("do: `your-prod` leads into 100000000004: --profile dev=your-prod"), "{told}");
    assert!(told.contains("4 of the 6 profiles by Cargo.toml") && !told.contains("ok profiles"), "{told}");
}

/// The sample, and a unit of another organization whose account is called like one of the sample's.
fn in_two_organizations() -> Sandbox {
    let sandbox = Sandbox::bumped();
    let second = "org2/dev/us-east-1/mgmt/ecs-deploy-runner";
    fs::create_dir_all(sandbox.repo().join(second)).unwrap();
    sandbox.write("org2/dev/account.hcl", "locals {\n  account_id = \"100000000014\"\n}\n");
    sandbox.write("org2/accounts.json", "{\"dev\": \"100000000014\"}\n");
    let source = "git::git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner?ref=v0.52.1";
    sandbox.write(&format!("{second}/terragrunt.hcl"), format!("terraform {{\n  source = \"{source}\"\n}}\n"));
    sandbox
}

#[test]
fn accounts_that_are_called_alike_are_wrong_only_where_both_are_selected() {
    let sandbox = in_two_organizations();
    let told = "two accounts are called `dev`";
    sandbox.xtask(["apply-all", "--yes"]).run().exits(3).says(told);
    let by_name = sandbox.xtask(["apply-all", "--yes", "--account=dev"]).run().exits(3).says(told);
    by_name.says("or name it by its id: --account 100000000004 or --account 100000000014");
    sandbox.xtask(["units"]).run().exits(3).says(told);
    assert!(sandbox.xtask(["doctor", "--offline"]).run().exits(5).out.contains(told));
    let of_one: [&[&str]; 3] = [&["--account=100000000004"], &["--account=stage"], &["--unit", &unit("dev")]];
    for selected in of_one {
        let said = sandbox.xtask(["apply-all", "--yes", "--plan-only"]).args(selected).run().exits(0);
        said.says("Planned      1 unit").says_nothing_of(told);
    }
}
