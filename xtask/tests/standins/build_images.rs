//! `build-images`: what `infrastructure-deployer` is asked, in which account, and what counts as built.

use super::sandbox::Sandbox;

const VERSION: &str = "TERRAFORM_AWS_CI_VERSION";

/// The documented command line of a build.
fn documented(image: &str, repository: &str, tag: &str) -> Vec<String> {
    let line = format!(
        "--aws-region us-east-1 -- docker-image-builder build-docker-image \
         --repo https://github.com/gruntwork-io/terraform-aws-ci.git --ref {tag} \
         --context-path modules/ecs-deploy-runner/docker/{image} --env-secret github-token=GITHUB_OAUTH_TOKEN \
         --docker-image-tag 100000000002.dkr.ecr.us-east-1.amazonaws.com/{repository}:{tag} \
         --build-arg module_ci_tag={tag}"
    );
    line.split(' ').map(str::to_owned).collect()
}

/// The command lines that `infrastructure-deployer` was given, sorted.
fn builds(sandbox: &Sandbox) -> Vec<Vec<String>> {
    let log = sandbox.log();
    let builds = log.of("infrastructure-deployer");
    assert!(builds.iter().all(|build| build.account() == Some("100000000002")), "only shared builds: {builds:?}");
    let mut builds: Vec<Vec<_>> =
        builds.iter().map(|build| build.argv().iter().map(ToString::to_string).collect()).collect();
    builds.sort();
    builds
}

#[test]
fn both_images_are_built_with_the_documented_command_lines() {
    let sandbox = Sandbox::new();
    sandbox
        .xtask(["build-images", "v1.3.0"])
        .run()
        .exits(0)
        .prints_nothing()
        .says("next: cargo xtask bump-tags v1.3.0");
    let documented =
        [documented("deploy-runner", "ecs-deploy-runner", "v1.3.0"), documented("kaniko", "kaniko", "v1.3.0")];
    assert_eq!(builds(&sandbox), documented);
    let log = sandbox.log();
    assert!(log.calls().iter().all(|call| matches!(call.account(), None | Some("100000000002"))), "{log:?}");
}

#[test]
fn only_the_named_image_is_built() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["build-images", "v1.3.0", "--image", "kaniko"]).run().exits(0).is("build-images-kaniko");
    assert_eq!(builds(&sandbox), [documented("kaniko", "kaniko", "v1.3.0")]);
}

#[test]
fn tag_is_the_argument_then_the_variable_then_the_setting() {
    let sandbox = Sandbox::new().setting("terraform-aws-ci-version", r#""v3""#);
    for (args, variable, tag) in [(&["v1"][..], "v2", "v1"), (&[], "v2", "v2"), (&[], "", "v3")] {
        let command = sandbox.xtask(["build-images", "--image=kaniko", "--allow=unknown-release"]).args(args);
        let command = command.env(VERSION, variable);
        command.run().exits(0);
        assert_eq!(builds(&sandbox), [documented("kaniko", "kaniko", tag)]);
        sandbox.clear_log();
    }
}

#[test]
fn without_any_tag_the_error_names_both_places() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["build-images"]).run().exits(2).is("build-images-no-tag");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn tag_that_docker_would_not_take_is_a_mistake_wherever_it_comes_from() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["build-images", "v1/3"]).run().exits(2).is("build-images-bad-tag");
    sandbox.xtask(["build-images", ""]).run().exits(2);
    sandbox.xtask(["build-images"]).env(VERSION, ".v1").run().exits(2).says(VERSION);
    let sandbox = sandbox.setting("terraform-aws-ci-version", r#""v1 3""#);
    sandbox.xtask(["build-images"]).run().exits(2).says("`terraform-aws-ci-version` in Cargo.toml");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn second_build_says_that_the_images_were_there() {
    let sandbox = Sandbox::new();
    let build = || sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    build().says_nothing_of("was there already");
    let again = build();
    assert_eq!(again.err.matches("was there already, not built").count(), 2, "{}", again.err);
    assert_eq!(sandbox.log().of("infrastructure-deployer").len(), 2, "nothing was built again");
}

#[test]
fn build_that_pushed_nothing_has_failed_whatever_the_tool_says() {
    let sandbox = Sandbox::new().fault("no-image");
    sandbox.xtask(["build-images", "v1.3.0", "--image=kaniko"]).run().exits(1).is("build-images-no-image");
}

#[test]
fn json_tells_digest_and_result_of_each_image() {
    let sandbox = Sandbox::new();
    let json = sandbox.xtask(["build-images", "v1.3.0", "--format=json"]).run().exits(0).json();
    assert_eq!(json["schema"], 1);
    let images = json["images"].as_array().unwrap();
    let uri = "100000000002.dkr.ecr.us-east-1.amazonaws.com";
    for (image, (name, repository)) in images.iter().zip([("deploy-runner", "ecs-deploy-runner"), ("kaniko", "kaniko")])
    {
        assert_eq!(image["image"], name);
        assert_eq!(image["uri"], format!("{uri}/{repository}:v1.3.0"));
        assert_eq!(image["result"], "succeeded");
        assert!(image["digest"].as_str().unwrap().starts_with("sha256:"), "{image}");
    }
}

#[test]
fn pushing_into_another_account_than_the_builders_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", "${local.accounts.shared.id}.dkr", "${local.accounts.prod.id}.dkr");
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(3).is("build-images-other-account");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn wrong_credentials_of_the_builder_build_nothing() {
    let sandbox = Sandbox::new().fault("wrong-account:shared");
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(3).is("build-images-wrong-account");
    assert!(sandbox.log().nothing_worked() && sandbox.log().asked().is_empty());
}
