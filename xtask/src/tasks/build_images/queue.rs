//! The queue of `build-images`: everything that will happen, as a value.

use crate::cli::How;
use crate::model::{Account, Region};
use crate::repo::Settings;
use crate::run::step::Stage;
use crate::tasks::build_images::gather::Planned;
use crate::tasks::build_images::left::{self, Left};
use crate::tasks::images::{self, Wanted};
use crate::tasks::inquiry::Inquiry;
use crate::tasks::orders::Orders;
use crate::tasks::profiles;

/// Everything that will happen.
pub struct Queue<'q, 'r> {
    /// The accounts that work is done in, to be proven before anything else.
    pub accounts: Vec<(&'r Account, Region)>,
    /// The proof of whose credentials these are.
    pub identity: Stage,
    pub(super) planned: &'q [Planned<'r>],
    pub(super) wanted: Vec<Wanted<'r, String>>,
    /// Tasks of earlier builds, and the questions whether they are still at work.
    pub(super) left: Vec<Left<'r>>,
    pub(super) tasks: Stage,
    pub(super) before: (Inquiry<'r>, Stage),
    /// What the runner that builds is asked before anything is built.
    pub(super) admission: (Inquiry<'r>, Stage),
    /// Asks ECR once more, after the user was asked.
    pub(super) again: (Inquiry<'r>, Stage),
    /// Docker's way into the registries, where this machine builds.
    pub(super) sign_in: Stage,
    /// The builds.
    pub(super) builds: Stage,
    pub(super) after: (Inquiry<'r>, Stage),
}

impl<'q, 'r> Queue<'q, 'r> {
    /// Puts the steps in order.
    pub fn of(orders: &Orders<'_>, planned: &'q [Planned<'r>], left: Vec<Left<'r>>, how: How) -> Self {
        let accounts = accounts(&orders.ready.repo.settings, planned, &left);
        let wanted: Vec<_> = planned
            .iter()
            .map(|Planned { account, build, .. }| Wanted {
                image: build.image.clone(),
                uri: build.uri.clone(),
                tag: build.tag.clone(),
                account,
            })
            .collect();
        let stage =
            |title: &str, is_told, lanes| Stage { title: title.to_owned(), is_told, about: names(planned), lanes };
        let builds = planned.iter().map(|planned| match how {
            How::Runner => vec![orders.build(planned.account, &planned.build)],
            How::LocalDocker => vec![orders.local_build(planned.account, &planned.build)],
        });
        let mut registries: Vec<&Planned<'_>> = Vec::new();
        for one in planned.iter().filter(|_| how == How::LocalDocker) {
            if !registries.iter().any(|known| known.build.uri.registry() == one.build.uri.registry()) {
                registries.push(one);
            }
        }
        let sign_in = registries.iter().map(|planned| vec![orders.sign_in(planned.account, &planned.build.uri)]);
        let mut inquiry = Inquiry::default();
        for planned in planned {
            planned.asked.iter().for_each(|asked| asked.add(&mut inquiry, planned));
        }
        let admission = inquiry.stage(orders, "runner");
        Self {
            admission: (inquiry, admission),
            identity: orders.identities(&accounts),
            tasks: left::inquiry(&left).stage(orders, "tasks"),
            before: images::lookups(orders, &wanted, "before"),
            again: images::lookups(orders, &wanted, "again"),
            sign_in: stage("Signing in", false, sign_in.collect()),
            builds: stage("Building", true, builds.collect()),
            after: images::lookups(orders, &wanted, "after"),
            accounts,
            planned,
            wanted,
            left,
        }
    }

    /// Every command, ready to paste.
    pub fn shell_lines(&self) -> String {
        let (before, after) = (&self.before.1, &self.after.1);
        lines(&[&self.identity, &self.tasks, before, &self.admission.1, &self.sign_in, &self.builds, after])
    }

    /// Those that build, after the questions to the runner.
    pub fn build_lines(&self) -> String {
        lines(&[&self.admission.1, &self.sign_in, &self.builds])
    }
}

fn lines(stages: &[&Stage]) -> String {
    let stages = stages.iter().filter(|stage| !stage.lanes.is_empty()).map(|stage| stage.shell_lines());
    stages.collect::<Vec<_>>().join("\n")
}

/// The accounts in which something is asked or built.
pub(super) fn accounts<'r>(
    settings: &Settings,
    planned: &[Planned<'r>],
    left: &[Left<'r>],
) -> Vec<(&'r Account, Region)> {
    let builds = planned.iter().map(|planned| (planned.account, planned.build.region.clone()));
    profiles::sessions(settings, builds.chain(left.iter().map(Left::session)))
}

/// The images that are built, in a few words.
pub(super) fn names(planned: &[Planned<'_>]) -> String {
    let name = |planned: &Planned<'_>| format!("{}:{}", planned.build.uri.repository(), planned.build.tag);
    planned.iter().map(name).collect::<Vec<_>>().join(" and ")
}

/// The parts of a stage that stand at these places.
pub(super) fn only(stage: &Stage, places: &[usize]) -> Stage {
    let lanes: Vec<_> = places.iter().map(|n| stage.lanes[*n].clone()).collect();
    Stage { lanes, ..stage.clone() }
}
