//! A run that has begun: its lock, its folder, its executor; and the questions that come before everything else.

use std::cell::Cell;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use crate::model::{Account, Failure, Failures, Region};
use crate::repo::Repository;
use crate::report::live::Live;
use crate::report::progress::Progress;
use crate::report::screen::{self, Tone, count, duration};
use crate::run::event::{Event, Outcome, StepName, StepResult};
use crate::run::executor::{Executor, OnFailure};
use crate::run::folder::RunFolder;
use crate::run::interrupt::{Interrupt, asked_where};
use crate::run::journal::Journal;
use crate::run::lifetime::Lifetime;
use crate::run::lock::RunLock;
use crate::run::redact::is_secret_name;
use crate::run::step::{Lane, Stage, StepKind};
use crate::run::unfinished;
use crate::tasks::context::Context;
use crate::tasks::orders::Orders;
use crate::tasks::ready::Ready;
use crate::tasks::unproven::not_proven;
use crate::tasks::{record, settle};
use crate::tools::env::{self, Env, Purpose};
use crate::tools::process::Relay;
use crate::tools::{proof, tty};

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
    lifetime: Cell<Option<Lifetime>>,
    longest_apply: Cell<Option<Duration>>,
    n_renewed: Cell<u32>,
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
        // A full disk is not made fuller by a folder that nobody can use.
        let program = run.create().inspect_err(|_| run.discard())?;
        unfinished::remove_leftovers(run);
        let mut secrets = env::build(&context.vars, Purpose::Plain, &[]).vars;
        secrets.extend(secret(&context.vars));
        let values = secrets_of(&secrets);
        let journal = record::begin(context, repo, run, command, values).inspect_err(|_| run.discard())?;
        let relay = Relay { program, secrets };
        let (left, left_run) = (journal.clone(), run.clone());
        tty::remember();
        let executor = Executor {
            relay,
            interrupt: Interrupt::listen(screen::interject, move |signal| record::left(&left, &left_run, signal))?,
            n_jobs,
            journal: journal.clone(),
            time_limit: repo.settings.time_limit(),
        };
        Ok(Self {
            context,
            run,
            root: repo.root.clone(),
            started: Instant::now(),
            journal,
            executor,
            asked_where: asked_where(),
            lifetime: Cell::new(None),
            longest_apply: Cell::new(None),
            n_renewed: Cell::new(0),
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

    /// Removes plans, which hold secrets and which nobody may apply any more, and the copies of our own binary.
    fn tidy_up(&self) {
        if let Err(error) = self.run.remove_plans() {
            let about = format!("plan files could not be removed from {}: {error}", self.run.plans().display());
            self.context.screen.insist(Tone::Warning, "Warning", about);
        }
        self.run.remove_binaries();
    }

    /// Runs a stage side by side and tells about it.
    pub fn side_by_side(&self, stage: &Stage, on_failure: OnFailure) -> Vec<Outcome> {
        let screen = &self.context.screen;
        let (progress, live) =
            (Progress::new(screen), Live::start(screen, stage.lanes.len(), self.asked_where.clone()));
        self.executor.side_by_side(stage, on_failure, &mut |event| {
            live.tell(event);
            progress.tell(event);
            if let Event::Finished(StepName { kind: StepKind::Apply, .. }, outcome) = event {
                self.longest_apply.set(self.longest_apply.get().max(Some(outcome.took)));
            }
        })
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

    /// Proves every account again in the foreground, where somebody can be asked, if its session may end while `n_steps` more
    /// applies run. `stage` are the proofs that the run began with.
    pub fn renew(
        &self,
        ready: &Ready<'_>,
        stage: &Stage,
        accounts: &[(&Account, Region)],
        n_steps: usize,
    ) -> Result<(), Failures> {
        let n_rounds = n_steps.div_ceil(self.executor.n_jobs.max(1));
        let enough = |life: Lifetime| life.is_enough(SystemTime::now(), self.longest_apply.get(), n_rounds);
        if self.lifetime.get().is_some_and(enough) {
            return Ok(());
        }
        self.n_renewed.set(self.n_renewed.get() + 1);
        let again = |lane: &Lane| lane.iter().map(|step| step.again(self.n_renewed.get())).collect();
        let stage = Stage { lanes: stage.lanes.iter().map(again).collect(), ..stage.clone() };
        self.prove_identities(ready, &stage, accounts)
    }

    /// Opens every session in the foreground, one after the other, and proves every account: one that is not what it
    /// should be stops everything.
    pub fn prove_identities(
        &self,
        ready: &Ready<'_>,
        stage: &Stage,
        accounts: &[(&Account, Region)],
    ) -> Result<(), Failures> {
        let outcomes = self.executor.one_by_one(stage, &mut |_: &Event| {});
        self.check_interrupt()?;
        let mut failures = Vec::new();
        let mut proofs = Vec::new();
        for ((step, outcome), (account, _)) in stage.lanes.iter().flatten().zip(&outcomes).zip(accounts) {
            let proof = step.attempt.as_ref().and_then(|attempt| attempt.outer_proof());
            match (outcome.result, proof) {
                (StepResult::Succeeded, Some(proof)) => proofs.push(proof),
                (_, proof) => failures.push(not_proven(ready, account, proof, outcome)),
            }
        }
        let n_wrong = failures.len();
        if let Some(last) = failures.last_mut() {
            let n = accounts.len();
            last.details.push(format!(
                "{} of {} not proven: nothing {} started in any account",
                n_wrong,
                count(n, "account"),
                if self.n_renewed.get() == 0 { "was" } else { "more is" }
            ));
        }
        Failures::check(failures)?;
        let now = SystemTime::now();
        let life = Lifetime::of(&proofs, now);
        self.lifetime.set(Some(life));
        let sessions = life.left(now).map(|left| format!("   sessions good for {} min or more", left.as_secs() / 60));
        let sessions = sessions.unwrap_or_default();
        let about = format!("{n} of {} proven{sessions}", count(proofs.len(), "account"), n = proofs.len());
        self.context.screen.say(Tone::Good, "Identity", about);
        if !ready.left_out.is_empty() {
            let names = ready.left_out.join(", ");
            self.context.screen.say(Tone::Plain, "Left out", format!("{names}, set in this shell"));
        }
        Ok(())
    }

    /// Asks every private git source in the foreground, so that nothing has to ask later.
    pub fn ask_sources(&self, stage: &Stage) -> Result<(), Failures> {
        if stage.lanes.is_empty() {
            return Ok(());
        }
        let outcomes = self.executor.one_by_one(stage, &mut |_: &Event| {});
        self.check_interrupt()?;
        let failures =
            stage.lanes.iter().flatten().zip(&outcomes).filter(|(_, outcome)| outcome.result != StepResult::Succeeded);
        let failures = failures.map(|(step, outcome)| {
            let cause = outcome.cause.clone().unwrap_or_default();
            Failure::refused(format!("git can't read the module source `{}`", step.subject))
                .detail(format!("`git ls-remote` {cause}"))
                .hint("check that your ssh key is loaded (`ssh-add -l`) or that git has credentials for it")
        });
        Failures::check(failures.collect())?;
        let took = outcomes.iter().map(|outcome| outcome.took).sum();
        let n = outcomes.len();
        self.context.screen.say(
            Tone::Good,
            "Sources",
            format!("{} readable   {}", count(n, "git repository"), duration(took)),
        );
        Ok(())
    }
}

impl Drop for Session<'_> {
    /// However the run ended, nothing that it started is running any more.
    fn drop(&mut self) {
        self.tidy_up();
    }
}

/// The values whose names say that they are secret.
fn secrets_of(vars: &Env) -> Vec<String> {
    secret(vars).into_values().filter_map(|value| value.into_string().ok()).collect()
}

/// The variables whose names say that their values are secret.
fn secret(vars: &Env) -> Env {
    let is_secret = |name: &OsStr| name.to_str().is_some_and(is_secret_name);
    vars.iter().filter(|(name, _)| is_secret(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The line that says where this is.
pub fn say_repository(context: &Context, repo: &Repository) {
    let name = repo.root.file_name().map_or_else(|| "/".to_owned(), |name| name.to_string_lossy().into_owned());
    let about = match crate::tools::git::checkout(&repo.root) {
        Some(checkout) if checkout.n_changed == 0 => format!("{name} ({}, clean)", checkout.branch),
        Some(checkout) => format!("{name} ({}, {} changed)", checkout.branch, count(checkout.n_changed, "file")),
        None => name,
    };
    context.screen.say(Tone::Plain, "Repository", about);
}

/// What a stage of identities is about: each account once, with the region of its first unit.
pub fn accounts_of<'u>(units: impl IntoIterator<Item = (&'u Account, Region)>) -> Vec<(&'u Account, Region)> {
    let mut accounts: Vec<(&Account, Region)> = Vec::new();
    for (account, region) in units {
        if !accounts.iter().any(|(known, _)| known.id == account.id) {
            accounts.push((account, region));
        }
    }
    accounts
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
