//! Which values of an environment must not be read in a log, and how the guards tell the relay of them: through a named pipe
//! in the attempt's folder, so that they are on no disk and no command line.
//!
//! What was written to the pipe before a program starts is there before the program's first word, since both are read by
//! the same relay: nothing has to be acknowledged.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use serde_json::Value;

use crate::model::{is_secret_name, looks_drawn};
use crate::tools::attempt::Attempt;
use crate::tools::env::{self, Env, Purpose};
use crate::tools::keys::Keys;

/// What a pipe holds at least before somebody reads it.
const MOST: usize = 48 * 1024;

/// Parts of names that credential tools give to what is no secret: `AWS_VAULT=dev`, `GRANTED_ROLE`. Inputs are ids and tags
/// unless their names say otherwise.
const PLAIN: [&str; 9] =
    ["AWS_VAULT", "PROFILE", "REGION", "ACCOUNT", "ROLE", "ENDPOINT", "EXPIRATION", "PWD", "TF_VAR_"];

/// The secret values of an environment: those whose names say so, and those that the credential tool has added and that
/// look like it.
pub fn of(vars: &Env) -> Vec<String> {
    let is_ours =
        |name: &str| [Purpose::Wrapper, Purpose::Ambient].iter().any(|purpose| env::gets_through(name, *purpose, &[]));
    let mut found = Vec::new();
    for (name, value) in vars.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?))) {
        if is_secret_name(name) {
            // What terragrunt hands over as an input may be a whole object.
            match serde_json::from_str(value) {
                Ok(object @ (Value::Object(_) | Value::Array(_))) => drawn_inside(&object, &mut found),
                _ => found.extend((!is_place(value)).then(|| value.to_owned())),
            }
        } else if !is_ours(name) && !PLAIN.iter().any(|part| name.contains(part)) && looks_drawn(value) {
            found.push(value.to_owned());
        }
    }
    found
}

/// The name of a secret is none.
fn is_place(value: &str) -> bool {
    value.starts_with("arn:")
}

fn drawn_inside(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if looks_drawn(text) => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| drawn_inside(value, found)),
        Value::Object(map) => map.values().for_each(|value| drawn_inside(value, found)),
        _ => {}
    }
}

/// Tells the relay of this attempt what must not be read. Where nobody listens, as for a command that was pasted by hand,
/// nothing is written either.
pub fn tell(attempt: &Attempt, vars: &Env, keys: &Keys) {
    let own = [&keys.access_key_id, &keys.secret_access_key].into_iter().chain(&keys.session_token);
    let mut message = Vec::new();
    for value in own.cloned().chain(of(vars)) {
        if message.len() + value.len() < MOST {
            message.extend(value.into_bytes());
            message.push(0);
        }
    }
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    if let Ok(pipe) = rustix::fs::open(attempt.secrets(), flags, Mode::empty()) {
        // A relay that is gone writes no log.
        let _ = rustix::io::write(&pipe, &message);
    }
}

/// Makes the pipe, and opens the end that the relay reads.
pub fn listen(path: &Path) -> io::Result<OwnedFd> {
    make(path)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

#[cfg(not(target_vendor = "apple"))]
fn make(path: &Path) -> io::Result<()> {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, Mode::RUSR | Mode::WUSR).map_err(io::Error::from)
}

/// macOS has the function, and rustix doesn't.
#[cfg(target_vendor = "apple")]
fn make(path: &Path) -> io::Result<()> {
    let status =
        super::process::command("/usr/bin/mkfifo".as_ref(), &Env::new()).args(["-m", "600"]).arg(path).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("mkfifo ended with {status}"))) }
}

/// What was told since the last time, without waiting.
pub fn told(pipe: &OwnedFd) -> Vec<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; MOST];
    while let Ok(n @ 1..) = rustix::io::read(pipe, &mut buffer) {
        bytes.extend_from_slice(&buffer[..n]);
    }
    let values = bytes.split(|byte| *byte == 0).filter(|value| !value.is_empty());
    values.map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn what_the_credential_tool_has_added_and_what_is_secret_by_name_must_not_be_read() {
        let vars = env(&[
            ("AWS_SECRET_ACCESS_KEY", "abc"),
            ("AWS_VAULT", "acme-1-administrator-dev"),
            ("AWS_REGION", "us-east-1"),
            ("BROKER_LEASE", "lease-7f3a91c0d2e4b586"),
            ("TF_VAR_npm_token", "swordfish"),
            ("TF_VAR_token_secret", "arn:aws:secretsmanager:us-east-1:100000000004:secret:x"),
            ("TF_VAR_secrets", r#"{"a":["lease-000000000000000a","plain"]}"#),
            ("TF_VAR_vpc_id", "vpc-0a1b2c3d4e5f60718"),
            ("HOME", "/home/aaaaaaaaaaaaaaaa1"),
            ("XDG_SESSION_ID", "aaaaaaaaaaaaaaaaaaa1"),
        ]);
        assert_eq!(of(&vars), ["abc", "lease-7f3a91c0d2e4b586", "swordfish", "lease-000000000000000a"]);
    }

    #[test]
    fn what_is_told_arrives_before_anybody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let attempt = Attempt { dir: folder.path().to_owned(), nonce: "n".to_owned() };
        let keys = Keys {
            access_key_id: "ASIAX".to_owned(),
            secret_access_key: "secret/x".to_owned(),
            session_token: None,
            expires: None,
        };
        tell(&attempt, &Env::new(), &keys);
        let pipe = listen(&attempt.secrets()).unwrap();
        assert!(told(&pipe).is_empty());
        tell(&attempt, &env(&[("DB_PASSWORD", "two\nlines")]), &keys);
        assert_eq!(told(&pipe), ["ASIAX", "secret/x", "two\nlines"]);
        assert!(told(&pipe).is_empty());
    }
}
