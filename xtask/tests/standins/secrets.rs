//! No secret reaches a file: neither the person's token nor the keys of a session, even if a tool prints all it has.

use std::fs;

use super::sandbox::{ACCOUNTS, Sandbox};

const TOKEN: &str = "canary-of-the-github-token";

/// A wrapper behind which everything that a tool could print is printed.
const BLABBING: &str =
    r#"["aws-vault", "exec", "{profile}", "--", "/bin/sh", "-c", "/usr/bin/env >&2; exec \"$@\"", "sh"]"#;

#[test]
fn no_secret_is_in_any_file_of_a_run() {
    let sandbox = Sandbox::new().setting("credentials", BLABBING);
    let gate = sandbox.gate();
    let secret = |args: &[&str]| sandbox.xtask(args).env("GITHUB_OAUTH_TOKEN", TOKEN);
    secret(&["build-images", "v1.3.0"]).run().exits(0);
    secret(&["bump-tags", "v1.3.0"]).run().exits(0);
    let running = secret(&["apply-all", "--yes", "--waves=all"]).start();
    let held: Vec<_> = ACCOUNTS.iter().map(|_| gate.next()).collect();
    // Once in the middle, with everything still there, and once at the end.
    no_secret_in(&sandbox);
    held.into_iter().for_each(|held| held.let_go());
    running.finish().exits(0);
    no_secret_in(&sandbox);
}

fn no_secret_in(sandbox: &Sandbox) {
    // What the stand-in hands out has these in it; the ids of keys are no secrets, but have no business in a log either.
    let canaries = [TOKEN, "rehearsal/", "0SHAM"];
    let mut n_blabbed = 0;
    for file in sandbox.state_files() {
        let bytes = fs::read(&file).unwrap();
        let is_ours = file.file_name().is_some_and(|name| ["xtask", "terraform"].iter().any(|ours| name == *ours));
        let text = String::from_utf8_lossy(&bytes);
        n_blabbed += usize::from(text.contains("AWS_SECRET_ACCESS_KEY="));
        let found: Vec<_> = canaries.iter().filter(|canary| !is_ours && text.contains(**canary)).collect();
        assert!(found.is_empty(), "{found:?} in {}:\n{text}", file.display());
    }
    assert!(n_blabbed > 0, "the wrapper printed everything, into logs");
}
