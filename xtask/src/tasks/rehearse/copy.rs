//! The copy of a repository that a rehearsal works on.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::model::regular;
use crate::repo::{Repository, settings};
use crate::report::screen::Tone;
use crate::tasks::context::Context;

/// The account of a unit of which nothing tells one.
const MADE_UP: &str = "111122223333";

/// Copies what git would track: hidden build output, caches and ignored files stay behind. Links within stay links; gives
/// those that lead out, which are left out.
pub(super) fn copy(from: &Path, to: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let top = from.canonicalize()?;
    let mut left_out = Vec::new();
    let left_behind = [".git", ".xtask", ".terragrunt-cache", ".terraform", "target", "node_modules"];
    let walk = ignore::WalkBuilder::new(from)
        .hidden(false)
        .filter_entry(move |entry| !left_behind.iter().any(|name| entry.file_name() == *name))
        .build();
    for entry in walk {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        let kind = entry.file_type().context("standard input is not walked")?;
        if kind.is_dir() {
            fs::create_dir_all(&target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target).with_context(|| format!("copying {}", entry.path().display()))?;
        } else if kind.is_symlink() {
            let leads_to = entry.path().canonicalize().ok();
            match leads_to.as_deref().and_then(|path| path.strip_prefix(&top).ok()) {
                Some(inside) => symlink(to.join(inside), &target)?,
                None => left_out.push(entry.path().to_owned()),
            }
        }
    }
    Ok(left_out)
}

/// Accounts for units that nothing tells one of: in a rehearsal nothing is done in it. Whether there was any such unit.
pub(super) fn make_accounts_up(context: &Context, repo: &Repository) -> anyhow::Result<bool> {
    let mut text = None;
    for unit in repo.units.iter().filter(|unit| unit.account.value().is_none()) {
        let registry = unit.images.values().flatten().find_map(|uses| uses.uri.value());
        let id = registry.map_or(MADE_UP, |uri| uri.account().as_str());
        let folder = repo.settings.folder_of(&repo.root, &unit.path.in_root(&repo.root));
        let before = text.map_or_else(|| settings_of(&repo.root), Ok)?;
        text = Some(settings::set(&before, "Cargo.toml", settings::Target::Shared, &format!("accounts.{folder}"), id)?);
        let about = format!("of {} is not known; the rehearsal makes it {id}", unit.path);
        context.screen.insist(Tone::Warning, "Account", about);
    }
    let Some(text) = text else { return Ok(false) };
    fs::write(repo.root.join("Cargo.toml"), text).context("writing Cargo.toml")?;
    Ok(true)
}

fn settings_of(root: &Path) -> anyhow::Result<String> {
    match regular::text(root.join("Cargo.toml")) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).context("reading Cargo.toml"),
    }
}

/// The copy talks to the stand-in of STS, and to nothing else.
pub(super) fn write_settings(root: &Path, port: &str) -> anyhow::Result<()> {
    let (path, text) = (root.join("Cargo.toml"), settings_of(root)?);
    let endpoint = format!("http://127.0.0.1:{}", port.trim());
    let mut wrapper = toml_edit::Array::new();
    wrapper.extend(["aws-vault", "exec", "{profile}", "--"]);
    let values: [(&str, toml_edit::Value); 3] =
        [("endpoint-url", endpoint.into()), ("terraform-binary", "terraform".into()), ("credentials", wrapper.into())];
    let text = values.into_iter().try_fold(text, |text, (key, value)| {
        settings::set(&text, "Cargo.toml", settings::Target::Shared, key, value)
    })?;
    fs::write(path, text).context("writing Cargo.toml")
}

/// A history of its own, where git is there: then the copy looks to git as the original does.
pub(super) fn start_history(shell: &Shell, root: &Path) {
    shell.change_dir(root);
    let identity = ["-c", "user.name=Rehearsal", "-c", "user.email=rehearsal@localhost", "-c", "commit.gpgsign=false"];
    let steps = [
        cmd!(shell, "git init --quiet --initial-branch main"),
        cmd!(shell, "git add --all"),
        cmd!(shell, "git {identity...} commit --quiet --no-verify --message rehearsal"),
    ];
    // Without git the rehearsal goes on without a history.
    let _ = steps.into_iter().try_for_each(|step| step.quiet().ignore_stdout().ignore_stderr().run());
}
