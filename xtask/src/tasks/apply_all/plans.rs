//! Planning every unit, and reading the plans.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use crate::model::{Failure, Failures, Reach, regular};
use crate::repo::programs;
use crate::repo::providers::{self, ConfigText, Declared};
use crate::report::screen::{Tone, count, duration};
use crate::report::summary;
use crate::run::digest::UnitPlan;
use crate::run::event::StepResult;
use crate::run::executor::OnFailure;
use crate::run::redact::Redactor;
use crate::run::step::{Lane, Stage, StepKind};
use crate::tasks::apply_all::bind::Binding;
use crate::tasks::apply_all::queue::Queue;
use crate::tasks::apply_all::{bind, checks, made, words};
use crate::tasks::ready::{Ready, Workable};
use crate::tasks::session::{Renewal, Session};
use crate::tools::attempt::Attempt;
use crate::tools::bound::Bounds;
use crate::tools::proof::Proof;
use crate::tools::terraform::plan::{self, Own, Reading};
use crate::tools::terraform::plan_file::{self, ConfigFile};
use crate::tools::{call, hash, provider_cache, state};

/// Plans every unit and reads the plans. If one can't be planned nothing is applied anywhere.
pub(super) fn plan_all(
    ready: &Ready<'_>,
    queue: &Queue<'_, '_>,
    renewal: &Renewal<'_>,
) -> Result<Vec<UnitPlan>, Failures> {
    let session = renewal.session;
    let began = Instant::now();
    let stage = on_this_version(ready, queue.plans());
    let programs = bind::programs(ready, &queue.work.units)?;
    queue.work.tight.iter().for_each(|words| session.context.screen.insist(Tone::Warning, "Disk", words));
    let (outcomes, without_session) = renewal.side_by_side(&stage, OnFailure::GoOn);
    session.check_interrupt()?;
    without_session.map_or(Ok(()), Err)?;
    let units = &queue.work.units;
    let rows: Vec<_> = units.iter().zip(&outcomes).map(|(unit, outcome)| words::row(session, unit, outcome)).collect();
    if outcomes.iter().any(|outcome| outcome.result != StepResult::Succeeded) {
        summary::show(&session.context.screen, &rows);
        let n = outcomes.iter().filter(|outcome| outcome.result == StepResult::Failed).count();
        return Err(Failure::failed(format!(
            "{n} of {} could not be planned, so nothing was applied",
            count(units.len(), "unit")
        ))
        .hint("again, once the cause is settled: cargo xtask apply-all")
        .into());
    }
    say_set_by_hcl(session, units, &stage.lanes);
    let binding = Binding::new(ready, &programs);
    let mut plans = Vec::new();
    let mut problems = Vec::new();
    // A lane goes when its plan is there: of a thousand units both are large.
    for (unit, lane) in units.iter().zip(stage.lanes) {
        match read_plan(session, ready, unit, &lane, &binding) {
            Ok(plan) => {
                let log = lane.first().and_then(|step| step.output.as_ref()).map(|output| output.log.as_path());
                problems.extend(checks::refusals(session.context, unit, &plan, log, checks::NOTHING_APPLIED));
                plans.push(plan);
            }
            Err(error) => {
                problems
                    .push(Failure::refused(format!("the plan of `{}` can't be read", unit.unit.path)).because(error));
            }
        }
    }
    let about = format!("{}   {}", count(units.len(), "unit"), duration(began.elapsed()));
    session.context.screen.say(Tone::Good, "Planned", about);
    problems.extend(changed_meanwhile(ready));
    Failures::check(problems)?;
    Ok(plans)
}

/// Tells which variables HCL sets for Terraform; none of them may change a decision, or the guard would have refused it.
fn say_set_by_hcl(session: &Session<'_>, units: &[Workable<'_>], lanes: &[Lane]) {
    let mut labels: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (unit, lane) in units.iter().zip(lanes) {
        let proofs = lane.iter().filter_map(|step| step.attempt.as_ref()).flat_map(|attempt| attempt.inner_proofs());
        for name in proofs.flat_map(|proof| proof.set_by_hcl) {
            labels.entry(name).or_default().insert(&unit.label);
        }
    }
    let mut names: BTreeMap<_, Vec<_>> = BTreeMap::new();
    labels.into_iter().for_each(|(name, labels)| names.entry(labels).or_default().push(name));
    for (labels, names) in names {
        let whose = if labels.len() > 6 { count(labels.len(), "unit") } else { Vec::from_iter(labels).join(" ") };
        let about = format!("{}, set by HCL for terraform   {whose}", names.join(", "));
        session.context.screen.say(Tone::Plain, "Variables", about);
    }
}

/// The same without the provider cache server, where this version's can't be relied on.
pub(super) fn on_this_version(ready: &Ready<'_>, mut stage: Stage) -> Stage {
    // Terragrunt has no version where no unit needs it.
    let is_used = stage.lanes.iter().flatten().any(|step| step.uses_provider_cache());
    if is_used && !provider_cache::is_sound_in(ready.terragrunt_version()) {
        let steps = stage.lanes.iter_mut().flatten();
        steps.for_each(|step| *step = step.without_provider_cache().into());
    }
    stage
}

/// What was read at the beginning is what the plans are shown under: files that have changed since make both untrue.
fn changed_meanwhile(ready: &Ready<'_>) -> Option<Failure> {
    let changed = ready.repo.changed_files();
    (!changed.is_empty()).then(|| {
        let failure = Failure::refused("somebody changed the repository while it was planned, so nothing was applied");
        changed.into_iter().fold(failure, Failure::in_file).hint("again: cargo xtask apply-all")
    })
}

/// Reads what Terraform showed, and remembers which file it was printed of, and what that was made from.
pub(super) fn read_plan(
    session: &Session<'_>,
    ready: &Ready<'_>,
    unit: &Workable<'_>,
    lane: &Lane,
    binding: &Binding<'_>,
) -> anyhow::Result<UnitPlan> {
    let step = lane.iter().find(|step| step.kind == StepKind::Show).context("nothing was shown")?;
    let shown = step.product.as_deref().context("nothing was shown")?;
    // The inner guard took the hash in the very process that then showed the plan.
    let proofs = step.attempt.as_ref().map(Attempt::inner_proofs).unwrap_or_default();
    let has_shown = |proof: &Proof| proof.call.as_ref().is_some_and(|call| call.has_product);
    let of_product = proofs.into_iter().rfind(has_shown).and_then(|proof| proof.plan_sha256);
    let sha256 = of_product.context("no guard has recorded the plan")?;
    let plan = lane.iter().find_map(|step| step.plan.as_deref()).context("no plan was made")?;
    let bound = binding.of_unit(unit, plan)?;
    let log = lane.iter().find(|step| step.kind == StepKind::Plan).and_then(|step| step.output.as_ref());
    let log = log.map(|output| output.log.as_path());
    of_unit(session, ready, unit, PlanFiles { plan, shown, log }, sha256, bound)
}

/// A plan file, and what was shown of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlanFiles<'a> {
    /// The file that is applied.
    pub(super) plan: &'a Path,
    /// What `show` printed of it.
    pub(super) shown: &'a Path,
    /// The log of the plan.
    pub(super) log: Option<&'a Path>,
}

/// Reads the plan of a unit from what was shown of it, and the configuration that is in the plan file itself.
pub(super) fn of_unit(
    session: &Session<'_>,
    ready: &Ready<'_>,
    unit: &Workable<'_>,
    files: PlanFiles<'_>,
    sha256: String,
    bound: Bounds,
) -> anyhow::Result<UnitPlan> {
    let account = &unit.account;
    let wanted = checks::wanted(unit.unit);
    let reading = Reading { account: &account.id, assumed_roles: ready.repo.settings.assumed_roles(), wanted: &wanted };
    let mut plan = plan::read(&state::read_to_string(files.shown)?, reading)?;
    if !plan.values_sha256.is_empty() {
        plan.values_sha256 = hash::sha256(format!("{}\n{}", plan.values_sha256, bound.fingerprint()));
    }
    let config = configuration(files.plan, &sha256)?;
    let paths: Vec<_> = config.iter().map(ConfigFile::path).collect();
    let texts = config.iter().zip(&paths);
    let texts: Vec<_> =
        texts.map(|(file, path)| ConfigText { module: &file.module, path, bytes: &file.bytes }).collect();
    plan.elsewhere.extend(providers_elsewhere(ready, unit, &texts, &plan.providers_elsewhere));
    let ephemeral = providers::ephemeral(&texts, &ready.providers);
    plan.runs.extend(programs::of_providers_and_encryption(&texts));
    programs::of_removed_blocks(&texts).iter().for_each(|it| plan.runs_at_the_end_of(&it.from, &it.text));
    let own = Own {
        account_id: account.id.to_string(),
        account: account.name.clone(),
        region: unit.region.as_str().to_owned(),
    };
    let mut made = made::of_plan(files.plan, files.log, &unit.unit.apply_options);
    if let Some((path, record)) = record_of_backend(unit, files.plan)? {
        let found = providers::backend_elsewhere(&path, &record, declared(ready, unit)).map_err(anyhow::Error::msg)?;
        plan.elsewhere.extend(found);
        // A part of it may come from an `init` by hand, which nothing in the repository tells of.
        let place = unit.standalone.as_ref().and_then(|_| providers::place_of_state(&record));
        made.notes.extend(place.map(|place| format!("its state is in {place}")));
    }
    plan.incomplete.extend(made.incomplete);
    // Judged as it is; what is told of it from here on, on whatever screen and in whatever file, has no secrets in it.
    let redactor = redactor(session, unit, &plan.secrets);
    let words = |text: &str| redactor.text(text);
    plan.in_words(words);
    let runs = unit.runs.iter().map(|text| words(text)).collect();
    let notes = made.notes.iter().map(|text| words(text)).collect();
    let (label, options) = (unit.label.clone(), made.options);
    Ok(UnitPlan { label, plan, sha256, own, wanted, bound, runs, options, ephemeral, notes })
}

/// Keeps out of what is told of a unit's plan what is kept out of its logs, and the values of its inputs that are secret by
/// their names.
pub(super) fn redactor(session: &Session<'_>, unit: &Workable<'_>, inputs: &[String]) -> Redactor {
    Redactor::new(session.secrets_of(&unit.label).into_iter().chain(inputs.iter().cloned()))
}

/// What the providers would do elsewhere, by the configuration files that the plan was made from and that an apply of it is
/// made from. What the plan's JSON tells of them counts as well, and is told where the files show nothing.
fn providers_elsewhere(
    ready: &Ready<'_>,
    unit: &Workable<'_>,
    texts: &[ConfigText<'_>],
    by_json: &[Reach],
) -> Vec<Reach> {
    let found = providers::elsewhere(texts, declared(ready, unit), &ready.providers);
    if found.is_empty() { by_json.to_vec() } else { found }
}

/// The configuration files inside the plan file that was shown.
fn configuration(plan: &Path, sha256: &str) -> anyhow::Result<Vec<ConfigFile>> {
    let bytes = state::read(plan)?;
    ensure!(hash::sha256(&bytes) == sha256, "the plan file has changed since it was shown");
    plan_file::configuration(&bytes)
}

/// The record that Terraform keeps of the backend that the plan was made with, and its path. Without one the state is in a
/// file beside the configuration.
fn record_of_backend(unit: &Workable<'_>, plan: &Path) -> anyhow::Result<Option<(String, String)>> {
    let path = call::of_plan(plan, &unit.account.id)?.record_of_backend();
    match regular::text(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        record => Ok(Some((path.display().to_string(), record.with_context(|| path.display().to_string())?))),
    }
}

fn declared<'r>(ready: &Ready<'r>, unit: &Workable<'r>) -> Declared<'r> {
    let settings = &ready.repo.settings;
    Declared { account: &unit.account.id, roles: settings.assumed_roles(), endpoint: settings.endpoint_url() }
}
