//! What every task starts from: the options, the screen, this process's environment, and the repository they lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cli::{Format, Globals};
use crate::model::{Exit, Failure, Failures, Result, Tag};
use crate::repo::{Engine, Environment, Repository};
use crate::report::document;
use crate::report::screen::{Screen, Tone, Volume, diff_ink, mark_ink};
use crate::run::folder::RunFolder;
use crate::run::journal::{Journal, Planned, Selected};
use crate::run::step::{commands_of, outline_of};
use crate::tasks::{personal, settle};
use crate::tools::env::{self, Env, Purpose};
use crate::tools::programs::{self, Tools};
use crate::tools::terraform;

/// The variable that names the release to work with.
pub const VERSION: &str = "TERRAFORM_AWS_CI_VERSION";

/// The variable by which a rehearsal tells us which stand-ins to use; set by `rehearse` for the commands that it runs.
pub const REHEARSAL: &str = "XTASK_REHEARSAL";

/// What every task starts from.
#[derive(Debug)]
pub struct Context {
    /// The options that every command has.
    pub globals: Globals,
    /// Where words go.
    pub screen: Screen,
    /// This process's environment.
    pub vars: Env,
    /// The command line, without the program.
    pub argv: Vec<String>,
    /// The run that this command goes on with.
    pub resumed: Option<Resumed>,
    /// The runs that this command has begun.
    begun: Mutex<Vec<(Journal, RunFolder)>>,
    /// The last of them.
    run: Mutex<Option<String>>,
    /// Whether a result was printed.
    has_result: Arc<AtomicBool>,
    /// What a dry run would do, where programs read the result.
    commands: Mutex<Vec<String>>,
}

/// A run that is taken up again.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// Its id.
    pub run: String,
    /// What was agreed to, by the label of the unit.
    pub agreed: BTreeMap<String, Planned>,
    /// Which units it was about: a consent is for a unit in its account and region.
    pub units: Vec<Selected>,
    /// What was last applied without success, by the path of the unit: in this run, or in one that it took up.
    pub failed: BTreeMap<String, FailedApply>,
}

/// An apply that did not do all that it was to do.
#[derive(Clone, Debug)]
pub struct FailedApply {
    /// The run.
    pub run: String,
    /// How it ended, such as `failed`.
    pub result: String,
    /// The addresses of what it was to replace.
    pub replaced: BTreeSet<String>,
}

/// Prints how a command ended for programs that read results, once.
#[derive(Clone, Debug)]
pub struct Conclusion {
    is_wanted: bool,
    screen: Screen,
    has_result: Arc<AtomicBool>,
}

impl Conclusion {
    /// Prints it, unless a document was printed.
    pub fn print(&self, exit: Exit, failures: Option<&Failures>, run: Option<&str>, commands: &[String]) {
        if self.is_wanted && !self.has_result.swap(true, Ordering::SeqCst) {
            // The exit code says the same to who can't be told.
            let _ = self.screen.result(&document::of(exit, failures, run, commands).to_string());
        }
    }
}

impl Context {
    /// Reads the environment, once. `argv` is the command line, without the program.
    pub fn new(globals: Globals, argv: Vec<String>) -> Self {
        let volume = match (globals.quiet, globals.verbose) {
            (true, _) => Volume::Quiet,
            (_, true) => Volume::Verbose,
            _ => Volume::Normal,
        };
        let screen = Screen::new(globals.color, volume);
        Self {
            screen,
            vars: env::of_this_process(),
            globals,
            argv,
            resumed: None,
            begun: Mutex::default(),
            run: Mutex::default(),
            has_result: Arc::default(),
            commands: Mutex::default(),
        }
    }

    /// Remembers that this command has begun a run.
    pub fn begun(&self, journal: &Journal, run: &RunFolder) {
        self.runs().push((journal.clone(), run.clone()));
        *locked(&self.run) = Some(run.id.clone());
    }

    /// The runs that this command has begun, once.
    pub fn begun_runs(&self) -> Vec<(Journal, RunFolder)> {
        std::mem::take(&mut *self.runs())
    }

    fn runs(&self) -> MutexGuard<'_, Vec<(Journal, RunFolder)>> {
        locked(&self.begun)
    }

    /// Prints how the command ended for programs that read results, unless it has printed a document of its own.
    pub fn conclude(&self, exit: Exit, failures: Option<&Failures>) {
        self.conclusion().print(exit, failures, locked(&self.run).as_deref(), &locked(&self.commands));
    }

    /// What prints it where this context isn't at hand.
    pub fn conclusion(&self) -> Conclusion {
        let is_wanted = self.globals.format == Format::Json;
        Conclusion { is_wanted, screen: self.screen, has_result: Arc::clone(&self.has_result) }
    }

    /// Takes over what another context has printed, where it did a part of this command.
    pub fn concluded_by(&self, other: &Self) {
        self.has_result.fetch_or(other.has_result.load(Ordering::SeqCst), Ordering::SeqCst);
        *locked(&self.run) = locked(&other.run).take();
        *locked(&self.commands) = std::mem::take(&mut *locked(&other.commands));
    }

    /// What a dry run would do: a plan to be read, or each command ready to paste.
    pub fn commands(&self, script: &str) -> Result<()> {
        if self.globals.format == Format::Json {
            locked(&self.commands).extend(commands_of(script).map(str::to_owned));
            return Ok(());
        }
        if self.globals.verbose {
            return self.exact(script.as_bytes());
        }
        self.page(&outline_of(script))?;
        self.screen.say(
            Tone::Plain,
            "Dry run",
            "nothing was done; each command, with its guard and ready to paste: --verbose",
        );
        Ok(())
    }

    /// The repository that the options, or the current directory, lead to, as it is: for tasks that only look at it. Those
    /// that edit or plan open it by [`crate::tasks::settle::repository`].
    pub fn repository(&self) -> Result<Repository, Failures> {
        let repo = self.opened()?;
        settle::say_what_is_pending(self, &repo);
        Ok(repo)
    }

    /// The user's home folder.
    pub fn home(&self) -> Option<&Path> {
        env::text(&self.vars, "HOME").map(Path::new)
    }

    /// The repository, read for the environment that terragrunt will have.
    pub fn opened(&self) -> Result<Repository, Failures> {
        let mut repo = self.opened_at(&self.start()?)?;
        personal::add_to(&mut repo, &self.vars);
        let root = repo.root.clone();
        repo.settings.resolve_programs(&root, self.home());
        Ok(repo)
    }

    /// The repository around a folder, read for that environment.
    pub fn opened_at(&self, start: &Path) -> Result<Repository, Failures> {
        Repository::open_in(start, &|settings| {
            let child = env::build(&self.vars, Purpose::Program, settings.pass_environment());
            let text =
                |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
            let names = self.vars.keys().filter(|name| !child.vars.contains_key(*name));
            let withheld = names.filter_map(|name| name.to_str().map(str::to_owned)).collect();
            let vars = child.vars.into_iter().filter_map(text).collect();
            let mut environment = Environment::of(vars).without(withheld);
            environment.engines.installed =
                terraform::only(|name| programs::locate(name, start, &self.vars).is_some()).map(Engine::of);
            environment
        })
    }

    /// The folder from which the repository is looked for.
    pub fn start(&self) -> Result<PathBuf, Failure> {
        match &self.globals.repo {
            Some(path) => Ok(path.clone()),
            None => std::env::current_dir()
                .map_err(|error| Failure::refused("the current directory can't be used").because(error)),
        }
    }

    /// Where that is shown which a question is about: nobody agrees to what `--quiet` has left out.
    pub fn screen_of_question(&self) -> Screen {
        if self.globals.yes { self.screen } else { self.screen.for_question() }
    }

    /// Which programs this run may use.
    pub fn tools(&self) -> Tools {
        env::text(&self.vars, REHEARSAL).map_or(Tools::Real, |world| Tools::StandIns(world.into()))
    }

    /// The tag to work with: the argument, the variable, the settings, in this order.
    pub fn tag(&self, argument: Option<&Tag>, pinned: Option<&str>) -> Result<Tag, Failure> {
        if let Some(tag) = argument {
            return Ok(tag.clone());
        }
        let variable = env::text(&self.vars, VERSION).map(|text| (text, VERSION));
        let setting = pinned.map(|text| (text, "`terraform-aws-ci-version` in Cargo.toml"));
        let Some((text, from)) = variable.or(setting) else {
            return Err(Failure::usage("no tag was given, and none is pinned").hint(format!(
                "give one (`v1.3.0`), set {VERSION}, or add `terraform-aws-ci-version = \"v1.3.0\"` to [workspace.metadata.xtask] in Cargo.toml"
            )));
        };
        text.parse().map_err(|error: String| Failure::usage(error).detail(format!("read from {from}")))
    }

    /// Prints a result on stdout. A reader that is gone, as behind `| head`, is nobody's failure.
    pub fn result(&self, text: &str) -> Result<()> {
        self.has_result.store(true, Ordering::SeqCst);
        printed(self.screen.result(text))
    }

    /// A result: for people, folded where the terminal is narrower and with marks in colour; as it is for programs.
    pub fn page(&self, text: &str) -> Result<()> {
        if self.globals.format != Format::Text {
            return self.result(text);
        }
        self.has_result.store(true, Ordering::SeqCst);
        printed(self.screen.page(text, mark_ink))
    }

    /// A diff, which keeps every byte when it goes elsewhere than to a terminal.
    pub fn diff(&self, text: &str) -> Result<()> {
        // Programs that read results get one document and nothing else.
        if self.globals.format == Format::Json {
            self.screen.inked(text, diff_ink);
            return Ok(());
        }
        printed(self.screen.diff(text))
    }

    /// The same for what must keep every byte when it goes elsewhere than to a terminal.
    pub fn exact(&self, bytes: &[u8]) -> Result<()> {
        // Programs that read results get one document and nothing else.
        if self.globals.format == Format::Json {
            self.screen.lines(&String::from_utf8_lossy(bytes));
            return Ok(());
        }
        printed(self.screen.exact(bytes))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn printed(written: std::io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::failed("cannot print the result").because(error))
        }
        _ => Ok(()),
    }
}
