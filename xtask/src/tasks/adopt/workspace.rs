//! The `Cargo.toml` at the root of the repository: the members, the profile, and the settings that are needed.

use ignore::gitignore::GitignoreBuilder;
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, value};

use super::source::Mode;
use super::{config, crates};
use crate::model::Failure;
use crate::repo::toml;

/// Its name.
pub(super) const FILE: &str = "Cargo.toml";

const FAST: &str = "\
# A first `cargo xtask` waits for all of this: no debug information, no
# incremental bookkeeping, small output.
";

/// Packages that every run reads with or searches with.
const OPTIMIZED: [&str; 4] = ["aho-corasick", "hcl-edit", "memchr", "rustls-pki-types"];
const WHY_OPTIMIZED: &str = "\
# What every run reads and searches with: optimized, `units` of 1 000 units takes
# half of the time. One codegen unit compiles in half of the time.
";

/// Whether there are packages beside ours: then how they are built is not for us to say.
pub(super) fn has_own_rust(text: &str) -> bool {
    let document: DocumentMut = text.strip_prefix('\u{feff}').unwrap_or(text).parse().unwrap_or_default();
    document.contains_key("package") || members(&document).iter().any(|member| !is_ours(member))
}

/// The members of the workspace as they are written.
pub(super) fn members_of(text: &str) -> Vec<String> {
    members(&text.strip_prefix('\u{feff}').unwrap_or(text).parse().unwrap_or_default())
}

fn members(document: &DocumentMut) -> Vec<String> {
    let members = document.get("workspace").and_then(|workspace| workspace.get("members"));
    crates::words(members.and_then(Item::as_array))
}

fn is_ours(member: &str) -> bool {
    Mode::Copied.members().contains(&member.trim_start_matches("./").trim_end_matches('/'))
}

/// The manifest with our members. `config` is cargo's configuration
/// as it will be.
pub(super) fn merge(text: &str, mode: Mode, config: &str) -> Result<String, Failure> {
    let has_own_rust = has_own_rust(text);
    toml::change(text, FILE, |document| {
        let is_new = !members(document).iter().any(|member| is_ours(member));
        let is_virtual = document.get("package").is_none();
        let workspace = toml::table(document, FILE, &["workspace"], "")?;
        if is_virtual && !has_own_rust && is_new && !workspace.contains_key("resolver") {
            workspace.insert("resolver", value("3"));
        }
        join(workspace, mode)?;
        if config::has_own_profile(config) {
            profile(document, config::PROFILE, true)?;
        } else if is_new && !has_own_rust {
            profile(document, "dev", false)?;
        }
        Ok(())
    })
}

/// Makes our packages members, as far as no pattern there covers them, and takes out those that won't be there.
fn join(workspace: &mut dyn TableLike, mode: Mode) -> Result<(), Failure> {
    let item = workspace.entry("members").or_insert_with(|| value(Array::new()));
    let no_array = || Failure::refused("`members` of the workspace is not an array").in_file(FILE);
    let members = item.as_array_mut().ok_or_else(no_array)?;
    let gone = |member: &str| is_ours(member) && !mode.members().iter().any(|wanted| covers(member, wanted));
    members.retain(|member| !member.as_str().is_some_and(gone));
    for wanted in mode.members() {
        if !members.iter().any(|member| member.as_str().is_some_and(|member| covers(member, wanted))) {
            toml::append(members, wanted);
        }
    }
    Ok(())
}

/// Whether a pattern in `members` is about a folder.
pub(super) fn covers(pattern: &str, folder: &str) -> bool {
    let mut glob = GitignoreBuilder::new("");
    let pattern = format!("/{}", pattern.trim_start_matches("./").trim_end_matches('/'));
    let is_glob = glob.add_line(None, &pattern).is_ok();
    is_glob && glob.build().is_ok_and(|glob| glob.matched(folder, true).is_ignore())
}

/// A profile in which a first build is fast; one that is there stays as it is.
fn profile(document: &mut DocumentMut, name: &str, is_derived: bool) -> Result<(), Failure> {
    if document.get("profile").is_some_and(|profiles| profiles.get(name).is_some()) {
        return Ok(());
    }
    let profile = toml::table(document, FILE, &["profile", name], FAST)?;
    if is_derived {
        profile.insert("inherits", value("dev"));
    }
    for (key, item) in [("debug", value(false)), ("incremental", value(false)), ("strip", value("debuginfo"))] {
        profile.insert(key, item);
    }
    let packages = toml::table(document, FILE, &["profile", name, "package"], WHY_OPTIMIZED)?;
    for package in OPTIMIZED {
        let settings = InlineTable::from_iter([("opt-level", 2), ("codegen-units", 1)]);
        packages.insert(package, value(settings));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "\
[workspace]
resolver = \"3\"
members = [\"xtask\", \"xtask/standins\"]

# A first `cargo xtask` waits for all of this: no debug information, no
# incremental bookkeeping, small output.
[profile.dev]
debug = false
incremental = false
strip = \"debuginfo\"

# What every run reads and searches with: optimized, `units` of 1 000 units takes
# half of the time. One codegen unit compiles in half of the time.
[profile.dev.package]
aho-corasick = { opt-level = 2, codegen-units = 1 }
hcl-edit = { opt-level = 2, codegen-units = 1 }
memchr = { opt-level = 2, codegen-units = 1 }
rustls-pki-types = { opt-level = 2, codegen-units = 1 }
";

    const PROFILE: &str = "
# A first `cargo xtask` waits for all of this: no debug information, no
# incremental bookkeeping, small output.
[profile.xtask]
inherits = \"dev\"
debug = false
incremental = false
strip = \"debuginfo\"

# What every run reads and searches with: optimized, `units` of 1 000 units takes
# half of the time. One codegen unit compiles in half of the time.
[profile.xtask.package]
aho-corasick = { opt-level = 2, codegen-units = 1 }
hcl-edit = { opt-level = 2, codegen-units = 1 }
memchr = { opt-level = 2, codegen-units = 1 }
rustls-pki-types = { opt-level = 2, codegen-units = 1 }
";

    /// What becomes of a manifest, with the configuration that goes with it.
    fn merged(text: &str) -> String {
        let config = config::merge("", "c", Mode::Copied, has_own_rust(text)).expect("it is merged");
        merge(text, Mode::Copied, &config).expect("it is merged")
    }

    #[test]
    fn a_new_manifest_is_built_like_this_project() {
        assert_eq!(merged(""), NEW);
        assert_eq!(merged(NEW), NEW, "once is enough");
        let ours = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
        let profile = NEW.split_once("]\n\n").map(|(_, profile)| profile).unwrap_or_default();
        assert!(ours.expect("this project has one").contains(profile));
    }

    #[test]
    fn settings_alone_become_a_workspace() {
        let text = "# ours\n[workspace.metadata.xtask]\njobs = 4 # few\n# the end\n";
        let workspace = "\n[workspace]\nresolver = \"3\"\nmembers = [\"xtask\", \"xtask/standins\"]\n";
        let profile = NEW.split_once("]\n\n").map(|(_, profile)| profile).unwrap_or_default();
        assert_eq!(merged(text), format!("{text}{workspace}\n{profile}"));
    }

    #[test]
    fn a_workspace_gets_members_and_keeps_its_profiles() {
        let text = "[workspace]\nmembers = [\n    \"crates/*\", # all\n]\n\n[profile.dev]\nopt-level = 1\n# end";
        let ours = "# all\n    \"xtask\",\n    \"xtask/standins\",\n";
        let profile = PROFILE.trim_end();
        assert_eq!(merged(text), format!("{}\n{profile}", text.replace("# all\n", ours)));
        let covered = "[workspace]\nmembers = [\"*\", \"./xtask/standins/\"]\n";
        assert_eq!(merged(covered), format!("{covered}{PROFILE}"));
    }

    #[test]
    fn a_package_at_the_root_becomes_a_workspace() {
        let text = "[package]\nname = \"live\"\nversion = \"0.1.0\"\n\n[dependencies]\n# none\n";
        let workspace = "\n[workspace]\nmembers = [\"xtask\", \"xtask/standins\"]\n";
        assert_eq!(merged(text), format!("{text}{workspace}{PROFILE}"));
    }

    #[test]
    fn what_is_not_there_any_more_is_no_member() {
        let merged = merge(NEW, Mode::Git, "").expect("it is merged");
        assert_eq!(merged, NEW.replace(", \"xtask/standins\"", ""));
        assert_eq!(merge(&merged, Mode::Copied, "").expect("it is merged"), NEW);
    }
}
