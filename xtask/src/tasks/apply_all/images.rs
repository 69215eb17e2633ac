//! Before anything is planned: the images that the units will take are in ECR. A tag without its image keeps every task of
//! the runner from starting, and a runner that doesn't start can't be repaired by itself.

use std::collections::BTreeMap;

use crate::cli::Allowance;
use crate::model::{Failure, Failures, ImageName, ImageUri};
use crate::report::screen::{Tone, count};
use crate::tasks::apply_all::Queue;
use crate::tasks::context::Context;
use crate::tasks::images::{self, Taken, Wanted};
use crate::tasks::inquiry::Answers;
use crate::tasks::profiles;
use crate::tasks::pulls::{self, Pulls};
use crate::tasks::ready::Workable;
use crate::tasks::session::Session;
use crate::tools::ecr_policy::Pull;
use crate::{model::Account, repo::Repository};

/// The images that the units will take; none if nobody wants to know.
pub(super) fn taken<'r>(context: &Context, repo: &'r Repository, units: &[Workable<'_>]) -> Taken<'r> {
    if context.globals.allows(Allowance::UnverifiedImage) {
        return Taken::default();
    }
    let all: Vec<_> = units.iter().map(|unit| unit.unit).collect();
    let taken = images::taken(repo, &all);
    // One session is of one account, and the registry may lie in another.
    let is_asked = |account: &Account| {
        units.iter().all(|unit| unit.account.id == account.id)
            || profiles::has_its_own(context, &repo.settings, account)
    };
    taken.only(is_asked, |account| profiles::not_asked(&repo.settings, account))
}

/// From which of the registries that are asked the units of other accounts pull.
pub(super) fn pulls<'r>(units: &[Workable<'r>], taken: &Taken<'r>) -> Vec<Pulls<'r>> {
    let deciders = |unit: &Workable<'r>| {
        let uses = ImageName::ALL.into_iter().filter_map(|image| unit.unit.image(image));
        uses.flat_map(|uses| &uses.deciders).filter_map(|decider| decider.uri.value()).collect::<Vec<_>>()
    };
    let of = |uri: &ImageUri| taken.wanted.iter().find(|wanted| wanted.uri == *uri).map(|wanted| wanted.account);
    pulls::of(
        units
            .iter()
            .flat_map(|unit| deciders(unit).into_iter().filter_map(|uri| Some((unit.account, uri.clone(), of(uri)?)))),
    )
}

/// Refuses if an account may not pull, by what ECR has answered.
pub fn judge_pulls(session: &Session<'_>, pulls: &[Pulls<'_>], answers: &Answers) -> Result<(), Failures> {
    let screen = &session.context.screen;
    let mut failures = Vec::new();
    for pulls in pulls {
        let (mut lacks, mut doubts) = (Vec::new(), BTreeMap::<String, Vec<&str>>::new());
        for (account, pull) in pulls.judged(answers) {
            match pull {
                Pull::Allowed => {}
                Pull::NotJudged(why) => doubts.entry(why).or_default().push(&account.name),
                Pull::NotAllowed(action) => lacks.push(format!("{account}: no statement allows {action}")),
                Pull::Denied(action) => lacks.push(format!("{account}: a statement denies {action}")),
            }
        }
        let repository = format!("{} of {}", pulls.uri.repository(), pulls.registry.name);
        for (why, names) in doubts {
            let about = format!("whether {} may pull from {repository} depends on {why}", names.join(" "));
            screen.say(Tone::Plain, "Images", about);
        }
        if !lacks.is_empty() {
            let what =
                format!("the policy of ECR repository {repository} lets {} not pull", count(lacks.len(), "account"));
            failures.push(lacks.into_iter().fold(Failure::refused(what), Failure::detail));
        }
    }
    if session.context.globals.allows(Allowance::DeniedPull) {
        let told = failures.iter().map(|failure| format!("{} (--allow denied-pull)", failure.what));
        told.for_each(|what| screen.insist(Tone::Warning, "Allowed", what));
        return Ok(());
    }
    let hinted = failures.into_iter().map(|failure| {
        failure
            .detail("nothing was planned or applied: no task could start there")
            .hint("allow it in the unit that has the ECR repositories, and apply that one first")
            .hint("if it is allowed in another way: --allow denied-pull")
    });
    Failures::check(hinted.collect())
}

/// Asks ECR, and refuses if an image is not there, or an account may not pull it.
pub(super) fn prove(session: &Session<'_>, queue: &Queue<'_, '_>) -> Result<(), Failures> {
    let (screen, taken) = (&session.context.screen, &queue.work.taken);
    if session.context.globals.allows(Allowance::UnverifiedImage) {
        screen.insist(Tone::Warning, "Allowed", "ECR was not asked for the images (--allow unverified-image)");
        return Ok(());
    }
    for (what, why) in &taken.not_asked {
        screen.insist(Tone::Warning, "Images", format!("ECR was not asked for {what}: {why}"));
    }
    let (inquiry, stage) = &queue.images;
    if inquiry.is_empty() {
        return Ok(());
    }
    let answers = inquiry.ask(session, stage);
    session.check_interrupt()?;
    let found = images::answered(&answers, &taken.wanted)?;
    let missing = taken.wanted.iter().zip(&found).filter(|(_, answer)| answer.is_none());
    Failures::check(missing.map(|(wanted, _)| wanted.missing("nothing was planned or applied")).collect())?;
    let names: Vec<_> = taken.wanted.iter().map(Wanted::name).collect();
    let about = format!("{} in ECR   {}", count(names.len(), "image"), names.join(", "));
    screen.say(Tone::Good, "Images", about);
    judge_pulls(session, &queue.work.pulls, &answers)
}
