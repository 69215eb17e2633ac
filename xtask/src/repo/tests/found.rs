//! Which folders are found to deploy a runner.

use std::os::unix::fs::symlink;

use super::{Tree, fixture, texts};
use crate::model::ImageName;
use crate::repo::{Repository, Request, plan_bump};

const ACCOUNTS: (&str, &str) = ("accounts.json", r#"{"dev": "100000000004", "prod": "100000000006"}"#);
const COMMON: (&str, &str) = ("common.hcl", "locals {\n  runner_version = \"v0.52.1\"\n}\n");
const UNIT: &str = "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";
const LOCALS: &str = "locals {\n  common = read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals\n}\n";

fn image() -> &'static str {
    "{ container_image = { docker_image = \"1.dkr.ecr.us-east-1.amazonaws.com/x\", docker_tag = local.common.runner_version } }"
}

fn runner(source: &str) -> String {
    let source = format!("terraform {{\n  source = \"{source}\"\n}}\n");
    format!("{LOCALS}{source}inputs = {{\n  terraform_planner_config = {}\n}}\n", image())
}

fn paths(repo: &Repository) -> Vec<&str> {
    repo.units.iter().map(|unit| unit.path.as_str()).collect()
}

fn notices(repo: &Repository) -> String {
    texts(repo.notices.iter())
}

#[test]
fn runners_are_found_by_a_module_in_between_and_by_the_shape_of_their_inputs() {
    let tree = fixture("given-wrapper");
    let repo = tree.open();
    assert_eq!(texts(repo.all_problems()), "");
    let tags: Vec<_> = repo
        .units
        .iter()
        .map(|unit| {
            let of =
                |image| unit.image(image).and_then(|uses| uses.tag.value()).map_or("-".to_owned(), ToString::to_string);
            format!("{} {} {}", unit.path, of(ImageName::DeployRunner), of(ImageName::Kaniko))
        })
        .collect();
    assert_eq!(
        tags,
        [
            "dev/us-east-1/mgmt/deploy-runner v0.52.1 v0.52.1",
            "prod/us-east-1/mgmt/deploy-runner v0.51.0 v0.52.1",
            "stage/us-east-1/mgmt/pipelines v0.52.1 -",
        ]
    );
}

#[test]
fn what_takes_a_runners_tag_from_the_same_pin_is_named_with_its_module() {
    let other = "dev/us-east-1/mgmt/pipelines/terragrunt.hcl";
    let text = format!(
        "{LOCALS}terraform {{\n  source = \"git::x//modules/own?ref=v1\"\n}}\ninputs = {{\n  runner_tag = local.common.runner_version\n}}\n"
    );
    let plain =
        "terraform {\n  source = \"git::x//modules/vpc?ref=v1\"\n}\ninputs = {\n  runner_tag = \"v0.52.1\"\n}\n";
    let vpc = "dev/us-east-1/mgmt/vpc/terragrunt.hcl";
    let first = runner("git::x//modules/ecs-deploy-runner?ref=v1");
    // Also where the runner itself isn't called so.
    for path in [UNIT, "dev/us-east-1/mgmt/zzz/terragrunt.hcl"] {
        let tree = Tree::new(&[ACCOUNTS, COMMON, (path, &first), (other, &text), (vpc, plain)]);
        let repo = tree.open();
        assert_eq!(repo.units.len(), 2, "{:?}", paths(&repo));
        let unit = repo.units.iter().find(|unit| unit.path.as_str().ends_with("pipelines")).expect("it is found");
        let reason = unit.image(ImageName::DeployRunner).and_then(|uses| uses.tag.reason());
        let expected = "`runner_tag` takes it, and what `git::x//modules/own?ref=v1` makes of that is not known here";
        assert_eq!(reason, Some(expected));
    }
}

#[test]
fn what_only_bears_the_name_is_no_runner() {
    let text =
        "terraform {\n  source = \"git::x//modules/ecs-deploy-runner?ref=v1\"\n}\ninputs = {\n  name = \"x\"\n}\n";
    let other = "prod/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";
    let repo =
        Tree::new(&[ACCOUNTS, COMMON, (other, text), (UNIT, &runner("git::x//modules/ecs-deploy-runner?ref=v1"))]);
    let repo = repo.open();
    assert_eq!(paths(&repo), ["dev/us-east-1/mgmt/ecs-deploy-runner"]);
    assert!(
        notices(&repo).contains("it bears the name of the runner's module and takes none of its images"),
        "{}",
        notices(&repo)
    );
}

#[test]
fn published_module_is_a_runner_without_any_inputs() {
    let text = "terraform {\n  source = \"git::git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner?ref=v1\"\n}\n";
    let other = "prod/us-east-1/mgmt/zzz/terragrunt.hcl";
    let repo = Tree::new(&[ACCOUNTS, COMMON, (other, text), (UNIT, text)]).open();
    assert_eq!(paths(&repo), ["dev/us-east-1/mgmt/ecs-deploy-runner", "prod/us-east-1/mgmt/zzz"]);
    assert_eq!(notices(&repo), "");
}

#[test]
fn accounts_without_a_runner_are_named_where_others_have_one() {
    let text = runner("git::x//modules/ecs-deploy-runner?ref=v1");
    let tree = Tree::new(&[ACCOUNTS, COMMON, (UNIT, &text), ("sandbox/account.hcl", "locals {}\n")]);
    let expected = "no runner found in prod, sandbox\n  --> accounts.json:1\n  --> sandbox/account.hcl\n";
    assert_eq!(notices(&tree.open()), expected);
    tree.write(&UNIT.replace("dev/", "prod/"), text.as_bytes());
    assert_eq!(notices(&tree.open()), "no runner found in sandbox\n  --> sandbox/account.hcl\n");
}

#[test]
fn links_are_followed_and_one_unit_is_there_once() {
    let text = runner("git::x//modules/ecs-deploy-runner?ref=v1");
    let tree = Tree::new(&[ACCOUNTS, COMMON, (UNIT, &text), ("prod/x", ""), ("dev/eu-west-1/x", "")]);
    symlink("../dev/us-east-1", tree.path().join("prod/us-east-1")).expect("a link");
    symlink("us-east-1", tree.path().join("dev/current")).expect("a link");
    symlink("..", tree.path().join("dev/up")).expect("a link");
    symlink("/", tree.path().join("dev/out")).expect("a link");
    symlink("nowhere", tree.path().join("dev/broken")).expect("a link");
    let repo = tree.open();
    let problems = texts(repo.all_problems());
    assert_eq!(problems, "");
    assert_eq!(paths(&repo), ["dev/us-east-1/mgmt/ecs-deploy-runner", "prod/us-east-1/mgmt/ecs-deploy-runner"]);
    let accounts: Vec<_> =
        repo.units.iter().map(|unit| unit.account.value().map_or("?", |account| account.name.as_str())).collect();
    assert_eq!(accounts, ["dev", "prod"]);
}

#[test]
fn what_takes_a_tag_is_found_however_short_the_name_of_its_pin_is() {
    let common = "locals {\n  tag = \"v0.52.1\"\n  tags = { x = \"y\" }\n}\n";
    let first = runner("git::x//modules/ecs-deploy-runner?ref=v1").replace("runner_version", "tag");
    let module = "terraform {\n  source = \"git::x//cicd?ref=v1\"\n}\n";
    let other = format!("{LOCALS}{module}inputs = {{\n  release = local.common.tag\n}}\n");
    let tagged = format!("{LOCALS}{module}inputs = {{\n  names = local.common.tags\n}}\n");
    let (cicd, vpc) = ("prod/us-east-1/mgmt/cicd/terragrunt.hcl", "prod/us-east-1/mgmt/vpc/terragrunt.hcl");
    let repo = Tree::new(&[ACCOUNTS, ("common.hcl", common), (UNIT, &first), (cicd, &other), (vpc, &tagged)]).open();
    assert_eq!(paths(&repo), ["dev/us-east-1/mgmt/ecs-deploy-runner", "prod/us-east-1/mgmt/cicd"]);
    assert!(repo.units[1].has_unknown_tag());
}

#[test]
fn input_that_says_what_is_deployed_elsewhere_makes_no_runner() {
    let catalog = "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules";
    let root =
        format!("{LOCALS}inputs = merge(local.common, {{ custom_tags = {{ ci = local.common.runner_version }} }})\n");
    let include = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
    let unit = |source: &str| format!("{include}terraform {{\n  source = \"{source}\"\n}}\n");
    let first = runner("git::x//modules/ecs-deploy-runner?ref=v1");
    let own = "variable \"x\" {}\n";
    let units = [
        ("vpc", unit(&format!("{catalog}/networking/vpc?ref=v0.104.6"))),
        ("eks", unit("git::git@git.example.com:acme/modules.git//eks?ref=v1")),
        ("rds", unit("git::git@git.example.com:acme/modules.git//rds?ref=v1")),
        ("own", unit("${get_repo_root()}//modules/own")),
    ];
    let files: Vec<_> =
        units.iter().map(|(name, text)| (format!("dev/us-east-1/app/{name}/terragrunt.hcl"), text)).collect();
    let tree = Tree::new(&[ACCOUNTS, COMMON, ("root.hcl", &root), ("modules/own/main.tf", own), (UNIT, &first)]);
    files.iter().for_each(|(file, text)| tree.write(file, text.as_bytes()));
    assert_eq!(paths(&tree.open()), ["dev/us-east-1/mgmt/ecs-deploy-runner"]);
    // What one unit alone is given is named, and is in doubt.
    let taker = unit("git::git@git.example.com:acme/modules.git//cicd?ref=v1");
    let taker = format!("{LOCALS}{taker}inputs = {{\n  release = local.common.runner_version\n}}\n");
    tree.write("prod/us-east-1/mgmt/cicd/terragrunt.hcl", taker.as_bytes());
    let repo = tree.open();
    assert_eq!(paths(&repo), ["dev/us-east-1/mgmt/ecs-deploy-runner", "prod/us-east-1/mgmt/cicd"]);
    assert!(!repo.units[0].may_be_runner() && repo.units[1].may_be_runner());
}

#[test]
fn tag_that_many_modules_are_given_makes_no_runner_of_any() {
    let root = "inputs = {\n  release = { runner = read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals.runner_version }\n}\n";
    let unit = |source: &str, inputs: &str| {
        format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n{LOCALS}terraform {{\n  source = \"{source}\"\n}}\n{inputs}"
        )
    };
    let own = "inputs = {\n  release = local.common.runner_version\n}\n";
    let runner = runner("git::x//modules/mgmt/ecs-deploy-runner?ref=v1");
    let catalog = "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/networking/vpc?ref=v1";
    let repo = Tree::new(&[
        ACCOUNTS,
        COMMON,
        ("root.hcl", root),
        (UNIT, &runner),
        ("dev/us-east-1/a/terragrunt.hcl", &unit("git::x//modules/own?ref=v1", "")),
        ("dev/us-east-1/b/terragrunt.hcl", &unit(catalog, own)),
        ("dev/us-east-1/c/terragrunt.hcl", &unit("../../../modules/c", own)),
        ("modules/c/main.tf", "variable \"x\" {}\n"),
        // What is left could be a runner.
        ("dev/us-east-1/d/terragrunt.hcl", &unit("git::x//modules/own?ref=v1", own)),
    ])
    .open();
    assert_eq!(paths(&repo), ["dev/us-east-1/d", "dev/us-east-1/mgmt/ecs-deploy-runner"]);
}

#[test]
fn what_a_unit_has_as_a_module_is_no_unit_by_itself() {
    let provider = "provider \"aws\" {\n  region = \"us-east-1\"\n}\n";
    let call = |tag: &str| {
        format!(
            "module \"r\" {{\n  source = \"git::x//modules/mgmt/ecs-deploy-runner?ref=v1\"\n  terraform_planner_config = {}\n}}\n",
            image().replace("local.common.runner_version", tag)
        )
    };
    let module = format!("{provider}variable \"tag\" {{}}\n{}", call("var.tag"));
    let unit = "terraform {\n  source = \"../../../..//modules/edr\"\n}\ninputs = {\n  tag = \"v0.52.1\"\n}\n";
    let alone = format!("{provider}module \"w\" {{\n  source = \"./w\"\n}}\n");
    let repo = Tree::new(&[
        ACCOUNTS,
        (UNIT, unit),
        ("modules/edr/main.tf", &module),
        ("prod/us-east-1/edr/main.tf", &alone),
        ("prod/us-east-1/edr/w/main.tf", &format!("{provider}{}", call("\"v0.52.1\""))),
        ("prod/us-east-1/edr/w/terraform.tfstate", "{}"),
    ])
    .open();
    assert_eq!(paths(&repo), ["dev/us-east-1/mgmt/ecs-deploy-runner", "prod/us-east-1/edr"]);
    assert_eq!(texts(repo.all_problems()), "");
    let notices = notices(&repo);
    let said = "`prod/us-east-1/edr/w` is a module of `prod/us-east-1/edr`, so it is no unit, though Terraform was started there";
    assert!(notices.contains(said), "{notices}");
}

#[test]
fn runner_of_terraform_alone_is_found_by_its_arguments_wherever_its_module_comes_from() {
    let root = |source: &str| {
        format!(
            "provider \"aws\" {{\n  region = \"us-east-1\"\n}}\nmodule \"r\" {{\n  source = \"{source}\"\n  terraform_planner_config = {}\n}}\n",
            image().replace("local.common.runner_version", "\"v0.52.1\"")
        )
    };
    let (registry, fork) = (root("app.terraform.io/acme/runner/aws"), root("../../../modules/fork"));
    let repo = Tree::new(&[
        ACCOUNTS,
        ("dev/us-east-1/registry/main.tf", &registry),
        ("dev/us-east-1/fork/main.tf", &fork),
        ("modules/fork/main.tf", "variable \"terraform_planner_config\" {}\n"),
    ])
    .open();
    assert_eq!(paths(&repo), ["dev/us-east-1/fork", "dev/us-east-1/registry"]);
    for unit in &repo.units {
        let image = unit.image(ImageName::DeployRunner).expect("it uses it");
        assert_eq!(image.tag.value().map(ToString::to_string).as_deref(), Some("v0.52.1"), "{}", unit.path);
    }
}

#[test]
fn inputs_that_a_module_on_this_disk_does_not_have_decide_nothing() {
    let left = image().replace("local.common.runner_version", "\"v0.40.0\"");
    let unit = runner("../../../..//modules/mgmt/ecs-deploy-runner").replace(
        "inputs = {\n",
        &format!("inputs = {{\n  container_images = {{ kaniko = {left} }}\n  old_runner = {left}\n"),
    );
    let module =
        ("modules/mgmt/ecs-deploy-runner/main.tf", "variable \"terraform_planner_config\" {\n  type = any\n}\n");
    let repo = Tree::new(&[ACCOUNTS, COMMON, (UNIT, &unit), module]).open();
    let image = repo.units[0].image(ImageName::DeployRunner).expect("it uses it");
    assert_eq!(image.deciders.len(), 1);
    assert_eq!(image.tag.value().map(ToString::to_string).as_deref(), Some("v0.52.1"));
    assert!(repo.units[0].image(ImageName::Kaniko).is_none());
}

#[test]
fn input_that_the_settings_take_for_a_tag_is_known_and_moves() {
    let other = "prod/us-east-1/mgmt/cicd/terragrunt.hcl";
    let text = format!(
        "{LOCALS}terraform {{\n  source = \"git::x//cicd?ref=v1\"\n}}\ninputs = {{\n  release = local.common.runner_version\n}}\n"
    );
    let first = runner("git::x//modules/ecs-deploy-runner?ref=v1");
    let stated = |text: &str| format!("[workspace.metadata.xtask]\ntag-inputs = {{ {text} }}\n");
    let bump = |tree: &Tree| {
        let repo = tree.open();
        let wanted = [(ImageName::DeployRunner, "v1.3.0".parse().expect("a tag"))].into();
        let request = Request { old_module: true, ..Request::for_all(&repo, wanted) };
        plan_bump(&repo, &request).map_err(|failures| texts(failures.iter()))
    };
    let tree = Tree::new(&[ACCOUNTS, COMMON, (UNIT, &first), (other, &text)]);
    let line = "tag-inputs = { \"prod/us-east-1/mgmt/cicd\" = { release = \"deploy-runner\" } }";
    let told = bump(&tree).expect_err("it is not known");
    assert!(told.contains(line) && told.contains("--pin common.hcl:runner_version"), "{told}");
    for (folders, n) in [("\"prod/us-east-1/mgmt/cicd\"", 2), ("\"prod/**\"", 2), ("\"stage/**\"", 1)] {
        tree.write("Cargo.toml", stated(&format!("{folders} = {{ release = \"deploy-runner\" }}")).as_bytes());
        let repo = tree.open();
        assert_eq!(texts(repo.all_problems()), "");
        let known = |unit: &&crate::repo::Unit| !unit.has_unknown_tag() && !unit.may_be_runner();
        assert_eq!(repo.units.iter().filter(known).count(), n, "{folders}");
    }
    tree.write("Cargo.toml", stated("\"prod/**\" = { release = \"deploy-runner\" }").as_bytes());
    assert_eq!(bump(&tree).expect("it is planned").reached[&ImageName::DeployRunner].len(), 2);
    // Also where no other unit is a runner.
    std::fs::remove_file(tree.path().join(UNIT)).expect("a file");
    assert_eq!(paths(&tree.open()), ["prod/us-east-1/mgmt/cicd"]);
    assert_eq!(bump(&tree).expect("it is planned").reached[&ImageName::DeployRunner].len(), 1);
    for (text, what) in [
        ("\"prod/**\" = { other = \"deploy-runner\" }", "`prod/us-east-1/mgmt/cicd` has no such input"),
        (
            "\"prod/**\" = { release = \"vpc\" }",
            "`tag-inputs.\"prod/**\".release` must be \"deploy-runner\" or \"kaniko\"",
        ),
        ("\"prod/**\" = \"release\"", "must be a table of inputs"),
    ] {
        tree.write("Cargo.toml", stated(text).as_bytes());
        let told = texts(tree.open().all_problems());
        assert!(told.contains(what) && told.contains("Cargo.toml:2"), "{text}\n{told}");
    }
}

#[test]
fn module_of_ones_own_that_calls_the_runner_in_json_is_named() {
    let unit = "terraform {\n  source = \"${get_repo_root()}//modules/own\"\n}\n";
    let source = |name: &str| {
        format!("git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/{name}?ref=v0.107.5")
    };
    let told = |call: &str| {
        let json = format!("{{\"module\": {{\"it\": {call}}}}}");
        let tree = Tree::new(&[("dev/us-east-1/own/terragrunt.hcl", unit), ("modules/own/main.tf.json", &json)]);
        tree.write("modules/copy/main.tf", b"variable \"terraform_planner_config\" {}\n");
        Repository::open(tree.path()).map_or_else(|failures| texts(failures.iter()), |repo| texts(repo.all_problems()))
    };
    let given = "\"terraform_planner_config\": {}";
    for call in [
        format!("{{\"source\": \"{}\"}}", source("mgmt/ecs-deploy-runner")),
        format!("[{{\"source\": \"registry.example.com/acme/it/aws\", {given}}}]"),
        format!("{{\"source\": \"../copy\", {given}}}"),
    ] {
        let told = told(&call);
        assert!(told.contains("a runner's module that is called in JSON is not worked out"), "{call}: {told}");
    }
    let other = told(&format!("{{\"source\": \"{}\"}}", source("networking/vpc")));
    assert!(!other.contains("called in JSON"), "{other}");
}
