//! What is read from the shapes that repositories have.

use super::{Tree, account, fixture, texts, unit_path};
use crate::model::{Failures, ImageName, Known};
use crate::repo::{Repository, Unit, UnitTag};

fn summary(unit: &Unit) -> String {
    let show = |image| match unit.image(image) {
        None => "-".to_owned(),
        Some(uses) => {
            let uri = uses.uri.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string);
            let tag = uses.tag.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string);
            let pin = uses.pin.as_ref();
            let pin = pin.map_or_else(|| "no pin".to_owned(), |pin| format!("{}:{} {}", pin.file, pin.line, pin.key));
            format!("{uri}:{tag} by {pin}")
        }
    };
    format!("{} in {}: {} | {}", unit.path, account(unit), show(ImageName::DeployRunner), show(ImageName::Kaniko))
}

fn summaries(repo: &Repository) -> Vec<String> {
    assert_eq!(texts(repo.all_problems()), "");
    repo.units.iter().map(summary).collect()
}

#[test]
fn a_reference_architecture_with_envcommon_is_read() {
    let tree = fixture("reference");
    let repo = tree.open();
    let registry = "100000000002.dkr.ecr.us-east-1.amazonaws.com";
    let runner = format!("{registry}/ecs-deploy-runner:v0.52.1 by common.hcl:13 deploy_runner_container_image_tag");
    let kaniko = format!("{registry}/kaniko:v0.52.1 by common.hcl:16 kaniko_container_image_tag");
    let expected = |name: &str, id: usize| {
        let kaniko = if name == "shared" { &kaniko } else { "-" };
        format!("{name}/us-east-1/mgmt/ecs-deploy-runner in 10000000000{id} {name}: {runner} | {kaniko}")
    };
    let names = [("dev", 4), ("logs", 1), ("prod", 6), ("security", 3), ("shared", 2), ("stage", 5)];
    assert_eq!(summaries(&repo), names.map(|(name, id)| expected(name, id)));
    let dev = &repo.units[0];
    assert_eq!(dev.region, Known::Value("us-east-1".parse().expect("a region")));
    let source = "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner?ref=v0.104.6";
    assert_eq!(dev.module.source, Known::Value(source.to_owned()));
    let evidence: Vec<_> = account(dev).evidence.iter().map(ToString::to_string).collect();
    assert_eq!(evidence, ["accounts.json:19", "terragrunt.hcl:19"]);
}

#[test]
fn units_that_contain_everything_themselves_are_read() {
    let tree = fixture("self-contained");
    let repo = tree.open();
    let registry = "100000000002.dkr.ecr.eu-west-1.amazonaws.com";
    let runner = format!("{registry}/ecs-deploy-runner:v0.38.10.1 by common.hcl:5 deploy_runner_container_image_tag");
    let kaniko = format!("{registry}/kaniko:v0.38.10 by common.hcl:6 kaniko_container_image_tag");
    let summaries = summaries(&repo);
    assert_eq!(summaries[0], format!("dev/eu-west-1/mgmt/ecs-deploy-runner in 100000000004 dev: {runner} | -"));
    let shared = "shared/eu-west-1/mgmt/ecs-deploy-runner in 100000000002 shared";
    assert_eq!(summaries[4], format!("{shared}: {runner} | {kaniko}"));
    let evidence: Vec<_> = account(&repo.units[0]).evidence.iter().map(ToString::to_string).collect();
    assert_eq!(evidence, ["accounts.json:5", "dev/account.hcl:3"]);
}

#[test]
fn a_tag_redefined_in_the_unit_is_found_where_it_decides() {
    let tree = fixture("override");
    let repo = tree.open();
    let uri = "100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner";
    let folder = "us-east-1/mgmt/ecs-deploy-runner";
    let key = "deploy_runner_container_image_tag";
    let qa = format!(
        "Stage-QA/{folder} in 100000000005 Stage-QA: {uri}:v0.51.8 by Stage-QA/{folder}/terragrunt.hcl:5 {key} | -"
    );
    let dev = format!("dev/{folder} in 100000000004 dev: {uri}:v0.49.1 by common.hcl:2 {key} | -");
    assert_eq!(summaries(&repo), [qa, dev]);
}

const ACCOUNTS: (&str, &str) = ("accounts.json", r#"{"dev": "100000000004"}"#);
const UNIT: &str = "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";

fn inputs(planner: &str, applier: &str) -> String {
    format!("inputs = {{\n  terraform_planner_config = {planner}\n  terraform_applier_config = {applier}\n}}\n")
}

fn image(tag: &str) -> String {
    format!("{{ container_image = {{ docker_image = dependency.ecr.outputs.url, docker_tag = {tag} }} }}")
}

#[test]
fn what_is_not_known_has_its_reason() {
    let text = inputs(&image("get_env(\"TAG\", \"v1\")"), &image("\"v1\""));
    let repo = Tree::new(&[ACCOUNTS, (UNIT, &text)]).open();
    let uses = repo.units[0].image(ImageName::DeployRunner).expect("it is used");
    assert_eq!(uses.tag.reason(), Some("it depends on the environment variable `TAG`"));
    assert_eq!(uses.uri.reason(), Some("`dependency.ecr.outputs.url` is an output of another unit"));
    assert_eq!(uses.pin, None);
}

#[test]
fn planner_and_applier_may_have_different_tags_which_is_known_unless_one_of_them_is_not() {
    let uses = |planner: &str, applier: &str| {
        let repo = Tree::new(&[ACCOUNTS, (UNIT, &inputs(&image(planner), &image(applier)))]).open();
        assert_eq!(texts(repo.all_problems()), "");
        repo.units[0].image(ImageName::DeployRunner).expect("it is used").clone()
    };
    let differ = uses("\"v1\"", "\"v2\"");
    assert_eq!(differ.tag, UnitTag::Differ);
    assert_eq!(differ.tags().into_iter().map(ToString::to_string).collect::<Vec<_>>(), ["v1", "v2"]);
    assert!(!differ.has_tags_of(&uses("\"v2\"", "\"v1\"")), "each has its own");
    let unknown = uses("\"v1\"", "get_env(\"TAG\")");
    assert_eq!(unknown.tag.reason(), Some("it depends on the environment variable `TAG`"));
}

#[test]
fn a_tag_that_docker_would_refuse_is_a_problem() {
    let repo = Tree::new(&[ACCOUNTS, (UNIT, &inputs(&image("\"-v1\""), "null"))]).open();
    let problems = texts(repo.all_problems());
    let what = "the tag of `terraform_planner_config` is wrong: `-v1` is not a docker tag";
    assert!(problems.starts_with(what), "{problems}");
}

#[test]
fn places_that_name_different_accounts_are_a_problem_that_names_both() {
    let account = ("dev/account.hcl", "locals {\n  account_id = \"100000000006\"\n}\n");
    let problems = texts(Tree::new(&[ACCOUNTS, (UNIT, ""), account]).open().all_problems());
    let expected = "two places name different accounts for `dev/us-east-1/mgmt/ecs-deploy-runner`\n  \
                    --> dev/account.hcl:2\n  --> accounts.json:1\n  100000000006 by the first of them\n  \
                    100000000004 dev by the second\n";
    assert!(problems.starts_with(expected), "{problems}");
}

#[test]
fn allowed_account_ids_of_the_generated_provider_confirm_or_contradict() {
    let told = |ids: &str| {
        let contents = format!("<<EOT\nprovider \"aws\" {{\n  allowed_account_ids = [{ids}]\n}}\nEOT\n");
        let unit = format!("generate \"provider\" {{\n  path = \"p.tf\"\n  contents = {contents}}}\n");
        let repo = Tree::new(&[ACCOUNTS, (UNIT, &unit)]).open();
        let account = repo.units[0].account.value();
        let evidence: Vec<_> = account.iter().flat_map(|it| &it.evidence).map(ToString::to_string).collect();
        (evidence.join(" "), texts(repo.all_problems()))
    };
    assert_eq!(told("\"100000000004\""), (format!("accounts.json:1 {UNIT}:5"), String::new()));
    assert_eq!(told("\"100000000004\", \"100000000006\""), ("accounts.json:1".to_owned(), String::new()));
    assert_eq!(told("\"${dependency.x.outputs.id}\""), ("accounts.json:1".to_owned(), String::new()));
    for ids in ["\"100000000006\"", "\"100000000005\", \"100000000006\""] {
        assert!(told(ids).1.starts_with("two places name different accounts for `dev/"), "{ids}");
    }
}

#[test]
fn what_several_units_share_is_reported_once() {
    let unit = inputs(&image("read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals.x"), "null");
    let other = "dev/us-west-2/mgmt/ecs-deploy-runner/terragrunt.hcl";
    let mut repo = Tree::new(&[ACCOUNTS, ("common.hcl", "}"), (UNIT, &unit), (other, &unit)]).open();
    assert_eq!(repo.all_problems().count(), 2);
    let failures = Failures::check(repo.take_problems()).expect_err("something is wrong");
    assert_eq!(failures.iter().count(), 1);
}

#[test]
fn a_region_file_that_contradicts_the_folder_is_a_problem() {
    let region = ("dev/us-east-1/region.hcl", "locals {\n  aws_region = \"us-west-2\"\n}\n");
    let repo = Tree::new(&[ACCOUNTS, (UNIT, ""), region]).open();
    let problems = texts(repo.all_problems());
    let what = "the region of `dev/us-east-1/mgmt/ecs-deploy-runner` is us-east-1 by its folder and us-west-2";
    assert!(problems.starts_with(what), "{problems}");
    assert!(repo.units[0].region.value().is_none());
}

#[test]
fn a_unit_that_cannot_be_parsed_is_told_with_line_and_caret_and_the_others_are_read() {
    let other = "dev/us-west-2/mgmt/ecs-deploy-runner/terragrunt.hcl";
    let good = inputs(&image("\"v1\""), "null");
    let repo = Tree::new(&[ACCOUNTS, (UNIT, "inputs = {\n  a = = 1\n}\n"), (other, &good)]).open();
    let problems = texts(repo.all_problems());
    assert!(problems.contains(&format!("--> {UNIT}:2:7\n    |\n  2 |   a = = 1\n    |       ^")), "{problems}");
    let other = repo.unit(&unit_path("dev/us-west-2/mgmt/ecs-deploy-runner")).expect("it is there");
    let tag = other.image(ImageName::DeployRunner).and_then(|uses| uses.tag.value()).map(ToString::to_string);
    assert_eq!(tag.as_deref(), Some("v1"));
}

#[test]
fn an_input_at_fault_is_told_and_leaves_the_others_known() {
    let text = format!("inputs = {{\n  other = local.missing\n  terraform_planner_config = {}\n}}\n", image("\"v1\""));
    let repo = Tree::new(&[ACCOUNTS, (UNIT, &text)]).open();
    let problems = texts(repo.all_problems());
    assert!(problems.starts_with(&format!("there is no local `missing` in `{UNIT}`\n  --> {UNIT}:2\n")), "{problems}");
    assert!(repo.units[0].image(ImageName::DeployRunner).is_some_and(|uses| uses.tag.value().is_some()));
}

#[test]
fn what_another_role_would_do_is_seen() {
    let text = "iam_role = \"arn:aws:iam::100000000006:role/x\"\nterraform_binary = \"tofu\"\n";
    let repo = Tree::new(&[ACCOUNTS, (UNIT, text)]).open();
    let role = &repo.units[0].redirections[0];
    let expected = Known::Value("arn:aws:iam::100000000006:role/x".to_owned());
    assert_eq!((&role.value, role.place.to_string()), (&expected, format!("{UNIT}:1")));
    let binary = repo.units[0].terraform_binary.as_ref().and_then(|it| it.0.value());
    assert_eq!(binary.map(String::as_str), Some("tofu"));
}

#[test]
fn a_unit_that_a_generated_file_overrides_is_told_of_and_claims_no_tag() {
    let text = inputs(&image("\"v1\""), "null");
    let beside = "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.autoinclude.hcl";
    let repo = Tree::new(&[ACCOUNTS, (UNIT, &text), (beside, "inputs = {}\n")]).open();
    let problems = texts(repo.all_problems());
    assert!(
        problems.starts_with("a file that a stack generates overrides the unit, which is not supported\n"),
        "{problems}"
    );
    assert!(problems.contains(&format!("--> {beside}\n")), "{problems}");
    assert!(repo.units[0].image(ImageName::DeployRunner).is_some_and(|uses| uses.tag.value().is_none()));
}
