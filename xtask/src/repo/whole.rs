//! All of a unit's configuration, also what nothing that we tell depends on: terragrunt evaluates every local, used or
//! not, and fails on any that is wrong.

use std::collections::HashSet;
use std::path::PathBuf;
use std::rc::Rc;

use super::hcl::{Evaluator, Fault, Frame, Kind, Value, stack};
use super::walk::TERRAGRUNT;
use super::{Files, Repository, Unit, UnitKind, terraform};
use crate::model::Failure;

impl Repository {
    /// What terragrunt or terraform would fail on in this unit, beyond the unit's own problems.
    pub fn complaints(&self, unit: &Unit) -> Vec<Failure> {
        match unit.kind {
            _ if !unit.has_configuration() => Vec::new(),
            UnitKind::Terragrunt => stack::deep(|| read_all(&self.files, unit, &self.root)),
            UnitKind::Terraform => {
                let dir = unit.path.in_root(&self.root);
                new_to(unit, &stack::deep(|| terraform::complaints(&self.files, &self.settings, &dir)))
            }
        }
    }
}

/// Evaluates everything that terragrunt would, and tells what is wrong with it; every file that is read lies in `files`.
pub(super) fn read_all(files: &Files, unit: &Unit, root: &std::path::Path) -> Vec<Failure> {
    let path = unit.path.in_root(root).join(TERRAGRUNT);
    let evaluator = Evaluator::new(files, path.clone());
    let mut whole = Whole { evaluator: &evaluator, seen: HashSet::new(), faults: Vec::new() };
    match Frame::read(&evaluator, &path) {
        Ok(frame) => whole.unit(&frame),
        Err(fault) => whole.faults.push(fault),
    }
    let mut faults = whole.faults;
    faults.extend(evaluator.noticed.take());
    new_to(unit, &faults)
}

/// The faults that are not among the unit's own problems, each once.
fn new_to(unit: &Unit, faults: &[Fault]) -> Vec<Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    for failure in faults.iter().map(Failure::from) {
        let text = failure.to_string();
        let told = |known: &Failure| known.to_string() == text;
        if !unit.problems.iter().chain(&failures).any(told) {
            failures.push(failure);
        }
    }
    failures
}

struct Whole<'e> {
    evaluator: &'e Evaluator<'e>,
    seen: HashSet<PathBuf>,
    faults: Vec<Fault>,
}

impl Whole<'_> {
    fn unit(&mut self, frame: &Rc<Frame>) {
        match frame.with_includes(self.evaluator) {
            Ok(frames) => frames.iter().for_each(|frame| self.locals(frame)),
            Err(fault) => self.faults.push(fault),
        }
        for outcome in [frame.inputs(self.evaluator).map(Some), frame.terraform_source(self.evaluator)] {
            self.value(outcome);
        }
    }

    fn locals(&mut self, frame: &Rc<Frame>) {
        if !self.seen.insert(frame.source.path.clone()) {
            return;
        }
        let names: Vec<_> = frame.source.body.blocks_named("locals").flat_map(|it| it.body.attributes.keys()).collect();
        for name in names {
            let outcome = frame.local(self.evaluator, name);
            self.value(outcome);
        }
    }

    /// A file that was read is evaluated whole as well.
    fn value(&mut self, outcome: Result<Option<Value>, Fault>) {
        match outcome {
            Ok(Some(Value { kind: Kind::Config(frame), .. })) => self.locals(&frame),
            Ok(_) => {}
            Err(fault) => self.faults.push(fault),
        }
    }
}
