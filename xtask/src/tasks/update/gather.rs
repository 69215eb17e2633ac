//! Everything that an update is made of, from the files alone; and everything that is wrong, at once.

use crate::cli::{self, How, Until};
use crate::model::{Account, Failure, Failures, ImageName, Region, Tag};
use crate::repo::Repository;
use crate::repo::bump::Bump;
use crate::run::folder::RunFolder;
use crate::run::step::Stage;
use crate::tasks::bump_tags::gather::Ask;
use crate::tasks::context::Context;
use crate::tasks::images::{self, Wanted};
use crate::tasks::inquiry::Inquiry;
use crate::tasks::orders::Orders;
use crate::tasks::ready::Ready;
use crate::tasks::select::Selection;
use crate::tasks::{apply_all, build_images, bump_tags, profiles, pulls};
use crate::tools::programs;

/// Whether units are planned in the end, and perhaps applied.
pub(super) fn applies(args: &cli::Update) -> bool {
    args.until.is_none_or(|until| until == Until::Plan)
}

/// The parts of an update.
#[derive(Debug)]
pub(super) struct Parts<'r> {
    /// What is asked of the files.
    pub(super) ask: Ask,
    /// The change of the files.
    pub(super) bump: Bump,
    /// The images that must be in ECR before that.
    pub(super) wanted: Vec<Wanted<'r>>,
    /// The units, as they are before the files change: where they lie and whose they are stays the same.
    pub(super) work: apply_all::Work<'r>,
    /// Every account in which something is done or asked.
    pub(super) accounts: Vec<(&'r Account, Region)>,
    builds: Vec<build_images::Planned<'r>>,
    /// Why images couldn't be built, which matters only if some are missing.
    unbuildable: Vec<Failure>,
}

impl<'r> Parts<'r> {
    /// Plans every part offline. `problems` are those of the repository.
    pub(super) fn gather(
        context: &Context,
        repo: &'r Repository,
        args: &cli::Update,
        tag: &Tag,
        mut problems: Vec<Failure>,
    ) -> Result<(Self, Ready<'r>), Failures> {
        let ask = Ask {
            wanted: ImageName::ALL.into_iter().map(|image| (image, tag.clone())).collect(),
            selection: Selection::of(context, repo, &args.applies.selectors)?,
            configurations: Vec::new(),
            pins: Vec::new(),
            scripts: args.scripts,
            module_ref: args.module_ref.clone(),
        };
        let bump = bump_tags::gather::gather(context, repo, &ask);
        let bump = bump.map_err(|failures| problems.extend(failures.into_vec())).unwrap_or_default();
        let (wanted, unknown) = bump_tags::prove::wanted(repo, &ask, &bump);
        problems.extend(unknown);
        let mut images: Vec<_> = wanted.iter().map(|wanted| wanted.image.to_string()).collect();
        images.sort();
        images.dedup();
        let (builder, wrong) = match build_images::Ask::stated_builder(repo) {
            Ok(builder) => (builder, None),
            Err(failure) => (None, Some(failure)),
        };
        let (of, build_args) = (tag.clone(), Vec::new());
        let of_builds = build_images::Ask { images, tag: of, is_for_all: false, build_args, how: args.how, builder };
        let (builds, mut unbuildable) = build_images::gather(context, repo, &of_builds);
        problems.extend(wrong);
        let mut work = apply_all::Work::gather(context, repo, &args.apply(), &mut problems)?;

        let applies = applies(args);
        if applies {
            problems.append(&mut work.too_small);
        }
        if applies && !bump.edits.is_empty() {
            problems.extend(apply_all::needs_a_commit(context, repo, &work, tag));
        }

        let registries: Vec<_> =
            wanted.iter().map(|wanted| wanted.account).chain(builds.iter().map(|planned| planned.account)).collect();
        let of_images = wanted.iter().map(|wanted| (wanted.account, wanted.uri.region().clone()));
        let of_builds = builds.iter().map(|planned| (planned.account, planned.build.region.clone()));
        // Whether tasks of earlier builds are still at work is asked where they were started.
        let left = build_images::left_behind(&RunFolder::new(&repo.root), repo, &builds);
        let of_left = left.iter().map(build_images::Left::session);
        let accounts = work.accounts.iter().cloned().chain(of_images).chain(of_builds).chain(of_left);
        let accounts = profiles::sessions(&repo.settings, accounts);
        let mut needed = if applies { work.programs() } else { Vec::new() };
        // What builds is needed only if an image is missing.
        let builder = args.how.program();
        if programs::locate(builder, &repo.root, &context.vars).is_some() {
            needed.push(builder);
        } else {
            let missing = Failure::refused(format!("`{builder}` is not on the PATH"));
            unbuildable.push(match args.how {
                How::Runner => missing.hint("it comes with terraform-aws-ci, in the same release as the runner"),
                How::LocalDocker => missing,
            });
        }
        let ready = Ready::gather(context, repo, &accounts, &registries, &needed, problems)?;
        Ok((Self { ask, bump, wanted, work, accounts, builds, unbuildable }, ready))
    }

    /// What ECR is asked before anything is done: in one session of each account.
    pub(super) fn first_look(&self, orders: &Orders<'_>, args: &cli::Update) -> (Inquiry<'r>, Stage) {
        let mut inquiry = Inquiry::default();
        images::questions(&mut inquiry, &self.wanted);
        if applies(args) {
            pulls::questions(&mut inquiry, &self.work.pulls);
        }
        let stage = images::stage_of(orders, &inquiry, &self.wanted, "first");
        (inquiry, stage)
    }

    /// The builds, now that some are needed.
    pub(super) fn builds(&self) -> Result<&[build_images::Planned<'r>], Failures> {
        let add =
            |failure: &Failure| failure.again().detail("an image is missing in ECR, so nothing was moved or applied");
        Failures::check(self.unbuildable.iter().map(add).collect())?;
        Ok(&self.builds)
    }

    /// Every command, ready to paste, and the change of the files between them.
    pub(super) fn shell_lines(
        &self,
        context: &Context,
        orders: &Orders<'_>,
        run: &RunFolder,
        args: &cli::Update,
    ) -> String {
        let mut parts = vec![orders.identities(&self.accounts).shell_lines()];
        parts.push(self.first_look(orders, args).1.shell_lines());
        if self.unbuildable.is_empty() {
            let queue = build_images::Queue::of(orders, &self.builds, Vec::new(), args.how);
            parts.push(format!("# only what is missing\n{}", queue.build_lines()));
        }
        if !args.ends_with(Until::Images) && !self.bump.edits.is_empty() {
            parts.push(self.bump.diff());
        }
        if applies(args) {
            let queue = apply_all::Queue::of(orders, context, &self.work);
            parts.push(queue.shell_lines(run));
        }
        parts.join("\n")
    }
}
