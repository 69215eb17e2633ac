//! What isn't known is said to be unknown: never nothing, and never another's.

use super::standalone::PROVIDER;
use super::{Tree, fixture, texts};
use crate::model::ImageName;
use crate::repo::{Repository, Request, Unit, plan_bump};

const REGISTRY: &str = "100000000005.dkr.ecr.us-east-2.amazonaws.com";
const SOURCE: &str = "git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner?ref=v0.52.1";

fn tag(unit: &Unit, image: ImageName) -> String {
    let tag = unit.image(image).map(|uses| uses.tag.as_result());
    tag.map_or("-".to_owned(), |tag| tag.map_or_else(|why| format!("?{why}"), ToString::to_string))
}

fn tags(repo: &Repository) -> [String; 2] {
    assert_eq!(texts(repo.all_problems()), "");
    [ImageName::DeployRunner, ImageName::Kaniko].map(|image| tag(&repo.units[0], image))
}

fn images(images: &str) -> [String; 2] {
    let call = format!("module \"runner\" {{\n  source = \"{SOURCE}\"\n  {images}\n}}\n");
    tags(&Tree::new(&[("unit/provider.tf", PROVIDER), ("unit/main.tf", &call)]).open())
}

fn image(name: &str, more: &str) -> String {
    format!("{{ docker_image = \"{REGISTRY}/{name}\", docker_tag = \"v1\", {more} }}")
}

#[test]
fn image_of_a_runner_that_nothing_recognises_leaves_its_tag_unknown() {
    let repo = fixture("standalone-own-names").open();
    let reason = format!("?`container_images.r` has its image from `{REGISTRY}/infra-runner`, and nothing says which");
    let [runner, kaniko] = tags(&repo);
    assert!(runner.starts_with(&reason), "{runner}");
    assert_eq!(kaniko, "-");
    let wanted = ImageName::ALL.map(|image| (image, "v1.3.0".parse().expect("a tag"))).into();
    let refused = plan_bump(&repo, &Request::for_all(&repo, wanted)).expect_err("it is unknown");
    let text = texts(refused.iter());
    assert!(text.contains("cannot change the tag of image `deploy-runner`") && text.contains("in ci\n"), "{text}");
}

#[test]
fn image_is_recognised_by_the_scripts_of_its_container() {
    let runner = image("infra", "script_config = { infrastructure-deploy-script = {} }");
    let builder = image("builds", "script_config = { \"build-docker-image\" = {} }");
    assert_eq!(images(&format!("container_images = {{ a = {runner}, b = {builder} }}")), ["v1", "v1"]);
    let both = image("all", "script_config = { build-docker-image = {}, build-packer-artifact = {} }");
    assert!(images(&format!("container_images = {{ a = {both} }}"))[0].starts_with("?`container_images.a`"));
}

#[test]
fn runner_without_any_image_of_its_own_is_unknown_unless_it_only_builds() {
    let builder = image("kaniko", "");
    assert_eq!(images(&format!("docker_image_builder_config = {{ container_image = {builder} }}")), ["-", "v1"]);
    for nothing in ["", "container_images = {}", "terraform_planner_config = null"] {
        assert_eq!(images(nothing), ["?none of its inputs names an image of the runner", "-"], "{nothing}");
    }
    let steampipe = format!("container_images = {{ s = {} }}", image("steampipe-runner", ""));
    assert_eq!(images(&steampipe)[0], "?none of its inputs names an image of the runner");
}

#[test]
fn map_of_images_that_may_have_more_of_them_leaves_both_unknown() {
    let images = images("container_images = merge({ kaniko = { docker_tag = \"v1\" } }, data.external.x.result)");
    assert!(images.iter().all(|tag| tag.starts_with("?`data.external.x.result` is read from outside")), "{images:?}");
}

#[test]
fn no_literal_is_idle_while_a_tag_is_unknown() {
    let repo = fixture("standalone-unknown").open();
    assert!(repo.units[0].has_unknown_tag());
    assert!(repo.idle_pins().is_empty(), "{:?}", repo.idle_pins());
    assert!(repo.overridden_pins(&repo.units[0]).is_empty());
    let unit = |source: &str| {
        let unit = format!(
            "terraform {{\n  source = {source}\n}}\nlocals {{\n  ecs_deploy_runner_image_tag = \"v3\"\n}}\ninputs = {{\n  \
             terraform_planner_config = {{ container_image = {{ docker_tag = \"v4\" }} }}\n}}\n"
        );
        Tree::new(&[
            ("accounts.json", r#"{"dev": "100000000004"}"#),
            ("dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl", &unit),
        ])
    };
    assert_eq!(unit(&format!("\"{SOURCE}\"")).open().idle_pins().len(), 1);
    let dev = unit(&format!("\"{SOURCE}\""));
    let unreadable = "terraform {\n  source = get_env(\"X\"\n";
    dev.write("prod/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl", unreadable.as_bytes());
    assert!(dev.open().idle_pins().is_empty());
}
