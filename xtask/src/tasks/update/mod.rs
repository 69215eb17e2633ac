//! `update`: everything as one run. Images are built or found, pins moved, units planned, shown, applied and proven.
//!
//! Each part is skipped if what it is for holds already, so that the same command again goes on from where it stopped.

mod consent;
mod gather;
mod ground;
mod words;

use crate::cli::{self, Until};
use crate::model::{Exit, Failures, Tag};
use crate::repo::Repository;
use crate::report::screen::Tone;
use crate::run::folder::RunFolder;
use crate::tasks::context::Context;
use crate::tasks::inquiry::Answers;
use crate::tasks::ready::{Ready, Workable};
use crate::tasks::select::Selection;
use crate::tasks::session::{self, Session};
use crate::tasks::{apply_all, build_images, bump_tags, images, record, settle, verify};
use crate::tools::machine;
use consent::Consent;
use gather::Parts;
use ground::Ground;

/// Updates everything.
pub fn run(context: &Context, args: &cli::Update) -> Result<Exit, Failures> {
    machine::share_memory();
    let mut repo = settle::repository(context)?;
    let tag = context.tag(args.tag.as_ref(), repo.settings.terraform_aws_ci_version())?;
    let problems = Selection::of(context, &repo, &args.applies.selectors)?.take_problems(&mut repo);
    let ground = Ground::of(&repo);
    let (parts, mut ready) = Parts::gather(context, &repo, args, &tag, problems)?;
    if gather::applies(args) {
        ready.warn_of_limited(context, &parts.work.units);
    }
    let run = RunFolder::new(&repo.root);
    if context.globals.dry_run {
        apply_all::say_left_out(&context.screen, &parts.work.left_out);
        let orders = session::orders(&ready, &run, true)?;
        context.commands(&parts.shell_lines(context, &orders, &run, args))?;
        return Ok(Exit::DONE);
    }
    let mut session = Session::begin(context, &repo, &run, "update", parts.work.n_jobs)?;
    let (_, still_running) = parts.work.left_behind(&run);
    words::say_what_this_is(context, &repo, &parts, &tag);
    words::say_breaking(context, &parts, &tag);
    Failures::check(still_running)?;
    session.ask_passphrase(&mut ready)?;
    prove(&session, &ready, &parts)?;
    if !args.ends_with(Until::Images) {
        bump_tags::sources::prove(context, &repo, &parts.ask, &parts.bump)?;
    }
    let answers = look(&session, &ready, &parts, args)?;
    let consent = Consent::new(&session, &repo, &parts, args);
    make_images(&session, &ready, &parts, &answers, (args.how, &consent))?;
    if args.ends_with(Until::Images) {
        context.screen.finished(&format!("next: cargo xtask update {tag}"));
        return Ok(Exit::DONE);
    }
    consent.ask(&[])?;
    ground.check_untouched()?;
    move_tags(&session, &repo, &parts)?;
    if args.ends_with(Until::Bump) {
        context.screen.finished(&format!("next: cargo xtask update {tag}, once it is merged"));
        words::say_commit(&context.screen, &parts.bump, &tag, false);
        return Ok(Exit::DONE);
    }
    ground.check(&parts.bump)?;
    let done = apply(&session, &ready, &parts, &ground, args, &tag)?.report(&session);
    bump_tags::words::say_not_applied(context, &repo, &parts.bump);
    words::say_commit(&context.screen, &parts.bump, &tag, args.ends_with(Until::Plan));
    done
}

/// Proves all accounts and asks whatever is asked in the foreground: after this nothing prompts.
fn prove(session: &Session<'_>, ready: &Ready<'_>, parts: &Parts<'_>) -> Result<(), Failures> {
    let orders = session::orders(ready, session.run, false)?;
    session.prove_identities(ready, &orders.identities(&parts.accounts), &parts.accounts)?;
    session.ask_sources(&orders.sources(parts.work.asked_sources(), &session.context.vars))
}

/// Asks ECR for the images, and for the policies by which units of other accounts pull them.
fn look(session: &Session<'_>, ready: &Ready<'_>, parts: &Parts<'_>, args: &cli::Update) -> Result<Answers, Failures> {
    let (inquiry, stage) = parts.first_look(&session::orders(ready, session.run, false)?, args);
    let answers = inquiry.ask(session, &stage);
    session.check_interrupt()?;
    if gather::applies(args) {
        apply_all::judge_pulls(session, &parts.work.pulls, &answers)?;
    }
    Ok(answers)
}

/// Builds the images that are not in ECR; at the end all of them are there, or nothing is moved.
fn make_images(
    session: &Session<'_>,
    ready: &Ready<'_>,
    parts: &Parts<'_>,
    answers: &Answers,
    (how, consent): (cli::How, &Consent<'_>),
) -> Result<(), Failures> {
    let orders = session::orders(ready, session.run, false)?;
    if images::answered(answers, &parts.wanted)?.iter().all(Option::is_some) {
        words::say_images_are_there(&session.context.screen, &parts.wanted);
        return Ok(());
    }
    if session.context.globals.allows(cli::Allowance::UnverifiedImage) {
        return bump_tags::prove::carry_out(session, &images::lookups(&orders, &parts.wanted, "bump"), &parts.wanted);
    }
    let planned = parts.builds()?;
    let left = build_images::left_behind(session.run, ready.repo, planned);
    let queue = build_images::Queue::of(&orders, planned, left, how);
    let built = build_images::carry_out(session, ready, &queue, &|builds| consent.ask(builds))?;
    build_images::show(session, ready, &built)?;
    // Also those that nobody here builds, such as a copy in another region.
    bump_tags::prove::carry_out(session, &images::lookups(&orders, &parts.wanted, "bump"), &parts.wanted)
}

/// Moves the tags in the files, if they are not where they should be.
fn move_tags(session: &Session<'_>, repo: &Repository, parts: &Parts<'_>) -> Result<(), Failures> {
    let (context, bump) = (session.context, &parts.bump);
    if bump.edits.is_empty() {
        context.screen.say(Tone::Good, "Tags", "already where they should be, no file is changed");
        return Ok(());
    }
    session.check_interrupt()?;
    record::edit(&session.journal, bump, || bump_tags::write::carry_out(repo, &parts.ask, bump, session.lock()))?;
    words::say_moved(&context.screen, bump);
    Ok(())
}

/// Plans and applies what the files now say.
fn apply(
    session: &Session<'_>,
    before: &Ready<'_>,
    parts: &Parts<'_>,
    ground: &Ground<'_>,
    args: &cli::Update,
    tag: &Tag,
) -> Result<apply_all::Applied, Failures> {
    let context = session.context;
    before.repo.let_go_of_parsed();
    let mut repo = settle::untouched(context)?;
    let mut problems = Selection::of(context, &repo, &args.applies.selectors)?.take_problems(&mut repo);
    let mut work = apply_all::Work::gather(context, &repo, &args.apply(), &mut problems)?;
    repo.let_go_of_parsed();
    problems.append(&mut work.too_small);
    ground.check_units(&parts.bump, tag, &parts.work.units, &repo, &work.units)?;
    // Whether accounts may pull was asked before anything was done.
    work.pulls.clear();
    // Of these it is known already that they are there.
    work.taken
        .wanted
        .retain(|taken| !parts.wanted.iter().any(|known| (&known.uri, &known.tag) == (&taken.uri, &taken.tag)));
    let mut ready = Ready::gather(context, &repo, &work.accounts, &[], &work.programs(), problems)?;
    ready.take_passphrase(before);
    let (unfinished, still_running) = work.left_behind(session.run);
    Failures::check(still_running)?;
    let hashing = apply_all::Hashing::begin(&ready, &work.units);
    let orders = session::orders(&ready, session.run, false)?;
    let queue = apply_all::Queue::of(&orders, context, &work);
    let renewal = queue.renewal(session, &ready);
    let mut waves = verify::Waves::default();
    let mut prove_wave = |units: &[&Workable<'_>]| waves.prove(&renewal, units);
    apply_all::carry_out(&renewal, &queue, &unfinished, hashing, Some(&mut prove_wave))
}
