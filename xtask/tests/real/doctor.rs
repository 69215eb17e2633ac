//! `doctor` on the real tools: every line of what it says, one session per account, and nothing asked twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::by_hand::text;
use super::live::{ACCOUNTS, Live};
use super::toolbox::Toolbox;
use super::typed::xtask;
use super::verify::updated;

/// The configuration of an invoker that lets the documented builds through.
fn invoker() -> String {
    let options = ["--repo", "--ref", "--context-path", "--docker-image-tag", "--build-arg", "--env-secret"];
    let config = json!({ "docker-image-builder": { "build-docker-image": {
        "allowed_options": options,
        "allowed_repos_regex": ["https://github.com/gruntwork-io/.+"],
    } } });
    let mut gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
    gzip.extend(miniz_oxide::deflate::compress_to_vec(config.to_string().as_bytes(), 6));
    let config = aws_smithy_types::base64::encode(gzip);
    json!({ "Variables": { "BASE64GZ_CONFIG_DATA_JSON": config } }).to_string()
}

/// Puts a script before a program of the operator's that notes every call; gives the notes.
fn noted(live: &Live, program: &str) -> PathBuf {
    let bin = PathBuf::from(&live.env()["PATH"]);
    let (place, notes) = (bin.join(program), bin.join(format!("../{program}.calls")));
    let real = fs::read_link(&place).expect("the operator's programs are links");
    fs::remove_file(&place).expect("the folder is ours");
    let note = format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{}'\nexec '{}' \"$@\"\n", notes.display(), real.display());
    super::operator::script(&place, &note);
    notes
}

/// The calls that were noted since the last time.
fn calls(notes: &PathBuf) -> Vec<String> {
    let said = fs::read_to_string(notes).unwrap_or_default();
    fs::write(notes, "").expect("the folder is ours");
    said.lines().map(str::to_owned).collect()
}
