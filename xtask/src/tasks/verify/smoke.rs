//! The smoke test: each runner is asked to plan its own unit, which changes nothing, so that ECS shows whether image,
//! secrets and network let its container start.

use super::admission;
use super::proof::Check;
use super::start::{self, Evidence};
use super::wanted::{Container, Wanted};
use crate::model::{Account, Failure, Failures, Known, Region};
use crate::repo::{Repository, Unit, UnitKind};
use crate::report::screen::{Tone, count};
use crate::run::event::{Outcome, StepResult};
use crate::run::executor::OnFailure;
use crate::run::step::{Stage, Step};
use crate::run::tail;
use crate::run::task::{self, LeftTask};
use crate::tasks::context::Context;
use crate::tasks::inquiry::{Answers, Inquiry};
use crate::tasks::orders::Orders;
use crate::tasks::ready::Ready;
use crate::tasks::session::{self, Session};
use crate::tasks::{ecs_task, record};
use crate::tools::deployer::PlanRun;
use crate::tools::git::{self, Upstream};
use crate::tools::question::Question;
use crate::tools::{ecs, tty};

/// The program that asks a runner.
pub(super) const PROGRAM: &str = "infrastructure-deployer";

/// The container that plans.
const PLANNER: &str = "terraform-planner";

/// A runner that is asked to plan.
#[derive(Debug)]
pub(super) struct Trial<'r> {
    /// Which of the units that are verified.
    at: usize,
    unit: &'r Unit,
    account: &'r Account,
    /// What it is called on the screen.
    label: String,
    /// The name of its check.
    name: String,
    plan: PlanRun,
}

/// All runners of the units.
#[derive(Debug, Default)]
pub(super) struct Trials<'r> {
    asked: Vec<Trial<'r>>,
    /// Those that can't be asked: checks that say why, each with its unit's place.
    not_asked: Vec<(usize, Check)>,
}

/// What the checkout tells of the git repository.
struct Checkout {
    git_ref: String,
    origin: Option<String>,
    prefix: String,
}

/// Finds out offline what each runner would be asked. An error is what keeps all of them from being asked.
pub(super) fn gather<'r>(
    repo: &Repository,
    wanted: &[Wanted<'r>],
    git_ref: Option<&str>,
) -> Result<Trials<'r>, Failure> {
    let checkout = Checkout {
        git_ref: git_ref.map(str::to_owned).or_else(|| default_ref(repo)).ok_or_else(|| {
            let refusal = git::refusal(&repo.root);
            let why = refusal.as_ref().map_or("this is no checkout of git", |refusal| &refusal.what);
            let to_do = refusal.as_ref().and_then(|refusal| refusal.to_do.clone());
            let what = format!("which branch of the repository runners would plan is not known: {why}");
            to_do.into_iter().fold(Failure::refused(what), Failure::hint).hint("name it: --ref main")
        })?,
        origin: git::origin(&repo.root),
        prefix: git::prefix(&repo.root).unwrap_or_default(),
    };
    let mut trials = Trials::default();
    for (at, unit) in wanted.iter().enumerate() {
        let planners: Vec<_> = unit.containers.iter().filter(|container| container.name == PLANNER).collect();
        for planner in &planners {
            let runner = planner.runner.value().filter(|_| planners.len() > 1);
            let named = |text: &str, between: &str| match runner {
                Some(runner) => format!("{text}{between}{runner}"),
                None => text.to_owned(),
            };
            let (label, name) = (named(&unit.label, "."), named(start::NAME, " "));
            match plan(unit, planner, &checkout) {
                Ok(plan) => trials.asked.push(Trial { at, unit: unit.unit, account: unit.account, label, name, plan }),
                Err(why) => trials.not_asked.push((at, start::blank(&name).not_proven(why))),
            }
        }
        if planners.is_empty() {
            let why = "the unit has no `terraform_planner_config`, so nothing in it could plan";
            trials.not_asked.push((at, start::blank(start::NAME).not_proven(why)));
        }
    }
    Ok(trials)
}

/// The branch that everybody's pipelines plan: the default branch of `origin`, or else the one that is checked out.
fn default_ref(repo: &Repository) -> Option<String> {
    let checkout = git::checkout(&repo.root)?;
    Some(match checkout.upstream {
        Upstream::On(branch) | Upstream::Off(branch) => {
            branch.split_once('/').map_or(branch.clone(), |(_, branch)| branch.to_owned())
        }
        Upstream::Unknown => checkout.branch,
    })
}

/// What a runner is asked, or why it can't be.
fn plan(unit: &Wanted<'_>, planner: &Container<'_>, checkout: &Checkout) -> Result<PlanRun, String> {
    let region = unit.region()?.clone();
    let runner = planner
        .runner
        .as_result()
        .map_err(|reason| format!("the name of the runner is not known, because {reason}"))?;
    let binary = match unit.unit.kind {
        UnitKind::Terragrunt => "terragrunt",
        UnitKind::Terraform => "terraform",
    };
    Ok(PlanRun {
        region,
        runner: runner.clone(),
        repo: repository(&planner.repositories, checkout.origin.as_deref())?,
        git_ref: checkout.git_ref.clone(),
        binary,
        deploy_path: format!("{}{}", checkout.prefix, unit.unit.path),
    })
}

/// The repository that has to be named. Where a runner may plan one alone, its module sets that by itself.
fn repository(allowed: &Known<Vec<String>>, origin: Option<&str>) -> Result<Option<String>, String> {
    let allowed = allowed.value().map(Vec::as_slice).unwrap_or_default();
    match (allowed, origin) {
        ([_], _) => Ok(None),
        ([], Some(origin)) => Ok(Some(origin.to_owned())),
        ([], None) => {
            Err("which git repository it may plan is not known, and this checkout has no `origin`".to_owned())
        }
        (several, origin) => {
            let is_ours = |one: &&String| origin.is_some_and(|origin| git::is_same_remote(one, origin));
            let ours = several.iter().find(is_ours).cloned();
            let none = || "none of its `infrastructure_live_repositories` is the `origin` of this checkout".to_owned();
            ours.map(Some).ok_or_else(none)
        }
    }
}

impl<'r> Trials<'r> {
    /// The accounts in which tasks are started.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (&'r Account, Region)> {
        self.asked.iter().map(|trial| (trial.account, trial.plan.region.clone()))
    }

    /// Takes out the runners whose invokers are known to refuse such a plan, and says so before any other is started.
    pub(super) fn leave_refused(&mut self, session: &Session<'_>, answers: &Answers) {
        for trial in std::mem::take(&mut self.asked) {
            match admission::refusal(trial.account, &trial.plan, answers) {
                None => self.asked.push(trial),
                Some(why) => {
                    session.context.screen.say(Tone::Warning, "Not asked", format!("{}   {why}", trial.label));
                    self.not_asked.push((trial.at, start::refused(&trial.name, why)));
                }
            }
        }
    }

    /// The steps.
    pub(super) fn stage(&self, orders: &Orders<'_>) -> Stage {
        let step = |trial: &Trial<'_>| vec![orders.smoke(trial.unit, trial.account, &trial.label, &trial.plan)];
        let labels: Vec<_> = self.asked.iter().map(|trial| trial.label.as_str()).collect();
        Stage {
            title: "Smoke test".to_owned(),
            is_told: !labels.is_empty(),
            about: labels.join(" "),
            lanes: self.asked.iter().map(step).collect(),
        }
    }

    /// The commands, ready to paste.
    pub(super) fn shell_lines(&self, orders: &Orders<'_>) -> String {
        format!(
            "{}# then, for each task that one of them names: aws ecs describe-tasks\n",
            self.stage(orders).shell_lines()
        )
    }

    /// Shows what will be asked, and asks for consent to it; `--yes` covers it.
    pub(super) fn consent(&self, context: &Context, ready: &Ready<'_>) -> Result<(), Failure> {
        if self.asked.is_empty() {
            return Ok(());
        }
        let n = count(self.asked.len(), "runner");
        context.screen.say(Tone::Plain, "Smoke test", format!("{n} would plan once, which changes nothing:"));
        for trial in &self.asked {
            let words = std::iter::once(PROGRAM.into()).chain(trial.plan.arguments()).collect();
            let command = ecs_task::typed(ready, trial.account, &trial.plan.region, words);
            context.screen.lines(&format!("  {command}"));
        }
        if context.globals.yes {
            return Ok(());
        }
        let otherwise = "there is no terminal to ask at; if it is meant: --yes";
        tty::agree("Start them? [y/N] ", "nothing was started", otherwise, &|| false)
    }

    /// Has them plan, and asks ECS what became of their tasks. Gives a check for each, with its unit's place.
    pub(super) fn carry_out(
        self,
        session: &Session<'_>,
        ready: &Ready<'_>,
        stage: &Stage,
    ) -> Result<Vec<(usize, Check)>, Failures> {
        let units = self
            .asked
            .iter()
            .map(|trial| record::selected_unit(&trial.label, trial.unit, trial.account, &trial.plan.region));
        record::selected_as(&session.journal, units.collect());
        let outcomes = session.watched(stage, OnFailure::GoOn, &mut |event| {
            ecs_task::follow(session, stage, event, |label, arn| {
                let trial = self.asked.iter().find(|trial| trial.label == label)?;
                Some(ecs_task::left(ready, trial.account, label, arn))
            });
        });
        let ended = self.asked.iter().zip(stage.lanes.iter().flatten()).zip(&outcomes);
        let ended: Vec<_> = ended.map(|((trial, step), outcome)| Ended::of(trial, step, outcome)).collect();
        let tell_left = |_: &Failure| ended.iter().for_each(|ended| ended.tell_left(session, ready));
        session.check_interrupt().inspect_err(tell_left)?;
        let answers = ask_ecs(session, ready, &ended)?;
        session.check_interrupt().inspect_err(tell_left)?;
        let mut judged: Vec<_> =
            ended.iter().map(|ended| (ended.trial, ended.judge(session, ready, &answers))).collect();
        // What is written down last counts: of a unit with several runners the worst.
        judged.sort_by_key(|(_, check)| start::gravity(check));
        for (trial, check) in &judged {
            let (result, reason) = start::result(check);
            record::found(&session.journal, trial.unit.path.as_str(), result, reason, check.why.clone());
        }
        let judged = judged.into_iter().map(|(trial, check)| (trial.at, check));
        Ok(self.not_asked.iter().cloned().chain(judged).collect())
    }
}

fn ask_ecs(session: &Session<'_>, ready: &Ready<'_>, ended: &[Ended<'_, '_>]) -> Result<Answers, Failure> {
    let mut inquiry = Inquiry::default();
    for (trial, (region, question)) in ended.iter().filter_map(|ended| Some((ended.trial, ended.question()?))) {
        inquiry.add(trial.account, &region, question);
    }
    let orders = session::orders(ready, session.run, false)?;
    Ok(inquiry.ask(session, &inquiry.stage(&orders, "tasks")))
}

/// A trial that infrastructure-deployer has ended.
struct Ended<'e, 'r> {
    trial: &'e Trial<'r>,
    step: &'e Step,
    outcome: &'e Outcome,
    task: Option<String>,
}

impl<'e, 'r> Ended<'e, 'r> {
    fn of(trial: &'e Trial<'r>, step: &'e Step, outcome: &'e Outcome) -> Self {
        let written = step.attempt.as_ref().zip(step.output.as_ref());
        let task = written.and_then(|(attempt, output)| task::arn(&attempt.dir, &output.log));
        Self { trial, step, outcome, task }
    }

    fn question(&self) -> Option<(Region, Question)> {
        self.task.as_deref().and_then(Question::task)
    }

    fn judge(&self, session: &Session<'_>, ready: &Ready<'_>, answers: &Answers) -> Check {
        let account = &self.trial.account.id;
        let answer = self.question().map(|(_, question)| answers.read(account, &question, ecs::task));
        let is_over = match &answer {
            None | Some(Ok(None)) => true,
            Some(Ok(Some(task))) => task.status == "STOPPED",
            Some(Err(_)) => false,
        };
        if !is_over {
            self.tell_left(session, ready);
        }
        let log = self.outcome.log.as_deref().map(tail::end).unwrap_or_default();
        let evidence = Evidence { outcome: self.outcome, log: &log, task: self.task.as_deref(), answer };
        start::judge(&self.trial.name, &evidence)
    }

    /// Says that a task may live on whose end nobody saw.
    fn tell_left(&self, session: &Session<'_>, ready: &Ready<'_>) {
        let Some((attempt, output)) = self.step.attempt.as_ref().zip(self.step.output.as_ref()) else { return };
        let label = &self.trial.label;
        let is_over = self.outcome.result == StepResult::Succeeded;
        let left = LeftTask::of(&session.run.id, label, &attempt.dir, &output.log).filter(|_| !is_over);
        if let Some(left) = left {
            let account = self.trial.account;
            session.context.screen.insist_line(&ecs_task::left(ready, account, label, &left.arn));
        }
    }
}
