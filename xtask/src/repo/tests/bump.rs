//! Planning a change of tags.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Tree, fixture, open, texts};
use crate::model::{Exit, Failures, ImageName, Tag};
use crate::repo::{Bump, Repository, Request, plan_bump};

const ACCOUNTS: (&str, &str) = ("accounts.json", r#"{"dev": "100000000004", "prod": "100000000006"}"#);
const DEV: &str = "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";
const PROD: &str = "prod/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";
const COMMON: (&str, &str) = ("common.hcl", "locals {\n  deploy_runner_container_image_tag = \"v1\"\n}\n");
const TAG: &str = "local.common.locals.deploy_runner_container_image_tag";
const RUNNER: ImageName = ImageName::DeployRunner;
const KANIKO: ImageName = ImageName::Kaniko;

fn plan(repo: &Repository, wanted: &[(ImageName, &str)]) -> Result<Bump, Failures> {
    let wanted: BTreeMap<ImageName, Tag> =
        wanted.iter().map(|(image, tag)| (*image, tag.parse().expect("a tag"))).collect();
    plan_bump(repo, &Request { old_module: true, ..Request::for_all(repo, wanted) })
}

fn refused(repo: &Repository, wanted: &[(ImageName, &str)]) -> String {
    let failures = plan(repo, wanted).expect_err("it must be refused");
    assert_eq!(failures.exit(), Exit(3));
    texts(failures.iter())
}

fn unit(planner: &str, applier: &str) -> String {
    format!(
        "locals {{\n  common = read_terragrunt_config(find_in_parent_folders(\"common.hcl\"))\n}}\ninputs = {{\n  \
         terraform_planner_config = {{ container_image = {{ docker_image = \"x\", docker_tag = {planner} }} }}\n  \
         terraform_applier_config = {{ container_image = {{ docker_image = \"x\", docker_tag = {applier} }} }}\n}}\n"
    )
}

#[test]
fn the_tags_of_a_reference_architecture_change_by_their_two_literals_and_nothing_else() {
    let tree = fixture("reference");
    let repo = tree.open();
    let bump = plan(&repo, &[(RUNNER, "v1.3.0"), (KANIKO, "v1.2.0")]).expect("it is planned");
    let diff = bump.diff();
    let changed: Vec<_> = diff.lines().filter(|line| line.starts_with(['-', '+'])).collect();
    assert_eq!(
        changed,
        [
            "--- a/common.hcl",
            "+++ b/common.hcl",
            "-  deploy_runner_container_image_tag = \"v0.52.1\"",
            "+  deploy_runner_container_image_tag = \"v1.3.0\"",
            "-  kaniko_container_image_tag = \"v0.52.1\"",
            "+  kaniko_container_image_tag = \"v1.2.0\"",
        ]
    );
    let [edit] = &bump.edits[..] else { panic!("one file") };
    assert_eq!(edit.before, std::fs::read(&edit.path).expect("the file"));
    assert!(bump.already.is_empty() && bump.unused.is_empty());
}

#[test]
fn one_image_alone_can_be_moved() {
    let tree = fixture("self-contained");
    let repo = tree.open();
    let bump = plan(&repo, &[(KANIKO, "v9")]).expect("it is planned");
    let before = std::fs::read_to_string(tree.path().join("common.hcl")).expect("the file");
    assert_eq!(String::from_utf8_lossy(&bump.edits[0].after), before.replace("\"v0.38.10\" #", "\"v9\" #"));
    assert_eq!(bump.edits[0].changes.len(), 1);
    assert_eq!(bump.edits[0].changes[0].images, [KANIKO]);
}

#[test]
fn a_tag_that_is_there_already_needs_no_edit() {
    let tree = fixture("reference");
    let repo = tree.open();
    let bump = plan(&repo, &[(RUNNER, "v0.52.1")]).expect("it is planned");
    assert!(bump.edits.is_empty());
    assert_eq!(bump.already.iter().map(|pin| pin.place().to_string()).collect::<Vec<_>>(), ["common.hcl:13"]);
    assert_eq!(bump.diff(), "");
}

#[test]
fn a_unit_that_redefines_the_tag_is_changed_where_it_does() {
    let tree = fixture("override");
    let bump = plan(&tree.open(), &[(RUNNER, "v1.3.0")]).expect("it is planned");
    let changes: Vec<_> = bump.changes().map(|change| (change.pin.place().to_string(), change.from.as_str())).collect();
    let own = "Stage-QA/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl:5".to_owned();
    assert_eq!(changes, [(own, "v0.51.8"), ("common.hcl:2".to_owned(), "v0.49.1")]);
}

#[test]
fn every_unit_whose_tag_is_no_plain_string_is_named_with_the_line() {
    let common =
        "locals {\n  deploy_runner_container_image_tag = \"v1\"\n  major = \"1\"\n  other = \"v${local.major}\"\n}\n";
    for (tag, why) in [
        ("\"v${local.common.locals.major}\"", "it comes from `\"v${local.common.locals.major}\"`, which is not"),
        ("local.common.locals.other", "it comes from `\"v${local.major}\"`, which is not a plain string"),
        ("upper(local.common.locals.deploy_runner_container_image_tag)", "it comes from `upper("),
        ("dependency.x.outputs.tag", "it is unknown: `dependency.x.outputs.tag` is an output of another unit"),
        ("run_cmd(\"x\")", "it is unknown: `run_cmd` runs a program"),
    ] {
        let files = [ACCOUNTS, ("common.hcl", common), (DEV, &unit(TAG, TAG)), (PROD, &unit(TAG, tag))];
        let text = refused(&Tree::new(&files).open(), &[(RUNNER, "v2")]);
        assert!(text.contains(why) && text.contains("in prod/"), "{tag}: {text}");
        assert!(text.contains(&format!("--> {PROD}:6")) || text.contains("--> common.hcl:4"), "{tag}: {text}");
    }
}

#[test]
fn references_conditionals_and_lookups_still_lead_to_the_pin() {
    let common = "locals {\n  deploy_runner_container_image_tag = \"v1\"\n  \
                  tags = { runner = local.deploy_runner_container_image_tag }\n}\n";
    for tag in [
        TAG,
        "(local.common.locals.deploy_runner_container_image_tag)",
        "\"${local.common.locals.deploy_runner_container_image_tag}\"",
        "local.common.locals.tags[\"runner\"]",
        "lookup(local.common.locals.tags, \"runner\", \"v0\")",
        "true ? local.common.locals.tags.runner : \"v0\"",
        "try(local.common.locals.nothing, local.common.locals.tags.runner)",
        "coalesce(null, \"\", local.common.locals.tags.runner)",
        "merge({ runner = \"v0\" }, local.common.locals.tags).runner",
        "[for tag in values(local.common.locals.tags) : tag][0]",
        "element(values(local.common.locals.tags), 0)",
        "read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals.tags.runner",
    ] {
        let tree = Tree::new(&[ACCOUNTS, ("common.hcl", common), (DEV, &unit(TAG, tag))]);
        let bump = plan(&tree.open(), &[(RUNNER, "v2")]);
        let bump = bump.unwrap_or_else(|failures| panic!("{tag}: {}", texts(failures.iter())));
        assert_eq!(bump.edits.len(), 1, "{tag}");
    }
}

#[test]
fn an_edit_that_would_not_reach_a_unit_is_refused() {
    // The unit asks what the tag is: with another one it takes another line.
    let tag = format!("{TAG} == \"v1\" ? {TAG} : \"v0\"");
    let repo = Tree::new(&[ACCOUNTS, COMMON, (DEV, &unit(TAG, &tag))]).open();
    let text = refused(&repo, &[(RUNNER, "v2")]);
    let what = "with the change, image `deploy-runner` in `dev/us-east-1/mgmt/ecs-deploy-runner` would not get";
    assert!(text.starts_with(what), "{text}");
    assert!(
        text.contains("expected  v2\n  found     v0   terraform_applier_config\n")
            && text.contains(&format!("--> {DEV}:")),
        "{text}"
    );
}

#[test]
fn one_pin_for_both_images_moves_both_or_none() {
    let builder = format!(
        "inputs = {{\n  docker_image_builder_config = {{ container_image = {{ docker_image = \"x\", docker_tag = {TAG} }} }}"
    );
    let repo = Tree::new(&[ACCOUNTS, COMMON, (DEV, &unit(TAG, TAG).replace("inputs = {", &builder))]).open();
    let text = refused(&repo, &[(KANIKO, "v2")]);
    assert!(text.starts_with("the change would also change image `deploy-runner` in"), "{text}");
    assert!(text.contains("--> common.hcl:2\n  expected  v1\n  found     v2\n"), "{text}");
    let text = refused(&repo, &[(KANIKO, "v2"), (RUNNER, "v3")]);
    assert!(text.starts_with("`deploy_runner_container_image_tag` decides the tag of both images"), "{text}");
    assert_eq!(plan(&repo, &[(KANIKO, "v2"), (RUNNER, "v2")]).expect("both").edits.len(), 1);
}

#[test]
fn a_file_outside_the_repository_is_not_changed() {
    let files = [("common.hcl", COMMON.1), ("live/accounts.json", ACCOUNTS.1), ("live/.git/HEAD", "")];
    let tree = Tree::new(&files);
    tree.write(&format!("live/{DEV}"), unit(TAG, TAG).as_bytes());
    let text = refused(&open(&tree.path().join("live")).expect("it opens"), &[(RUNNER, "v2")]);
    assert!(text.contains("which lies outside the repository"), "{text}");
    // Above what is opened, but in the same checkout, it is inside.
    std::fs::remove_dir_all(tree.path().join("live/.git")).expect("it is removed");
    let bump = plan(&open(&tree.path().join("live")).expect("it opens"), &[(RUNNER, "v2")]).expect("it is planned");
    assert_eq!(bump.edits[0].path, tree.path().canonicalize().expect("it exists").join("common.hcl"));
    assert!(bump.diff().starts_with("--- a/../common.hcl\n"), "{}", bump.diff());
    // A link that leads out of the checkout is followed by terragrunt, and never written through.
    let outside = Tree::new(&[COMMON]);
    let tree = Tree::new(&[ACCOUNTS, (DEV, &unit(TAG, TAG))]);
    std::os::unix::fs::symlink(outside.path().join("common.hcl"), tree.path().join("common.hcl")).expect("a link");
    let text = refused(&tree.open(), &[(RUNNER, "v2")]);
    assert!(text.contains("it comes from `common.hcl`, which lies outside the repository"), "{text}");
}

#[test]
fn a_unit_that_cannot_be_read_keeps_everything_from_being_changed() {
    let repo = Tree::new(&[ACCOUNTS, COMMON, (DEV, &unit(TAG, TAG)), (PROD, "}")]).open();
    let text = refused(&repo, &[(RUNNER, "v2")]);
    assert!(text.starts_with("cannot parse `prod/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl`"), "{text}");
}

#[test]
fn an_image_that_no_unit_uses_selects_nothing() {
    let repo = Tree::new(&[ACCOUNTS, COMMON, (DEV, &unit(TAG, TAG))]).open();
    assert_eq!(plan(&repo, &[(KANIKO, "v2")]).expect_err("nothing").exit(), Exit(4));
    let both = plan(&repo, &[(KANIKO, "v2"), (RUNNER, "v2")]).expect("one of them");
    assert_eq!(both.unused, [KANIKO]);
}

#[test]
fn odd_bytes_around_the_literal_stay() {
    let text = "\u{feff}locals {\r\n\tdeploy_runner_container_image_tag=\"v1\"/* é */\r\n\tx = (true || # why\r\n\t\tfalse)\r\n\t\
                y = <<-EOT\r\n\t\ta\r\n\tEOT\r\n}";
    let tree = Tree::new(&[ACCOUNTS, (DEV, &unit(TAG, TAG))]);
    tree.write("common.hcl", text.as_bytes());
    let bump = plan(&tree.open(), &[(RUNNER, "v2")]).expect("it is planned");
    assert_eq!(String::from_utf8_lossy(&bump.edits[0].after), text.replace("\"v1\"", "\"v2\""));
    let path = tree.path().canonicalize().expect("it exists").join(Path::new("common.hcl"));
    assert_eq!(bump.edits[0].path, path);
}
