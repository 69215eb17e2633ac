//! Consent to what changes files: it is given at the terminal, by a word that means yes, and by nothing else.

use super::adopt::{adopt, contents, plain};
use super::command::Xtask;
use super::sandbox::Sandbox;

const NO: [&str; 4] = ["", "n", "yep", "y y"];
const YES: [&str; 3] = ["y", "yes", "YES"];

/// What it ends with after this answer to this question.
fn answered(command: Xtask<'_>, question: &str, answer: &str) -> Option<i32> {
    let mut terminal = command.at_a_terminal(24, 80);
    terminal.wait_for(question);
    terminal.types(answer);
    let (status, text) = terminal.finish();
    assert_eq!(text.matches(question).count(), 1, "it is asked once: {text}");
    status.code()
}

#[test]
fn crate_is_put_into_a_repository_only_by_who_says_yes_at_the_terminal() {
    let sandbox = plain();
    let before = contents(&sandbox);
    for answer in NO {
        assert_eq!(answered(adopt(&sandbox), "[y/N]", answer), Some(3), "{answer}");
        assert_eq!(contents(&sandbox), before, "{answer}");
    }
    adopt(&sandbox).fed("y\ny\n").run().exits(3).says("there is no terminal to ask at");
    assert_eq!(contents(&sandbox), before, "a pipe is nobody");
    assert_eq!(answered(adopt(&sandbox), "[y/N]", "y"), Some(0));
    assert!(contents(&sandbox).len() > before.len() + 100, "all of the crate is there");
}

#[test]
fn tags_that_nobody_selected_are_moved_only_by_who_says_yes_at_the_terminal() {
    for yes in YES {
        let sandbox = Sandbox::new();
        sandbox.push("ecs-deploy-runner", "v1.3.0");
        let args = ["bump-tags", "v1.3.0", "--account", "dev", "--image", "deploy-runner"];
        let before = contents(&sandbox);
        let question = "Change these as well? [y/N]";
        for answer in NO {
            assert_eq!(answered(sandbox.xtask(args), question, answer), Some(3), "{answer}");
            assert_eq!(contents(&sandbox), before, "{answer}");
        }
        sandbox.xtask(args).fed("y\ny\n").run().exits(3).says("there is no terminal to ask at");
        assert_eq!(contents(&sandbox), before, "a pipe is nobody");
        assert_eq!(answered(sandbox.xtask(args), question, yes), Some(0), "{yes}");
        assert!(sandbox.read("common.hcl").contains(r#""v1.3.0""#), "{yes}");
    }
}

#[test]
fn runners_are_started_only_by_who_says_yes_at_the_terminal() {
    let sandbox = Sandbox::new();
    let args = ["verify", "--smoke", "--ref=main", "--account", "dev"];
    for answer in NO {
        assert_eq!(answered(sandbox.xtask(args), "Start them? [y/N]", answer), Some(3), "{answer}");
    }
    sandbox.xtask(args).fed("y\n").run().exits(3).says("there is no terminal to ask at");
    assert!(sandbox.log().calls().is_empty());
    assert_eq!(answered(sandbox.xtask(args), "Start them? [y/N]", "y"), Some(0));
    assert_eq!(sandbox.log().of("infrastructure-deployer").len(), 1);
}

#[test]
fn plans_are_applied_only_by_who_says_yes_at_the_terminal() {
    let sandbox = Sandbox::bumped();
    let args = ["apply-all", "--account", "dev"];
    assert_eq!(answered(sandbox.xtask(args), "Apply this plan? [y/n/d=details]", "n"), Some(3));
    sandbox.xtask(args).fed("y\n").run().exits(3).says("there is no terminal to ask at");
    assert!(sandbox.log().applies().is_empty());
    assert_eq!(answered(sandbox.xtask(args), "Apply this plan? [y/n/d=details]", "y"), Some(0));
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
}

/// Whether a plan leaves this behind.
fn in_cache(path: &std::path::Path) -> bool {
    path.components().any(|part| part.as_os_str() == ".terragrunt-cache")
}

#[test]
fn answer_that_is_typed_before_its_question_is_no_answer() {
    let (bumped, moved, plain) = (Sandbox::bumped(), Sandbox::new(), plain());
    moved.push("ecs-deploy-runner", "v1.3.0");
    let bump = ["bump-tags", "v1.3.0", "--account", "dev", "--image", "deploy-runner"];
    let smoke = ["verify", "--smoke", "--ref=main", "--account", "dev"];
    for (sandbox, command, question) in [
        (&bumped, bumped.xtask(["apply-all", "--account", "dev"]), "Apply this plan? "),
        (&bumped, bumped.xtask(smoke), "Start them? "),
        (&moved, moved.xtask(bump), "Change these as well? "),
        (&plain, adopt(&plain), "Write this to "),
    ] {
        let contents = |sandbox| contents(sandbox).into_iter().filter(|(path, _)| !in_cache(path)).collect::<Vec<_>>();
        let before = contents(sandbox);
        let mut terminal = command.typed_ahead("y\nyes\ny\ny");
        terminal.wait_for(question);
        terminal.types("n");
        let (status, text) = terminal.finish();
        assert_eq!(status.code(), Some(3), "{text}");
        assert!(contents(sandbox) == before, "{text}");
        assert!(sandbox.log().applies().is_empty() && sandbox.log().of("infrastructure-deployer").is_empty());
    }
    assert_eq!(answered(bumped.xtask(["apply-all", "--account", "dev"]), "Apply this plan? ", "y"), Some(0));
}

#[test]
fn digest_is_asked_about_until_there_is_an_answer_and_a_no_is_no_error() {
    let sandbox = Sandbox::bumped();
    let question = "Apply these 2 plans? [y/n/d=details] ";
    let command = sandbox.xtask(["apply-all", "--quiet", "--account=dev", "--account=stage"]);
    let mut terminal = command.env("NO_COLOR", "1").at_a_terminal(50, 100);
    for (n, answer) in ["", "yep", "d", "no"].into_iter().enumerate() {
        terminal.wait_until("it is asked again", |text| text.matches(question).count() == n + 1);
        terminal.types(answer);
    }
    let (status, text) = terminal.finish();
    assert_eq!(status.code(), Some(3), "{text}");
    let (digest, rest) = text.split_once(question).unwrap();
    assert!(digest.contains("2 units      dev stage") && digest.contains("Waves        1 dev    2 stage"), "{digest}");
    let (_, details) = rest.split_once("details] d\r\n").unwrap();
    for shown in [
        "  dev   100000000004   4 changes",
        "  stage   100000000005   4 changes",
        "            source_code_hash\r\n               ",
    ] {
        assert!(details.contains(shown), "{shown}: {details}");
    }
    assert_eq!(rest.matches("Type `y` to apply these 2 plans, `n` to apply nothing").count(), 2, "{rest}");
    assert!(text.ends_with("Cancelled. Nothing was applied.\r\n") && !text.contains("error"), "{text}");
    assert!(sandbox.log().applies().is_empty());
}

#[test]
fn interrupt_at_a_question_says_nothing_of_what_does_not_run() {
    let sandbox = Sandbox::bumped();
    let mut terminal = sandbox.xtask(["apply-all", "--account=dev"]).env("NO_COLOR", "1").at_a_terminal(50, 100);
    terminal.wait_for("details] ");
    terminal.ctrl_c();
    let (status, text) = terminal.finish();
    assert_eq!(status.code(), Some(130), "{text}");
    assert!(text.contains("Stopping     nothing new is started\r\n"), "{text}");
    assert!(text.contains("Stays        as it was: nothing was built, changed or applied\r\n"), "{text}");
    assert!(sandbox.log().applies().is_empty());
}

#[test]
fn who_interrupts_the_question_has_changed_nothing() {
    let sandbox = plain();
    let before = contents(&sandbox);
    let mut terminal = adopt(&sandbox).at_a_terminal(24, 80);
    terminal.wait_for("[y/N]");
    terminal.ctrl_c();
    let (status, text) = terminal.finish();
    assert!(!status.success(), "{text}");
    assert_eq!(contents(&sandbox), before);
}

#[test]
fn nobody_is_asked_about_what_went_to_a_file() {
    let sandbox = Sandbox::bumped();
    let into_a_file = ["sh", "-c", "\"$0\" \"$@\" 2>told; code=$?; cat told; exit $code"];
    for command in [&["apply-all", "--account=dev"][..], &["update", "v1.2.0", "--account=dev"]] {
        let terminal = sandbox.xtask(command.iter().copied()).through(into_a_file).env("PATH", path(&sandbox));
        let (status, text) = terminal.at_a_terminal(24, 100).finish();
        assert_eq!(status.code(), Some(3), "{text}");
        assert!(text.contains("stderr is not a terminal, so what is asked about would not be seen"), "{text}");
    }
    assert!(sandbox.log().applies().is_empty());
    let into_a_file = ["sh", "-c", "\"$0\" \"$@\" >told"];
    let command = adopt(&sandbox).through(into_a_file).env("PATH", path(&sandbox));
    let (status, text) = command.at_a_terminal(24, 100).finish();
    assert_eq!(status.code(), Some(3), "{text}");
    assert!(text.contains("stdout is not a terminal, so the changes would not be seen"), "{text}");
}

/// The stand-ins, and a shell with its tools.
fn path(sandbox: &Sandbox) -> String {
    format!("{}:/usr/bin:/bin", sandbox.world().join("bin").display())
}
