//! The one session that all profiles share where a test wants it to end: it is renewed by an MFA code, for which somebody at
//! a terminal is asked. Elsewhere every call has a new one.

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};

use serde_json::json;

use crate::clock::Moment;
use crate::store;
use crate::world::World;

/// How long a session lasts that is opened now.
const SECONDS: u64 = 3600;

/// A session that has less left than this is not used, unless `AWS_MIN_TTL` says otherwise.
const MIN_TTL: u64 = 300;

/// When the session ends; a new one is opened if the old one has too little left. Why there is none is the error.
pub(super) fn end(world: &World, profile: &str) -> Result<Moment, String> {
    let now = Moment::now().seconds();
    let file = world.session();
    let ends: Option<u64> = store::read_if_there(&file).map_err(|refusal| refusal.text)?;
    match ends {
        None => return Ok(Moment::from_seconds(now + SECONDS)),
        Some(ends) if ends >= now + min_ttl() => return Ok(Moment::from_seconds(ends)),
        Some(_) => {}
    }
    ask(profile)?;
    let log = |error: &dyn Display| format!("operation error STS: GetSessionToken, {error}");
    let ends = now + SECONDS;
    store::write(&file, &ends).map_err(|refusal| log(&refusal.text))?;
    world.log(json!({ "event": "mfa", "profile": profile })).map_err(|refusal| log(&refusal.text))?;
    Ok(Moment::from_seconds(ends))
}

fn min_ttl() -> u64 {
    let set = std::env::var("AWS_MIN_TTL").ok();
    set.and_then(|text| text.strip_suffix('s')?.parse().ok()).unwrap_or(MIN_TTL)
}

/// Asks the person at the terminal for a code; any will do.
fn ask(profile: &str) -> Result<(), String> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let mut terminal = terminal.map_err(|error| format!("open /dev/tty: {error}"))?;
    let question = format!("Enter MFA code for arn:aws:iam::100000000003:mfa/rehearsal ({profile}): ");
    let mut code = String::new();
    terminal.write_all(question.as_bytes()).map_err(|error| error.to_string())?;
    BufReader::new(terminal).read_line(&mut code).map_err(|error| error.to_string())?;
    if code.trim().is_empty() { Err("MultiFactorAuthentication failed".to_owned()) } else { Ok(()) }
}
