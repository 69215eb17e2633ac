//! `build-images`: has the runner of the account that builds make the images and push them, and proves that they are there.
//!
//! Two parts, each of use to another task: [`gather`] finds out offline what to build and everything that is wrong,
//! [`carry_out`] builds within a session in which the accounts are proven, and says what became of each image.

pub mod admission;
pub mod bootstrap;
pub(super) mod builder;
mod carry_out;
mod gather;
mod left;
mod queue;
mod recipe;
mod report;
mod words;

pub use carry_out::{Built, Consent, Verdict, carry_out};
pub use gather::{Ask, Planned, gather};
pub use left::{Left, of as left_behind};
pub use queue::Queue;
pub use report::show;
pub use words::who;

use crate::cli;
use crate::model::{Exit, Failures};
use crate::repo::Repository;
use crate::run::folder::RunFolder;
use crate::tasks::context::Context;
use crate::tasks::ready::Ready;
use crate::tasks::release;
use crate::tasks::session::{self, Session};
use crate::tools::tty;

/// Builds and pushes the images.
pub fn run(context: &Context, args: &cli::BuildImages) -> Result<Exit, Failures> {
    let mut repo = context.repository()?;
    let mut problems = repo.take_problems();
    let ask = Ask::of(context, &repo, args)?;
    let (planned, wrong) = gather(context, &repo, &ask);
    problems.extend(wrong);
    let run = RunFolder::new(&repo.root);
    let left = left::of(&run, &repo, &planned);
    let accounts = queue::accounts(&repo.settings, &planned, &left);
    let anyway: Vec<_> = accounts.iter().map(|(account, _)| *account).collect();
    let mut ready = Ready::gather(context, &repo, &accounts, &anyway, &[ask.how.program()], problems)?;

    if context.globals.dry_run {
        words::say_where_from(context, &planned);
        let orders = session::orders(&ready, &run, true)?;
        context.commands(&Queue::of(&orders, &planned, left, ask.how).shell_lines())?;
        return Ok(Exit::DONE);
    }
    session::say_repository(context, &repo);
    words::say_what(context, &planned, ask.how);
    words::say_where_from(context, &planned);
    let mut session = Session::begin(context, &repo, &run, "build-images", planned.len().max(1))?;
    session.ask_passphrase(&mut ready)?;
    let queue = Queue::of(&session::orders(&ready, &run, false)?, &planned, left, ask.how);
    session.prove_identities(&ready, &queue.identity, &queue.accounts)?;
    let built = carry_out(&session, &ready, &queue, &|builds| consent(&session, &repo, builds))?;
    report::report(&session, &ready, &built)
}

/// Asks about what looks like a mistake; builds of a release were asked for by the command.
fn consent(session: &Session<'_>, repo: &Repository, builds: &[&Planned<'_>]) -> Result<bool, Failures> {
    if !release::is_doubtful(session.context, repo, builds.iter().map(|planned| &planned.build))? {
        return Ok(false);
    }
    let otherwise = "there is no terminal to ask at; if it is right all the same: --allow unknown-release";
    let agreed = tty::agree("Build it all the same? [y/N] ", "nothing was built", otherwise, &session.give_up());
    session.check_interrupt()?;
    agreed?;
    Ok(true)
}
