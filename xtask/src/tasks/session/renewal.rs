//! New sessions in the middle of a run: asked for in the foreground, where somebody can answer, and never while a step runs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Account, Failure, Failures, Region};
use crate::report::screen::{Tone, count, duration};
use crate::run::event::{Held, Outcome, StepResult};
use crate::run::executor::{OnFailure, retry};
use crate::run::lifetime::{LEAST, outlives};
use crate::run::step::{Lane, SessionKey, Stage, Step, StepKind};
use crate::tasks::ready::Ready;
use crate::tasks::session::Session;
use crate::tools::clock;

/// A variable by which aws-vault makes a new session where the one that it has would not live for this long.
const MIN_TTL: &str = "AWS_MIN_TTL";

/// How the sessions of a run are renewed.
#[derive(Clone, Copy, Debug)]
pub struct Renewal<'a> {
    /// The run.
    pub session: &'a Session<'a>,
    /// The credential tool.
    pub ready: &'a Ready<'a>,
    /// The proofs that the run began with.
    pub identity: &'a Stage,
    /// The account of each of them.
    pub accounts: &'a [(&'a Account, Region)],
}

impl Renewal<'_> {
    /// Renews the sessions of those lanes that may not live as long as all of them take.
    pub fn if_needed(&self, lanes: &[Lane]) -> Result<(), Failures> {
        let executor = &self.session.executor;
        let n_rounds = lanes.len().div_ceil(executor.n_jobs.max(1));
        let now = clock::now();
        let mut short = sessions_of(lanes.iter().flatten());
        short.retain(|session| !executor.lifetimes.is_enough(session, n_rounds, now));
        self.renew(&short)
    }

    /// Runs a stage side by side. What waits for a new session is begun once there is one: sessions are renewed when nothing
    /// runs any more, and the rest is a further round. If they can't be, what waits has not started, and that is told too.
    pub fn side_by_side(&self, stage: &Stage, on_failure: OnFailure) -> (Vec<Outcome>, Option<Failures>) {
        let mut outcomes = self.session.round(stage, on_failure, &mut |_| {});
        let mut tried = BTreeSet::new();
        loop {
            let mut waiting: Vec<_> =
                outcomes.iter().enumerate().filter_map(|(n, outcome)| Some((n, outcome.held?))).collect();
            for (n, held) in &waiting {
                // It had a new session, and its credential tool still starts nothing: that is another matter.
                if matches!(held, Held::NoSession(_)) && !tried.insert(*n) {
                    outcomes[*n] = outcomes[*n].clone().with_no_new_session();
                }
            }
            waiting.retain(|(n, _)| outcomes[*n].held.is_some());
            let has_failed = outcomes.iter().any(|it| matches!(it.result, StepResult::Failed | StepResult::Unknown));
            let is_over = has_failed && on_failure == OnFailure::Stop || outcomes.iter().any(|it| it.guard_refused);
            if waiting.is_empty() || is_over || self.session.check_interrupt().is_err() {
                return (outcomes, None);
            }
            let steps = waiting.iter().flat_map(|(n, _)| &stage.lanes[*n]);
            if let Err(why) = self.renew(&sessions_of(steps)) {
                return (outcomes, Some(why));
            }
            let lanes = waiting.iter().map(|(n, held)| self.rest(&stage.lanes[*n], *held)).collect();
            let about = format!("{}, which waited for a new session", count(waiting.len(), "unit"));
            let round = Stage { about, lanes, ..stage.clone() };
            let done = self.session.round(&round, on_failure, &mut |_| {});
            waiting.iter().zip(done).for_each(|((n, _), outcome)| outcomes[*n] = outcome);
        }
    }

    /// What is left of a lane: the step that waits, with proofs of its own, and those after it.
    fn rest(&self, lane: &Lane, held: Held) -> Lane {
        let rest = lane.iter().skip_while(|step| step.kind != held.kind());
        let again = |(n, step): (usize, &Arc<Step>)| match held {
            Held::NoSession(_) if n == 0 => step.again(retry::MOST + self.session.n_renewed.get()).into(),
            _ => step.clone(),
        };
        rest.enumerate().map(again).collect()
    }

    /// Opens these sessions again in the foreground. A new one that is shorter than an apply would fail in the middle of one, so
    /// nothing goes on from it.
    fn renew(&self, sessions: &BTreeSet<SessionKey>) -> Result<(), Failures> {
        if sessions.is_empty() {
            return Ok(());
        }
        let (session, lifetimes) = (self.session, &self.session.executor.lifetimes);
        session.n_renewed.set(session.n_renewed.get() + 1);
        let lanes = || self.identity.lanes.iter().zip(self.accounts);
        let opens =
            |lane: &Lane, session: &SessionKey| lane.first().and_then(|it| it.session_key()).as_ref() == Some(session);
        // A step in a region without units may be in a session that was proven as another one of its account.
        let is_known = |session: &SessionKey| lanes().any(|(lane, _)| opens(lane, session));
        let is_meant = |lane: &Lane, account: &Account| {
            sessions.iter().any(|it| opens(lane, it) || it.0 == account.id && !is_known(it))
        };
        let (lanes, of): (Vec<_>, Vec<_>) = lanes()
            .filter(|(lane, (account, _))| is_meant(lane, account))
            .map(|(lane, of)| (lane.iter().map(|step| session.anew(step).into()).collect::<Lane>(), of.clone()))
            .unzip();
        let names: Vec<_> = of.iter().map(|(account, _)| account.name.as_str()).collect();
        session.context.screen.say(Tone::Plain, "Renewing", names.join(" "));
        let stage = Stage { lanes, ..self.identity.clone() };
        session.prove_identities(self.ready, &stage, &of)?;
        let now = clock::now();
        let longest = lifetimes.longest(StepKind::Apply);
        let keys = stage.lanes.iter().map(|lane| lane.first().and_then(|step| step.session_key()));
        let short = of.iter().zip(keys).filter_map(|(of, key)| Some((of, lifetimes.left(&key?, now)?)));
        let is_short = |left: Duration| longest.map_or(left < LEAST, |longest| !outlives(left, longest));
        let why = match longest {
            Some(longest) => format!("an apply took {} in this run, so nothing more is started", duration(longest)),
            None => "nobody knows yet how long an apply takes here, so nothing more is started".to_owned(),
        };
        let refusals = short.filter(|(_, left)| is_short(*left)).map(|((account, region), left)| {
            let what = format!("a new session of `{}` lives for {} only", account.name, duration(left));
            Failure::refused(what).detail(&why).hint(self.ready.lives_longer_by(account, region))
        });
        Failures::check(refusals.collect())
    }
}

impl Session<'_> {
    /// A step that opens a session, where one that is about to end won't do.
    pub(super) fn anew(&self, step: &Step) -> Step {
        let mut step = step.again(self.n_renewed.get());
        if let Some(key) = step.session_key() {
            let wanted = self.executor.lifetimes.wanted(&key);
            // Whoever has set it knows better.
            let vars = Arc::make_mut(&mut step.invocation.vars);
            vars.entry(MIN_TTL.into()).or_insert(format!("{}s", wanted.as_secs()).into());
        }
        step
    }
}

fn sessions_of<'s>(steps: impl Iterator<Item = &'s Arc<Step>>) -> BTreeSet<SessionKey> {
    steps.filter_map(|step| step.session_key()).collect()
}
