//! `build-images --how local-docker`: the image is built on this machine, and no secret is on a command line.

use super::program::{link, standin};
use super::sandbox::{ACCOUNTS, Sandbox};

const LOCAL: [&str; 4] = ["build-images", "v1.3.0", "--image=kaniko", "--how=local-docker"];
const TOKEN: (&str, &str) = ("GITHUB_OAUTH_TOKEN", "canary-of-the-github-token");

fn with_docker() -> Sandbox {
    let sandbox = Sandbox::new();
    link(standin(), &sandbox.tool("docker"));
    std::fs::remove_file(sandbox.tool("infrastructure-deployer")).unwrap();
    sandbox
}

#[test]
fn image_is_built_here_where_there_is_no_infrastructure_deployer() {
    let sandbox = with_docker();
    let refused = sandbox.xtask(["build-images", "v1.3.0"]).run().exits(3);
    refused.says("`infrastructure-deployer` not found on PATH").says("--how local-docker");
    sandbox.xtask(LOCAL).env(TOKEN.0, TOKEN.1).run().exits(0).is("local-docker");
    let log = sandbox.log();
    let docker: Vec<_> = log.of("docker").iter().map(|call| call.argv().join(" ")).collect();
    assert_eq!(
        docker,
        [
            "login --username AWS --password-stdin 100000000002.dkr.ecr.us-east-1.amazonaws.com",
            "buildx build --progress plain --platform linux/amd64 --secret id=github-token,env=GITHUB_OAUTH_TOKEN \
             --secret id=GIT_AUTH_TOKEN,env=GITHUB_OAUTH_TOKEN --build-arg module_ci_tag=v1.3.0 \
             --tag 100000000002.dkr.ecr.us-east-1.amazonaws.com/kaniko:v1.3.0 --push \
             https://github.com/gruntwork-io/terraform-aws-ci.git#v1.3.0:modules/ecs-deploy-runner/docker/kaniko",
        ]
    );
    sandbox.xtask(LOCAL).env(TOKEN.0, TOKEN.1).run().exits(0).says("was there already, not built");
    assert_eq!(sandbox.log().of("docker").len(), 2, "a tag that is there is not pushed again");
}

#[test]
fn an_update_builds_here_as_well() {
    let sandbox = with_docker();
    let update = |tag: &'static str| sandbox.xtask(["update", tag, "--yes", "--how=local-docker"]);
    update("v1.3.0").run().exits(3).says("`GITHUB_OAUTH_TOKEN` is not set").says("nothing was moved or applied");
    let dry = update("v1.3.0").args(["--dry-run", "--verbose"]).env(TOKEN.0, TOKEN.1).run().exits(0).out;
    assert!(dry.contains("# only what is missing\n# Signing in: ") && dry.contains("docker buildx build "), "{dry}");
    update("v1.3.0").env(TOKEN.0, TOKEN.1).run().exits(0);
    let n_builds = || sandbox.log().of("docker").iter().filter(|call| call.argv()[0] == "buildx").count();
    assert_eq!((n_builds(), sandbox.log().applied().len()), (2, ACCOUNTS.len()));
    update("v1.3.0").run().exits(0).says("in ECR already, nothing is built");
    assert_eq!(n_builds(), 2);
}

#[test]
fn every_command_of_a_local_build_can_be_pasted() {
    let sandbox = with_docker();
    sandbox
        .xtask(LOCAL)
        .args(["--dry-run", "--verbose"])
        .env(TOKEN.0, TOKEN.1)
        .run()
        .exits(0)
        .is("local-docker-dry-run");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn build_without_its_token_is_refused_before_anything_starts() {
    let sandbox = with_docker();
    sandbox.xtask(LOCAL).run().exits(3).says("`GITHUB_OAUTH_TOKEN` is not set, and the build needs it");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn wrong_account_is_neither_signed_in_to_nor_pushed_to() {
    let sandbox = with_docker().fault("wrong-account:shared");
    sandbox.xtask(LOCAL).env(TOKEN.0, TOKEN.1).run().exits(3);
    assert!(sandbox.log().of("docker").is_empty());
}
