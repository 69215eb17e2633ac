//! The main job on the real tools: images built, tags moved, six accounts applied.

use std::fs;

use super::by_hand::text;
use super::cloud::Cloud;
use super::live::{ACCOUNTS, Live};
use super::shape::{Apply, Engine, Module, Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::{SHARED, ends_with, tags};

/// Carries out the three commands, and looks at everything that they leave behind.
fn three_commands_update_six_accounts(tools: &'static Toolbox, shape: Shape) {
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, shape);

    ends_with(&live, &["build-images", "v1.3.0"], 0);
    ends_with(&live, &["bump-tags", "v1.3.0"], 0);
    let told = ends_with(&live, &["apply-all", "--yes"], 0);

    for repository in ["ecs-deploy-runner", "kaniko"] {
        assert_eq!(cloud.images(SHARED, repository).keys().collect::<Vec<_>>(), ["v0.52.1", "v1.3.0"], "{repository}");
    }
    for (account, id) in ACCOUNTS {
        assert!(live.state_file(account).exists(), "{account} has a state");
        let tags = tags(&cloud, id);
        assert_eq!(tags.len(), if account == "shared" { 3 } else { 2 }, "{account}");
        assert!(tags.iter().all(|(_, tag)| tag == "v1.3.0"), "{account}: {tags:?}");
    }
    assert_eq!(live.mfa_prompts(), 1, "one MFA prompt in all");
    for word in ["deprecated", "WARN  The `TERRAGRUNT", "strict control"] {
        assert!(!told.contains(word), "{told}");
    }
    let logs = logs(&live);
    assert!(logs.len() >= 14, "a log of each build, plan and apply");
    for (name, log) in logs {
        assert!(!log.contains("is deprecated"), "{name}: {log}");
        assert!(!log.contains('\u{1b}'), "{name} has colours: {log}");
    }

    let again = ends_with(&live, &["apply-all", "--yes"], 0);
    assert!(again.contains("nothing to apply in 6 units"), "{again}");
}

#[test]
fn update_as_one_run_proves_every_account_and_does_so_again_when_repeated() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let told = ends_with(&live, &["update", "v1.3.0", "--yes"], 0);
    for wave in ["Verified     dev   2", "Verified     logs shared security stage   9", "Verified     prod   2"] {
        assert!(told.contains(&format!("{wave} task definitions at v1.3.0, digests match ECR")), "{told}");
    }
    assert_eq!(live.mfa_prompts(), 1, "one MFA prompt in all");

    let again = ends_with(&live, &["update", "v1.3.0", "--yes"], 0);
    for said in [
        "ecs-deploy-runner:v1.3.0 and kaniko:v1.3.0 in ECR already, nothing is built",
        "already where they should be, no file is changed",
        "13 task definitions at v1.3.0, digests match ECR",
        "nothing to apply in 6 units",
    ] {
        assert!(again.contains(said), "{said}: {again}");
    }

    // Somebody registers another revision in the first wave: nothing goes on from there.
    let image = format!("{SHARED}.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner:v0.52.1");
    cloud.register_task("100000000004", "ecs-deploy-runner-terraform-planner", &image);
    let stopped = ends_with(&live, &["update", "v1.3.0", "--yes"], 3);
    assert!(stopped.contains("what the repository says does not run in `dev`"), "{stopped}");
    let command = stopped.lines().find_map(|line| line.split_once("to take it away: ")).expect("it is named").1;
    assert!(live.command("sh").args(["-c", command]).output().expect("sh starts").status.success(), "{command}");
}

/// Every log of every run.
fn logs(live: &Live) -> Vec<(String, String)> {
    let runs = fs::read_dir(live.root().join(".xtask/runs")).expect("there were runs").flatten();
    let files = runs.flat_map(|run| fs::read_dir(run.path()).expect("a run is a folder").flatten());
    let logs = files.filter(|file| file.file_name().to_string_lossy().ends_with(".log"));
    logs.map(|log| {
        (log.file_name().to_string_lossy().into_owned(), fs::read_to_string(log.path()).expect("it is text"))
    })
    .collect()
}

#[test]
fn with_terragrunt_1_and_opentofu_the_three_commands_update_six_accounts() {
    let Some(tools) = Toolbox::get() else { return };
    three_commands_update_six_accounts(tools, Shape { terragrunt: Terragrunt::V1, ..Shape::default() });
}

#[test]
fn with_terragrunt_0_and_opentofu_the_three_commands_update_six_accounts() {
    let Some(tools) = Toolbox::get() else { return };
    three_commands_update_six_accounts(tools, Shape { terragrunt: Terragrunt::V0, ..Shape::default() });
}

#[test]
fn with_terraform_the_three_commands_update_six_accounts_on_both_terragrunts() {
    let Some(tools) = Toolbox::get() else { return };
    // A machine without Terraform has OpenTofu in its place, in the tests above.
    if tools.terraform.is_none() {
        return;
    }
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let engines = &[Engine::Terraform];
        three_commands_update_six_accounts(tools, Shape { terragrunt, engines, ..Shape::default() });
    }
}

#[test]
fn what_a_plan_writes_beside_the_module_is_there_at_the_apply() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, apply: Apply::ReadsWhatPlanWrote, ..Shape::default() });
        ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 0);
        assert_eq!(tags(&cloud, "100000000004").len(), 2, "{terragrunt:?}");
    }
}

#[test]
fn nothing_of_ours_gets_into_terragrunts_cache_when_the_module_lies_in_the_repository() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, module: Module::RepositoryRoot, ..Shape::default() });
        let build = live.root().join(".xtask/target/debug");
        fs::create_dir_all(&build).expect("the folder can be made");
        fs::write(build.join("xtask"), "build output").expect("the file can be written");
        ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 0);
        let cache = live.unit("dev").join(".terragrunt-cache");
        let found = live.command("ls").arg("-aR").arg(&cache).output().expect("ls starts");
        assert!(text(&found).contains("modules"), "{terragrunt:?}: the repository was copied");
        assert!(!text(&found).contains(".xtask"), "{terragrunt:?}: {}", text(&found));
    }
}

#[test]
fn build_of_a_tag_that_exists_is_told_apart_from_a_build() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    cloud.put_image(SHARED, "kaniko", "v1.3.0");
    let told = ends_with(&live, &["build-images", "v1.3.0"], 0);
    let line = |image: &str| told.lines().rfind(|line| line.trim_start().starts_with(image)).map(str::to_owned);
    assert!(line("deploy-runner ").is_some_and(|line| line.contains("built in")), "{told}");
    assert!(line("kaniko ").is_some_and(|line| line.contains("was there already")), "{told}");
}

#[test]
fn tag_without_its_image_is_not_moved() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let common = live.root().join("common.hcl");
    let before = fs::read(&common).expect("it is there");
    let told = ends_with(&live, &["bump-tags", "v1.3.0"], 3);
    assert!(told.contains("ecs-deploy-runner:v1.3.0 is not in ECR"), "{told}");
    assert_eq!(fs::read(&common).expect("it is there"), before);
    ends_with(&live, &["bump-tags", "v1.3.0", "--allow", "unverified-image"], 0);
    assert_ne!(fs::read(&common).expect("it is there"), before);
}

#[test]
fn failed_apply_is_shown_with_its_log_and_production_is_not_started() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, apply: Apply::WaitsAtGate, ..Shape::default() });
        let told = std::thread::scope(|scope| {
            let runner = scope.spawn(|| ends_with(&live, &["apply-all", "--yes"], 1));
            for _ in 0..5 {
                let held = live.gate().next();
                // Without an answer the apply of stage fails.
                if held.account() != "stage" {
                    held.let_go();
                }
            }
            runner.join().expect("it ends as expected")
        });
        assert!(told.contains("Failed       stage   ended with exit code 1"), "{told}");
        assert!(told.contains("stage.apply.log"), "{told}");
        assert!(told.contains("1 failed, 4 done, 1 not started"), "{told}");
        assert!(tags(&cloud, "100000000006").is_empty(), "production was not started");
        assert!(!live.state_file("prod").exists(), "production has no state");
    }
}

#[test]
fn releases_are_the_tags_of_the_repository_that_is_built_from() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let remote = live.root().with_file_name("terraform-aws-ci");
    let script = "git init --quiet \"$0\" && cd \"$0\" && git -c user.name=x -c user.email=x@example.com commit --quiet \
                  --allow-empty --message x && git tag v1.4.0 && git tag v1.5.0";
    let made = live.command("sh").arg("-c").arg(script).arg(&remote).status().expect("sh starts");
    assert!(made.success());
    let settings = format!("[workspace.metadata.xtask]\ndockerfile-repo = \"file://{}\"\n", remote.display());
    fs::write(live.root().join("Cargo.toml"), settings).expect("the file can be written");
    for command in ["build-images", "update"] {
        let told = ends_with(&live, &[command, "v9.8.423", "--yes", "--allow", "doubtful-build"], 3);
        let said = "v9.8.423 is no known release of terraform-aws-ci; the nearest: v1.5.0";
        assert!(told.contains(said) && told.contains("--allow unknown-release"), "{told}");
    }
    assert_eq!(cloud.images(SHARED, "kaniko").keys().collect::<Vec<_>>(), ["v0.52.1"], "nothing was built");
    fs::remove_dir_all(&remote).expect("it can be removed");
    for command in ["build-images", "update"] {
        let told = ends_with(&live, &[command, "v1.5.0", "--yes", "--allow", "doubtful-build"], 3);
        let said = "Not checked  whether v1.5.0 is a release of terraform-aws-ci: git can't read the tags of ";
        assert!(told.contains(said), "{told}");
        let refusal = "error: it is not known whether v1.5.0 is a release of terraform-aws-ci, so nothing was built";
        assert!(told.contains(refusal) && told.contains("--allow unknown-release"), "{told}");
    }
    assert_eq!(cloud.images(SHARED, "kaniko").keys().collect::<Vec<_>>(), ["v0.52.1"], "nothing was built");
}
