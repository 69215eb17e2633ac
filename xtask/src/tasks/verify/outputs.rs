//! What units themselves call their task families, asked of the few whose inputs don't tell: terragrunt's `output`, or
//! Terraform's, behind both guards.

use std::path::PathBuf;

use super::proof::{Proof, Subject};
use super::wanted::Wanted;
use crate::model::Failures;
use crate::repo::{Unit, UnitKind};
use crate::report::screen::Tone;
use crate::run::executor::OnFailure;
use crate::run::step::{Lane, Stage};
use crate::tasks::orders::Orders;
use crate::tasks::ready::{Workable, workable};
use crate::tasks::session::Session;
use crate::tools::state;
use crate::tools::terraform::plan::families::{self, Families};

/// Takes the names from the outputs of the units of which no task definition was found by their inputs. Whether there are
/// any. `has_terragrunt` says whether that can be asked.
pub(super) fn name(
    session: &Session<'_>,
    orders: &Orders<'_>,
    wanted: &mut [Wanted<'_>],
    proofs: &[Proof],
    has_terragrunt: bool,
) -> Result<bool, Failures> {
    let unnamed = wanted.iter().zip(proofs);
    let unnamed = unnamed.filter(|(unit, proof)| is_unnamed(proof) && can_be_asked(unit.unit, has_terragrunt));
    let units: Vec<_> = unnamed.map(|(unit, _)| unit.unit).collect();
    // What can't be worked in stays as it is: not proven.
    let (units, _) = workable(session.context, orders.repository(), &units);
    let units: Vec<_> = units.into_iter().filter(|unit| unit.missing_terraform().is_none()).collect();
    if units.is_empty() {
        return Ok(false);
    }
    let labels: Vec<_> = units.iter().map(|unit| unit.label.as_str()).collect();
    let stage = Stage {
        title: "Outputs".to_owned(),
        is_told: true,
        about: labels.join(" "),
        lanes: units.iter().map(|unit| orders.outputs(unit)).collect(),
    };
    let outcomes = session.side_by_side(&stage, OnFailure::GoOn);
    session.check_interrupt()?;
    let mut n_named = 0;
    for ((unit, lane), outcome) in units.iter().zip(&stage.lanes).zip(&outcomes) {
        let families = read(lane).filter(|_| outcome.result.is_good());
        match (families, wanted.iter_mut().find(|wanted| wanted.unit.path == unit.unit.path)) {
            (Some(families), Some(wanted)) => {
                wanted.name_by(&families);
                n_named += 1;
            }
            _ => tell_unread(session, unit, outcome.cause.as_deref()),
        }
    }
    Ok(n_named > 0)
}

/// Whether a unit can be asked for its outputs.
pub(super) fn can_be_asked(unit: &Unit, has_terragrunt: bool) -> bool {
    unit.kind == UnitKind::Terraform || has_terragrunt
}

/// Whether a task definition wasn't found because nobody knows its name, or there is none of that name.
fn is_unnamed(proof: &Proof) -> bool {
    let definitions = proof.checks.iter().filter(|check| check.subject == Subject::TaskDefinition);
    definitions.into_iter().any(|check| check.revision.is_none() && !check.is_unanswered)
}

fn read(lane: &Lane) -> Option<Families> {
    let step = lane.last()?;
    let text = state::read_to_string(step.product.as_deref()?).ok();
    // Outputs may be secret.
    let printed = step.output.as_ref().and_then(|output| output.stdout.as_deref());
    step.product.iter().map(PathBuf::as_path).chain(printed).for_each(|path| drop(state::remove_file(path)));
    families::of_outputs(&text?)
}

fn tell_unread(session: &Session<'_>, unit: &Workable<'_>, cause: Option<&str>) {
    let why = cause.and_then(|cause| cause.lines().next()).unwrap_or("they have no `ecs_task_families`");
    session.context.screen.say(Tone::Warning, "Outputs", format!("{}   not read: {why}", unit.label));
}
