//! `build-images`: has the runner of the account that builds make both images and push them, and proves that they are there.
//!
//! [`Work`] gathers offline, [`carry_out`] builds within a session, [`Made`] is what has become of it.

mod gather;
mod made;

pub use gather::Work;
pub use made::Made;

use crate::cli;
use crate::model::{Account, Exit, Failures, Region};
use crate::report::screen::Tone;
use crate::run::executor::OnFailure;
use crate::run::folder::RunFolder;
use crate::run::step::Stage;
use crate::tasks::context::Context;
use crate::tasks::images::{self, Wanted};
use crate::tasks::orders::Orders;
use crate::tasks::ready::Ready;
use crate::tasks::session::{self, Session};

/// Builds and pushes the images.
pub fn run(context: &Context, args: &cli::BuildImages) -> Result<Exit, Failures> {
    let mut repo = context.repository()?;
    let mut problems = repo.take_problems();
    let tag = context.tag(args.tag.as_ref(), repo.settings.terraform_aws_ci_version())?;
    let work = Work::gather(&repo, &args.image, &tag, &mut problems);
    let mut ready = Ready::gather(context, &repo, &work.accounts(), &["infrastructure-deployer", "aws"], problems)?;
    let run = RunFolder::new(&repo.root);
    if context.globals.dry_run {
        context.result(&Queue::of(&session::orders(&ready, &run, true)?, &work).shell_lines())?;
        return Ok(Exit::DONE);
    }
    session::say_repository(context, &repo);
    let (account, build) = &work.builds[0];
    let about = format!("{} by the runner of {account} in {}", work.names(), build.region);
    context.screen.say(Tone::Plain, "Images", about);
    let mut session = Session::begin(context, &repo, &run, "build-images", work.builds.len())?;
    session.ask_passphrase(&mut ready)?;
    let queue = Queue::of(&session::orders(&ready, &run, false)?, &work);
    session.prove_identities(&ready, &queue.identity, &queue.accounts)?;
    carry_out(&session, &queue, Which::All)?.report(&session)
}

/// Which images are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All; the runner leaves alone what is there.
    All,
    /// Those that ECR doesn't have.
    Missing,
}

/// Asks ECR, builds, and asks ECR again, within a session in which the accounts are proven.
pub fn carry_out(session: &Session<'_>, queue: &Queue<'_>, which: Which) -> Result<Made, Failures> {
    let before = images::ask(session, &queue.before, &queue.wanted)?;
    let chosen: Vec<_> = before.iter().map(|image| which == Which::All || image.is_none()).collect();
    let lanes = queue.builds.lanes.iter().zip(&chosen).filter(|(_, is_chosen)| **is_chosen);
    let wanted: Vec<_> = queue.wanted.iter().zip(&chosen).filter(|(_, is_chosen)| **is_chosen).collect();
    let wanted: Vec<_> = wanted.into_iter().map(|(wanted, _)| wanted).collect();
    if wanted.is_empty() {
        let none = vec![None; before.len()];
        return Ok(Made::of(&queue.wanted, &none, &before, before.clone(), &session.root));
    }
    let about = wanted
        .iter()
        .map(|wanted| format!("{}:{}", wanted.uri.repository(), wanted.tag))
        .collect::<Vec<_>>()
        .join(" and ");
    let builds = Stage { lanes: lanes.map(|(lane, _)| lane.clone()).collect(), about, ..queue.builds.clone() };
    let built = session.side_by_side(&builds, OnFailure::GoOn);
    session
        .check_interrupt()
        .inspect_err(|_| made::tell_interrupted(session.context, &wanted, &built, &session.root))?;
    let after = images::ask(session, &queue.after, &queue.wanted)?;
    let mut built = built.into_iter();
    let outcomes: Vec<_> = chosen.iter().map(|is_chosen| is_chosen.then(|| built.next()).flatten()).collect();
    Ok(Made::of(&queue.wanted, &outcomes, &before, after, &session.root))
}

/// Everything that will happen.
#[derive(Debug)]
pub struct Queue<'r> {
    /// The accounts to be proven.
    pub accounts: Vec<(&'r Account, Region)>,
    /// The images that have to be there in the end.
    pub wanted: Vec<Wanted<'r>>,
    identity: Stage,
    before: Stage,
    /// The builds.
    pub builds: Stage,
    after: Stage,
}

impl<'r> Queue<'r> {
    /// Makes every step.
    pub fn of(orders: &Orders<'_>, work: &Work<'r>) -> Self {
        let (accounts, wanted) = (work.accounts(), work.wanted());
        Self {
            identity: orders.identities(&accounts),
            before: images::lookups(orders, &wanted, "before"),
            builds: Stage {
                title: "Building".to_owned(),
                is_told: true,
                about: work.names(),
                lanes: work.builds.iter().map(|(account, build)| vec![orders.build(account, build)]).collect(),
            },
            after: images::lookups(orders, &wanted, "after"),
            accounts,
            wanted,
        }
    }

    /// Every command, ready to paste.
    fn shell_lines(&self) -> String {
        [&self.identity, &self.before, &self.builds, &self.after].map(Stage::shell_lines).join("\n")
    }
}
