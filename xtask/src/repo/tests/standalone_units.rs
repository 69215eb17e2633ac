//! Which folders are units of Terraform, how many runners they have, and whose they are.

use super::standalone::{PROVIDER, call, tag_in};
use super::{Tree, open, texts};
use crate::model::{ImageName, Known};
use crate::repo::{Redirection, Unit, UnitTag};

#[test]
fn two_runners_in_one_folder_have_each_its_own_tags() {
    let (first, second) = (call("\"v1\""), call("\"v1\"").replace("\"runner\"", "\"other\""));
    assert_eq!(tag_in(&[("a.tf", &first), ("b.tf", &second)]), "v1");
    let second = second.replace("\"v1\"", "\"v2\"");
    let tree = Tree::new(&[("unit/provider.tf", PROVIDER), ("unit/a.tf", &first), ("unit/b.tf", &second)]);
    let repo = tree.open();
    assert_eq!(texts(repo.all_problems()), "");
    let uses = repo.units[0].image(ImageName::DeployRunner).expect("it is used");
    assert_eq!(uses.tag, UnitTag::Differ);
    let tags = uses.deciders.iter().map(|it| format!("{} {}", it.configuration, it.tag.value().expect("it is known")));
    let tags: Vec<_> = tags.collect();
    assert!(tags.contains(&"module.runner.terraform_planner_config v1".to_owned()), "{tags:?}");
    assert!(tags.contains(&"module.other.terraform_planner_config v2".to_owned()), "{tags:?}");
    let notes = texts(repo.units[0].notes.iter());
    assert!(notes.starts_with("`unit` deploys 2 runners\n  --> unit/b.tf:2\n  --> unit/a.tf:2\n"), "{notes}");
    let nobody = first.replace("source", "count = 0\n  source");
    let repo = Tree::new(&[("unit/provider.tf", PROVIDER), ("unit/a.tf", &nobody)]).open();
    assert!(repo.units[0].images.values().all(Option::is_none));
}

#[test]
fn the_account_is_stated_or_unknown() {
    let told = |provider: &str, call: &str| {
        let tree = Tree::new(&[("unit/provider.tf", provider), ("unit/main.tf", call)]);
        let repo = tree.open();
        let unit = repo.units.first();
        let account = unit.map_or_else(
            || texts(repo.all_problems()),
            |unit| match &unit.account {
                Known::Value(account) => format!("{} {}", account.id, account.evidence[0]),
                Known::Unknown(reason) => reason.clone(),
            },
        );
        let redirections = unit.map(|unit| &unit.redirections[..]).unwrap_or_default();
        let shown = |it: &Redirection| {
            format!(
                "{} {} {}",
                it.what,
                it.value.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string),
                it.place
            )
        };
        (account, redirections.iter().map(shown).collect::<Vec<_>>().join(", "))
    };
    let main = call("\"v1\"");
    let nothing = "no accounts file, no `account.hcl` and no `allowed_account_ids` of a provider says it";
    assert_eq!(told(PROVIDER, &main).0, "100000000004 unit/provider.tf:3");
    assert_eq!(told("provider \"aws\" {}\n", &main).0, nothing);
    let two = "provider \"aws\" {\n  allowed_account_ids = [\"100000000004\", \"100000000006\"]\n}\n";
    assert_eq!(told(two, &main).0, nothing);
    let role = "provider \"aws\" {\n  assume_role {\n    role_arn = local.role\n  }\n}\n\
                locals {\n  role = \"arn:aws:iam::100000000006:role/x\"\n}\n\
                provider \"aws\" {\n  alias = \"b\"\n  profile = var.x\n  dynamic \"assume_role\" {}\n}\n";
    let assumed = "`assume_role` of provider `aws` arn:aws:iam::100000000006:role/x unit/provider.tf:3, \
                   `profile` of provider `aws` ?there is no variable `x` (unit/provider.tf:11) unit/provider.tf:11, \
                   `assume_role` of provider `aws` ?it is in a `dynamic` block unit/provider.tf:12";
    assert_eq!(told(role, &main), ("100000000006 unit/provider.tf:3".to_owned(), assumed.to_owned()));
    let aliased =
        format!("{two}provider \"aws\" {{\n  alias = \"b\"\n  allowed_account_ids = [\"100000000005\"]\n}}\n");
    let by_alias = main.replace("source", "providers = {\n    aws = aws.b\n  }\n  source");
    assert_eq!(told(&aliased, &by_alias).0, "100000000005 unit/provider.tf:6");
}

#[test]
fn a_provider_that_contradicts_the_accounts_file_or_the_folder_is_a_problem() {
    let accounts = ("accounts.json", r#"{"dev": "100000000006"}"#);
    let main = call("\"v1\"");
    let repo = Tree::new(&[accounts, ("dev/unit/provider.tf", PROVIDER), ("dev/unit/main.tf", &main)]).open();
    let problems = texts(repo.all_problems());
    assert!(problems.starts_with("two places name different accounts for `dev/unit`\n"), "{problems}");
    assert_eq!(repo.units[0].account.reason(), Some("the places that state it do not agree"));
    let repo = Tree::new(&[("us-west-2/provider.tf", PROVIDER), ("us-west-2/main.tf", &main)]).open();
    assert_eq!(texts(repo.all_problems()), "");
    let notes = texts(repo.units[0].notes.iter());
    let what = "the region of `us-west-2` is us-east-1 by its provider, and us-west-2 by its folder or `region.hcl`";
    assert!(notes.starts_with(what), "{notes}");
    assert_eq!(repo.units[0].region.value().map(ToString::to_string).as_deref(), Some("us-east-1"));
}

#[test]
fn modules_that_call_each_other_without_end_or_cannot_be_read_are_told() {
    let child = |text: &str| {
        let main = "module \"a\" {\n  source = \"../modules/a\"\n}\n";
        let repo = Tree::new(&[("unit/provider.tf", PROVIDER), ("unit/main.tf", main), ("modules/a/main.tf", text)]);
        texts(repo.open().all_problems()).lines().next().unwrap_or_default().to_owned()
    };
    let calls = |n: usize| format!("module \"m{n}\" {{\n  source = \"./\"\n}}\n");
    let endless = (0..20).map(calls).collect::<String>() + &call("\"v1\"");
    assert_eq!(child(&endless), "more modules call each other than in any real configuration");
    assert!(child(&format!("}}{endless}")).starts_with("cannot parse `modules/a/main.tf`: "));
    let fault = call("\"v1\"").replace("terraform_planner_config", "x = local.y\n  terraform_planner_config");
    assert_eq!(child(&fault), "there is no local `y`");
}

#[test]
fn only_root_modules_that_call_a_runner_are_units() {
    let main = call("\"v1\"");
    let other = "module \"x\" {\n  source = \"git::x//modules/ecs-deploy-runner-invoke-iam-policy\"\n}\n";
    let tree = Tree::new(&[
        ("modules/runner/main.tf", &main),
        ("live/a/main.tf", "module \"runner\" {\n  source = \"../../modules/runner\"\n}\n"),
        ("live/a/.terraform.lock.hcl", ""),
        ("live/b/main.tf", &format!("{PROVIDER}{other}")),
        ("live/c/main.tf", &format!("terraform {{\n  cloud {{}}\n}}\n{main}")),
        ("live/d/main.tf", &main),
        ("live/d/prod.tfvars", ""),
        ("live/e/main.tf", &format!("{PROVIDER}{main}")),
        ("live/e/terragrunt.hcl", ""),
        ("live/f/.terraform/modules/x/main.tf", &format!("{PROVIDER}{main}")),
        ("accounts.json", r#"{"a": "100000000004", "c": "100000000005", "d": "100000000006"}"#),
    ]);
    let repo = tree.open();
    assert_eq!(texts(repo.problems.iter()), "");
    let paths: Vec<_> = repo.units.iter().map(|unit| unit.path.as_str()).collect();
    assert_eq!(paths, ["live/a", "live/c", "live/d", "live/e"]);
    let region = repo.units[0].region.reason();
    assert_eq!(region, Some("no `provider \"aws\"` says it"));
}

#[test]
fn settings_state_the_account_of_folders_by_path_or_pattern() {
    let told = |accounts: &str, more: &[(&str, &str)], start: &str| {
        let (main, cargo) = (call("\"v1\""), format!("[workspace.metadata.xtask]\naccounts = {{ {accounts} }}\n"));
        let plain = "provider \"aws\" {\n  region = \"us-east-1\"\n}\n";
        let tree = Tree::new(&[
            ("Cargo.toml", &cargo),
            ("live/blue/runner/p.tf", plain),
            ("live/blue/runner/main.tf", &main),
            ("live/green/runner/p.tf", plain),
            ("live/green/runner/main.tf", &main),
        ]);
        more.iter().for_each(|(name, text)| tree.write(name, text.as_bytes()));
        let repo = open(&tree.path().join(start)).expect("it opens");
        let shown = |unit: &Unit| match &unit.account {
            Known::Value(account) => format!("{account} {}", account.evidence[0]),
            Known::Unknown(_) => "?".to_owned(),
        };
        (repo.units.iter().map(shown).collect::<Vec<_>>().join(", "), texts(repo.all_problems()))
    };
    let known = |id: &str| format!("{id} {id} Cargo.toml:2");
    let (blue, green) = (known("100000000004"), known("100000000006"));
    let none = String::new;
    let both = "\"live/blue\" = \"100000000004\", \"live/gr*/runner\" = \"100000000006\"";
    assert_eq!(told(both, &[], ""), (format!("{blue}, {green}"), none()));
    assert_eq!(
        told("\"blue\" = \"100000000004\", \"runner\" = \"100000000004\"", &[], "").0,
        "?, ?",
        "paths start at the root"
    );
    assert_eq!(told("\"**\" = \"100000000004\"", &[], ""), (format!("{blue}, {blue}"), none()));
    let two = "\"live/blue\" = \"100000000004\", \"live/*\" = \"100000000006\"";
    let (_, problems) = told(two, &[], "");
    assert!(problems.starts_with("two places name different accounts for `live/blue/runner`\n"), "{problems}");
    // The paths start at the `Cargo.toml`, also where a folder with accounts of its own is opened.
    let nested = ("live/accounts.json", r#"{"other": "100000000005"}"#);
    let (accounts, problems) = told("\"live/blue\" = \"100000000004\"", &[nested], "live");
    assert!(accounts.starts_with("100000000004 100000000004 ") && accounts.ends_with(", ?"), "{accounts}");
    assert_eq!(problems, "");
    // What the settings state is one statement among others.
    let listed = ("accounts.json", r#"{"blue": "100000000005"}"#);
    let (_, problems) = told("\"live/blue\" = \"100000000004\"", &[listed], "");
    assert!(problems.starts_with("two places name different accounts for `live/blue/runner`\n"), "{problems}");
}

#[test]
fn provider_of_a_module_in_between_counts_where_the_runner_is_made_in_it() {
    let provider = |region: &str, account: &str| {
        format!("provider \"aws\" {{\n  region = \"{region}\"\n  allowed_account_ids = [\"{account}\"]\n}}\n")
    };
    let main = format!("{}module \"w\" {{\n  source = \"./w\"\n}}\n", provider("us-east-1", "100000000004"));
    let child = provider("us-west-2", "100000000006");
    let accounts = ("accounts.json", r#"{"dev": "100000000004", "prod": "100000000006"}"#);
    let open = |main: &str| {
        Tree::new(&[accounts, ("dev/edr/main.tf", main), ("dev/edr/w/main.tf", &format!("{child}{}", call("\"v1\"")))])
            .open()
    };
    let repo = open(&main);
    assert_eq!(repo.units.len(), 1);
    assert_eq!(repo.units[0].region.value().map(ToString::to_string).as_deref(), Some("us-west-2"));
    let account = repo.units[0].account.value().map(|account| account.name.clone());
    assert!(account.as_deref() != Some("dev") || !texts(repo.all_problems()).is_empty(), "{account:?}");
    let given = open(&main.replace("\"./w\"", "\"./w\"\n  providers = { aws = aws }"));
    assert_eq!(given.units[0].region.value().map(ToString::to_string).as_deref(), Some("us-east-1"));
}

#[test]
fn folder_that_calls_a_runner_and_that_nothing_calls_is_named() {
    let call = "module \"runner\" {\n  source = \"git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner?ref=v0.104.6\"\n}\n";
    let versions = format!("terraform {{\n  required_version = \">= 1.0\"\n}}\n{call}");
    let to = |module: &str| format!("module \"x\" {{\n  source = \"../../../modules/{module}\"\n}}\n");
    let tree = Tree::new(&[
        ("accounts.json", r#"{"dev": "100000000006"}"#),
        ("dev/us-east-1/a/main.tf", call),
        ("dev/us-east-1/b/main.tf", &versions),
        ("dev/us-east-1/c/main.tf", &to("w")),
        (
            "dev/us-east-1/d/terragrunt.hcl",
            "terraform {\n  source = \"git::git@github.com:acme/live.git//modules/x?ref=v1\"\n}\ninputs = {\n  terraform_planner_config = {}\n}\n",
        ),
        ("dev/us-east-1/e/main.tf", &format!("{PROVIDER}{}", to("y"))),
        ("dev/us-east-1/f/terragrunt.hcl", "terraform {\n  source = \"../../../modules//z\"\n}\n"),
        ("modules/w/main.tf", call),
        ("modules/x/main.tf", call),
        ("modules/y/main.tf", call),
        ("modules/z/main.tf", call),
    ]);
    let repo = tree.open();
    let units: Vec<_> = repo.units.iter().map(|unit| unit.path.as_str()).collect();
    assert_eq!(units, ["dev/us-east-1/d", "dev/us-east-1/e", "dev/us-east-1/f"]);
    let said = "folders of Terraform that call a runner's module are called by nothing here, and no units, since nothing tells \
                that Terraform is started there\n  --> dev/us-east-1/a\n  --> dev/us-east-1/b\n  --> dev/us-east-1/c\nhint: ";
    let notices = texts(repo.notices.iter());
    assert!(notices.starts_with(said), "{notices}");
    let alone = Tree::new(&[("dev/us-east-1/a/main.tf", call)]).open();
    assert!(texts(alone.notices.iter()).contains("--> dev/us-east-1/a\n"));
}
