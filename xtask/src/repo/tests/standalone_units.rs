//! Which folders are units of Terraform, how many runners they have, and whose they are.

use super::standalone::{PROVIDER, call, tag_in};
use super::{Tree, texts};
use crate::repo::Redirection;

#[test]
fn two_runners_in_one_folder_must_agree() {
    let (first, second) = (call("\"v1\""), call("\"v1\"").replace("\"runner\"", "\"other\""));
    assert_eq!(tag_in(&[("a.tf", &first), ("b.tf", &second)]), "v1");
    let second = second.replace("\"v1\"", "\"v2\"");
    let tree = Tree::new(&[("unit/provider.tf", PROVIDER), ("unit/a.tf", &first), ("unit/b.tf", &second)]);
    let repo = tree.open();
    let problems = texts(repo.all_problems());
    assert!(problems.contains("module.runner.terraform_planner_config gets v1"), "{problems}");
    assert!(problems.contains("module.other.terraform_planner_config gets v2"), "{problems}");
    let notes = texts(repo.units[0].notes.iter());
    assert!(notes.starts_with("`unit` deploys 2 runners\n  --> unit/b.tf:2\n  --> unit/a.tf:2\n"), "{notes}");
    let nobody = first.replace("source", "count = 0\n  source");
    let repo = Tree::new(&[("unit/provider.tf", PROVIDER), ("unit/a.tf", &nobody)]).open();
    assert!(repo.units[0].images.values().all(Option::is_none));
}

#[test]
fn the_account_is_stated_or_it_is_a_problem() {
    let told = |provider: &str, call: &str| {
        let tree = Tree::new(&[("unit/provider.tf", provider), ("unit/main.tf", call)]);
        let repo = tree.open();
        let unit = repo.units.first();
        let account = unit.map_or_else(
            || texts(repo.all_problems()),
            |unit| format!("{} {}", unit.account.id, unit.account.evidence[0]),
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
    let nothing = "nothing says which account `unit` belongs to\n  --> unit\n\
                   hint: write its twelve digits into `allowed_account_ids` of its `provider \"aws\"`, \
                   `account_id` in the locals of `account.hcl`, or `accounts.json`\n";
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
    let repo = Tree::new(&[("us-west-2/provider.tf", PROVIDER), ("us-west-2/main.tf", &main)]).open();
    let problems = texts(repo.all_problems());
    let what = "the region of `us-west-2` is us-west-2 by its folder or `region.hcl` and us-east-1 by its provider";
    assert!(problems.starts_with(what), "{problems}");
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
    assert_eq!(paths, ["live/a", "live/c", "live/d"]);
    let region = repo.units[0].region.reason();
    assert_eq!(region, Some("no `provider \"aws\"` says it"));
}
