//! What a journal holds. These types are its own, so that events and steps may change without breaking what was written.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::finding::{Found, Settled, Task};
use crate::model::{Failure, ImageUri};
use crate::run::step::StepKind;
use crate::tools::operator;
use crate::tools::process;
use crate::tools::proof::Proof;

/// The version of all this, written in the first record.
pub const SCHEMA: u32 = 1;

/// One thing that is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "kebab-case")]
pub enum Record {
    /// The run begins; always the first.
    Begun(Begun),
    /// What it is about.
    Selected(Vec<Selected>),
    /// A program that it uses, and its version.
    Tool(Tool),
    /// A step starts; on disk before anything that changes an account.
    Started(Started),
    /// A step ended.
    Ended(Ended),
    /// What the plan of a unit would do.
    Planned(Planned),
    /// Somebody agreed to plans; on disk before the first of them is applied.
    Consented(Consented),
    /// Files are about to be changed; on disk before the first one is.
    Editing(Vec<EditedFile>),
    /// All of those files are changed, or none.
    Edited(Edited),
    /// A step has started a task of ECS.
    Task(Task),
    /// What an image or a unit came out as, by whoever can tell for certain.
    Found(Found),
    /// A later run looked at what this one could not see the end of.
    Settled(Settled),
    /// Somebody made the runner leave while something was still running.
    Left(Left),
    /// Something worth knowing that decides nothing.
    Note(String),
    /// The run is over.
    Finished(Finished),
}

impl Record {
    /// The kinds that this version knows.
    pub(super) const KINDS: [&str; 15] = [
        "begun",
        "selected",
        "tool",
        "started",
        "ended",
        "planned",
        "consented",
        "editing",
        "edited",
        "task",
        "found",
        "settled",
        "left",
        "note",
        "finished",
    ];

    /// The names of files and folders in the run's folder that it holds.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let [first, second] = match self {
            Self::Started(started) => [started.of.attempt.as_deref(), started.log.as_deref()],
            Self::Ended(ended) => [ended.of.attempt.as_deref(), None],
            Self::Task(task) => [Some(task.attempt.as_str()), None],
            Self::Settled(settled) => [Some(settled.attempt.as_str()), None],
            _ => [None, None],
        };
        first.into_iter().chain(second)
    }

    /// Whether who doesn't know this kind must not go on as if it weren't there.
    pub(super) fn is_required(&self) -> bool {
        !matches!(self, Self::Tool(_) | Self::Task(_) | Self::Found(_) | Self::Left(_) | Self::Note(_))
    }
}

/// Who began what, on which files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// [`SCHEMA`] of whoever wrote it.
    pub schema: u32,
    /// The version of this program.
    pub version: String,
    /// The run's id.
    pub run: String,
    /// One more than any earlier run of this repository has: clocks may jump.
    pub order: u64,
    /// The command, such as `apply-all`.
    pub command: String,
    /// Its whole command line, without the program.
    pub argv: Vec<String>,
    /// The folder that the command line was given in, below the root: its paths are relative to that.
    #[serde(default)]
    pub folder: PathBuf,
    /// `user@host`.
    pub who: String,
    /// The process.
    pub pid: u32,
    /// Why, as the person said it.
    pub reason: Option<String>,
    /// What was allowed by name.
    pub allowances: Vec<String>,
    /// The commit that is checked out.
    pub commit: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// How many files differ from the commit.
    pub n_changed_files: Option<usize>,
    /// The release that a variable named, which the command line doesn't.
    #[serde(default)]
    pub release: Option<String>,
    /// The run that this one goes on with.
    #[serde(default)]
    pub resumes: Option<String>,
    /// Where and by which user it was begun; nowhere else is anything taken up from it.
    #[serde(default)]
    pub origin: Option<Origin>,
}

/// Where and by which user a run was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The user's id.
    pub uid: u32,
    /// The machine, as [`operator::machine`] tells it from others.
    pub machine: String,
    /// The root of the repository, without links.
    pub checkout: PathBuf,
}

impl Origin {
    /// This user on this machine, in the repository at `root`.
    pub fn here(root: &Path) -> Self {
        let checkout = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        Self { uid: operator::uid(), machine: operator::machine(), checkout }
    }
}

impl Begun {
    /// Its command line, as it can be pasted.
    pub fn typed(&self) -> String {
        let is_plain =
            |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=.,:/@+".contains(&byte));
        let quoted = |word: &String| if is_plain(word) { word.clone() } else { process::quoted(word) };
        self.argv.iter().fold("cargo xtask".to_owned(), |line, word| line + " " + &quoted(word))
    }

    /// Refuses to take anything up from a run that was begun elsewhere than in the repository at `root`, or by another user.
    pub fn check_origin(&self, root: &Path) -> Result<(), Failure> {
        let here = Origin::here(root);
        let why = match &self.origin {
            Some(origin) if *origin == here => return Ok(()),
            Some(origin) if origin.machine != here.machine => "it was begun on another machine".to_owned(),
            Some(origin) if origin.uid != here.uid => format!("it was begun by another user, uid {}", origin.uid),
            Some(origin) => format!("it was begun in another checkout, {}", origin.checkout.display()),
            None => "its journal doesn't name the machine and the user".to_owned(),
        };
        Err(Failure::refused(format!("run {} is not taken up: {why}", self.run))
            .detail(format!("begun by  {}", self.who))
            .hint("what is deployed is told by a fresh plan: cargo xtask apply-all"))
    }
}

/// A unit or an image that a run is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Selected {
    /// What it is called on the screen.
    pub label: String,
    /// The unit's path, or the image's address.
    pub path: String,
    /// The name of its account.
    pub account: String,
    /// The account's id.
    pub account_id: String,
    /// Its region.
    pub region: String,
}

impl Selected {
    /// Whether this was selected as an image, and not as a unit.
    pub fn is_image(&self) -> bool {
        self.path.parse::<ImageUri>().is_ok()
            || self.path.rsplit_once(':').is_some_and(|(uri, _)| uri.parse::<ImageUri>().is_ok())
    }
}

/// A program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version, if it told one.
    pub version: Option<String>,
}

/// Which step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRef {
    /// What it does.
    pub step: StepKind,
    /// What it does it to.
    pub subject: String,
    /// The unit's path, if it works in one.
    pub unit: Option<String>,
    /// The name of its folder in `attempts`, if guards are involved.
    pub attempt: Option<String>,
}

/// A step starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// Which one.
    #[serde(flatten)]
    pub of: StepRef,
    /// The command as one would type it, without secrets.
    pub command: String,
    /// Its log, relative to the run's folder.
    pub log: Option<String>,
}

/// A step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Which one.
    #[serde(flatten)]
    pub of: StepRef,
    /// The word of reports.
    pub result: String,
    /// Why, where it did not succeed.
    pub cause: Option<String>,
    /// Milliseconds, by a clock that does not jump.
    pub millis: u64,
    /// The exit status, if there is one.
    pub exit: Option<i32>,
    /// What the guards found out.
    pub proofs: Vec<Proof>,
    /// The most memory that its processes took together, in bytes, as far as that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

/// What the plan of a unit would do, as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The unit's label.
    pub unit: String,
    /// What is done to which address, a line each.
    pub changes: Vec<String>,
    /// The hash of the changes with all their values: equal if a fresh plan would do exactly the same.
    pub changes_sha256: String,
    /// The hash of the plan file.
    pub plan_sha256: String,
}

/// A consent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consented {
    /// How: `terminal`, `--yes`, or `carried over from RUN`.
    pub how: String,
    /// `user@host`.
    pub who: String,
    /// The hash of all that was agreed to.
    pub digest_sha256: String,
    /// The plans that are covered.
    pub plans: Vec<Planned>,
    /// The programs that made them, with which alone they may be applied.
    #[serde(default)]
    pub programs: Vec<Program>,
}

/// A program as it was when a plan was made with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// Device, inode, size and time of change: what the guards compare.
    pub mark: String,
    /// The hash of what is in it; `None` if it could not be read.
    pub sha256: Option<String>,
}

/// A file that is about to be changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditedFile {
    /// The file, from the root of the repository.
    pub file: String,
    /// The SHA-256 of what it has before.
    pub before: String,
    /// The SHA-256 of what it gets.
    pub after: String,
}

/// The end of a change of files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edited {
    /// The word of reports.
    pub result: String,
    /// Why, where it did not succeed.
    pub cause: Option<String>,
}

/// The runner left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// The number of the signal that made it leave.
    pub signal: i32,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// The exit code.
    pub exit: u8,
    /// Whether a question was answered with no, and nothing else went wrong.
    #[serde(default)]
    pub is_cancelled: bool,
    /// What went wrong, one message each.
    pub failures: Vec<String>,
    /// Milliseconds, by a clock that does not jump.
    pub millis: u64,
}

/// A record on its line, before anything is known of its kind. What a later version adds is passed by.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Envelope<B> {
    /// The number of the line, from 1.
    pub(super) line: u64,
    /// When it was written, RFC 3339 in UTC.
    pub(super) time: String,
    /// Whether who doesn't know the kind has to stop.
    pub(super) required: bool,
    /// The kind.
    pub(super) kind: String,
    /// The rest. It comes last, so that who knows the kind can read it from the text.
    #[serde(default)]
    pub(super) body: B,
}
