//! Having a runner plan, and asking ECS what became of its task.

use serde_json::{Value, json};

use crate::cloud;
use crate::sandbox::{Said, Sandbox};

const PLAN: [&str; 13] = [
    "--aws-region",
    "us-east-1",
    "--",
    "terraform-planner",
    "infrastructure-deploy-script",
    "--ref",
    "main",
    "--binary",
    "terragrunt",
    "--command",
    "plan",
    "--deploy-path",
    "dev/us-east-1/mgmt/ecs-deploy-runner",
];

fn plan(sandbox: &Sandbox) -> Said {
    sandbox.run("dev", "infrastructure-deployer", &PLAN)
}

/// The task that was named, as ECS describes it.
fn task(sandbox: &Sandbox, said: &Said) -> Value {
    let arn = said.err.split_whitespace().find(|word| word.starts_with("arn:aws:ecs:")).unwrap();
    let input = json!({ "cluster": "ecs-deploy-runner", "tasks": [arn] });
    cloud::ask(sandbox, "dev", "DescribeTasks", &input).unwrap()["tasks"][0].clone()
}

#[test]
fn task_whose_container_started_has_a_time_and_an_exit_code() {
    for (fault, code) in [(&[][..], 0), (&["start:plan"][..], 1)] {
        let sandbox = Sandbox::new(fault);
        let said = plan(&sandbox);
        assert_eq!(said.code, Some(code), "{said:?}");
        let task = task(&sandbox, &said);
        assert_eq!((&task["lastStatus"], &task["containers"][0]["exitCode"]), (&"STOPPED".into(), &code.into()));
        assert!(task["startedAt"].is_string() && task["stopCode"] == "EssentialContainerExited", "{task}");
    }
}

#[test]
fn task_that_could_not_start_has_the_reason_and_neither_time_nor_exit_code() {
    for (fault, reason) in [
        ("start:pull", "CannotPullContainerError"),
        ("start:secret", "ResourceInitializationError"),
        ("start:secret-denied", "AccessDeniedException"),
        ("start:network", "Check your task network configuration"),
    ] {
        let sandbox = Sandbox::new(&[fault]);
        let said = plan(&sandbox).fails(1, "ECS Task failed to start. Reason: ");
        let task = task(&sandbox, &said);
        assert!(task["stoppedReason"].as_str().unwrap().contains(reason), "{task}");
        assert!(task.get("startedAt").is_none() && task["containers"][0].get("exitCode").is_none(), "{task}");
    }
    Sandbox::new(&["start:unheard-of"]).run("dev", "infrastructure-deployer", &PLAN).fails(1, "can't be made to fail");
}

#[test]
fn what_the_planner_does_not_list_is_refused_before_there_is_a_task() {
    let sandbox = Sandbox::new(&[]);
    for (change, said) in [
        (("--command", "--command=apply"), "OptionRegexRestrictedError: Provided value for option command (apply)"),
        (("--binary", "--binary=rm"), "OptionRegexRestrictedError"),
        (("--deploy-path", "--repo=somewhere"), "OptionRegexRestrictedError: Provided value for option repo"),
        (("--ref", "--sha=x"), "OptionNotInAllowedOptionsError: Option --sha"),
        (("--ref", "--ref="), "IndexError: pop from an empty deque"),
        (("--ref", "--force-https=true"), "required option --ref is missing"),
    ] {
        // The option and its value make room for another.
        let at = PLAN.iter().position(|word| *word == change.0).unwrap();
        let line = [&PLAN[..at], &[change.1], &PLAN[at + 2..]].concat();
        let refused = sandbox.run("dev", "infrastructure-deployer", &line).fails(1, said);
        assert!(!refused.err.contains("Waiting for ECS task"), "{refused:?}");
    }
    let invoker = [&["--invoker-function-id", "other-invoker"][..], &PLAN].concat();
    sandbox.run("dev", "infrastructure-deployer", &invoker).fails(1, "Function not found: other-invoker");
}
