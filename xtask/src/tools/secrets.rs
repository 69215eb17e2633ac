//! Which values of an environment must not be read in a log, and how the guards tell the relay of them: through a named pipe
//! in the attempt's folder, so that they are on no disk and no command line.
//!
//! What was written to the pipe before a program starts is there before the program's first word, since both are read by
//! the same relay: nothing has to be acknowledged. The relay passes on what it was told in a file without a name, so that
//! the runner can keep it out of what it shows of a plan.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(not(target_os = "linux"))]
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use serde_json::Value;

use crate::model::{is_secret_name, looks_drawn};
use crate::tools::attempt::Attempt;
use crate::tools::env::{self, Env, Purpose};
use crate::tools::keys::Keys;

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// How long a guard waits for the relay to take what it has to tell.
const PATIENCE: Duration = Duration::from_secs(30);

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
        let n_named = found.len();
        named(name, value, &mut found);
        let is_plain = is_ours(name) || PLAIN.iter().any(|part| name.contains(part));
        if found.len() == n_named && !is_secret_name(name) && !is_plain && looks_drawn(value) {
            found.push(value.to_owned());
        }
    }
    found
}

/// The values of a variable that are secret by its name, or by a name within: what terragrunt hands over as an input may be
/// a whole object, as JSON.
pub fn named(name: &str, value: &str, found: &mut Vec<String>) {
    let is_secret = is_secret_name(name);
    match structure(value) {
        Some(value) => inside(&value, is_secret, found),
        None => found.extend((is_secret && !is_place(value)).then(|| value.to_owned())),
    }
}

fn structure(value: &str) -> Option<Value> {
    let may_be = value.trim_start().starts_with(['{', '[']);
    may_be.then(|| serde_json::from_str(value).ok()).flatten()
}

/// The name of a secret is none.
fn is_place(value: &str) -> bool {
    value.starts_with("arn:")
}

/// The secret texts in the value of an input: below a name of a secret everything is one, at any depth.
pub(crate) fn inside(value: &Value, is_secret: bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) => match structure(text) {
            Some(value) => inside(&value, is_secret, found),
            None => found.extend((is_secret && !is_place(text)).then(|| text.clone())),
        },
        Value::Number(number) => found.extend(is_secret.then(|| number.to_string())),
        Value::Array(values) => values.iter().for_each(|value| inside(value, is_secret, found)),
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| inside(value, is_secret || is_secret_name(name), found));
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Tells the relay of this attempt what must not be read, all of it: an error is a relay that doesn't take it. Where nobody
/// listens, as for a command that was pasted by hand, nothing is written either.
pub fn tell(attempt: &Attempt, vars: &Env, keys: &Keys) -> io::Result<()> {
    let own = [&keys.access_key_id, &keys.secret_access_key].into_iter().chain(&keys.session_token);
    let message: Vec<u8> = own.cloned().chain(of(vars)).flat_map(|value| ended(&value)).collect();
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let pipe = match rustix::fs::open(attempt.secrets(), flags, Mode::empty()) {
        // Without a relay there is no log.
        Err(Errno::NOENT | Errno::NXIO) => return Ok(()),
        pipe => pipe?,
    };
    // A pipe takes a long message in parts, and two guards of an attempt may have one at once.
    let alone = File::open(&attempt.dir)?;
    rustix::fs::flock(&alone, FlockOperation::LockExclusive)?;
    let until = Instant::now() + PATIENCE;
    let mut rest = &message[..];
    while !rest.is_empty() {
        match rustix::io::write(&pipe, rest) {
            Ok(n) => rest = &rest[n..],
            Err(Errno::INTR) => {}
            // A relay that is gone writes no log.
            Err(Errno::PIPE) => return Ok(()),
            Err(Errno::AGAIN) => {
                let left = until.saturating_duration_since(Instant::now());
                let left = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
                match poll(&mut [PollFd::new(&pipe, PollFlags::OUT)], Some(&left)) {
                    Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A value as it is told.
fn ended(value: &str) -> Vec<u8> {
    [value.as_bytes(), &[0]].concat()
}

/// Makes the pipe, and opens the end that the relay reads. It stays open for writing as well, so that it has no end between
/// two guards.
pub fn listen(path: &Path) -> io::Result<OwnedFd> {
    make(path)?;
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
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

/// The reading end of what the guards tell, and the beginning of a value whose end has not come yet.
#[derive(Debug)]
pub struct Told {
    pipe: OwnedFd,
    begun: Vec<u8>,
    /// Where it is passed on to the runner, which shows plans.
    passed_on: Option<File>,
}

impl Told {
    /// Reads from this pipe, and passes on what was told.
    pub fn new(pipe: OwnedFd, passed_on: Option<File>) -> Self {
        Self { pipe, begun: Vec::new(), passed_on }
    }

    /// What was told since the last time, without waiting.
    pub fn news(&mut self) -> Vec<String> {
        let mut buffer = [0; PIECE];
        loop {
            match rustix::io::read(&self.pipe, &mut buffer) {
                Ok(n @ 1..) => self.begun.extend_from_slice(&buffer[..n]),
                Err(Errno::INTR) => {}
                _ => break,
            }
        }
        let Some(end) = self.begun.iter().rposition(|byte| *byte == 0) else { return Vec::new() };
        let whole: Vec<u8> = self.begun.drain(..=end).collect();
        if let Some(file) = &mut self.passed_on {
            let _ = file.write_all(&whole);
        }
        values(&whole)
    }
}

impl AsFd for Told {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

fn values(bytes: &[u8]) -> Vec<String> {
    let values = bytes.split(|byte| *byte == 0).filter(|value| !value.is_empty());
    values.map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

/// A file without a name, for what the relay passes on.
#[cfg(target_os = "linux")]
pub fn nameless(_: &Path) -> io::Result<File> {
    Ok(rustix::fs::memfd_create("secrets", rustix::fs::MemfdFlags::CLOEXEC)?.into())
}

/// A file without a name, for what the relay passes on.
#[cfg(not(target_os = "linux"))]
pub fn nameless(beside: &Path) -> io::Result<File> {
    let path = beside.with_extension("told");
    let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// What the relay has passed on.
pub fn passed_on(mut file: File) -> Vec<String> {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    read.map(|_| values(&bytes)).unwrap_or_default()
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
        assert_eq!(of(&vars), ["abc", "lease-7f3a91c0d2e4b586", "swordfish", "lease-000000000000000a", "plain"]);
        let vars = env(&[
            ("TF_VAR_database", r#"{"user":"app","password":"Winter-2024-Katze","hosts":["db-1"]}"#),
            ("TF_VAR_db_credentials", r#"[{"user":"app","password":"Sommer-2024-Hund"}]"#),
            ("TF_VAR_vpc", r#"{"id":"vpc-0a1b2c3d4e5f60718"}"#),
        ]);
        assert_eq!(of(&vars), ["Winter-2024-Katze", "Sommer-2024-Hund", "app"]);
    }

    #[test]
    fn every_string_below_the_name_of_a_secret_is_one_at_any_depth_of_an_input() {
        let vars = env(&[
            ("TF_VAR_secrets", r#"{"a": ["in a list", {"b": "below"}], "arn": "arn:aws:secretsmanager:x"}"#),
            (
                "TF_VAR_plain",
                r#"{"name": "dev", "list": [{"dbPassword": "deep", "apiKey": "camel", "pin_token": 12345678}]}"#,
            ),
            ("TF_VAR_encoded", r#"{"json": "{\"password\": \"encoded\"}"}"#),
            ("TF_VAR_names", r#"{"password_file": "/run/x", "size": 12345678}"#),
            ("TF_VAR_db_password", "[no list"),
        ]);
        let mut found = of(&vars);
        found.sort();
        assert_eq!(found, ["12345678", "[no list", "below", "camel", "deep", "encoded", "in a list"]);
    }

    fn keys() -> Keys {
        Keys {
            access_key_id: "ASIAX".to_owned(),
            secret_access_key: "secret/x".to_owned(),
            session_token: None,
            expires: None,
        }
    }

    #[test]
    fn what_is_told_arrives_before_anybody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let attempt = Attempt { dir: folder.path().to_owned(), nonce: "n".to_owned() };
        let keys = keys();
        tell(&attempt, &Env::new(), &keys).unwrap();
        let mut told = Told::new(listen(&attempt.secrets()).unwrap(), Some(nameless(&attempt.secrets()).unwrap()));
        assert!(told.news().is_empty());
        tell(&attempt, &env(&[("DB_PASSWORD", "two\nlines")]), &keys).unwrap();
        assert_eq!(told.news(), ["ASIAX", "secret/x", "two\nlines"]);
        assert!(told.news().is_empty());
        // More than any pipe holds, with a value that ends in another piece than it begins in.
        let many: Vec<_> = (0..1000).map(|n| (format!("TOKEN_{n:04}"), "x".repeat(997 + n % 7))).collect();
        let vars = env(&many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>());
        std::thread::scope(|scope| {
            let guard = scope.spawn(|| tell(&attempt, &vars, &keys));
            let mut n = 0;
            while n < 1002 {
                let _ = poll(&mut [PollFd::new(&told.as_fd(), PollFlags::IN)], None);
                n += told.news().len();
            }
            guard.join().unwrap().unwrap();
        });
        assert_eq!(passed_on(told.passed_on.unwrap()).len(), 3 + 1002);
    }

    #[test]
    fn what_several_guards_tell_at_once_arrives_whole() {
        let folder = tempfile::tempdir().unwrap();
        let attempt = Attempt { dir: folder.path().to_owned(), nonce: "n".to_owned() };
        let keys = keys();
        let mut told = Told::new(listen(&attempt.secrets()).unwrap(), None);
        let of_guard = |letter: char| {
            let values = (0..300).map(|n| (format!("TOKEN_{n}").into(), String::from(letter).repeat(900).into()));
            values.collect::<Env>()
        };
        let found = std::thread::scope(|scope| {
            let (attempt, keys) = (&attempt, &keys);
            let guards = ['a', 'b', 'c', 'd'].map(|letter| {
                let vars = of_guard(letter);
                scope.spawn(move || tell(attempt, &vars, keys))
            });
            let mut found = Vec::new();
            while found.len() < 4 * 302 {
                let _ = poll(&mut [PollFd::new(&told.as_fd(), PollFlags::IN)], None);
                found.extend(told.news());
            }
            guards.into_iter().for_each(|guard| guard.join().unwrap().unwrap());
            found
        });
        let is_whole =
            |value: &String| value.len() < 900 || (value.len() == 900 && value.chars().all(|it| value.starts_with(it)));
        assert!(found.iter().all(is_whole));
    }
}
