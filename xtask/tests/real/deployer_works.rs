//! The stand-in for `infrastructure-deployer` is as strict as its model.

use super::by_hand::{text, vault};
use super::cloud::Cloud;
use super::live::Live;
use super::shape::Shape;
use super::toolbox::Toolbox;

const SHARED: &str = "100000000002";

#[test]
fn deployer_pushes_with_the_credentials_that_it_was_given() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let image = "100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner:v1.3.0";
    let build: Vec<_> = "infrastructure-deployer --aws-region us-east-1 -- docker-image-builder build-docker-image \
        --repo https://github.com/gruntwork-io/terraform-aws-ci.git --ref v1.3.0 \
        --context-path modules/ecs-deploy-runner/docker/deploy-runner --env-secret github-token=GITHUB_OAUTH_TOKEN \
        --build-arg module_ci_tag=v1.3.0 --docker-image-tag"
        .split_whitespace()
        .chain([image])
        .collect();

    let elsewhere = vault(&live, "dev", &build);
    assert_eq!(elsewhere.status.code(), Some(1));
    assert!(text(&elsewhere).contains("denied: account 100000000004"), "{}", text(&elsewhere));
    assert!(cloud.images(SHARED, "ecs-deploy-runner").keys().eq(["v0.52.1"]));

    for said in ["pushed ", "nothing to build"] {
        let built = vault(&live, "shared", &build);
        assert!(built.status.success() && text(&built).contains(said), "{}", text(&built));
    }
    assert!(cloud.images(SHARED, "ecs-deploy-runner").keys().eq(["v0.52.1", "v1.3.0"]));
    assert!(cloud.images(SHARED, "kaniko").keys().eq(["v0.52.1"]));
}

#[test]
fn deployer_refuses_what_is_not_documented() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let plan = "infrastructure-deployer --aws-region us-east-1 -- terraform-planner infrastructure-deploy-script";
    let build = "infrastructure-deployer --aws-region us-east-1 -- docker-image-builder build-docker-image";
    for (line, said) in [
        ("infrastructure-deployer --aws-region us-east-1", "come after `--`"),
        ("infrastructure-deployer --profile x -- docker-image-builder build-docker-image", "not defined: -profile"),
        ("infrastructure-deployer --aws-region us-east-1 -- docker-image-builder rm", "no such container and script"),
        (&format!("{plan} --ref main --binary terragrunt --command apply"), "OptionRegexRestrictedError"),
        (&format!("{plan} --ref main --binary terragrunt"), "required option --command"),
        (&format!("{plan} --sha x"), "OptionNotInAllowedOptionsError: Option --sha"),
        (&format!("{build} --secret x"), "OptionNotInAllowedOptionsError: Option --secret"),
        (
            &format!("{build} --repo git@github.com:somebody/fork.git --ref x --context-path x --docker-image-tag x"),
            "OptionRegexRestrictedError",
        ),
    ] {
        let refused = vault(&live, "shared", &line.split(' ').collect::<Vec<_>>());
        assert_eq!(refused.status.code(), Some(1), "{line}");
        assert!(text(&refused).contains(said), "{line}: {}", text(&refused));
    }
}
