//! `rehearse`: the real build, bump and apply, with the same code, on a sample or on a copy of this repository, against
//! stand-ins that change nothing anywhere.

mod again;
mod copy;
mod facts;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::cli;
use crate::model::{Exit, Failure, Failures, ImageName, Tag};
use crate::repo::{Repository, accounts, discover, settings};
use crate::report::rehearsed;
use crate::report::screen::Tone;
use crate::run::interrupt;
use crate::tasks::build_images::{self, builder};
use crate::tasks::context::{Context, REHEARSAL};
use crate::tasks::space::TEMPORARY;
use crate::tools::env::Env;
use crate::tools::process::{self, Invocation, Service, quoted};

/// The programs that there are stand-ins for.
const STAND_INS: [&str; 5] = ["aws", "aws-vault", "infrastructure-deployer", "terraform", "terragrunt"];

/// The parts of an update, in their order.
const PARTS: [&str; 4] = ["identity", "build-images", "bump-tags", "apply-all"];

/// Rehearses an update.
pub fn run(context: &Context, args: &cli::Rehearse) -> Result<Exit, Failures> {
    if let Some(base) = &args.inside {
        return again::run(context, base, &args.command);
    }
    let original = context.start().map_err(Failures::from).and_then(|start| original(context, &start))?;
    let pinned = original.as_ref().and_then(|repo| repo.settings.terraform_aws_ci_version().map(str::to_owned));
    let tag = context.tag(args.tag.as_ref(), pinned.as_deref().or(Some(NEWEST)))?;
    let base = new_folder(args.into.as_deref())?;
    let place = lay_out(context, args, original.as_ref(), &base, &tag).map_err(|error| {
        // Only a folder that is ours is removed again.
        if args.into.is_none() {
            let _ = fs::remove_dir_all(&base);
        }
        Failure::failed("the rehearsal could not be laid out").because(error)
    })?;
    introduce(context, original.as_ref(), &base);
    interrupt::leave_to_child()?;
    let performed =
        perform(context, &place, &tag).map_err(|error| Failure::failed("the rehearsal broke off").because(error))?;
    conclude(context, original.is_some(), &place, &tag, &performed)
}

/// The release that is rehearsed where nothing says another.
const NEWEST: &str = "v1.3.0";

/// Where a rehearsal takes place.
struct Place {
    /// The sample, or the copy.
    root: PathBuf,
    /// The stand-ins and what they remember.
    world: PathBuf,
    /// Profiles for accounts, as options.
    profiles: Vec<String>,
    /// Whether it is a copy.
    is_copy: bool,
    /// Whether it is known which runner builds images; where it isn't, they are there already.
    builds: bool,
    /// STS on loopback; ends with this.
    _sts: Service,
}

/// The repository around us, if there is one: it is then what is rehearsed, with whatever is wrong with it.
fn original(context: &Context, start: &Path) -> Result<Option<Repository>, Failures> {
    let opened = context.opened_at(start);
    if context.globals.repo.is_none() && !discover::is_marked(start) {
        return Ok(opened.ok());
    }
    opened.map(Some)
}

/// A folder outside every repository: in the real one `find_in_parent_folders` would find real files.
fn new_folder(wanted: Option<&Path>) -> Result<PathBuf, Failure> {
    let refuse = |path: &Path, what: &str| Failure::refused(what).in_file(path.display().to_string());
    let folder = match wanted {
        None => tempfile::Builder::new().prefix("xtask-rehearsal-").tempdir().map(tempfile::TempDir::keep).map_err(
            |error| {
                refuse(&std::env::temp_dir(), "cannot make a folder for the rehearsal").because(error).hint(TEMPORARY)
            },
        )?,
        Some(path) => {
            fs::create_dir_all(path).map_err(|error| refuse(path, "cannot make this folder").because(error))?;
            if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
                return Err(refuse(path, "this folder is not empty, and a rehearsal overwrites nothing"));
            }
            path.to_owned()
        }
    };
    let folder = folder.canonicalize().map_err(|error| refuse(&folder, "this folder can't be used").because(error))?;
    let marks = accounts::NAMES.into_iter().chain([".git", "common.hcl"]);
    let around = folder.ancestors().find(|above| marks.clone().any(|mark| above.join(mark).exists()));
    match around {
        None => Ok(folder),
        Some(around) => Err(refuse(&folder, "a rehearsal must lie outside every repository")
            .detail(format!("it is inside {}", around.display()))),
    }
}

fn lay_out(
    context: &Context,
    args: &cli::Rehearse,
    original: Option<&Repository>,
    base: &Path,
    tag: &Tag,
) -> anyhow::Result<Place> {
    let standin = build_stand_ins(context)?;
    let world = base.join("world");
    let bin = world.join("bin");
    fs::create_dir_all(&bin)?;
    for name in STAND_INS {
        let path = bin.join(name);
        fs::hard_link(&standin, &path).or_else(|_| fs::copy(&standin, &path).map(drop))?;
    }
    let shell = Shell::new()?;
    let root = match original {
        None => {
            let root = base.join("infrastructure-live");
            cmd!(shell, "{standin} sample --into {root}").quiet().ignore_stdout().run()?;
            root
        }
        Some(repo) => {
            let root = base.join(repo.root.file_name().unwrap_or("infrastructure-live".as_ref()));
            for link in copy::copy(&repo.root, &root)? {
                let name = link.strip_prefix(&repo.root).unwrap_or(&link).display().to_string();
                context.screen.insist(
                    Tone::Warning,
                    "Left out",
                    format!("{name}   a link that leads out of the repository"),
                );
            }
            // Where nothing else marks the root, as where no file lists accounts, this does; git makes it its own.
            fs::create_dir_all(root.join(".git"))?;
            root
        }
    };
    let open = || context.opened_at(&root).map_err(|failures| anyhow::anyhow!("{}", join(&failures)));
    let mut repo = open()?;
    if copy::make_accounts_up(context, &repo)? {
        repo = open()?;
    }
    let profile = |name: &str| format!("your-{name}");
    let known = repo
        .accounts
        .iter()
        .flat_map(|account| ["--profile".to_owned(), format!("{}={}", profile(&account.name), account.id)]);
    let known: Vec<_> = known.collect();
    let accounts = repo.accounts.iter().map(|account| account.name.as_str()).collect::<Vec<_>>();
    let misnamed =
        args.inject.iter().filter_map(|fault| fault.split_once(':')).find(|(_, name)| !accounts.contains(name));
    if let Some((_, name)) = misnamed {
        anyhow::bail!("`--inject` names `{name}`, and the accounts are {}", accounts.join(", "));
    }
    let named = build_images::Ask::stated_builder(&repo).ok().flatten();
    let builds = ImageName::ALL.iter().all(|image| builder::find(&repo, named.as_ref(), image.as_str()).is_ok());
    let known = known.into_iter().chain(original.into_iter().flat_map(|_| facts::options(&repo)));
    let images = if builds { Vec::new() } else { facts::images(&repo, tag) };
    let known: Vec<_> = known.chain(images).collect();
    if original.is_some() {
        facts::write(&repo, &world)?;
        // A world is made of what is there, and stacks generate their units later.
        for unit in repo.units.iter().filter(|unit| unit.stack.is_some()) {
            copy::copy(&repo.copied_from(unit), &unit.path.in_root(&root))?;
        }
    }
    let faults = args.inject.iter().flat_map(|fault| ["--inject", fault]);
    let uses = repo.units.iter().flat_map(|unit| unit.images.values().flatten());
    let deciders = uses.flat_map(|uses| &uses.deciders);
    let there = deciders.filter_map(|decider| Some(format!("{}:{}", decider.uri.value()?, decider.tag.value()?)));
    let there: Vec<_> = there.flat_map(|image| ["--image".to_owned(), image]).collect();
    cmd!(shell, "{standin} world --into {world} --repo {root} {known...} {there...} {faults...}")
        .quiet()
        .ignore_stdout()
        .run()?;
    let sts = Service::start(&standin, &["sts".as_ref(), "--world".as_ref(), world.as_os_str()], "ready ")?;
    copy::write_settings(&root, &sts.told)?;
    copy::start_history(&shell, &root);
    let profiles = repo.accounts.iter().map(|account| format!("--profile={}={}", account.name, profile(&account.name)));
    let is_copy = original.is_some();
    Ok(Place { profiles: profiles.collect(), root, world: world.canonicalize()?, is_copy, builds, _sts: sts })
}

/// Builds the package of stand-ins beside our own binary, and gives the path of its program.
fn build_stand_ins(context: &Context) -> anyhow::Result<PathBuf> {
    let ours = std::env::current_exe()?;
    let profile_folder = ours.parent().context("our own binary has no folder")?;
    let target = profile_folder.parent().context("our own binary lies in no target folder")?;
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("standins/Cargo.toml");
    anyhow::ensure!(
        manifest.is_file(),
        "the stand-ins' source is not at {}; rehearse from a checkout that has `xtask/standins`",
        manifest.display()
    );
    let cargo = context.vars.get("CARGO".as_ref() as &std::ffi::OsStr).cloned().unwrap_or_else(|| "cargo".into());
    // Where the crate is built by a profile of its own, the stand-ins' workspace need not know that profile.
    let release = profile_folder.ends_with("release").then_some("--release");
    let built = target.join(if release.is_some() { "release" } else { "debug" }).join("xtask-standin");
    let shell = Shell::new()?;
    let is_first = !built.exists();
    if is_first {
        context.screen.say(Tone::Plain, "Building", "the stand-ins (once)");
    }
    let quiet = (!is_first || context.globals.quiet).then_some("--quiet");
    let command = cmd!(
        shell,
        "{cargo} build {quiet...} --bin xtask-standin --manifest-path {manifest} --target-dir {target} {release...}"
    );
    command.quiet().run().context("the stand-ins could not be built")?;
    Ok(built)
}

fn introduce(context: &Context, original: Option<&Repository>, base: &Path) {
    let what = match original {
        None => "a sample of six accounts".to_owned(),
        Some(repo) => format!("a copy of {}", repo.root.display()),
    };
    context.screen.say(Tone::Plain, "Rehearsal", format!("{what} in {}", base.display()));
}

/// Runs the three commands as a person would, on a PATH of their own.
fn perform(context: &Context, place: &Place, tag: &Tag) -> anyhow::Result<Performed> {
    let mut performed = Performed { exit: Exit::DONE, done: Vec::new(), failed: None };
    for name in PARTS {
        let takes_tag = ["build-images", "bump-tags"].contains(&name);
        let words: Vec<&str> = [name].into_iter().chain(takes_tag.then(|| tag.as_str())).collect();
        context.screen.blank();
        if !place.builds && name == "build-images" {
            let why = "it is not known which runner builds images, so they count as built";
            context.screen.say(Tone::Plain, "Skipping", format!("cargo xtask {}: {why}", words.join(" ")));
            continue;
        }
        context.screen.say(Tone::Plain, "Rehearsing", format!("cargo xtask {}", words.join(" ")));
        let argv = words.iter().map(OsString::from).chain(options(context)).collect();
        let exit = place.one(context, argv)?;
        if exit != Exit::DONE {
            return Ok(Performed { exit, failed: Some(name), ..performed });
        }
        performed.done.push(name);
    }
    Ok(performed)
}

/// The parts that a rehearsal carried out, and the one in which it failed.
struct Performed {
    exit: Exit,
    done: Vec<&'static str>,
    failed: Option<&'static str>,
}

impl Place {
    /// Runs one command of ours in it, or one of the programs that there are stand-ins for.
    fn one(&self, context: &Context, words: Vec<OsString>) -> anyhow::Result<Exit> {
        let bin = self.world.join("bin");
        if self.is_copy {
            let repo = context.opened_at(&self.root).map_err(|failures| anyhow::anyhow!("{}", join(&failures)))?;
            facts::write(&repo, &self.world)?;
        }
        let mut argv: Vec<OsString> = Vec::new();
        match words.first().filter(|word| STAND_INS.iter().any(|name| *word == name)) {
            Some(name) => argv.push(bin.join(name).into()),
            None => argv.extend([std::env::current_exe()?.into(), "--repo".into(), self.root.clone().into()]),
        }
        let is_ours = argv.len() > 1;
        argv.extend(self.profiles.iter().filter(|_| is_ours).map(OsString::from));
        argv.extend(words.into_iter().skip(usize::from(!is_ours)));
        let invocation = Invocation { argv, missing: None, cwd: self.root.clone(), vars: Arc::new(self.vars(context)) };
        // Programs that read results get one document, which is not that of a part.
        let stdout = match context.globals.format {
            cli::Format::Json => Stdio::from(std::io::stderr()),
            _ => Stdio::inherit(),
        };
        let status = process::in_our_place(&invocation, stdout)?;
        Ok(Exit(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
    }

    /// The environment in which the stand-ins are what there is.
    fn vars(&self, context: &Context) -> Env {
        let mut vars: Env = context.vars.clone();
        vars.retain(|name, _| !name.to_string_lossy().starts_with("AWS_"));
        vars.insert("PATH".into(), self.world.join("bin").into());
        vars.insert(REHEARSAL.into(), self.world.clone().into());
        let base = self.world.parent().unwrap_or(&self.world).to_string_lossy().into_owned();
        vars.insert(rehearsed::VARIABLE.into(), format!("cargo xtask rehearse --in {} --", quoted(&base)).into());
        let personal = [settings::CREDENTIALS, settings::PROFILE];
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].into_iter().chain(personal) {
            vars.remove::<std::ffi::OsStr>(name.as_ref());
        }
        vars
    }
}

/// What was asked of us is asked of them. Where there is nobody to consent, the rehearsal does.
fn options(context: &Context) -> Vec<OsString> {
    let globals = &context.globals;
    let nobody = crate::tools::tty::Terminal::open().is_none();
    let flags = [
        (globals.yes || nobody, "--yes"),
        (globals.dry_run, "--dry-run"),
        (globals.quiet, "--quiet"),
        (globals.verbose, "--verbose"),
    ];
    let flags = flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag.into());
    flags.chain(globals.allow.iter().map(|allowance| format!("--allow={allowance}").into())).collect()
}

fn conclude(
    context: &Context,
    is_copy: bool,
    place: &Place,
    tag: &Tag,
    performed: &Performed,
) -> Result<Exit, Failures> {
    let exit = performed.exit;
    let root = place.root.display();
    context.screen.blank();
    let (tone, verb, about) = match performed.failed {
        None => (Tone::Good, "Rehearsed", format!("the update to {tag}; nothing outside {root} was touched")),
        Some(_) => {
            let about =
                format!("with exit code {}, as it would in earnest; nothing outside {root} was touched", exit.0);
            (Tone::Bad, "Ended", about)
        }
    };
    context.screen.say(tone, verb, about);
    for line in claims(context, is_copy, performed) {
        context.screen.lines(&format!("  {line}"));
    }
    if exit != Exit::DONE {
        context.screen.lines(&format!("  files that are named above lie below {root}"));
    }
    context.screen.lines(&format!("  what every program was asked: {}", place.world.join("log.jsonl").display()));
    Ok(exit)
}

/// What was rehearsed and what wasn't: no more than was carried out.
fn claims(context: &Context, is_copy: bool, performed: &Performed) -> Vec<String> {
    let whose = if is_copy {
        " with your units and accounts"
    } else {
        " on the sample; run it in your repository to rehearse that"
    };
    let mut lines = Vec::new();
    if !performed.done.is_empty() {
        let shown = if context.globals.dry_run { ", which only showed what they would do (--dry-run)" } else { "" };
        lines.push(format!("rehearsed: {}{whose}{shown}", performed.done.join(", ")));
    }
    if let Some(failed) = performed.failed {
        lines.push(format!("rehearsed until it ended with exit code {}: {failed}", performed.exit.0));
    }
    let is_left = |name: &&str| !performed.done.contains(name) && performed.failed != Some(*name);
    let left = PARTS.into_iter().filter(is_left).map(str::to_owned);
    let asked = options(context).iter().any(|option| option == "--yes").then(|| "the questions".to_owned());
    let real = is_copy.then(|| {
        "your HCL in the real programs (the stand-ins take its tags from our reading), your credentials, your network"
            .to_owned()
    });
    let not: Vec<_> = left.chain(asked).chain(real).collect();
    if !not.is_empty() {
        lines.push(format!("not rehearsed: {}", not.join(", ")));
    }
    lines
}

fn join(failures: &Failures) -> String {
    failures.iter().map(|failure| failure.to_string()).collect::<Vec<_>>().join("\n")
}
