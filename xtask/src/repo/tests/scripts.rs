//! Build scripts: what they pass to `infrastructure-deployer`, with the line that says so, or why that can't be known.

use super::Tree;
use crate::model::{ImageName, Tag, UnitPath};
use crate::repo::script::{Recipe, Said, Script, nearest};

const RUNNER: &str = r#"#!/bin/bash
# Builds the image of the deploy runner.
set -euo pipefail

readonly DOCKERFILE_REPO="https://github.com/acme/terraform-aws-ci.git" # our fork
readonly DOCKERFILE_REPO_REF='v0.52.1'
readonly DOCKERFILE_CONTEXT_PATH="modules/ecs-deploy-runner/docker/deploy-runner"
readonly DEPLOY_RUNNER_REGION="us-east-1"
ECR_REPO_REGION=us-east-1
export ECR_REPO_NAME="ecs-deploy-runner"
TERRAFORM_VERSION="1.6.3"

function usage {
  cat <<EOF
  infrastructure-deployer --aws-region nowhere -- docker-image-builder build-docker-image
EOF
}

function run {
  local -r account_id="$(aws sts get-caller-identity --query "Account" --output text)"
  local readonly ecr_url="$account_id.dkr.ecr.${ECR_REPO_REGION}.amazonaws.com/${ECR_REPO_NAME}"
  if [[ "$account_id" != "$(jq -r '."shared".id' accounts.json)" ]]; then
    echo "wrong account"; exit 1
  fi
  infrastructure-deployer --aws-region "$DEPLOY_RUNNER_REGION" --max-wait-time 1h -- \
    docker-image-builder build-docker-image \
    --repo "$DOCKERFILE_REPO" --ref "$DOCKERFILE_REPO_REF" \
    --context-path "$DOCKERFILE_CONTEXT_PATH" \
    --env-secret 'github-token=GITHUB_OAUTH_TOKEN' \
    --docker-image-tag "$ecr_url:$DOCKERFILE_REPO_REF" \
    --build-arg "module_ci_tag=$DOCKERFILE_REPO_REF" \
    --build-arg "terraform_version=${TERRAFORM_VERSION}" \
    --build-arg terragrunt_version=v0.53.2 2>&1 | tee build.log
}

run "$@"
"#;

fn read(text: &str) -> Result<Recipe, String> {
    let tag: Tag = "v1.3.0".parse().expect("a tag");
    Script::of("shared/container_images/build_deploy_runner_image.sh", text).read(&tag).map_err(|it| it.to_string())
}

#[test]
fn a_script_in_the_shape_of_a_reference_architecture_is_understood() {
    for text in [RUNNER.to_owned(), RUNNER.replace('\n', "\r\n"), format!("\u{feff}{RUNNER}")] {
        let recipe = read(&text).expect("it is understood");
        let said = |said: Option<Said>| said.map(|said| (said.value, said.line));
        assert_eq!(recipe.line, 25);
        assert_eq!(said(recipe.dockerfile_repo), Some(("https://github.com/acme/terraform-aws-ci.git".to_owned(), 5)));
        assert_eq!(said(recipe.context_path).map(|(_, line)| line), Some(7));
        assert_eq!(said(recipe.region), Some(("us-east-1".to_owned(), 8)));
        assert_eq!(recipe.ecr_region.map(|region| region.to_string()).as_deref(), Some("us-east-1"));
        assert_eq!(recipe.ecr_repository.as_deref(), Some("ecs-deploy-runner"));
        let args = recipe.build_args.iter().map(|(name, said)| (name.as_str(), said.value.as_str(), said.line));
        let expected = [
            ("module_ci_tag", "v1.3.0", 31),
            ("terraform_version", "1.6.3", 11),
            ("terragrunt_version", "v0.53.2", 33),
        ];
        assert_eq!(args.collect::<Vec<_>>(), expected, "the release follows the tag, the tools stay");
        let options = recipe.options.iter().map(|(name, said)| format!("{name} {}", said.value));
        assert_eq!(options.collect::<Vec<_>>(), ["max-wait-time 1h"]);
    }
}

#[test]
fn what_only_a_shell_could_work_out_is_not_understood() {
    let call = "infrastructure-deployer --aws-region us-east-1 -- docker-image-builder build-docker-image --ref v1";
    let call = |rest: &str| format!("{call} {rest}\n");
    for (text, why) in [
        ("echo hello\n".to_owned(), "it does not call infrastructure-deployer\n  --> shared/"),
        (call("") + &call(""), "it calls infrastructure-deployer more than once\n"),
        (call("--repo \"$1\""), "an argument of the script is known only when it runs\n"),
        (call("--repo $(git remote)"), "the output of a command is known only when it runs\n"),
        (call("--repo `git remote`"), "the output of a command is known only when it runs\n"),
        (call("--repo ${REPO:-x}"), "a `${…}` with more than a name in it is known only"),
        (call("--repo \"$REPO\""), "`REPO` is assigned nowhere in it\n"),
        (format!("REPO=a\nREPO=b\n{}", call("--repo $REPO")), "`REPO`: it is assigned twice\n"),
        (format!("if true; then\nREPO=a\nfi\n{}", call("--repo $REPO")), "`REPO`: it is assigned under a condition\n"),
        (format!("ARGS=(--repo x)\n{}", call("\"${ARGS[@]}\"")), "its call has an argument that is no option\n"),
        (format!("REPO+=x\n{}", call("--repo $REPO")), "`REPO`: what is added to a variable is known only"),
        (call("--no-push x"), "it passes `--no-push`, which is not carried over\n"),
        (call("--build-arg NPM_TOKEN=$NPM_TOKEN"), "it passes `NPM_TOKEN` as an argument of the build"),
        (call("--build-arg module_ci_tag=v0.9"), "`module_ci_tag` is `v0.9`, which does not follow the ref"),
        (call("--repo"), "`--repo` has no value\n"),
        ("X='never ends\n".to_owned(), "a quote or bracket never ends\n"),
        (
            "infrastructure-deployer --no-wait x -- a b\n".to_owned(),
            "it passes `--no-wait`, which is not carried over\n",
        ),
        ("infrastructure-deployer -- ami-builder x\n".to_owned(), "it calls `ami-builder` in the place of"),
    ] {
        let error = read(&text).expect_err(&text);
        let expected = format!("a build script of this repository is not understood: {why}");
        assert!(error.starts_with(&expected), "{text}: {error}");
    }
}

#[test]
fn quotes_continuations_and_comments_are_those_of_a_shell() {
    let text = r#"export A=a B='b $A' C="c $A \"q\"" # D=d
E=e\
 f # no assignment
/usr/local/bin/infrastructure-deployer --aws-region=x -- docker-image-builder build-docker-image --ref=v1 \
  --build-arg "b=$B" --build-arg c="$C" --build-arg 'd=$A' --build-arg e=${A}x\ y --idempotent
"#;
    let recipe = read(text).expect("it is understood");
    let args: Vec<_> = recipe.build_args.iter().map(|(name, said)| format!("{name}={}", said.value)).collect();
    assert_eq!(args, ["b=b $A", "c=c a \"q\"", "d=$A", "e=ax y"]);
}

#[test]
fn the_token_as_an_argument_never_gets_further() {
    let call = "infrastructure-deployer -- docker-image-builder build-docker-image --ref v1 --build-arg";
    for argument in ["GITHUB_OAUTH_TOKEN", "GITHUB_OAUTH_TOKEN=$GITHUB_OAUTH_TOKEN", "\"GITHUB_OAUTH_TOKEN=${1}\""] {
        let recipe = read(&format!("{call} {argument}\n")).expect("it is understood");
        assert_eq!((recipe.token_as_argument, recipe.build_args), (Some(1), Vec::new()), "{argument}");
    }
}

#[test]
fn nearest_script_is_that_of_the_account_that_builds() {
    let script = |account: &str| format!("{account}/us-east-1/_regional/container_images/build_kaniko_image.sh");
    let tree = Tree::new(&[
        ("accounts.json", r#"{"shared": "100000000002"}"#),
        ("common.hcl", "locals {}\n"),
        (&script("shared"), RUNNER),
        (&script("tools"), RUNNER),
        ("shared/us-east-1/_regional/container_images/build_ecs_deploy_runner_worker.sh", RUNNER),
        ("shared/us-east-1/_regional/container_images/run.sh", RUNNER),
    ]);
    let repo = super::open(tree.path()).expect("it opens");
    let scripts = repo.build_scripts();
    assert_eq!(scripts.len(), 3, "{scripts:?}");
    let unit = UnitPath::new("shared/us-east-1/mgmt/ecs-deploy-runner".as_ref()).expect("a path");
    let of_kaniko = scripts.iter().filter(|script| script.image == Some(ImageName::Kaniko));
    let files: Vec<_> = nearest(of_kaniko, &unit).into_iter().map(|script| script.file.clone()).collect();
    assert_eq!(files, [script("shared")]);
}
