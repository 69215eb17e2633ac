//! The proof at the end of a wave: what ECS and ECR say of its units, before the next wave starts.

use super::proof::{Check, Proof, Verdict, proofs};
use super::wanted::{Extent, questions, wanted};
use crate::cli::Allowance;
use crate::model::{Account, Failure, Failures, Kind};
use crate::report::screen::Tone;
use crate::tasks::ecs_task;
use crate::tasks::inquiry::{Answers, Inquiry};
use crate::tasks::ready::Workable;
use crate::tasks::session::{self, Renewal, Session};
use crate::tools::terraform::plan::families;
use crate::tools::{aws, state};

/// How many units are asked about at a time: what ECS says of thousands of task definitions is more than has to be held at
/// once.
const AT_A_TIME: usize = 100;

/// What a tag may come from besides the places that were read.
const ABOVE_INPUTS: &str = "look at what Terraform ranks above the inputs: terraform.tfvars, *.auto.tfvars, `TF_VAR_` and `-var` in \
                            `extra_arguments`; or, if it is meant: --allow other-image";

/// The waves of a run that were looked at.
#[derive(Debug, Default)]
pub struct Waves {
    /// How many times somebody was asked.
    n: usize,
    /// The images that ECR has, as it said at an earlier wave.
    images: Answers,
}

impl Waves {
    /// Proves the units of the next wave within the session of a run. A registry in an account whose identity the run has
    /// not proven is not asked. An error is a task definition that is not what the repository says, and that ECS could
    /// not be asked; what else nobody could say is a warning.
    pub fn prove(&mut self, renewal: &Renewal<'_>, units: &[&Workable<'_>]) -> Result<(), Failures> {
        let session = renewal.session;
        let mut proofs = Vec::new();
        for units in units.chunks(AT_A_TIME) {
            proofs.extend(self.ask(renewal, units)?);
        }
        let wrong: Vec<_> = proofs.iter().filter(|proof| proof.checks.iter().any(Check::runs_another)).collect();
        // Who allows another image than the repository says is told of it, and not stopped by it.
        if !wrong.is_empty() && !session.context.globals.allows(Allowance::OtherImage) {
            let to_remove: Vec<_> = wrong.iter().flat_map(|proof| removals(renewal, units, proof)).collect();
            return Err(stopped(&wrong, &to_remove).into());
        }
        tell(session, &proofs);
        let silent: Vec<_> =
            proofs.iter().filter(|proof| proof.checks.iter().any(|check| check.is_unanswered)).collect();
        if silent.is_empty() || session.context.globals.allows(Allowance::UnverifiedWave) {
            return Ok(());
        }
        Err(unanswered(&silent).into())
    }

    /// What ECS and ECR say of some units.
    fn ask(&mut self, renewal: &Renewal<'_>, units: &[&Workable<'_>]) -> Result<Vec<Proof>, Failures> {
        let Renewal { session, ready, accounts: proven, .. } = *renewal;
        let of_wave: Vec<_> = units.iter().map(|unit| unit.unit).collect();
        let mut wanted = wanted(ready.repo, &of_wave);
        // The plan that was applied tells it for nothing.
        let shown = |label: &str| state::read_to_string(&session.run.shown(label)).ok();
        for (wanted, unit) in wanted.iter_mut().zip(units) {
            wanted.label.clone_from(&unit.label);
            shown(&unit.label)
                .as_deref()
                .and_then(families::of_plan)
                .iter()
                .for_each(|families| wanted.name_by(families));
        }
        let mut inquiry = Inquiry::default();
        let may_ask = |account: &Account| proven.iter().any(|(known, _)| known.id == account.id);
        questions(&mut inquiry, &wanted, Extent::TaskDefinitions, &may_ask);
        let inquiry = inquiry.without(&self.images);
        let orders = session::orders(ready, session.run, false)?;
        self.n += 1;
        let mut answers = inquiry.ask_again(renewal, &inquiry.stage(&orders, &format!("wave-{}", self.n)))?;
        session.check_interrupt()?;
        answers.add(&self.images);
        self.images.add(&answers.images_in_ecr());
        let explained = |proof: Proof| match proof.checks.iter().any(Check::runs_another) {
            true => shown(&proof.label).iter().fold(proof, |proof, plan| proof.explained_by(plan)),
            false => proof,
        };
        Ok(proofs(&wanted, &answers, Extent::TaskDefinitions).into_iter().map(explained).collect())
    }
}

fn tell(session: &Session<'_>, proofs: &[Proof]) {
    let screen = &session.context.screen;
    let labels = |proofs: &[&Proof]| proofs.iter().map(|proof| proof.label.as_str()).collect::<Vec<_>>().join(" ");
    let (good, doubtful): (Vec<_>, Vec<_>) = proofs.iter().partition(|proof| proof.is_proven());
    if !good.is_empty() {
        let line = super::in_a_line(good.iter().copied());
        screen.say(Tone::Good, "Verified", format!("{}   {line}", labels(&good)));
    }
    let mut reasons: Vec<(&str, Vec<&Proof>)> = Vec::new();
    for proof in doubtful {
        let check = proof.checks.iter().find(|check| check.verdict != Verdict::Proven);
        let why = check.and_then(|check| check.why.as_deref()).unwrap_or_default();
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, of)) => of.push(proof),
            None => reasons.push((why, vec![proof])),
        }
    }
    for (why, of) in reasons {
        screen.insist(Tone::Warning, "Not verified", format!("{}   {why}", labels(&of)));
    }
}

fn unanswered(silent: &[&Proof]) -> Failure {
    let names: Vec<_> = silent.iter().map(|proof| format!("`{}`", proof.label)).collect();
    Failure::new(Kind::Failed, format!("it is not known what runs in {}", names.join(", ")))
        .detail("nothing further was started")
        .hint("once ECS answers: the same command again, which verifies it first")
        .hint("to go on without that: --allow unverified-wave")
}

/// The commands that take away what somebody else has registered.
fn removals(renewal: &Renewal<'_>, units: &[&Workable<'_>], proof: &Proof) -> Vec<String> {
    let Some(unit) = units.iter().find(|unit| unit.unit.path.as_str() == proof.path) else { return Vec::new() };
    let others = proof.checks.iter().filter(|check| check.runs_another() && !check.is_own);
    let command = |check: &Check| {
        let words = aws::deregister(unit.region.as_str(), check.aws_name.as_deref()?, check.revision?);
        Some(ecs_task::typed(renewal.ready, unit.account, &unit.region, words))
    };
    others.filter_map(command).collect()
}

fn stopped(wrong: &[&Proof], to_remove: &[String]) -> Failure {
    let names: Vec<_> = wrong.iter().map(|proof| format!("`{}`", proof.label)).collect();
    let failure = Failure::refused(format!("what the repository says does not run in {}", names.join(", ")));
    let lines = wrong.iter().flat_map(|proof| {
        proof.checks.iter().filter(|check| check.runs_another()).map(move |check| {
            let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
            let name = check.aws_name.as_deref().unwrap_or(&check.name);
            format!("{}  {name}  wanted {}, runs {}", proof.label, said(&check.wanted), said(&check.running))
        })
    });
    let failure = lines.fold(failure, Failure::detail);
    let own: Vec<_> = wrong.iter().flat_map(|proof| &proof.checks).filter(|check| check.is_own).collect();
    if let Some(why) = own.first().and_then(|check| check.why.as_ref()) {
        let failure = failure.hint(why).hint(ABOVE_INPUTS);
        if wrong.iter().all(|proof| proof.checks.iter().filter(|check| check.runs_another()).all(|check| check.is_own))
        {
            return failure;
        }
        return failure.hint("look who else registers the other task definitions there: cargo xtask verify");
    }
    let failure = failure.hint("somebody else registered that revision, which Terraform doesn't see: find out who");
    let failure = to_remove.iter().fold(failure, |it, command| it.hint(format!("to take it away: {command}")));
    failure.hint("to go on all the same: --allow other-image")
}
