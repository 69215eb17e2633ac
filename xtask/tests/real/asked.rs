//! What a person at a terminal is asked, and what their answers lead to.

use std::process::{Command, Output};

use serde_json::json;

use super::by_hand::text;
use super::cloud::Cloud;
use super::live::Live;
use super::programs::here;
use super::shape::Shape;
use super::toolbox::Toolbox;
use super::typed::tags;

const DEV: &str = "100000000004";
const PASSPHRASE: &str = "correct horse battery staple";

/// `xtask` on a terminal, with somebody who answers.
fn at_a_terminal(tools: &Toolbox, live: &Live, answers: &[(&str, &str)], words: &[&str]) -> Command {
    let mut command = live.command(&tools.python.to_string_lossy());
    command
        .arg(here().join("terminal.py"))
        .arg(json!(answers).to_string())
        .arg(env!("CARGO_BIN_EXE_xtask"))
        .args(words);
    command
}

fn run(mut command: Command) -> Output {
    command.output().expect("the Python of the toolbox starts")
}

#[test]
fn consent_is_asked_until_it_is_given_or_declined_and_nothing_is_applied_before() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let words = ["apply-all", "--allow=unexpected", "--account", "dev"];
    let question = "Apply this plan? [y/n/d=details]";
    let answers = ["", "yep", "d", "n"].map(|answer| (question, answer));
    let declined = run(at_a_terminal(tools, &live, &answers, &words));
    assert_eq!(declined.status.code(), Some(3), "{}", text(&declined));
    assert!(text(&declined).contains(" Nothing was applied."), "{}", text(&declined));
    assert!(tags(&cloud, DEV).is_empty());
    let agreed = run(at_a_terminal(tools, &live, &[(question, "y")], &words));
    assert!(agreed.status.success(), "{}", text(&agreed));
    assert_eq!(tags(&cloud, DEV).len(), 2);
}

#[test]
fn what_an_update_does_not_make_has_to_be_typed_out() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let words = ["apply-all", "--account", "dev"];
    let asks =
        |question: &'static str, answer: &'static str| run(at_a_terminal(tools, &live, &[(question, answer)], &words));
    let declines = |question: &'static str, answer: &'static str| {
        run(at_a_terminal(tools, &live, &[(question, answer), (question, "n")], &words))
    };
    // The commands with which the module registers task definitions are no part of an update either.
    let agreed = asks("Type `unexpected`", "unexpected");
    assert!(agreed.status.success(), "{}", text(&agreed));

    let file = live.unit("dev").join("terragrunt.hcl");
    let before = std::fs::read_to_string(&file).expect("it is there");
    std::fs::write(&file, format!("{before}\ninputs = {{\n  name = \"another-name\"\n}}\n"))
        .expect("it can be written");
    let question = "and what is marked with !? Type `unexpected` to do so";
    let declined = declines(question, "y");
    assert_eq!(declined.status.code(), Some(3), "{}", text(&declined));
    let agreed = asks(question, "unexpected");
    assert!(agreed.status.success(), "{}", text(&agreed));

    std::fs::write(
        &file,
        format!("{before}\ninputs = {{\n  name = \"another-name\"\n  terraform_applier_config = null\n}}\n"),
    )
    .expect("it can be written");
    let question = "and what is marked with !? Type `destroy` to do so";
    let declined = declines(question, "unexpected");
    assert_eq!(declined.status.code(), Some(3), "{}", text(&declined));
    let agreed = asks(question, "destroy");
    assert!(agreed.status.success(), "{}", text(&agreed));
}

#[test]
fn consent_is_never_read_from_a_pipe() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    // A session of its own has no terminal, whatever the test was started from.
    let script = "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])";
    let mut command = live.command(&tools.python.to_string_lossy());
    command.args(["-c", script, env!("CARGO_BIN_EXE_xtask"), "apply-all", "--account", "dev"]);
    let yes = std::fs::File::open(live.root().join("yes")).or_else(|_| {
        std::fs::write(live.root().join("yes"), "y\ny\n")?;
        std::fs::File::open(live.root().join("yes"))
    });
    command.stdin(yes.expect("the file can be read"));
    let output = run(command);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("there is no terminal to ask at"), "{}", text(&output));
    assert!(tags(&cloud, DEV).is_empty());
}

#[test]
fn passphrase_of_aws_vaults_file_store_is_asked_once_and_written_nowhere() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let answers = [("Passphrase of aws-vault's file store", PASSPHRASE), ("Apply these 6 plans? ", "y")];
    let mut command = at_a_terminal(tools, &live, &answers, &["apply-all", "--allow=unexpected"]);
    command.env_remove("AWS_VAULT_FILE_PASSPHRASE");
    let output = run(command);
    assert!(output.status.success(), "{}", text(&output));
    assert!(!text(&output).contains(PASSPHRASE), "it is not shown");
    assert_eq!(live.mfa_prompts(), 1, "one MFA prompt in all");
    let mut grep = live.command("sh");
    grep.args(["-c", "command cat $(ls -d .xtask/runs/*/*.log .xtask/runs/*/attempts/*/*.json) && :"]);
    let written = run(grep);
    assert!(written.status.success(), "{}", text(&written));
    assert!(!text(&written).contains(PASSPHRASE), "it is written nowhere");
}
