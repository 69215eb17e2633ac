//! `update` asks before it builds: what is built, changed and planned is shown first, and whatever ends it early is told with
//! what stays changed.

use super::command::Xtask;
use super::sandbox::Sandbox;
use crate::real::gate::Gate;

const TAG: &str = "v1.3.0";
const QUESTION: &str = "Go on, to build 2 images, change 1 file, plan 6 units? [y/N] ";

/// How often an image was built.
fn n_builds(sandbox: &Sandbox) -> usize {
    sandbox.log().of("infrastructure-deployer").len()
}

/// Nothing has been built, edited, planned or applied.
fn is_untouched(sandbox: &Sandbox) -> bool {
    sandbox.log().nothing_worked() && sandbox.read("common.hcl").matches("v0.52.1").count() == 2
}

fn at_a_terminal(command: Xtask<'_>) -> crate::real::terminal::Terminal {
    command.env("NO_COLOR", "1").at_a_terminal(60, 120)
}

#[test]
fn without_a_terminal_and_yes_nothing_is_built_edited_or_planned() {
    for until in [&[][..], &["--until=images"], &["--until=bump"], &["--until=plan"]] {
        let sandbox = Sandbox::new();
        let said = sandbox.xtask(["update", TAG]).args(until.iter().copied()).fed("y\ny\n").run().exits(3);
        said.says("error: nothing was built, changed or applied: it was not confirmed").says("if this is meant: --yes");
        if until.is_empty() {
            sandbox.xtask(["update", TAG]).run().exits(3).is("update-no-terminal");
        }
        assert!(is_untouched(&sandbox), "{until:?}");
    }
}

#[test]
fn one_question_comes_before_the_builds_and_the_digest_is_asked_about_later() {
    let sandbox = Sandbox::new();
    let mut terminal = at_a_terminal(sandbox.xtask(["update", TAG]));
    terminal.wait_for(QUESTION);
    assert!(is_untouched(&sandbox));
    let text = terminal.text();
    let shown = [
        "  Build        ecs-deploy-runner:v1.3.0 in ECR of 100000000002 shared, us-east-1",
        "               kaniko:v1.3.0 in ECR of 100000000002 shared, us-east-1",
        "               by the runner of 100000000002 shared in us-east-1",
        "  Change       common.hcl:23 v0.52.1 -> v1.3.0, deploy-runner in 6 units",
        "               common.hcl:25 v0.52.1 -> v1.3.0, kaniko in 1 unit",
        "  Plan         6 units in 6 accounts; ",
        "  Waves        1 dev    2 logs security shared stage    3 prod",
    ];
    for shown in shown {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    terminal.types("y");
    terminal.wait_for("Apply these 6 plans? [y/n/d=details] ");
    assert!(sandbox.log().applies().is_empty() && n_builds(&sandbox) == 2);
    terminal.types("n");
    let (status, text) = terminal.finish();
    assert_eq!(status.code(), Some(3), "{text}");
    let (_, end) = text.split_once("details] n\r\n").unwrap();
    let stays = "Stays        2 images in ECR: ecs-deploy-runner:v1.3.0, kaniko:v1.3.0\r\n             \
                 1 file changed: common.hcl\r\n             to go on: cargo xtask runs resume ";
    assert!(end.contains(stays) && end.ends_with("Cancelled. Nothing was applied.\r\n"), "{end}");
    assert!(!end.contains("git "), "there is no git checkout: {end}");
    sandbox.xtask(["runs", "resume", "--yes"]).run().exits(0);
    assert_eq!((n_builds(&sandbox), sandbox.log().applied().len()), (2, 6), "nothing is built twice");
}

#[test]
fn no_and_an_interrupt_at_the_question_leave_everything_as_it_was() {
    let sandbox = Sandbox::new();
    for answer in ["n", ""] {
        let mut terminal = at_a_terminal(sandbox.xtask(["update", TAG]));
        terminal.wait_for(QUESTION);
        terminal.types(answer);
        let (status, text) = terminal.finish();
        assert_eq!(status.code(), Some(3), "{text}");
        assert!(text.ends_with("Cancelled. Nothing was built, changed or applied.\r\n"), "{text}");
        assert!(!text.contains("Stays"), "{text}");
    }
    let mut terminal = at_a_terminal(sandbox.xtask(["update", TAG]));
    terminal.wait_for(QUESTION);
    terminal.ctrl_c();
    let (status, text) = terminal.finish();
    assert_eq!(status.code(), Some(130), "{text}");
    assert!(text.contains("Stays        as it was: nothing was built, changed or applied\r\n"), "{text}");
    assert!(is_untouched(&sandbox));
}

#[test]
fn kept_plans_and_a_commit_exclude_each_other_and_that_is_told() {
    let sandbox = Sandbox::bumped();
    sandbox.edit("common.hcl", r#""v1.3.0""#, r#""v0.52.1""#);
    let said = sandbox.xtask(["update", TAG, "--until=plan", "--yes"]).run().exits(0);
    said.says("to apply them: cargo xtask apply-all --from ")
        .says("to keep it: git add common.hcl")
        .says("after a commit they are refused, and this plans anew: cargo xtask update v1.3.0");
    let said = sandbox.xtask(["update", TAG, "--until=bump", "--yes"]).run().exits(0);
    said.says_nothing_of("after a commit");
}

#[test]
fn what_an_update_of_one_account_moves_for_others_is_told_to_be_left() {
    let sandbox = Sandbox::bumped();
    sandbox.edit("common.hcl", r#""v1.3.0""#, r#""v0.52.1""#);
    let said = sandbox.xtask(["update", TAG, "--account=dev", "--yes"]).run().exits(0);
    said.says("Finished     1 of 1 unit")
        .says("Not applied  in 5 units that moved by the same pin: logs prod security shared stage\n")
        .says("to apply all that is left: cargo xtask apply-all\n");
    assert_eq!([sandbox.tags_in_state("dev"), sandbox.tags_in_state("logs")], [["v1.3.0"], ["v0.52.1"]]);
}

#[test]
fn where_nothing_is_built_or_changed_the_digest_alone_is_asked_about() {
    let sandbox = Sandbox::bumped();
    let mut terminal = at_a_terminal(sandbox.xtask(["update", TAG, "--account=dev"]));
    terminal.wait_for("Apply this plan? ");
    terminal.types("y");
    let (status, text) = terminal.finish();
    assert!(status.success() && !text.contains("[y/N]"), "{text}");
}

#[test]
fn image_that_somebody_pushes_during_the_question_is_not_built_over() {
    let sandbox = Sandbox::new();
    let mut terminal = at_a_terminal(sandbox.xtask(["update", TAG]));
    terminal.wait_for(QUESTION);
    sandbox.push("kaniko", TAG);
    terminal.types("y");
    let (status, text) = terminal.finish();
    assert_eq!(status.code(), Some(3), "{text}");
    assert!(text.contains("/kaniko:v1.3.0 has been pushed meanwhile, so nothing was built"), "{text}");
    assert!(is_untouched(&sandbox));
}

#[test]
fn tag_that_is_no_release_is_asked_about_with_the_nearest_and_not_covered_by_yes() {
    let sandbox = Sandbox::new();
    for (tag, nearest) in [("1.3.0", "v1.3.0"), ("latest", "v1.3.0")] {
        let mut terminal = at_a_terminal(sandbox.xtask(["update", tag]));
        terminal.wait_for("Go on, to build 2 images of no known release, ");
        terminal.types("n");
        let (status, text) = terminal.finish();
        let said = format!("No release   {tag} is no known release of terraform-aws-ci; the nearest: {nearest}");
        assert!(status.code() == Some(3) && text.contains(&said), "{text}");

        let mut terminal = at_a_terminal(sandbox.xtask(["build-images", tag]));
        terminal.wait_for("Build it all the same? [y/N] ");
        terminal.types("n");
        let (status, text) = terminal.finish();
        assert!(status.code() == Some(3) && text.ends_with("Cancelled. Nothing was built.\r\n"), "{text}");

        for command in ["update", "build-images"] {
            let refused = sandbox.xtask([command, tag, "--yes"]).run().exits(3);
            refused.says(&format!("perhaps {nearest} was meant")).says("--allow unknown-release");
            sandbox.xtask([command, tag]).run().exits(3).says("there is no terminal to ask at");
        }
        assert!(is_untouched(&sandbox), "{tag}");
    }
    sandbox.xtask(["build-images", "latest", "--yes", "--allow=unknown-release"]).run().exits(0);
    assert_eq!(n_builds(&sandbox), 2);
    sandbox.xtask(["build-images", TAG]).run().exits(0).says_nothing_of("release");
}

#[test]
fn rehearsal_says_that_a_newer_release_was_not_looked_up() {
    for command in ["update", "build-images"] {
        let said = Sandbox::new().xtask([command, "v9.8.423", "--yes"]).run().exits(0);
        said.says("Not checked  whether v9.8.423 is a release of terraform-aws-ci: a rehearsal asks no server");
    }
}

#[test]
fn failure_after_the_builds_and_a_third_interrupt_tell_what_stays_changed() {
    let sandbox = Sandbox::new().fault("fail:dev");
    let failed = sandbox.xtask(["update", TAG, "--yes"]).run().exits(1);
    failed.says("Stays        2 images in ECR: ").says("1 file changed: common.hcl").says_nothing_of("to go back");

    let sandbox = Sandbox::new();
    sandbox.push("ecs-deploy-runner", TAG);
    let gate = Gate::open();
    sandbox.build_gate(Some(gate.port()));
    let running = sandbox.xtask(["update", TAG, "--yes"]).start();
    let held = gate.next();
    let text = sandbox.read("dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl");
    sandbox.write("dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl", format!("{text}# changed\n"));
    held.let_go();
    running
        .finish()
        .exits(3)
        .says("Stays        1 image in ECR: kaniko:v1.3.0")
        .says("to go on: cargo xtask runs resume");
}
