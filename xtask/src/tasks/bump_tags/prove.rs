//! The proof that every image is there which a unit would take from now on. A tag without its image keeps every task from
//! starting.

use crate::cli::Allowance;
use crate::model::{Failure, Failures, ImageName};
use crate::repo::Repository;
use crate::repo::bump::Bump;
use crate::repo::unit::Unit;
use crate::report::screen::Tone;
use crate::run::folder::RunFolder;
use crate::run::step::Stage;
use crate::tasks::bump_tags::gather::Ask;
use crate::tasks::context::Context;
use crate::tasks::images::{self, Wanted};
use crate::tasks::inquiry::Inquiry;
use crate::tasks::profiles;
use crate::tasks::ready::Ready;
use crate::tasks::session::{self, Session};

/// The images that must be there, and why the address of others isn't known.
pub fn wanted<'r>(repo: &'r Repository, ask: &Ask, bump: &Bump) -> (Vec<Wanted<'r>>, Vec<Failure>) {
    let mut problems = Vec::new();
    let mut wanted = Vec::new();
    let selected = match ask.selection.units(repo) {
        Ok(selected) => selected,
        Err(failures) => return (wanted, failures.into_vec()),
    };
    for (&image, tag) in &ask.wanted {
        let selected =
            selected.iter().copied().filter(|unit| ask.is_about(unit, image) && !is_out_of_question(bump, unit, image));
        let units: Vec<&Unit> = selected.chain(others(repo, bump, image)).collect();
        let (registries, unknown) = images::registries(repo, &units, image);
        problems.extend(unknown);
        wanted.extend(registries.into_iter().map(|(uri, account)| Wanted { image, uri, tag: tag.clone(), account }));
    }
    (wanted, problems)
}

/// Whether a unit is left out and its address isn't known either.
fn is_out_of_question(bump: &Bump, unit: &Unit, image: ImageName) -> bool {
    let is_left = bump.left.iter().any(|left| left.unit == unit.path && left.image == Some(image));
    is_left && unit.image(image).is_some_and(|uses| uses.uri.value().is_none())
}

/// Units that nobody selected and whose tag changes all the same.
fn others<'r>(repo: &'r Repository, bump: &Bump, image: ImageName) -> impl Iterator<Item = &'r Unit> {
    let of_image = bump.also.iter().filter(move |also| also.image == image.as_str());
    let units: Vec<_> = of_image.filter_map(|also| repo.unit(&also.unit)).collect();
    units.into_iter()
}

/// Asks ECR within a session in which the accounts are proven. `lookups` are [`images::lookups`] of `wanted`.
pub fn carry_out(session: &Session<'_>, lookups: &(Inquiry<'_>, Stage), wanted: &[Wanted<'_>]) -> Result<(), Failures> {
    let answers = images::ask(session, lookups, wanted)?;
    let missing = wanted.iter().zip(&answers).filter(|(_, answer)| answer.is_none()).map(|(wanted, _)| wanted);
    let context = session.context;
    if context.globals.allows(Allowance::UnverifiedImage) {
        for wanted in missing {
            let what =
                format!("{}:{} is not in ECR; moved all the same (--allow unverified-image)", wanted.uri, wanted.tag);
            context.screen.insist(Tone::Warning, "Allowed", what);
        }
        return Ok(());
    }
    let missing = missing.map(|wanted| {
        Failure::refused(format!("image {}:{} is not in ECR", wanted.uri, wanted.tag))
            .detail("nothing was changed: no task could start with this tag")
            .hint(format!("cargo xtask build-images {} --image {}", wanted.tag, wanted.image))
            .hint("if it will be there in time: --allow unverified-image")
    });
    Failures::check(missing.collect())
}

/// The same in a session of its own. A dry run prints what would be asked.
pub(super) fn by_itself(context: &Context, repo: &Repository, ask: &Ask, bump: &Bump) -> Result<(), Failures> {
    let (wanted, problems) = wanted(repo, ask, bump);
    let accounts =
        profiles::sessions(&repo.settings, wanted.iter().map(|wanted| (wanted.account, wanted.uri.region().clone())));
    let registries: Vec<_> = wanted.iter().map(|wanted| wanted.account).collect();
    let mut ready = Ready::gather(context, repo, &accounts, &registries, &[], problems)?;
    let run = RunFolder::new(&repo.root);
    let stages = |ready: &Ready<'_>, dry: bool| -> Result<(Stage, (Inquiry<'_>, Stage)), Failure> {
        let orders = session::orders(ready, &run, dry)?;
        Ok((orders.identities(&accounts), images::lookups(&orders, &wanted, "bump")))
    };
    if context.globals.dry_run {
        let (identity, lookups) = stages(&ready, true)?;
        context.commands(&format!("{}\n{}", identity.shell_lines(), lookups.1.shell_lines()))?;
        return Ok(());
    }
    let mut session = Session::begin(context, repo, &run, "bump-tags", wanted.len())?;
    session.ask_passphrase(&mut ready)?;
    let (identity, lookups) = stages(&ready, false)?;
    session.prove_identities(&ready, &identity, &accounts)?;
    let proven = carry_out(&session, &lookups, &wanted);
    run.discard();
    proven
}
