//! Plans that are kept for later, and a run that goes on with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::{Failure, Failures};
use crate::repo::Repository;
use crate::report::screen::{Tone, count};
use crate::run::digest::{Digest, UnitPlan};
use crate::run::folder::RunFolder;
use crate::run::kept::{self, Here, Kept, KeptUnit};
use crate::tasks::apply_all::plans::PlanFiles;
use crate::tasks::apply_all::queue::Queue;
use crate::tasks::apply_all::{bind, checks, plans};
use crate::tasks::ready::{Ready, Workable};
use crate::tasks::session::Session;
use crate::tools::bound::{Bound, Bounds};
use crate::tools::git;
use crate::tools::hash::sha256_of;

/// What an earlier run has kept.
#[derive(Debug)]
pub struct Earlier {
    /// That run.
    pub run: RunFolder,
    /// What it kept.
    pub kept: Kept,
}

impl Earlier {
    /// Finds the run, and refuses unless its plans can be applied here and now.
    pub(super) fn find(repo: &Repository, name: &str) -> Result<Self, Failure> {
        let run = kept::find(&RunFolder::new(&repo.root), name)?;
        let kept = Kept::read(&run, &here(repo))?;
        let changes = kept.changes(&run);
        if changes.is_empty() {
            return Ok(Self { run, kept });
        }
        let what = format!("the plans of run {} can't be applied: what they were made from has changed", run.id);
        Err(changes.into_iter().fold(Failure::refused(what), Failure::detail).hint("plan again: cargo xtask apply-all"))
    }

    /// The units that it is about.
    pub(super) fn units(&self) -> Vec<String> {
        self.kept.units.iter().map(|unit| unit.path.clone()).collect()
    }

    /// Calls each unit what it was called there: its plan has that name. Where a second unit of the account had nothing to
    /// apply, this run, which isn't about that one, would call it otherwise.
    pub(super) fn name(&self, units: &mut [Workable<'_>]) {
        for unit in units {
            let kept = self.kept.units.iter().find(|kept| kept.path == unit.unit.path.as_str());
            kept.into_iter().for_each(|kept| unit.label.clone_from(&kept.label));
        }
    }

    /// A refusal for each unit that lies in another account now, or has files that it had not. One that can't be worked on
    /// says so itself.
    pub(super) fn differs(&self, repo: &Repository, units: &[Workable<'_>]) -> Vec<Failure> {
        let pairs = units.iter().filter_map(|unit| {
            let kept = self.kept.units.iter().find(|kept| kept.path == unit.unit.path.as_str());
            kept.map(|kept| (unit, kept))
        });
        let moved = pairs.filter(|(unit, kept)| unit.account.id.as_str() != kept.account);
        let refusal = |(unit, kept): (&Workable<'_>, &KeptUnit)| {
            let (path, before, now) = (&kept.path, &kept.account, &unit.account.id);
            Failure::refused(format!("the plan of `{path}` was made for account {before}, and that is {now} now"))
                .hint("plan again: cargo xtask apply-all")
        };
        let added = units.iter().flat_map(|unit| self.added(repo, unit));
        moved.map(refusal).chain(added).collect()
    }

    fn added(&self, repo: &Repository, unit: &Workable<'_>) -> Vec<Failure> {
        let Some(kept) = self.kept.units.iter().find(|kept| kept.label == unit.label) else { return Vec::new() };
        let added = bind::files_of(repo, unit).into_iter().filter(|path| kept.bound.iter().all(|it| it.path() != path));
        let refusal = |path: PathBuf| {
            let file = path.strip_prefix(&repo.root).unwrap_or(&path).display().to_string();
            let what = format!("a file has been added since the plan of `{}` was made", kept.path);
            Failure::refused(what).in_file(file).hint("plan again: cargo xtask apply-all")
        };
        added.map(refusal).collect()
    }

    /// Takes the plans over, and reads what was shown of them.
    pub(super) fn plans(
        &self,
        session: &Session<'_>,
        ready: &Ready<'_>,
        queue: &Queue<'_, '_>,
    ) -> Result<Vec<UnitPlan>, Failures> {
        self.kept.take_over(&self.run, session.run).map_err(|error| {
            Failure::refused(format!("the plans of run {} can't be copied", self.run.id)).because(error)
        })?;
        let mut found = Vec::new();
        let mut problems = Vec::new();
        for unit in &queue.work.units {
            let Some(kept) = self.kept.units.iter().find(|kept| kept.label == unit.label) else { continue };
            problems.extend(other_programs(ready, unit, kept));
            let (plan, shown) = (session.run.plan(&unit.label), session.run.shown(&unit.label));
            let is_same = |path, sha256: &str| sha256_of(path).is_ok_and(|now| now == sha256);
            if !is_same(&plan, &kept.plan_sha256) || !is_same(&shown, &kept.shown_sha256) {
                let what = format!("the plan of `{}` is not the one that was shown", unit.unit.path);
                problems.push(Failure::refused(what));
                continue;
            }
            let log = self.run.output(&unit.label, crate::run::step::StepKind::Plan).log;
            match plans::of_unit(
                session,
                ready,
                unit,
                PlanFiles { plan: &plan, shown: &shown, log: Some(&log) },
                kept.plan_sha256.clone(),
                Bounds::new(Arc::default(), kept.bound.clone()),
            ) {
                Ok(plan) => {
                    problems.extend(checks::refusals(
                        session.context,
                        unit,
                        &plan,
                        Some(&log),
                        checks::NOTHING_APPLIED,
                    ));
                    found.push(plan);
                }
                Err(error) => {
                    let what = format!("the plan of `{}` can't be read", unit.unit.path);
                    problems.push(Failure::refused(what).because(error));
                }
            }
        }
        Failures::check(problems)?;
        session.context.screen.say(
            Tone::Good,
            "Planned",
            format!("{}   by run {}", count(found.len(), "unit"), self.run.id),
        );
        Ok(found)
    }
}

/// A refusal for each program that would apply the plan and is not the one that it was made with.
fn other_programs<'u>(
    ready: &'u Ready<'_>,
    unit: &'u Workable<'_>,
    kept: &'u KeptUnit,
) -> impl Iterator<Item = Failure> + 'u {
    let is_other =
        |path: &&Path| !Bound::program((*path).to_owned()).is_ok_and(|program| kept.bound.contains(&program));
    bind::programs_of(ready, unit).filter(is_other).map(|path| {
        Failure::refused(format!("the plan of `{}` was made with another program", kept.path))
            .in_file(path.display().to_string())
            .hint("plan again: cargo xtask apply-all")
    })
}

/// Keeps the plans that would change something, and says where and for how long.
pub(super) fn keep(
    session: &Session<'_>,
    ready: &Ready<'_>,
    queue: &Queue<'_, '_>,
    plans: &[UnitPlan],
    digest: &Digest,
) -> Result<(), Failure> {
    let run = session.run;
    let changing = plans.iter().filter(|plan| !digest.unchanged.contains(&plan.label));
    let unit = |plan: &UnitPlan| {
        let unit = queue.work.units.iter().find(|unit| unit.label == plan.label);
        let unit = unit.ok_or_else(|| std::io::Error::other("no unit has this label"))?;
        Ok(KeptUnit {
            label: plan.label.clone(),
            path: unit.unit.path.to_string(),
            account: unit.account.id.to_string(),
            plan_sha256: plan.sha256.clone(),
            shown_sha256: sha256_of(&run.shown(&plan.label))?,
            bound: plan.bound.iter().cloned().collect(),
        })
    };
    let failed = || Failure::failed("the plans could not be kept");
    let units: Vec<_> = changing.map(unit).collect::<std::io::Result<_>>().map_err(|error| failed().because(error))?;
    let n = units.len();
    Kept::write(run, here(ready.repo), units).map_err(|error| failed().because(error))?;
    let folder = run.plans();
    let folder = folder.strip_prefix(&session.root).unwrap_or(&folder).display();
    let hours = kept::KEPT_FOR.as_secs() / 3600;
    let screen = &session.context.screen;
    screen.say(Tone::Good, "Kept", format!("{} for {hours} hours in {folder}", count(n, "plan")));
    screen.lines(&format!("             to apply them: cargo xtask apply-all --from {}", run.id));
    Ok(())
}

fn here(repo: &Repository) -> Here<'_> {
    Here { root: &repo.root, commit: git::commit(&repo.root) }
}
