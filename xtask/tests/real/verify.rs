//! `verify` against ECS, Lambda and ECR of six accounts, as moto has them.

use std::process::Command;
use std::time::Instant;

use super::by_hand::text;
use super::cloud::Cloud;
use super::live::{ACCOUNTS, Live};
use super::shape::Shape;
use super::toolbox::Toolbox;
use super::typed::{SHARED, ends_with, xtask};

/// Six accounts with runners at `v1.3.0`, where everything is proven.
pub(super) fn updated(tools: &'static Toolbox, invoker_environment: &str) -> (Cloud, Live) {
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    for repository in ["ecs-deploy-runner", "kaniko"] {
        cloud.put_image(SHARED, repository, "v1.3.0");
    }
    std::thread::scope(|scope| {
        for (_, id) in ACCOUNTS {
            scope.spawn(|| cloud.runner(id, invoker_environment));
        }
    });
    ends_with(&live, &["bump-tags", "v1.3.0"], 0);
    ends_with(&live, &["apply-all", "--yes"], 0);
    (cloud, live)
}

/// What `verify` prints, and its exit code.
fn verified(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().expect("xtask starts");
    (output.status.code(), text(&output))
}

#[test]
fn after_an_update_all_is_proven_and_what_is_broken_by_hand_is_found() {
    let Some(tools) = Toolbox::get() else { return };
    let (cloud, live) = updated(tools, "Variables={A=b}");
    let began = Instant::now();
    let (code, said) = verified(xtask(&live, &["verify"]));
    println!("verify took {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("6 units: 13 task definitions at v1.3.0, digests match ECR"), "{said}");
    assert_eq!(live.mfa_prompts(), 1);

    let family = "ecs-deploy-runner-terraform-applier";
    let image = format!("{SHARED}.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner:v0.52.1");
    cloud.register_task("100000000006", family, &image);
    let (code, said) = verified(xtask(&live, &["verify"]));
    assert_eq!(code, Some(5), "{said}");
    assert!(
        said.contains(&format!(
            "!  prod: it was not applied, or somebody else registered another revision since\n   {family}\n"
        )),
        "{said}"
    );
    assert!(said.contains("1 of 6 units differs"), "{said}");

    let gone = ["lambda", "delete-function", "--function-name", "ecs-deploy-runner-invoker"];
    cloud.aws("100000000004", &gone).expect("it was there");
    let (code, said) = verified(xtask(&live, &["verify", "--account", "dev"]));
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("!  dev: there is no such function\n   ecs-deploy-runner-invoker\n"), "{said}");
}

#[test]
fn a_runner_that_starts_is_proven_by_ecs_whatever_its_plan_says() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    cloud.runner("100000000004", "Variables={A=b}");
    ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 0);
    let smoke = ["verify", "--smoke", "--yes", "--account", "dev", "--ref"];
    for (git_ref, plan) in [("main", "its plan went well"), ("no-such-branch", "its plan failed")] {
        let (code, said) = verified(xtask(&live, &[&smoke[..], &[git_ref]].concat()));
        assert_eq!(code, Some(0), "{said}");
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&format!("start starts started {plan}")), "{said}");
        assert!(said.contains("waiting for ECS task arn:aws:ecs:us-east-1:100000000004:task/"), "{said}");
    }
    let (code, said) = verified(xtask(&live, &[&smoke[..], &["no branch"]].concat()));
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("?  dev: the runner's invoker does not let this repository or ref be planned"), "{said}");
}

#[test]
fn task_families_that_a_module_calls_otherwise_are_known_by_its_outputs() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    cloud.runner("100000000004", "Variables={A=b}");
    let families = |text: &str| text.replace("\"${var.name}-${container}\"", "\"edr-${container}\"");
    live.edit("../catalog/modules/ecs-deploy-runner/main.tf", families);
    let said = ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 0);
    assert!(said.contains("Verified     dev   2 task definitions at v0.52.1, digests match ECR"), "{said}");
    let (code, said) = verified(xtask(&live, &["verify", "--account", "dev"]));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Outputs      dev\n"), "{said}");
}
