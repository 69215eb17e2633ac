//! What is asked for, and the plan of it: offline, with everything that is wrong at once.

use std::collections::BTreeMap;

use crate::cli::{self, Allowance};
use crate::model::{Failure, Failures, ImageName, Tag};
use crate::repo::bump::{Bump, PinName, Request, plan_bump};
use crate::repo::{Decider, Repository, Unit};
use crate::tasks::context::Context;
use crate::tasks::select::Selection;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The tag of each image that is to move.
    pub wanted: BTreeMap<ImageName, Tag>,
    /// Only these units.
    pub selection: Selection,
    /// Only these configurations; all if there is none.
    pub configurations: Vec<String>,
    /// Pins that can't be found.
    pub pins: Vec<PinName>,
    /// Whether what build scripts and CI name moves as well.
    pub scripts: bool,
    /// The `ref` that the runner's module is to get.
    pub module_ref: Option<String>,
}

impl Ask {
    /// What a command line asks for.
    pub fn of(context: &Context, repo: &Repository, args: &cli::BumpTags) -> Result<Self, Failures> {
        Ok(Self {
            wanted: wanted(context, repo, args)?,
            selection: Selection::of(context, repo, &args.selectors)?,
            configurations: args.config.clone(),
            pins: args.pin.clone(),
            scripts: args.scripts,
            module_ref: args.module_ref.clone(),
        })
    }

    /// Whether a tag of this image is to move in the unit.
    pub fn is_about(&self, unit: &Unit, image: ImageName) -> bool {
        let deciders = unit.image(image).into_iter().flat_map(|uses| &uses.deciders);
        let is_called = |decider: &Decider| self.configurations.iter().any(|name| decider.is_called(name));
        self.configurations.is_empty() || deciders.into_iter().any(is_called)
    }

    /// The command that asks for this, for messages.
    pub fn command(&self) -> String {
        let tags: Vec<_> = self.wanted.values().collect();
        let tags = match &tags[..] {
            [first, rest @ ..] if rest.iter().all(|tag| tag == first) => format!(" {first}"),
            [] => String::new(),
            _ => self.wanted.iter().map(|(image, tag)| format!(" --set {image}={tag}")).collect(),
        };
        let module = self.module_ref.iter().map(|to| format!(" --module-ref {to}")).collect::<String>();
        let only = self.configurations.iter().map(|name| format!(" --config {name}")).collect::<String>();
        format!("bump-tags{tags}{module}{only}{}", self.selection.options())
    }
}

/// Plans the change. What can't be read is like a unit that can't get its tag: nothing is planned, unless that is allowed.
pub fn gather(context: &Context, repo: &Repository, ask: &Ask) -> Result<Bump, Failures> {
    let request = Request {
        wanted: ask.wanted.clone(),
        selected: ask.selection.units(repo)?,
        configurations: ask.configurations.clone(),
        named: ask.pins.clone(),
        scripts: ask.scripts,
        partial: context.globals.allows(Allowance::PartialBump),
        old_module: context.globals.allows(Allowance::OldModule),
        other_modules: context.globals.allows(Allowance::OtherModules),
        module_ref: ask.module_ref.clone(),
    };
    let unread: Vec<_> = ask.selection.unread(repo).into_iter().map(Failure::again).collect();
    match plan_bump(repo, &request) {
        Ok(bump) if request.partial || unread.is_empty() => Ok(Bump { unread, ..bump }),
        Ok(_) => Failures::check(unread).map(|()| Bump::default()),
        Err(failures) => {
            Failures::check(failures.into_vec().into_iter().chain(unread).collect()).map(|()| Bump::default())
        }
    }
}

/// The tag of each image that is to be moved.
fn wanted(context: &Context, repo: &Repository, args: &cli::BumpTags) -> Result<BTreeMap<ImageName, Tag>, Failures> {
    let set: BTreeMap<ImageName, Tag> = args.set.iter().cloned().collect();
    if set.len() < args.set.len() {
        return Err(Failure::usage("`--set` names an image twice").into());
    }
    let by_set_alone = args.tag.is_none() && args.image.is_empty();
    if by_set_alone && (!set.is_empty() || args.module_ref.is_some()) {
        return Ok(set);
    }
    let tag = context.tag(args.tag.as_ref(), repo.settings.terraform_aws_ci_version())?;
    let mut wanted: BTreeMap<_, _> = ImageName::ALL
        .into_iter()
        .filter(|image| args.image.is_empty() || args.image.contains(image))
        .map(|image| (image, tag.clone()))
        .collect();
    wanted.extend(set);
    Ok(wanted)
}
