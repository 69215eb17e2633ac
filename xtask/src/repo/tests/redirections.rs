//! What would act with other credentials, and when that is a refusal.

use super::{Tree, account, texts};
use crate::repo::Unit;

const ACCOUNTS: (&str, &str) = ("accounts.json", r#"{"dev": "100000000004"}"#);
const UNIT: &str = "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";
const ELSEWHERE: &str = "arn:aws:iam::100000000006:role/x";
const HERE: &str = "arn:aws:iam::100000000004:role/x";

fn found(unit: &Unit) -> Vec<String> {
    let shown = |it: &super::super::Redirection| {
        let value = it.value.as_result().map_or_else(|why| format!("?{why}"), |value| value.to_owned());
        format!("{} {value} {}", it.what, it.place.line.unwrap_or_default())
    };
    unit.redirections.iter().map(shown).collect()
}

fn in_unit(text: &str) -> (Vec<String>, Vec<String>) {
    let repo = Tree::new(&[ACCOUNTS, (UNIT, text)]).open();
    let unit = &repo.units[0];
    assert_eq!(texts(unit.problems.iter()), "");
    let declared = ["arn:aws:iam::100000000009:role/state".to_owned()];
    let refusals =
        unit.redirections.iter().filter_map(|it| it.refusal(account(unit), &declared, Some("http://127.0.0.1:4566")));
    (found(unit), refusals.map(|failure| failure.what).collect())
}

#[test]
fn roles_profiles_and_keys_are_found_wherever_they_stand() {
    let provider =
        |inner: &str| format!("generate \"p\" {{\n  path = \"p.tf\"\n  contents = <<EOT\n{inner}\nEOT\n}}\n");
    for (text, expected) in [
        (format!("iam_role = \"{HERE}\"\n"), vec![format!("`iam_role` {HERE} 1")]),
        ("iam_role = \"\"\n".to_owned(), vec![]),
        (
            provider(&format!("provider \"aws\" {{\n  assume_role {{\n    role_arn = \"{HERE}\"\n  }}\n}}")),
            vec![format!("`assume_role` of provider `aws` {HERE} 6")],
        ),
        (
            provider("provider \"aws\" {\n  profile = \"prod\"\n  region = \"${dependency.x.outputs.region}\"\n}"),
            vec!["`profile` of provider `aws` prod 5".to_owned()],
        ),
        (
            provider("provider \"aws\" {\n  profile = \"${dependency.x.outputs.profile}\"\n}"),
            vec!["`profile` of provider `aws` ?it is not a plain string 5".to_owned()],
        ),
        (
            provider("provider \"aws\" {\n  dynamic \"assume_role\" {\n  }\n}\nprovider \"github\" {\n  token = \"x\"\n}"),
            vec!["`assume_role` of provider `aws` ?it is in a `dynamic` block 5".to_owned()],
        ),
        (
            provider("terraform {\n  backend \"s3\" {\n    role_arn = \"arn:aws:iam::100000000009:role/state\"\n  }\n}"),
            vec!["`role_arn` of the backend arn:aws:iam::100000000009:role/state 6".to_owned()],
        ),
        (
            format!("remote_state {{\n  backend = \"s3\"\n  config = {{\n    bucket = local.missing\n    role_arn = \"{ELSEWHERE}\"\n    profile = null\n  }}\n}}\n"),
            vec![format!("`role_arn` of the remote state {ELSEWHERE} 5")],
        ),
        (
            format!("remote_state {{\n  config = merge({{ assume_role = {{ role_arn = \"{HERE}\" }} }}, {{}})\n}}\n"),
            vec![format!("`assume_role` of the remote state {HERE} 2")],
        ),
        (
            "terraform {\n  extra_arguments \"x\" {\n    commands = []\n    env_vars = {\n      AWS_PROFILE = \"prod\"\n      AWS_REGION = \"x\"\n      TF_VAR_AWS_PROFILE = \"y\"\n    }\n  }\n}\n".to_owned(),
            vec!["`AWS_PROFILE` in `env_vars` prod 5".to_owned()],
        ),
    ] {
        assert_eq!(in_unit(&text).0, expected, "{text}");
    }
}

#[test]
fn what_is_in_an_included_file_or_in_terraform_beside_the_unit_is_found_too() {
    let include = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
    let backend = format!(
        "terraform {{\n  backend \"s3\" {{\n    assume_role = {{\n      role_arn = \"{ELSEWHERE}\"\n    }}\n  }}\n}}\n"
    );
    let tree = Tree::new(&[
        ACCOUNTS,
        (UNIT, include),
        ("root.hcl", &format!("iam_role = \"{HERE}\"\nremote_state {{\n  config = {{ profile = \"x\" }}\n}}\n")),
        ("dev/us-east-1/mgmt/ecs-deploy-runner/backend.tf", &backend),
    ]);
    let expected = [
        format!("`iam_role` {HERE} 1"),
        "`profile` of the remote state x 3".to_owned(),
        format!("`assume_role` of the backend {ELSEWHERE} 3"),
    ];
    assert_eq!(found(&tree.open().units[0]), expected);
}

#[test]
fn what_leads_elsewhere_is_refused_unless_it_is_declared_or_a_guard_will_see_it() {
    let state = |role: &str| format!("remote_state {{\n  config = {{ role_arn = {role} }}\n}}\n");
    let refused = |text: &str| in_unit(text).1;
    assert!(refused(&format!("iam_role = \"{HERE}\"\n")).is_empty());
    assert!(refused("iam_role = get_env(\"ROLE\")\n").is_empty(), "the inner guard asks whose role it is");
    let declared = "\"arn:aws:iam::100000000009:role/state\"";
    assert!(refused(&state(declared)).is_empty());
    assert_eq!(
        refused(&state(&format!("\"{ELSEWHERE}\""))),
        ["`role_arn` of the remote state leads into another account"]
    );
    let unknown = refused(&state("get_env(\"ROLE\")"));
    assert!(unknown[0].starts_with("`role_arn` of the remote state is not known, because "), "{unknown:?}");
    let profile = "remote_state {\n  config = { profile = \"x\" }\n}\n";
    assert_eq!(refused(profile), ["`profile` of the remote state brings credentials of its own"]);
}

#[test]
fn role_that_terragrunt_assumes_tells_the_account_or_disputes_it_also_where_it_is_declared() {
    for role in [ELSEWHERE, "arn:aws:iam::100000000009:role/state"] {
        let repo = Tree::new(&[ACCOUNTS, (UNIT, &format!("iam_role = \"{role}\"\n"))]).open();
        assert!(repo.units[0].account.value().is_none());
        let told = texts(repo.units[0].problems.iter());
        assert!(told.starts_with("two places name different accounts for"), "{told}");
    }
    let repo = Tree::new(&[(UNIT, &format!("iam_role = \"{HERE}\"\n"))]).open();
    assert_eq!(account(&repo.units[0]).to_string(), "100000000004 dev");
}

#[test]
fn a_cache_outside_of_the_unit_keeps_it_from_being_planned() {
    let repo = Tree::new(&[ACCOUNTS, (UNIT, "download_dir = \"/tmp/cache\"\n")]).open();
    let told = texts(repo.units[0].problems.iter());
    assert!(told.contains("`download_dir` takes terragrunt's cache out of `dev/us-east-1"), "{told}");
    assert!(told.contains("terragrunt.hcl:1"), "{told}");
}

#[test]
fn backend_whose_requests_go_elsewhere_is_refused_wherever_it_is_written() {
    let state = |config: &str| format!("remote_state {{\n  backend = \"s3\"\n  config = {{\n    {config}\n  }}\n}}\n");
    for (config, n) in [
        ("endpoints = { s3 = \"http://elsewhere\", sts = \"http://127.0.0.1:4566/\" }", 1),
        ("endpoint = \"http://127.0.0.1:4566\"\n    insecure = false", 0),
        ("sts_endpoint = \"http://elsewhere\"", 1),
        ("endpoints = local.missing", 1),
        ("http_proxy = \"http://elsewhere\"", 1),
        ("insecure = true", 1),
    ] {
        let refusals = in_unit(&state(config)).1;
        assert_eq!(refusals.len(), n, "{config}: {refusals:?}");
        let other = state(config).replace("\"s3\"", "\"http\"");
        assert_eq!(in_unit(&other).1, Vec::<String>::new(), "another backend signs nothing: {config}");
    }
    let image = "{ container_image = { docker_image = \"x/ecs-deploy-runner\", docker_tag = \"v1\" } }";
    let source = "terraform {\n  source = \"../../../../modules//runner\"\n}\n";
    let unit = &*format!("{source}inputs = {{\n  terraform_planner_config = {image}\n}}\n");
    for (block, what) in [
        (
            format!("assume_role = {{\n role_arn = \"{ELSEWHERE}\"\n }}"),
            "`assume_role` of the backend leads into another",
        ),
        ("endpoints = {\n s3 = \"http://elsewhere\"\n }".to_owned(), "`endpoints` of the backend sends the requests"),
        ("endpoints {\n s3 = \"http://elsewhere\"\n }".to_owned(), "`endpoints` of the backend sends the requests"),
    ] {
        let backend = format!("terraform {{\n backend \"s3\" {{\n {block}\n }}\n}}\n");
        let refusals = |unit: &str| {
            let repo = Tree::new(&[ACCOUNTS, (UNIT, unit), ("modules/runner/backend.tf", &backend)]).open();
            let unit = &repo.units[0];
            let refusals = unit.redirections.iter().filter_map(|it| it.refusal(account(unit), &[], None));
            refusals.map(|failure| failure.what).collect::<Vec<_>>().join("; ")
        };
        assert!(refusals(unit).contains(what), "{block}: {}", refusals(unit));
        let generated = format!("{unit}{}", state("bucket = \"b\""));
        assert_eq!(refusals(&generated), "", "the module's own is replaced, or the record of `init` shows it");
    }
}
