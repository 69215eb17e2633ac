//! Sessions that end in the middle of a run: a new one is asked for in the foreground, and nothing fails on the way.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_smithy_types::date_time::{DateTime, Format};

use super::interrupted::apply;
use super::sandbox::{ACCOUNTS, Sandbox};
use crate::real::terminal::Terminal;

const CODE: &str = "Enter MFA code";

fn answers(terminal: &mut Terminal, code: &str) {
    terminal.wait_for(CODE);
    terminal.types(code);
}

fn n_asked(text: &str) -> usize {
    text.matches(CODE).count()
}

#[test]
fn session_that_ran_out_while_a_wave_was_applied_is_renewed_before_the_next() {
    let sandbox = Sandbox::bumped();
    sandbox.session_ends_in(3600);
    let gate = sandbox.gate();
    let mut terminal = apply(&sandbox, &["dev", "stage"]).env("NO_COLOR", "1").at_a_terminal(24, 80);
    let held = gate.next();
    sandbox.session_ends_in(0);
    held.let_go();
    answers(&mut terminal, "123456");
    gate.next().let_go();
    let (status, text) = terminal.finish();
    assert!(status.success(), "{text}");
    assert_eq!(n_asked(&text), 1, "{text}");
    assert_eq!(sandbox.log().applied(), ["100000000004", "100000000005"]);
}

#[test]
fn what_is_left_of_a_wave_waits_for_a_new_session_and_is_a_round_of_its_own() {
    let sandbox = Sandbox::bumped();
    sandbox.session_ends_in(3600);
    let gate = sandbox.gate();
    let mut terminal =
        apply(&sandbox, &["dev", "stage", "logs"]).args(["--waves=all"]).env("NO_COLOR", "1").at_a_terminal(24, 80);
    let held = gate.next();
    assert_eq!(held.account(), "logs");
    sandbox.session_ends_in(0);
    held.let_go();
    answers(&mut terminal, "123456");
    for account in ["dev", "stage"] {
        let held = gate.next();
        assert_eq!(held.account(), account);
        held.let_go();
    }
    let (status, text) = terminal.finish();
    assert!(status.success(), "{text}");
    assert!(text.contains("Renewing     dev stage"), "only those that are not done: {text}");
    assert!(text.contains("2 units, which waited for a new session"), "{text}");
    assert_eq!(n_asked(&text), 1, "{text}");
    assert_eq!(sandbox.log().applied(), ["100000000001", "100000000004", "100000000005"], "each once");
    let last = sandbox.xtask(["runs"]).run().exits(0).raw_out;
    let run = last.split_whitespace().find(|word| word.starts_with("20")).unwrap();
    let shown = sandbox.xtask(["runs", "show", run]).run().exits(0);
    assert_eq!(shown.out.matches("  succeeded    ").count(), 3, "{}", shown.screen());
}

#[test]
fn session_that_would_end_on_the_way_is_renewed_before_anything_is_planned() {
    let sandbox = Sandbox::bumped();
    sandbox.session_ends_in(8 * 60);
    let mut terminal = apply(&sandbox, &["dev"]).env("NO_COLOR", "1").at_a_terminal(24, 80);
    answers(&mut terminal, "123456");
    let (status, text) = terminal.finish();
    assert!(status.success(), "{text}");
    assert_eq!(n_asked(&text), 1, "{text}");
    let asked = text.find(CODE).unwrap();
    assert!(asked < text.find("Planned").unwrap(), "{text}");
}

#[test]
fn without_a_new_session_nothing_more_is_started() {
    let sandbox = Sandbox::bumped();
    sandbox.session_ends_in(3600);
    let gate = sandbox.gate();
    let mut terminal =
        apply(&sandbox, &["dev", "stage"]).args(["--waves=all"]).env("NO_COLOR", "1").at_a_terminal(24, 80);
    let held = gate.next();
    sandbox.session_ends_in(0);
    held.let_go();
    answers(&mut terminal, "");
    let (status, text) = terminal.finish();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("there is no session for account `stage`"), "{text}");
    assert!(text.contains("1 done, 1 not started"), "{text}");
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
}

#[test]
fn where_nobody_can_be_asked_the_rest_is_not_started_and_the_next_run_does_it() {
    let sandbox = Sandbox::bumped();
    sandbox.session_ends_in(3600);
    let gate = sandbox.gate();
    let running = apply(&sandbox, &["dev", "stage"]).start();
    let held = gate.next();
    sandbox.session_ends_in(0);
    held.let_go();
    running
        .finish()
        .exits(1)
        .says("there is no session for account `dev` from profile `your-dev`")
        .says("1 done, 1 not started");
    sandbox.session_ends_in(3600);
    sandbox.no_gate();
    apply(&sandbox, &["dev", "stage"]).run().exits(0);
    assert_eq!(sandbox.log().applied(), ["100000000004", "100000000005"]);
}

#[test]
fn end_of_keys_is_read_from_the_credentials_file_that_they_are_in() {
    let sandbox = Sandbox::new().setting("credentials", r#"["env", "AWS_PROFILE={profile}"]"#);
    fs::copy("/usr/bin/env", sandbox.tool("env")).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // Seconds from an hour ago, and the start of the key ids.
    let said = |seconds: u64, start: &str| {
        let end = DateTime::from_secs(i64::try_from(now - 3600 + seconds).unwrap()).fmt(Format::DateTime).unwrap();
        let section = |(name, id)| {
            format!("[your-{name}]\naws_access_key_id = {start}{id}SHAM\nx_security_token_expires = {end}\n")
        };
        let file = sandbox.top().join("credentials");
        fs::write(&file, ACCOUNTS.into_iter().map(section).collect::<String>()).unwrap();
        sandbox.xtask(["identity"]).env("AWS_SHARED_CREDENTIALS_FILE", &file).run().exits(0).err
    };
    let text = said(3600 + 1230, "ASIA");
    assert!(text.contains("sessions good for"), "{text}");
    assert!(!said(1230, "ASIA").contains("sessions good"), "an end that has passed is another session's");
    assert!(!said(3600 + 1230, "AKIA").contains("sessions good"), "the end of other keys");
}

#[test]
fn codes_are_told_for_the_version_of_aws_vault() {
    let sandbox = Sandbox::new();
    let device = "mfa_serial = arn:aws:iam::111111111111:mfa/me\n";
    let config = sandbox.top().join("home/config");
    let role = |(name, id): (&str, &str)| {
        format!("[profile your-{name}]\nsource_profile = ops\n{device}role_arn = arn:aws:iam::{id}:role/deploy\n")
    };
    let roles: String = ACCOUNTS.into_iter().map(role).collect();
    fs::write(&config, format!("[profile ops]\n{device}{roles}")).unwrap();
    let said = || sandbox.xtask(["identity"]).env("AWS_CONFIG_FILE", &config).run().exits(0).err;
    assert!(said().contains("one code of arn:aws:iam::111111111111:mfa/me for all 6 accounts"));
    let (vault, aside) = (sandbox.tool("aws-vault"), sandbox.world().join("aside"));
    fs::create_dir(&aside).unwrap();
    fs::rename(&vault, aside.join("aws-vault")).unwrap();
    let version = "case $1 in --version) echo v7.12.0; exit ;; esac";
    fs::write(&vault, format!("#!/bin/sh\n{version}\nexec '{}/aws-vault' \"$@\"\n", aside.display())).unwrap();
    fs::set_permissions(&vault, Permissions::from_mode(0o755)).unwrap();
    let said = said();
    assert!(said.contains("6 codes of arn:aws:iam::111111111111:mfa/me, one for each account"), "{said}");
}
