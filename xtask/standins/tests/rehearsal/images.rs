//! Building images, and finding them in ECR.

use serde_json::{Value, json};

use crate::cloud;
use crate::sandbox::{Said, Sandbox, build_args};

fn describe(sandbox: &Sandbox, account: &str, repository: &str, tag: &str) -> Result<Value, String> {
    let input = json!({
        "registryId": "100000000002",
        "repositoryName": repository,
        "imageIds": [{ "imageTag": tag }],
    });
    cloud::ask(sandbox, account, "DescribeImages", &input)
}

fn refused(answer: Result<Value, String>, code: &str) {
    assert_eq!(answer.unwrap_err(), code);
}

#[test]
fn built_image_is_in_ecr_once() {
    let sandbox = Sandbox::new(&[]);
    refused(describe(&sandbox, "shared", "ecs-deploy-runner", "v1.3.0"), "ImageNotFoundException");
    let said = sandbox.build("shared", "ecs-deploy-runner", "deploy-runner", "v1.3.0").succeeds();
    assert!(said.err.contains("Waiting for ECS task arn:aws:ecs:us-east-1:100000000002:task/ecs-deploy-runner/"));

    let image = describe(&sandbox, "shared", "ecs-deploy-runner", "v1.3.0").unwrap();
    let digest = image["imageDetails"][0]["imageDigest"].as_str().unwrap().to_owned();
    assert_eq!(digest.len(), "sha256:".len() + 64);
    let said = sandbox.build("shared", "ecs-deploy-runner", "deploy-runner", "v1.3.0").succeeds();
    assert!(said.out.contains("already exists"), "{said:?}");
    assert_eq!(describe(&sandbox, "shared", "ecs-deploy-runner", "v1.3.0").unwrap(), image);
    refused(describe(&sandbox, "shared", "kaniko", "v1.3.0"), "ImageNotFoundException");
}

#[test]
fn other_account_can_neither_push_nor_look() {
    let sandbox = Sandbox::new(&[]);
    let said = sandbox.build("dev", "kaniko", "kaniko", "v1.3.0").fails(1, "Deployment failed");
    assert!(said.out.contains("is not authorized to perform: ecr:InitiateLayerUpload"), "{said:?}");
    refused(describe(&sandbox, "dev", "kaniko", "v0.52.1"), "AccessDeniedException");
    refused(describe(&sandbox, "shared", "nowhere", "v0.52.1"), "RepositoryNotFoundException");
    sandbox.build("shared", "nowhere", "kaniko", "v1.3.0").fails(1, "Deployment failed");
}

#[test]
fn lost_image_is_told_as_pushed() {
    let sandbox = Sandbox::new(&["no-image"]);
    let said = sandbox.build("shared", "kaniko", "kaniko", "v1.3.0").succeeds();
    assert!(said.out.contains("Pushed"), "{said:?}");
    refused(describe(&sandbox, "shared", "kaniko", "v1.3.0"), "ImageNotFoundException");
}

#[test]
fn undocumented_command_lines_are_refused() {
    let sandbox = Sandbox::new(&[]);
    let good = build_args("kaniko", "kaniko", "v1.3.0");
    let refused = |line: Vec<String>, why: &str| {
        sandbox
            .run("shared", "infrastructure-deployer", &line.iter().map(String::as_str).collect::<Vec<_>>())
            .fails(1, why);
    };
    let without = |name: &str| {
        let at = good.iter().position(|arg| arg == name).unwrap();
        [&good[..at], &good[at + 2..]].concat()
    };
    let with =
        |old: &str, new: &str| good.iter().map(|arg| if arg == old { new.to_owned() } else { arg.clone() }).collect();
    refused(without("--aws-region"), "Required flag \"aws-region\" not set");
    refused(without("--ref"), "required option --ref is missing");
    refused(without("--build-arg"), "required option --build-arg is missing");
    refused(without("--env-secret"), "You must pass a GitHub PAT");
    refused(with("v1.3.0", ""), "IndexError: pop from an empty deque");
    refused(with("--ref", "--tag"), "OptionNotInAllowedOptionsError: Option --tag is not in the provided list");
    refused(with("build-docker-image", "frob"), "no script frob in container docker-image-builder");
    refused(good.iter().filter(|arg| *arg != "--").cloned().collect(), "must come after --");
    let alone: Said = sandbox.command("infrastructure-deployer").args(&good).output().unwrap().into();
    alone.fails(1, "no EC2 IMDS role found");
}

#[test]
fn task_definitions_are_described_by_family_revision_and_arn() {
    let sandbox = Sandbox::new(&[]);
    let family = "ecs-deploy-runner-terraform-planner";
    let describe = |name: &str| {
        let input = json!({ "taskDefinition": name });
        cloud::ask(&sandbox, "dev", "DescribeTaskDefinition", &input)
    };
    let arn = format!("arn:aws:ecs:us-east-1:100000000004:task-definition/{family}:1");
    for name in [family, &format!("{family}:1"), &arn] {
        let described = describe(name).unwrap();
        let image = described["taskDefinition"]["containerDefinitions"][0]["image"].as_str().unwrap();
        assert!(image.ends_with("/ecs-deploy-runner:v0.52.1"), "{image}");
    }
    refused(describe("nope"), "ClientException");
}
