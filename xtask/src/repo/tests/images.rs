//! Which images are found in the inputs, whose they are, and how a tag came to where it is used.

use super::{Tree, texts};
use crate::model::ImageName;
use crate::repo::{ImageUse, Repository, Trail, Unit};

const REGISTRY: &str = "100000000002.dkr.ecr.us-east-1.amazonaws.com";

fn repo(common: &str, unit: &str) -> (Tree, Repository) {
    let tree = Tree::new(&[
        ("accounts.json", r#"{"dev": "100000000004"}"#),
        ("common.hcl", common),
        ("dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl", unit),
    ]);
    let repo = tree.open();
    (tree, repo)
}

fn shown(uses: Option<&ImageUse>) -> String {
    let Some(uses) = uses else { return "-".to_owned() };
    let tag = uses.tag.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string);
    let by: Vec<_> = uses.deciders.iter().map(|decider| decider.input.as_str()).collect();
    format!("{tag} by {}", by.join(", "))
}

fn images(unit: &Unit) -> (String, String) {
    (shown(unit.image(ImageName::DeployRunner)), shown(unit.image(ImageName::Kaniko)))
}

/// One line for each expression, as `why` shows them.
fn lines(trail: &Trail, indent: usize) -> Vec<String> {
    let here = trail.hops.iter().map(|hop| format!("{:indent$}{} {}", "", hop.place, hop.expression));
    here.chain(trail.from.iter().flat_map(|from| lines(from, indent + 2))).collect()
}

#[test]
fn maps_of_older_modules_are_read_by_their_keys_or_else_by_the_address() {
    let unit = format!(
        r#"
        inputs = {{
          container_images = {{
            deploy-runner = {{ docker_image = "{REGISTRY}/ecs-deploy-runner", docker_tag = "v0.20.1", default = true }}
            kaniko        = {{ docker_image = "{REGISTRY}/tools", docker_tag = "v0.20.2" }}
            second-runner = {{ docker_image = "{REGISTRY}/infra/deploy-runner", docker_tag = "v0.20.1" }}
            steampipe     = {{ docker_image = "{REGISTRY}/steampipe-runner", docker_tag = "v0.3.5" }}
          }}
        }}"#
    );
    let (_tree, repo) = repo("", &unit);
    let unit = &repo.units[0];
    assert_eq!(texts(unit.problems.iter()), "");
    let runner = "v0.20.1 by container_images.deploy-runner.docker_tag, container_images.second-runner.docker_tag";
    let kaniko = "v0.20.2 by container_images.kaniko.docker_tag";
    assert_eq!(images(unit), (runner.to_owned(), kaniko.to_owned()));
    let others: Vec<_> = unit.others.iter().map(|other| (other.configuration.as_str(), other.tag.value())).collect();
    assert_eq!(others, [("container_images.steampipe", Some(&"v0.3.5".parse().expect("a tag")))]);
}

#[test]
fn anything_else_with_an_image_and_a_tag_is_found_wherever_it_is() {
    let unit = format!(
        r#"
        inputs = {{
          steampipe_runner_config = {{
            container_image = {{ docker_image = "{REGISTRY}/steampipe-runner", docker_tag = "v0.3.5" }}
          }}
          extra = {{ deep = {{ er = {{ docker_image = dependency.x.outputs.url, docker_tag = "v1" }} }} }}
          terraform_planner_config = null
        }}"#
    );
    let (_tree, repo) = repo("", &unit);
    let unit = &repo.units[0];
    let (runner, kaniko) = images(unit);
    assert!(runner.starts_with("?`extra.deep.er` has its image from an unknown address"), "{runner}");
    assert_eq!(kaniko, "-");
    let others: Vec<_> = unit.others.iter().map(|other| other.input.as_str()).collect();
    assert_eq!(others, ["extra.deep.er.docker_tag", "steampipe_runner_config.container_image.docker_tag"]);
}

#[test]
fn inputs_that_are_unknown_leave_every_configuration_unknown() {
    let (_tree, repo) = repo("", "inputs = dependency.other.outputs");
    let reason = "?`dependency.other.outputs` is an output of another unit";
    let (runner, kaniko) = images(&repo.units[0]);
    assert!(runner.starts_with(reason) && kaniko.starts_with(reason), "{runner} {kaniko}");
}

#[test]
fn what_is_named_like_the_other_image_is_noted_and_not_refused() {
    let config = |name: &str, image: &str, tag: &str| {
        format!(
            "{name} = {{ container_image = {{ docker_image = \"{REGISTRY}/{image}\", docker_tag = \"{tag}\" }} }}\n"
        )
    };
    let notes = |configs: &[String]| {
        let (_tree, repo) = repo("", &format!("inputs = {{\n{}}}\n", configs.concat()));
        assert_eq!(texts(repo.all_problems()), "");
        texts(repo.units[0].notes.iter())
    };
    let builder = "docker_image_builder_config";
    assert_eq!(
        notes(&[config(builder, "ecs-deploy-runner", "v1.3.0")]),
        format!(
            "`{builder}` needs the image kaniko, and gets one that is named like deploy-runner\n  \
             --> dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl:2\n  {REGISTRY}/ecs-deploy-runner:v1.3.0\n"
        )
    );
    assert!(notes(&[config("terraform_planner_config", "kaniko", "v1.3.0")]).contains("named like kaniko"));
    // One repository for both, told apart by the tag.
    let both = [config("terraform_planner_config", "ci", "deploy-runner-v1"), config(builder, "ci", "kaniko-v1")];
    assert_eq!(notes(&both), "");
    assert_eq!(notes(&[config(builder, "ecs-deploy-runner", "kaniko-v1")]), "");
}

#[test]
fn a_tag_remembers_every_expression_that_passed_it_on() {
    let common = "locals {\n  major = \"1\"\n  version = \"v0.52.1\"\n  tags = { runner = local.version }\n}\n";
    let unit = format!(
        r#"locals {{
  common = read_terragrunt_config(find_in_parent_folders("common.hcl"))
  tag    = try(local.common.locals.tags["runner"], "v0")
  built  = "v${{local.common.locals.major}}.${{3}}.0"
}}
inputs = {{
  terraform_planner_config = {{
    container_image = {{ docker_image = "{REGISTRY}/ecs-deploy-runner", docker_tag = local.tag }}
  }}
  docker_image_builder_config = {{
    container_image = {{ docker_image = "{REGISTRY}/kaniko", docker_tag = local.built }}
  }}
}}"#
    );
    let (_tree, repo) = repo(common, &unit);
    let unit = &repo.units[0];
    let trail = |image| lines(&unit.image(image).expect("it is used").deciders[0].trail, 0);
    let file = "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";
    assert_eq!(
        trail(ImageName::DeployRunner),
        [
            format!("{file}:8 local.tag"),
            format!("{file}:3 try(local.common.locals.tags[\"runner\"], \"v0\")"),
            format!("{file}:3 local.common.locals.tags[\"runner\"]"),
            "common.hcl:4 local.version".to_owned(),
            "common.hcl:3 \"v0.52.1\"".to_owned(),
        ]
    );
    assert_eq!(
        trail(ImageName::Kaniko),
        [
            format!("{file}:11 local.built"),
            format!("{file}:4 \"v${{local.common.locals.major}}.${{3}}.0\""),
            format!("  {file}:4 local.common.locals.major"),
            "  common.hcl:2 \"1\"".to_owned(),
            format!("  {file}:4 3"),
        ]
    );
}

#[test]
fn a_tag_that_is_built_from_itself_over_and_over_has_a_trail_of_bearable_length() {
    let doubled = |n: usize| format!("  l{n} = \"${{local.l{0}}}${{local.l{0}}}\"\n", n - 1);
    let common = format!("locals {{\n  l0 = \"v\"\n{}}}\n", (1..=6).map(doubled).collect::<String>());
    let unit = "locals {\n  c = read_terragrunt_config(find_in_parent_folders(\"common.hcl\"))\n}\ninputs = {\n  \
                terraform_planner_config = { container_image = { docker_tag = local.c.locals.l6 } }\n}\n";
    let (_tree, repo) = repo(&common, unit);
    let uses = repo.units[0].image(ImageName::DeployRunner).expect("it is used");
    assert_eq!(uses.tag.value().map(|tag| tag.as_str().len()), Some(64));
    assert!(lines(&uses.deciders[0].trail, 0).len() <= 200);
}
