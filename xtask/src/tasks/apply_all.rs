//! `apply-all`: proves every account, plans every unit, shows one digest, asks once, and applies exactly those plans.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::cli::{self, Allowance, Format};
use crate::model::{Account, Exit, Failure, Failures, Kind, Region};
use crate::repo::Repository;
use crate::report::digest as digest_text;
use crate::report::screen::{Tone, count, duration};
use crate::report::summary::{self, Row};
use crate::run::digest::{Digest, UnitPlan};
use crate::run::event::{Outcome, StepResult};
use crate::run::executor::OnFailure;
use crate::run::folder::RunFolder;
use crate::run::step::{Stage, Step};
use crate::run::tail;
use crate::run::unfinished::Unfinished;
use crate::run::wave::is_production;
use crate::tasks::build_images::TAIL;
use crate::tasks::context::Context;
use crate::tasks::orders::Orders;
use crate::tasks::ready::{self, Ready, Workable};
use crate::tasks::select::{select, take_problems};
use crate::tasks::session::{self, Session};
use crate::tools::programs::Tools;
use crate::tools::terraform::plan;
use crate::tools::{process, shim, terragrunt, tty};

/// How many units are worked on side by side, unless somebody says otherwise.
const N_JOBS: usize = 8;

/// Applies every unit.
pub fn run(context: &Context, args: &cli::ApplyAll) -> Result<Exit, Failures> {
    let mut repo = context.repository()?;
    let mut problems = take_problems(&mut repo, &args.account, &args.unit);
    let selected = select(&repo, &args.account, &args.unit)?;
    let (units, not_workable) = ready::workable(context, &repo, &selected);
    problems.extend(not_workable);
    let run = RunFolder::new(&repo.root);
    let unfinished = Unfinished::all(&run);
    problems.extend(still_running(&unfinished, &units));
    let accounts = session::accounts_of(units.iter().map(|unit| (&unit.unit.account, unit.region.clone())));
    let mut needed = vec!["terragrunt"];
    // A rehearsal asks nobody outside, so it can't say whether sources can be read.
    let asks_sources = context.tools() == Tools::Real && units.iter().any(|unit| unit.remote().is_some());
    if asks_sources {
        needed.push("git");
    }
    let mut ready = Ready::gather(context, &repo, &accounts, &needed, problems)?;
    if context.globals.dry_run {
        let orders = session::orders(&ready, &run, true)?;
        context.result(&Queue::of(&orders, context, &units, &accounts).shell_lines(&run))?;
        return Ok(Exit::DONE);
    }

    let n_jobs = args.jobs.map(usize::from).or(repo.settings.jobs()).unwrap_or(N_JOBS);
    let mut session = Session::begin(context, &run, "apply-all", n_jobs)?;
    say_what_this_is(context, &repo, &ready, &units, &unfinished);
    ready.ask_passphrase(&context.vars)?;
    session.keep_secret(&ready);
    let orders = session::orders(&ready, &run, false)?;
    let queue = Queue::of(&orders, context, &units, &accounts);
    let outcome = carry_out(context, &session, &ready, &run, &queue, &units, &accounts, &unfinished);
    tidy_up(context, &run);
    outcome
}

/// Everything that will happen.
struct Queue<'u, 'r> {
    identity: Stage,
    sources: Stage,
    plans: Stage,
    waves: Vec<Wave<'u, 'r>>,
}

/// Units that are applied together.
struct Wave<'u, 'r> {
    units: Vec<&'u Workable<'r>>,
    stage: Stage,
}

impl<'u, 'r> Queue<'u, 'r> {
    fn of(orders: &Orders<'_>, context: &Context, units: &'u [Workable<'r>], accounts: &[(&Account, Region)]) -> Self {
        let (last, first): (Vec<_>, Vec<_>) = units.iter().partition(|unit| is_production(&unit.unit.account.name));
        let waves: Vec<_> = [first, last].into_iter().filter(|units| !units.is_empty()).collect();
        let n = waves.len();
        let wave = |(k, units): (usize, Vec<&'u Workable<'r>>)| {
            let lanes = units.iter().map(|unit| vec![orders.apply(unit)]).collect();
            let about = format!("{} of {n}   {}", k + 1, labels_of(&units));
            Wave { stage: Stage { title: "Applying".to_owned(), is_told: true, about, lanes }, units }
        };
        Self {
            identity: orders.identities(accounts),
            sources: orders.sources(if context.tools() == Tools::Real { units } else { &[] }, &context.vars),
            plans: Stage {
                title: "Planning".to_owned(),
                is_told: true,
                about: count(units.len(), "unit"),
                lanes: units.iter().map(|unit| orders.plan_and_show(unit)).collect(),
            },
            waves: waves.into_iter().enumerate().map(wave).collect(),
        }
    }

    /// Every command, ready to paste.
    fn shell_lines(&self, run: &RunFolder) -> String {
        let stages =
            [&self.identity, &self.sources, &self.plans].into_iter().chain(self.waves.iter().map(|wave| &wave.stage));
        let stages = stages.filter(|stage| !stage.lanes.is_empty()).map(Stage::shell_lines);
        let folder = format!("mkdir -p -m 700 {}\n", process::quoted(&run.plans().to_string_lossy()));
        std::iter::once(folder).chain(stages).collect::<Vec<_>>().join("\n")
    }
}

#[expect(clippy::too_many_arguments, reason = "the whole run, once, in the order in which it happens")]
fn carry_out(
    context: &Context,
    session: &Session<'_>,
    ready: &Ready<'_>,
    run: &RunFolder,
    queue: &Queue<'_, '_>,
    units: &[Workable<'_>],
    accounts: &[(&Account, Region)],
    unfinished: &[Unfinished],
) -> Result<Exit, Failures> {
    session.prove_identities(ready, &queue.identity, accounts)?;
    session.ask_sources(&queue.sources)?;
    let plans = plan_all(context, session, ready, run, queue, units)?;
    unfinished.iter().for_each(Unfinished::settle);
    let digest = Digest::of(&plans);
    context.screen.lines(&digest_text::text(&digest));
    if digest.n_changing() == 0 {
        context.screen.say(Tone::Good, "Finished", format!("nothing to apply in {}", count(units.len(), "unit")));
        return report(context, run, &unchanged_rows(units));
    }
    say_waves(context, queue, &digest);
    consent(context, &digest)?;
    session.check_interrupt()?;
    let rows = apply(session, run, queue, &digest)?;
    let rows: Vec<_> = units
        .iter()
        .map(|unit| {
            rows.iter().find(|row| row.path == unit.unit.path.as_str()).cloned().unwrap_or_else(|| unchanged_row(unit))
        })
        .collect();
    report(context, run, &rows)
}

/// Plans every unit and reads the plans. If one can't be planned nothing is applied anywhere.
fn plan_all(
    context: &Context,
    session: &Session<'_>,
    ready: &Ready<'_>,
    run: &RunFolder,
    queue: &Queue<'_, '_>,
    units: &[Workable<'_>],
) -> Result<Vec<UnitPlan>, Failures> {
    let outcomes = session.side_by_side(&queue.plans, OnFailure::GoOn);
    session.check_interrupt()?;
    let rows: Vec<_> = units.iter().zip(&outcomes).map(|(unit, outcome)| row(unit, outcome)).collect();
    if outcomes.iter().any(|outcome| outcome.result != StepResult::Succeeded) {
        summary::show(&context.screen, &rows);
        let n = outcomes.iter().filter(|outcome| outcome.result == StepResult::Failed).count();
        return Err(Failure::failed(format!(
            "{n} of {} could not be planned, so nothing was applied",
            count(units.len(), "unit")
        ))
        .hint("again, once the cause is settled: cargo xtask apply-all")
        .into());
    }
    let mut plans = Vec::new();
    let mut problems = Vec::new();
    for (unit, lane) in units.iter().zip(&queue.plans.lanes) {
        match read_plan(ready, unit, lane) {
            Ok(plan) if plan.elsewhere.is_empty() => plans.push(UnitPlan { label: unit.label.clone(), plan }),
            Ok(plan) => problems.push(acts_elsewhere(unit, &plan.elsewhere)),
            Err(error) => {
                problems
                    .push(Failure::refused(format!("the plan of `{}` can't be read", unit.unit.path)).because(error));
            }
        }
    }
    Failures::check(problems)?;
    debug_assert!(run.plans().exists());
    Ok(plans)
}

fn read_plan(ready: &Ready<'_>, unit: &Workable<'_>, lane: &[Step]) -> anyhow::Result<plan::Plan> {
    let shown = lane.iter().filter_map(|step| step.output.as_ref()?.stdout.as_deref()).next_back();
    let text = fs::read_to_string(shown.ok_or_else(|| anyhow::anyhow!("nothing was shown"))?)?;
    plan::read(&text, &unit.unit.account.id, ready.repo.settings.assumed_roles())
}

fn acts_elsewhere(unit: &Workable<'_>, found: &[String]) -> Failure {
    let failure = Failure::refused(format!(
        "the plan of `{}` reaches into another account than {}",
        unit.unit.path, unit.unit.account
    ));
    found
        .iter()
        .fold(failure, |failure, line| failure.detail(line.clone()))
        .detail("nothing was applied in any account")
        .hint("if a provider is meant to assume that role: add it to `assumed-roles` in [workspace.metadata.xtask] in Cargo.toml")
}

/// One consent for all plans, at the terminal; `--yes` covers only what loses nothing.
fn consent(context: &Context, digest: &Digest) -> Result<(), Failure> {
    let n = digest.n_changing();
    let declined = || Failure::refused("nothing was applied: there was no consent");
    let loses = !digest.destroying.is_empty() && !context.globals.allows(Allowance::Destroy);
    if context.globals.yes && !loses {
        return Ok(());
    }
    if context.globals.yes {
        return Err(
            declined().hint("`--yes` doesn't cover what is lost for good; after reading the digest: --allow destroy")
        );
    }
    let Some(mut terminal) = tty::Terminal::open() else {
        return Err(declined().hint("there is no terminal to ask at; after reading the digest: --yes"));
    };
    let (question, answer) = if loses {
        (format!("Apply {}, and lose what is named above? Type `destroy` to do so: ", plans(n)), "destroy")
    } else {
        (format!("Apply {}? [y/N] ", plans(n)), "y")
    };
    let said = terminal.ask(&question).map_err(|error| declined().because(error))?;
    let agreed = said.eq_ignore_ascii_case(answer) || (!loses && said.eq_ignore_ascii_case("yes"));
    if agreed { Ok(()) } else { Err(declined()) }
}

fn plans(n: usize) -> String {
    if n == 1 { "this plan".to_owned() } else { format!("these {n} plans") }
}

/// Applies the plans that were consented to, wave by wave; after a failure nothing new starts.
fn apply(session: &Session<'_>, run: &RunFolder, queue: &Queue<'_, '_>, digest: &Digest) -> Result<Vec<Row>, Failures> {
    for wave in &queue.waves {
        for (unit, step) in changing(wave, digest) {
            write_consent(step).map_err(|error| {
                Failure::refused(format!(
                    "the consent to the plan of `{}` could not be written down, so nothing was applied",
                    unit.unit.path
                ))
                .because(error)
            })?;
        }
    }
    let mut rows = Vec::new();
    let mut stopped = false;
    for wave in &queue.waves {
        let (units, steps): (Vec<_>, Vec<_>) = changing(wave, digest).unzip();
        if steps.is_empty() {
            continue;
        }
        let stage = Stage { lanes: steps.into_iter().map(|step| vec![step.clone()]).collect(), ..wave.stage.clone() };
        let outcomes = if stopped || session.check_interrupt().is_err() {
            vec![not_started(); units.len()]
        } else {
            session.side_by_side(&stage, OnFailure::Stop)
        };
        stopped |= outcomes.iter().any(|outcome| outcome.result != StepResult::Succeeded);
        for (unit, outcome) in units.into_iter().zip(&outcomes) {
            rows.push(row(unit, outcome));
            if outcome.result == StepResult::Succeeded {
                // The plan is used up, and holds secrets; the rest goes when the run ends.
                let _ = fs::remove_file(run.plan(&unit.label));
            }
        }
    }
    Ok(rows)
}

/// The units of a wave that have something to apply.
fn changing<'w, 'u, 'r>(
    wave: &'w Wave<'u, 'r>,
    digest: &'w Digest,
) -> impl Iterator<Item = (&'u Workable<'r>, &'w Step)> {
    let steps = wave.stage.lanes.iter().flatten();
    wave.units.iter().copied().zip(steps).filter(|(unit, _)| !digest.unchanged.contains(&unit.label))
}

/// Binds the consent to the plan file: its hash, as `sha256sum` writes it. Both guards hold the apply to it.
fn write_consent(step: &Step) -> std::io::Result<()> {
    let (Some(plan), Some(consent)) = (&step.plan, &step.consent) else { return Ok(()) };
    fs::write(consent, format!("{}  {}\n", shim::sha256_of(plan)?, plan.display()))
}

fn not_started() -> Outcome {
    Outcome { result: StepResult::EarlyExit, cause: None, guard_refused: false, took: Duration::ZERO, log: None }
}

fn still_running(unfinished: &[Unfinished], units: &[Workable<'_>]) -> Vec<Failure> {
    let of_ours = |left: &&Unfinished| {
        left.is_running && units.iter().any(|unit| Some(unit.unit.path.as_str()) == left.started.unit.as_deref())
    };
    unfinished
        .iter()
        .filter(of_ours)
        .map(|left| {
            let failure = Failure::refused(format!(
                "`{}` is still being applied by run {}, which was killed",
                left.started.subject, left.run
            ));
            let failure = failure.detail(format!("since  {}", left.started.time));
            let failure = left
                .started
                .log
                .iter()
                .fold(failure, |failure, log| failure.detail(format!("log    {}", log.display())));
            failure.hint("wait until it has finished, then run this again; nothing has to be deleted")
        })
        .collect()
}

fn say_what_this_is(
    context: &Context,
    repo: &Repository,
    ready: &Ready<'_>,
    units: &[Workable<'_>],
    unfinished: &[Unfinished],
) {
    session::say_repository(context, repo);
    let plain = crate::tools::env::build(&context.vars, crate::tools::env::Purpose::Plain, &[]).vars;
    let version = process::captured(ready.programs.path("terragrunt"), &["--version"], &repo.root, &plain).ok();
    let version = version.as_deref().and_then(terragrunt::version).unwrap_or("of unknown version");
    let accounts = session::accounts_of(units.iter().map(|unit| (&unit.unit.account, unit.region.clone()))).len();
    let mut regions: Vec<_> = units.iter().map(|unit| unit.region.as_str()).collect();
    regions.sort_unstable();
    regions.dedup();
    let mut binaries: Vec<_> = units.iter().map(|unit| unit.terraform.display().to_string()).collect();
    binaries.sort_unstable();
    binaries.dedup();
    context.screen.say(
        Tone::Plain,
        "Units",
        format!(
            "{} in {}, {}   terragrunt {version}, {}",
            units.len(),
            count(accounts, "account"),
            regions.join(" "),
            binaries.join(" ")
        ),
    );
    for left in unfinished.iter().filter(|left| !left.is_running) {
        let end = if left.says_complete {
            "it finished by itself, its log says that the apply is complete"
        } else {
            "its end was not seen; the plan below shows what is left to do"
        };
        context.screen.insist(
            Tone::Warning,
            "Found",
            format!("{}   apply of run {}, which was killed: {end}", left.started.subject, left.run),
        );
        if let Some(log) = &left.started.log {
            context.screen.lines(&format!("  log: {}", log.display()));
        }
    }
}

fn say_waves(context: &Context, queue: &Queue<'_, '_>, digest: &Digest) {
    let waves = queue.waves.iter().map(|wave| changing(wave, digest).map(|(unit, _)| unit).collect::<Vec<_>>());
    let waves: Vec<_> = waves
        .filter(|units| !units.is_empty())
        .enumerate()
        .map(|(k, units)| format!("{} {}", k + 1, labels_of(&units)))
        .collect();
    context.screen.lines(&format!("  Waves        {}\n ", waves.join("    ")));
}

fn labels_of(units: &[&Workable<'_>]) -> String {
    units.iter().map(|unit| unit.label.as_str()).collect::<Vec<_>>().join(" ")
}

fn row(unit: &Workable<'_>, outcome: &Outcome) -> Row {
    let tail = || outcome.log.as_deref().map(|log| tail::last_lines(log, TAIL)).unwrap_or_default();
    Row::of(&unit.label, unit.unit.path.as_str(), outcome, tail)
}

fn unchanged_row(unit: &Workable<'_>) -> Row {
    Row::unchanged(&unit.label, unit.unit.path.as_str(), Duration::ZERO)
}

fn unchanged_rows(units: &[Workable<'_>]) -> Vec<Row> {
    units.iter().map(unchanged_row).collect()
}

/// The end: a row per unit, the machine's version of it on stdout if asked for, and the exit code that follows.
fn report(context: &Context, run: &RunFolder, rows: &[Row]) -> Result<Exit, Failures> {
    let with = |result: StepResult| rows.iter().filter(|row| row.result == result.as_str()).count();
    let n_done = with(StepResult::Succeeded);
    let applied: Duration = rows.iter().map(|row| Duration::from_secs_f64(row.seconds)).max().unwrap_or_default();
    let is_done = n_done == rows.len();
    if rows.iter().any(|row| row.note.is_none()) {
        summary::show(&context.screen, rows);
    }
    if context.globals.format == Format::Json {
        context.result(&json!({ "schema": 1, "run": run.id, "units": rows }).to_string())?;
    }
    if is_done {
        if !applied.is_zero() {
            let about = format!(
                "{n_done} of {}, the slowest in {}   run {}",
                count(rows.len(), "unit"),
                duration(applied),
                run.id
            );
            context.screen.say(Tone::Good, "Finished", about);
        }
        return Ok(Exit::DONE);
    }
    let interrupted = with(StepResult::Failed) + with(StepResult::Unknown) == 0;
    let kind = if interrupted { Kind::Interrupted } else { Kind::Failed };
    let parts = [
        (with(StepResult::Failed), "failed"),
        (with(StepResult::Unknown), "unknown"),
        (n_done, "done"),
        (with(StepResult::EarlyExit), "not started"),
    ];
    let parts: Vec<_> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    Err(Failure::new(kind, parts.join(", "))
        .hint("what is done stays done; to do the rest: cargo xtask apply-all")
        .into())
}

/// Plans hold secrets, and none of them may be applied any more.
fn tidy_up(context: &Context, run: &RunFolder) {
    if let Err(error) = run.remove_plans() {
        let about = format!("plan files could not be removed from {}: {error}", run.plans().display());
        context.screen.insist(Tone::Warning, "Warning", about);
    }
    run.remove_binaries();
}
