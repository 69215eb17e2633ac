//! `bump-tags`: moves the image tags in the repository, and not a byte more, once the images are known to be there.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cli::{self, Allowance, Format};
use crate::model::{Exit, Failure, Failures, ImageName, Tag};
use crate::repo::Repository;
use crate::repo::bump::{Bump, plan_bump};
use crate::repo::unit::Unit;
use crate::report::screen::{Tone, count};
use crate::run::edit::{self, Edit};
use crate::run::folder::RunFolder;
use crate::run::lock::RunLock;
use crate::run::step::Stage;
use crate::tasks::context::Context;
use crate::tasks::images::{self, Wanted};
use crate::tasks::ready::Ready;
use crate::tasks::session::{self, Session};

/// Moves the tags.
pub fn run(context: &Context, args: &cli::BumpTags) -> Result<Exit, Failures> {
    let mut repo = context.repository()?;
    // What can't be read would come back as a tag that isn't known, once for every unit.
    Failures::check(repo.take_problems())?;
    let wanted = wanted(context, &repo, args)?;
    let bump = plan_bump(&repo, &wanted)?;
    if bump.edits.is_empty() {
        report(context, &bump, "nothing to change")?;
        return Ok(Exit::DONE);
    }
    if args.check {
        report(context, &bump, "would change")?;
        return Ok(Exit::DIFFERS);
    }
    if !args.offline {
        prove_images(context, &repo, &wanted)?;
    }
    if context.globals.dry_run {
        report(context, &bump, "would change")?;
        return Ok(Exit::DONE);
    }
    let edits: Vec<_> = bump
        .edits
        .iter()
        .map(|edit| Edit { name: &edit.file, path: &edit.path, before: &edit.before, after: &edit.after })
        .collect();
    let lock = RunFolder::new(&repo.root).run_lock();
    // Nobody plans while files change.
    let _lock = RunLock::take(&lock, &format!("bump-tags, process {}", std::process::id()))?;
    edit::write_all(&repo.root, "bump-tags", &edits)?;
    report(context, &bump, "changed")?;
    context.screen.say(Tone::Good, "Finished", "next: cargo xtask apply-all");
    Ok(Exit::DONE)
}

/// The tag of each image that is to be moved.
fn wanted(context: &Context, repo: &Repository, args: &cli::BumpTags) -> Result<BTreeMap<ImageName, Tag>, Failures> {
    let set: BTreeMap<ImageName, Tag> = args.set.iter().cloned().collect();
    if set.len() < args.set.len() {
        return Err(Failure::usage("`--set` names an image twice").into());
    }
    let by_set_alone = args.tag.is_none() && args.image.is_empty() && !set.is_empty();
    if by_set_alone {
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

/// Asks ECR for every image that a unit would take from now on. A tag without its image keeps every task from starting.
fn prove_images(context: &Context, repo: &Repository, tags: &BTreeMap<ImageName, Tag>) -> Result<(), Failures> {
    let units: Vec<&Unit> = repo.units.iter().collect();
    let mut problems = Vec::new();
    let mut wanted = Vec::new();
    for (&image, tag) in tags {
        let (registries, unknown) = images::registries(repo, &units, image);
        problems.extend(unknown);
        wanted.extend(registries.into_iter().map(|(uri, account)| Wanted { image, uri, tag: tag.clone(), account }));
    }
    let accounts = session::accounts_of(wanted.iter().map(|wanted| (wanted.account, wanted.uri.region().clone())));
    let mut ready = Ready::gather(context, repo, &accounts, &["aws"], problems)?;
    let run = RunFolder::new(&repo.root);
    let stages = |ready: &Ready<'_>, dry: bool| -> Result<(Stage, Stage), Failure> {
        let orders = session::orders(ready, &run, dry)?;
        Ok((orders.identities(&accounts, ""), images::lookups(&orders, &wanted, "bump")))
    };
    if context.globals.dry_run {
        let (identity, lookups) = stages(&ready, true)?;
        context.result(&format!("{}\n{}", identity.shell_lines(), lookups.shell_lines()))?;
        return Ok(());
    }
    let mut session = Session::begin(context, repo, &run, "bump-tags", wanted.len())?;
    session.ask_passphrase(&mut ready)?;
    let (identity, lookups) = stages(&ready, false)?;
    session.prove_identities(&ready, &identity, &accounts)?;
    let answers = images::ask(&session, &lookups, &wanted)?;
    run.discard();
    let missing = wanted.iter().zip(&answers).filter(|(_, answer)| answer.is_none()).map(|(wanted, _)| wanted);
    if context.globals.allows(Allowance::UnprovenImage) {
        for wanted in missing {
            let what =
                format!("{}:{} is not in ECR; moved all the same (--allow unproven-image)", wanted.uri, wanted.tag);
            context.screen.insist(Tone::Warning, "Allowed", what);
        }
        return Ok(());
    }
    let missing = missing.map(|wanted| {
        Failure::refused(format!("image {}:{} is not in ECR", wanted.uri, wanted.tag))
            .detail("nothing was changed: no task could start with this tag")
            .hint(format!("cargo xtask build-images {} --image {}", wanted.tag, wanted.image))
            .hint("if it will be there in time: --allow unproven-image")
    });
    Failures::check(missing.collect())
}

fn report(context: &Context, bump: &Bump, what: &str) -> Result<(), Failure> {
    let changes = bump.edits.iter().flat_map(|edit| edit.changes.iter().map(move |change| (edit, change)));
    if context.globals.format == Format::Json {
        let changes: Vec<_> = changes
            .map(|(edit, change)| {
                json!({ "file": edit.file, "line": change.pin.line, "key": change.pin.key, "from": change.from, "to": change.to })
            })
            .collect();
        let already: Vec<_> = bump
            .already
            .iter()
            .map(|pin| json!({ "file": pin.file, "line": pin.line, "key": pin.key, "tag": pin.value }))
            .collect();
        return context.result(&json!({ "schema": 1, "changes": changes, "already": already }).to_string());
    }
    for pin in &bump.already {
        context.screen.say(Tone::Good, "Already at", format!("{}   {}:{} {}", pin.value, pin.file, pin.line, pin.key));
    }
    let n = changes.count();
    if n > 0 {
        context.result(&bump.diff())?;
        let files = count(bump.edits.len(), "file");
        context.screen.say(Tone::Good, "Tags", format!("{} in {files} {what}", count(n, "pin")));
    }
    Ok(())
}
