//! `build-images`: has the runner of the account that builds make both images and push them, and proves that they are there.

use std::path::Path;

use serde_json::json;

use crate::cli::{self, Format};
use crate::model::{Account, Exit, Failure, Failures, ImageName, ImageUri, Kind, Region, Tag};
use crate::repo::Repository;
use crate::repo::unit::Unit;
use crate::report::screen::{Tone, count, duration};
use crate::report::summary::{self, Row};
use crate::run::event::{Outcome, StepResult};
use crate::run::executor::OnFailure;
use crate::run::folder::RunFolder;
use crate::run::step::Stage;
use crate::tasks::context::Context;
use crate::tasks::images::{self, Wanted};
use crate::tasks::ready::Ready;
use crate::tasks::session::{self, Session};
use crate::tools::aws::Image;
use crate::tools::deployer::Build;

/// Builds and pushes the images.
pub fn run(context: &Context, args: &cli::BuildImages) -> Result<Exit, Failures> {
    let mut repo = context.repository()?;
    let mut problems = repo.take_problems();
    let tag = context.tag(args.tag.as_ref(), repo.settings.terraform_aws_ci_version())?;
    let (builds, unbuildable) = builds(&repo, &args.image, &tag);
    problems.extend(unbuildable);
    let accounts = session::accounts_of(builds.iter().map(|(account, build)| (*account, build.region.clone())));
    let mut ready = Ready::gather(context, &repo, &accounts, &["infrastructure-deployer", "aws"], problems)?;

    let run = RunFolder::new(&repo.root);
    if context.globals.dry_run {
        context.result(&Queue::of(&ready, &run, &builds, true)?.shell_lines())?;
        return Ok(Exit::DONE);
    }
    session::say_repository(context, &repo);
    let (account, build) = &builds[0];
    let about = format!("{} by the runner of {account} in {}", names(&builds), build.region);
    context.screen.say(Tone::Plain, "Images", about);
    let mut session = Session::begin(context, &repo, &run, "build-images", builds.len())?;
    session.ask_passphrase(&mut ready)?;
    let queue = Queue::of(&ready, &run, &builds, false)?;
    session.prove_identities(&ready, &queue.identity, &queue.accounts)?;
    let before = images::ask(&session, &queue.before, &queue.wanted)?;
    let outcomes = session.side_by_side(&queue.builds, OnFailure::GoOn);
    session.check_interrupt().inspect_err(|_| tell_interrupted(context, &queue, &outcomes, &repo))?;
    let after = images::ask(&session, &queue.after, &queue.wanted)?;
    let rows: Vec<_> = queue
        .wanted
        .iter()
        .zip(&outcomes)
        .zip(before.iter().zip(&after))
        .map(|((wanted, outcome), (before, after))| row(wanted, outcome, before.as_ref(), after.as_ref(), &repo.root))
        .collect();
    report(context, &run, &rows, &after)
}

/// What is known of builds when there is no time left to ask ECR.
fn tell_interrupted(context: &Context, queue: &Queue<'_>, outcomes: &[Outcome], repo: &Repository) {
    let row = |(wanted, outcome): (&Wanted<'_>, &Outcome)| {
        let path = format!("{}:{}", wanted.uri, wanted.tag);
        let mut row = Row::of(wanted.image.as_str(), &path, outcome, &repo.root);
        row.note = (outcome.result == StepResult::Succeeded).then(|| "ended well; ECR was not asked".to_owned());
        row
    };
    let rows: Vec<_> = queue.wanted.iter().zip(outcomes).map(row).collect();
    summary::show(&context.screen, &rows);
}

struct Queue<'r> {
    accounts: Vec<(&'r Account, Region)>,
    wanted: Vec<Wanted<'r>>,
    identity: Stage,
    before: Stage,
    builds: Stage,
    after: Stage,
}

impl<'r> Queue<'r> {
    fn of(ready: &Ready<'_>, run: &RunFolder, builds: &[(&'r Account, Build)], dry: bool) -> Result<Self, Failure> {
        let orders = session::orders(ready, run, dry)?;
        let accounts = session::accounts_of(builds.iter().map(|(account, build)| (*account, build.region.clone())));
        let wanted: Vec<_> = builds
            .iter()
            .map(|(account, build)| Wanted {
                image: build.image,
                uri: build.uri.clone(),
                tag: build.tag.clone(),
                account,
            })
            .collect();
        Ok(Self {
            identity: orders.identities(&accounts),
            before: images::lookups(&orders, &wanted, "before"),
            builds: Stage {
                title: "Building".to_owned(),
                is_told: true,
                about: names(builds),
                lanes: builds.iter().map(|(account, build)| vec![orders.build(account, build)]).collect(),
            },
            after: images::lookups(&orders, &wanted, "after"),
            accounts,
            wanted,
        })
    }

    fn shell_lines(&self) -> String {
        [&self.identity, &self.before, &self.builds, &self.after].map(Stage::shell_lines).join("\n")
    }
}

/// The images that are built, in a few words.
fn names(builds: &[(&Account, Build)]) -> String {
    let name = |(_, build): &(&Account, Build)| format!("{}:{}", build.uri.repository(), build.tag);
    builds.iter().map(name).collect::<Vec<_>>().join(" and ")
}

/// What to build, and in which account: that of the one unit that configures a docker image builder.
fn builds<'r>(repo: &'r Repository, images: &[ImageName], tag: &Tag) -> (Vec<(&'r Account, Build)>, Vec<Failure>) {
    let mut problems = Vec::new();
    let builders: Vec<&Unit> =
        repo.units.iter().filter(|unit| matches!(unit.images.get(&ImageName::Kaniko), Some(Some(_)))).collect();
    let builder = match builders[..] {
        [builder] => builder,
        [] => {
            return (
                Vec::new(),
                vec![
                    Failure::refused("no unit configures a docker image builder, so nothing can build images")
                        .hint("one unit, usually the one of the shared account, needs `docker_image_builder_config`"),
                ],
            );
        }
        _ => {
            let failure =
                Failure::refused("several units configure a docker image builder, and nothing says which one is meant");
            return (
                Vec::new(),
                vec![builders.iter().fold(failure, |failure, unit| failure.detail(unit.path.to_string()))],
            );
        }
    };
    let mut builds = Vec::new();
    for image in ImageName::ALL.into_iter().filter(|image| images.is_empty() || images.contains(image)) {
        match uri_of(builder, image) {
            Ok((uri, region)) => {
                let dockerfile_repo = repo.settings.dockerfile_repo().to_owned();
                builds.push((&builder.account, Build { image, uri, tag: tag.clone(), dockerfile_repo, region }));
            }
            Err(failure) => problems.push(failure),
        }
    }
    (builds, problems)
}

fn uri_of(builder: &Unit, image: ImageName) -> Result<(ImageUri, Region), Failure> {
    let unknown = |what: &str, reason: &str| {
        Failure::refused(format!("{what} of `{}` is not known, because {reason}", builder.path))
    };
    let Some(Some(image_use)) = builder.images.get(&image) else {
        return Err(Failure::refused(format!("`{}` configures no image `{image}`", builder.path)));
    };
    let uri =
        image_use.uri.as_result().map_err(|reason| unknown(&format!("the address of image `{image}`"), reason))?;
    let region = builder.region.as_result().map_err(|reason| unknown("the region", reason))?;
    if *uri.account() == builder.account.id {
        return Ok((uri.clone(), region.clone()));
    }
    Err(Failure::refused(format!("image `{image}` would be pushed into another account than the one that builds it"))
        .detail(format!("builds in  {}, {}", builder.account, builder.path))
        .detail(format!("pushes to  {uri}")))
}

/// What became of an image: only ECR can say, since a build of a tag that exists is a successful nothing.
fn row(wanted: &Wanted<'_>, outcome: &Outcome, before: Option<&Image>, after: Option<&Image>, root: &Path) -> Row {
    let path = format!("{}:{}", wanted.uri, wanted.tag);
    let outcome = match (outcome.result, after) {
        (StepResult::Succeeded, None) => {
            let cause = "infrastructure-deployer ended well, but the image is not in ECR".to_owned();
            Outcome { result: StepResult::Failed, cause: Some(cause), ..outcome.clone() }
        }
        (StepResult::Failed, Some(image)) => {
            let cause = outcome.cause.clone().unwrap_or_default();
            let cause = format!("{cause}; the image is in ECR all the same: {}", image.short());
            Outcome { cause: Some(cause), ..outcome.clone() }
        }
        _ => outcome.clone(),
    };
    let mut row = Row::of(wanted.image.as_str(), &path, &outcome, root);
    if outcome.result == StepResult::Succeeded {
        row.note = after.map(|image| match before {
            Some(old) if old.digest == image.digest => format!("was there already, not built   {}", image.short()),
            _ => format!("built in {}   {}", duration(outcome.took), image.short()),
        });
    }
    row
}

fn report(context: &Context, run: &RunFolder, rows: &[Row], after: &[Option<Image>]) -> Result<Exit, Failures> {
    summary::show(&context.screen, rows);
    if context.globals.format == Format::Json {
        let images: Vec<_> = rows
            .iter()
            .zip(after)
            .map(|(row, image)| {
                json!({
                    "image": row.name, "uri": row.path, "result": row.result, "cause": row.cause,
                    "digest": image.as_ref().map(|image| &image.digest), "seconds": row.seconds, "log": row.log,
                })
            })
            .collect();
        context.result(&json!({ "schema": 1, "run": run.id, "images": images }).to_string())?;
    }
    let n_failed = rows.iter().filter(|row| row.result != StepResult::Succeeded.as_str()).count();
    if n_failed > 0 {
        return Err(Failure::new(Kind::Failed, format!("{n_failed} of {} failed", count(rows.len(), "build")))
            .hint("once the cause is settled: cargo xtask build-images, which leaves alone what is there")
            .into());
    }
    context.screen.say(
        Tone::Good,
        "Finished",
        format!("next: cargo xtask bump-tags{}", rows.first().map(tag_of).unwrap_or_default()),
    );
    Ok(Exit::DONE)
}

fn tag_of(row: &Row) -> String {
    row.path.rsplit_once(':').map(|(_, tag)| format!(" {tag}")).unwrap_or_default()
}
