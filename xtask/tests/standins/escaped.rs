//! Names and logs that would act on a terminal, or pass for markup in a ticket: branches, keys of resources, folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::interrupted::apply;
use super::sandbox::{Sandbox, unit};

/// A branch that git allows: the beginning of a sequence in C1, an override of the direction, a link, and HTML.
const BRANCH: &str = "fix/\u{9b}2J\u{202e}[x](https://evil.example)<img/src=x>|";

/// A key of a resource, as it stands in JSON.
const KEY: &str = r#"[\\"<img src=x>|[x](https://evil.example)\\u202e\\u009b2J\\u001b]0;t\\u0007\\"]"#;

fn script(sandbox: &Sandbox, tool: &str, text: &str) {
    let path = sandbox.tool(tool);
    let real = sandbox.world().join("real");
    fs::create_dir_all(&real).unwrap();
    if path.exists() {
        fs::rename(&path, real.join(tool)).unwrap();
    }
    let real = format!("real={}", real.join(tool).display());
    fs::write(&path, format!("#!/bin/sh\n{real}\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A sandbox in which everything that can be named is named so.
fn odd() -> Sandbox {
    let sandbox = Sandbox::bumped();
    script(
        &sandbox,
        "git",
        &format!(
            "case \"$*\" in *status*|*merge-base*|*ls-files*) ;; *abbrev-ref*) echo '{BRANCH}' ;; *rev-parse*HEAD) echo abcdef0 ;; *) exit 1 ;; esac"
        ),
    );
    let keyed = format!(r##"/bin/sed -E 's#("address": ?"module[^"\]*)"#\1{KEY}"#g'"##);
    script(
        &sandbox,
        "terraform",
        &format!("case $1 in show) \"$real\" \"$@\" | {keyed} ;; *) exec \"$real\" \"$@\" ;; esac"),
    );
    script(
        &sandbox,
        "terragrunt",
        r#"case "$*" in *apply*) printf 'bytes \033]0;t\007\302\233\33[31m\376 \342\200\256\n' ;; esac; exec "$real" "$@""#,
    );
    sandbox
}

/// What may not be in any text that somebody shows.
fn acts(letter: char) -> bool {
    (letter.is_control() && letter != '\n') || "\u{202e}\u{2066}".contains(letter)
}

#[track_caller]
fn is_harmless(text: &str) {
    assert!(!text.chars().any(acts), "{text:?}");
}

#[test]
fn branches_and_keys_of_resources_do_nothing_to_a_terminal_nor_to_any_form_of_runs_show() {
    let sandbox = odd();
    let said = apply(&sandbox, &["dev"]).args(["--allow=unexpected", "--allow=destroy"]).run();
    is_harmless(&said.err);
    let said = said.exits(0).says("fix/\\u009b2J\\u202e[x]").says("\\u001b]0;t");
    is_harmless(&said.out);
    let shown = |format: &str| {
        let said = sandbox.xtask(["runs", "show", "20", "--format", format]).run().exits(0);
        is_harmless(&said.raw_out);
        said
    };
    assert!(shown("text").out.contains("(fix/\\u009b2J\\u202e[x]("), "{}", shown("text").out);
    let json = shown("json").json();
    assert_eq!(json["run"]["Branch"], BRANCH, "an escape of JSON means what was there");
    let page = shown("markdown").out;
    for markup in ["<img", "](http", "https://", "<br><img"] {
        assert!(!page.contains(markup), "{markup} in {page}");
    }
    let row = page.lines().find(|line| line.starts_with("| dev/")).unwrap();
    assert!(row.contains("&lt;img src=x&gt;\\|"), "{row}");
    assert_eq!(row.replace("\\|", "").matches('|').count(), 8, "{row}");
}

#[test]
fn log_at_a_terminal_is_text_and_in_a_pipe_the_bytes_of_the_file() {
    let sandbox = odd();
    apply(&sandbox, &["dev"]).args(["--allow=unexpected", "--allow=destroy"]).run().exits(0);
    let file = sandbox.state_files().into_iter().find(|file| file.ends_with("dev.apply.log")).unwrap();
    let bytes = fs::read_to_string(file).unwrap();
    assert!(bytes.contains("bytes \u{1b}]0;t\u{7}\u{9b}\u{1b}[31m\u{fffd} \u{202e}\n"), "{bytes:?}");
    let logs = || sandbox.xtask(["runs", "logs", "20", "dev", "apply"]);
    assert_eq!(logs().run().exits(0).raw_out, bytes);
    let (status, shown) = logs().at_a_terminal(24, 80).finish();
    assert!(status.success());
    let shown = shown.replace("\r\n", "\n");
    is_harmless(&shown);
    assert!(shown.contains("bytes \\u001b]0;t\\u0007\\u009b\u{fffd} \\u202e\n"), "{shown:?}");
    let (_, shown) = sandbox.xtask(["runs", "show", "20"]).at_a_terminal(24, 80).finish();
    is_harmless(&shown.replace("\r\n", "\n"));
}

#[test]
fn folders_and_accounts_whose_names_would_break_a_line_are_refused_and_no_rows_of_a_table() {
    let sandbox = Sandbox::bumped();
    let folder = "dev\nApplied everywhere/us-east-1/mgmt/ecs-deploy-runner";
    fs::create_dir_all(sandbox.repo().join(folder)).unwrap();
    sandbox.write(&format!("{folder}/terragrunt.hcl"), sandbox.read(&format!("{}/terragrunt.hcl", unit("dev"))));
    let said = sandbox.xtask(["status"]).run().exits(3);
    assert!(said.screen().contains("the path of a unit is not UTF-8, or has control characters"), "{}", said.screen());
    assert!(!said.screen().lines().any(|line| line.starts_with("Applied")), "{}", said.screen());
    let sandbox = Sandbox::bumped();
    sandbox.edit("accounts.json", "\"dev\"", "\"dev\\u001b[2J\\nApplied everywhere\"");
    let said = sandbox.xtask(["status"]).run();
    assert!(said.screen().contains("has control characters"), "{}", said.screen());
    assert!(!said.screen().lines().any(|line| line.starts_with("Applied")), "{}", said.screen());
}
