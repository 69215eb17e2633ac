//! `--fix`: settles which credential tool and which profiles are used. Asks at the terminal what can't be known, shows the
//! difference, and writes it once there is consent.

use std::fs;
use std::path::Path;

use similar::TextDiff;
use toml_edit::{Array, Value};

use super::profiles::asked;
use crate::model::{Account, AccountId, Failure, Failures, regular};
use crate::repo::settings::{self, LOCAL, Target};
use crate::repo::{Profile, Repository};
use crate::report::screen::{Tone, count, diff_ink};
use crate::run::edit::{self, Edit};
use crate::run::folder::RunFolder;
use crate::run::lock::RunLock;
use crate::tasks::context::Context;
use crate::tasks::personal;
use crate::tasks::profiles::Profiles;
use crate::tasks::profiles::ask::{self, Answer};
use crate::tasks::select::Selection;
use crate::tools::credential_tool::CredentialTool;
use crate::tools::{programs, state, tty};

/// A setting that is to be written.
type Setting = (String, Value);

/// A file of settings, as it is and as it will be.
struct Draft {
    file: String,
    target: Target,
    before: Option<String>,
    after: String,
}

impl Draft {
    fn personal(repo: &Repository) -> Result<Self, Failure> {
        let before = personal::read(&repo.root)?;
        Ok(Self { file: LOCAL.to_owned(), target: Target::Personal, after: before.clone().unwrap_or_default(), before })
    }

    fn shared(repo: &Repository) -> Result<Self, Failure> {
        let file = repo.settings.file().unwrap_or("Cargo.toml").to_owned();
        let before = read(&repo.root.join(&file))?;
        Ok(Self { file, target: Target::Shared, after: before.clone().unwrap_or_default(), before })
    }

    fn set(&mut self, key: &str, value: impl Into<Value>) -> Result<(), Failure> {
        self.after = settings::set(&self.after, &self.file, self.target, key, value)?;
        Ok(())
    }

    fn changes(&self) -> bool {
        self.before.as_deref().unwrap_or_default() != self.after
    }
}

/// Settles what is missing, and tells whether anything was written. Tools and names of profiles are a person's and go into the
/// file that git ignores, unless `target` says otherwise; accounts are the repository's.
pub(super) fn settle(
    context: &Context,
    repo: &mut Repository,
    profiles: &Profiles,
    selection: &Selection,
    target: Target,
) -> Result<bool, Failures> {
    let (mut own, mut shared) = (Draft::personal(repo)?, Draft::shared(repo)?);
    let accounts = ask_accounts(context, repo)?;
    for (folder, id) in &accounts {
        shared.set(&format!("accounts.{folder}"), id.as_str())?;
    }
    let draft = if target == Target::Shared { &mut shared } else { &mut own };
    let mut settled = Vec::new();
    if let Some(tool) = tool(context, repo)? {
        settled.push("`credentials`".to_owned());
        let words = Value::from(Array::from_iter(tool));
        draft.set("credentials", words.clone())?;
        // What follows depends on it.
        let (layer, _) = settings::read_local(&format!("credentials = {words}\n"));
        repo.settings.add_personal(layer);
    }
    let mut n_profiles = 0;
    for (key, value) in missing(repo, profiles, selection, &mut n_profiles)? {
        draft.set(&key, value)?;
    }
    if n_profiles > 0 {
        settled.push(count(n_profiles, "profile"));
    }
    let file = draft.file.clone();
    let mut fixed = Vec::new();
    if !settled.is_empty() {
        fixed.push(format!("{} in {file}", settled.join(" and ")));
    }
    if !accounts.is_empty() {
        fixed.push(format!("{} in {}", count(accounts.len(), "account"), shared.file));
    }
    let changed: Vec<_> = [own, shared].into_iter().filter(Draft::changes).collect();
    if changed.is_empty() {
        context.screen.say(Tone::Good, "Fix", format!("nothing that can be settled safely is missing in {file}"));
        return Ok(false);
    }
    for draft in &changed {
        let shown = TextDiff::from_lines(draft.before.as_deref().unwrap_or_default(), &draft.after);
        let header = shown.unified_diff().context_radius(2).header(&draft.file, &draft.file).to_string();
        context.screen.inked(&header, diff_ink);
    }
    if !context.globals.yes {
        let files: Vec<_> = changed.iter().map(|draft| draft.file.as_str()).collect();
        let not_done = format!("{} was not changed", files.join(" and "));
        let otherwise = "there is no terminal to ask at; after reading the difference: --yes";
        tty::agree("Write this? [y/N] ", &not_done, otherwise, &|| false)?;
    }
    changed.iter().try_for_each(|draft| write(repo, draft))?;
    context.screen.say(Tone::Good, "Fixed", fixed.join(", "));
    Ok(true)
}

/// The profiles that the settings don't name yet, or name by names that are in no file: those that were found elsewhere, and
/// those that were asked for.
fn missing(
    repo: &Repository,
    profiles: &Profiles,
    selection: &Selection,
    n_accounts: &mut usize,
) -> Result<Vec<Setting>, Failures> {
    if !repo.settings.credentials().iter().any(|word| word.contains("{profile}")) {
        return Ok(Vec::new());
    }
    let asked = asked(repo, selection);
    let all: Vec<_> = asked.iter().map(|(account, _)| *account).collect();
    let (mut found, failures) = profiles.by_name(&asked, &repo.settings);
    if CredentialTool::of(&repo.settings.credentials()).takes_profiles_of_the_files() {
        found.retain(|_, it| !it.is_stated || profiles.unknown(&it.name, &repo.settings).is_none());
    }
    // Names may fit where nothing tells which account they lead into; whose they are STS says afterwards.
    let may_fit =
        || all.iter().any(|it| !found.contains_key(&it.name)) && !profiles.patterns(&all, &repo.settings).is_empty();
    let ambiguous: Vec<&Account> = all
        .iter()
        .filter(|account| !found.contains_key(&account.name))
        .filter(|account| profiles.candidates(account, &repo.settings).len() > 1)
        .copied()
        .collect();
    let of_config = |profile: &&Profile| !profile.is_stated;
    let pair = |account: &str, profile: &str| (format!("profiles.{account}"), Value::from(profile));
    if ambiguous.is_empty() && !may_fit() {
        let new: Vec<_> = found.iter().filter(|(_, profile)| of_config(profile)).collect();
        *n_accounts = new.len();
        return Ok(new.into_iter().map(|(account, profile)| pair(account, &profile.name)).collect());
    }
    match ask::which(profiles, &ambiguous, &all, &repo.settings)? {
        Some(Answer::Pattern(template)) => {
            *n_accounts = all.len();
            Ok(vec![("profile".to_owned(), Value::from(template))])
        }
        Some(Answer::Each(each)) => {
            let known = found.iter().filter(|(_, profile)| of_config(profile));
            let known = known.map(|(account, profile)| pair(account, &profile.name));
            let new: Vec<_> = known.chain(each.iter().map(|(account, profile)| pair(account, profile))).collect();
            *n_accounts = new.len();
            Ok(new)
        }
        None => {
            let failures = failures.into_iter().map(|failure| failure.hint("there is no terminal to ask at"));
            Failures::check(failures.collect())?;
            Ok(Vec::new())
        }
    }
}

/// The credential tool, where none is set and the default one is not installed: the only one that is, or the one that was
/// asked for. `None` if nothing has to be written.
fn tool(context: &Context, repo: &Repository) -> Result<Option<Vec<String>>, Failure> {
    let is_there = |name: &str| programs::locate(name, &repo.root, &context.vars).is_some();
    if repo.settings.credentials_place().is_some() || is_there("aws-vault") {
        return Ok(None);
    }
    let mut there: Vec<_> = CredentialTool::TEMPLATES.into_iter().filter(|(program, _)| is_there(program)).collect();
    let n = match (there.len(), tty::Terminal::open()) {
        (0, _) => return Ok(None),
        (1, _) | (_, None) => 0,
        (_, Some(mut terminal)) => {
            let offered: Vec<_> =
                there.iter().map(|(program, words)| format!("{program:<10}  {}", words.join(" "))).collect();
            ask::choose(&mut terminal, "aws-vault is not installed. Which tool gives you credentials?", &offered, true)?
        }
    };
    let (_, words) = there.swap_remove(n);
    Ok(Some(words.iter().map(|word| (*word).to_owned()).collect()))
}

/// Asks at the terminal for the account of each unit that nothing tells: its folder in the settings, and the id. Where there
/// is nobody to ask, says what to write.
fn ask_accounts(context: &Context, repo: &Repository) -> Result<Vec<(String, AccountId)>, Failures> {
    let unknown: Vec<_> = repo.units.iter().filter(|unit| unit.account.value().is_none()).collect();
    let mut terminal = if unknown.is_empty() { None } else { tty::Terminal::open() };
    let mut stated = Vec::new();
    for unit in unknown {
        let Some(terminal) = &mut terminal else {
            let line = repo.line_for_account(unit, "111122223333");
            context.screen.say(Tone::Warning, "Account", format!("of {} is not known: {line}", unit.path));
            continue;
        };
        let question = format!("Account of {} (twelve digits; nothing leaves it unknown): ", unit.path);
        let read = |line: &str| match line {
            "" => Ok(None),
            id => AccountId::parse(id).map(Some).map_err(|error| format!("{error}\n")),
        };
        let id = terminal
            .ask_until(&question, read, &|| false)
            .map_err(|error| Failure::refused("there was no answer").because(error))?;
        if let Some(id) = id.flatten() {
            stated.push((repo.settings.folder_of(&repo.root, &unit.path.in_root(&repo.root)), id));
        }
    }
    Ok(stated)
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match regular::text(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Failure::refused("cannot read the settings").in_file(path.display().to_string()).because(error))
        }
    }
}

fn write(repo: &Repository, draft: &Draft) -> Result<(), Failures> {
    let path = repo.root.join(&draft.file);
    let cannot =
        |error| Failure::failed("cannot write the settings").in_file(path.display().to_string()).because(error).into();
    let lock = RunFolder::new(&repo.root).run_lock();
    // Nobody plans while files change.
    let _lock = RunLock::take(&lock, &format!("cargo xtask doctor --fix, process {}", std::process::id()))?;
    match &draft.before {
        Some(before) => edit::write_all(
            &repo.root,
            "cargo xtask doctor --fix",
            &[Edit { name: &draft.file, path: &path, before: before.as_bytes(), after: draft.after.as_bytes() }],
        ),
        None if draft.target == Target::Personal => state::write(&path, &draft.after).map_err(cannot),
        None => fs::write(&path, &draft.after).map_err(cannot),
    }
}
