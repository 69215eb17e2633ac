//! The queue of `apply-all`: everything that will happen, as a value. The steps of units, which are many and long, are made
//! of it when their turn comes, and go when they are done.

use std::path::Path;
use std::sync::Arc;

use crate::report::screen::count;
use crate::run::digest::Digest;
use crate::run::folder::RunFolder;
use crate::run::step::{Lane, Stage, Step};
use crate::tasks::apply_all::{Work, generate};
use crate::tasks::context::Context;
use crate::tasks::images;
use crate::tasks::inquiry::Inquiry;
use crate::tasks::orders::Orders;
use crate::tasks::pulls;
use crate::tasks::ready::{Ready, Workable};
use crate::tasks::session::{Renewal, Session};
use crate::tools::process;

/// Everything that will happen.
#[derive(Debug)]
pub struct Queue<'u, 'r> {
    /// What it is about.
    pub work: &'u Work<'r>,
    /// Makes the steps of units.
    orders: &'u Orders<'u>,
    /// Proves every account.
    pub identity: Stage,
    /// Asks the git repositories of modules.
    pub sources: Stage,
    /// Asks ECR for the images that the units will take, and for the policies of the repositories that they pull from.
    pub images: (Inquiry<'r>, Stage),
}

/// Units that are applied together, each with its step.
#[derive(Debug)]
pub struct Wave<'u, 'r> {
    /// What is applied.
    pub applies: Vec<(&'u Workable<'r>, Arc<Step>)>,
    /// Its number, and how many there are.
    pub turn: (usize, usize),
}

impl<'u, 'r> Queue<'u, 'r> {
    /// Puts it together. `context` is that of this process, from whose environment the children's is built.
    pub fn of(orders: &'u Orders<'_>, context: &Context, work: &'u Work<'r>) -> Self {
        let mut inquiry = Inquiry::default();
        images::questions(&mut inquiry, &work.taken.wanted);
        pulls::questions(&mut inquiry, &work.pulls);
        let asked = images::stage_of(orders, &inquiry, &work.taken.wanted, "images");
        Self {
            work,
            orders,
            identity: orders.identities(&work.accounts),
            sources: orders.sources(work.asked_sources(), &context.vars),
            images: (inquiry, asked),
        }
    }

    /// Plans all units, and reads the plans.
    pub fn plans(&self) -> Stage {
        let units = &self.work.units;
        Stage {
            title: "Planning".to_owned(),
            is_told: true,
            about: count(units.len(), "unit"),
            lanes: units.iter().map(|unit| self.plan(unit)).collect(),
        }
    }

    /// Plans one unit, and reads the plan.
    pub fn plan(&self, unit: &Workable<'_>) -> Lane {
        self.orders.plan_and_show(unit)
    }

    /// Reads the states of units after their applies.
    pub fn states(&self, units: &[&Workable<'_>]) -> Stage {
        Stage {
            title: "Reading".to_owned(),
            is_told: false,
            about: count(units.len(), "state"),
            lanes: units.iter().map(|unit| vec![self.orders.state(unit)]).collect(),
        }
    }

    /// These of the units, wave by wave.
    fn units(&self, is_applied: impl Fn(&Workable<'_>) -> bool) -> Vec<Vec<&'u Workable<'r>>> {
        let units = |wave: &'u Vec<usize>| wave.iter().map(|n| &self.work.units[*n]).filter(|unit| is_applied(unit));
        self.work.waves.iter().map(|wave| units(wave).collect()).filter(|units: &Vec<_>| !units.is_empty()).collect()
    }

    /// The applies of units.
    fn waves(&self, waves: Vec<Vec<&'u Workable<'r>>>) -> Vec<Wave<'u, 'r>> {
        let n = waves.len();
        let applies =
            |units: Vec<&'u Workable<'r>>| units.into_iter().map(|unit| (unit, self.orders.apply(unit))).collect();
        waves.into_iter().enumerate().map(|(k, units)| Wave { applies: applies(units), turn: (k + 1, n) }).collect()
    }

    /// How the sessions of its accounts are renewed.
    pub fn renewal<'a>(&'a self, session: &'a Session<'a>, ready: &'a Ready<'a>) -> Renewal<'a> {
        Renewal { session, ready, identity: &self.identity, accounts: &self.work.accounts }
    }

    /// The units for which there is something to do, once the plans are known, wave by wave.
    pub fn changing(&self, digest: &Digest) -> Vec<Vec<&'u Workable<'r>>> {
        self.units(|unit| !digest.unchanged.contains(&unit.label))
    }

    /// Their applies.
    pub fn applies(&self, digest: &Digest) -> Vec<Wave<'u, 'r>> {
        self.waves(self.changing(digest))
    }

    /// Every command, ready to paste.
    pub fn shell_lines(&self, run: &RunFolder) -> String {
        let quoted = |path: &Path| process::quoted(&path.to_string_lossy());
        let mut begin = format!("mkdir -p -m 700 {}\n", quoted(&run.plans()));
        for (from, to) in self.work.earlier.iter().flat_map(|earlier| earlier.kept.copies(&earlier.run, run)) {
            begin.push_str(&format!("cp -p {} {}\n", quoted(&from), quoted(&to)));
        }
        let waves = self.waves(self.units(|_| !self.work.plan_only));
        let waves: Vec<_> = waves.iter().flat_map(|wave| [wave.stage(), self.states(&wave.units())]).collect();
        let plans = self.work.earlier.is_none().then(|| self.plans());
        let lines = |stages: Vec<&Stage>| -> Vec<String> {
            stages.into_iter().filter(|stage| !stage.lanes.is_empty()).map(Stage::shell_lines).collect()
        };
        let generate = plans.as_ref().map(|_| generate::shell_lines(self.work)).filter(|lines| !lines.is_empty());
        let mut parts = vec![begin];
        parts.extend(lines(vec![&self.identity, &self.sources, &self.images.1]));
        parts.extend(generate);
        parts.extend(lines(plans.iter().chain(&waves).collect()));
        parts.join("\n")
    }
}

impl<'u, 'r> Wave<'u, 'r> {
    /// Its units.
    pub fn units(&self) -> Vec<&'u Workable<'r>> {
        self.applies.iter().map(|(unit, _)| *unit).collect()
    }

    /// What the executor is given.
    pub fn stage(&self) -> Stage {
        let (k, n) = self.turn;
        Stage {
            title: "Applying".to_owned(),
            is_told: true,
            about: format!("{k} of {n}   {}", self.name()),
            lanes: self.applies.iter().map(|(_, step)| vec![step.clone()]).collect(),
        }
    }

    /// The labels of its units, or how many they are where a line is too short for them.
    fn name(&self) -> String {
        let labels = self.applies.iter().map(|(unit, _)| unit.label.as_str()).collect::<Vec<_>>().join(" ");
        if labels.len() <= 58 { labels } else { count(self.applies.len(), "unit") }
    }
}
