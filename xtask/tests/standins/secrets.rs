//! No secret reaches a file or a stream: neither the person's tokens nor what the credential tool puts into the environment,
//! even if every tool prints all it has, in whatever form.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use aws_smithy_types::base64;

use super::command::Xtask;
use super::program::{link, standin};
use super::rehearse::rehearse;
use super::said::Said;
use super::sandbox::{ACCOUNTS, Sandbox, files_below, unit};

/// What the shell has, by name.
const SHELL: [(&str, &str); 3] = [
    ("GITHUB_OAUTH_TOKEN", "canary-of-the-github-token"),
    ("TF_VAR_npm_token", "canary of/npm+token=words"),
    ("AWS_VAULT_FILE_PASSPHRASE", "first canary line\nsecond canary line"),
];

/// What the credential tool adds, under a name that says nothing.
const LEASE: &str = "lease/canary+7f3a91c0d2e4b586=";

/// Prints the environment, and the lease and a token as programs write them into headers, addresses and JSON.
const BLABS: &str = r#"blab() {
  /usr/bin/env
  printf 'authorization: basic %s\n' "$(printf 'x:%s' "$BROKER_LEASE" | /usr/bin/base64)"
  printf 'https://example.com/?a=lease%%2Fcanary%%2B7f3a91c0d2e4b586%%3D&b=canary%%20of%%2Fnpm%%2Btoken%%3Dwords\n'
  printf '{"lease": "lease\\/canary+7f3a91c0d2e4b586="}\n'
} >&2
"#;

/// Two lines that are so long that logs part them, in the middle of a secret.
const LONG: &str = r#"{
  printf '%065510d %s %s tail\n' 0 "$BROKER_LEASE" "$TF_VAR_npm_token"
  printf '%065530d %s\n' 0 "$BROKER_LEASE"
} >&2
"#;

/// The sample behind a credential tool that adds a lease, where every program prints all it has.
fn blabbing() -> Sandbox {
    let sandbox = Sandbox::new();
    let script = |name: &str, text: String| {
        let path = sandbox.top().join(name);
        let _ = fs::remove_file(&path);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    fs::create_dir(sandbox.world().join("quiet")).unwrap();
    for tool in ["aws", "infrastructure-deployer", "terraform", "terragrunt"] {
        let quiet = sandbox.world().join("quiet").join(tool);
        link(standin(), &quiet);
        // A question for a version is nobody's secret, and is answered on the terminal.
        let long = if tool == "terraform" { LONG } else { "" };
        let asked = format!("case $* in *version*) ;; *) blab ;; esac\n{long}exec '{}' \"$@\"\n", quiet.display());
        script(&format!("world/bin/{tool}"), format!("#!/bin/sh\n{BLABS}{asked}"));
    }
    // In the foreground the tool speaks with the person, whose terminal is nobody's log.
    let added = format!("export BROKER_LEASE='{LEASE}'\ncase \" $* \" in *' -- '*) blab ;; esac\nexec \"$@\"\n");
    let broker = script("broker", format!("#!/bin/sh\n{BLABS}{added}"));
    let wrapper = format!(r#"["aws-vault", "exec", "{{profile}}", "--", "{}"]"#, broker.display());
    sandbox.setting("credentials", &wrapper).setting("pass-environment", r#"["TF_VAR_*", "BROKER_*"]"#)
}

fn with_secrets<'s>(sandbox: &'s Sandbox, args: &[&str]) -> Xtask<'s> {
    SHELL.iter().fold(sandbox.xtask(args), |command, (name, value)| command.env(name, value))
}

/// Every text that must not be there: each secret as it is, by its lines, in addresses, in JSON, and in base64 at any place.
fn canaries() -> Vec<String> {
    let mut texts = vec!["rehearsal/".to_owned(), "0SHAM".to_owned()];
    for value in SHELL.iter().map(|(_, value)| *value).chain([LEASE]) {
        texts.extend(value.lines().map(str::to_owned));
        texts.push(value.replace('/', "\\/"));
        texts.push(value.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D").replace(' ', "%20"));
        for before in ["", "x", "xy"] {
            let encoded = base64::encode(format!("{before}{value}"));
            texts.push(encoded[4..encoded.len() - 4].to_owned());
        }
    }
    texts
}

#[track_caller]
fn has_none(text: &str, of: &str) {
    // Also one that is cut in two by the end of a line.
    for text in [text.to_owned(), text.replace(['\n', '\r'], "")] {
        let found: Vec<_> = canaries().into_iter().filter(|canary| text.contains(canary)).collect();
        assert!(found.is_empty(), "{found:?} in {of}:\n{text:.4000}");
    }
}

/// Every file that was written: of the repository, of its runs, of the folder for temporary files and of the home.
#[track_caller]
fn files_have_none(sandbox: &Sandbox) {
    let mut n_blabbed = 0;
    for folder in [sandbox.repo(), sandbox.top().join("tmp"), sandbox.top().join("home")] {
        for file in files_below(&folder) {
            let bytes = fs::read(&file).unwrap_or_default();
            // The stand-ins have the beginnings of what they hand out in them.
            if bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"\xcf\xfa\xed\xfe") {
                continue;
            }
            let text = String::from_utf8_lossy(&bytes);
            n_blabbed += usize::from(text.contains("BROKER_LEASE=[redacted]"));
            has_none(&text, &file.display().to_string());
        }
    }
    let asked = fs::read_to_string(sandbox.world().join("log.jsonl")).unwrap();
    has_none(&asked, "what every program was asked");
    assert!(n_blabbed > 0, "the tools printed everything, into logs");
}

#[track_caller]
fn says_none(said: Said) -> Said {
    has_none(&said.raw_out, "standard output");
    has_none(&said.err, "standard error");
    said
}

/// Whatever is told of runs later on.
#[track_caller]
fn tells_none_of_runs(sandbox: &Sandbox) {
    says_none(with_secrets(sandbox, &["runs"]).run()).exits(0);
    let runs = fs::read_dir(sandbox.repo().join(".xtask/runs")).unwrap();
    for run in runs.map(|run| run.unwrap().file_name().into_string().unwrap()) {
        for format in ["text", "json", "markdown"] {
            says_none(with_secrets(sandbox, &["runs", "show", &run, "--format", format]).run()).exits(0);
        }
        // Not every run has a log of each.
        for subject in ["dev", "kaniko"] {
            says_none(with_secrets(sandbox, &["runs", "logs", &run, subject]).run());
        }
    }
}

#[test]
fn no_secret_is_in_any_file_or_stream_of_an_update_and_of_what_tells_about_it() {
    let sandbox = blabbing();
    let run = |args: &[&str], code: i32| says_none(with_secrets(&sandbox, args).run()).exits(code);
    run(&["doctor", "v1.3.0"], 0);
    run(&["build-images", "v1.3.0"], 0);
    run(&["bump-tags", "v1.3.0"], 0);
    let gate = sandbox.gate();
    let running = with_secrets(&sandbox, &["apply-all", "--yes", "--waves=all"]).start();
    let held: Vec<_> = ACCOUNTS.iter().map(|_| gate.next()).collect();
    // Once in the middle, with everything still there.
    files_have_none(&sandbox);
    held.into_iter().for_each(|held| held.let_go());
    says_none(running.finish()).exits(0);
    sandbox.no_gate();
    run(&["update", "v1.3.0", "--yes"], 0);
    run(&["verify"], 0);
    run(&["verify", "--format=json"], 0);
    run(&["status"], 0);
    run(&["why", "dev"], 0);
    let rehearsal = rehearse(&sandbox).cwd(sandbox.repo());
    let rehearsal = SHELL.iter().fold(rehearsal, |command, (name, value)| command.env(name, value));
    says_none(rehearsal.run());
    tells_none_of_runs(&sandbox);
    files_have_none(&sandbox);
}

#[test]
fn no_secret_is_in_any_file_or_stream_of_what_goes_wrong() {
    let sandbox = blabbing().fault("fail:dev").fault("build:token");
    let run = |args: &[&str], code: i32| says_none(with_secrets(&sandbox, args).run()).exits(code);
    run(&["build-images", "v1.3.0", "--image=kaniko"], 1);
    for repository in ["ecs-deploy-runner", "kaniko"] {
        sandbox.push(repository, "v1.3.0");
    }
    run(&["bump-tags", "v1.3.0"], 0);
    run(&["apply-all", "--yes"], 1);
    run(&["verify"], 5);
    let file = format!("{}/terragrunt.hcl", unit("logs"));
    sandbox.edit(&file, "include \"root\"", "iam_role = \"nonsense\"\ninclude \"root\"");
    run(&["apply-all", "--yes"], 1);
    tells_none_of_runs(&sandbox);
    files_have_none(&sandbox);
}
