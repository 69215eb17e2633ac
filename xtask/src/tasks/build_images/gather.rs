//! What is to be built, and where every part of it was taken from.

use std::collections::BTreeMap;

use super::admission::{self, Asked};
use super::{bootstrap, builder, recipe};
use crate::cli::{self, Allowance, How};
use crate::model::{Account, Failure, Failures, ImageName, Tag, UnitPath, is_secret_name};
use crate::repo::Repository;
use crate::repo::unit::Unit;
use crate::tasks::context::Context;
use crate::tasks::profiles::Profiles;
use crate::tasks::select;
use crate::tools::deployer::Build;
use crate::tools::env;

/// What somebody wants.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The images, by name.
    pub images: Vec<String>,
    /// The tag of the two that a runner is made of.
    pub tag: Tag,
    /// Whether the tag was given for the images that were named, further ones included.
    pub is_for_all: bool,
    /// Further arguments of the builds.
    pub build_args: Vec<(String, String)>,
    /// Who builds.
    pub how: How,
    /// The unit whose runner builds, where it is named.
    pub builder: Option<UnitPath>,
}

/// An image that is to be built.
#[derive(Clone, Debug)]
pub struct Planned<'r> {
    /// The account that builds it and keeps it.
    pub account: &'r Account,
    /// The unit whose runner builds it.
    pub(super) builder: &'r Unit,
    /// The build.
    pub build: Build,
    /// What is other than in the documented command, each with the place that it was taken from.
    pub taken: Vec<(String, String)>,
    /// What to ask the runner that builds, if one does.
    pub(super) asked: Option<Asked>,
}

impl Ask {
    /// Reads the command line, and checks the names against the settings.
    pub fn of(context: &Context, repo: &Repository, args: &cli::BuildImages) -> Result<Self, Failures> {
        let known: Vec<String> = ImageName::ALL.iter().map(ToString::to_string).collect();
        let further = repo.settings.images().iter().map(|image| image.name.clone());
        let all: Vec<String> = known.iter().cloned().chain(further.filter(|name| !known.contains(name))).collect();
        if let Some(unknown) = args.image.iter().find(|name| !all.contains(name)) {
            return Err(Failure::usage(format!("`{unknown}` is not an image ({})", all.join(", ")))
                .hint("further images are defined under `[[workspace.metadata.xtask.image]]` in Cargo.toml")
                .into());
        }
        if let Some((name, _)) = args.build_arg.iter().find(|(name, _)| is_secret_name(name)) {
            return Err(Failure::usage(format!("`--build-arg {name}=…` would put a secret on a command line"))
                .hint("use `env-secrets` under `[[workspace.metadata.xtask.image]]` in Cargo.toml")
                .into());
        }
        let mut images = if args.image.is_empty() { known.clone() } else { args.image.clone() };
        images.sort_by_key(|name| all.iter().position(|known| known == name));
        images.dedup();
        let only_further = images.iter().all(|name| !known.contains(name));
        let own_tags = |name: &String| repo.settings.image(name).is_some_and(|image| image.tag.is_some());
        let pinned = repo.settings.terraform_aws_ci_version();
        let tag = match &args.tag {
            None if only_further && images.iter().all(own_tags) => {
                repo.settings.image(&images[0]).and_then(|image| image.tag.clone()).expect("all have one")
            }
            tag => context.tag(tag.as_ref(), pinned)?,
        };
        let is_for_all = args.tag.is_some() && only_further;
        let builder = match &args.unit {
            Some(name) => Some(select::find_unit(repo, &context.start()?, name)?.path.clone()),
            None => Self::stated_builder(repo)?,
        };
        Ok(Self { images, tag, is_for_all, build_args: args.build_arg.clone(), how: args.how, builder })
    }
}

impl Ask {
    /// The unit whose runner builds, as the settings say.
    pub fn stated_builder(repo: &Repository) -> Result<Option<UnitPath>, Failure> {
        let Some(name) = &repo.settings.build().unit else { return Ok(None) };
        let unit = select::find_unit(repo, &repo.root, name);
        let place = || repo.settings.place("build").cloned();
        let unit = unit.map_err(|failure| place().into_iter().fold(failure, Failure::at))?;
        Ok(Some(unit.path.clone()))
    }
}

/// Plans the builds, and says everything that keeps them from being made.
pub fn gather<'r>(context: &Context, repo: &'r Repository, ask: &Ask) -> (Vec<Planned<'r>>, Vec<Failure>) {
    let mut planned: Vec<Planned<'r>> = Vec::new();
    let mut problems: Vec<Failure> = Vec::new();
    let scripts = repo.build_scripts();
    for name in &ask.images {
        let found = builder::find(repo, ask.builder.as_ref(), name);
        let found = found.and_then(|builder| Ok((builder, repo.needs_account(builder)?)));
        let built = found.map_err(|failure| vec![failure]).and_then(|(builder, account)| {
            let (build, taken) =
                recipe::Source { context, repo, builder, account, scripts: &scripts, ask }.build(name)?;
            let asked = (ask.how == How::Runner).then(|| Asked::of(repo, builder, &build)).flatten();
            Ok(Planned { account, builder, build, taken, asked })
        });
        match built {
            Ok(one) => planned.push(one),
            Err(failures) => {
                let is_new = |failure: &Failure| problems.iter().all(|known| known.to_string() != failure.to_string());
                let new: Vec<_> = failures.into_iter().filter(is_new).collect();
                problems.extend(new);
            }
        }
    }
    problems.extend(too_old(context, repo, &planned, ask));
    problems.extend(missing_variables(context, ask, &planned));
    problems.extend(pushed_twice(&planned));
    (planned, problems)
}

/// A runner that can't build its successor, as far as the files say which one it is.
fn too_old(context: &Context, repo: &Repository, planned: &[Planned<'_>], ask: &Ask) -> Option<Failure> {
    let is_asked = ask.how == How::Runner && !context.globals.allows(Allowance::DoubtfulBuild);
    let of_runner = planned.iter().filter(|it| is_asked && it.build.image.parse::<ImageName>().is_ok());
    let known = of_runner.filter_map(|it| Some((it.builder, bootstrap::kaniko(it.builder)?)));
    let (builder, kaniko) = known.min_by_key(|(_, kaniko)| *kaniko)?;
    bootstrap::refusal(repo, &Profiles::read(context), builder, kaniko, &ask.tag).map(admission::allowable)
}

/// On this machine the secrets come from this shell, in the runner from where it keeps them.
fn missing_variables(context: &Context, ask: &Ask, planned: &[Planned<'_>]) -> Vec<Failure> {
    if ask.how != How::LocalDocker {
        return Vec::new();
    }
    let mut missing: BTreeMap<&str, &str> = BTreeMap::new();
    for planned in planned {
        let secrets = crate::tools::docker::secrets(&planned.build);
        missing
            .extend(secrets.filter(|(_, name)| env::text(&context.vars, name).is_none()).map(|(id, name)| (name, id)));
    }
    let failure = |(name, id): (&str, &str)| {
        Failure::refused(format!("`{name}` is not set, and the build needs it as its secret `{id}`"))
            .hint(format!("export {name} with a personal access token that can read the Dockerfile repository"))
    };
    missing.into_iter().map(failure).collect()
}

/// Two images with one address would be the same image.
fn pushed_twice(planned: &[Planned<'_>]) -> Option<Failure> {
    let twice = planned.iter().enumerate().find_map(|(n, one)| {
        let other = planned[..n].iter().find(|other| other.build.target() == one.build.target())?;
        Some((one, &other.build))
    });
    let (one, other) = twice?;
    let (names, target) = ((&other.image, &one.build.image), one.build.target());
    let what = format!("images `{}` and `{}` would be pushed as one: {target}", names.0, names.1);
    Some(Failure::refused(what).detail(format!("the addresses are those of {}", one.builder.path)))
}
