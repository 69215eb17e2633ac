//! Who is at the keyboard, as far as the system says.

use crate::tools::env::{self, Env};
use crate::tools::hash::sha256;

/// Where systemd keeps an id of the machine, which should not be shown to others.
const MACHINE_ID: &str = "/etc/machine-id";

/// The user's id.
pub fn uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// What tells this machine from others: a hash of its id, or its name where it has none.
pub fn machine() -> String {
    let id = std::fs::read_to_string(MACHINE_ID).unwrap_or_default();
    let name = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    if id.trim().is_empty() { name() } else { sha256(format!("xtask {}", id.trim())) }
}

/// `user@host`.
pub fn who(vars: &Env) -> String {
    let user = ["USER", "LOGNAME"].iter().find_map(|name| env::text(vars, name).filter(|user| !user.is_empty()));
    let user = user.map_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()), str::to_owned);
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{host}")
}
