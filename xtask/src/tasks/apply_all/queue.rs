//! The queue of `apply-all`: everything that will happen, as a value.

use crate::model::{Account, Region};
use crate::report::screen::count;
use crate::run::digest::Digest;
use crate::run::folder::RunFolder;
use crate::run::step::{Stage, Step};
use crate::run::wave::is_production;
use crate::tasks::context::Context;
use crate::tasks::images::{self, Taken};
use crate::tasks::orders::Orders;
use crate::tasks::ready::Workable;
use crate::tools::process;
use crate::tools::programs::Tools;

/// Everything that will happen.
pub(super) struct Queue<'u, 'r> {
    pub(super) units: &'u [Workable<'r>],
    pub(super) accounts: Vec<(&'r Account, Region)>,
    pub(super) identity: Stage,
    /// Once more before the applies, if the consent took its time.
    pub(super) identity_again: Stage,
    pub(super) sources: Stage,
    /// The images that the units will take, and the questions for them.
    pub(super) taken: &'u Taken<'r>,
    pub(super) images: Stage,
    pub(super) plans: Stage,
    pub(super) waves: Vec<Wave<'u, 'r>>,
}

/// Units that are applied together.
pub(super) struct Wave<'u, 'r> {
    pub(super) units: Vec<&'u Workable<'r>>,
    pub(super) stage: Stage,
}

impl<'u, 'r> Queue<'u, 'r> {
    pub(super) fn of(
        orders: &Orders<'_>,
        context: &Context,
        units: &'u [Workable<'r>],
        accounts: Vec<(&'r Account, Region)>,
        taken: &'u Taken<'r>,
    ) -> Self {
        let (last, first): (Vec<_>, Vec<_>) = units.iter().partition(|unit| is_production(&unit.unit.account.name));
        let waves: Vec<_> = [first, last].into_iter().filter(|units| !units.is_empty()).collect();
        let n = waves.len();
        let wave = |(k, units): (usize, Vec<&'u Workable<'r>>)| {
            let lanes = units.iter().map(|unit| vec![orders.apply(unit)]).collect();
            let about = format!("{} of {n}   {}", k + 1, labels_of(&units));
            Wave { stage: Stage { title: "Applying".to_owned(), is_told: true, about, lanes }, units }
        };
        Self {
            units,
            identity: orders.identities(&accounts, ""),
            identity_again: orders.identities(&accounts, ".again"),
            sources: orders.sources(if context.tools() == Tools::Real { units } else { &[] }, &context.vars),
            taken,
            images: images::lookups(orders, &taken.wanted, "apply"),
            plans: Stage {
                title: "Planning".to_owned(),
                is_told: true,
                about: count(units.len(), "unit"),
                lanes: units.iter().map(|unit| orders.plan_and_show(unit)).collect(),
            },
            waves: waves.into_iter().enumerate().map(wave).collect(),
            accounts,
        }
    }

    /// Every command, ready to paste.
    pub(super) fn shell_lines(&self, run: &RunFolder) -> String {
        let stages = [&self.identity, &self.sources, &self.images, &self.plans]
            .into_iter()
            .chain(self.waves.iter().map(|wave| &wave.stage));
        let stages = stages.filter(|stage| !stage.lanes.is_empty()).map(Stage::shell_lines);
        let folder = format!("mkdir -p -m 700 {}\n", process::quoted(&run.plans().to_string_lossy()));
        std::iter::once(folder).chain(stages).collect::<Vec<_>>().join("\n")
    }
}

impl<'u, 'r> Wave<'u, 'r> {
    /// The units of this wave that have something to apply, each with its step.
    pub(super) fn changing<'w>(&'w self, digest: &'w Digest) -> impl Iterator<Item = (&'u Workable<'r>, &'w Step)> {
        let steps = self.stage.lanes.iter().flatten();
        self.units.iter().copied().zip(steps).filter(|(unit, _)| !digest.unchanged.contains(&unit.label))
    }
}

/// Their labels, on one line.
pub(super) fn labels_of(units: &[&Workable<'_>]) -> String {
    units.iter().map(|unit| unit.label.as_str()).collect::<Vec<_>>().join(" ")
}
