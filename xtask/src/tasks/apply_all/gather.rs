//! What `apply-all` will work with: units, accounts, programs and waves, from the files alone; and everything that is wrong.

use crate::cli;
use crate::model::{Account, Environment, Failure, Failures, Region};
use crate::repo::{Repository, Unit, UnitKind};
use crate::run::executor::OnFailure;
use crate::run::folder::RunFolder;
use crate::run::memory;
use crate::run::unfinished::Unfinished;
use crate::run::wave::{Member, Untold, arrange};
use crate::tasks::apply_all::later::Earlier;
use crate::tasks::apply_all::{clean, images, rescue};
use crate::tasks::context::Context;
use crate::tasks::images::Taken;
use crate::tasks::profiles;
use crate::tasks::pulls::Pulls;
use crate::tasks::ready::{self, Workable};
use crate::tasks::select::Selection;
use crate::tasks::space;
use crate::tools::programs::Tools;
use crate::tools::{cache, machine};

/// What `apply-all` will work with.
#[derive(Debug)]
pub struct Work<'r> {
    /// The units.
    pub units: Vec<Workable<'r>>,
    /// Their accounts, and those of the registries that they take images from.
    pub accounts: Vec<(&'r Account, Region)>,
    /// Which of the units are applied together, by their positions; one wave after the other.
    pub waves: Vec<Vec<usize>>,
    /// The images that they will take.
    pub taken: Taken<'r>,
    /// From which ECR repositories of other accounts they pull.
    pub pulls: Vec<Pulls<'r>>,
    /// How many units are worked on side by side.
    pub n_jobs: usize,
    /// What a failed apply means for the rest of its wave.
    pub on_failure: OnFailure,
    /// Whether the plans are kept for later, and nothing is applied.
    pub plan_only: bool,
    /// The run that has made the plans already.
    pub earlier: Option<Earlier>,
    /// What to say of disks that it only just fits on.
    pub tight: Vec<String>,
    /// A refusal for each disk that planning needs more room on than there is.
    pub too_small: Vec<Failure>,
    /// The selected units that their own configuration leaves out.
    pub left_out: Vec<&'r Unit>,
    has_terragrunt: bool,
    asks_sources: bool,
}

impl<'r> Work<'r> {
    /// The units wave by wave.
    pub fn in_waves(&self) -> Vec<Vec<&Workable<'r>>> {
        self.waves.iter().map(|wave| wave.iter().map(|n| &self.units[*n]).collect()).collect()
    }

    /// Selects the units and puts them into waves. What is wrong is added to `problems`; an error is that nothing is left.
    pub fn gather(
        context: &Context,
        repo: &'r Repository,
        args: &cli::ApplyAll,
        problems: &mut Vec<Failure>,
    ) -> Result<Self, Failures> {
        let earlier = args.from.as_deref().map(|name| Earlier::find(repo, name)).transpose()?;
        let selection = match &earlier {
            Some(earlier) => Selection::of_units(repo, &earlier.units())?,
            None => Selection::of(context, repo, &args.applies.selectors)?,
        };
        let selected = selection.units(repo)?;
        // What only may be a runner is never planned unasked.
        let is_meant = |unit: &&Unit| unit.left_out().is_none() && (!unit.may_be_runner() || selection.names(unit));
        let (selected, left_out): (Vec<_>, Vec<_>) = selected.into_iter().partition(is_meant);
        if selected.is_empty() {
            return Err(all_left_out(&left_out).into());
        }
        problems.extend(selected.iter().flat_map(|unit| unit.not_appliable.iter().map(Failure::again)));
        let (mut units, not_workable) = ready::workable(context, repo, &selected);
        if let Some(earlier) = &earlier {
            earlier.name(&mut units);
        }
        // Also of units that can't be worked on yet: all that is missing is told at once.
        let has_terragrunt = selected.iter().any(|unit| unit.kind == UnitKind::Terragrunt);
        problems.extend(earlier.iter().flat_map(|earlier| earlier.differs(repo, &units)));
        problems.extend(not_workable);
        problems.extend(rescue::left_behind(&repo.root, &units));
        problems.extend(misnamed(repo));
        problems.extend(no_such_units(repo));
        problems.extend(clean::required(context, repo, &units));
        let waves = match arrange(&members(repo, &units), args.applies.waves, knows_production(repo)) {
            Ok(waves) => waves,
            Err(untold) => {
                problems.push(who_is_production(&untold));
                Vec::new()
            }
        };
        // A rehearsal asks nobody outside, so it can't say whether sources can be read.
        let asks_sources = context.tools() == Tools::Real && units.iter().any(|unit| unit.remote().is_some());
        let taken = images::taken(context, repo, &units);
        let of_units = units.iter().map(|unit| (unit.account, unit.region.clone()));
        let of_images = taken.wanted.iter().map(|wanted| (wanted.account, wanted.uri.region().clone()));
        let accounts = profiles::sessions(&repo.settings, of_units.chain(of_images));
        let n_jobs = args.applies.jobs.map(usize::from).or(repo.settings.jobs());
        let n_jobs = n_jobs.unwrap_or_else(|| {
            let n_providers = units.iter().map(|unit| n_providers(repo, unit)).max();
            machine::n_jobs(memory::peak(&RunFolder::new(&repo.root)), n_providers)
        });
        // A dry run writes nothing.
        let paths = units.iter().map(|unit| &unit.unit.path).filter(|_| !context.globals.dry_run);
        let by_terragrunt = units.iter().all(|unit| unit.standalone.is_none());
        let disks = space::of(context, repo, paths, n_jobs, by_terragrunt);
        let on_failure = if args.applies.keep_going { OnFailure::GoOn } else { OnFailure::Stop };
        Ok(Self {
            accounts,
            waves,
            n_jobs,
            on_failure,
            plan_only: args.plan_only,
            earlier,
            too_small: space::refusals(context, &disks),
            tight: space::tight(&disks),
            pulls: images::pulls(&units, &taken),
            units,
            taken,
            left_out,
            has_terragrunt,
            asks_sources,
        })
    }

    /// The programs that have to be there.
    pub fn programs(&self) -> Vec<&str> {
        let git = self.asks_sources.then_some("git");
        let terraform = self.units.iter().filter_map(Workable::missing_terraform);
        let terragrunt = self.has_terragrunt.then_some("terragrunt");
        terragrunt.into_iter().chain(git).chain(terraform).collect()
    }

    /// The units whose module sources have to be asked for.
    pub fn asked_sources(&self) -> &[Workable<'r>] {
        if self.asks_sources { &self.units } else { &[] }
    }

    /// What killed runs left behind. Refuses if something of it is still at work in one of the units.
    pub fn left_behind(&self, run: &RunFolder) -> (Vec<Unfinished>, Vec<Failure>) {
        let unfinished = Unfinished::all(run);
        let is_at_work =
            |left: &&Unfinished| left.is_running && self.units.iter().any(|unit| left.is_of(&unit.unit.path));
        let mut problems: Vec<_> = unfinished.iter().filter(is_at_work).map(still_running).collect();
        // What ended since the files were looked at may have left a state behind.
        problems.extend(rescue::left_behind(run.root(), &self.units));
        (unfinished, problems)
    }
}

/// Why a unit is left out that only may be a runner, and what to do.
pub(super) const IN_DOUBT: &str =
    "it takes a tag, and what its module makes of that is not known; if it is a runner: --unit PATH";

fn all_left_out(units: &[&Unit]) -> Failure {
    let failure = Failure::refused("every selected unit is left out by its own configuration");
    let exclusions = units.iter().filter_map(|unit| unit.left_out());
    let failure = exclusions.fold(failure, |failure, it| failure.detail(it.what()).at(it.place.clone()));
    let in_doubt = units.iter().filter(|unit| unit.left_out().is_none());
    let failure = in_doubt.fold(failure, |failure, unit| failure.detail(format!("{}: {IN_DOUBT}", unit.path)));
    failure.hint("take that out of the configuration if the units are to be updated")
}

/// How many providers an earlier run has left in the unit's folder; each is a process of its own.
fn n_providers(repo: &Repository, unit: &Workable<'_>) -> usize {
    cache::n_providers(&unit.unit.path.in_root(&repo.root))
}

fn members<'u>(repo: &Repository, units: &'u [Workable<'_>]) -> Vec<Member<'u>> {
    let member = |unit: &'u Workable<'_>| {
        let account = unit.account;
        let environment = repo.settings.environment(&account.name);
        Member { account: &account.name, environment, order: account.deploy_order }
    };
    units.iter().map(member).collect()
}

fn knows_production(repo: &Repository) -> bool {
    let mut accounts = repo.accounts.iter();
    accounts.any(|account| repo.settings.environment(&account.name) == Some(Environment::Production))
}

/// Settings for accounts that this repository doesn't have: a typing mistake must not go unseen.
fn misnamed(repo: &Repository) -> Vec<Failure> {
    let unknown = repo.settings.environments().keys().filter(|name| repo.account(name).is_none());
    let refusal = |name: &String| {
        let what = format!("`environments.{name}` names an account that this repository doesn't have");
        let place = repo.settings.place(&format!("environments.{name}"));
        place.cloned().into_iter().fold(Failure::refused(what), Failure::at)
    };
    unknown.map(refusal).collect()
}

/// The same for units of Terraform alone.
fn no_such_units(repo: &Repository) -> Vec<Failure> {
    let is_there = |path: &str| repo.units.iter().any(|it| it.kind == UnitKind::Terraform && it.path.as_str() == path);
    let refusal = |path: &str| {
        let what = format!("`standalone.\"{path}\"` names no unit of Terraform alone");
        let place = repo.settings.place(&format!("standalone.{path}")).cloned();
        place.into_iter().fold(Failure::refused(what), Failure::at).hint("see `cargo xtask units`")
    };
    repo.settings.standalone_units().filter(|path| !is_there(path)).map(refusal).collect()
}

/// Nothing is applied in production before its turn, so whose turn is last has to be known.
fn who_is_production(untold: &Untold) -> Failure {
    let Untold { canary, accounts } = untold;
    let example = accounts.iter().map(|account| format!("{account} = \"…\"")).collect::<Vec<_>>().join(", ");
    Failure::refused("nothing tells which account is production, so nothing tells what comes last")
        .detail(format!("accounts that nothing is known of: {}", accounts.join(" ")))
        .hint(format!("say it in [workspace.metadata.xtask] in Cargo.toml, with \"development\", \"other\" or \"production\": environments = {{ {example} }}"))
        .hint(format!("or begin with one: --account {canary}; then all others together: --waves all, or one by one: --waves account"))
}

fn still_running(left: &Unfinished) -> Failure {
    let failure = Failure::refused(format!(
        "`{}` is still being applied by run {}, which was killed",
        left.started.subject, left.run
    ));
    let failure = failure.detail(format!("since  {}", left.started.time));
    let log = left.started.log.iter().map(|log| format!("log    {}", log.display()));
    let failure = log.fold(failure, Failure::detail);
    failure.hint("wait until it has finished, then run this again; nothing has to be deleted")
}
