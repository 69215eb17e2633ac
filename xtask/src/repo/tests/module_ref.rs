//! The `ref` of the runner's module moves wherever it is written, and not a byte besides.

use std::collections::BTreeMap;

use super::{Tree, fixture, texts};
use crate::repo::{Repository, Request, plan_bump};

const ACCOUNTS: (&str, &str) = ("accounts.json", r#"{"dev": "100000000004", "prod": "100000000006"}"#);
const DEV: &str = "dev/us-east-1/ecs-deploy-runner/terragrunt.hcl";
const PROD: &str = "prod/us-east-1/ecs-deploy-runner/terragrunt.hcl";
const BASE: &str = "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner";

fn request<'r>(repo: &'r Repository, to: &str) -> Request<'r> {
    Request { module_ref: Some(to.to_owned()), ..Request::for_all(repo, BTreeMap::new()) }
}

/// The changed lines with the change, or what is wrong.
fn moved(tree: &Tree) -> String {
    let repo = tree.open();
    let bump = match plan_bump(&repo, &request(&repo, "v0.127.0")) {
        Ok(bump) => bump,
        Err(failures) => return texts(failures.iter()),
    };
    let lines = bump.diff();
    lines
        .lines()
        .filter(|line| line.starts_with('+') && !line.starts_with("+++"))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn unit(locals: &str, source: &str) -> String {
    format!("locals {{\n{locals}}}\nterraform {{\n  source = {source}\n}}\n")
}

#[test]
fn literals_templates_and_locals_are_moved_where_they_are_written() {
    let literal = unit("", &format!("\"{BASE}?ref=v0.104.6\" # pinned"));
    assert_eq!(
        moved(&Tree::new(&[ACCOUNTS, (DEV, &literal)])),
        format!("+  source = \"{BASE}?ref=v0.127.0\" # pinned\n")
    );
    let template = unit(&format!("  base = \"{BASE}\"\n"), "\"${local.base}?depth=1&ref=v0.104.6\"");
    assert_eq!(
        moved(&Tree::new(&[ACCOUNTS, (DEV, &template)])),
        "+  source = \"${local.base}?depth=1&ref=v0.127.0\"\n"
    );
    let local = unit("  catalog = \"v0.104.6\"\n", &format!("\"{BASE}?ref=${{local.catalog}}\""));
    assert_eq!(moved(&Tree::new(&[ACCOUNTS, (DEV, &local)])), "+  catalog = \"v0.127.0\"\n");
    let read = "read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals.catalog";
    let shared = unit(&format!("  catalog = {read}\n  source  = \"{BASE}?ref=${{local.catalog}}\"\n"), "local.source");
    let common = ("common.hcl", "locals {\n  catalog = \"v0.104.6\"\n}\n");
    let tree = Tree::new(&[ACCOUNTS, common, (DEV, &shared), (PROD, &shared)]);
    assert_eq!(moved(&tree), "+  catalog = \"v0.127.0\"\n");
    let crlf = literal.replace('\n', "\r\n");
    let tree = Tree::new(&[ACCOUNTS, (DEV, &format!("\u{feff}{crlf}"))]);
    let repo = tree.open();
    let bump = plan_bump(&repo, &request(&repo, "v0.127.0")).expect("it moves");
    assert_eq!(bump.edits[0].after, format!("\u{feff}{crlf}").replace("v0.104.6", "v0.127.0").as_bytes());
}

#[test]
fn what_cannot_be_moved_or_would_move_others_keeps_everything_as_it_is() {
    let literal = unit("", &format!("\"{BASE}?ref=v0.104.6\""));
    for (source, why) in [
        (format!("\"{BASE}?ref=${{get_env(\"REF\")}}\""), "its source is unknown: "),
        (format!("\"{BASE}\""), "its source has no `ref`: "),
        (
            format!("\"{BASE}?ref=${{join(\".\", [\"v0\", \"104\", \"6\"])}}\""),
            "no single plain text decides that it is v0.104.6",
        ),
    ] {
        let told = moved(&Tree::new(&[ACCOUNTS, (DEV, &unit("", &source)), (PROD, &literal)]));
        let dev = "cannot move the module of `dev/us-east-1/ecs-deploy-runner` to v0.127.0: ";
        assert!(told.starts_with(&format!("{dev}{why}")), "{told}");
    }
    let source = format!("\"{BASE}?ref=${{read_terragrunt_config(\"../../../common.hcl\").locals.catalog}}\"");
    let shared = unit("", &source);
    let common = ("common.hcl", "locals {\n  catalog = \"v0.104.6\"\n}\n");
    let tree = Tree::new(&[ACCOUNTS, common, (DEV, &shared), (PROD, &shared)]);
    let repo = tree.open();
    let mut request = request(&repo, "v0.127.0");
    request.selected.truncate(1);
    let told = plan_bump(&repo, &request).expect_err("prod would move");
    let what = "the same line decides the module of `prod/us-east-1/ecs-deploy-runner`, which is not selected\n  --> common.hcl:2\n";
    assert!(texts(told.iter()).starts_with(what), "{}", texts(told.iter()));
    // A local that decides a tag as well is no ref alone.
    let both = format!(
        "locals {{\n  version = \"v0.52.1\"\n}}\nterraform {{\n  source = \"{BASE}?ref=${{local.version}}\"\n}}\ninputs = {{\n  \
         terraform_planner_config = {{ container_image = {{ docker_image = \"x\", docker_tag = local.version }} }}\n}}\n"
    );
    let told = moved(&Tree::new(&[ACCOUNTS, (DEV, &both)]));
    assert!(told.contains("the change would also change image `deploy-runner`"), "{told}");
}

#[test]
fn runners_and_their_standard_configuration_move_together_in_every_fixture_that_names_a_ref() {
    for (name, n_refs) in [
        ("reference", 6),
        ("drifted", 4),
        ("standalone-plain", 1),
        ("standalone-standard", 2),
        ("standalone-tutorial", 1),
        ("standalone-images-map", 1),
        ("windows", 2),
    ] {
        let tree = fixture(name);
        let repo = tree.open();
        let bump = plan_bump(&repo, &request(&repo, "v9.8.7"))
            .unwrap_or_else(|failures| panic!("{name}: {}", texts(failures.iter())));
        assert_eq!(bump.modules.len(), repo.units.len(), "{name}");
        assert_eq!(bump.changes().count(), n_refs, "{name}: {}", bump.diff());
    }
    let tree = fixture("standalone-vendored");
    let repo = tree.open();
    let told = plan_bump(&repo, &request(&repo, "v9.8.7")).expect_err("a copy has no ref");
    assert!(texts(told.iter()).contains("its source has no `ref`: ../../vendor/runner"), "{}", texts(told.iter()));
}
