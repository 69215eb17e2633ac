//! The log of a world: one JSON line per call of a stand-in, and per thing that happened. Tests read it.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process;

use serde_json::{Value, json};

use super::World;
use crate::args;
use crate::clock::Moment;
use crate::keys::Keys;
use crate::refusal::Outcome;
use crate::store;

/// Variables whose values say how a tool was called and are no secrets; of all others the log has the name alone.
const TOLD: &[&str] =
    &["AWS_VAULT", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL"];
const TOLD_PREFIXES: &[&str] = &["TG_", "TERRAGRUNT_", "TF_INPUT", "TF_CLI_", "GIT_"];

impl World {
    /// Notes that a tool was called.
    pub(crate) fn log_call(&self, tool: &str, args: &[OsString]) -> Outcome {
        let names: Vec<String> = env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
        let told: BTreeMap<&String, String> =
            names.iter().filter(|name| is_told(name)).filter_map(|name| Some((name, env::var(name).ok()?))).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        self.log(json!({
            "event": "call",
            "tool": tool,
            "argv": args::lossy(args),
            "cwd": env::current_dir().ok(),
            "account": Keys::from_env(self).ok().map(|keys| keys.account),
            "env": told,
            "env_names": sorted,
        }))
    }

    /// Notes that something happened; `event` is an object with a member `event`.
    pub(crate) fn log(&self, mut event: Value) -> Outcome {
        event["time"] = Moment::now().rfc3339().into();
        event["pid"] = process::id().into();
        let file = self.folder.join("log.jsonl");
        let line = format!("{event}\n");
        fs::create_dir_all(&self.folder)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&file))
            .and_then(|mut log| log.write_all(line.as_bytes()))
            .map_err(|error| store::at(&file, error))
    }
}

fn is_told(name: &str) -> bool {
    // A token for a registry is a secret although its name starts with `TF_`; inputs may hold some.
    let secret = ["TOKEN", "SECRET", "PASS"].iter().any(|word| name.contains(word));
    !secret && (TOLD.contains(&name) || TOLD_PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}
