//! Who is at the keyboard, as far as the system says.

use crate::tools::env::{self, Env};

/// `user@host`.
pub fn who(vars: &Env) -> String {
    let user = ["USER", "LOGNAME"].iter().find_map(|name| env::text(vars, name).filter(|user| !user.is_empty()));
    let user = user.map_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()), str::to_owned);
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{host}")
}
