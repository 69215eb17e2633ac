//! A run that has begun: its lock, its folder, its executor; and the questions that come before everything else.

mod codes;
mod prompts;
mod renewal;

pub use renewal::Renewal;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::model::{Failure, Failures};
use crate::repo::{Repository, settings};
use crate::report::live::Live;
use crate::report::progress::Progress;
use crate::report::region;
use crate::report::screen::{Tone, count};
use crate::run::event::{Event, Outcome};
use crate::run::executor::{Executor, OnFailure};
use crate::run::folder::RunFolder;
use crate::run::interrupt::{Interrupt, asked_where};
use crate::run::journal::Journal;
use crate::run::kept::Kept;
use crate::run::lifetime::Lifetimes;
use crate::run::lock::RunLock;
use crate::run::step::Stage;
use crate::run::unfinished;
use crate::tasks::context::Context;
use crate::tasks::orders::Orders;
use crate::tasks::ready::Ready;
use crate::tasks::{record, settle, space};
use crate::tools::env::{self, Env, Purpose};
use crate::tools::process::Relay;
use crate::tools::programs::Tools;
use crate::tools::{git, proof, secrets, tty};

/// A run that has begun. Its lock is given back when it is dropped.
#[derive(Debug)]
pub struct Session<'a> {
    /// The options, the screen.
    pub context: &'a Context,
    /// The run's paths.
    pub run: &'a RunFolder,
    /// The root of the repository.
    pub root: PathBuf,
    /// When it began.
    pub started: Instant,
    /// What is remembered of it.
    pub journal: Journal,
    executor: Executor,
    asked_where: Arc<AtomicBool>,
    n_renewed: Cell<u32>,
    used_codes: RefCell<codes::UsedCodes>,
    lock: RunLock,
}

impl<'a> Session<'a> {
    /// Takes the repository's lock and makes the run's folder.
    pub fn begin(
        context: &'a Context,
        repo: &Repository,
        run: &'a RunFolder,
        command: &str,
        n_jobs: usize,
    ) -> Result<Self, Failures> {
        let holder = format!("run {} ({command}, process {}, since {})\n", run.id, std::process::id(), proof::now());
        let lock = RunLock::take(&run.run_lock(), &holder)?;
        settle::refuse_if_pending(repo)?;
        space::temporary(context)?;
        // A full disk is not made fuller by a folder that nobody can use.
        let program = run.create()?;
        unfinished::remove_leftovers(run);
        let mut secrets = env::build(&context.vars, Purpose::Plain, &[]).vars;
        secrets.extend(secret(&context.vars));
        let values = secrets_of(&secrets);
        let journal = record::begin(context, repo, run, command, values).inspect_err(|_| run.discard())?;
        let relay = Relay { program, secrets };
        let (left, left_run, conclusion) = (journal.clone(), run.clone(), context.conclusion());
        let leave = move |signal, is_at_work| record::left(&left, &left_run, &conclusion, signal, is_at_work);
        tty::remember();
        let executor = Executor {
            relay,
            interrupt: Interrupt::listen(region::interject, leave)?,
            n_jobs,
            journal: journal.clone(),
            time_limit: repo.settings.time_limit(),
            lifetimes: Lifetimes::default(),
            secrets: Arc::default(),
        };
        Ok(Self {
            context,
            run,
            root: repo.root.clone(),
            started: Instant::now(),
            journal,
            executor,
            asked_where: asked_where(),
            n_renewed: Cell::new(0),
            used_codes: RefCell::default(),
            lock,
        })
    }

    /// Asks what the credential tool would ask at every call, and keeps the answer out of the logs.
    pub fn ask_passphrase(&mut self, ready: &mut Ready<'_>) -> Result<(), Failure> {
        let asked = ready.ask_passphrase(&self.context.vars, &self.give_up());
        self.check_interrupt()?;
        asked?;
        self.executor.relay.secrets.extend(secret(&ready.wrapper_env));
        self.journal.keep_out(secrets_of(&self.executor.relay.secrets));
        Ok(())
    }

    /// What nobody may read of what is told of a unit.
    pub fn secrets_of(&self, label: &str) -> Vec<String> {
        self.executor.secrets_of(label)
    }

    /// Removes plans, which hold secrets and which nobody may apply any more, and the copies of our own binary.
    fn tidy_up(&self) {
        if !Kept::is_alive(self.run)
            && let Err(error) = self.run.remove_plans()
        {
            let about = format!("plan files could not be removed from {}: {error}", self.run.plans().display());
            self.context.screen.insist(Tone::Warning, "Warning", about);
        }
        self.run.remove_binaries();
    }

    /// Runs a stage side by side and tells about it.
    pub fn side_by_side(&self, stage: &Stage, on_failure: OnFailure) -> Vec<Outcome> {
        self.watched(stage, on_failure, &mut |_| {})
    }

    /// The same, where somebody else is told as well.
    pub fn watched(&self, stage: &Stage, on_failure: OnFailure, watch: &mut dyn FnMut(&Event)) -> Vec<Outcome> {
        self.round(stage, on_failure, watch).into_iter().map(Outcome::with_no_new_session).collect()
    }

    /// The same, where some may wait for a new session.
    fn round(&self, stage: &Stage, on_failure: OnFailure, watch: &mut dyn FnMut(&Event)) -> Vec<Outcome> {
        let screen = &self.context.screen;
        let (progress, live) = (Progress::new(screen), Live::start(screen, stage, self.asked_where.clone()));
        self.executor.side_by_side(stage, on_failure, &mut |event| {
            watch(event);
            live.tell(event);
            progress.tell(event);
        })
    }

    /// Has this said of something that lives on, should somebody leave the run; `None` once it has ended.
    pub fn on_leaving(&self, what: &str, words: Option<String>) {
        self.executor.interrupt.on_leaving(what, words);
    }

    /// The lock of the repository, for what may only be done by who holds it.
    pub fn lock(&self) -> &RunLock {
        &self.lock
    }

    /// Whether to give up waiting for an answer.
    pub fn give_up(&self) -> impl Fn() -> bool + use<> {
        let interrupt = self.executor.interrupt.clone();
        move || interrupt.asked()
    }

    /// An error if somebody asked to stop.
    pub fn check_interrupt(&self) -> Result<(), Failure> {
        self.executor.interrupt.check()
    }

    /// Waits for this long, or until somebody asks to stop, which is an error.
    pub fn pause(&self, pause: Duration) -> Result<(), Failure> {
        self.executor.interrupt.wait(pause);
        self.check_interrupt()
    }
}

impl Drop for Session<'_> {
    /// However the run ended, nothing that it started is running any more.
    fn drop(&mut self) {
        self.tidy_up();
    }
}

fn texts(vars: &Env) -> impl Iterator<Item = (&str, &str)> {
    vars.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
}

/// The values whose names say that they are secret.
fn secrets_of(vars: &Env) -> Vec<String> {
    let mut found = Vec::new();
    texts(vars).for_each(|(name, value)| secrets::named(name, value, &mut found));
    found
}

/// The variables that hold such values.
fn secret(vars: &Env) -> Env {
    let is_secret = |(name, value): &(&str, &str)| {
        let mut found = Vec::new();
        secrets::named(name, value, &mut found);
        !found.is_empty()
    };
    texts(vars).filter(is_secret).map(|(name, value)| (name.into(), value.into())).collect()
}

/// The line that says where this is.
pub fn say_repository(context: &Context, repo: &Repository) {
    let name = repo.root.file_name().map_or_else(|| "/".to_owned(), |name| name.to_string_lossy().into_owned());
    let checkout = git::checkout(&repo.root);
    let about = match &checkout {
        Some(checkout) if checkout.n_changed == 0 => format!("{name} ({}, clean)", checkout.branch),
        Some(checkout) => format!("{name} ({}, {} changed)", checkout.branch, count(checkout.n_changed, "file")),
        None => name,
    };
    context.screen.say(Tone::Plain, "Repository", about);
    // Otherwise nobody would miss branch and changes, which the evidence of the run has not either.
    if let Some(refusal) = checkout.is_none().then(|| git::refusal(&repo.root)).flatten() {
        context.screen.say(Tone::Warning, "Git", format!("refuses to look at it: {}", refusal.what));
        refusal.to_do.iter().for_each(|to_do| context.screen.lines(&format!("             do: {to_do}")));
    }
}

/// The line that names the settings which decide what runs, where, in which order and with which keys. Where one is not what
/// the upstream's default branch has, it may be one that nobody else has looked at.
pub fn say_settings(context: &Context, repo: &Repository) {
    // In a rehearsal nothing runs but stand-ins.
    if matches!(context.tools(), Tools::StandIns(_)) {
        return;
    }
    let upstream = git::default_branch(&repo.root).map(|branch| (settings_on(&branch, repo, context.home()), branch));
    let (there, branch) = upstream.map_or((None, String::new()), |(there, branch)| (Some(there), branch));
    let set = repo.settings.deciding(there.as_ref());
    let parts = set.iter().map(|it| match &it.value {
        Some(value) if !it.is_shared => format!("{} {value} (set by you)", it.key),
        Some(value) if it.differs => format!("{} {value} (not so on {branch})", it.key),
        Some(value) => format!("{} {value}", it.key),
        None => format!("no {} ({} on {branch})", it.key, it.only_there.as_deref().unwrap_or_default()),
    });
    let line = parts.collect::<Vec<_>>().join("   ");
    match set.iter().any(|it| it.differs) {
        _ if set.is_empty() => {}
        true => context.screen.insist(Tone::Warning, "Settings", line),
        false => context.screen.say(Tone::Plain, "Settings", line),
    }
}

/// The settings as a branch has them, from the nearest `Cargo.toml` that has any.
fn settings_on(branch: &str, repo: &Repository, home: Option<&Path>) -> settings::Settings {
    let n_above = git::prefix(&repo.root).map_or(0, |prefix| prefix.matches('/').count());
    let texts =
        (0..=n_above).filter_map(|n| git::text_on(&repo.root, branch, &format!("{}Cargo.toml", "../".repeat(n))));
    let mut there = texts.filter_map(|text| settings::read(&text, "Cargo.toml").0);
    let mut there = there.next().unwrap_or_default();
    there.resolve_programs(&repo.root, home);
    there
}

/// The orders of a run whose guard is the copy in its folder, or in a dry run this very binary.
pub fn orders<'a>(ready: &'a Ready<'a>, run: &'a RunFolder, dry: bool) -> Result<Orders<'a>, Failure> {
    let guard = if dry {
        std::env::current_exe().map_err(|error| Failure::refused("cannot find our own binary").because(error))?
    } else {
        run.binary()
    };
    Ok(Orders::new(ready, run, guard))
}
