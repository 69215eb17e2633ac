//! `adopt`: puts the crate into a repository, or brings it up to date there. Everything is shown first, and everything is
//! written or nothing; what the repository has of its own stays, byte by byte.

mod config;
mod crates;
mod lock;
mod origin;
mod place;
mod record;
mod rust;
mod source;
mod suggest;
mod texts;
mod there;
mod words;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use crate::cli::{self, Allowance};
use crate::model::{Exit, Failure, Failures};
use crate::repo::{Repository, accounts, discover};
use crate::report::screen::Tone;
use crate::run::folder::RunFolder;
use crate::run::lock::RunLock;
use crate::tasks::context::Context;
use crate::tasks::{personal, settle};
use crate::tools::tty;
use place::Crate;
use record::Record;
use source::Source;
use suggest::Suggestion;
use texts::Text;
use there::There;

/// All that is to be written, and what there is to say about it.
struct Adoption {
    root: PathBuf,
    repo: Repository,
    source: Source,
    there: There,
    /// The crate as it will be; nothing where it is so already.
    new: Option<Crate>,
    texts: Vec<Text>,
    suggested: Option<Suggestion>,
    /// Files of the crate that were changed here and get lost, because that is allowed.
    lost: BTreeSet<String>,
}

/// Adopts.
pub fn run(context: &Context, args: &cli::Adopt) -> Result<Exit, Failures> {
    let adoption = gather(context, args)?;
    words::show(context, &adoption)?;
    if adoption.is_nothing() || context.globals.dry_run {
        words::notes(context, &adoption);
        if let (Some(_), Some(tag), false) = (&args.git, &args.tag, adoption.is_nothing()) {
            let about = format!("whether there is a tag `{tag}`: only asked before something is written");
            context.screen.say(Tone::Plain, "Not checked", about);
        }
        return Ok(Exit::DONE);
    }
    if let (Some(url), Some(tag)) = (&args.git, &args.tag) {
        origin::prove(context, &adoption, url, tag)?;
    }
    ask_consent(context, &adoption)?;
    let lock = RunFolder::new(&adoption.root).run_lock();
    let _lock = RunLock::take(&lock, &format!("adopt, process {}", std::process::id()))?;
    place::put(&adoption.root, adoption.new.as_ref(), &adoption.texts)?;
    words::conclude(context, &adoption);
    Ok(Exit::DONE)
}

/// Reads both sides, and works out everything that is to be written.
fn gather(context: &Context, args: &cli::Adopt) -> Result<Adoption, Failures> {
    let source = match (&args.git, &args.tag) {
        (Some(url), Some(tag)) => {
            origin::check(url)?;
            source::by_git(url, tag)
        }
        _ => source::copied(&checkout(args)?)?,
    };
    let root = root(context, args)?;
    settle::changes(context, &root)?;
    let mut repo = Repository::open(&root)?;
    personal::add_to(&mut repo, &context.vars);
    let there = there::look(&root)?;
    words::begin(context, &root, &source.version, &there);
    let suggested = suggest::settings(context, &repo, context.globals.dry_run)?;
    let settings = suggested.as_ref().map_or(&[][..], |it| &it.settings);
    let texts = texts::gather(&root, &source, settings, &context.vars)?;
    let changes = record::local_changes(&there.files, there.record.as_ref(), &source.files);
    if !changes.lost.is_empty() && !context.globals.allows(Allowance::LocalChanges) {
        return Err(would_be_lost(&there, &changes.lost).into());
    }
    let new = (!is_so_already(&there, &source)).then(|| with_record(&source, changes.kept));
    Ok(Adoption { root, repo, source, there, new, texts, suggested, lost: changes.lost })
}

impl Adoption {
    fn is_nothing(&self) -> bool {
        self.new.is_none() && self.texts.is_empty()
    }
}

/// The checkout to copy from: the one that was named, or the one that this program was built in.
fn checkout(args: &cli::Adopt) -> Result<PathBuf, Failure> {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let from = args.from.as_deref().or(built_in).unwrap_or(Path::new("."));
    from.canonicalize().map_err(|error| {
        Failure::refused("there is no checkout of this project to copy from")
            .in_file(from.display().to_string())
            .because(error)
            .hint("name one: --from PATH")
            .hint("or let the repository depend on it: --git URL --tag TAG")
    })
}

/// The root of the repository: where git or the accounts say that it is, and nowhere in the middle of it.
fn root(context: &Context, args: &cli::Adopt) -> Result<PathBuf, Failure> {
    let usage = || Failure::usage("the repository is not named").hint("cargo xtask adopt --into ~/infrastructure-live");
    let named = args.into.as_ref().or(context.globals.repo.as_ref()).ok_or_else(usage)?;
    let refuse = |what: &str| Failure::refused(what).in_file(named.display().to_string());
    let root = named.canonicalize().map_err(|error| refuse("cannot open the repository").because(error))?;
    if args.git.is_none() && checkout(args).is_ok_and(|checkout| checkout == root) {
        return Err(refuse("this is what would be copied from").hint("name your infrastructure-live repository"));
    }
    let marks = accounts::NAMES.into_iter().chain([".git", "common.hcl"]);
    match discover::git_root(&root) {
        Some(top) if !marks.into_iter().any(|mark| root.join(mark).exists()) => {
            Err(refuse("this is not the root of a repository").hint(format!("its root is {}", top.display())))
        }
        _ => Ok(root),
    }
}

fn would_be_lost(there: &There, lost: &BTreeSet<String>) -> Failure {
    let what = match &there.record {
        Some(record) => {
            format!("files of the crate were changed since {} was adopted, and would be overwritten", record.version)
        }
        None => "files of the crate differ, and nothing tells whether they were changed here".to_owned(),
    };
    let failure = there::listed(lost.iter()).into_iter().fold(Failure::refused(what), Failure::detail);
    failure
        .hint("see what was changed, and keep what you need: git log --patch -- xtask")
        .hint("if it may be overwritten: --allow local-changes")
}

/// Whether the crate is there as it would be put there.
fn is_so_already(there: &There, source: &Source) -> bool {
    let is_there = |(name, bytes): (&String, &Vec<u8>)| there.files.get(name).is_some_and(|it| record::same(it, bytes));
    let record = Record::of(source).text();
    let is_recorded = there.files.get(record::FILE).is_some_and(|it| record::same(it, record.as_bytes()));
    is_recorded && source.files.iter().all(is_there)
}

/// The crate with its record, and with what was added to it.
fn with_record(source: &Source, kept: BTreeSet<String>) -> Crate {
    let mut files: BTreeMap<String, Vec<u8>> = source.files.clone();
    files.insert(record::FILE.to_owned(), Record::of(source).text().into_bytes());
    Crate { files, kept }
}

/// Consent, at the terminal itself.
fn ask_consent(context: &Context, adoption: &Adoption) -> Result<(), Failure> {
    if context.globals.yes {
        return Ok(());
    }
    let question = format!("Write this to {}? [y/N] ", adoption.root.display());
    let otherwise = "there is no terminal to ask at; after reading the changes: --yes";
    if !io::stdout().is_terminal() {
        let unseen = Failure::unconfirmed("nothing was written");
        return Err(unseen.detail("stdout is not a terminal, so the changes would not be seen").hint(otherwise));
    }
    tty::agree(&question, "nothing was written", otherwise, &|| false)
}
