//! terragrunt's provider cache server: providers lie in one folder of this user, and units link to them, instead of each
//! downloading and unpacking its own at every plan. It is for plans alone: what they have linked is there for the apply.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::model::{Version, regular};
use crate::tools::env::{self, Env};
use crate::tools::terraform;

/// The guard's option for it.
pub const OPTION: &str = "--provider-cache";

/// Older servers damage lock files (until 1.0.0), or delete an archive that another process is still unpacking.
const SOUND_SINCE: Version = Version::new(1, 1, 3);

/// Variables by which somebody has decided already.
const DECIDED: [&str; 3] = ["TF_PLUGIN_CACHE_DIR", "TG_PROVIDER_CACHE", "TERRAGRUNT_PROVIDER_CACHE"];

/// What turns it on.
pub fn environment() -> Vec<(OsString, OsString)> {
    ["TERRAGRUNT_PROVIDER_CACHE", "TG_PROVIDER_CACHE"].map(|name| (name.into(), "true".into())).into()
}

/// Whether this version's server can be relied on; not if nobody knows the version.
pub fn is_sound_in(version: Option<&str>) -> bool {
    version.and_then(Version::parse).is_some_and(|version| version >= SOUND_SINCE)
}

/// Where it keeps them, unless that is somewhere else on this system.
pub fn folder(vars: &Env) -> Option<PathBuf> {
    let home = || env::text(vars, "HOME").map(|home| Path::new(home).join(".cache"));
    let cache = env::text(vars, "XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    cache.map(|cache| cache.join("terragrunt/providers"))
}

/// Whether terraform, in the environment that it will have, has a cache already, or a mirror that is not to be passed by.
pub fn has_another(vars: &Env) -> bool {
    let is_decided = |name: &OsString| DECIDED.iter().any(|known| name.to_string_lossy().starts_with(known));
    let config = env::text(vars, "TF_CLI_CONFIG_FILE")
        .map(PathBuf::from)
        .or_else(|| env::text(vars, "HOME").map(|home| Path::new(home).join(".terraformrc")));
    let config = config.and_then(|path| regular::text(path).ok());
    vars.keys().any(is_decided) || config.is_some_and(|text| says_where_providers_come_from(&text))
}

/// OpenTofu is left alone: from 1.10 on it has a cache that several processes may share, which terragrunt turns on by itself.
pub fn is_for(terraform: &Path) -> bool {
    !terraform::is_tofu(terraform)
}

fn says_where_providers_come_from(config: &str) -> bool {
    let lines = config.lines().map(str::trim_start);
    lines.into_iter().any(|line| line.starts_with("plugin_cache_dir") || line.starts_with("provider_installation"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_servers_that_were_seen_to_work_are_relied_on() {
        for (version, expected) in [
            (Some("0.55.1"), false),
            (Some("1.0.0"), false),
            (Some("1.1.2"), false),
            (Some("1.1.3"), true),
            (Some("1.2.0"), true),
            (Some("latest"), false),
            (None, false),
        ] {
            assert_eq!(is_sound_in(version), expected, "{version:?}");
        }
    }

    #[test]
    fn who_has_a_cache_or_a_mirror_keeps_it() {
        let home = tempfile::tempdir().unwrap();
        let vars = |name: &str, value: &Path| Env::from([(name.into(), value.into())]);
        assert!(!has_another(&vars("HOME", home.path())), "there is no file");
        for name in ["TF_PLUGIN_CACHE_DIR", "TG_PROVIDER_CACHE_DIR", "TERRAGRUNT_PROVIDER_CACHE"] {
            assert!(has_another(&vars(name, home.path())), "{name}");
        }
        let file = home.path().join(".terraformrc");
        for (text, expected) in [
            ("disable_checkpoint = true\n# plugin_cache_dir = \"x\"\n", false),
            ("  plugin_cache_dir = \"x\"\n", true),
            ("provider_installation {\n}\n", true),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(has_another(&vars("HOME", home.path())), expected, "{text}");
            assert_eq!(has_another(&vars("TF_CLI_CONFIG_FILE", &file)), expected, "{text}");
        }
    }

    #[test]
    fn tofu_is_left_alone() {
        assert!(is_for(Path::new("/bin/terraform")) && !is_for(Path::new("/bin/tofu")));
    }
}
